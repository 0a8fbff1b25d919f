"""The words of a verdict on a past decision: what it says, on what it rests, and by which edition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.advice.options import DrugRules
from service.advice.ordering.why_not import WhyNot
from service.facts.model import Facts
from service.population.past.decisions import Decision
from service.rules.editions import Speaking
from service.rules.rule import Rule
from service.rules.verdict import Verdict

DAY, DIAGNOSIS, REGIMEN, PRODUCT = "day of the decision", "diagnosis of ALL", "regimen", "product of the CAR-T cells"


class Concordance(StrEnum):
    """The verdict on one decision by one guideline."""

    CONCORDANT = "concordant"
    DISCORDANT = "discordant"
    CANNOT_TELL = "cannot tell"
    NOT_JUDGED = "not judged"


class Relation(StrEnum):
    """How an edition stands to a decision."""

    OF_THE_DAY = "of the day"  # what the policy had in force
    NAMED = "named"  # asked for by name, whenever it appeared
    LATER = "later"


class Ground(StrEnum):
    """On what a verdict rests."""

    PREFERRED = "preferred"
    LISTED = "listed"
    OTHER = "listed as other"
    IN_TRIAL = "in a clinical trial, which is listed"
    RULED_OUT = "ruled out"
    NOT_LISTED = "not listed"  # where other treatment is
    FACTS_MISSING = "facts missing"
    SILENT = "the guideline is silent"
    NO_EDITION = "no edition of that day for this patient"


_VERDICTS = {
    Ground.PREFERRED: Concordance.CONCORDANT, Ground.LISTED: Concordance.CONCORDANT, Ground.OTHER: Concordance.CONCORDANT,
    Ground.IN_TRIAL: Concordance.CONCORDANT, Ground.RULED_OUT: Concordance.DISCORDANT,
    Ground.NOT_LISTED: Concordance.DISCORDANT, Ground.FACTS_MISSING: Concordance.CANNOT_TELL,
    Ground.SILENT: Concordance.NOT_JUDGED, Ground.NO_EDITION: Concordance.NOT_JUDGED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edition:
    """A guideline a decision is held against: one source, or (``source`` None) those in force by the policy on a day."""

    relation: Relation
    speaking: Speaking
    drug_rules: DrugRules
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one thing that was chosen stands in one edition.

    ``rules``: that say so, the first the one to cite. ``why_not``: of what is not listed, the offers that come closest.
    ``against``: warnings and exclusions. ``instead``: what is listed. ``missing``: facts on which it hangs. ``unchecked``: facts that were not known and
    could have forbidden it.
    """

    what: str
    ground: Ground
    rules: tuple[Rule, ...] = ()
    why_not: tuple[WhyNot, ...] = ()
    against: tuple[Verdict, ...] = ()
    instead: tuple[Rule, ...] = ()
    missing: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def verdict(self) -> Concordance:
        return _VERDICTS[self.ground]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision by one edition. ``placed``: what decides the verdict first; ``facts``: the patient's on that day."""

    decision: Decision
    edition: Edition
    placed: tuple[Placed, ...]
    facts: Facts | None = None

    @property
    def first(self) -> Placed:
        return self.placed[0]

    @property
    def verdict(self) -> Concordance:
        return self.first.verdict


@dataclass(frozen=True, slots=True)
class JudgedDecision:
    """One decision with its judgements: of the day first, then those named, then later ones, oldest first."""

    decision: Decision
    judgements: tuple[Judgement, ...]

    @property
    def of_the_day(self) -> Judgement:
        return self.judgements[0]
