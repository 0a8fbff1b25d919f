"""The compiled evaluator that serves requests: rules become closures over numbered slots.

Equal lines and equal groups (a scope inherited by a hundred rules) share a slot and are worked out once per patient.
Most rules do not apply to most patients, so each is first asked only for its truth; who waits for what is worked out
for the few that are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from service.rules.criterion import test_of
from service.rules.expression import All, Any, IfUnknown, Leaf, Node
from service.rules.interpret import Finding, Known, combine, conclude, settle
from service.rules.logic import Truth
from service.rules.rule import Rule
from service.rules.verdict import Outcome, Verdict


class _Unset:
    pass


_UNSET = _Unset()


class _State:
    """One patient: the facts, and the truth of every slot that was needed so far."""

    __slots__ = ("facts", "findings", "truths")

    def __init__(self, facts: Known, slots: int):
        self.facts = facts
        self.truths: list[Truth | _Unset] = [_UNSET] * slots
        self.findings: dict[int, Finding] = {}


_Quick: TypeAlias = Callable[[_State], Truth]
_Full: TypeAlias = Callable[[_State], Finding]


class Evaluator:
    """All rules of some content, compiled once; stateless between patients, safe to share between threads."""

    def __init__(self, rules: Iterable[Rule]):
        self._slots: dict[tuple[Node, bool], int] = {}
        self._compiled_nodes: dict[tuple[Node, bool], tuple[_Quick, _Full]] = {}
        self._compiled = {rule: (*self._node(rule.when, True), *self._node(rule.unless, False)) for rule in rules}
        self._facts = {rule: rule.facts for rule in self._compiled}

    def verdicts(
        self, rules: Sequence[Rule], facts: Known, standing: Mapping[Rule, Verdict] | None = None
    ) -> list[Verdict]:
        """The verdict of each rule, in order.

        Args:
            standing: verdicts that hold for these facts too, as `standing` finds them.

        Raises:
            KeyError: a rule this evaluator was not made for.
        """
        state = _State(facts, len(self._slots))
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
                answers.append(Verdict(rule, Outcome.DOES_NOT_APPLY, excluded=holding is True))
            else:
                answers.append(conclude(rule, full_when(state), full_unless(state)))
        return answers

    def standing(self, verdicts: Iterable[Verdict], differing: frozenset[str]) -> dict[Rule, Verdict]:
        """The verdicts that hold as well where only some facts differ: those of rules that rest on none of them."""
        return {verdict.rule: verdict for verdict in verdicts if differing.isdisjoint(self._facts[verdict.rule])}

    def _node(self, node: Node, go_on_as: bool) -> tuple[_Quick, _Full]:
        key = (node, go_on_as)
        compiled = self._compiled_nodes.get(key)
        if compiled is None:
            compiled = self._leaf(node, go_on_as) if isinstance(node, Leaf) else self._group(node, go_on_as)
            self._compiled_nodes[key] = compiled
        return compiled

    def _slot(self, key: tuple[Node, bool]) -> int:
        return self._slots.setdefault(key, len(self._slots))

    def _leaf(self, leaf: Leaf, go_on_as: bool) -> tuple[_Quick, _Full]:
        fact, test = leaf.criterion.fact, test_of(leaf.criterion)
        slot = self._slot((Leaf(leaf.criterion), True))  # equal criteria share a slot whatever their if_unknown
        missing = Finding(None, frozenset({fact}))
        answers = {True: Finding(True), False: Finding(False), None: settle(missing, leaf.if_unknown, go_on_as)}

        def truth_of(state: _State) -> Truth:
            truth = state.truths[slot]
            if isinstance(truth, _Unset):
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

        def quick(state: _State) -> Truth:
            known = state.truths[slot]
            if not isinstance(known, _Unset):
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
            found = state.findings.get(slot)
            if found is None:
                found = settle(combine([part(state) for part in fulls], decisive), group.if_unknown, go_on_as)
                state.findings[slot] = found
            return found

        return quick, full
