"""The course and the treatments as shown: what is drawn, how surely it is known, and what is only listed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from service.record.dates import parse_when
from service.smart.draw.axis import Axis, axis_of
from service.smart.draw.timeline import picture
from service.smart.views.course import CourseShown, Mark, course_of
from service.smart.views.overview import build
from service.smart.views.treatments import Bar, Lane, treatments_of
from tests.facts.fhir import administration, observation, patient, procedure, request, resource, statement, status
from tests.facts.support import facts_of
from tests.smart.cases import AS_OF, asked, leukemia, made


def values(*resources: dict[str, Any], part: str = "") -> Mapping[str, Any]:
    """What the chart page of a patient made of some resources shows."""
    return build(made(*resources), asked(part=part))


def course(*resources: dict[str, Any]) -> CourseShown:
    record = facts_of(*resources, as_of=AS_OF).record
    assert record is not None
    return course_of(record, AS_OF)


def lanes(*resources: dict[str, Any]) -> dict[str, Lane]:
    record = facts_of(*resources, as_of=AS_OF).record
    assert record is not None
    found = treatments_of(record, AS_OF)
    return {f"{lane.drug}{' it' if lane.intrathecal else ''}": lane for lane in (*found.lanes, *found.others)}


def told(mark: Mark) -> tuple[str, str | None]:
    return mark.kind, mark.when.text if mark.when else None


def marrow(percent: float, on: str) -> dict[str, Any]:
    return observation("11150-0", on, valueQuantity={"value": percent, "unit": "%"})


def test_course_in_order_with_what_is_inferred() -> None:
    found = course(
        leukemia("2024-01-10"), marrow(85, "2024-01-10"), marrow(1, "2024-03-01"), status("relapse", "2025-02-01"),
        procedure(on="2024-07-01", text="Allogeneic stem cell transplantation"),
    )  # fmt: skip
    assert [told(m) for m in found.marks] == [
        ("diagnosis", "2024-01-10"), ("clear-marrow", "2024-03-01"), ("allogeneic", "2024-07-01"), ("relapsed", "2025-02-01"),
    ]  # fmt: skip
    remission = found.marks[1]
    assert (remission.inferred, remission.basis, remission.found) == (True, "marrow", "1 %")
    assert not found.marks[3].inferred


def test_date_of_recording_is_the_latest() -> None:
    (mark,) = course(leukemia(None, recordedDate="2024-02-02")).marks
    assert mark.at_latest
    assert told(mark) == ("diagnosis", "2024-02-02")


def test_two_dates_of_diagnosis_are_both_shown() -> None:
    other = {**leukemia("2024-05-05"), "id": "again"}
    same = {**leukemia("2024-01"), "id": "vague"}
    found = course(leukemia("2024-01-10"), other, same)
    assert [told(m) for m in found.marks] == [("diagnosis", "2024-01"), ("diagnosis-too", "2024-05-05")]


def test_one_infusion_of_two_resources_is_one_mark() -> None:
    found = course(
        leukemia(), procedure(on="2024-07-01", text="Allogeneic stem cell transplantation", id="a"),
        procedure(on="2024-07", text="Allogeneic HSCT", id="b"),
        resource("Condition", code={"text": "History of allogeneic stem cell transplant"}, id="c"),
    )  # fmt: skip
    transplants = [m for m in found.marks if m.kind == "allogeneic"]
    assert len(transplants) == 1
    assert set(transplants[0].sources) == {"Procedure/a", "Procedure/b", "Condition/c"}


def test_planned_and_undated_infusions() -> None:
    found = course(
        leukemia(), procedure(on="2025-07-15", text="CAR-T cell infusion", status="preparation"),
        procedure(text="Donor lymphocyte infusion"),
    )  # fmt: skip
    by_kind = {m.kind: m for m in found.marks}
    assert by_kind["CAR-T"].planned
    assert by_kind["DLI"].when is None


def test_phases_of_plans_with_open_end() -> None:
    plan = resource("CarePlan", status="active", intent="plan", title="Maintenance", period={"start": "2024-09-01"})
    (phase,) = course(leukemia(), plan).phases
    assert phase.name == "maintenance"
    assert phase.first is not None
    assert phase.last is None


def test_nothing_on_record() -> None:
    found = values(patient())
    assert found["picture"].empty
    assert found["course"].marks == ()
    assert found["axis"].covers(AS_OF, AS_OF)


def test_doses_that_touch_are_one_bar_and_others_are_not() -> None:
    days = ("2025-03-01", "2025-03-02", "2025-03-03", "2025-03-10")
    bars = lanes(*(administration("blinatumomab", day) for day in days))["blinatumomab"].bars
    assert [(b.first.text, b.last.text, len(b.sources)) for b in bars if b.first and b.last] == [
        ("2025-03-01", "2025-03-03", 3), ("2025-03-10", "2025-03-10", 1),
    ]  # fmt: skip


def test_intrathecal_has_a_lane_of_its_own() -> None:
    found = lanes(
        statement("methotrexate", "2024-02-01", "2024-03-01"),
        statement("intrathecal methotrexate", "2024-02-03", "2024-05-01"),
    )
    assert set(found) == {"methotrexate", "methotrexate it"}


@pytest.mark.parametrize(
    ("medication", "expected"),
    [
        (statement("dasatinib", "2025-05-01", state="active"), "ongoing"),
        (statement("vincristine", "2022-01-01", state="active"), "doubtful"),
        (
            statement("vincristine", "2023-01-01", state="active"),
            "ongoing",
        ),  # given in maintenance, for up to three years
        (statement("cytarabine", "2022-01-01", state="active"), "doubtful"),
        (request("blinatumomab", "2025-05-20"), "ordered"),
        (request("blinatumomab", "2025-06-20"), "planned"),
        (statement("imatinib", "2024-01-01", "2024-06-01"), "given"),
    ],
)
def test_status_of_a_bar(medication: dict[str, Any], expected: str) -> None:
    (lane,) = lanes(medication).values()
    (bar,) = lane.bars
    assert bar.status == expected


def test_given_and_ordered_of_one_drug_are_not_merged() -> None:
    bars = lanes(
        statement("blinatumomab", "2025-04-01", "2025-04-28"), request("blinatumomab", "2025-04-29")
    )["blinatumomab"].bars  # fmt: skip
    assert [bar.status for bar in bars] == ["given", "ordered"]


def test_undated_drug_and_nameless_medication_are_kept() -> None:
    found = values(leukemia(), statement("dexamethasone"), statement("", "2025-01-01", id="s17"))
    assert [(lane.drug, bar.dated) for lane, bar in found["undated_lanes"]] == [("dexamethasone", False)]
    assert found["treatments"].nameless == ("MedicationStatement/s17",)


def test_other_drugs_are_no_treatment_of_leukemia() -> None:
    found = values(leukemia(), statement("allopurinol", "2025-01-01", "2025-01-10"))
    assert not found["treatments"].lanes
    assert [lane.drug for lane in found["treatments"].others] == ["allopurinol"]


def drawn(bar: Bar) -> Any:
    axis = Axis(date(2024, 1, 1), date(2025, 12, 31))
    lane = Lane("x", False, (bar,))
    return picture(CourseShown((), (), False), [lane], axis, AS_OF).lanes[0].bars[0]


def test_vague_dates_are_pale() -> None:
    bar = drawn(Bar("given", parse_when("2024-03"), parse_when("2024-06"), ("a",)))
    assert [piece.sure for piece in bar.stretches] == [False, True, False]
    whole = drawn(Bar("given", parse_when("2024"), parse_when("2024"), ("a",)))
    assert [piece.sure for piece in whole.stretches] == [False]


def test_ongoing_is_open_up_to_now_and_a_start_alone_is_not() -> None:
    going = drawn(Bar("ongoing", parse_when("2025-01-01"), None, ("a",)))
    assert going.open
    assert going.right == pytest.approx(Axis(date(2024, 1, 1), date(2025, 12, 31)).at(AS_OF), abs=0.3)
    alone = drawn(Bar("given", parse_when("2025-01-01"), None, ("a",)))
    assert not alone.open
    assert alone.right - alone.left < 0.3


def test_what_reaches_beyond_the_axis_is_marked() -> None:
    bar = drawn(Bar("given", parse_when("2023-01-01"), parse_when("2027-01-01"), ("a",)))
    assert bar.cut_left
    assert bar.cut_right
    assert bar.left == 0
    assert bar.right == 100


@pytest.mark.parametrize("days", [1, 30, 90, 400, 4000, 20000])
def test_ticks_are_few_and_on_the_axis(days: int) -> None:
    axis = axis_of([AS_OF - timedelta(days=days)], AS_OF)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 8
    assert all(0 <= tick.percent <= 100 for tick in ticks)
    assert len({tick.text for tick in ticks}) == len(ticks)
    assert axis.covers(AS_OF, AS_OF)


def test_dates_before_birth_and_far_ahead_stretch_nothing() -> None:
    axis = values(
        patient("1990-06-15"), leukemia("2024-01-10"), statement("imatinib", "1924-01-01", "1924-02-01"),
        request("blinatumomab", "2099-01-01"),
    )["axis"]  # fmt: skip
    assert axis.first >= date(2023, 11, 1)
    assert axis.last < date(2025, 8, 1)


def test_events_out_of_the_time_shown_are_listed() -> None:
    found = values(leukemia("2020-01-10"), status("relapse", "2025-05-01"), part="quarter")
    assert [m.mark.kind for m in found["picture"].marks] == ["relapsed"]
    assert [m.kind for m in found["picture"].outside] == ["diagnosis"]
    assert values(leukemia(), part="no such part")["zoom"] == ""


def test_every_mark_has_a_row_of_its_own() -> None:
    found = values(leukemia(), *(status(word, day) for word, day in (
        ("complete remission", "2024-03-01"), ("relapse", "2024-09-01"), ("complete remission", "2024-12-01"),
        ("relapse", "2025-05-01"))))["picture"]  # fmt: skip
    tops = [m.top for m in found.marks]
    assert len(tops) == 5
    assert all(later - earlier >= 20 for earlier, later in itertools.pairwise(tops))
