"""Rules run as CQL by a public engine, over facts as Observations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from service.commands.content_export import queries
from service.content import read_content, read_terminology
from service.exchange import libraries_cql as texts
from service.exchange.conditions import goes_on, unchecked_name
from service.exchange.names import Names
from service.exchange.observations import observation
from service.exchange.package import Package, package
from service.facts.model import Reason, unknown
from service.rules.interpret import Known
from service.rules.rule import Rule, Source
from tests.cql.node import run

NAMES = Names("https://example.org/fhir", "1.2.3")
DAY = "2026-01-01"
VERDICTS = {True: "applies", False: "does_not_apply", None: "cannot_tell"}


@cache
def exported() -> Package:
    """The shipped content."""
    return package(read_content(), read_terminology(), NAMES, queries(), None)


@cache
def by_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The exported resources of a type, by id."""
    return {one["id"]: one for one in exported().resources if one["resourceType"] == kind}


@dataclass(frozen=True)
class Said:
    """What CQL said of a rule for one patient. ``unchecked``: None where the rule goes on without nothing."""

    verdict: str
    unchecked: tuple[str, ...] | None


Cases = Mapping[Rule, list[Known]]


def cql_says(cases: Cases, sources: Iterable[Source], folder: Path) -> dict[Rule, list[Said]]:
    """Translate the rules and run them over the facts of patients, by the public engine."""
    lines = {
        rule: [_told(rule, f"p{number}", facts) for number, facts in enumerate(patients)]
        for rule, patients in cases.items()
    }
    return _said_of(lines, sources, folder)


def cql_says_of(
    cases: Mapping[Rule, list[dict[str, Any]]], sources: Iterable[Source], folder: Path
) -> dict[Rule, list[Said]]:
    """The same over patients of whom one fact is told, in the words of somebody else: the value of its Observation."""
    lines = {}
    for rule, patients in cases.items():
        (fact,) = rule.facts
        known = [
            observation(unknown(fact, Reason.NOT_GIVEN), NAMES, f"p{number}", DAY) for number in range(len(patients))
        ]
        lines[rule] = [
            [{**{key: one for key, one in row.items() if key != "dataAbsentReason"}, **value}]
            for row, value in zip(known, patients, strict=True)
        ]
    return _said_of(lines, sources, folder)


def _said_of(
    cases: Mapping[Rule, list[list[dict[str, Any]]]], sources: Iterable[Source], folder: Path
) -> dict[Rule, list[Said]]:
    library = {source.id: texts.library_name(source) for source in sources}
    used = sorted(frozenset[str]().union(*(rule.facts for rule in cases)))
    written = {texts.LOGIC: texts.logic(NAMES), texts.FACTS: texts.facts(NAMES, used)}
    for source in sources:
        own = [rule for rule in cases if rule.source.ref == source.id]
        if own:
            written[library[source.id]] = texts.rules(NAMES, source, own)
    (folder / "cql").mkdir(parents=True)
    for name, text in written.items():
        (folder / "cql" / f"{name}.cql").write_text(text, encoding="utf-8")
    run("translate.mjs", str(folder / "cql"), str(folder / "elm"))
    lines = [json.dumps(_case(rule, library[rule.source.ref], patients)) for rule, patients in cases.items()]
    (folder / "cases.jsonl").write_text("\n".join(lines), encoding="utf-8")
    told = run("verdicts.mjs", str(folder / "elm"), str(folder / "cases.jsonl")).splitlines()
    found = {}
    for rule, line in zip(cases, told, strict=True):
        by_patient = json.loads(line)
        assert len(by_patient) == len(cases[rule])
        found[rule] = [_said(rule, by_patient[f"p{number}"]) for number in range(len(by_patient))]
    return found


def _case(rule: Rule, library: str, patients: list[list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "library": library,
        "expressions": [rule.id, *([unchecked_name(rule)] if goes_on(rule) else [])],
        "bundles": [_bundle(f"p{number}", told) for number, told in enumerate(patients)],
    }


def _told(rule: Rule, patient: str, facts: Known) -> list[dict[str, Any]]:
    return [observation(facts[name], NAMES, patient, DAY) for name in sorted(rule.facts)]


def _bundle(patient: str, told: list[dict[str, Any]]) -> dict[str, Any]:
    resources = [{"resourceType": "Patient", "id": patient}]
    resources += [{**one, "id": f"{patient}-{number}"} for number, one in enumerate(told)]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def _said(rule: Rule, values: Mapping[str, Any]) -> Said:
    named = values.get(unchecked_name(rule))
    return Said(VERDICTS[values[rule.id]], tuple(sorted(named)) if named is not None else None)
