"""The compiled evaluator that serves requests: rules become closures over numbered slots.

Equal lines and equal groups (a scope inherited by a hundred rules) share a slot and are worked out once per patient.
Most rules do not apply to most patients, so each is first asked only for its truth; who waits for what is worked out
for the few that are left.

What was worked out is kept with the facts it was worked out from: the rules are asked again of the same patient by cards,
labels and traces. Where some facts are only assumed (a drug that a card names), all that rests on none of them is taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Final, TypeAlias

from service.facts.model import Facts
from service.rules.criterion import test_of
from service.rules.expression import All, Any, IfUnknown, Leaf, Node, facts_of
from service.rules.interpret import PLAIN, Finding, Known, combine, conclude, find, settle
from service.rules.logic import Truth
from service.rules.rule import Rule
from service.rules.verdict import Outcome, Verdict


class _Unset(Enum):
    UNSET = auto()


_UNSET: Final = _Unset.UNSET


class _State:
    """One patient: the facts, and of every slot that was needed so far its truth and its finding."""

    __slots__ = ("facts", "findings", "truths")

    def __init__(self, facts: Known, truths: list[Truth | _Unset], findings: list[Finding | None]):
        self.facts, self.truths, self.findings = facts, truths, findings


_Quick: TypeAlias = Callable[[_State], Truth]
_Full: TypeAlias = Callable[[_State], Finding]


class Evaluator:
    """All rules of some content, compiled once; holds nothing of a patient, safe to share between threads."""

    def __init__(self, rules: Iterable[Rule]):
        self._slots: dict[tuple[Node, bool], int] = {}
        self._compiled_nodes: dict[tuple[Node, bool], tuple[_Quick, _Full]] = {}
        # The same by identity of the tree, which its rule keeps alive: to hash a tree is to walk it.
        self._by_tree: dict[bool, dict[int, _Full]] = {True: {}, False: {}}
        self._compiled = {rule: (*self._node(rule.when, True), *self._node(rule.unless, False)) for rule in rules}
        self._facts = {rule: rule.facts for rule in self._compiled}
        # Two of the verdicts say nothing of the patient: made once.
        self._against = {rule: Verdict(rule, Outcome.DOES_NOT_APPLY) for rule in self._compiled}
        self._excluded = {rule: Verdict(rule, Outcome.DOES_NOT_APPLY, excluded=True) for rule in self._compiled}
        self._resting_on = lru_cache(maxsize=256)(self._slots_resting_on)

    def verdicts(
        self, rules: Sequence[Rule], facts: Known, standing: Mapping[Rule, Verdict] | None = None
    ) -> list[Verdict]:
        """The verdict of each rule, in order.

        Args:
            standing: verdicts that hold for these facts too, as `standing` finds them.

        Raises:
            KeyError: a rule this evaluator was not made for.
        """
        state = self._state(facts)
        answers = []
        standing = standing or {}
        for rule in rules:
            stands = standing.get(rule)
            if stands is not None:
                answers.append(stands)
                continue
            quick_when, full_when, quick_unless, full_unless = self._compiled[rule]
            holding = quick_when(state)
            if holding is False or quick_unless(state) is True:
                answers.append(self._excluded[rule] if holding else self._against[rule])
            else:
                answers.append(conclude(rule, full_when(state), full_unless(state)))
        return answers

    def standing(self, verdicts: Iterable[Verdict], differing: frozenset[str]) -> dict[Rule, Verdict]:
        """The verdicts that hold as well where only some facts differ: those of rules that rest on none of them."""
        return {verdict.rule: verdict for verdict in verdicts if differing.isdisjoint(self._facts[verdict.rule])}

    def find(self, node: Node, facts: Known, go_on_as: bool) -> Finding:
        """The same as `interpret.find`, of a line or group of a rule: as a rule worked out already with its verdict."""
        full = self._by_tree[go_on_as].get(id(node))
        return full(self._state(facts)) if full is not None else find(node, facts, go_on_as)

    def _state(self, facts: Known) -> _State:
        return facts.once(self, lambda: self._begun(facts)) if isinstance(facts, Facts) else self._fresh(facts)

    def _fresh(self, facts: Known) -> _State:
        return _State(facts, [_UNSET] * len(self._slots), [None] * len(self._slots))

    def _begun(self, facts: Facts) -> _State:
        """A state with what was worked out before some facts were assumed, but for what may rest on these."""
        if facts.before is None:
            return self._fresh(facts)
        before = self._state(facts.before)
        state = _State(facts, before.truths.copy(), before.findings.copy())
        for slot in self._resting_on(facts.changed):
            state.truths[slot] = _UNSET
            state.findings[slot] = None
        return state

    def _slots_resting_on(self, names: frozenset[str]) -> tuple[int, ...]:
        return tuple(slot for (node, _), slot in self._slots.items() if not names.isdisjoint(facts_of(node)))

    def _node(self, node: Node, go_on_as: bool) -> tuple[_Quick, _Full]:
        key = (node, go_on_as)
        compiled = self._compiled_nodes.get(key)
        if compiled is None:
            compiled = self._leaf(node, go_on_as) if isinstance(node, Leaf) else self._group(node, go_on_as)
            self._compiled_nodes[key] = compiled
        self._by_tree[go_on_as][id(node)] = compiled[1]
        return compiled

    def _slot(self, key: tuple[Node, bool]) -> int:
        return self._slots.setdefault(key, len(self._slots))

    def _leaf(self, leaf: Leaf, go_on_as: bool) -> tuple[_Quick, _Full]:
        fact, test = leaf.criterion.fact, test_of(leaf.criterion)
        slot = self._slot((Leaf(leaf.criterion), True))  # equal criteria share a slot whatever their if_unknown
        unknown = settle(Finding(None, frozenset({fact})), leaf.if_unknown, go_on_as)
        answers: dict[Truth, Finding] = {True: PLAIN[True], False: PLAIN[False], None: unknown}

        def truth_of(state: _State) -> Truth:
            truth = state.truths[slot]
            if truth is _UNSET:
                value = state.facts[fact].value
                truth = state.truths[slot] = None if value is None else test(value)
            return truth

        if leaf.if_unknown is IfUnknown.BLOCK:
            return truth_of, lambda state: answers[truth_of(state)]

        def go_on(state: _State) -> Truth:
            truth = truth_of(state)
            return go_on_as if truth is None else truth

        return go_on, lambda state: answers[truth_of(state)]

    def _group(self, group: All | Any, go_on_as: bool) -> tuple[_Quick, _Full]:
        parts = [self._node(child, go_on_as) for child in group.children]
        quicks, fulls = [quick for quick, _ in parts], [full for _, full in parts]
        decisive, named = not isinstance(group, All), group.if_unknown is IfUnknown.NAME
        slot = self._slot((group, go_on_as))
        waits = _only_waits(group)

        def quick(state: _State) -> Truth:
            known = state.truths[slot]
            if known is not _UNSET:
                return known
            truth: Truth = not decisive
            for part in quicks:
                found = part(state)
                if found is decisive:
                    truth = decisive
                    break
                if found is None:
                    truth = None
            if truth is None and named:
                truth = go_on_as
            state.truths[slot] = truth
            return truth

        def full(state: _State) -> Finding:
            found = state.findings[slot]
            if found is None:
                if waits and (truth := quick(state)) is not None:
                    return PLAIN[truth]
                found = settle(combine([part(state) for part in fulls], decisive), group.if_unknown, go_on_as)
                state.findings[slot] = found
            return found

        return quick, full


def _only_waits(node: Node) -> bool:
    """Whether nothing of a tree is gone on without, so that what is true or false of it rests on nothing unknown."""
    own = node.if_unknown is IfUnknown.BLOCK
    return own and (isinstance(node, Leaf) or all(_only_waits(child) for child in node.children))
