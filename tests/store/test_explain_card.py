"""``allcue explain UUID``: how a card came about, and nothing of the patient."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fhir_examples.request import day_of, request_of
from service.bundles import invocation_of
from service.cli import main
from service.hooks.ports import FeedbackItem
from service.kept import Kept, open_store
from service.settings import Settings
from service.store.database import Database
from service.store.feedback import FeedbackStore
from service.store.traces import Traces
from service.wiring import Clinic, build_clinic
from tests.store.support import REASON, item, trace
from tests.test_examples import bundle

PATIENT = "relapsed-ph-positive-t315i"
CARD = "0b7c1f66-3d4e-5a5b-9a57-0c9a41f4f001"
SECRET = "not a secret: only for tests, 32+"


def run(url: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words], env={"ALLCUE_DATABASE_URL": url, "ALLCUE_TRACE_DAYS": "30"})


@pytest.fixture(scope="module")
def content() -> Clinic:
    return build_clinic()


@pytest.fixture
def kept(database: Database, url: str) -> Iterator[Kept]:
    made = open_store(Settings(database_url=url, site_secret=SECRET))
    yield made
    made.writer.close()
    made.database.close()


def shown(content: Clinic, kept: Kept) -> list[dict[str, Any]]:
    invocation = invocation_of(request_of(bundle(PATIENT), PATIENT), day_of(PATIENT))
    answer = content.answer(invocation)
    kept.memory.remember(invocation, day_of(PATIENT), answer, content.engine)
    assert kept.writer.flush(20)
    return list(answer.cards)


def test_it_tells_how_each_card_came_about(content: Clinic, kept: Kept, url: str) -> None:
    cards = shown(content, kept)
    options, missing = cards[0], cards[-1]
    kept.feedback.record("view", "", [FeedbackItem(options["uuid"], "overridden", datetime.now(UTC), reason=REASON)])
    done = run(url, options["uuid"], "--json")
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.output)
    assert (told["card"], told["hook"], told["as_of"]) == (options["uuid"], "patient-view", str(day_of(PATIENT)))
    assert told["content"] == content.engine.content.digest
    assert told["content_is_todays"]
    assert told["feedback"][0]["reason"] == "|".join(REASON)
    assert told["silent_until"] > told["shown"]
    offered = told["rules"][0]
    assert offered["verdict"] == "applies"
    assert offered["title"]
    assert offered["source"]
    facts = {fact["name"]: fact for fact in told["facts"]}
    assert {"type": "Condition", "date": facts["disease_state"]["sources"][0]["date"]} in facts["disease_state"][
        "sources"
    ]
    (about_gaps,) = json.loads(run(url, missing["uuid"], "--json").output)
    assert any(rule["verdict"] == "cannot_tell" and rule["missing"] for rule in about_gaps["rules"])
    assert any("unknown" in fact for fact in about_gaps["facts"])


def test_in_words(content: Clinic, kept: Kept, url: str) -> None:
    card = shown(content, kept)[0]
    said = run(url, card["uuid"]).output
    assert f"Card {card['uuid']} (info)" in said
    assert ": applies" in said
    assert "NCCN adult 2.2025" in said
    assert "feedback  none" in said


def test_no_values_and_no_ids_of_the_patient(content: Clinic, kept: Kept, url: str) -> None:
    told = " ".join(run(url, card["uuid"], "--json").output for card in shown(content, kept))
    resources = [entry["resource"] for entry in bundle(PATIENT)["entry"]]
    patient = next(row for row in resources if row["resourceType"] == "Patient")
    values = [str(row["valueQuantity"]["value"]) for row in resources if "valueQuantity" in row]
    words = [row["valueString"] for row in resources if "valueString" in row]
    assert patient["birthDate"] not in told
    assert not [row["id"] for row in resources if re.search(rf"\b{re.escape(row['id'])}\b", told)]
    assert not [text for text in words if text in told]
    assert not [value for value in values if f'"{value}"' in told or f": {value}," in told]


def test_unknown_cards_say_so(database: Database, url: str) -> None:
    for name in (CARD, str(uuid.uuid4())):
        done = run(url, name)
        assert done.exit_code == 1
        assert f"No trace of card {name}" in done.output
        assert "ALLCUE_TRACE_DAYS=30" in done.output
    FeedbackStore(database).record("view", "ehr", [item(CARD)])
    assert "feedback on it: 1 entry" in run(url, CARD).output


def test_what_has_run_out_is_not_told_though_it_is_not_deleted_yet(database: Database, url: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    Traces(database).save([trace(CARD)], now - 31 * 86400)
    assert run(url, CARD).exit_code == 1
    Traces(database).save([trace(CARD)], now - 29 * 86400)
    assert run(url, CARD).exit_code == 0


def test_held_back_advice_is_no_card(database: Database, url: str) -> None:
    Traces(database).save([trace(CARD, held_back=True)], int(datetime.now(UTC).timestamp()))
    assert run(url, CARD).exit_code == 1


def test_traces_of_versions_that_kept_no_decision(database: Database, url: str) -> None:
    Traces(database).save([trace(CARD), trace(CARD, client="another")], int(datetime.now(UTC).timestamp()))
    said = run(url, CARD.upper()).output
    assert said.count(f"Card {CARD}") == 2
    assert "rule-a: verdict not kept" in said
    assert "not in today's content" in said
    assert "not kept by the version that showed it" in said


@pytest.mark.parametrize("name", ["", "card-1", "../../etc/passwd", "x" * 300])
def test_what_is_no_uuid(name: str, url: str) -> None:
    done = run(url, name)
    assert done.exit_code == 1
    assert "is no uuid" in done.output
