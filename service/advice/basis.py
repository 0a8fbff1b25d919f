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

_AGEING = frozenset({"hours", "days", "weeks", "months", "years", "h"})
_Judged = tuple[Rule, Facts]


@dataclass(frozen=True, slots=True)
class Basis:
    """``key``: names the advice, the same for the same rules. ``rules``: ids, first what it is about. ``facts``: a text
    of what it rests on, patient data: for keyed hashes, never for logs. ``quietable``: whether it may be silenced;
    never what should stop an order, and never that something could not be read or told.
    """

    key: str
    rules: tuple[str, ...]
    facts: str
    quietable: bool


def basis(
    advice: Advice | OrderAdvice, facts: Facts, vocabulary: Vocabulary, evaluator: Evaluator, content: str
) -> Basis:
    """What advice for a patient rests on.

    Args:
        content: digest of the content, whose change may change what is said.
    """
    groups: dict[int, tuple[Facts, dict[str, Rule]]] = {}  # facts with an order, which may differ between orders
    rules: dict[str, None] = {}
    for rule, own in _judged(advice, facts):
        rules[rule.id] = None
        groups.setdefault(id(own), (own, {}))[1][rule.id] = rule
    ageing = _ageing(vocabulary)
    lines = {f"content {content}", f"asked {', '.join(_asked(advice))}"}
    for own, judged in groups.values():
        for verdict in evaluator.verdicts(list(judged.values()), own):
            lines.add(f"rule {verdict.rule.id} {verdict.outcome} {verdict.missing} {verdict.unchecked}")
        names = frozenset[str]().union(*(_read(rule) for rule in judged.values()))
        lines.update(_fact(own[name], ageing) for name in names)
    named = "\n".join((type(advice).__name__, *sorted(rules)))
    key = hashlib.sha256(named.encode()).hexdigest()
    return Basis(key, tuple(rules), "\n".join(sorted(lines)), bool(rules) and not _is_critical(advice))


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
    match advice:
        case Options():
            for option in (*advice.offered, *advice.ruled_out):
                yield from ((rule, facts) for rule in _of_option(option))
            yield from ((verdict.rule, facts) for verdict in advice.notes)
        case Missing():
            yield from ((rule, facts) for gap in advice.gaps for rule in gap.decisions)
            yield from ((verdict.rule, facts) for verdict in advice.tests)
        case Unsafe() | Care() | Notice():
            yield from ((verdict.rule, facts) for verdict in advice.verdicts)
        case Hazard():
            yield from ((finding.rule, finding.facts) for finding in (*advice.findings, *advice.asides))
            for standing in advice.standings:
                yield from _of_standing(standing)
        case Standing():
            yield from _of_standing(advice)
        case Readiness():
            yield from ((rule, facts) for gap in advice.gaps for rule in gap.rules)
            yield from ((finding.rule, finding.facts) for finding in advice.tests)
        case Repeated() | Unread():
            return


def _of_option(option: Option) -> Iterable[Rule]:
    said = (*option.verdicts, *option.against, *option.cautions, *option.open_cautions)
    return [verdict.rule for verdict in said]


def _of_standing(standing: Standing) -> Iterable[_Judged]:
    rules = list(_of_option(standing.option)) if standing.option is not None else []
    rules += [reason.verdict.rule for reason in standing.why_not]
    if standing.choice is not None:
        rules += [option.rule for option in standing.choice.offered]
    if standing.label is not None and standing.label.verdict is not None:
        rules.append(standing.label.verdict.rule)
    return [(rule, standing.facts) for rule in rules]


def _asked(advice: Advice | OrderAdvice) -> tuple[str, ...]:
    """What the advice asks for or is about beyond its rules."""
    match advice:
        case Missing() | Readiness():
            return tuple(gap.fact.name for gap in advice.gaps)
        case Standing():
            return advice.drug, str(advice.place)
        case _:
            return ()
