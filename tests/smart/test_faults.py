"""Errors that no page foresaw, and forms that no page wrote: people get a page, and it holds nothing of a patient."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.hooks.trust.sign import new_key, public_part
from service.settings import Settings
from service.smart.views.registry import BY_NAME
from tests.apps import client_of

LOCAL = Settings(database_url="")
EXAMPLE = "nothing-but-a-patient"


@pytest.fixture
def client() -> FlaskClient:
    return client_of(LOCAL)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_fault_under_a_page_is_a_page_without_values(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, language: str
) -> None:
    def broken(*_: object) -> Any:
        raise ValueError("Jane Doe, born 1970")

    monkeypatch.setitem(BY_NAME, "options", replace(BY_NAME["options"], build=broken))
    client = create_app(LOCAL).test_client()
    where = client.post("/demo/chart", data={"example": EXAMPLE}).location
    with caplog.at_level(logging.INFO):
        answer = client.get(f"{where}options?lang={language}", headers={"X-Request-ID": "asked-7"})
    html = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "asked-7" in html
    assert f'<html lang="{language}">' in html
    assert "Jane" not in html + caplog.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/smart/nothing", 404), ("get", "/smart/p/x/nothing", 404), ("get", "/smart/static/none.css", 404),
        ("post", "/smart/launch", 405), ("get", "/demo/chart", 405), ("get", "/demo/nothing", 404),
    ],
)  # fmt: skip
def test_addresses_for_people_answer_with_pages(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method.upper())
    assert (answer.status_code, answer.mimetype) == (status, "text/html")


def test_addresses_for_clients_answer_with_json(client: FlaskClient) -> None:
    for path in ("/nothing", "/cds-services/nothing", "/demofoo", "/smarter"):
        assert client.get(path).mimetype != "text/html"


def test_a_page_of_an_error_that_fails_too_leaves_the_plain_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise ValueError("Jane Doe")

    monkeypatch.setattr("service.smart.render.Renderer.page", broken)
    answer = create_app(LOCAL).test_client().get("/smart/")
    assert answer.status_code == 500
    assert b"Jane" not in answer.data
    assert answer.get_json()["resourceType"] == "OperationOutcome"


def test_scripts_of_other_sites_read_no_page(client: FlaskClient) -> None:
    """In open mode clients in browsers may call from anywhere; a launch would tell them what answers on this machine."""
    there = {"Origin": "https://elsewhere.example.org"}
    assert client.get("/cds-services", headers=there).headers["Access-Control-Allow-Origin"] == "*"
    for path in ("/smart/", "/smart/launch?iss=http://127.0.0.1:9/fhir&launch=x", "/demo", "/smart/nothing"):
        assert "Access-Control-Allow-Origin" not in client.get(path, headers=there).headers


def test_only_the_pages_are_open_where_tokens_are_asked_for(tmp_path: Path) -> None:
    keys = tmp_path / "clients.json"
    registered = {"name": "ehr", "iss": "https://ehr.example.org", "keys": [public_part(new_key())]}
    keys.write_text(json.dumps({"clients": [registered]}))
    base = "https://cds.example.org"
    client = create_app(
        replace(LOCAL, clients_file=keys, host="0.0.0.0", public_base_url=base, demo=True)
    ).test_client()
    for path in ("/demo", "/smart/"):
        assert client.get(path).status_code == 200
    for path in (
        "/demofoo", "/demographics", "/smartly", "/smart/../cds-services", "/demo/../cds-services",
        "/smart/%2e%2e/cds-services", "/smart%2f..%2fcds-services", "//cds-services", "/cds-services/",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code in (401, 404, 308), path
        assert b"prefetch" not in answer.data


def test_a_card_that_is_no_uuid_is_not_taken_into_the_session(client: FlaskClient) -> None:
    answer = client.post("/demo/chart", data={"example": EXAMPLE, "card": "x" * 20_000})
    assert answer.status_code == 303
    assert client.get(f"{answer.location}").location.endswith("/chart")


@pytest.mark.parametrize(
    "form",
    [
        {"do": f"remove:{'9' * 5000}"},
        {"do": "add:words", "words": "vincristine", "drafts": '[{"id": []}]'},
        {"do": "send", "hook": "order-sign", "drafts": '[{"resourceType": {"a": 1}, "id": {"b": []}, "status": [1]}]'},
        {"do": "send", "hook": "order-dispatch", "drafts": '[{"resourceType": ["MedicationRequest"]}]', "chosen": "0"},
        {"do": "make", "hook": "order-sign", "drafts": '[{"resourceType": "MedicationRequest", "code": "\\ud800"}]'},
        {"do": "send", "hook": "order-sign", "drafts": "[NaN]"},
    ],
    ids=lambda form: form["do"][:20],
)  # fmt: skip
def test_forms_that_the_page_did_not_write_break_nothing(client: FlaskClient, form: dict[str, str]) -> None:
    answer = client.post("/demo", data={"example": EXAMPLE, **form})
    assert answer.status_code in (200, 422)
    assert answer.mimetype == "text/html"


SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "Patient/x", "draft", "2020-02-30"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "resource", "reference", "coding", "code", "text", "url"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
RESOURCE = st.dictionaries(
    st.sampled_from(
        ["id", "status", "subject", "code", "medicationCodeableConcept", "contained", "meta", "name", "birthDate",
         "valueQuantity", "effectiveDateTime", "extension"]
    ),
    SMALL,
    max_size=4,
).flatmap(
    lambda row: st.sampled_from(["Patient", "MedicationRequest", "ServiceRequest", "Observation", "Condition", "Bundle"])
    .map(lambda kind: {**row, "resourceType": kind})
)  # fmt: skip
PASTED = st.one_of(
    SMALL,
    RESOURCE,
    st.lists(RESOURCE | SMALL, max_size=4).map(
        lambda rows: {"resourceType": "Bundle", "entry": [{"resource": row} for row in rows]}
    ),
    st.fixed_dictionaries(
        {"hook": SMALL | st.sampled_from(["patient-view", "order-sign", "order-dispatch"])},
        optional={
            "context": SMALL | st.dictionaries(
                st.sampled_from(["patientId", "userId", "encounterId", "draftOrders", "selections", "order", "dispatchedOrders"]),
                SMALL | RESOURCE, max_size=3),
            "prefetch": SMALL | st.fixed_dictionaries({"patient": RESOURCE | SMALL}, optional={"conditions": RESOURCE | SMALL}),
            "hookInstance": SMALL, "fhirServer": SMALL, "fhirAuthorization": SMALL,
        },
    ),
)  # fmt: skip
BUTTONS = st.sampled_from(
    [
        "",
        "send",
        "send-shown",
        "again:order-sign",
        "add:own",
        "add:orderable",
        "load",
        "remove:0",
        "apply:x:0",
        "dismiss:x",
    ]
)
HOOKS = st.sampled_from(
    ["", "patient-view", "order-select", "order-sign", "order-dispatch", "medication-refill", "nix"]
)


@settings(max_examples=60, deadline=None)
@given(pasted=PASTED, drafts=st.lists(RESOURCE | SMALL, max_size=2), own=PASTED, context=SMALL, do=BUTTONS, hook=HOOKS)
def test_whatever_is_in_the_form_there_is_a_page(
    pasted: Any, drafts: list[Any], own: Any, context: Any, do: str, hook: str
) -> None:
    client = client_of(LOCAL)
    form = {
        "example": "", "pasted": json.dumps(pasted), "drafts": json.dumps(drafts), "own": json.dumps(own), "chosen": "0",
        "context": json.dumps(context), "do": do, "hook": hook,
    }  # fmt: skip
    answer = client.post("/demo", data=form)
    assert (answer.status_code in (200, 422), answer.mimetype) == (True, "text/html")
    opened = client.post("/demo/chart", data=form)
    assert opened.status_code in (303, 422)
    if opened.status_code == 303:
        assert client.get(f"{opened.location}facts").status_code == 200


@settings(max_examples=60, deadline=None)
@given(
    fields=st.dictionaries(st.text(max_size=8) | st.sampled_from(["fact", "donor_available", "anew", "lang"]), st.text(max_size=8), max_size=5),
    view=st.sampled_from(["chart", "missing", "editions", "pathway", "options", "board", "rule", "rules", "card"]),
    part=st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), max_size=6),
)  # fmt: skip
def test_whatever_is_supposed_or_asked_there_is_a_page(fields: dict[str, str], view: str, part: str) -> None:
    client = client_of(LOCAL)
    where = client.post("/demo/chart", data={"example": EXAMPLE}).location
    for answer in (
        client.post(f"{where}{view}", data=fields),
        client.get(f"{where}{view}", query_string=fields),
        client.get(f"{where}{view}/{quote(part) or 'x'}", query_string=fields),
    ):
        assert answer.status_code < 500
