"""What a FHIR server has to offer so that the facts are found: DataRequirements by fact, and a CapabilityStatement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.exchange.names import Names
from service.exchange.shared import HL7, PUBLISHER, common
from service.exchange.terms import ValueSets
from service.facts.registry import REGISTRY
from service.facts.sources import Answers, Sources, carried_by
from service.facts.vocabulary import VOCABULARY
from service.record.build import READ
from service.record.terminology import Terminology

Json = dict[str, Any]
FACT = "allcue-fact"  # the extension that says which fact a requirement is for
_MEDICATIONS = ("MedicationStatement", "MedicationAdministration", "MedicationRequest", "MedicationDispense")
_PATHS = {"AdverseEvent": "event", "CarePlan": "category", "EpisodeOfCare": "type", "Encounter": "serviceType"}
_ELEMENT = re.compile(r"\bPatient\.(\w+)")
_REFERRED_TO = ("Medication", "Specimen")
_REQUIRED = frozenset({"Patient", "Condition"})


class Needs:
    """What answers the facts of some rules, and those they may be derived from."""

    def __init__(self, names: Names, terminology: Terminology, facts: Iterable[str]):
        self.names = names
        self.sources = Sources(VOCABULARY, REGISTRY, terminology)
        self.value_sets = ValueSets(names, terminology)
        self.facts = closure(self.sources, facts)

    def answers(self) -> Iterator[tuple[str, Answers]]:
        """Each fact by the name of its type, with what answers it."""
        seen = set()
        for name in self.facts:
            base = name.partition("(")[0]
            if base not in seen:
                seen.add(base)
                yield base, self.sources.of(base)

    def requirements(self) -> list[Json]:
        """One DataRequirement for each fact and resource type that may say it."""
        return [self._requirement(fact, kind, found) for fact, found in self.answers() for kind in found.types]

    def not_sent(self) -> dict[str, str]:
        """Facts that no record holds, each with why."""
        return {fact: found.asked for fact, found in self.answers() if found.asked}

    def _requirement(self, fact: str, kind: str, found: Answers) -> Json:
        as_kind = "MedicationStatement" if kind in _MEDICATIONS else kind
        groups = [group for group in found.groups if as_kind in carried_by(group)]
        codes = self.value_sets.of(groups)
        made: Json = {
            "extension": [{"url": self.names.of("StructureDefinition", FACT), "valueCode": fact}],
            "type": kind,
        }
        if kind == "Patient":
            read = VOCABULARY.lookup(self.sources.full(fact)).read_from
            made["mustSupport"] = sorted(set(_ELEMENT.findall(read)))
        if codes is not None:
            made["codeFilter"] = [
                {"path": "medication" if kind in _MEDICATIONS else _PATHS.get(kind, "code"), "valueSet": codes}
            ]
        return {name: value for name, value in made.items() if value}

    def types(self) -> tuple[str, ...]:
        """Resource types that are read: for facts, or because another resource refers to them."""
        return tuple(sorted({*READ, *_REFERRED_TO, "Patient"}))


def closure(sources: Sources, facts: Iterable[str]) -> tuple[str, ...]:
    """Facts, and those they may be derived from, by name."""
    found: set[str] = set()
    waiting = list(facts)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += sources.of(name).follows_from
    return tuple(sorted(found))


def fact_extension(names: Names) -> Json:
    """The definition of the extension that ties a DataRequirement to its fact."""
    return {
        "resourceType": "StructureDefinition",
        "id": FACT,
        "url": names.of("StructureDefinition", FACT),
        "version": names.version,
        "name": "AllcueFact",
        "title": "Allcue: the fact that a data requirement is for",
        "status": "active",
        "experimental": False,
        "publisher": PUBLISHER,
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": "DataRequirement"}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Extension", "path": "Extension", "short": "Name of the fact", "max": "1"},
                {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
                {"id": "Extension.url", "path": "Extension.url", "fixedUri": names.of("StructureDefinition", FACT)},
                {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": "code"}]},
            ]
        },
    }


def capability_statement(needs: Needs, queries: Mapping[str, str], day: str) -> Json:
    """What a server must offer, as a CapabilityStatement of the kind ``requirements``.

    Args:
        queries: by resource type, the search parameter a call asks it by; empty where it is read by its id.
        day: of the statement, ISO 8601.
    """
    own = "allcue-server"
    head = common(needs.names, "CapabilityStatement", own, "AllcueServer", "Allcue: what a FHIR server must offer")
    kinds = sorted({*needs.types(), *queries})
    return {
        **head,
        "date": day,
        "kind": "requirements",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "description": "Read access that lets Allcue find its facts. A type that is not offered leaves the facts of it unknown; nothing is"
        " concluded from its absence.",
        "rest": [{"mode": "server", "resource": [_capability(kind, queries) for kind in kinds]}],
    }  # fmt: skip


def _capability(kind: str, queries: Mapping[str, str]) -> Json:
    expected = "SHALL" if kind in _REQUIRED else "SHOULD" if kind in queries else "MAY"
    ways = ["read"] + (["search-type"] if queries.get(kind) else [])
    found: Json = {
        "extension": _expectation(expected),
        "type": kind,
        "interaction": [{"extension": _expectation(expected), "code": way} for way in ways],
    }
    if queries.get(kind):
        parameter = {"extension": _expectation(expected), "name": queries[kind], "type": "reference"}
        found["searchParam"] = [parameter]
    if kind not in queries:
        found["documentation"] = (
            "Not asked for in calls: read where another resource refers to it, and from files and Bundles."
        )
    return found


def _expectation(code: str) -> list[Json]:
    return [{"url": HL7 + "capabilitystatement-expectation", "valueCode": code}]
