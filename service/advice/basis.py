"""What a piece of advice rests on: its rules, and the facts they were judged by.

Two answers whose advice has one key say the same by the same rules; with one text besides, on the same facts. Facts that
only grow older (months since diagnosis) count by where they were read and by what the rules make of them, not by their
number, which is another one every day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from service.advice.model import Advice, Care, Missing, Notice, Option, Options, Unsafe
from service.advice.ordering.model import Hazard, OrderAdvice, Readiness, Repeated, Severity, Standing, Unread
from service.facts.model import Fact, Facts
from service.facts.vocabulary.base import Vocabulary
from service.rules.compile import Evaluator
from service.rules.rule import Rule
from service.rules.verdict import Verdict

_AGEING = frozenset({"hours", "days", "weeks", "months", "years", "h"})
_Judged = tuple[Rule, Facts, Verdict | None]  # None: the rule is asked as it stands


@dataclass(frozen=True, slots=True)
class Basis:
    """``key``: names the advice, the same for the same rules and drugs ordered. ``rules``: ids, first what it is about.
    ``facts``: a text of what it rests on, patient data: for keyed hashes, never for logs. ``quietable``: whether it may
    be silenced; never what should stop an order, and never that something could not be read or told. ``verdicts`` of
    its rules, and the facts that they ``read``.
    """

    key: str
    rules: tuple[str, ...]
    facts: str
    quietable: bool
    verdicts: tuple[Verdict, ...] = ()
    read: tuple[Fact, ...] = ()


def basis(
    advice: Advice | OrderAdvice, facts: Facts, vocabulary: Vocabulary, evaluator: Evaluator, content: str
) -> Basis:
    """What advice for a patient rests on.

    Args:
        content: digest of the content, whose change may change what is said.
    """
    groups: dict[int, tuple[Facts, dict[str, Rule], dict[str, Verdict]]] = {}  # facts may differ between orders
    rules: dict[str, None] = {}
    for rule, own, verdict in _judged(advice, facts):
        rules[rule.id] = None
        _, judged, settled = groups.setdefault(id(own), (own, {}, {}))
        judged[rule.id] = rule
        if verdict is not None:
            settled[rule.id] = verdict
    ageing = _ageing(vocabulary)
    ordered = _ordered(advice)
    lines = {f"content {content}", f"asked {', '.join(_asked(advice))}", *(f"ordered {drugs}" for drugs in ordered)}
    verdicts: dict[str, Verdict] = {}
    read: dict[Fact, None] = {}
    for own, judged, settled in groups.values():
        left = [rule for rule in judged.values() if rule.id not in settled]
        for verdict in (*settled.values(), *evaluator.verdicts(left, own)):
            lines.add(f"rule {verdict.rule.id} {verdict.outcome} {verdict.missing} {verdict.unchecked}")
            verdicts.setdefault(verdict.rule.id, verdict)
        names = frozenset[str]().union(*(_read(rule) for rule in judged.values()))
        for name in sorted(names):
            lines.add(_fact(own[name], ageing))
            read[own[name]] = None
    named = "\n".join((type(advice).__name__, *sorted(rules), *ordered))
    key = hashlib.sha256(named.encode()).hexdigest()
    quietable = bool(rules) and not _is_critical(advice)
    said = tuple(verdicts[name] for name in rules)
    return Basis(key, tuple(rules), "\n".join(sorted(lines)), quietable, said, tuple(read))


def _is_critical(advice: Advice | OrderAdvice) -> bool:
    match advice:
        case Options() | Missing() | Unsafe() | Care() | Notice():
            return False
        case _:
            return advice.severity is Severity.CRITICAL


@lru_cache(maxsize=8192)
def _read(rule: Rule) -> frozenset[str]:
    """The facts a rule reads, which it works out anew each time it is asked."""
    return rule.facts


@lru_cache(maxsize=8)
def _ageing(vocabulary: Vocabulary) -> frozenset[str]:
    """Names of the facts that only grow older."""
    return frozenset(kind.name for kind in vocabulary if kind.unit in _AGEING)


def _fact(fact: Fact, ageing: frozenset[str]) -> str:
    ages = fact.name in ageing
    read = sorted(f"{p.resource} {p.date} {p.code} {p.found}" for p in fact.provenance)
    return f"fact {fact.name} {'' if ages else fact.value} {fact.reason} {read}"


def _judged(advice: Advice | OrderAdvice, facts: Facts) -> Iterable[_Judged]:
    """The rules that speak in advice, each with the facts and, where it was told there, the verdict."""
    match advice:
        case Options():
            for option in (*advice.offered, *advice.ruled_out):
                yield from _told(_of_option(option), facts)
            yield from _told((*advice.notes, *advice.evidence), facts)
        case Missing():
            yield from ((rule, facts, None) for gap in advice.gaps for rule in gap.decisions)
            yield from _told(advice.tests, facts)
        case Unsafe() | Care() | Notice():
            yield from _told(advice.verdicts, facts)
        case Hazard():
            for finding in (*advice.findings, *advice.asides):
                yield finding.rule, finding.facts, finding.verdict
            for standing in advice.standings:
                yield from _of_standing(standing)
        case Standing():
            yield from _of_standing(advice)
        case Readiness():
            yield from ((rule, facts, None) for gap in advice.gaps for rule in gap.rules)
            yield from ((finding.rule, finding.facts, finding.verdict) for finding in advice.tests)
        case Repeated() | Unread():
            return


def _told(verdicts: Iterable[Verdict], facts: Facts) -> Iterable[_Judged]:
    return [(verdict.rule, facts, verdict) for verdict in verdicts]


def _of_option(option: Option) -> Iterable[Verdict]:
    labels = (label.verdict for label in option.labels if label.verdict is not None)
    return (*option.verdicts, *option.against, *option.cautions, *option.open_cautions, *labels)


def _of_standing(standing: Standing) -> Iterable[_Judged]:
    said = list(_of_option(standing.option)) if standing.option is not None else []
    said += [reason.verdict for reason in standing.why_not]
    if standing.choice is not None:
        said += [option.verdicts[0] for option in standing.choice.offered]
    if standing.label is not None and standing.label.verdict is not None:
        said.append(standing.label.verdict)
    return _told(said, standing.facts)


def _ordered(advice: Advice | OrderAdvice) -> tuple[str, ...]:
    """What the orders are that advice is about, one text an order: an override of one says nothing of another drug."""
    match advice:
        case Hazard():
            lines = advice.concerned
        case Standing() | Readiness():
            lines = advice.lines
        case _:
            return ()
    named = (line.drugs | line.either | line.concepts for line in lines)
    return tuple(sorted(", ".join(sorted(names)) for names in named))


def _asked(advice: Advice | OrderAdvice) -> tuple[str, ...]:
    """What the advice asks for or is about beyond its rules."""
    match advice:
        case Missing() | Readiness():
            return tuple(gap.fact.name for gap in advice.gaps)
        case Standing():
            return advice.drug, str(advice.place)
        case _:
            return ()
