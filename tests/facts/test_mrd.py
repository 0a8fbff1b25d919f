"""MRD results of a record: which counts, what it says, and the course of the series."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.findings import cns, labs, response
from service.facts.model import Facts, Interval, Reason
from service.facts.mrd import PROVIDERS
from service.facts.vocabulary import VOCABULARY
from service.record.model import Coverage
from tests.facts.support import COMPLETE, facts_of

LOINC, SCT, RXNORM = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"


def mrd(
    value: Any = None,
    unit: str | None = None,
    when: str | None = "2025-05-20",
    title: str = "MRD bone marrow flow cytometry",
    **more: Any,
) -> dict[str, Any]:
    """An MRD Observation: a number becomes a quantity, a string a valueString."""
    resource: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": title}}
    if when is not None:
        resource["effectiveDateTime"] = when
    if isinstance(value, str):
        resource["valueString"] = value
    elif value is not None:
        resource["valueQuantity"] = {"value": value} | ({"unit": unit} if unit else {})
    return resource | more


def transcript(value: Any = None, unit: str = "%", code: str = "52132-8", **more: Any) -> dict[str, Any]:
    return (
        mrd(value, unit, title="BCR::ABL1 p190 ratio") | {"code": {"coding": [{"system": LOINC, "code": code}]}} | more
    )


def read(*resources: dict[str, Any], **options: Any) -> Facts:
    return facts_of(*resources, providers=PROVIDERS, **options)


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
        pytest.param(mrd("NO RESULT"), Reason.RECORD_EMPTY, id="failed test only"),
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


def test_the_newest_counts_even_if_it_cannot_be_read() -> None:
    older = mrd("0.5 %", when="2025-05-01")
    assert read(older, mrd("<0.01 %")).value("mrd_status") == "negative"
    assert read(older, mrd("see report"))["mrd_fraction"].reason is Reason.UNREADABLE
    assert read(older, mrd("NO RESULT")).value("mrd_fraction") == 5e-3


def test_marrow_beats_blood_and_positive_blood_speaks_for_disease() -> None:
    marrow = mrd("0.5 %", when="2025-05-01")
    blood = mrd("negative (sensitivity 1E-5)", title="MRD peripheral blood flow")
    assert read(marrow, blood).value("mrd_status") == "positive"
    facts = read(mrd("negative (sensitivity 1E-5)", when="2025-05-01"), mrd("0.2 %", title="MRD peripheral blood flow"))
    assert (facts.value("mrd_status"), facts.value("mrd_specimen")) == ("emergent", "peripheral-blood")
    same_day = mrd("0.2 %", title="MRD peripheral blood flow")
    assert read(mrd("0.5 %"), same_day).value("mrd_fraction") == 5e-3


def test_report_and_observation_of_one_day_are_one_sample() -> None:
    report = {
        "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "MRD report"}, "id": "r",
        "effectiveDateTime": "2025-05-20", "conclusion": "MRD positive, not quantifiable.",
    }  # fmt: skip
    facts = read(mrd("<0.01 %", id="o"), report)
    assert facts.value("mrd_status") == "positive"
    assert {p.resource for p in facts["mrd_status"].provenance} == {"Observation/o", "DiagnosticReport/r"}
    contrary = report | {"conclusion": "MRD negative."}
    assert read(mrd("0.5 %"), contrary)["mrd_status"].reason is Reason.CONFLICTING
    assert read(mrd("0.5 %", id="a"), mrd("0.001 %", id="b"))["mrd_fraction"].reason is Reason.CONFLICTING


def test_different_methods_of_one_day_may_disagree_and_the_positive_one_counts() -> None:
    facts = read(mrd("negative (sensitivity 1E-4)"), mrd("0.03 %", title="MRD marrow RQ-PCR Ig/TCR"))
    assert (facts.value("mrd_status"), facts.value("mrd_method")) == ("positive", "pcr")


def test_the_more_telling_of_two_negatives_counts() -> None:
    facts = read(mrd("negative", title="MRD marrow PCR"), mrd("<0.001 %"))
    assert facts.value("mrd_fraction") == Interval(0, 1e-5, high_open=True)


@pytest.mark.parametrize(
    ("values", "trend", "status"),
    [
        pytest.param(("0.5 %", "0.3 %"), "persistent", "persistent", id="persistent"),
        pytest.param(("0.05 %", "0.5 %"), "progressive", "progressive", id="tenfold rise"),
        pytest.param(("0.05 %", "0.49 %"), "persistent", "persistent", id="just less than tenfold"),
        pytest.param(("0.5 %", "0.05 %"), "falling", "positive", id="tenfold fall"),
        pytest.param(("<0.001 %", "0.5 %"), "emergent", "emergent", id="emergent"),
        pytest.param(("0.5 %", "<0.01 %"), "falling", "negative", id="cleared"),
        pytest.param(("<0.01 %", "<0.01 %"), None, "negative", id="negative all along"),
        pytest.param(("positive", "positive"), "persistent", "persistent", id="words only"),
        pytest.param(("see report", "0.5 %"), None, "positive", id="earlier one unreadable"),
        pytest.param(("<0.1 %", "0.5 %"), None, "positive", id="earlier one undecided"),
    ],
)
def test_trend_of_two_samples(values: tuple[str, str], trend: str | None, status: str) -> None:
    facts = read(mrd(values[0], when="2025-04-01"), mrd(values[1]))
    assert (facts.value("mrd_trend"), facts.value("mrd_status")) == (trend, status)


def test_two_looks_within_four_weeks_are_not_persistence() -> None:
    assert read(mrd("0.5 %", when="2025-04-23"), mrd("0.3 %")).value("mrd_trend") is None
    assert read(mrd("0.5 %", when="2025-04-22"), mrd("0.3 %")).value("mrd_trend") == "persistent"


def test_persistence_needs_positive_samples_all_along_without_a_tenfold_fall() -> None:
    undecided = mrd("<0.1 %", when="2025-04-25")
    assert read(mrd("0.5 %", when="2025-03-01"), undecided, mrd("0.3 %")).value("mrd_trend") is None
    between = mrd("0.2 %", when="2025-05-01")
    assert read(mrd("30 %", when="2025-04-01"), between, mrd("0.3 %")).value("mrd_trend") is None


@pytest.mark.parametrize(
    ("text", "trend"),
    [
        ("0.3 %, persistent MRD", "persistent"),
        ("0.3 %, molecular relapse", "emergent"),
        ("MRD-Anstieg auf 0.3 %", "progressive"),
        ("<0.01 %, slow clearance", "slow"),
        ("<0.01 %, no persistent MRD", None),
    ],
)
def test_a_trend_in_words(text: str, trend: str | None) -> None:
    assert read(mrd(text)).value("mrd_trend") == trend


def test_earlier_negative_sample() -> None:
    earlier = mrd("<0.001 %", when="2025-03-01")
    assert read(earlier, mrd("0.5 %")).value("prior_mrd_negative") is True
    positives = (mrd("0.5 %", when="2025-03-01"), mrd("0.5 %"))
    assert read(*positives).value("prior_mrd_negative") is False
    partial = {**COMPLETE, "Observation": Coverage.PARTIAL}
    assert read(*positives, coverage=partial).value("prior_mrd_negative") is None
    assert read(mrd("negative", title="MRD", when="2025-03-01"), mrd("0.5 %")).value("prior_mrd_negative") is None
    blood = mrd("<0.001 %", title="MRD peripheral blood flow", when="2025-03-01")
    assert read(blood, mrd("0.5 %")).value("prior_mrd_negative") is None


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
    ("title", "timepoint"),
    [
        ("MRD end of induction", "end-of-induction"),
        ("MRD EOI day 29", "end-of-induction"),
        ("MRD day 29", "day-29"),
        ("MRD Tag 15", "day-15"),
        ("MRD Ende der Konsolidierung", "end-of-consolidation"),
        ("MRD pre-HCT", "pre-hct"),
        ("MRD day 100 post-HCT", "post-hct"),
        ("MRD end of reinduction", "end-of-reinduction"),
        ("MRD day 40", None),
    ],
)
def test_timepoint_in_words(title: str, timepoint: str | None) -> None:
    assert read(mrd("0.5 %", title=title)).value("mrd_timepoint") == timepoint


def vincristine(when: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration", "status": "completed", "effectiveDateTime": when,
        "medicationCodeableConcept": {"text": "vincristine"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "timepoint"),
    [
        ("2025-05-13", "day-8"),
        ("2025-05-06", "day-15"),
        ("2025-04-23", "end-of-induction"),
        ("2025-04-24", None),
        ("2025-04-06", "end-of-induction"),
        ("2025-04-05", None),
        ("2025-04", None),
    ],
)
def test_timepoint_counted_from_the_first_drug_is_marked_inferred(start: str, timepoint: str | None) -> None:
    fact = read(mrd("0.5 %"), vincristine(start))["mrd_timepoint"]
    assert fact.value == timepoint
    assert not fact.known or fact.provenance[0].inferred


def test_timepoint_is_not_counted_from_an_incomplete_list() -> None:
    partial = {**COMPLETE, "MedicationAdministration": Coverage.PARTIAL}
    assert read(mrd("0.5 %"), vincristine("2025-04-23"), coverage=partial).value("mrd_timepoint") is None


def test_after_a_transplant() -> None:
    transplant = {
        "resourceType": "Procedure", "status": "completed", "performedDateTime": "2025-02-01",
        "code": {"text": "allogeneic hematopoietic stem cell transplantation"},
    }  # fmt: skip
    fact = read(mrd("0.5 %"), transplant)["mrd_timepoint"]
    assert fact.value == "post-hct"
    assert fact.provenance[0].inferred


def test_values_at_protocol_timepoints_do_not_age() -> None:
    facts = read(
        mrd("0.05 %", title="MRD marrow day 33", when="2023-03-01"),
        mrd("<0.01 %", title="MRD marrow day 78", when="2023-04-15"),
        mrd("0.02 %", title="MRD marrow week 16", when="2023-05-01"),
        mrd("0.3 %", title="MRD marrow end of induction", when="2023-03-02"),
        mrd("0.9 %", title="MRD day 33 post-HCT", when="2024-03-01"),
        mrd("0.9 %", title="MRD peripheral blood day 15", when="2023-02-10"),
    )
    assert facts.value("mrd_day33") == 5e-4
    assert facts.value("mrd_day78") == Interval(0, 1e-4, high_open=True)
    assert facts.value("mrd_week16") == 2e-4
    assert facts.value("mrd_fraction_end_of_induction") == 3e-3
    assert facts.value("mrd_day15") is None
    assert facts["mrd_fraction"].reason is Reason.STALE


def condition(onset: str) -> dict[str, Any]:
    code = {"coding": [{"system": SCT, "code": "91857003"}]}
    return {"resourceType": "Condition", "code": code, "onsetDateTime": onset}


def test_weeks_from_diagnosis() -> None:
    assert read(mrd("0.5 %"), condition("2025-03-11")).value("mrd_weeks_from_diagnosis") == 10
    assert read(mrd("0.5 %"), condition("2025-03")).value("mrd_weeks_from_diagnosis") == Interval(50 / 7, 80 / 7)
    assert read(mrd("0.5 %"), condition("2025-05-30")).value("mrd_weeks_from_diagnosis") is None


def report(conclusion: str, **more: Any) -> dict[str, Any]:
    """A marrow report that may also speak of MRD."""
    code = {"coding": [{"system": LOINC, "code": "33721-2"}]}
    return {
        "resourceType": "DiagnosticReport", "status": "final", "effectiveDateTime": "2025-05-20", "code": code,
        "conclusion": conclusion,
    } | more  # fmt: skip


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


def test_disease_before_treatment_is_no_persistence() -> None:
    assert read(mrd("8 %", when="2025-04-01"), mrd("4 %")).value("mrd_trend") is None
    assert read(mrd("4 %", when="2025-04-01"), mrd("8 %")).value("mrd_trend") is None
    assert read(mrd("4.9 %", when="2025-04-01"), mrd("4 %")).value("mrd_trend") == "persistent"


def test_undated_results_have_no_course() -> None:
    assert read(mrd("0.5 %", when=None), mrd("0.3 %")).value("mrd_trend") is None


def test_an_undecided_newest_has_no_course() -> None:
    assert read(mrd("0.5 %", when="2025-04-01"), mrd("<0.1 %")).value("mrd_trend") is None
    assert read(mrd("positive", when="2025-04-01"), mrd("negative", title="MRD")).value("mrd_trend") is None


def test_answers_of_molecular_response_classes() -> None:
    code = {"coding": [{"system": "urn:registry", "code": "mr_4.5"}]}
    assert read(transcript(None, valueCodeableConcept=code)).value("bcr_abl1_ratio") == Interval(0, 3.16228e-05)


def test_an_undated_result_has_no_inferred_timepoint() -> None:
    facts = read(mrd("0.3 %", when="2025-05"), vincristine("2025-04-23"), as_of=date(2025, 6, 1))
    assert (facts.value("mrd_timepoint"), facts.value("mrd_weeks_from_diagnosis")) == (None, None)


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
    ("resource", "ratio", "detected"),
    [
        pytest.param(transcript(0.5), 5e-3, True, id="p190 ratio"),
        pytest.param(transcript(0.0066, "% (IS)", "69380-4"), 6.6e-5, True, id="international scale"),
        pytest.param(transcript(4, "{log}", "74041-5"), 1e-4, True, id="molecular response"),
        pytest.param(transcript(-4, "{log}", "50195-7"), 1e-4, True, id="log ratio"),
        pytest.param(transcript("POSITIVE [0.0066% (IS) and MR4.18]"), 6.6e-5, True, id="device text"),
        pytest.param(transcript("POSITIVE [Above upper LoQ]"), None, True, id="above the range"),
        pytest.param(
            transcript("NEGATIVE [Sufficient ABL transcript]", referenceRange=[{"text": "0.0030 to 55.00"}]),
            Interval(0, 3e-5, high_open=True), False, id="negative within the range of the assay",
        ),
        pytest.param(transcript(0, "%"), 0.0, False, id="zero"),
        pytest.param(
            transcript(1.21, "% (IS)", code="MR"), None, None, id="unknown local code"
        ),
    ],
)  # fmt: skip
def test_transcript_ratio_is_never_a_share_of_cells(
    resource: dict[str, Any], ratio: Any, detected: bool | None
) -> None:
    facts = read(resource)
    assert facts.value("mrd_fraction") is None
    assert facts.value("mrd_status") is None
    assert facts.value("bcr_abl1_transcript_detected") is detected
    if isinstance(ratio, float):
        assert facts.value("bcr_abl1_ratio") == pytest.approx(ratio, rel=1e-3)


def test_a_device_row_called_mr_is_a_log() -> None:
    row = mrd(1.21, "% (IS)", title="BCR::ABL1 ratio", component=None) | {
        "code": {"coding": [{"system": "urn:local", "code": "MR"}], "text": "BCR::ABL1 p210 quantitative, IS"}
    }
    assert read(row).value("bcr_abl1_ratio") == pytest.approx(6.17e-2, rel=1e-2)


def test_another_fusion_is_no_bcr_abl1() -> None:
    assert read(transcript(0.5, code="72218-1")).value("bcr_abl1_ratio") is None


def test_transcript_unknowns() -> None:
    assert read(transcript(0.5, effectiveDateTime="2024-01-01"))["bcr_abl1_ratio"].reason is Reason.STALE
    facts = read(transcript(3, "{log_reduction}", "50195-7"))
    assert (facts["bcr_abl1_ratio"].reason, facts["bcr_abl1_transcript_detected"].reason) == (Reason.UNIT, Reason.UNIT)
    below = read(transcript("<0.0032 %"))
    assert below["bcr_abl1_transcript_detected"].reason is Reason.NOT_DECIDED
    failed = read(transcript("NO RESULT"), transcript(0.5, effectiveDateTime="2025-05-01"))
    assert failed.value("bcr_abl1_ratio") == 5e-3


def test_qualitative_transcript_test() -> None:
    code = {"coding": [{"system": LOINC, "code": "21823-0"}]}
    facts = read(mrd("Not detected") | {"code": code})
    assert facts.value("bcr_abl1_transcript_detected") is False
    assert facts.value("mrd_status") is None


@pytest.mark.parametrize(
    "odd",
    [
        {"valueQuantity": "0.02 %"},
        {"valueQuantity": {"value": {}, "unit": []}},
        {"valueCodeableConcept": 5},
        {"component": [None, 3, {"code": 1, "valueString": 2}]},
        {"interpretation": "POS", "note": "x"},
        {"referenceRange": {"low": 3}},
        {"specimen": ["x"], "contained": [1], "method": []},
    ],
)
def test_misshapen_results_never_raise(odd: dict[str, Any]) -> None:
    facts = read(mrd(None) | odd, transcript(None) | odd)
    assert facts.value("mrd_fraction") is None
    assert facts.value("bcr_abl1_ratio") is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.sampled_from(["<0.01 %", "MRD", "%"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["value", "unit", "code", "coding", "text", "low", "display"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
ELEMENTS = (
    "valueQuantity", "valueString", "valueRatio", "valueCodeableConcept", "interpretation", "component", "note",
    "referenceRange", "specimen", "method", "contained", "conclusion", "stage", "clinicalStatus",
)  # fmt: skip
CODES = (
    "46434-7",
    "6690-2",
    "751-8",
    "770-8",
    "1920-8",
    "2532-0",
    "11150-0",
    "26446-5",
    "97509-4",
    "26465-5",
    "26447-3",
)


@given(st.sampled_from(CODES), st.dictionaries(st.sampled_from(ELEMENTS), JSON, max_size=4))
def test_no_reader_of_results_raises_for_any_shape(code: str, elements: dict[str, Any]) -> None:
    coded = mrd(None) | {"code": {"coding": [{"system": LOINC, "code": code}]}} | elements
    disease = condition("2025-03-11") | {"code": {"coding": [{"system": SCT, "code": "722795004"}]}} | elements
    providers = (*PROVIDERS, *labs.PROVIDERS, *response.PROVIDERS, *cns.PROVIDERS)
    facts = facts_of(mrd(None) | elements, coded, disease, providers=providers)
    for provider in providers:
        for name in provider.provides:
            assert facts[name].name == name


def test_without_a_record_readers_say_nothing() -> None:
    facts = read()
    bare = Facts(facts.as_of, facts.registry)
    assert [list(provider.run(bare)) for provider in PROVIDERS] == [[], [], []]
