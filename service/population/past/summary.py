"""Counts over all decisions: concordance by year, source, line and kind, the reasons, and what later editions would change.

Only counters are kept, so that memory does not grow with the cohort. A proportion is of the decisions that could be judged:
what cannot be told and what no guideline speaks of is counted beside it and never part of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import sqrt

from service.population.past.decisions import Found
from service.population.past.reasons import Reason, Reasons
from service.population.past.rows import answering, change, edition_age
from service.population.past.verdicts import Concordance, Ground, JudgedDecision, Relation

_LINES = 4  # from which on lines are counted together
AGES = ("under 1 year", "1 to under 2 years", "2 to under 5 years", "5 years or more")
_Z = 1.959964  # of the normal distribution, for intervals of 95 %


@dataclass(frozen=True, slots=True)
class Interval:
    """A proportion with its 95 % confidence interval, each from 0 to 1."""

    share: float
    low: float
    high: float


def wilson(count: int, of: int) -> Interval | None:
    """The score interval of a proportion (Wilson, J Am Stat Assoc 1927;22:209-212); ``None`` of nothing.

    >>> found = wilson(8, 10)
    >>> f"{found.share:.2f} {found.low:.3f} {found.high:.3f}"
    '0.80 0.490 0.943'
    >>> wilson(0, 0) is None
    True
    """
    if not of:
        return None
    share, square = count / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))  # of rounding


@dataclass(slots=True)
class Tally:
    """Decisions by verdict."""

    verdicts: Counter[Concordance] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.verdicts.total()

    @property
    def judged(self) -> int:
        """Those of which it can be told."""
        return self.verdicts[Concordance.CONCORDANT] + self.verdicts[Concordance.DISCORDANT]

    @property
    def concordance(self) -> Interval | None:
        return wilson(self.verdicts[Concordance.CONCORDANT], self.judged)


@dataclass(slots=True)
class Changes:
    """What one later edition would change: decisions by what it says, and of those that change what was chosen."""

    said: Counter[tuple[str, str]] = field(default_factory=Counter)  # (verdict of the day, of the later edition)
    of: Counter[tuple[str, str]] = field(default_factory=Counter)  # (change, what was chosen)


@dataclass(slots=True)
class Summary:
    """The counts. Groups are by name; years as "2019", lines as "1" to "4 or later", ages of editions as in `AGES`."""

    patients: int = 0
    without_all: int = 0
    without_decisions: int = 0
    undated: int = 0
    parts: int = 0
    early: int = 0
    unclear: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # errors, by kind and place; of patients not judged
    aside: Counter[str] = field(default_factory=Counter)  # lines and files that could not be read, by reason
    total: Tally = field(default_factory=Tally)
    years: dict[str, Tally] = field(default_factory=dict)
    sources: dict[str, Tally] = field(default_factory=dict)
    lines: dict[str, Tally] = field(default_factory=dict)
    kinds: dict[str, Tally] = field(default_factory=dict)
    ages: dict[str, Tally] = field(default_factory=dict)
    named: dict[str, Tally] = field(default_factory=dict)
    reasons: Counter[Reason] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    grounds: Counter[str] = field(default_factory=Counter)
    later: dict[str, Changes] = field(default_factory=dict)

    def patient(self, found: Found | None) -> None:
        """Count a patient; ``None``: one without ALL."""
        self.patients += 1
        if found is None:
            self.without_all += 1
            return
        self.without_decisions += not found.decisions
        self.undated += len(found.undated)
        self.parts += found.parts
        self.early += found.early
        self.unclear += found.unclear

    def add(self, judged: JudgedDecision, reasons: Reasons) -> None:
        """Count one decision."""
        decision, today = judged.decision, judged.of_the_day
        verdict = today.verdict
        groups = [
            (self.years, str(decision.day.year)),
            (self.lines, str(decision.line) if decision.line < _LINES else f"{_LINES} or later"),
            (self.kinds, decision.kind),
        ]
        source, age = answering(today), edition_age(today, reasons)
        if source is not None:
            groups.append((self.sources, source))
        if age is not None:
            groups.append((self.ages, _age(age)))
        self.total.verdicts[verdict] += 1
        for counts, name in groups:
            counts.setdefault(name, Tally()).verdicts[verdict] += 1
        self.reasons.update(dict.fromkeys(reasons.of(today), 1))
        self.grounds[str(today.first.ground)] += 1
        if today.first.ground is Ground.FACTS_MISSING:
            self.missing.update({reasons.label(name): 1 for name in today.first.missing})
        for judgement in judged.judgements[1:]:
            name = judgement.edition.source or ""
            if judgement.edition.relation is Relation.NAMED:
                self.named.setdefault(name, Tally()).verdicts[judgement.verdict] += 1
                continue
            changes = self.later.setdefault(name, Changes())
            changes.said[(str(verdict), str(judgement.verdict))] += 1
            if judgement.verdict is not verdict:
                changes.of[(change(verdict, judgement.verdict), judgement.first.what)] += 1

    def merge(self, other: Summary) -> None:
        """Add the counts of another part of the cohort."""
        for name in ("patients", "without_all", "without_decisions", "undated", "parts", "early", "unclear"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for counts, more in (
            (self.failed, other.failed), (self.aside, other.aside), (self.missing, other.missing), (self.grounds, other.grounds),
        ):  # fmt: skip
            counts.update(more)
        self.reasons.update(other.reasons)
        self.total.verdicts.update(other.total.verdicts)
        for group in ("years", "sources", "lines", "kinds", "ages", "named"):
            tallies: dict[str, Tally] = getattr(self, group)
            for name, tally in getattr(other, group).items():
                tallies.setdefault(name, Tally()).verdicts.update(tally.verdicts)
        for name, changes in other.later.items():
            own = self.later.setdefault(name, Changes())
            own.said.update(changes.said)
            own.of.update(changes.of)


def _age(years: float) -> str:
    return AGES[0] if years < 1 else AGES[1] if years < 2 else AGES[2] if years < 5 else AGES[3]
