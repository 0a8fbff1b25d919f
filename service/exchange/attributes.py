"""The source attributes of evidence-based decision support, 45 CFR 170.315(b)(11)(iv)(A)(1)-(13), per source and per rule.

As added by the final rule HTI-1 (89 FR 1192, 9 January 2024). Which data of a patient a rule uses is worked out from its
facts: those that its criteria name, and those from which Allcue may derive them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from service.cells import cell
from service.exchange.needs import closure
from service.facts.sources import Sources
from service.rules.rule import Content, Rule, Source

Json = dict[str, Any]
NOT_USED, NAMED, DERIVED = "not used", "used", "may be used"
DEVELOPER = "Allcue, which puts the source into rules; the source itself is by {body}"
FUNDING = "unknown: Allcue's repository states no funding"


@dataclass(frozen=True, slots=True)
class Element:
    """One of the attributes (5) to (13): use of data of a patient.

    ``elements``: texts that stand in ``read_from`` of facts that are read from it; ``groups``: concept groups of its codes;
    ``facts``: facts that are a statement of it; ``places``: modules whose readers look at it for other facts, as at the sex for
    a reference range. All empty: nothing in Allcue reads it.
    """

    number: int
    key: str
    title: str
    elements: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


# Reference ranges that differ by sex, and ICD-10-CM C79.82, which says "genital organs". A test compares it with the code.
_BY_SEX = tuple(
    f"service/facts/{name}.py"
    for name in (
        "cns/status",
        "labs/coagulation",
        "labs/counts",
        "labs/ctcae",
        "labs/liver",
        "response/extramedullary",
        "toxicity/recovery",
    )
)
ELEMENTS = (
    Element(5, "race", "race"),
    Element(6, "ethnicity", "ethnicity"),
    Element(7, "language", "language"),
    Element(8, "sexual_orientation", "sexual orientation"),
    Element(9, "gender_identity", "gender identity"),
    Element(10, "sex", "sex", elements=("Patient.gender",), places=_BY_SEX),
    Element(11, "date_of_birth", "date of birth", elements=("Patient.birthDate",)),
    Element(12, "social_determinants", "social determinants of health data"),
    # USCDI, data class "Health Status Assessments": functional status and pregnancy status are what Allcue reads of it
    Element(13, "health_status_assessments", "health status assessments data",
            groups=("fitness.ecog", "fitness.karnofsky_lansky", "fitness.pregnancy"), facts=("limited_performance_status",)),
)  # fmt: skip


class Attributes:
    """The attributes of some content's sources and rules."""

    def __init__(self, content: Content, sources: Sources, version: str, released: date | None):
        self.content = content
        self.sources = sources
        self.version = version
        self.released = released

    def use(self, rule: Rule, element: Element) -> tuple[str, tuple[str, ...]]:
        """Whether a rule uses data of a patient, and by which of its facts.

        ``used``: a criterion names a fact that is read from it. ``may be used``: a fact of a criterion may be derived, among
        other ways, from one that is, or its reader looks at the data as well; the facts are those of the criteria.
        """
        by_fact = {fact: self._use(fact, element) for fact in sorted(rule.facts)}
        for use in (NAMED, DERIVED):
            facts = tuple(fact for fact, own in by_fact.items() if own == use)
            if facts:
                return use, facts
        return NOT_USED, ()

    def source(self, source: Source) -> Json:
        """The attributes of a source."""
        rules = [rule for rule in self.content.rules if rule.source.ref == source.id and rule.status == "active"]
        return {
            "source": source.id,
            "1_bibliographic_citation": source.citation,
            "2_developer": developer_of(source),
            "3_funding_source": FUNDING,
            "4_release_and_revision_dates": self._dates(source),
            "rules": len(rules),
            **{f"{element.number}_{element.key}": self._counted(rules, element) for element in ELEMENTS},
        }

    def rule(self, rule: Rule) -> dict[str, str]:
        """The attributes of a rule, as one row."""
        source = self.content.sources[rule.source.ref]
        row = {
            "rule": rule.id,
            "title": rule.title,
            "source": source.id,
            "1_bibliographic_citation": f"{source.citation} {rule.source.at}",
            "2_developer": developer_of(source),
            "3_funding_source": FUNDING,
            "4_release_and_revision_dates": self._dates(source),
        }
        for element in ELEMENTS:
            use, facts = self.use(rule, element)
            row[f"{element.number}_{element.key}"] = f"{use}: {', '.join(facts)}" if facts else use
        return row

    def as_json(self) -> Json:
        """All of it: ``sources`` by source, ``rules`` with one row a rule that is active."""
        return {
            "regulation": "45 CFR 170.315(b)(11)(iv)(A)",
            "content": {"version": self.version, "digest": self.content.digest},
            "sources": [self.source(source) for source in self._sources],
            "rules": [self.rule(rule) for rule in self._rules],
        }

    def as_csv(self) -> str:
        """One row a rule that is active; the words of a site's own rules are no formula to a spreadsheet."""
        rows = [self.rule(rule) for rule in self._rules]
        told = io.StringIO()
        writer = csv.DictWriter(told, fieldnames=list(rows[0]) if rows else ["rule"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: cell(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows
        )
        return told.getvalue()

    def looked_at_for(self, element: Element) -> tuple[str, ...]:
        """Facts of the vocabulary whose reader looks at data of a patient that is not what the fact says."""
        told = self.read_by(element)
        names = (kind.name for kind in self.sources.vocabulary if kind.name not in told)
        return tuple(name for name in names if self._looks(name, element))

    def read_by(self, element: Element) -> tuple[str, ...]:
        """The facts of the vocabulary that are read from data of a patient."""
        return tuple(kind.name for kind in self.sources.vocabulary if self._reads(kind.name, element))

    @cached_property
    def _rules(self) -> list[Rule]:
        return [rule for rule in self.content.rules if rule.status == "active"]

    @property
    def _sources(self) -> Iterable[Source]:
        return self.content.sources.values()

    def _dates(self, source: Source) -> str:
        day = f"released on {self.released}" if self.released else "not released"
        return f"{dates_of(source)}; content {self.version}, {day}"

    def _counted(self, rules: list[Rule], element: Element) -> Json:
        uses = [self.use(rule, element)[0] for rule in rules]
        return {"used": uses.count(NAMED), "may_be_used": uses.count(DERIVED), "not_used": uses.count(NOT_USED)}

    def _use(self, fact: str, element: Element) -> str:
        """Use by one fact: worked out once, since the same facts stand in most rules."""
        key = (fact, element)
        if key not in self._uses:
            use = NAMED if self._reads(fact, element) else DERIVED if self._may(fact, element) else NOT_USED
            self._uses[key] = use
        return self._uses[key]

    @cached_property
    def _uses(self) -> dict[tuple[str, Element], str]:
        return {}

    def _may(self, fact: str, element: Element) -> bool:
        return any(self._touches(one, element) for one in self._below(fact))

    def _touches(self, fact: str, element: Element) -> bool:
        return self._reads(fact, element) or self._looks(fact, element)

    def _looks(self, fact: str, element: Element) -> bool:
        return not self._places.get(fact.partition("(")[0], frozenset()).isdisjoint(element.places)

    @cached_property
    def _places(self) -> dict[str, frozenset[str]]:
        """Modules of the readers of each fact."""
        found: dict[str, frozenset[str]] = {}
        for provider in self.sources.registry.providers:
            for name in provider.provides:
                base = name.partition("(")[0]
                found[base] = found.get(base, frozenset()) | {provider.place}
        return found

    def _below(self, fact: str) -> tuple[str, ...]:
        if fact not in self._closures:
            self._closures[fact] = closure(self.sources, [fact])
        return self._closures[fact]

    @cached_property
    def _closures(self) -> dict[str, tuple[str, ...]]:
        return {}

    def _reads(self, fact: str, element: Element, path: tuple[str, ...] = ()) -> bool:
        kind = self.sources.vocabulary.lookup(self.sources.full(fact))
        if kind.name in element.facts or any(text in kind.read_from for text in element.elements):
            return True
        if element.groups and not frozenset(element.groups).isdisjoint(kind.codes):
            return True
        found = self.sources.of(
            fact
        )  # a fact that follows from such facts and from nothing else: the age group from the age
        alone = not found.can_be_sent and bool(found.follows_from)
        return (
            alone and fact not in path and all(self._reads(one, element, (*path, fact)) for one in found.follows_from)
        )


def dates_of(source: Source) -> str:
    """When a source was published and came into force, and when its rules were last held against it."""
    told = f"source of {source.published}, in force from {source.in_force_from}"
    return f"{told}; rules held against it on {source.last_checked}" if source.last_checked else told


def developer_of(source: Source) -> str:
    """Who translated the source into rules, and whose the source is."""
    return DEVELOPER.format(body=source.body or "a body that is not recorded")
