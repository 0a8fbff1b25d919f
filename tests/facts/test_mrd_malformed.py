"""Misshapen MRD resources give reasons, never exceptions."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.cns import status as cns
from service.facts.labs import counts as labs
from service.facts.model import Facts
from service.facts.mrd import PROVIDERS
from service.facts.mrd.values import read_mrd_text
from service.facts.response import response
from tests.facts.mrd_resources import LOINC, SCT, condition, mrd, read, transcript
from tests.facts.support import facts_of


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
    assert [list(provider.run(bare)) for provider in PROVIDERS] == [[] for _ in PROVIDERS]


@pytest.mark.parametrize("text", ["CD19 " * 2000, " " * 9000, "1 000 " * 800])
def test_long_texts_are_read_in_a_time_that_grows_with_their_length(text: str) -> None:
    started = time.process_time()
    read_mrd_text(text)
    assert time.process_time() - started < 5
