"""One MRD result: its value and status, what is not known of it, method and specimen."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason
from service.facts.mrd import PROVIDERS
from service.facts.vocabulary import VOCABULARY
from service.record.model import Coverage
from tests.facts.mrd_resources import LOINC, SCT, mrd, read, report
from tests.facts.support import COMPLETE


def test_every_fact_is_in_the_vocabulary() -> None:
    assert all(name in VOCABULARY for provider in PROVIDERS for name in provider.provides)


@pytest.mark.parametrize(
    ("resource", "fraction", "status"),
    [
        pytest.param(mrd(0.02, "%"), 2e-4, "positive", id="two in ten thousand"),
        pytest.param(mrd(0.01, "%"), 1e-4, "positive", id="exactly at 10^-4"),
        pytest.param(mrd(0.0099, "%"), 9.9e-5, "negative", id="just below, flow assumed to reach 10^-4"),
        pytest.param(mrd("<0.01 %"), Interval(0, 1e-4, high_open=True), "negative", id="comparator in text"),
        pytest.param(
            mrd(None, valueQuantity={"value": 0.01, "comparator": "<", "unit": "%", "code": "%"}),
            Interval(0, 1e-4, high_open=True), "negative", id="comparator field",
        ),
        pytest.param(
            mrd(None, valueQuantity={"value": 0.01, "unit": "% <"}), Interval(0, 1e-4, high_open=True), "negative",
            id="comparator hidden in the unit",
        ),
        pytest.param(
            mrd(None, valueRatio={"numerator": {"value": 3}, "denominator": {"value": 10000}}), 3e-4, "positive",
            id="ratio",
        ),
        pytest.param(mrd("positive, not quantifiable (<1E-4)"), Interval(0, 1e-4, True, True), "positive", id="PNQ"),
        pytest.param(mrd("not detected (sensitivity 1E-5)"), Interval(0, 1e-5, high_open=True), "negative", id="LOD"),
        pytest.param(mrd("undetectable"), None, "undetectable", id="undetectable by flow"),
        pytest.param(mrd("MRD negativ", title="MRD Knochenmark Durchflusszytometrie"), None, "negative", id="German"),
        pytest.param(mrd("negative", title="MRD"), None, None, id="negative by an unknown method"),
        pytest.param(mrd("undetectable", title="MRD"), None, None, id="undetectable by an unknown method"),
        pytest.param(
            mrd("negative (sensitivity 0.1 %)"), Interval(0, 1e-3, high_open=True), None, id="insensitive assay"
        ),
        pytest.param(mrd("positive 0.003 %"), 3e-5, "positive", id="called positive below 10^-4"),
        pytest.param(
            mrd(None, component=[{"code": {"text": "MRD result"}, "valueQuantity": {"value": 0.5, "unit": "%"}}]),
            5e-3, "positive", id="value in a component",
        ),
        pytest.param(
            mrd(None, valueCodeableConcept={"coding": [{"system": SCT, "code": "260415000"}]}), None, "negative",
            id="coded: not detected",
        ),
        pytest.param(
            mrd(None, valueCodeableConcept={"coding": [{"system": SCT, "code": "10828004"}]}), None, "positive",
            id="coded: positive",
        ),
        pytest.param(
            mrd(None, valueCodeableConcept={"coding": [{"system": SCT, "code": "260385009"}]}), None, "negative",
            id="coded: negative",
        ),
        pytest.param(
            mrd(None, interpretation=[{"coding": [{"code": "POS"}]}]), None, "positive", id="interpretation code"
        ),
        pytest.param(mrd(None, valueBoolean=True), None, "positive", id="boolean"),
        pytest.param(mrd(None, valueBoolean=False), None, "negative", id="boolean no"),
        pytest.param(mrd(None, note=[{"text": "MRD 0.2 %"}]), 2e-3, "positive", id="value in a note"),
        pytest.param(
            mrd("not detected", title="MRD", note=[{"text": "Sensitivity 0.001 %."}]), Interval(0, 1e-5, high_open=True), "negative",
            id="sensitivity in a note",
        ),
        pytest.param(mrd(12, "cells per million", title="clonoSEQ MRD bone marrow"), 1.2e-5, "negative", id="NGS"),
        pytest.param(
            {
                "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "MRD flow report, bone marrow"},
                "effectiveDateTime": "2025-05-20", "conclusion": "Residual B lymphoblasts detected, 0.3 % of cells.",
            },
            3e-3, "positive", id="conclusion of a report",
        ),
    ],
)  # fmt: skip
def test_value_and_status(resource: dict[str, Any], fraction: Any, status: str | None) -> None:
    facts = read(resource)
    assert facts.value("mrd_fraction") == (pytest.approx(fraction) if isinstance(fraction, float) else fraction)
    assert facts.value("mrd_status") == status


def test_not_detected_by_an_unknown_assay_asks_for_its_sensitivity() -> None:
    fact = read(mrd("not detected", title="MRD"))["mrd_status"]
    assert fact.reason is Reason.NOT_DECIDED
    assert "sensitivity" in (fact.detail or "")


def test_sensitivity_from_a_component_and_from_the_limit_of_quantification() -> None:
    part = {"code": {"text": "Assay sensitivity"}, "valueQuantity": {"value": 0.001, "unit": "%"}}
    assert read(mrd("not detected", title="MRD", component=[part])).value("mrd_sensitivity") == 1e-5
    part = {"code": {"text": "LOQ"}, "valueString": "1E-4"}
    facts = read(mrd("not detected", title="MRD", component=[part]))
    assert facts.value("mrd_sensitivity") == Interval(0, 1e-4)
    assert facts.value("mrd_status") == "negative"


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        pytest.param(mrd("Indeterminate"), Reason.NOT_DECIDED, id="indeterminate"),
        pytest.param(mrd("see report"), Reason.UNREADABLE, id="only a document"),
        pytest.param(mrd(4, "form"), Reason.UNIT, id="unit that is none"),
        pytest.param(mrd(0.02), Reason.UNIT, id="number without unit"),
        pytest.param(
            mrd(None, valueQuantity={"value": 0.02, "code": "1", "unit": "%"}), Reason.UNIT, id="code against unit"
        ),
        pytest.param(mrd("MRD negative 0.5 %"), Reason.CONFLICTING, id="word against number"),
        pytest.param(mrd(300, "%"), Reason.IMPLAUSIBLE, id="more than all cells"),
        pytest.param(mrd(0.02, "%", when="2025-01-02"), Reason.STALE, id="too old"),
        pytest.param(mrd(0.02, "%", when=None), Reason.UNDATED, id="undated"),
        pytest.param(mrd(0.02, "%", when="2025"), Reason.UNDATED, id="too vague a date"),
        pytest.param(mrd(0.02, "%", status="cancelled"), Reason.SET_ASIDE, id="cancelled"),
        pytest.param(mrd("negative", title="MRD peripheral blood flow"), Reason.NOT_DECIDED, id="only blood"),
        pytest.param(mrd("NO RESULT"), Reason.NOT_DECIDED, id="failed test only"),
        pytest.param(mrd(None), Reason.RECORD_EMPTY, id="no value"),
        pytest.param(mrd("MRD previously negative"), Reason.UNREADABLE, id="only of earlier"),
        pytest.param(mrd(None, presentedForm=[{"url": "a.pdf"}]), Reason.UNREADABLE, id="a document"),
    ],
)
def test_what_is_not_known_says_why(resource: dict[str, Any], reason: Reason) -> None:
    facts = read(resource)
    assert (facts["mrd_fraction"].reason, facts["mrd_status"].reason) == (reason, reason)


def test_nothing_is_unknown_for_the_reason_the_coverage_gives() -> None:
    assert read(coverage={})["mrd_status"].reason is Reason.NOT_PROVIDED
    assert read()["mrd_status"].reason is Reason.RECORD_EMPTY
    failed = {**COMPLETE, "Observation": Coverage.FAILED}
    assert read(coverage=failed)["mrd_fraction"].reason is Reason.FETCH_FAILED


def test_flow_cytometry_that_is_not_mrd_is_not_read() -> None:
    panel = mrd("CD19 positive") | {"code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "88185"}]}}
    assert read(panel)["mrd_status"].reason is Reason.RECORD_EMPTY
    named = panel | {"valueString": "MRD positive, 0.4 %"}
    assert read(named).value("mrd_status") == "positive"


@pytest.mark.parametrize(
    ("title", "method", "specimen", "target"),
    [
        ("MRD bone marrow flow cytometry", "flow", "marrow", "immunophenotype"),
        ("MRD RQ-PCR Ig/TCR Knochenmark", "pcr", "marrow", "IG/TR"),
        ("clonoSEQ MRD, peripheral blood", "ngs", "peripheral-blood", "IG/TR"),
        ("MRD NGS (PCR amplicons) BM", "ngs", "marrow", None),
        ("MRD flow and PCR", None, None, None),
        ("MRD", None, None, None),
    ],
)
def test_method_specimen_and_target(title: str, method: str | None, specimen: str | None, target: str | None) -> None:
    facts = read(mrd("0.2 %", title=title))
    found = tuple(facts.value(name) for name in ("mrd_method", "mrd_specimen", "mrd_target"))
    assert found == (method, specimen, target)


def test_method_and_specimen_stand_in_their_own_elements_too() -> None:
    inner = {"resourceType": "Specimen", "id": "s", "type": {"text": "Bone marrow aspirate"}}
    facts = read(mrd("0.2 %", title="MRD", method={"text": "Flow cytometry"}, contained=[inner]))
    assert (facts.value("mrd_method"), facts.value("mrd_specimen")) == ("flow", "marrow")
    facts = read(mrd("0.2 %", title="MRD marrow or blood", specimen={"display": "Peripheral blood"}))
    assert facts.value("mrd_specimen") == "peripheral-blood"


@pytest.mark.parametrize(
    ("value", "detectable", "reported_negative"),
    [
        ("0.003 %", True, None),
        ("0.5 %", True, False),
        ("not detected", False, True),
        ("MRD negative", None, True),
        ("<0.01 %", None, None),
        ("positive", True, False),
    ],
)
def test_detectable_and_reported_negative(value: str, detectable: bool | None, reported_negative: bool | None) -> None:
    facts = read(mrd(value))
    assert facts.value("mrd_detectable") is detectable
    assert facts.value("mrd_reported_negative") is reported_negative


@pytest.mark.parametrize(
    ("conclusion", "fraction", "status"),
    [
        ("Blasts 2 %. MRD by flow cytometry 0.03 %.", 3e-4, "positive"),
        (
            "Cellularity 40 %. MRD not detected by flow. Sensitivity 0.01 %.",
            Interval(0, 1e-4, high_open=True),
            "negative",
        ),
        ("Blasts 60 %. MRD testing is pending.", None, None),
        ("Blasts 2 %. If MRD is positive, consider blinatumomab.", None, None),
        ("Blasts 2 %.", None, None),
    ],
)
def test_mrd_told_in_a_marrow_report(conclusion: str, fraction: Any, status: str | None) -> None:
    facts = read(report(conclusion))
    assert (facts.value("mrd_fraction"), facts.value("mrd_status")) == (fraction, status)


def test_a_report_without_a_result_does_not_hide_one() -> None:
    older = mrd("0.5 %", when="2025-05-01")
    assert read(older, report("Blasts 2 %. MRD pending.")).value("mrd_fraction") == 5e-3
    assert read(older, mrd(None, status="registered")).value("mrd_fraction") == 5e-3


def test_clones_the_largest_speaks_for_the_sample() -> None:
    rows = [("clone A", 3), ("clone B", 400)]
    parts = [{"code": {"text": n}, "valueQuantity": {"value": v, "unit": "cells per million"}} for n, v in rows]
    facts = read(mrd(None, title="MRD NGS marrow", component=parts))
    assert facts.value("mrd_fraction") == pytest.approx(4e-4)


def test_cell_counts_and_markers_among_the_components_are_no_mrd() -> None:
    parts = [
        {"code": {"text": "total events analyzed"}, "valueQuantity": {"value": 0.9, "unit": "1"}},
        {"code": {"text": "CD19 on blasts"}, "valueQuantity": {"value": 95, "unit": "%"}},
        {"code": {"text": "temperature"}, "valueQuantity": {"value": 20, "unit": "%"}},
    ]
    assert read(mrd("0.2 %", component=parts)).value("mrd_fraction") == 2e-3


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("MRD 0.5 %, MRD-HR", "high"),
        ("MRD-Hochrisiko", "high"),
        ("MRD low risk by day 29", "low"),
        ("MRD-IR: <0.1 % at TP2", "intermediate"),
        ("MRD-SR", None),
        ("no MRD high risk", None),
        ("MRD 0.5 %", None),
    ],
)
def test_risk_group_as_the_report_names_it(text: str, risk: str | None) -> None:
    assert read(mrd(text)).value("mrd_risk") == risk


def test_two_risk_groups_decide_nothing() -> None:
    assert read(mrd("MRD low risk at TP1. MRD high risk at TP2."))["mrd_risk"].reason is Reason.CONFLICTING


def test_mrd_told_with_the_disease_status() -> None:
    status = mrd("CR1, MRD negative by flow, sensitivity 10^-5") | {
        "code": {"coding": [{"system": LOINC, "code": "97509-4"}]}
    }
    assert read(status).value("mrd_status") == "negative"
    assert read(status | {"valueString": "CR1"}).value("mrd_status") is None
