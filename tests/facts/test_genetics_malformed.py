"""Genetic readers against misshapen resources: whatever stands where something else belongs, nothing is raised."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from service.facts.genetics import abl1_tests, pharmacogenes
from service.facts.genetics import reader as genetics
from service.facts.immunophenotype import reader as immunophenotype
from service.facts.karyotype import reader
from service.facts.vocabulary import VOCABULARY
from tests.facts.genetic_resources import (
    LOINC,
    component,
    concept,
    condition,
    drug,
    gene,
    observation,
    report,
    transplant,
)
from tests.facts.support import facts_of

PROVIDERS = (
    *reader.PROVIDERS,
    *genetics.PROVIDERS,
    *abl1_tests.PROVIDERS,
    *pharmacogenes.PROVIDERS,
    *immunophenotype.PROVIDERS,
)
ODD: tuple[Any, ...] = (
    None,
    "",
    "x",
    7,
    -1.5,
    True,
    [],
    {},
    [None],
    [[]],
    [{}],
    {"coding": "x"},
    {"value": "1,5"},
    {"text": 3},
)
RESOURCES = (
    condition(text="Ph+ ALL"),
    observation("33893-9", {"text": "46,XX,t(9;22)(q34;q11)[9]/46,XX.nuc ish(BCRx2)"}, note=[{"text": "47,XX,+8"}]),
    observation(
        "69548-6",
        concept(LOINC, "LA9633-4"),
        component=[
            gene("76"),
            component("48005-3", valueString="p.T315I"),
            component("95123-6", valueString="BCR::ABL1"),
        ],
    ),
    observation("51124-6", {"value": 85, "unit": "%"}, interpretation=[{"text": "positive"}]),
    observation("46434-7", {"value": 1.5, "unit": "%"}),
    observation("79713-4", "TPMT *1/*3A"),
    report(
        "BCR::ABL1 negative. CD19+. ABL1 T315I", contained=[{"resourceType": "Observation", "valueString": "46,XX[20]"}]
    ),
)
TREATMENT = (transplant("2025-03-01"), drug("blinatumomab", "1597258", "2025-02-01"))


def _mutations(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in items:
        for odd in ODD:
            yield (*path, key), odd
        yield from _mutations(inner, (*path, key))


def _changed(resource: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    found = copy.deepcopy(resource)
    node: Any = found
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = odd
    return found


@pytest.mark.parametrize("resource", RESOURCES, ids=[f"{n}-{r['resourceType']}" for n, r in enumerate(RESOURCES)])
def test_no_misshapen_resource_raises(resource):
    names = sorted({name for provider in PROVIDERS for name in provider.provides})
    others = [other for other in RESOURCES if other is not resource]
    for path, odd in _mutations(resource):
        facts = facts_of(_changed(resource, path, odd), *others[:2], *TREATMENT, providers=PROVIDERS)
        for name in names:
            assert facts[name].known or facts[name].reason is not None


def test_every_fact_is_in_the_vocabulary_and_its_values_are_allowed():
    facts = facts_of(*RESOURCES, *TREATMENT, providers=PROVIDERS)
    for name in sorted({name for provider in PROVIDERS for name in provider.provides}):
        kind = VOCABULARY.lookup(name)
        value = facts.value(name)
        assert kind.name == name
        if isinstance(value, str) and kind.values:
            assert kind.canonical(value) == value
