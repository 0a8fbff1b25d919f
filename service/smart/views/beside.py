"""What goes with the options: warnings about what is being given, tests that are due, cautions and supportive care."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.advice.model import Advice, Care, Missing, Notice, Unsafe
from service.rules.verdict import Verdict
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views.said import Cited, Need, Seen, cited, known_of, needed


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning about something that is being given or is the case. ``given``: drugs being taken now."""

    subject: str
    given: tuple[str, ...]
    cited: tuple[Cited, ...]
    facts: tuple[Seen, ...]
    unchecked: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """``ordered``: tests that are asked for and ordered already. ``referrals``: other guidelines that apply."""

    warnings: tuple[Warned, ...] = ()
    tests: tuple[Cited, ...] = ()
    ordered: tuple[str, ...] = ()
    safety: tuple[Cited, ...] = ()
    supportive: tuple[Cited, ...] = ()
    referrals: tuple[Cited, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.warnings or self.tests or self.ordered or self.safety or self.supportive or self.referrals)


def beside(case: Case, advice: Iterable[Advice]) -> Beside:
    """All advice that is no choice of options."""
    words, content = plain_words(case.engine), case.engine.content
    warnings: list[Warned] = []
    found: dict[str, list[Cited]] = {"tests": [], "safety": [], "supportive": [], "referrals": []}
    ordered: list[str] = []

    def add(kind: str, verdicts: Iterable[Verdict]) -> None:
        found[kind] += [cited(verdict.rule, words) for verdict in verdicts]

    for item in advice:
        match item:
            case Unsafe():
                warnings.append(_warned(item, case))
            case Missing():
                add("tests", item.tests)
                ordered += [content.orderables[key].title for key in item.ordered]
            case Care():
                add("safety" if item.safety else "supportive", item.verdicts)
            case Notice():
                add("referrals", item.verdicts)
            case _:
                pass
    kinds = {kind: tuple(rows) for kind, rows in found.items()}
    return Beside(tuple(warnings), ordered=tuple(ordered), **kinds)


def _warned(item: Unsafe, case: Case) -> Warned:
    words = plain_words(case.engine)
    rules = [verdict.rule for verdict in item.verdicts]
    unchecked = sorted({name for verdict in item.verdicts for name in verdict.unchecked})
    return Warned(
        item.subject,
        item.drugs,
        tuple(cited(rule, words) for rule in rules),
        known_of(rules, case.facts, words),
        tuple(needed(name, case.facts, case.engine) for name in unchecked),
    )
