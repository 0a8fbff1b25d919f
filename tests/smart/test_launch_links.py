"""Cards link to the app where it is registered, and what the app shows of a card is this patient's."""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from typing import Any

import pytest
from flask import Flask

from fhir_examples.request import day_of
from service.app import create_app
from service.companion import KeptTraces
from service.kept import Kept, open_store
from service.launches import LABEL
from service.settings import Settings
from service.smart.launch.registrations import Registered as Server
from service.smart.launch.registrations import Registration, Registrations
from service.smart.session import Opened
from tests.apps import client_of
from tests.smart.conftest import Registered
from tests.smart.launching import BASE, RELAPSED, SECRET, Browser, admit
from tests.test_hooks import request

NO_STORE = {"database_url": "", "as_of": day_of(RELAPSED)}


def cards_of(app: Flask, **more: str) -> list[dict[str, Any]]:
    answer = app.test_client().post("/cds-services/allcue-patient-view", json=request(RELAPSED, "patient-view"), **more)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["cards"]
    assert found
    return found


def smart_links(card: dict[str, Any]) -> list[dict[str, str]]:
    return [link for link in card.get("links", ()) if link["type"] == "smart"]


def test_every_card_links_to_the_launch_of_the_app(registrations: Registered) -> None:
    for card in cards_of(registrations.app):
        link = {"label": LABEL, "url": f"{BASE}/smart/launch", "type": "smart", "appContext": card["uuid"]}
        assert smart_links(card) == [link]


def test_no_card_does_where_the_app_is_registered_nowhere() -> None:
    for card in cards_of(client_of(Settings(**NO_STORE)).application):
        assert not smart_links(card)


def test_without_a_public_address_the_link_is_the_one_that_was_called(registrations: Registered) -> None:
    app = create_app(Settings(smart_file=registrations.settings.smart_file, **NO_STORE))
    for card in cards_of(app, base_url="http://127.0.0.1:8131"):
        assert [link["url"] for link in smart_links(card)] == ["http://127.0.0.1:8131/smart/launch"]
    assert not any(smart_links(card) for card in cards_of(app, base_url="http://elsewhere.example.org"))


@pytest.mark.parametrize(
    ("profile", "hosts", "links", "context"),
    [
        ("strict-2.0", (), 1, True),
        ("sandbox", (), 1, True),
        ("inferno-crd", (), 1, True),
        ("epic-like", (), 1, True),
        ("oracle-like", (), 0, False),
        ("oracle-like", ("localhost",), 1, False),
    ],
)
def test_profiles_shape_it_as_they_do_other_links(
    registrations: Registered, profile: str, hosts: tuple[str, ...], links: int, context: bool
) -> None:
    file = registrations.settings.smart_file
    app = create_app(Settings(smart_file=file, public_base_url=BASE, profile=profile, link_hosts=hosts, **NO_STORE))
    for card in cards_of(app):
        assert len(smart_links(card)) == links
        assert all(("appContext" in link) == context for link in smart_links(card))


@pytest.fixture
def shown(registrations: Registered, browser: Browser) -> tuple[str, Kept, Browser]:
    """A card that was shown for patient p1 of the registered EHR, and the store."""
    body = request(RELAPSED, "patient-view")
    body["hookInstance"] = str(uuid.uuid4())  # else the uuids of cards are those of other tests
    body["fhirServer"] = browser.ehr.iss
    body["context"]["patientId"] = "p1"
    body["prefetch"] = _of(body["prefetch"], "p1")
    answer = registrations.app.test_client().post("/cds-services/allcue-patient-view", json=body)
    assert answer.status_code == 200, answer.text
    kept = open_store(registrations.settings)
    return answer.json["cards"][0]["uuid"], kept, browser


def _of(prefetch: Any, patient: str) -> Any:
    """The same data of another patient's id."""
    text = json.dumps(prefetch)
    own = prefetch["patient"]["id"]
    found = json.loads(text.replace(f'"Patient/{own}"', f'"Patient/{patient}"'))
    found["patient"]["id"] = patient
    return found


def traces(kept: Kept, secret: str = SECRET, tenant: str = "", iss: str = "") -> KeptTraces:
    servers = [Server(Registration(iss=iss, client_id="x", tenant=tenant))] if iss else []
    return KeptTraces(kept, 365, secret, Registrations(servers))


def written(kept: Kept, card: str, opened: Opened) -> tuple[Any, ...]:
    """The stories, once the trace was saved: that happens after the answer."""
    for _ in range(200):
        if found := traces(kept).of(opened):
            return found
        time.sleep(0.05)
    return ()


def test_the_trace_of_a_card_is_shown_to_its_patient_and_to_no_other(shown: tuple[str, Kept, Browser]) -> None:
    card, kept, browser = shown
    mine = Opened("p1", browser.ehr.iss, "t", card=card)
    (story,) = written(kept, card, mine)
    assert story.card == card
    assert traces(kept).of(dataclasses.replace(mine, base=f"{browser.ehr.iss}/"))
    for other in (
        dataclasses.replace(mine, patient="p2"),
        dataclasses.replace(mine, base="https://other.example.org/r4"),
        dataclasses.replace(mine, card="0" * 8 + card[8:]),
        dataclasses.replace(mine, card=""),
    ):
        assert traces(kept).of(other) == ()
    assert traces(kept, "another-secret-of-at-least-32-characters").of(mine) == ()
    assert traces(kept, "").of(mine) == (), "without a secret nobody can tell whose it is"
    assert KeptTraces(None, 365, SECRET, Registrations()).of(mine) == ()


def test_a_launch_with_another_patients_card_shows_nothing_of_it(shown: tuple[str, Kept, Browser]) -> None:
    card, kept, browser = shown
    (story,) = written(kept, card, Opened("p1", browser.ehr.iss, "t", card=card))
    admit(browser.ehr, "german-record", "p9")
    where = browser.open(launch=browser.ehr.launch("p9", appContext=card))
    page = browser.client.get(f"{where}card")
    assert page.status_code == 200
    assert story.rules
    assert not [rule for rule in story.rules if rule in page.text]
