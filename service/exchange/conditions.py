"""The criteria of rules as CQL, with the verdicts of `service.rules.interpret`.

CQL's ``and``, ``or`` and ``not`` are Kleene's, as ours: true is *applies*, false *does not apply*, null *cannot tell*. Two
things are not said in CQL's own words: a list is asked by the function ``Includes``, since ``in`` and ``exists`` have no third
answer; and ``is one of`` is written out with ``or``, since ``null in {...}`` is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from service.exchange.names import decimal, identifier, quoted
from service.rules.criterion import Criterion, Op
from service.rules.expression import All, IfUnknown, Leaf, Node, leaves
from service.rules.rule import Rule

_COMPARISONS = {Op.LT: "Less", Op.LE: "AtMost", Op.GT: "More", Op.GE: "AtLeast", Op.EQ: "Equals"}
_INDENT = "  "


class NotInCql(ValueError):
    """A criterion that CQL cannot say; the message names it."""


def criterion_cql(criterion: Criterion) -> str:
    """One comparison.

    Raises:
        NotInCql: an operator without a translation, or a number that CQL cannot hold.
    """
    try:
        return _criterion(criterion)
    except (KeyError, ValueError) as problem:
        raise NotInCql(f"{criterion.said!r}: {problem}") from None


def _criterion(criterion: Criterion) -> str:
    fact, op = f"Facts.{identifier(criterion.fact)}", criterion.op
    operands = criterion.operands
    match op:
        case Op.LT | Op.LE | Op.GT | Op.GE | Op.EQ:
            return f"Logic.{_COMPARISONS[op]}({fact}, {decimal(float(operands[0]))})"
        case Op.IS | Op.ONE_OF:
            return _joined("or", (f"{fact} = {_value(value)}" for value in operands))
        case Op.IS_NOT | Op.NONE_OF:
            return f"not ({_joined('or', (f'{fact} = {_value(value)}' for value in operands))})"
        case Op.INCLUDES | Op.INCLUDES_ANY:
            return _joined("or", (f"Logic.Includes({fact}, {_value(value)})" for value in operands))
        case Op.INCLUDES_ALL:
            return _joined("and", (f"Logic.Includes({fact}, {_value(value)})" for value in operands))
        case Op.INCLUDES_NONE:
            return f"not ({_joined('or', (f'Logic.Includes({fact}, {_value(value)})' for value in operands))})"
        case Op.EMPTY:
            return f"Logic.Empty({fact})"
        case Op.NOT_EMPTY:
            return f"not Logic.Empty({fact})"
        case Op.KNOWN:
            return f"if {fact} is not null then true else null"
    raise KeyError(f"the operator {op} has no translation")


def _value(operand: bool | str | float) -> str:
    if isinstance(operand, bool):
        return "true" if operand else "false"
    if isinstance(operand, str):
        return quoted(operand)
    return decimal(operand)


def _joined(word: str, parts: Iterable[str]) -> str:
    return f" {word} ".join(parts)


def condition(node: Node, go_on_as: bool, depth: int = 1) -> str:
    """A tree of criteria. ``go_on_as``: what an unknown ``name`` line counts as (true in when, false in unless).

    Raises:
        NotInCql: as `criterion_cql`.
    """
    if isinstance(node, Leaf):
        said = criterion_cql(node.criterion)
    elif not node.children:
        said = "true" if isinstance(node, All) else "false"
    else:
        word = "and" if isinstance(node, All) else "or"
        gap = "\n" + _INDENT * depth
        said = f"{gap}{word} ".join(f"({condition(child, go_on_as, depth + 1)})" for child in node.children)
    return f"Coalesce({said}, {str(go_on_as).lower()})" if node.if_unknown is IfUnknown.NAME else said


def rule_cql(rule: Rule) -> str:
    """The definition of a rule, by its id; with lines that it goes on without, a second one that names their facts.

    Raises:
        NotInCql: as `criterion_cql`; the message begins with the rule's id.
    """
    try:
        said = f"({condition(rule.when, True, 2)})"
        if list(leaves(rule.unless)):
            said += f"\n  and not (\n    {condition(rule.unless, False, 3)}\n  )"
        lines = [f"define {identifier(rule.id)}:", f"  {said}", ""]
        if goes_on(rule):
            total = f"Logic.Both({_finding(rule.when, True)}, Logic.Reverse({_finding(rule.unless, False)}))"
            lines += [f"define {identifier(unchecked_name(rule))}:", f"  Logic.Unchecked({total})", ""]
    except NotInCql as problem:
        raise NotInCql(f"{rule.id}: {problem}") from None
    return "\n".join(lines)


def unchecked_name(rule: Rule) -> str:
    """The expression that names the facts a rule went on without; null while the rule does not apply."""
    return f"{rule.id} unchecked"


def goes_on(rule: Rule) -> bool:
    """Whether a rule goes on without some facts."""
    return _any(rule.when, lambda node: node.if_unknown is IfUnknown.NAME) or _any(
        rule.unless, lambda node: node.if_unknown is IfUnknown.NAME
    )


def _any(node: Node, test: Callable[[Node], bool]) -> bool:
    return test(node) or (not isinstance(node, Leaf) and any(_any(child, test) for child in node.children))


def _finding(node: Node, go_on_as: bool) -> str:
    """A tree as a finding: its truth, and the unknown facts it waits for and went on without (`interpret.find`)."""
    if isinstance(node, Leaf):
        said = f"Logic.Line({criterion_cql(node.criterion)}, {quoted(node.criterion.fact)})"
    elif not node.children:
        said = f"Logic.Settled({'true' if isinstance(node, All) else 'false'})"
    else:
        decisive = "false" if isinstance(node, All) else "true"
        said = f"Logic.Combine({{{', '.join(_finding(child, go_on_as) for child in node.children)}}}, {decisive})"
    return f"Logic.GoOn({said}, {str(go_on_as).lower()})" if node.if_unknown is IfUnknown.NAME else said
