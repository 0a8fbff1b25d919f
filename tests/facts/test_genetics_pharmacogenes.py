"""TPMT and NUDT15."""

from __future__ import annotations

import pytest

from service.facts.genetics import pharmacogenes
from service.facts.given import unknown_stated
from service.facts.model import Facts, Reason, Registry
from tests.facts.genetic_resources import component, gene, observation, transplant
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
    ],
)
def test_phenotypes(name, text, phenotype):
    assert pharmacogenes.phenotype_of(name, text) == phenotype


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


def test_blood_after_transplantation_is_the_donors():
    fact = read(transplant("2025-02-01"), observation("79713-4", "normal", "2025-03-01"))["tpmt"]
    assert fact.reason is Reason.NOT_DECIDED
    assert read(transplant("2025-02-01"), observation("79713-4", "normal", "2025-01-01")).value("tpmt") == "normal"


def test_without_result_and_without_record():
    assert read()["nudt15"].reason is Reason.RECORD_EMPTY
    assert Facts(AS_OF, Registry(pharmacogenes.PROVIDERS, unknown_stated))["tpmt"].reason is Reason.NOT_GIVEN
