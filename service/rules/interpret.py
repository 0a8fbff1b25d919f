"""The reference evaluator: walks a rule as written. Slow and plain; the compiled one must agree with it.

A rule applies when all of its ``when`` holds and nothing of its ``unless`` does. While a line is unknown:

* ``block``: it stays unknown, and the verdict is CANNOT_TELL unless something else already settles it;
* ``name``: the rule goes on as if the line did not stand in the way (holds in ``when``, does not hold in
  ``unless``), and the verdict names the facts as unchecked.

A group that is settled by a known line forgets its unknown ones, so `Verdict.missing` names only what could still
change the answer, and a settled verdict never rests on a fact it did not need.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from service.facts.model import Fact
from service.rules.criterion import holds
from service.rules.expression import All, IfUnknown, Leaf, Node
from service.rules.logic import Truth, negate
from service.rules.rule import Rule
from service.rules.verdict import Outcome, Trace, TraceNode, Verdict


class Known(Protocol):
    """What evaluation needs of `service.facts.model.Facts`."""

    def __getitem__(self, name: str, /) -> Fact: ...


class Finding(NamedTuple):
    """A node's truth, the unknown facts it waits for, and the unknown facts it went on without.

    A tuple, being made for every line of every rule: a frozen dataclass takes several times as long to make.
    """

    truth: Truth
    missing: frozenset[str] = frozenset()
    assumed: frozenset[str] = frozenset()


_NONE: frozenset[str] = frozenset()
PLAIN = {True: Finding(True), False: Finding(False)}
"""The findings that rest on nothing unknown."""


def combine(children: Iterable[Finding], decisive: bool) -> Finding:
    """AND (``decisive`` False) or OR (``decisive`` True) of findings.

    >>> combine([Finding(True), Finding(None, frozenset({"cd19"}))], decisive=False).missing
    frozenset({'cd19'})
    >>> combine([Finding(False), Finding(None, frozenset({"cd19"}))], decisive=False)
    Finding(truth=False, missing=frozenset(), assumed=frozenset())
    """
    missing: frozenset[str] = _NONE
    assumed: frozenset[str] = _NONE
    decided: frozenset[str] | None = None
    for truth, waits_for, went_without in children:
        if truth is decisive:
            if not went_without:
                return PLAIN[decisive]
            decided = went_without | (decided or _NONE)
        elif truth is None:
            missing = missing | waits_for if missing else waits_for
        if went_without:
            assumed = assumed | went_without if assumed else went_without
    if decided is not None:
        return Finding(decisive, assumed=decided)
    if missing:
        return Finding(None, missing, assumed)
    return Finding(not decisive, assumed=assumed) if assumed else PLAIN[not decisive]


def settle(found: Finding, if_unknown: IfUnknown, go_on_as: bool) -> Finding:
    """What a line's ``if_unknown`` makes of it."""
    if found.truth is None and if_unknown is IfUnknown.NAME:
        return Finding(go_on_as, assumed=found.missing | found.assumed)
    return found


def find(node: Node, facts: Known, go_on_as: bool) -> Finding:
    """Evaluate a tree. ``go_on_as``: what an unknown ``name`` line counts as (True in when, False in unless)."""
    if isinstance(node, Leaf):
        truth = holds(node.criterion, facts[node.criterion.fact].value)
        found = Finding(truth, frozenset({node.criterion.fact}) if truth is None else frozenset())
    else:
        found = combine((find(child, facts, go_on_as) for child in node.children), decisive=not isinstance(node, All))
    return settle(found, node.if_unknown, go_on_as)


def conclude(rule: Rule, when: Finding, unless: Finding) -> Verdict:
    """The verdict of a rule from its two halves."""
    total = combine((when, Finding(negate(unless.truth), unless.missing, unless.assumed)), decisive=False)
    if total.truth is False:
        return Verdict(rule, Outcome.DOES_NOT_APPLY, excluded=when.truth is True)
    if total.truth is None:
        return Verdict(rule, Outcome.CANNOT_TELL, missing=tuple(sorted(total.missing)))
    return Verdict(rule, Outcome.APPLIES, unchecked=tuple(sorted(total.assumed)))


def judge(rule: Rule, facts: Known) -> Verdict:
    """The verdict of one rule for one patient."""
    return conclude(rule, find(rule.when, facts, True), find(rule.unless, facts, False))


def trace(rule: Rule, facts: Known) -> Trace:
    """How the verdict came about, line by line, nothing left out."""
    return Trace(judge(rule, facts), _trace(rule.when, facts, True), _trace(rule.unless, facts, False))


def _trace(node: Node, facts: Known, go_on_as: bool) -> TraceNode:
    found = find(node, facts, go_on_as)
    assumed = bool(found.assumed)
    if isinstance(node, Leaf):
        return TraceNode(node.criterion.said, found.truth, assumed, node.because, facts[node.criterion.fact])
    children = tuple(_trace(child, facts, go_on_as) for child in node.children)
    said = "all of" if isinstance(node, All) else "any of"
    return TraceNode(said, found.truth, assumed, node.because, None, children)
