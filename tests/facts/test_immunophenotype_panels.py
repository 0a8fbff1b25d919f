"""Immunophenotype panels as hospitals send them: lineage, subtype, early T-cell precursor, and whose cells they are of."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Facts, Interval, Reason
from tests.facts.fhir import LOINC, administration, concept, condition, observation, resource
from tests.facts.support import facts_of

ALL = condition("91857003", text="Acute lymphoblastic leukemia", onsetDateTime="2025-05-01")


def read(*resources: dict[str, Any]) -> Facts:
    return facts_of(ALL, *resources)


def flow(
    text: str, on: str = "2025-05-20", title: str = "Flow cytometry immunophenotyping", **more: Any
) -> dict[str, Any]:
    return observation(None, on, text=title, valueString=text, **more)


def report(conclusion: str, title: str = "Immunophänotypisierung Knochenmark", **more: Any) -> dict[str, Any]:
    made = {"status": "final", "code": {"text": title}, "effectiveDateTime": "2025-05-20", "conclusion": conclusion}
    return resource("DiagnosticReport", **{**made, **more})


def percentages(**shares: float | str) -> dict[str, Any]:
    """A panel with one component per marker, in percent of blasts."""
    parts = [
        {"code": {"text": name.replace("_", "-")}, "valueQuantity": {"value": value, "unit": "%"}}
        for name, value in shares.items()
    ]
    return observation("55230-7", component=parts)


def test_a_narrative_report_in_english() -> None:
    facts = read(
        report(
            "Viability 96 %.\nLymphoblasts comprise 78 % of events and express CD10 (bright), CD19, CD22 (dim), CD34, cytoplasmic"
            " CD79a, HLA-DR and TdT. They are negative for CD20, surface CD3, cytoplasmic CD3, CD33, MPO and surface"
            " immunoglobulin. Residual T cells (CD3+, CD5+) 8 %.",
            title="Flow cytometry, bone marrow",
        )
    )
    assert facts.value("lineage") == "B"
    assert facts.value("immunophenotype_subtype") == "common-B"
    assert [facts.value(name) for name in ("cd19", "cd20", "cd22")] == ["positive", "negative", "positive"]
    assert facts.value("marker_cCD3") == "negative"
    assert not facts["marker_CD5"].known
    assert facts["cd22"].provenance[0].note == "dim"


def test_a_narrative_report_in_german() -> None:
    facts = read(
        report(
            "85 % Blasten mit folgendem Immunphänotyp: CD19+, CD10+, CD20 partiell (ca. 30 %), CD22+, cyCD79a+, TdT+; negativ"
            " für CD13, CD33, cyCD3, MPO. Reife T-Zellen CD3+/CD5+ 6 %."
        )
    )
    assert (facts.value("lineage"), facts.value("cd20"), facts.value("cd20_percent_blasts")) == ("B", "positive", 30)
    assert facts.value("marker_CD13") == "negative"
    assert not facts["marker_CD3"].known


def test_markers_in_a_marrow_pathology_report() -> None:
    told = report(
        "Marrow with 90 % blasts. By flow cytometry the blasts are positive for CD19, CD22, CD34; negative for CD10, CD20."
        " TdT positive. CD3 positive T cells are scattered.",
        code=concept("33721-2", LOINC),
    )
    facts = read(told)
    assert (facts.value("immunophenotype_subtype"), facts.value("cd22")) == ("pro-B", "positive")
    assert not facts["marker_CD3"].known
    assert not read(report("CD34 stain: vessels CD34+.", code=concept("33721-2", LOINC)))["marker_CD34"].known


@pytest.mark.parametrize(
    "rows",
    [
        (("8124-0", "CD3 cells/100 cells in Blood"), ("8117-4", "CD19 cells/100 cells in Blood")),
        ((None, "CD3+ T-Lymphozyten"), (None, "CD19+ B-Zellen")),
        ((None, "Chimerism CD3, donor"), (None, "Spenderchimärismus CD19")),
        ((None, "CD3 absolute count"), (None, "CD19 absolute count")),
    ],
)
def test_counts_of_the_immune_system_are_not_of_the_blasts(rows: tuple[tuple[str | None, str], ...]) -> None:
    values = [observation(code, text=name, valueQuantity={"value": 80, "unit": "%"}) for code, name in rows]
    facts = read(*values)
    assert (facts["cd19"].value, facts["marker_CD3"].value, facts["lineage"].value) == (None, None, None)


def test_normal_cells_of_a_sample_without_leukemia_are_not_read() -> None:
    text = "No MRD detected (<0.01 %). B lymphoid precursors CD19+ CD10+ CD20 variable."
    assert not read(flow(text, title="MRD flow cytometry marrow"))["cd19"].known


def test_the_phenotype_of_residual_leukemia_is_read() -> None:
    facts = read(flow("MRD positive 0.3 %. LAIP: CD19+ CD10++ CD20- CD58+", title="MRD flow bone marrow"))
    assert (facts.value("cd19"), facts.value("cd20")) == ("positive", "negative")


def test_a_number_that_may_be_a_fraction_is_no_percentage() -> None:
    row = observation(None, text="CD19 expression on blasts", valueQuantity={"value": 0.98})
    assert not read(row)["cd19"].known


@pytest.mark.parametrize(
    ("text", "subtype"),
    [
        ("CD19+, CD10+, CD22+, TdT+", "common-B"),
        ("CD19+, CD10+, CD22+, cIgM+, sIg-", "pre-B"),
        ("CD19+, CD10-, CD22+, cIgM+", "pre-B"),
        ("CD19+, CD10-, cCD79a+, cCD22+, TdT+", "pro-B"),
        ("CD19+, CD10-, cCD79a+, cCD22+, TdT-", None),
        ("CD19+, CD22+", None),
        ("CD19+, CD20+, CD10+, kappa+, TdT-", "mature-B"),
        ("cCD3+, CD7+, CD1a-, CD2-, CD4-, CD8-", "pro-T"),
        ("cCD3+, CD7+, CD1a-, CD2+, CD4-, CD8-", "pre-T"),
        ("cCD3+, CD7+, CD1a+, CD2+, CD4+, CD8+, CD34-", "cortical-T"),
        ("cCD3+, sCD3+, CD7+, CD1a-, CD2+, CD4+, CD34-", "medullary-T"),
        ("cCD3+, sCD3+, CD7+, CD1a-, CD2+, CD34-", None),
        ("cCD3+, CD7+", None),
    ],
)
def test_subtypes_of_the_guideline(text: str, subtype: str | None) -> None:
    fact = read(flow(text))["immunophenotype_subtype"]
    assert (fact.value, fact.reason) == (subtype, None if subtype else Reason.NOT_DECIDED)


def test_a_subtype_does_not_age_and_is_that_of_the_diagnosis() -> None:
    later = flow("CD19-, CD10+, CD22+", on="2025-05-25")
    facts = read(flow("CD19+, CD10+, cIgM+", on="2023-05-01"), later)
    assert (facts.value("immunophenotype_subtype"), facts.value("lineage"), facts.value("cd19")) == (
        "pre-B",
        "B",
        "negative",
    )


@pytest.mark.parametrize(
    ("shares", "etp"),
    [
        ({"CD5": 74, "CD34": 25}, True),
        ({"CD5": 75, "CD34": 25}, False),
        ({"CD5": 74.9, "CD117": 25}, True),
        ({"CD5": 74, "CD34": 24}, None),  # the other stem and myeloid markers were not tested
        ({"CD5": 10, **dict.fromkeys(("CD34", "CD117", "HLA_DR", "CD13", "CD33", "CD11b", "CD65"), 24.9)}, False),
        ({"CD5": 10, **dict.fromkeys(("CD34", "CD117", "HLA_DR", "CD13", "CD33", "CD65"), 24.9), "CD11b": 25}, True),
        ({"CD34": 80}, None),
    ],
)
def test_early_t_cell_precursor_at_its_limits(shares: dict[str, float], etp: bool | None) -> None:
    facts = read(percentages(cCD3=95, CD7=98, CD1a=1, CD8=2, **shares))
    assert facts.value("lineage") == "T"
    assert facts.value("etp_phenotype") is etp


def test_early_t_cell_precursor_by_words() -> None:
    text = "cCD3+, CD7+, CD1a-, CD8-, CD5 weak (<75 %), CD34 positive (60 %), CD117+"
    facts = read(flow(text))
    assert (facts.value("etp_phenotype"), facts.value("immunophenotype_subtype")) == (True, "ETP")
    assert facts.value("cd5_percent") == Interval(0, 75, high_open=True)
    none = "cCD3+, CD7+, CD1a-, CD8-, CD5-, CD34-, CD117-, HLA-DR-, CD13-, CD33-, CD11b-, CD65-"
    assert read(flow(none)).value("etp_phenotype") is False
    assert read(flow("cCD3+, CD7+, CD1a-, CD8-, CD5-, CD34+")).value("etp_phenotype") is None  # on how many blasts?


@pytest.mark.parametrize(
    "text", ["CD19+, CD10+, CD79a+, MPO+ (35 %)", "cyCD3+, CD7+, CD19+, CD79a+, CD10+", "cyCD3+, CD7+, MPO+"]
)
def test_markers_of_two_lineages_ask_for_mixed_phenotype(text: str) -> None:
    fact = read(flow(text))["lineage"]
    assert (fact.value, fact.reason) == (None, Reason.CONFLICTING)
    assert "mixed phenotype" in (fact.detail or "")
    assert read(flow("CD19+, CD10+, CD13+, CD33+")).value("lineage") == "B"


def test_samples_of_different_lineage_contradict_each_other() -> None:
    facts = read(flow("CD19+, CD10+", on="2024-01-01"), flow("cCD3+, CD7+", on="2025-05-20"))
    assert facts["lineage"].reason is Reason.CONFLICTING


def test_cytoplasmic_cd22_says_nothing_of_the_surface() -> None:
    assert not read(flow("CD19+, cCD22+"))["cd22"].known
    assert read(flow("CD19+, sCD22+")).value("cd22") == "positive"
    assert read(flow("CD19+, cCD22+, sCD22-")).value("cd22") == "negative"


def test_a_target_lost_on_some_blasts_is_not_decided() -> None:
    fact = read(flow("CD10+, a CD19-negative subset (20 %) is present"))["cd19"]
    assert (fact.value, fact.reason) == (None, Reason.NOT_DECIDED)


@pytest.mark.parametrize(
    ("drug", "stale"), [("Rituximab", "cd20"), ("Inotuzumab ozogamicin", "cd22"), ("Blinatumomab", "cd19")]
)
def test_a_result_older_than_treatment_against_its_target_is_stale(drug: str, stale: str) -> None:
    facts = read(flow("CD19+, CD20+ (60 %), CD22+", on="2025-05-01"), administration(drug, "2025-05-10"))
    for name in ("cd19", "cd20", "cd22"):
        assert facts[name].reason is (Reason.STALE if name == stale else None)
    assert facts.value("lineage") == "B"
    again = flow("CD19-, CD20-, CD22-", on="2025-05-20")
    assert read(again, administration(drug, "2025-05-10")).value(stale) == "negative"
