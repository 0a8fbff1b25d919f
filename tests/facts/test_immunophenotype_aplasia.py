"""B-cell aplasia: normal B cells of the blood, in words and numbers."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.immunophenotype.aplasia import PROVIDERS
from service.facts.model import Facts, Reason
from tests.facts.fhir import condition, observation
from tests.facts.support import facts_of


def read(*resources: dict[str, Any]) -> Facts:
    return facts_of(*resources, providers=PROVIDERS)


def share(value: float, unit: str = "%", code: str = "8117-4", **more: Any) -> dict[str, Any]:
    return observation(code, valueQuantity={"value": value, "unit": unit} | more)


@pytest.mark.parametrize(
    ("resource", "aplasia"),
    [
        (share(0.2), True),
        (share(0), True),
        (share(1, comparator="<"), True),
        (share(1), None),
        (share(2.9), None),
        (share(3), False),
        (share(0, "/uL", "8116-6"), True),
        (share(1, "/uL", "8116-6", comparator="<"), True),
        (share(1, "/uL", "8116-6"), None),
        (share(99, "/uL", "8116-6"), None),
        (share(100, "/uL", "8116-6"), False),
        (share(0.2, "10*9/L", "8116-6"), False),
        (observation(None, text="CD19+ B-Zellen", valueQuantity={"value": 0.1, "unit": "%"}), True),
        (condition(None, text="B-cell aplasia after CAR T cells", onsetDateTime="2025-05-01"), True),
        (observation(None, text="B-Zell-Aplasie", valueString="keine B-Zell-Aplasie"), True),
        (share(5, "mg/dL"), None),
    ],
)
def test_words_and_numbers(resource: dict[str, Any], aplasia: bool | None) -> None:
    assert read(resource).value("b_cell_aplasia") is aplasia


def test_what_is_not_known_says_why() -> None:
    assert read()["b_cell_aplasia"].reason is Reason.RECORD_EMPTY
    assert read(share(2))["b_cell_aplasia"].reason is Reason.NOT_DECIDED
    assert read(share(0) | {"effectiveDateTime": "2024-05-20"})["b_cell_aplasia"].reason is Reason.STALE


def test_the_newest_count_decides() -> None:
    older = share(0) | {"effectiveDateTime": "2025-05-01"}
    assert read(older, share(8)).value("b_cell_aplasia") is False


def test_blasts_that_lost_cd19_are_no_aplasia() -> None:
    row = observation(None, text="CD19 expression on blasts", valueQuantity={"value": 0, "unit": "%"})
    assert read(row)["b_cell_aplasia"].reason is Reason.RECORD_EMPTY
