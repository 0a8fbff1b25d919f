"""The engine without a call: the same verdicts as a call brings, on any day, by any source."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fhir_examples.request import day_of, names
from service.facts.model import Reason
from service.population.asking import Asker, Asking
from service.population.patients import Patient
from service.record.build import READ
from service.rules.editions import UnknownSource
from service.wiring import build_clinic
from tests.test_examples import bundle

NAME = "relapsed-ph-positive-t315i"


def patient(name: str, *provided: str) -> Patient:
    resources = tuple(entry["resource"] for entry in bundle(name)["entry"])
    (who,) = (resource["id"] for resource in resources if resource["resourceType"] == "Patient")
    return Patient(who, resources, frozenset(provided))


@pytest.fixture(scope="module")
def asker() -> Asker:
    return Asker(Asking())


def test_what_was_exported_and_is_not_there_is_none_and_all_else_is_unknown(asker: Asker) -> None:
    day = day_of(NAME)
    without = replace(patient(NAME), resources=())
    told = asker.facts(asker.record(replace(without, provided=READ), day), day)
    assert told["mrd_status"].reason is Reason.RECORD_EMPTY
    untold = asker.facts(asker.record(without, day), day)
    assert untold["mrd_status"].reason is Reason.NOT_PROVIDED


def test_later_results_are_not_seen(asker: Asker) -> None:
    day = date(1990, 1, 1)
    record = asker.record(patient(NAME), day)
    assert not any(verdict.outcome == "applies" for verdict in asker.verdicts(asker.facts(record, day)))


@pytest.mark.parametrize("name", names()[:12])
def test_a_source_is_asked_by_name_as_the_command_asks_it(asker: Asker, name: str) -> None:
    day = day_of(name)
    facts = asker.facts(asker.record(patient(name), day), day)
    found = asker.verdicts(facts, ("nccn-2015",))
    assert {verdict.rule.source.ref for verdict in found} <= {asker.engine.content.source_named("nccn-2015").id}
    assert asker.verdicts(facts) != found
    pinned = Asker(Asking(sources=("nccn-2015",)))
    assert [v.outcome for v in pinned.verdicts(pinned.facts(pinned.record(patient(name), day), day))] == [
        v.outcome for v in found
    ]


def test_no_such_source(asker: Asker) -> None:
    day = day_of(NAME)
    with pytest.raises(UnknownSource, match="Allowed"):
        asker.verdicts(asker.facts(asker.record(patient(NAME), day), day), ("nccn-1999",))
    assert build_clinic().engine.content.digest == asker.engine.content.digest
