"""MRD as panels and resources of several laboratories: components, sibling rows, specimens, empty results."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason
from tests.facts.mrd_resources import SCT, mrd, read

PERCENT = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}


def part(name: str, value: Any, unit: str = "%") -> dict[str, Any]:
    code = {"text": name}
    if isinstance(value, str):
        return {"code": code, "valueString": value}
    return {"code": code, "valueQuantity": {"value": value, "unit": unit}}


@pytest.mark.parametrize(
    ("elements", "fraction"),
    [
        ({"valueRange": {"low": {"value": 0.01} | PERCENT, "high": {"value": 0.05} | PERCENT}}, Interval(1e-4, 5e-4)),
        ({"valueRange": {"high": {"value": 0.005} | PERCENT}}, Interval(0, 5e-5)),
        ({"valueRange": {"low": {"value": 1} | PERCENT}}, Interval(0.01, 1)),
        ({"valueInteger": 0}, 0.0),
        ({"code": {"text": "MRD flow (%)"}, "valueQuantity": {"value": 0.02}}, 2e-4),
        ({"code": {"text": "MRD flow [%]"}, "valueString": "0,02"}, 2e-4),
        ({"code": {"text": "clonoSEQ MRD, residual clonal cells per million"}, "valueInteger": 500}, 5e-4),
    ],
)
def test_values_in_any_element(elements: dict[str, Any], fraction: Any) -> None:
    assert read(mrd(None) | elements).value("mrd_fraction") == fraction


@pytest.mark.parametrize(
    "limits", [{"low": {"value": 5} | PERCENT, "high": {"value": 1} | PERCENT}, {"low": {"value": 1, "unit": "mg/dL"}}]
)
def test_a_range_that_cannot_be_is_no_value(limits: dict[str, Any]) -> None:
    assert read(mrd(None, valueRange=limits)).value("mrd_fraction") is None


def test_a_flow_panel_with_events_and_limits() -> None:
    parts = [
        part("Residual leukemic blasts of nucleated cells", 0.034), part("Total nucleated events", 1500000, "{events}"),
        part("LOD", 0.001), part("LOQ", 0.005), part("Viability", 92),
    ]  # fmt: skip
    facts = read(mrd(None, component=parts))
    assert (facts.value("mrd_fraction"), facts.value("mrd_sensitivity")) == (3.4e-4, 1e-5)


def test_the_morphologic_count_beside_an_mrd_result_is_not_the_result() -> None:
    facts = read(mrd(None, component=[part("MRD result", "Not detected"), part("Marrow blasts", 2), part("LOD", 0.01)]))
    assert (facts.value("mrd_status"), facts.value("mrd_sensitivity")) == ("negative", 1e-4)
    assert read(mrd(None, component=[part("Blasts", 0.03)])).value("mrd_fraction") == 3e-4


def test_rows_that_tell_of_the_assay_belong_to_the_result_of_the_day() -> None:
    result = mrd("Not detected", title="MRD bone marrow")
    assert read(result).value("mrd_status") is None
    limit = mrd(0.001, "%", title="MRD assay sensitivity", id="limit")
    facts = read(result, limit)
    assert (facts.value("mrd_status"), facts.value("mrd_sensitivity")) == ("negative", 1e-5)
    assert "Observation/limit" in {p.resource for p in facts["mrd_sensitivity"].provenance}
    assert read(result, mrd("Flow cytometry, 8 colors", title="MRD method")).value("mrd_method") == "flow"
    assert read(result, limit | {"effectiveDateTime": "2025-05-01"}).value("mrd_sensitivity") is None
    other = mrd(1e-6, "1", title="MRD NGS limit of detection")
    assert read(mrd("Not detected"), other).value("mrd_sensitivity") is None


@pytest.mark.parametrize(
    "row",
    [
        mrd(1e-5, "1", title="MRD limit of detection"),
        mrd(1000000, "{cells}", title="MRD total events acquired"),
        mrd("Bone marrow", title="MRD specimen"),
    ],
)
def test_a_row_about_the_assay_is_no_result(row: dict[str, Any]) -> None:
    assert read(row)["mrd_fraction"].reason is Reason.RECORD_EMPTY
    older = mrd("0.5 %", when="2025-05-01")
    assert read(older, row).value("mrd_fraction") == 5e-3


def test_high_sensitivity_flow_is_a_result() -> None:
    assert read(mrd(0.02, "%", title="High-sensitivity MRD flow, marrow")).value("mrd_fraction") == 2e-4


def test_sensitivity_in_the_reference_range() -> None:
    facts = read(mrd("Not detected", title="MRD marrow", referenceRange=[{"text": "LOD 1E-6"}]))
    assert (facts.value("mrd_status"), facts.value("mrd_sensitivity")) == ("negative", 1e-6)


@pytest.mark.parametrize("place", ["Cerebrospinal fluid", "Liquor", "CSF", "Lymph node biopsy", "Apheresis product"])
def test_what_is_neither_marrow_nor_blood_tells_nothing_of_the_marrow(place: str) -> None:
    found = read(mrd("positive 3 %", title="MRD flow", specimen={"display": place}))
    assert (found["mrd_fraction"].reason, found["mrd_status"].reason) == (Reason.NOT_DECIDED, Reason.NOT_DECIDED)
    marrow = mrd("<0.001 %", when="2025-05-01")
    assert read(marrow, mrd("positive 3 %", title=f"MRD flow {place}")).value("mrd_status") == "negative"
    marrow = mrd("0.5 %", when="2025-05-01")
    assert read(marrow, mrd("negative", title=f"MRD flow {place}")).value("mrd_status") == "positive"


def specimen(code: str, **more: Any) -> dict[str, Any]:
    coding = {"system": SCT, "code": code}
    return {"resourceType": "Specimen", "id": "s", "type": {"coding": [coding]}} | more


@pytest.mark.parametrize(("code", "place"), [("119359002", "marrow"), ("119297000", "peripheral-blood"), ("999", None)])
def test_specimens_contained_or_beside_by_code(code: str, place: str | None) -> None:
    inside = mrd("0.5 %", title="MRD", contained=[specimen(code)], specimen={"reference": "#s"})
    beside = mrd("0.5 %", title="MRD", specimen={"reference": "Specimen/s"})
    assert read(inside).value("mrd_specimen") == place
    assert read(beside, specimen(code)).value("mrd_specimen") == place


def test_the_time_of_collection_dates_a_result_that_names_none() -> None:
    taken = specimen("119359002", collection={"collectedDateTime": "2025-05-03"})
    result = mrd("0.5 %", when=None, issued="2025-05-20T08:00:00Z", specimen={"reference": "Specimen/s"})
    assert read(result, taken)["mrd_fraction"].provenance[0].date == "2025-05-03"


def test_a_result_that_says_why_it_is_none() -> None:
    empty = mrd(None, dataAbsentReason={"coding": [{"code": "not-performed"}], "text": "dry tap"})
    found = read(empty)["mrd_fraction"]
    assert found.reason is Reason.NOT_DECIDED
    assert "dry tap" in (found.detail or "")
    assert read(mrd("0.5 %", when="2025-05-01"), empty).value("mrd_fraction") == 5e-3


def test_final_results_displace_preliminary_ones_of_the_sample() -> None:
    first, last = mrd("0.5 %", status="preliminary", id="z"), mrd("0.05 %", id="a")
    assert read(first, last).value("mrd_fraction") == 5e-4
    assert "preliminary" in (read(first)["mrd_fraction"].provenance[0].note or "")


def test_two_values_of_one_sample_are_bounds() -> None:
    facts = read(mrd("0.5 %", id="a"), mrd("0.05 %", id="b"))
    assert (facts.value("mrd_fraction"), facts.value("mrd_status")) == (Interval(5e-4, 5e-3), "positive")
    assert read(mrd("0.5 %", id="a"), mrd("5.1E-3", id="b")).value("mrd_fraction") in (5e-3, 5.1e-3)


def test_clones_with_a_row_each_the_highest_counts() -> None:
    rows = [mrd(v, "%", title=f"MRD {name} RQ-PCR marrow") for name, v in (("IGH", 0.02), ("TRG", 0.004))]
    assert read(*rows).value("mrd_fraction") == 2e-4


def test_a_report_on_several_time_points_does_not_hide_the_result() -> None:
    report = {
        "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "MRD report"},
        "effectiveDateTime": "2025-05-20", "conclusion": "EOI MRD 0.2 %, EOC MRD 0.003 %.",
    }  # fmt: skip
    assert read(report)["mrd_fraction"].reason is Reason.CONFLICTING
    assert read(report, mrd("0.003 %")).value("mrd_fraction") == 3e-5


@pytest.mark.parametrize(
    ("method", "named", "target"),
    [
        ("EuroFlow NGF", "flow", "immunophenotype"),
        ("Next-generation flow", "flow", "immunophenotype"),
        ("FACS", "flow", "immunophenotype"),
        ("Immunphänotypisierung", "flow", "immunophenotype"),
        ("ASO-PCR", "pcr", "IG/TR"),
        ("ddPCR", "pcr", None),
        ("LymphoTrack", "ngs", "IG/TR"),
        ("Next-generation sequencing", "ngs", None),
    ],
)
def test_methods(method: str, named: str, target: str | None) -> None:
    facts = read(mrd("0.05 %", title="MRD KM", method={"text": method}))
    assert (facts.value("mrd_method"), facts.value("mrd_target")) == (named, target)


def test_a_marrow_after_grafting_is_marrow() -> None:
    assert read(mrd("0.5 %", title="MRD marrow post graft")).value("mrd_specimen") == "marrow"
