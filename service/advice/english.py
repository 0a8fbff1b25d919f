"""Criteria in plain English, for cards and the rule book."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from service.facts.vocabulary.base import FactType
from service.rules.criterion import Criterion, Op
from service.rules.expression import All, Leaf, Node

KindOf = Callable[[str], FactType | None]
_NUMBER = {Op.LT: "below", Op.LE: "at most", Op.GT: "above", Op.GE: "at least", Op.EQ: "exactly"}
_LIST = {
    Op.IS: "",
    Op.ONE_OF: "",
    Op.IS_NOT: "not ",
    Op.NONE_OF: "not ",
    Op.INCLUDES: "including ",
    Op.INCLUDES_ANY: "including ",
    Op.INCLUDES_ALL: "including all of ",
    Op.INCLUDES_NONE: "without ",
}


def in_english(criterion: Criterion, label: str, kind: FactType | None) -> str:
    """A criterion as ``label: what is asked of it``.

    >>> from service.facts.vocabulary.base import number
    >>> in_english(Criterion("age", Op.GE, (18.0,), "age >= 18"), "age", number("age", "age", unit="years"))
    'age: at least 18 years'
    >>> in_english(Criterion("lineage", Op.ONE_OF, ("B", "T"), "lineage is one of B, T"), "lineage", None)
    'lineage: B or T'
    """
    op = criterion.op
    if op in _NUMBER:
        unit = f" {kind.unit}" if kind and kind.unit else ""
        return f"{label}: {_NUMBER[op]} {float(criterion.operands[0]):g}{unit}"
    if op in (Op.EMPTY, Op.NOT_EMPTY, Op.KNOWN):
        return f"{label}: { {Op.EMPTY: 'none', Op.NOT_EMPTY: 'any', Op.KNOWN: 'known'}[op] }"
    return f"{label}: {_LIST[op]}{_listed([_word(operand) for operand in criterion.operands], op)}"


def _word(operand: bool | str | float) -> str:
    return {True: "yes", False: "no"}[operand] if isinstance(operand, bool) else str(operand)


def _listed(words: list[str], op: Op) -> str:
    last = "and" if op is Op.INCLUDES_ALL else "or"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def lines(node: Node, say: Callable[[Criterion], str], depth: int = 0) -> Iterator[tuple[int, str, Node]]:
    """A tree line by line: (depth, text, node); a group is one line with its members a step deeper."""
    if isinstance(node, Leaf):
        yield depth, say(node.criterion), node
        return
    if depth or node.because:
        yield depth, "all of" if isinstance(node, All) else "any of", node
        depth += 1
    for child in node.children:
        yield from lines(child, say, depth)
