"""Registered clients over HTTP: whose token it is decides the profile, at discovery and at every call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_examples.request import FOLDER, day_of
from service.app import create_app
from service.hooks.profiles import profiles
from service.hooks.trust.sign import claims_for, new_key, public_part, sign
from service.services import HOOK_NAMES
from service.settings import Settings
from tests.test_hooks import request

RELAPSED = "relapsed-ph-positive-t315i"
BASE = "https://cds.example.org"
KEY = new_key()  # one key for all: the issuer tells who calls
DRAFTS = json.loads((FOLDER / "orders" / "dasatinib-with-t315i.json").read_text(encoding="utf-8"))
CONTEXT: dict[str, Any] = {"patient-view": {}, "order-sign": {"draftOrders": DRAFTS}}


@dataclass(frozen=True)
class Expected:
    """What a profile's clients see; the default is what the engine says."""

    hooks: tuple[str, ...] = HOOK_NAMES
    versions: bool = True
    extension: bool = True
    escaped: bool = False
    system_actions: bool = False
    hosts: frozenset[str] = frozenset({"https://www.nccn.org/", "https://jnccn.org/"})
    nested: bool = True


EXPECTED = {
    "3.0": Expected(),
    "strict-2.0": Expected(versions=False),
    "sandbox": Expected(escaped=True),
    "inferno-crd": Expected(system_actions=True),
    "epic-like": Expected(
        hooks=("patient-view", "order-select", "order-sign"), versions=False, extension=False, escaped=True
    ),
    "oracle-like": Expected(
        hooks=("patient-view",), versions=False, extension=False, escaped=True, nested=False,
        hosts=frozenset({"https://www.nccn.org/"}),
    ),
}  # fmt: skip


def issuer(profile: str) -> str:
    return f"https://{profile}.example.org"


@cache
def service(default: str = "3.0") -> FlaskClient:
    """One service with a client of each profile, and one registered with none."""
    rows = [{"name": name, "iss": issuer(name), "keys": [public_part(KEY)], "profile": name} for name in profiles()]
    rows.append({"name": "plain", "iss": issuer("plain"), "keys": [public_part(KEY)]})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "clients.yaml"
        file.write_text(json.dumps({"clients": rows}))
        settings = Settings(
            clients_file=file,
            public_base_url=BASE,
            as_of=day_of(RELAPSED),
            profile=default,
            link_hosts=("nccn.org",),
            rate_limit=0.0,
        )
        return create_app(settings).test_client()


def signed(who: str, path: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {sign(KEY, claims_for(issuer(who), BASE + path))}"}


def listed(who: str, default: str = "3.0") -> list[dict[str, Any]]:
    answer = service(default).get("/cds-services", headers=signed(who, "/cds-services"))
    assert answer.status_code == 200, answer.data
    found: list[dict[str, Any]] = answer.json["services"]
    return found


@cache
def told(who: str, hook: str, default: str = "3.0", text: str = "") -> Any:
    """The answer that a client gets. ``text``: what the draft order is called, if not what the example says."""
    path = f"/cds-services/allcue-{hook}"
    context = json.loads(json.dumps(CONTEXT[hook]))
    if text:
        context["draftOrders"]["entry"][0]["resource"]["medicationCodeableConcept"]["text"] = text
    answer = service(default).post(path, json=request(RELAPSED, hook, context), headers=signed(who, path))
    assert answer.status_code == 200, answer.data
    return answer.json


def actions(answer: Any) -> Iterator[list[dict[str, Any]]]:
    for card in answer["cards"]:
        for row in card.get("suggestions", ()):
            yield row["actions"]


def test_every_profile_is_expected_something() -> None:
    assert list(EXPECTED) == list(profiles())


@pytest.mark.parametrize("name", EXPECTED)
def test_discovery(name: str) -> None:
    found = listed(name)
    assert tuple(row["hook"] for row in found) == EXPECTED[name].hooks
    assert all(("version" in row, "hookVersion" in row) == (EXPECTED[name].versions,) * 2 for row in found)
    assert all(row["prefetch"] for row in found)


@pytest.mark.parametrize("hook", CONTEXT)
@pytest.mark.parametrize("name", EXPECTED)
def test_the_shape_of_an_answer(name: str, hook: str) -> None:
    want, found = EXPECTED[name], told(name, hook)
    assert found["cards"]
    assert ("systemActions" in found) == (want.system_actions and hook == "order-sign")
    if hook == "order-sign":
        assert any("extension" in card for card in found["cards"]) == want.extension
    assert not want.extension or told("3.0", hook)["cards"][0].get("extension") == found["cards"][0].get("extension")
    links = {link["url"] for card in found["cards"] for link in card.get("links", ())}
    urls = {card["source"]["url"] for card in found["cards"] if "url" in card["source"]}
    assert links | urls <= want.hosts
    assert "https://www.nccn.org/" in links
    if hook == "patient-view":
        assert links == want.hosts
        assert any("\n  - " in card["detail"] for card in found["cards"]) == want.nested
    assert all(card["source"]["topic"]["code"] for card in found["cards"])
    assert not any("appContext" in link for card in found["cards"] for link in card.get("links", ()))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_suggestion_at_the_order(name: str) -> None:
    """The replacement of an order arrives whole, whoever asks, with the draft first where only that is applied."""
    plain = [sorted(row, key=str) for row in actions(told("3.0", "order-sign"))]
    found = list(actions(told(name, "order-sign")))
    assert [sorted(row, key=str) for row in found] == plain
    (replaced,) = [row for row in found if len(row) == 2]
    assert {action["type"] for action in replaced} == {"create", "delete"}
    if profiles()[name].answer.first_action:
        assert replaced[0]["resource"]["resourceType"] == "MedicationRequest"


@pytest.mark.parametrize("name", EXPECTED)
def test_markup_in_the_name_of_an_order(name: str) -> None:
    """Inert in Markdown for everybody; where raw HTML is rendered it is no tag either."""
    (card, *_) = told(name, "order-sign", text="dasatinib <img src=x> 140 mg")["cards"]
    shown = "&lt;img src=x" if EXPECTED[name].escaped else r"\<img src=x"
    assert shown in card["detail"]
    assert (r"\<img" in card["detail"]) != EXPECTED[name].escaped
    assert r"\&lt;" not in card["detail"]


def test_a_client_registered_with_none_gets_that_of_the_settings() -> None:
    assert listed("plain") == listed("3.0")
    assert listed("plain", "oracle-like") == listed("oracle-like")
    assert told("plain", "order-sign", "oracle-like") == told("oracle-like", "order-sign")
    assert told("3.0", "order-sign", "oracle-like") == told("3.0", "order-sign"), "its own goes first"


def test_documents_of_one_client_are_not_kept_for_another() -> None:
    """Discovery is written once for each profile: whoever asks first must not decide for the others."""
    for name in ("oracle-like", "3.0", "strict-2.0", "oracle-like", "3.0"):
        assert tuple(row["hook"] for row in listed(name)) == EXPECTED[name].hooks
