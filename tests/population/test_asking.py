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


ALL = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "recordedDate": "2019-06-01",
       "clinicalStatus": {"coding": [{"code": "active"}]}, "onsetDateTime": "2019-06-01",
       "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C91.00"}]}}  # fmt: skip
LATER = (
    {"resourceType": "Condition", "id": "t", "subject": {"reference": "Patient/p"}, "onsetDateTime": "2021-05-01",
     "clinicalStatus": {"coding": [{"code": "active"}]},
     "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Z94.84"}]}},
    {"resourceType": "MedicationStatement", "id": "b", "subject": {"reference": "Patient/p"}, "status": "completed",
     "medicationCodeableConcept": {"text": "blinatumomab"},
     "effectivePeriod": {"start": "2021-03-01", "end": "2021-04-01"}},
)  # fmt: skip


@pytest.mark.parametrize(("fact", "later"), [("prior_allo_hct", LATER[0]), ("prior_blinatumomab", LATER[1])])
def test_on_an_earlier_day_than_that_of_the_data_only_what_was_known_counts(
    asker: Asker, fact: str, later: dict[str, object]
) -> None:
    then, now = date(2020, 1, 1), date(2021, 12, 1)
    who = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
    one = Patient("p", (who, ALL, later), READ | {"Patient"})
    of_now = asker.of_data(now)
    without = replace(one, resources=(who, ALL))
    assert asker.facts(asker.record(without, then), then)[fact].value is False
    assert of_now.facts(of_now.record(one, then), then)[fact].value is False
    assert of_now.facts(of_now.record(one, now), now)[fact].value is not False


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


def test_of_what_was_not_exported_as_a_whole_what_did_not_come_is_unknown(asker: Asker) -> None:
    """After an export of changes alone a patient has some Observations: that none of them tells of MRD means nothing."""
    name = "new-ph-negative-adult-50"
    day, one = day_of(name), patient(name, *READ)
    other = tuple(r for r in one.resources if "MRD" not in str(r) and r["resourceType"] != "DiagnosticReport")
    assert any(resource["resourceType"] == "Observation" for resource in other)
    whole = replace(one, resources=other)
    assert asker.facts(asker.record(whole, day), day)["mrd_status"].reason is Reason.RECORD_EMPTY
    part = replace(whole, provided=READ - {"Observation"})
    assert asker.facts(asker.record(part, day), day)["mrd_status"].reason is Reason.INCOMPLETE


def test_what_came_later_of_a_type_that_was_not_exported_as_a_whole_does_not_make_it_none(asker: Asker) -> None:
    then, now = date(2020, 1, 1), date(2021, 12, 1)
    who = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
    of_now = asker.of_data(now)
    whole = Patient("p", (who, ALL, LATER[1]), READ | {"Patient"})
    part = replace(whole, provided=READ - {"MedicationStatement"})
    assert of_now.facts(of_now.record(whole, then), then)["prior_blinatumomab"].value is False
    assert of_now.facts(of_now.record(part, then), then)["prior_blinatumomab"].value is None
