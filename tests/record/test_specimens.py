"""Specimens that come as resources: what a result is of, and when it was taken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.specimens import Specimens, specimen_words

MARROW = {"resourceType": "Specimen", "id": "s", "type": {"coding": [{"code": "119359002"}]}}


def joined(resource: dict[str, Any], *specimens: dict[str, Any], url: str | None = None) -> Any:
    known = Specimens()
    for specimen in specimens:
        known.add(url, specimen)
    return known.joined({"resourceType": "Observation"} | resource)


@pytest.mark.parametrize(
    "link",
    ["Specimen/s", "https://example.org/fhir/Specimen/s", "Specimen/s/_history/2", "urn:uuid:7"],
)
def test_referred_to(link: str) -> None:
    made = joined({"specimen": {"reference": link}}, MARROW, url="urn:uuid:7")
    assert made["specimen"] == [{"reference": link, "display": "bone marrow"}]


def test_contained() -> None:
    made = joined({"specimen": {"reference": "#s"}, "contained": [5, MARROW]})
    assert made["specimen"][0]["display"] == "bone marrow"


def test_an_own_display_and_an_unknown_reference_stay() -> None:
    own = {"specimen": {"reference": "Specimen/s", "display": "KM"}}
    assert joined(own, MARROW)["specimen"] == own["specimen"]
    lost = {"specimen": {"reference": "Specimen/other"}}
    assert joined(lost, MARROW)["specimen"] == lost["specimen"]


def test_time_of_collection_only_where_the_result_has_none() -> None:
    taken = MARROW | {"collection": {"collectedPeriod": {"start": "2025-05-01"}}}
    link = {"specimen": {"reference": "Specimen/s"}}
    assert joined(link, taken)["effectivePeriod"] == {"start": "2025-05-01"}
    dated = link | {"effectiveDateTime": "2025-05-09"}
    assert "effectivePeriod" not in joined(dated, taken)


def test_words_of_type_and_site() -> None:
    site = {"collection": {"bodySite": {"text": "Beckenkamm"}}}
    assert specimen_words({"type": {"text": "Aspirat"}} | site) == "Aspirat | Beckenkamm"
    assert specimen_words({"type": {"coding": [{"code": "CSF"}]}}) == "cerebrospinal fluid"
    assert specimen_words({}) == ""


ODD = st.recursive(
    st.none() | st.integers() | st.sampled_from(["Specimen/s", "#s", ""]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["reference", "display", "type", "id", "collection"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(ODD, ODD, ODD)
def test_any_shape_is_joined_without_raising(link: Any, contained: Any, specimen: Any) -> None:
    odd = MARROW | {"type": specimen, "collection": specimen}
    made = joined({"specimen": link, "contained": contained}, odd, MARROW)
    assert made["resourceType"] == "Observation"
