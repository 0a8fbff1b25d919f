"""Orders in an EHR: chosen, warned of, changed by a suggestion, signed again, dispatched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_examples.request import day_of
from tests.ehr.client import Ehr
from tests.ehr.conftest import DAY, Clinic
from tests.ehr.drafts import CardError, Drafts, reference
from tests.test_order_examples import NAMES, ORDERS, story, told

Raw = dict[str, Any]
WITH_SUGGESTIONS = [
    name
    for name in NAMES
    if day_of(story(name)["patient"]).isoformat() == DAY
    and not story(name).get("region")
    and any(
        one.get("suggests") for hook in story(name)["expect"].values() if isinstance(hook, list) for one in hook
    )
]  # fmt: skip


def drafts_of(clinic: Clinic, name: str) -> Drafts:
    """The draft orders of an example of ``fhir_examples/orders``, for a new patient of its story."""
    about = story(name)
    more = ORDERS / f"{name}.record.json"
    patient = clinic.admit(about["patient"], told(more)["entry"] if more.is_file() else None)
    rows = [entry["resource"] for entry in told(Path(ORDERS / f"{name}.json"))["entry"]]
    old = next(found["reference"] for row in rows for found in (row.get("subject"), row.get("for")) if found)
    text = json.dumps(rows).replace(f'"{old}"', f'"Patient/{patient}"')
    return Drafts(patient, *json.loads(text))


@pytest.mark.parametrize("name", WITH_SUGGESTIONS)
def test_a_suggestion_that_is_applied_settles_its_card(name: str, clinic: Clinic) -> None:
    """Each suggestion alone: it can be applied as the specification says, and the card does not come again."""
    start = drafts_of(clinic, name)
    for hook in ("order-select", "order-sign"):

        def ask(drafts: Drafts, hook: str = hook) -> list[Raw]:
            return clinic.ehr.sign(drafts) if hook == "order-sign" else clinic.ehr.select(drafts, drafts.orders)

        for card in ask(start):
            for suggestion in card.get("suggestions", ()):
                drafts = Drafts(start.patient, *start.orders.values())
                drafts.take(card, suggestion)
                assert drafts.orders != start.orders
                again = [one["summary"] for one in ask(drafts)] if drafts.orders else []
                assert card["summary"] not in again, suggestion["label"]
