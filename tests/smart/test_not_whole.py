"""What the pages say where the record did not come in full, or says less than a word of the page would: never "none"."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_examples import request as examples
from service.bundles import SERVICES, invocation_of
from service.companion import _unread
from service.given import example
from service.hooks.contract import KeyState
from service.smart.case import Case, case_of
from service.smart.views.key_facts import key_facts
from service.smart.views.mrd import mrd_of
from service.smart.views.treatments import treatments_of
from service.smart.words import Language
from tests.facts.fhir import administration, observation, patient, procedure, request, resource, statement, status
from tests.smart import cases
from tests.smart.cases import AS_OF, asked, clinic, leukemia
from tests.smart.cases import made as case
from tests.smart.drawn import Tags, drawn

KEYS = tuple(SERVICES[0].resource_types)


def read_of(kept: tuple[str, ...], state: KeyState = KeyState.ABSENT) -> Case:
    """A patient of whom only some keys came."""
    name = "relapsed-ph-positive-t315i"
    found = invocation_of(example(name, examples.day_of(name)), examples.day_of(name))
    rows = {
        key: row if key in kept else replace(row, state=state, resources=(), full_urls=())
        for key, row in found.prefetched.items()
    }
    invocation = replace(found, prefetched=rows)
    question = clinic().question(invocation)
    return case_of(clinic().engine, question, datetime(2026, 3, 2, 12, tzinfo=UTC), tuple(_unread(invocation)))


def page(*resources: dict[str, Any]) -> str:
    """The chart page of a patient made of some resources."""
    return drawn("chart", case(*resources))


def text(shown: Case, view: str, language: str = "en") -> str:
    """What a page says of a patient."""
    return Tags(drawn(view, shown, asked(language=language))).text


MEDICATIONS = "MedicationStatement, MedicationRequest, MedicationAdministration"


@pytest.mark.parametrize("state", [KeyState.ABSENT, KeyState.FAILED, KeyState.PARTIAL])
@pytest.mark.parametrize(("view", "empty"), [
    ("chart", ["No MRD result as a share of cells", "Blasts, %:", "No treatment of leukemia is in the record"]),
    ("board", ["No treatment of the leukemia is recorded as given", "No treatment of the leukemia is recorded as going on",
               "No result of residual disease"]),
])  # fmt: skip
def test_an_emptiness_says_what_was_not_read(view: str, empty: list[str], state: KeyState) -> None:
    said = text(read_of(("patient", "conditions"), state), view)
    for sentence in empty:
        section = said[: said.index(sentence)][-400:] + said[said.index(sentence) :][:400]
        assert "There may be more than is shown here" in section, sentence
    assert f"{MEDICATIONS}, Procedure." in said
    assert "Observation, DiagnosticReport." in said


def test_nothing_is_said_of_a_record_that_came_in_full() -> None:
    for view in ("chart", "board"):
        assert "There may be more than is shown here" not in text(read_of(KEYS), view)


def test_what_was_not_sent_is_not_called_absent() -> None:
    assert {one.why for one in read_of(("patient", "conditions")).unread} == {"not asked for or not sent"}


def test_few_blasts_alone_are_no_remission() -> None:
    few = observation("11150-0", "2025-05-05", valueQuantity={"value": 3, "unit": "%"})
    low = observation("751-8", "2025-05-06", valueQuantity={"value": 0, "unit": "10*9/L"})
    resources = (leukemia("2022-03-10"), status("relapse", "2024-12-01"), few, low)
    shown = case(*resources)
    assert not shown.facts["disease_state"].known
    found = Tags(page(*resources)).text
    assert "Marrow below 5 % blasts" in found
    assert "Remission" not in found[found.index("Course") :]
    assert "Remission 5 May 2025" not in text(shown, "board")


def test_the_words_of_the_picture_tell_planned_and_inferred() -> None:
    found = page(
        leukemia(), procedure(on="2025-07-15", text="Allogeneic stem cell transplantation", status="preparation")
    )
    words = found[found.index('id="timeline-desc"') : found.index("</desc>")]
    assert "Allogeneic HCT 15 Jul 2025, planned." in words


@pytest.mark.parametrize(
    ("medication", "first"),
    [
        ({**request("inotuzumab ozogamicin", "2025-05-20"), "intent": "plan"}, None),
        (statement("vincristine", "2025-07-01", state="intended"), "2025-07-01"),
        (statement("vincristine", "2025-05-01", state="intended"), None),
    ],
)
def test_plans_are_shown_as_planned_and_never_as_given(medication: dict[str, Any], first: str | None) -> None:
    shown = case(leukemia(), medication)
    (lane,) = treatments_of(shown.record, AS_OF).lanes
    (bar,) = lane.bars
    assert (bar.status, bar.first.text if bar.first else None) == ("planned", first)
    assert "No treatment of the leukemia is recorded as going on" not in text(shown, "board")


def test_what_goes_on_is_not_denied_by_the_board_sheet() -> None:
    going = administration("dexamethasone", "2025-05-30", status="in-progress")
    said = text(case(leukemia(), going), "board")
    assert "recorded as given and ended" in said
    assert "dexamethasone" in said


def test_the_international_scale_may_stand_in_the_name_of_the_test() -> None:
    ratio = observation(
        None,
        "2025-05-05",
        text="BCR::ABL1 ratio, International Scale (IS)",
        valueQuantity={"value": 0.012, "unit": "%"},
    )
    plain = observation(
        None, "2025-05-06", text="BCR::ABL1/ABL1 ratio", valueQuantity={"value": 0.02, "unit": "%"}, id="o2"
    )
    found = mrd_of(case(leukemia(), ratio, plain).record)
    assert [one.y for one in found.international] == [pytest.approx(0.00012)]
    assert [one.y for one in found.transcripts] == [pytest.approx(0.0002)]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("positive, below quantitative range (sensitivity 1E-5, QR 1E-4)", "positive, below quantification: < 0.01 %"),
        ("negative, sensitivity 1E-4", "negative: < 0.01 %"),
        ("negative", "negative, no limit told"),
        ("positive", "positive, no number"),
    ],
)
def test_the_board_sheet_says_of_a_result_what_the_chart_says(result: str, said: str) -> None:
    resources = (
        leukemia(),
        observation(None, "2025-05-05", text="MRD by PCR (IG/TR), bone marrow", valueString=result),
    )
    assert said in text(case(*resources), "board")
    assert said in Tags(page(*resources)).text


def test_a_no_that_nobody_said_is_marked_as_inferred() -> None:
    key = {one.name: one for one in key_facts(case(leukemia()), Language("en"))}
    assert (key["prior_allo_hct"].value, key["prior_allo_hct"].marks) == ("no", ("inferred",))
    assert "disease state: newly diagnosed (inferred)" in text(case(leukemia("2025-05-30")), "board")


def test_without_advice_the_page_says_which_reason_it_is() -> None:
    died = text(case(patient(deceasedBoolean=True), leukemia()), "chart")
    assert "The record says that the patient has died." in died
    assert "no acute lymphoblastic leukemia" not in died
    other = text(case(patient(), resource("Condition", code={"text": "Asthma"})), "chart")
    assert "The record shows no acute lymphoblastic leukemia." in other
    assert "died" not in other


@pytest.mark.parametrize("view", ["options", "board"])
def test_a_title_with_a_ph_status_does_not_speak_of_a_patient_whose_status_is_unknown(view: str) -> None:
    note = "The Ph status of this patient is not known"
    assert note in text(cases.example("ph-status-unknown"), view)
    assert note not in text(cases.example("german-record"), view)
