"""Editions compared: what the guidelines of different years say for this patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.advice.compare import Comparer, Tally
from service.advice.engine import Engine
from service.advice.label_lines import LabelLines
from service.advice.labels import REGION
from service.facts.model import known
from service.rules.editions import every_rule
from service.rules.rule import Source
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views import Asked
from service.smart.views.edition_changes import steps
from service.smart.views.edition_rows import Lines
from service.smart.views.in_force import InForce, Role
from service.smart.views.option_rows import LabelRow
from service.smart.views.said import cited, needed

REGIONS = ("US", "EU")
MOST = 5  # columns
_USUAL = ("nccn-2015", "nccn-2017", "nccn-adult-2-2025")  # compared unless others are asked for
_PEDIATRIC = "nccn-pediatric-1-2026"  # beside them, unless the patient is known to be too old for it
_ADULT_FROM = 40  # years; from 15 to 39 the setting decides (NCCN pediatric 1.2026, population)


@dataclass(frozen=True, slots=True)
class Compared:
    """One source in the head of the page."""

    source: Source
    role: Role
    tally: Tally


@dataclass(frozen=True, slots=True)
class Drug:
    """The label of a drug in each region, in the order of `REGIONS`."""

    name: str
    labels: tuple[LabelRow, ...]

    @property
    def differs(self) -> bool:
        """Whether the regions state something different for this patient."""
        return len({label.standing for label in self.labels} - {"not-stated"}) > 1


@lru_cache(maxsize=4)
def comparer(engine: Engine) -> Comparer:
    """All sources that have rules, prepared once: that takes longer than to compare them for a patient."""
    return Comparer(engine.content, engine.vocabulary, engine.registry, [source.id for source in selectable(engine)])


@lru_cache(maxsize=4)
def selectable(engine: Engine) -> tuple[Source, ...]:
    """The sources that have active rules, oldest first."""
    spoken = {rule.source.ref for rule in every_rule(engine.content)}
    sources = [source for source in engine.content.sources.values() if source.id in spoken]
    return tuple(sorted(sources, key=lambda source: (source.published, source.id)))


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``editions.html``. ``source`` in the address names the sources to be compared."""
    if not case.has_advice:
        return {}
    offered = selectable(case.engine)
    wanted = asked.query.get("source", ())
    named = [source.id for source in offered if source.id in wanted or set(source.aliases) & set(wanted)]
    chosen = named[:MOST] if len(named) > 1 else usual(case)
    values = {
        "offered": offered,
        "chosen": frozenset(chosen),
        "too_few": bool(wanted) and len(named) < 2,
        "too_many": len(named) > MOST,
        "most": MOST,
    }
    if len(chosen) < 2:
        return {**values, "compared": ()}
    return {**values, **_compared(case, chosen)}


def usual(case: Case) -> list[str]:
    """The editions that are compared unless others are asked for; the two newest where the content has none of them."""
    names = [source.id for source in selectable(case.engine)]
    age = case.facts.value("age_years")
    too_old = isinstance(age, int | float) and age >= _ADULT_FROM
    found = [n for n in names if n in _USUAL or (n == _PEDIATRIC and not too_old)]
    return found if len(found) > 1 else names[-2:]


def _compared(case: Case, chosen: Sequence[str]) -> dict[str, object]:
    found = comparer(case.engine).among(chosen).compare(case.facts)
    policy = InForce(case)
    lines = Lines(case, found, policy)
    sections = lines.sections(found.recommendations)
    region = case.facts.value(REGION)
    return {
        "compared": tuple(
            Compared(source, policy.role(source), tally)
            for source, tally in zip(found.sources, found.tallies, strict=True)
        ),
        "waits_for": policy.waits_for,
        "sections": sections,
        "steps": steps(found.sources, sections),
        "safety": lines.sections(found.safety, safety=True),
        "labels": _labels(case, found.drugs),
        "regions": REGIONS,
        "region": region if isinstance(region, str) else "",
    }


def _labels(case: Case, drugs: Sequence[tuple[str, ...]]) -> tuple[Drug, ...]:
    """The labels of both regions for every drug that an edition offers, or that is being taken."""
    words, by_drug = plain_words(case.engine), dict[str, list[LabelRow]]()
    for region in REGIONS:
        facts = case.facts.assuming(known(REGION, region))
        about = LabelLines(words)
        seen: set[str] = set()
        for together in drugs:
            for label in case.engine.labels(case.question, together, facts):
                if label.drug in seen:
                    continue
                seen.add(label.drug)
                by_drug.setdefault(label.drug, []).append(
                    LabelRow(
                        label.drug,
                        str(label.standing),
                        about.about(label, facts),
                        cited(label.verdict.rule, words) if label.verdict else None,
                        tuple(needed(name, facts, case.engine) for name in label.missing),
                    )
                )
    rows = (Drug(name, tuple(labels)) for name, labels in by_drug.items())
    return tuple(row for row in rows if any(label.cited for label in row.labels))
