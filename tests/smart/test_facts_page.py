"""Facts with where they were read: all of them, unknown ones with their reasons, and the resources themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fhir_examples.request import day_of, names
from service.smart.render import Renderer
from service.smart.views.facts import Row, build, every_name
from service.smart.views.resources import fields_of
from service.smart.views.supposing import supposition
from tests.smart.cases import asked, case_from
from tests.smart.cases import example as case
from tests.smart.drawn import Session, check
from tests.test_examples import bundle

T315I, UNITS = "relapsed-ph-positive-t315i", "unreadable-units"


def built(name: str) -> Mapping[str, Any]:
    return build(case(name), asked())


def rows(values: Mapping[str, Any]) -> dict[str, Row]:
    return {row.name: row for group in values["groups"] for row in (*group.known, *group.unknown)}


@pytest.mark.parametrize("name", names()[::4])
def test_every_fact_of_the_vocabulary_stands_there_once_and_as_it_is(name: str) -> None:
    values, facts = built(name), case(name).facts
    listed = [row.name for group in values["groups"] for row in (*group.known, *group.unknown)]
    assert sorted(listed) == sorted(every_name(case(name).engine.vocabulary))
    assert values["known"] + values["unknown"] == len(listed)
    for row in rows(values).values():
        fact = facts[row.name]
        assert bool(row.value) == fact.known == (not row.why), row


def test_a_known_fact_names_value_unit_date_code_and_the_rule_of_its_reader() -> None:
    values = built(T315I)
    row = rows(values)["abl1_mutations"]
    assert "T315I" in row.value
    (place, *_) = row.places
    assert place.resource.split("/")[0] in ("Observation", "DiagnosticReport")
    assert place.date
    assert place.found
    shown = {resource.id: resource for resource in values["resources"]}
    assert shown[place.id].reference == place.resource
    assert (row.id, row.label) in shown[place.id].facts
    assert row.rule
    assert row.where.startswith("service/facts/")
    assert rows(values)["age_years"].value.endswith(" years")


def test_the_patient_resource_can_be_looked_at_too() -> None:
    values = built(T315I)
    place = rows(values)["age_years"].places[0]
    (patient,) = [one for one in values["resources"] if one.reference == place.resource]
    assert patient.id == place.id == "resource-patient"
    assert json.loads(patient.fields)["resourceType"] == "Patient"


def test_what_was_found_and_could_not_be_used_comes_first() -> None:
    first = dict(built(UNITS)["first"])
    assert {row.name for row in first["unit not convertible"]} >= {"wbc_current", "platelets"}
    assert any(row.places and row.places[0].found for row in first["unit not convertible"])
    assert "too old" in first
    assert "nothing in the record" not in first


def test_an_unknown_fact_says_why_and_what_would_answer_it() -> None:
    row = rows(built("ph-status-unknown"))["abl1_mutations"]
    assert row.why == "nothing in the record"
    assert row.send.startswith(("Observation", "DiagnosticReport"))
    judged = rows(built("ph-status-unknown"))["donor_available"]
    assert (judged.why, judged.send) == ("for the clinician to say", "")


def test_what_was_set_aside_stands_there_with_its_reason() -> None:
    (aside,) = built("german-record")["aside"]
    assert (aside.reference, aside.reason) == ("Procedure/procedure-1", "status not-done")
    others = built("other-patients-resource-mixed-in")["aside"]
    assert any("patient" in one.reason for one in others)


def test_coverage_tells_failed_and_partial_types_before_others() -> None:
    raw = bundle(T315I)
    raw["link"] = [{"relation": "next", "url": "https://fhir.example/next"}]
    read = build(case_from(raw, day_of(T315I)), asked())["coverage"]
    assert {row.state for row in read[:3]} == {"partial"}
    assert all(row.used == 0 for row in read if row.state == "empty")


def test_a_supposed_fact_is_marked_as_such() -> None:
    start = case(T315I)
    supposed = start.assuming(*supposition(start, {"fact:donor_available": "yes"}).facts)
    row = rows(build(supposed, asked()))["donor_available"]
    assert (row.value, row.supposed) == ("yes", True)
    assert row.places[0].resource == "supposed here"


def test_resources_are_cut_where_they_are_long_and_hide_nothing() -> None:
    shown = fields_of({"resourceType": "Observation", "text": {"div": "x" * 5000}, "note": "a\u202eb\ud800"})
    assert "4400 more characters" in shown
    assert "\\u202e" in shown
    assert "\\ud800" in shown
    shown.encode()
    huge = fields_of({f"k{number}": "v" * 500 for number in range(100)})
    assert huge.endswith("more characters)")
    assert len(huge) < 13_000


def test_of_large_records_only_resources_with_facts_are_shown_and_the_rest_counted() -> None:
    raw = bundle(T315I)
    own = next(e["resource"] for e in raw["entry"] if e["resource"]["resourceType"] == "Patient")["id"]
    raw["entry"] += [
        {
            "resource": {
                "resourceType": "Observation", "id": f"other-{number}", "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
                "subject": {"reference": f"Patient/{own}"}, "effectiveDateTime": "2025-01-01",
                "valueQuantity": {"value": 170, "unit": "cm"},
            }
        }
        for number in range(200)
    ]  # fmt: skip
    values = build(case_from(raw, day_of(T315I)), asked())
    assert values["further"] >= 200
    assert all(one.facts for one in values["resources"])


@pytest.mark.parametrize("name", [T315I, UNITS, "german-record", "nothing-but-a-patient", "not-a-leukemia-patient"])
def test_the_page_keeps_the_rules(name: str) -> None:
    page = Session(name).page("facts")
    check(page)
    assert page.count('class="fact') >= 400


def test_a_record_without_leukemia_shows_what_was_read_all_the_same() -> None:
    page = Session("not-a-leukemia-patient").page("facts")
    assert "No advice for this patient" in page
    assert 'id="coverage"' in page
    assert "Condition/" in page


def test_text_of_the_record_is_no_markup() -> None:
    raw = bundle(T315I)
    for entry in raw["entry"]:
        code = entry["resource"].get("code")
        if code:
            code["text"] = "<script>alert(1)</script>"
    found = case_from(raw, day_of(T315I))
    values: dict[str, Any] = {
        "here": "/", "banner": {"name": "", "born": "", "sex": "", "patient": ""}, "views": (), "active": "facts", "case": found,
        "title": "Facts", "base": "", "kept": "",
    }  # fmt: skip
    page = Renderer().page("facts.html", asked().language, {**values, **build(found, asked())})
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
