"""Markers on the blasts: texts, results, age of results, treatment against the target."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.given import unknown_stated
from service.facts.immunophenotype import reader as immunophenotype
from service.facts.immunophenotype.lineage import lineage_from_markers
from service.facts.immunophenotype.markers import marker_named
from service.facts.immunophenotype.text import markers_in
from service.facts.model import Facts, Interval, Reason, Registry, TokenSet
from tests.facts.genetic_resources import SCT, component, concept, drug, observation
from tests.facts.support import AS_OF, facts_of

FLOW = "101119-6"
RECENT = "2025-05-20"


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("positive for CD10, CD79a, TdT, CD19, and CD20", {"CD10": True, "CD79a": True, "TdT": True, "CD19": True, "CD20": True}),
        ("CD19+, CD20dim, CD22-", {"CD19": True, "CD20": True, "CD22": False}),
        ("CD19++ CD10+ CD45-", {"CD19": True, "CD10": True, "CD45": False}),
        ("CD10+/CD19+/CD20-/CD34+", {"CD10": True, "CD19": True, "CD20": False, "CD34": True}),
        ("CD19-positive, CD22-negative blasts", {"CD19": True, "CD22": False}),
        ("CD19 positiv, CD20 negativ", {"CD19": True, "CD20": False}),
        ("CD22: 98 %, CD20 (45 %), MPO 11 %, CD19 19 %", {"CD22": True, "CD20": True, "MPO": True, "CD19": False}),
        ("CD20 <5 %, CD22 >90 %", {"CD20": False, "CD22": True}),
        ("CD20 >5 %, CD22 <90 %", {"CD20": None, "CD22": None}),
        ("CD19 300 %", {}),
        ("Blasts express CD19 and CD22 and lack CD20", {"CD19": True, "CD22": True, "CD20": False}),
        ("CD19, CD22 and CD79a are positive", {"CD19": True, "CD22": True, "CD79a": True}),
        ("negative for MPO; positive for cCD3, CD7", {"MPO": False, "cCD3": True, "CD7": True}),
        ("cyCD22+, sIg-, HLA-DR+", {"cCD22": True, "sIg": False, "HLA-DR": True}),
        ("cytoplasmic CD3 positive, surface CD3 negative", {"cCD3": True, "sCD3": False}),
        ("cyt mu+", {"cyt-mu": True}),
        ("CD19 lost, CD22 bright", {"CD19": False, "CD22": True}),
        ("CD19 positive. CD19 negative", {"CD19": None}),
        ("anti-CD19 therapy positive", {}),
        ("positive effect of CD19-directed CAR T cells", {}),
        ("CD19xCD3 antibody detected", {}),
        ("CD19 was studied", {}),
        ("CD999+", {}),
        ("mu positive", {}),
    ],
)  # fmt: skip
def test_markers_in_text(text, called):
    assert {marker.name: marker.positive for marker in markers_in(text)} == called


def test_percent_is_kept():
    assert [m.percent for m in markers_in("CD22: 98,5 %, CD20 partial (30 %)")] == [98.5, 30.0]


@given(st.text(max_size=150))
def test_any_text_is_read_without_raising(text):
    assert len({marker.name for marker in markers_in(text)}) == len(markers_in(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [("CD20 blasts/100 blasts in Blood", "CD20"), ("CD 22", "CD22"), ("CD19 and CD22", None), ("Flow", None)],
)
def test_marker_named(text, name):
    assert marker_named(text) == name


@pytest.mark.parametrize(
    ("markers", "lineage"),
    [
        ({"CD19": True, "CD10": True}, "B"),
        ({"CD19": True, "CD22": True, "cCD3": False}, "B"),
        ({"CD19": True}, None),
        ({"CD10": True, "CD79a": True}, None),
        ({"cCD3": True, "CD7": True}, "T"),
        ({"cCD3": True, "CD19": True}, None),
        ({"CD19": True, "CD10": True, "MPO": True}, None),
        ({"CD19": True, "CD10": True, "sIg": True}, None),
        ({}, None),
    ],
)
def test_lineage_from_markers(markers, lineage):
    assert lineage_from_markers(markers) == lineage


def read(*resources, **more):
    return facts_of(*resources, providers=immunophenotype.PROVIDERS, **more)


PERCENT = {"value": 85, "unit": "%"}


@pytest.mark.parametrize(
    ("resource", "name", "value"),
    [
        (observation("51124-6", PERCENT, RECENT), "cd22", "positive"),
        (observation("51124-6", PERCENT, RECENT), "cd22_percent_blasts", 85),
        (observation("51124-6", PERCENT, RECENT), "marker_CD22", "positive"),
        (observation("51115-4", {"value": 20, "unit": "%"}, RECENT), "cd20", "negative"),
        (observation("51115-4", {"value": 21, "unit": "%"}, RECENT), "cd20", "positive"),
        (observation("51124-6", {"value": 5, "unit": "%", "comparator": "<"}, RECENT), "cd22", "negative"),
        (observation("51124-6", {"value": 90, "unit": "%", "comparator": ">"}, RECENT), "cd22", "positive"),
        (observation("51124-6", {"value": 90, "unit": "%", "comparator": "<"}, RECENT), "cd22", None),
        (observation("51124-6", {"value": 5, "unit": "%", "comparator": ">"}, RECENT), "cd22", None),
        (observation("51127-9", {"value": 50, "unit": "/uL"}, RECENT), "cd22", None),
        (observation("8117-4", PERCENT, RECENT, text="CD19 cells"), "cd19", None),
        (observation(FLOW, "CD19+, CD20dim, CD22-", RECENT), "cd20", "positive"),
        (observation(FLOW, "CD19+, CD20dim, CD22-", RECENT), "cd22", "negative"),
        (observation(FLOW, None, RECENT, note=[{"text": "positive for CD19"}]), "cd19", "positive"),
        (observation(None, concept(SCT, "10828004"), RECENT, text="CD19"), "cd19", "positive"),
        (observation(None, "negativ", RECENT, text="CD19"), "cd19", "negative"),
        (observation(FLOW, None, RECENT, component=[{"code": {"text": "CD19"}, "valueQuantity": PERCENT}]), "cd19", "positive"),
        (observation(FLOW, None, RECENT, component=[component("51125-3", valueQuantity=PERCENT)]), "cd22", "positive"),
        (observation(FLOW, None, RECENT, component=[{"code": {"text": "CD19"}}]), "cd19", None),
        (observation(FLOW, "CD5 70 %", RECENT), "cd5_percent", 70),
        (observation(FLOW, "CD33 30 %, CD13 10 %", RECENT), "etp_myeloid_stem_marker_max_percent", Interval(30, 100)),
        (observation(FLOW, "CD11b 5 %, CD13 1 %, CD33 30 %, CD34 2 %, CD65 0 %, CD117 3 %, HLA-DR 4 %", RECENT),
         "etp_myeloid_stem_marker_max_percent", 30),
        (observation(FLOW, "CD33+, CD13-", RECENT), "myeloid_markers", TokenSet(frozenset({"CD33"}), False, frozenset({"CD13"}))),
        (observation(FLOW, "CD13-, CD15-, CD33-, CD65-, CD117-, MPO-", RECENT), "myeloid_markers",
         TokenSet(frozenset(), True, frozenset({"CD13", "CD15", "CD33", "CD65", "CD117", "MPO"}))),
    ],
)  # fmt: skip
def test_results_of_a_record(resource, name, value):
    assert read(resource).value(name) == value


def test_newest_result_wins():
    facts = read(observation(FLOW, "CD19+", "2025-05-01"), observation(FLOW, "CD19-", RECENT))
    assert facts.value("cd19") == "negative"


def test_results_of_one_day_that_disagree_are_a_conflict():
    facts = read(observation(FLOW, "CD19+, CD33+", RECENT, id="a"), observation(FLOW, "CD19-, CD33-", RECENT, id="b"))
    assert facts["cd19"].reason is Reason.CONFLICTING
    assert facts["marker_CD33"].reason is Reason.CONFLICTING
    assert facts["myeloid_markers"].value is None


@pytest.mark.parametrize(
    ("on", "reason"),
    [("2025-03-03", None), ("2025-03-02", Reason.STALE), (None, Reason.UNDATED), ("2025-02", Reason.STALE)],
)
def test_old_and_undated_results_are_not_used(on, reason):
    assert read(observation(FLOW, "CD19+", on))["cd19"].reason is reason
    assert read(observation("51124-6", PERCENT, on))["cd22_percent_blasts"].reason is reason


BLINATUMOMAB, INOTUZUMAB = "1597258", "1942950"


@pytest.mark.parametrize(
    ("treatment", "cd19", "cd22"),
    [
        (drug("blinatumomab", BLINATUMOMAB, "2025-05-22"), Reason.STALE, None),
        (drug("blinatumomab", BLINATUMOMAB, "2025-04-01", end="2025-05-28"), Reason.STALE, None),
        (drug("blinatumomab", BLINATUMOMAB, "2025-03-01", end="2025-04-28"), None, None),
        (drug("blinatumomab", BLINATUMOMAB, "2025-05-22", kind="MedicationAdministration"), Reason.STALE, None),
        (drug("inotuzumab ozogamicin", INOTUZUMAB, "2025-05-22"), None, Reason.STALE),
        ({"resourceType": "Procedure", "id": "car", "status": "completed", "code": {"text": "CAR-T cell infusion"},
          "performedDateTime": "2025-05-25"}, Reason.STALE, None),
        ({"resourceType": "MedicationRequest", "id": "plan", "status": "active", "authoredOn": "2025-05-25",
          "medicationCodeableConcept": {"text": "blinatumomab"}}, None, None),
    ],
    ids=["after", "during", "before", "administration", "inotuzumab", "car-t", "only-ordered"],
)  # fmt: skip
def test_treatment_against_the_target_outdates_a_result(treatment, cd19, cd22):
    facts = read(observation(FLOW, "CD19+, CD22+", RECENT), treatment)
    assert (facts["cd19"].reason, facts["cd22"].reason) == (cd19, cd22)
    assert facts["marker_CD19"].reason is cd19


def test_without_result_and_without_record():
    assert read()["cd19"].reason is Reason.RECORD_EMPTY
    facts = Facts(AS_OF, Registry(immunophenotype.PROVIDERS, unknown_stated))
    for name in ("cd19", "marker_CD33", "cd5_percent"):
        assert facts[name].reason is Reason.NOT_GIVEN


def test_provenance_marks_text():
    assert read(observation(FLOW, "CD19+", RECENT))["cd19"].provenance[0].from_text is True
    fact = read(observation("51124-6", PERCENT, RECENT))["cd22"]
    assert (fact.provenance[0].from_text, fact.provenance[0].found) == (False, "CD22 positive 85 %")
