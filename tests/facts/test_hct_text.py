"""Transplants in the words of clinics: none of these may end as "no record of one"."""

from __future__ import annotations

import pytest

from service.facts.course.hct_text import is_other_tissue, names_gvhd, only_around, transplant_in
from service.facts.model import Reason
from tests.facts.fhir import ICD, condition, procedure
from tests.facts.support import facts_of

ALL = condition("91857003", onsetDateTime="2020-01-15")
ALLOGENEIC = (
    "Haploidentical PBSCT", "MUD transplant", "Cord blood transplant", "Allo-PBSCT", "Stem cell infusion, allogeneic",
    "Fremdspendertransplantation", "Geschwisterspender-Transplantation", "10/10 MUD PBSCT", "alloSCT", "haplo-HSCT",
    "Transfusion von peripher gewonnenen hämatopoetischen Stammzellen, allogen", "Allogeneic HPC transplant",
    "Double umbilical cord blood infusion", "TRANSPLANT, BONE MARROW, ALLOGENEIC", "Stem Cell Txp - Allo",
    "Bone marrow transplant (matched sibling donor)", "Allogeneic HCT with myeloablative conditioning",
)  # fmt: skip
UNSPECIFIED = ("BMT", "aHSCT", "Stem cell transplant", "Periphere Blutstammzelltransplantation")
NONE = (
    "Renal transplant", "Living related donor kidney transplant", "Allogeneic bone graft", "Fecal microbiota transplant",
    "Bone marrow biopsy", "Allopurinol", "Platelet transfusion", "Packed red cells, allogeneic",
)  # fmt: skip


@pytest.mark.parametrize("text", ALLOGENEIC)
def test_allogeneic_transplants(text: str) -> None:
    assert facts_of(ALL, procedure(text=text, on="2024-01-02")).value("prior_allo_hct") is True
    assert facts_of(ALL, condition(text=f"History of {text}")).value("prior_allo_hct") is True


@pytest.mark.parametrize("text", UNSPECIFIED)
def test_transplants_of_a_kind_not_said(text: str) -> None:
    assert transplant_in(text) == "unspecified"
    fact = facts_of(ALL, procedure(text=text, on="2024-01-02"))["prior_allo_hct"]
    assert fact.reason is Reason.NOT_DECIDED


@pytest.mark.parametrize("text", NONE)
def test_other_things(text: str) -> None:
    assert facts_of(ALL, procedure(text=text, on="2024-01-02")).value("prior_allo_hct") is False


def test_autologous() -> None:
    for text in ("Autologous PBSCT", "Auto-SCT", "autologe Stammzelltransplantation"):
        assert transplant_in(text) == "autologous"
        assert facts_of(ALL, procedure(text=text, on="2024-01-02")).value("prior_allo_hct") is False


def test_denied_and_past() -> None:
    assert transplant_in("no prior stem cell transplant", told_later=True) is None
    assert transplant_in("Z.n. KMT 2019", told_later=True) == "unspecified"
    assert transplant_in("Z.n. KMT 2019") is None


def test_what_is_only_around_one() -> None:
    for text in ("Conditioning for allo-HCT", "Aufklärung vor alloSZT", "HLA typing", "Stem cell collection"):
        assert only_around(text), text
    assert not only_around("Allogene SZT vor 3 Jahren")
    assert only_around("Complication of stem cell transplant")
    assert not only_around("Complication of stem cell transplant", told_later=True)


def test_a_graft_of_something_else_beside_a_transplant() -> None:
    assert is_other_tissue("Kidney transplant")
    assert not is_other_tissue("Kidney transplant; allogeneic stem cell transplant")


@pytest.mark.parametrize(
    "trace",
    [
        condition("D89.813", ICD, "Graft-versus-host disease, unspecified"),
        condition(text="Chronic GVHD of the skin"),
        condition(text="Complication of stem cell transplant"),
        procedure(text="Donor lymphocyte infusion", on="2024-01-02"),
    ],
    ids=["coded", "words", "complication", "lymphocytes"],
)
def test_what_follows_a_transplant_leaves_open_whether_there_was_one(trace: dict[str, object]) -> None:
    assert facts_of(ALL, trace)["prior_allo_hct"].reason is Reason.NOT_DECIDED


def test_gvhd_denied() -> None:
    assert not names_gvhd("no GVHD")
    assert facts_of(ALL, condition(text="No evidence of GVHD")).value("prior_allo_hct") is False
