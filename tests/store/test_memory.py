"""From a card to its override and back: what is silenced, for how long, and what never is."""

from __future__ import annotations

import copy
import json
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from fhir_examples.request import day_of, request_of
from service.advice.reasons import JUSTIFYING
from service.ahead import Ahead
from service.bundles import invocation_of
from service.hooks.ports import FeedbackItem
from service.kept import Kept, open_store
from service.memory import Memory
from service.settings import Settings, SettingsError
from service.store.database import Database
from service.store.schema import upgrade
from service.store.secret import Pseudonyms
from service.store.tables import METADATA
from service.store.traces import Traces
from service.wiring import Clinic, build_clinic
from tests.store.support import REASON
from tests.test_examples import bundle

Raw = dict[str, Any]
PATIENT = "relapsed-ph-positive-t315i"
TODAY = date(2026, 3, 2)
SECRET = "not a secret: only for tests, 32+"


@pytest.fixture
def kept(database: Database, url: str) -> Iterator[Kept]:
    made = open_store(Settings(database_url=url, site_secret=SECRET))
    yield made
    made.writer.close()
    made.database.close()


@pytest.fixture(scope="module")
def forgetful() -> Clinic:
    """The content is loaded once."""
    return build_clinic()


@pytest.fixture
def clinic(forgetful: Clinic, kept: Kept) -> Clinic:
    return replace(forgetful, memory=kept.memory, ahead=Ahead())


def ask(clinic: Clinic, told: Raw | None = None, later: int = 0, hook: str = "patient-view", **context: Any) -> Any:
    """The cards for the patient some days later, each call with an id of its own."""
    request = request_of(told or bundle(PATIENT), f"{PATIENT}/{later}", hook, context)
    invocation = invocation_of(request, day_of(PATIENT) + timedelta(days=later))
    return list(clinic.decide(invocation)["cards"])


def override(kept: Kept, card: Raw, reason: tuple[str, str] = REASON) -> None:
    assert kept.writer.flush(20)
    item = FeedbackItem(card["uuid"], "overridden", datetime.now(UTC), reason=reason)
    assert kept.feedback.record("allcue-patient-view", "", [item]).unknown == 0


def summaries(cards: list[Raw]) -> list[str]:
    return [card["summary"] for card in cards]


def test_every_card_has_a_trace(clinic: Clinic, kept: Kept) -> None:
    cards = ask(clinic)
    assert kept.writer.flush(20)
    for card in cards:
        (trace,) = Traces(kept.database).of(card["uuid"])
        assert trace.rules
        assert trace.content == clinic.engine.content.digest
        assert (trace.hook, trace.service, trace.as_of) == ("patient-view", "allcue-patient-view", day_of(PATIENT))
        assert trace.indicator == card["indicator"]


def test_an_override_silences_this_advice_for_this_patient(clinic: Clinic, kept: Kept) -> None:
    cards = ask(clinic)
    override(kept, cards[0])
    again = summaries(ask(clinic, later=1))
    assert cards[0]["summary"] not in again
    assert set(summaries(cards[1:])) <= set(again)
    other = copy.deepcopy(bundle(PATIENT))
    patient = next(entry["resource"] for entry in other["entry"] if entry["resource"]["resourceType"] == "Patient")
    moved = [{"resource": _of(entry["resource"], patient["id"], "another")} for entry in other["entry"]]
    assert cards[0]["summary"] in summaries(ask(clinic, {**other, "entry": moved}))


def _of(resource: Raw, old: str, new: str) -> Raw:
    return dict(
        json.loads(json.dumps(resource).replace(f'"Patient/{old}"', f'"Patient/{new}"').replace(f'"{old}"', f'"{new}"'))
    )


def test_it_speaks_again_when_a_fact_changes(clinic: Clinic, kept: Kept) -> None:
    cards = ask(clinic)
    override(kept, cards[0])
    told = copy.deepcopy(bundle(PATIENT))
    blasts = [e["resource"] for e in told["entry"] if "valueQuantity" in e["resource"]]
    for row in blasts:
        row["valueQuantity"]["value"] += 1
    changed = ask(clinic, told)
    assert (
        cards[0]["summary"] in summaries(changed)
        or changed[0]["summary"].partition(":")[0] == cards[0]["summary"].partition(":")[0]
    )


def test_it_speaks_again_after_some_days(clinic: Clinic, kept: Kept) -> None:
    cards = ask(clinic)
    override(kept, cards[0])
    with kept.database.transaction() as connection:
        connection.execute(text("UPDATE suppressions SET until = 1"))
    assert summaries(ask(clinic)) == summaries(cards)


def test_disagreement_silences_nothing(clinic: Clinic, kept: Kept) -> None:
    cards = ask(clinic)
    reason = (REASON[0], "recipient-disagrees-evidence")
    assert reason not in JUSTIFYING
    override(kept, cards[0], reason)
    assert summaries(ask(clinic)) == summaries(cards)


def drafts(drug: str) -> Raw:
    order = {"resourceType": "MedicationRequest", "id": "d1", "status": "draft", "intent": "order",
             "subject": {"reference": "Patient/ph-positive-t315i"},
             "medicationCodeableConcept": {"text": drug}}  # fmt: skip
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}


