"""A card as it was shown, beside the same advice as it is now.

What is kept of a card are its rules with their verdicts, and of facts their names, whether they were known or why not, and
the types and dates of what they were read from: neither values nor ids of resources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from service import __version__
from service.advice.basis import Basis
from service.advice.decision import decision
from service.advice.reasons import OVERRIDE_REASONS
from service.advice.words import WHY, Words
from service.rules.rule import Rule
from service.rules.verdict import Verdict
from service.smart.case import Case
from service.smart.plain import plain_words
from service.store.story import Story

CHART_HOOK = "patient-view"  # of which the pages show the advice
_CLOSE = 0.34  # share of rules in common from which advice counts as about the same


class Since(StrEnum):
    """What became of a fact since the card was shown."""

    SAME = "same"
    KNOWN_NOW = "known-now"
    UNKNOWN_NOW = "unknown-now"
    OTHER_SOURCES = "other-sources"  # read from other, or newer, resources
    OTHER_REASON = "other-reason"  # unknown still, for another reason
    NO_FACT = "no-fact"  # this version has no fact of the name


class Now(StrEnum):
    """What became of the advice of a card."""

    SAME = "same"  # said by the same rules
    CHANGED = "changed"  # the closest advice rests on other rules in part
    GONE = "gone"  # no advice of now is about the same
    ELSEWHERE = "elsewhere"  # it was about orders, of which these pages know nothing


@dataclass(frozen=True, slots=True)
class RuleThen:
    """A rule of a card. Verdicts are of `service.rules.verdict.Outcome`, empty where none is kept or none is given now.

    ``title`` and ``source`` are of today's content, empty for a rule that is not there any more. ``missing`` and
    ``unchecked``: labels of facts. ``speaks``: whether it is asked about this patient now.
    """

    rule: str
    title: str
    source: str
    then: str
    now: str
    missing: tuple[str, ...]
    unchecked: tuple[str, ...]
    speaks: bool

    @property
    def changed(self) -> bool:
        return bool(self.then and self.now and self.then != self.now)


@dataclass(frozen=True, slots=True)
class FactThen:
    """A fact of a card. ``why``: why it was unknown, a value of `service.advice.words.WHY`; empty if it was known.

    ``read``: (type, date) of what it was read from; ``concluded``: labels of the facts it was concluded from. ``value`` and
    ``why_now``: of now.
    """

    name: str
    label: str
    why: str
    read: tuple[tuple[str, str], ...]
    concluded: tuple[str, ...]
    since: Since
    value: str = ""
    why_now: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One entry of feedback. ``reason``: its display, English; its code where there is none."""

    at: str
    outcome: str
    suggestions: int
    reason: str
    commented: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A card then and now. ``rules_new``: titles of rules that the advice of now rests on and the card did not."""

    story: Story
    client: str
    rules: tuple[RuleThen, ...]
    facts: tuple[FactThen, ...] | None
    replies: tuple[Reply, ...]
    same_content: bool
    same_version: bool
    version_now: str
    content_now: str
    now: Now
    card: Mapping[str, Any] | None
    rules_new: tuple[tuple[str, str], ...]

    @property
    def facts_changed(self) -> int:
        return sum(fact.since is not Since.SAME for fact in self.facts or ())

    @property
    def rules_changed(self) -> int:
        return sum(rule.changed or not rule.title for rule in self.rules)


def told(case: Case, story: Story) -> Told:
    """One card of the store beside the advice of now."""
    words = plain_words(case.engine)
    by_id = {rule.id: rule for rule in case.engine.content.rules}
    now, place, basis = _now(case, story)
    verdicts = {verdict.rule.id: verdict for verdict in (*case.answer.verdicts, *(basis.verdicts if basis else ()))}
    kept = story.decision or {}
    then = _rows(kept.get("verdicts")) or [{"rule": name} for name in story.rules]
    facts = kept.get("facts")
    new = [by_id[name] for name in (basis.rules if basis else ()) if name not in story.rules and name in by_id]
    return Told(
        story,
        story.client,
        tuple(_rule(one, by_id, verdicts, words) for one in then),
        None if facts is None else tuple(_fact(one, case, words) for one in _rows(facts)),
        tuple(
            Reply(one.at, one.outcome, one.suggestions, _reason(one.reason), one.commented) for one in story.feedback
        ),
        story.content == case.engine.content.digest,
        story.version == __version__,
        __version__,
        case.engine.content.digest,
        now,
        case.answer.cards[place] if place is not None else None,
        tuple((rule.id, rule.title) for rule in new),
    )


def _now(case: Case, story: Story) -> tuple[Now, int | None, Basis | None]:
    """The advice of now that says the same, else the closest: what became of the card, the place of its card, its basis.

    Uuids of cards differ by call, so that advice is known by its rules.
    """
    if case.answer.facts is not None:
        bases = [case.engine.basis(advice, case.answer.facts) for advice in case.answer.advice]
        wanted = set(story.rules)
        shares = [_share(wanted, set(basis.rules)) for basis in bases]
        best = max(range(len(bases)), key=shares.__getitem__, default=None)
        if best is not None and shares[best] >= (_CLOSE if story.hook == CHART_HOOK else 1):
            return Now.SAME if shares[best] == 1 else Now.CHANGED, best, bases[best]
    return Now.GONE if story.hook == CHART_HOOK else Now.ELSEWHERE, None, None


def _share(first: set[str], second: set[str]) -> float:
    every = first | second
    return len(first & second) / len(every) if every else 0.0


def _rows(kept: object) -> list[Mapping[str, Any]]:
    """Rows of what was kept; what is none, as another version may have written, is passed over."""
    return [row for row in kept if isinstance(row, Mapping)] if isinstance(kept, list) else []


def _rule(
    kept: Mapping[str, Any], by_id: Mapping[str, Rule], verdicts: Mapping[str, Verdict], words: Words
) -> RuleThen:
    name = str(kept.get("rule", ""))
    rule, verdict = by_id.get(name), verdicts.get(name)
    return RuleThen(
        name,
        rule.title if rule else "",
        words.source(rule) if rule else "",
        str(kept.get("verdict", "")),
        str(verdict.outcome) if verdict else "",
        tuple(words.label(str(fact)) for fact in kept.get("missing", ())),
        tuple(words.label(str(fact)) for fact in kept.get("unchecked", ())),
        verdict is not None,
    )


def _fact(kept: Mapping[str, Any], case: Case, words: Words) -> FactThen:
    name, reason = str(kept.get("name", "")), str(kept.get("unknown", ""))
    sources = _rows(kept.get("sources", []))
    concluded = ", ".join(str(one["facts"]) for one in sources if "facts" in one).split(", ")
    row = FactThen(
        name,
        words.label(name),
        WHY.get(reason, reason),
        tuple((str(one["type"]), str(one.get("date", ""))) for one in sources if "type" in one),
        tuple(words.label(one) for one in concluded if one),
        Since.SAME,
    )
    if name not in case.engine.vocabulary:
        return replace(row, since=Since.NO_FACT)
    fact = case.facts[name]
    if fact.known:
        same = sorted(map(str, sources)) == sorted(map(str, _sources_now(case, name)))
        since = Since.KNOWN_NOW if reason else Since.SAME if same else Since.OTHER_SOURCES
        return replace(row, since=since, value=words.value(fact))
    since = Since.UNKNOWN_NOW if not reason else Since.SAME if reason == str(fact.reason) else Since.OTHER_REASON
    return replace(row, since=since, why_now=WHY[str(fact.reason)])


def _sources_now(case: Case, name: str) -> Sequence[object]:
    """What would be kept today of the sources of a fact."""
    kept = decision(Basis("", (), "", False, (), (case.facts[name],)), case.engine.vocabulary)
    found: Mapping[str, Any] = next(iter(kept["facts"]), {})
    return list(found.get("sources", []))


def _reason(kept: str | None) -> str:
    """The reason of an override as it was offered."""
    system, _, code = (kept or "").rpartition("|")
    return next((one["display"] for one in OVERRIDE_REASONS if (one["system"], one["code"]) == (system, code)), code)
