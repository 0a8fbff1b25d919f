"""TPMT and NUDT15."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.genetics import alleles, pharmacogenes
from service.facts.given import unknown_stated
from service.facts.model import Facts, Reason, Registry
from tests.facts.genetic_resources import component, gene, observation, report, transplant
from tests.facts.support import AS_OF, facts_of


@pytest.mark.parametrize(
    ("name", "text", "phenotype"),
    [
        ("TPMT", "*1/*1", "normal"),
        ("TPMT", "*1/*3A", "intermediate"),
        ("TPMT", "TPMT *3a|*3c", "poor"),
        ("TPMT", "*1/*8", "indeterminate"),
        ("NUDT15", "*1/*3", "intermediate"),
        ("NUDT15", "*2/*3", "poor"),
        ("NUDT15", "*1/*5", "indeterminate"),
        ("TPMT", "Normal metabolizer", "normal"),
        ("TPMT", "possible intermediate metabolizer", "indeterminate"),
        ("TPMT", "heterozygous deficient", "intermediate"),
        ("TPMT", "poor metaboliser", "poor"),
        ("TPMT", "12 U/mL", None),
        ("TPMT", "TPMT*1/TPMT*3A", "intermediate"),
        ("TPMT", "*1/*3A or *3B/*3C", "indeterminate"),
        ("TPMT", "heterozygous for *3A", "intermediate"),
        ("TPMT", "*3C homozygot", "poor"),
        ("TPMT", "*2/*3A/*3C not detected", "normal"),
        ("TPMT", "*2, *3A, *3B, *3C: not detected", "normal"),
        ("TPMT", "keine der Varianten *2, *3A, *3C nachweisbar", "normal"),
        ("TPMT", "*3C not detected, *2 heterozygous", "intermediate"),
        ("TPMT", "poor metabolizer; reduced starting dose, unlike normal metabolizers", "poor"),
        ("TPMT", "Intermediate metabolizer, compared with normal metabolizers", "intermediate"),
        ("TPMT", "*1/*1, poor metabolizer", None),
        ("TPMT", "*1/*3A, possible intermediate metabolizer", "indeterminate"),
        ("TPMT", "homozygot defizient", "poor"),
        ("TPMT", "heterozygot defizient", "intermediate"),
        ("TPMT", "compound heterozygot", "poor"),
        ("TPMT", "Normalaktivität", "normal"),
        ("TPMT", "verminderte Aktivität", "intermediate"),
        ("TPMT", "stark verminderte Aktivität", "poor"),
        ("TPMT", "keine TPMT-Aktivität nachweisbar", "poor"),
        ("TPMT", "kein Hinweis auf TPMT-Defizienz", "normal"),
        ("TPMT", "kein TPMT-Mangel", "normal"),
        ("TPMT", "heterozygous for c.719A>G. No other variant detected.", "intermediate"),
        ("TPMT", "homozygous wild type, no variant", "normal"),
        ("TPMT", "low activity", None),
        ("TPMT", "drawn at 3 PM", None),
        ("TPMT", "IM", "intermediate"),
        ("TPMT", "rs1142345: A/G; rs1800460: G/G", "intermediate"),
        ("TPMT", "rs1142345 T/C; rs1800460 C/T", "intermediate"),
        ("TPMT", "rs1142345 AG, rs1800460 GA, rs1800462 GG", "intermediate"),
        ("TPMT", "rs1800460: A/A; rs1142345: G/G", "poor"),
        ("TPMT", "rs1142345: A/A; rs1800460: G/G", "normal"),
        ("TPMT", "rs1142345: A/A", None),
        ("TPMT", "rs1800462 C/C", None),
        ("TPMT", "rs1800462 G/C; rs1142345 A/G", "indeterminate"),
        ("TPMT", "rs1142345 (c.719A>G) heterozygous", "intermediate"),
        ("NUDT15", "rs116855232 C/T", "intermediate"),
        ("NUDT15", "rs116855232: TT", "poor"),
        ("NUDT15", "rs116855232 CC", "normal"),
        ("NUDT15", "*1/*6", "indeterminate"),
        ("NUDT15", "*1/*4", "indeterminate"),
        ("NUDT15", "c.415C>T heterozygot", "intermediate"),
    ],
)
def test_phenotypes(name, text, phenotype):
    assert alleles.phenotype_of(name, text) == phenotype


def read(*resources):
    return facts_of(*resources, providers=pharmacogenes.PROVIDERS)


@pytest.mark.parametrize(
    ("resource", "tpmt", "nudt15"),
    [
        (observation("79713-4", "Intermediate metabolizer"), "intermediate", None),
        (observation("93193-1", "TPMT *1/*1, NUDT15 *1/*3"), "normal", "intermediate"),
        (observation("93193-1", "NUDT15 *2/*3; TPMT *1/*1"), "normal", "poor"),
        (observation("53040-2", "poor metabolizer", component=[gene("HGNC:12014")]), "poor", None),
        (observation("53040-2", "poor metabolizer", component=[gene("23063")]), None, "poor"),
        (observation("93193-1", component=[{"code": {"text": "TPMT"}, "valueString": "*1/*3C"}]), "intermediate", None),
        (observation("93193-1", "NUDT15 *1/*1"), None, "normal"),
        (observation("93193-1", "TPMT: *1/*1. NUDT15: *1/*3. TPMT: normal metabolizer."), "normal", "intermediate"),
        (observation("84413-4", "TPMT *1/*3A"), "intermediate", None),
        (observation("84413-4", "*1/*3A", component=[gene("HGNC:12014")]), "intermediate", None),
        (
            observation("69548-6", component=[gene("HGNC:23063"), component("48005-3", valueString="*1/*3")]),
            None,
            "intermediate",
        ),
        (observation(None, "heterozygot", text="Thiopurin-S-Methyltransferase Genotyp"), "intermediate", None),
        (report("TPMT *3A/*3C: poor metabolizer", text="TPMT genotyping"), "poor", None),
        (observation("69548-6", "present", component=[gene("HGNC:76")]), None, None),
        (observation("69548-6", component=[component("48005-3", valueString="x")]), None, None),
    ],
)
def test_results_of_a_record(resource, tpmt, nudt15):
    facts = read(resource)
    assert (facts.value("tpmt"), facts.value("nudt15")) == (tpmt, nudt15)


def test_activity_without_interpretation_is_unreadable():
    assert read(observation("21563-2", "12 U/mL"))["tpmt"].reason is Reason.UNREADABLE
    newer = observation("21563-2", "12 U/mL", "2025-03-01")
    assert read(newer, observation("79713-4", "normal")).value("tpmt") == "normal"


U, LIMITS = "U/mL", [{"low": {"value": 24}, "high": {"value": 44}}]
NAMED = [
    {"text": "normal", "low": {"value": 24}, "high": {"value": 44}},
    {"text": "intermediate", "low": {"value": 14}, "high": {"value": 23.9}},
    {"text": "deficient", "high": {"value": 13.9}},
]


@pytest.mark.parametrize(
    ("value", "more", "phenotype"),
    [
        (30, {"referenceRange": LIMITS}, "normal"),
        (24, {"referenceRange": LIMITS}, "normal"),
        (60, {"referenceRange": LIMITS}, "normal"),
        (23.9, {"referenceRange": LIMITS}, None),
        (24, {"referenceRange": NAMED}, "normal"),
        (14, {"referenceRange": NAMED}, "intermediate"),
        (5, {"referenceRange": NAMED}, "poor"),
        (12, {"interpretation": [{"coding": [{"code": "L"}]}]}, None),
        (30, {"interpretation": [{"coding": [{"code": "N"}]}]}, "normal"),
        (5, {"interpretation": [{"text": "deficient"}]}, "poor"),
        (30, {"referenceRange": LIMITS, "note": [{"text": "Transfusion of red cells last week"}]}, None),
        (30, {"referenceRange": LIMITS, "note": [{"text": "no recent transfusion"}]}, "normal"),
        (30, {"referenceRange": "24-44"}, None),
        (30, {}, None),
    ],
)
def test_enzyme_activity_against_the_laboratorys_own_ranges(value, more, phenotype):
    fact = read(observation("21563-2", {"value": value, "unit": U}, **more))["tpmt"]
    assert fact.value == phenotype
    assert fact.known or fact.reason in (Reason.NOT_DECIDED, Reason.UNREADABLE)


def test_an_activity_below_the_range_says_what_it_leaves_open():
    fact = read(observation("21563-2", {"value": 12, "unit": U}, referenceRange=LIMITS))["tpmt"]
    assert fact.reason is Reason.NOT_DECIDED
    assert "intermediate or a poor" in (fact.detail or "")


@given(st.text(max_size=120))
def test_any_text_is_read_without_raising(text):
    assert alleles.phenotype_of("TPMT", text) in (None, "normal", "intermediate", "poor", "indeterminate")


def test_blood_after_transplantation_is_the_donors():
    fact = read(transplant("2025-02-01"), observation("79713-4", "normal", "2025-03-01"))["tpmt"]
    assert fact.reason is Reason.NOT_DECIDED
    assert read(transplant("2025-02-01"), observation("79713-4", "normal", "2025-01-01")).value("tpmt") == "normal"


def test_without_result_and_without_record():
    assert read()["nudt15"].reason is Reason.RECORD_EMPTY
    assert Facts(AS_OF, Registry(pharmacogenes.PROVIDERS, unknown_stated))["tpmt"].reason is Reason.NOT_GIVEN