def test_what_should_stop_an_order_is_never_silenced(clinic: Clinic, kept: Kept) -> None:
    orders = drafts("vincristine 2 mg intrathecal")
    cards = ask(clinic, hook="order-sign", draftOrders=orders)
    critical = [card for card in cards if card["indicator"] == "critical"]
    assert critical
    override(kept, critical[0], next(iter(JUSTIFYING)))
    assert critical[0]["summary"] in summaries(ask(clinic, later=0, hook="order-sign", draftOrders=orders))
    (trace,) = Traces(kept.database).of(critical[0]["uuid"])
    assert trace.basis is None


def test_warnings_about_orders_are_silenced_also_with_what_was_worked_out_before(clinic: Clinic, kept: Kept) -> None:
    orders = drafts("mercaptopurine")
    cards = ask(clinic, hook="order-select", draftOrders=orders, selections=["MedicationRequest/d1"])
    warned = next(card for card in cards if card["indicator"] != "critical")
    override(kept, warned)
    again = ask(clinic, hook="order-select", draftOrders=orders, selections=["MedicationRequest/d1"])
    assert warned["summary"] not in summaries(again)
    assert len(again) == len(cards) - 1
    assert not any(card["summary"] == warned["summary"] for card in ask(clinic, hook="order-sign", draftOrders=orders))
    other = drafts("nelarabine")  # under the same id
    assert ask(clinic, hook="order-select", draftOrders=other, selections=["MedicationRequest/d1"])


def test_without_a_secret_no_patient_is_told_from_another(forgetful: Clinic, database: Database, url: str) -> None:
    made = open_store(Settings(database_url=url))
    clinic = replace(forgetful, memory=made.memory)
    cards = ask(clinic)
    override(made, cards[0])
    assert summaries(ask(clinic)) == summaries(cards)
    assert Traces(made.database).of(cards[0]["uuid"])[0].patient is None
    made.writer.close()
    made.database.close()


def test_nothing_of_the_patient_is_stored(clinic: Clinic, kept: Kept) -> None:
    told = bundle(PATIENT)
    override(kept, ask(clinic)[0])
    patient = next(entry["resource"] for entry in told["entry"] if entry["resource"]["resourceType"] == "Patient")
    with kept.database.reading() as connection:
        stored = " ".join(
            str(value) for table in METADATA.sorted_tables for row in connection.execute(select(table)) for value in row
        )
    assert cards_were_stored(stored)
    forbidden = [patient["id"], patient["birthDate"], *(e["resource"]["id"] for e in told["entry"])]
    assert not [word for word in forbidden if word in stored]


def cards_were_stored(stored: str) -> bool:
    return "allcue-patient-view" in stored


def test_advice_goes_on_without_the_database(clinic: Clinic, kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    cards = ask(clinic)
    assert kept.writer.flush(20)
    for table in ("traces", "suppressions"):
        with kept.database.transaction() as connection:
            connection.execute(text(f"DROP TABLE {table}"))
    with caplog.at_level(logging.ERROR, "allcue.store"):
        assert summaries(ask(clinic)) == summaries(cards)
    assert "nothing is silenced" in caplog.text
    assert "ph-positive" not in caplog.text


def test_a_fault_of_the_memory_costs_no_advice(forgetful: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def remember(self, traces: object) -> None:
            raise ValueError("patient p1")

    clinic = replace(forgetful, memory=Memory(Broken(), None, Pseudonyms(SECRET)))
    with caplog.at_level(logging.ERROR, "allcue.store"):
        assert ask(clinic)
    assert "unexpected ValueError" in caplog.text
    assert "p1" not in caplog.text


def test_a_database_that_is_away_is_asked_again_only_after_a_rest() -> None:
    class Away:
        asked = 0

        def of(self, client: str, patient: str) -> dict[str, str]:
            self.asked += 1
            raise OSError

    class Deaf:
        def remember(self, traces: object) -> None: ...

    away, clock = Away(), [0.0]
    memory = Memory(Deaf(), away, Pseudonyms(SECRET), lambda: clock[0])  # type: ignore[arg-type]
    invocation = invocation_of(request_of(bundle(PATIENT), PATIENT), day_of(PATIENT))
    for _ in range(3):
        assert memory.silenced(invocation, TODAY, "c0ffee") is None
    assert away.asked == 1
    clock[0] = 31.0
    memory.silenced(invocation, TODAY, "c0ffee")
    assert away.asked == 2


def test_tables_that_are_too_old_are_refused_and_a_database_that_is_away_is_not(
    empty: Database, url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if empty.is_sqlite:
        open_store(Settings(database_url=url)).database.close()  # a file is brought up to date
    else:
        with pytest.raises(SettingsError, match="allcue db upgrade"):
            open_store(Settings(database_url=url))
    with caplog.at_level(logging.ERROR, "allcue.store"):
        open_store(Settings(database_url="postgresql://u:secret@127.0.0.1:9/d"))
    assert "feedback is refused" in caplog.text
    assert "secret" not in caplog.text
    file = tmp_path / "locked.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    open_store(Settings(database_url=f"sqlite:///{file}")).database.close()
    other.close()
    database.close()
