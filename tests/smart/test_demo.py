"""The demo page: from the patient over the request to cards, feedback, trace and findings; without scripts, as any browser."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage

from fhir_examples import request as examples
from service.app import create_app
from service.hooks.trust.sign import new_key, public_part
from service.services import HOOK_NAMES
from service.settings import Settings
from tests.apps import client_of
from tests.smart.forms import Page, sent

T315I = "relapsed-ph-positive-t315i"
LOCAL = Settings()
SILENT = tuple(
    name for name in examples.names() if examples.story_in(examples.FOLDER / f"{name}.yaml")["expect"]["silent"]
)


@pytest.fixture
def client() -> FlaskClient:
    return client_of(LOCAL)


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service with a store, so that feedback is taken."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'allcue.db'}"
    return create_app(Settings(database_url=url)).test_client()


def bundle(*resources: Any) -> str:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def test_the_page_names_every_example_with_its_story(client: FlaskClient) -> None:
    html = unescape(client.get("/demo").get_data(as_text=True))
    for name in examples.names():
        assert f'value="{name}"' in html
        assert examples.story_in(examples.FOLDER / f"{name}.yaml")["story"] in html


def test_the_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = Page.opened(client).press("send")
    assert not re.findall(r'(?:src|href)="(?!/|https://[^"]*" target="_blank"|#)[^"]*"', page.html)
    assert " style=" not in page.html
    assert "<script>" not in page.html
    assert "<style" not in page.html


@pytest.fixture(scope="module")
def first() -> Page:
    """The page as it opens."""
    return Page.opened(client_of(LOCAL))


@pytest.mark.parametrize("name", sorted({*examples.names()[::4], *SILENT}))
def test_examples_go_through(first: Page, name: str) -> None:
    """Examples with cards and all without; that each example gets its cards is tested at the endpoint."""
    page = first.press("send", example=name)
    assert page.status == 200
    assert "HTTP 200" in page.html
    silent = examples.story_in(examples.FOLDER / f"{name}.yaml")["expect"]["silent"]
    assert ('class="empty"' in page.html) is silent
    assert ("<article" in page.html) is not silent
    assert ("Nothing was judged" in page.html) is silent


@pytest.mark.parametrize("hook", HOOK_NAMES)
@pytest.mark.parametrize("name", [T315I, "german-record", "nothing-but-a-patient"])
def test_every_hook_is_answered_and_what_is_made_up_is_valid(first: Page, hook: str, name: str) -> None:
    page = first.press("send", example=name, hook=hook)
    assert (page.status, "HTTP 200" in page.html) == (200, True)
    assert page.request["hook"] == hook
    for value in page.request["context"].values():
        if isinstance(value, dict):
            get_fhir_model_class(value["resourceType"]).model_validate(value)


@pytest.mark.parametrize("hook", ["patient-view", "medication-refill", "problem-list-item-create"])
def test_the_cards_are_those_of_the_real_endpoint(client: FlaskClient, hook: str) -> None:
    page = Page.opened(client).press("send", hook=hook)
    answer = client.post(f"/cds-services/allcue-{hook}", json=page.request).get_json()
    assert f"{len(answer['cards'])} card" in page.html
    for card in answer["cards"]:
        assert card["summary"] in unescape(page.html)


def test_a_request_can_be_changed_by_hand_before_it_is_sent(client: FlaskClient) -> None:
    page = Page.opened(client).press("make")
    assert "<article" not in page.html
    broken = page.press("send-shown", request='{"hook": "patient-view"}')
    assert "HTTP 400" in broken.html
    assert "CDSHooksRequest.hookInstance is missing" in broken.html
    assert broken.form.fields["request"] == '{"hook": "patient-view"}'


def test_a_profile_shapes_the_answer(client: FlaskClient) -> None:
    page = Page.opened(client).press("make")
    plain, shaped = page.press("send-shown"), page.press("send-shown", profile="strict-2.0")
    assert "profile strict-2.0" in shaped.html
    assert "profile 3.0" in plain.html
    assert "There is no profile" in page.press("send-shown", profile="9.9").html


# Patients of one's own


def a_request(hook: str = "patient-view", **context: Any) -> dict[str, Any]:
    made = json.loads((examples.FOLDER / f"{T315I}.json").read_text())
    return examples.request_of(made, T315I, hook, context)


def test_each_of_the_four_kinds_can_be_pasted(client: FlaskClient) -> None:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
    start = Page.opened(client)
    for text in (
        (examples.FOLDER / f"{T315I}.json").read_text(),
        json.dumps(patient),
        json.dumps(a_request()["prefetch"]),
        json.dumps(a_request()),
    ):
        page = start.press("send", example="", hook="", pasted=text)
        assert (page.status, "HTTP 200" in page.html) == (200, True)
        assert json.loads(page.form.fields["pasted"]) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty. Allowed: a FHIR Bundle"),
        ('{"resourceType": "Bundle",\n oops}', "line 2"),
        ("[]", "is no JSON object. Allowed: a FHIR Bundle"),
        ('{"foo": 1}', "holds no prefetch key of the service. Allowed: patient"),
        ('{"hook": "patient-vieww"}', "Allowed: patient-view"),
        ('{"resourceType": "OperationOutcome"}', "an OperationOutcome came instead"),
        ("[" * 500 + "]" * 500, "nested deeper than 100 levels"),
        ('{"resourceType": "Patient", "id": "\\ud800"}', "not valid JSON"),
    ],
)
def test_what_cannot_be_used_is_said_and_kept(client: FlaskClient, text: str, words: str) -> None:
    page = Page.opened(client).press("send", example="", pasted=text)
    assert page.status == 422
    assert words in unescape(page.html)
    assert page.form.fields["pasted"] == text
    assert "<article" not in page.html


def test_what_is_too_large_is_refused(client: FlaskClient) -> None:
    text = json.dumps({"resourceType": "Patient", "id": "x" * 2_000_000})
    page = Page.opened(client).press("send", example="", pasted=text)
    assert page.status == 422
    assert "is larger than 2 MB" in page.html
    answer = sent(client, {"pasted": "x" * 11_000_000})
    assert answer.status_code == 413


def test_a_file_takes_the_place_of_what_was_pasted(client: FlaskClient) -> None:
    from io import BytesIO

    text = (examples.FOLDER / "t-all-relapse.json").read_bytes()
    fields = {"do": "send", "example": T315I, "file": FileStorage(BytesIO(b"\xef\xbb\xbf" + text), "patient.json")}
    html = sent(client, fields).get_data(as_text=True)
    page = Page(client, html)
    assert page.form.fields["example"] == ""
    entries = json.loads(text)["entry"]
    patient = next(row["resource"]["id"] for row in entries if row["resource"]["resourceType"] == "Patient")
    assert page.request["context"]["patientId"] == patient
    fields = {"do": "send", "file": FileStorage(BytesIO(b"\xff\xfe\xff"), "patient.json")}
    html = sent(client, fields).get_data(as_text=True)
    assert "is not UTF-8 text" in html


def test_a_whole_request_keeps_its_hook_context_and_orders(client: FlaskClient) -> None:
    draft = {
        "resourceType": "MedicationRequest", "id": "d1", "status": "draft", "intent": "order",
        "subject": {"reference": "Patient/ph-positive-t315i"}, "medicationCodeableConcept": {"text": "dasatinib"},
    }  # fmt: skip
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    sent = a_request("order-select", draftOrders=drafts, selections=["MedicationRequest/d1"], userId="Practitioner/7")
    page = Page.opened(client).press("send", example="", hook="", pasted=json.dumps(sent))
    assert page.request["hook"] == "order-select"
    assert page.request["hookInstance"] == sent["hookInstance"]
    assert page.request["context"]["userId"] == "Practitioner/7"
    assert page.request["context"]["selections"] == ["MedicationRequest/d1"]
    assert page.drafts == [draft]
    other = page.press("send", hook="encounter-start")
    assert other.request["context"]["encounterId"]
    assert "draftOrders" not in other.request["context"]


def test_dates_can_be_moved_so_that_a_day_is_today(client: FlaskClient) -> None:
    text = bundle({"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"})
    start = Page.opened(client)
    moved = start.press("make", example="", pasted=text, day="2020-05-05")
    assert moved.request["prefetch"]["patient"]["birthDate"] > "1980-01-01"
    assert "is no date such as" in start.press("make", example="", pasted=text, day="yesterday").html


def test_what_no_key_asks_for_is_told(client: FlaskClient) -> None:
    text = bundle({"resourceType": "Patient", "id": "p"}, {"resourceType": "EpisodeOfCare", "id": "e"})
    page = Page.opened(client).press("make", example="", pasted=text)
    assert "EpisodeOfCare (1)" in page.html


def test_what_is_pasted_does_nothing_to_the_page(client: FlaskClient) -> None:
    bad = "<script>alert(1)</script>"
    text = bundle(
        {"resourceType": "Patient", "id": "p", "name": [{"family": bad}]},
        {"resourceType": bad, "id": bad, "status": bad},
    )
    page = Page.opened(client).press("send", example="", pasted=text).press("add:words", words=bad)
    page = page.press("send", hook="order-sign", own=bad)
    assert page.status == 200
    assert bad not in page.html
    assert page.drafts[0]["medicationCodeableConcept"]["text"] == bad


# Orders


def test_an_order_in_words_is_judged(client: FlaskClient) -> None:
    page = Page.opened(client).press("add:words", words="vincristine 2 mg intrathecal")
    assert page.form.fields["hook"] == "order-select"
    assert page.drafts[0]["id"] == "draft-1"
    page = page.press("send", hook="order-sign")
    assert '<article class="card ehr critical' in page.html
    assert "Vinca alkaloid ordered intrathecally" in page.html
    gone = page.press(page.pressable("apply")[0])
    assert gone.drafts == []
    assert "Draft taken back" in gone.html


def test_orders_can_be_picked_pasted_and_taken_out(client: FlaskClient) -> None:
    page = Page.opened(client).press("add:orderable")
    assert page.drafts[0]["intent"] == "order"
    page = page.press("add:own", own='{"resourceType": "ServiceRequest", "id": "s", "code": {"text": "BCR::ABL1"}}')
    assert [draft["id"] for draft in page.drafts] == ["draft-1", "s"]
    page = page.press("send", hook="order-select", chosen=["1"])
    assert page.request["context"]["selections"] == ["ServiceRequest/s"]
    patient = page.request["context"]["patientId"]
    subjects = [entry["resource"]["subject"] for entry in page.request["context"]["draftOrders"]["entry"]]
    assert subjects == [{"reference": f"Patient/{patient}"}] * 2
    page = page.press("remove:0")
    assert [draft["id"] for draft in page.drafts] == ["s"]
    assert page.form.fields.getlist("chosen") == ["0"]
    bad = page.press("add:own", own="[1]")
    assert "is no order. Allowed" in bad.html
    assert bad.form.fields["own"] == "[1]"
    assert "Type a drug first" in page.press("add:words", words=" ").html


def test_an_example_of_orders_comes_with_its_patient_and_record(client: FlaskClient) -> None:
    page = Page.opened(client).press("send", orders="asciminib-in-first-line", hook="order-sign")
    story = examples.story_in(examples.FOLDER / "orders" / "asciminib-in-first-line.yaml")
    assert page.form.fields["example"] == story["patient"]
    assert len(page.drafts) == 2
    assert page.html.count('<article class="card ehr') == len(story["expect"]["order-sign"])
    back = page.press("send", example=T315I)
    assert (back.form.fields["orders"], back.drafts) == ("", [])


def test_hooks_about_orders_on_record_take_them_from_there(client: FlaskClient) -> None:
    page = Page.opened(client).press("make", hook="order-dispatch")
    named = page.request["context"]["dispatchedOrders"]
    on_record = page.request["prefetch"]["medication-requests"].get("entry", [])
    on_record = on_record + page.request["prefetch"]["service-requests"].get("entry", [])
    known = {f"{row['resource']['resourceType']}/{row['resource']['id']}" for row in on_record}
    assert named
    assert set(named) <= known
    refill = page.press("make", hook="medication-refill")
    assert refill.request["context"]["medications"]["entry"]
    assert "dispatchedOrders" not in refill.request["context"]


def test_a_context_changed_by_hand_stays_until_the_hook_changes(client: FlaskClient) -> None:
    page = Page.opened(client).press("make", hook="encounter-start")
    context = json.loads(page.form.fields["context"]) | {"encounterId": "e-9"}
    page = page.press("send", context=json.dumps(context))
    assert page.request["context"]["encounterId"] == "e-9"
    page = page.press("make", hook="appointment-book")
    assert page.request["context"]["appointments"]["entry"]
    bad = page.press("make", context="{")
    assert (bad.status, bad.form.fields["context"]) == (422, "{")


# Suggestions and feedback


def test_a_suggestion_is_applied_and_told(keeping: FlaskClient) -> None:
    page = Page.opened(keeping).press("send")
    button = next(one for one in page.pressable("apply"))
    page = page.press(button)
    assert "HTTP 200" in page.html
    assert "acceptedSuggestions" in page.html
    assert len(page.drafts) == 1
    assert "Draft created" in page.html
    assert page.drafts[0]["status"] == "draft"
    card = button.split(":")[1]
    assert not [one for one in page.pressable("apply") if card in one], "only one suggestion of this card may be taken"
    again = page.press("again:order-select")
    assert again.request["context"]["selections"] == [f"{page.drafts[0]['resourceType']}/{page.drafts[0]['id']}"]
    assert "HTTP 200" in again.html


def test_a_card_is_dismissed_with_a_reason(keeping: FlaskClient) -> None:
    page = Page.opened(keeping).press("send")
    button = page.pressable("dismiss")[0]
    card = button.partition(":")[2]
    page = page.press(button, **{f"reason-{card}": "2", f"comment-{card}": "seen <b>before</b>"})
    sent = unescape(page.html)
    assert '"outcome": "overridden"' in sent
    assert '"userComment": "seen <b>before</b>"' in sent
    assert "<b>before" not in page.html
    assert button not in page.pressable("dismiss")
    assert len(page.pressable("dismiss")) >= 1


def test_without_a_store_feedback_is_told_as_not_taken() -> None:
    page = Page.opened(client_of(Settings(demo=True))).press("send")
    page = page.press(page.pressable("dismiss")[0])
    assert "HTTP 404" in page.html
    assert "no feedback endpoint" in page.html


# Trace and findings


def test_the_trace_shows_rules_with_criteria_and_what_they_saw(client: FlaskClient) -> None:
    html = unescape(Page.opened(client).press("send").html)
    assert "rules had something to say" in html
    assert "Cannot tell: something is missing" in html
    assert 'class="truth yes"' in html
    assert 'class="truth unknown"' in html
    assert "ABL1" in html


def test_the_trace_stays_after_feedback_and_goes_with_another_request(keeping: FlaskClient) -> None:
    page = Page.opened(keeping).press("send")
    told = page.press(page.pressable("dismiss")[0])
    assert 'id="trace"' in told.html
    assert 'id="trace"' not in told.press("make").html


def test_findings_name_resource_element_and_problem(client: FlaskClient) -> None:
    text = bundle(
        {"resourceType": "Patient", "id": "p", "birthDate": "1980-13-01"},
        {
            "resourceType": "Observation",
            "id": "o",
            "status": "entered-in-error",
            "code": {"text": "x"},
            "colour": "red",
        },
        {"resourceType": "MedicinalProduct", "id": "m"},
    )
    html = unescape(Page.opened(client).press("make", example="", pasted=text).html)
    row = re.search(r"Observation/o</th>.*?</tr>", html, re.DOTALL)
    assert row is not None
    for words in ("colour", "is no element there", "same in R4", "entry[1].resource"):
        assert words in row[0]
    assert "only in R4" in html
    assert "Set aside by Allcue" in html
    assert re.search(r"Observation/o</span>: <span[^>]*>status entered-in-error", html)


# The chart


def test_a_card_leads_to_how_it_came_about(keeping: FlaskClient) -> None:
    page = Page.opened(keeping).press("send", example=T315I)
    card = next(iter(page.pressable("dismiss"))).partition(":")[2]
    chart = keeping.post("/demo/chart", data={"example": T315I, "card": card}).headers["Location"]
    for _ in range(100):  # traces are written behind the answer
        html = keeping.get(f"{chart}card").get_data(as_text=True)
        if '<h2 id="then' in html or "patient-view" in html:
            break
        time.sleep(0.05)
    assert "patient-view" in html


def test_the_chart_of_an_example_opens(client: FlaskClient) -> None:
    answer = client.post("/demo/chart", data={"example": T315I})
    assert answer.status_code == 303
    assert client.get(answer.headers["Location"], follow_redirects=True).status_code == 200


def test_the_chart_of_a_pasted_patient_opens(client: FlaskClient) -> None:
    text = (examples.FOLDER / "german-record.json").read_text()
    answer = client.post("/demo/chart", data={"example": "", "pasted": text})
    assert answer.status_code == 303
    assert "german" not in answer.headers["Location"]
    page = client.get(answer.headers["Location"], follow_redirects=True)
    assert page.status_code == 200
    assert json.loads(text)["entry"][0]["resource"]["id"] in page.get_data(as_text=True)


def test_a_chart_of_nothing_says_why(client: FlaskClient) -> None:
    answer = client.post("/demo/chart", data={"example": "", "pasted": "{"})
    assert answer.status_code == 422
    assert "line 1" in answer.get_data(as_text=True)
    assert "is no example" in client.post("/demo/chart", data={"example": "nobody"}).get_data(as_text=True)


# Who may use it


def test_elsewhere_it_is_off_unless_switched_on(tmp_path: Path) -> None:
    open_to_all = {"host": "0.0.0.0", "open_mode": True}
    assert client_of(Settings(**open_to_all)).get("/demo").status_code == 404
    assert client_of(Settings(demo=False)).get("/demo").status_code == 404
    assert client_of(Settings(**open_to_all, demo=True)).get("/demo").status_code == 200


def test_a_service_that_asks_for_tokens_calls_itself(tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    keys = [public_part(new_key())]
    file.write_text(json.dumps({"clients": [{"name": "ehr", "iss": "https://ehr.example.org", "keys": keys}]}))
    base = "https://cds.example.org/allcue"
    settings = Settings(host="0.0.0.0", public_base_url=base, clients_file=file, demo=True)
    client = create_app(settings).test_client()
    assert client.post("/cds-services/allcue-patient-view", json={}).status_code == 401
    page = Page.opened(client).press("send")
    assert "HTTP 200" in page.html
    assert "the call made on the server" in page.html
    assert f"curl -s {base}/cds-services/allcue-patient-view" in page.html
    assert "Bearer $TOKEN" in page.html
    made = {"data": {"do": "make", "example": T315I}, "headers": {"Origin": "https://cds.example.org"}}
    assert client.post("/demo", **made).status_code == 200
    off = create_app(Settings(host="0.0.0.0", public_base_url=base, clients_file=file)).test_client()
    assert off.get("/demo").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:8000"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "rebound.example.org"}, 403),
        ({"Host": "127.0.0.1.example.org"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "https://other.example.org"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_other_sites_cannot_use_it(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/demo", data={"example": T315I, "do": "make"}, headers=headers).status_code == status
    chart = client.post("/demo/chart", data={"example": T315I}, headers=headers).status_code
    assert chart == (303 if status == 200 else 403)


def test_a_form_of_another_version_or_key_is_none(client: FlaskClient) -> None:
    page = Page.opened(client).press("send")
    lost = page.press("apply:x:0", sent="gAAAAA", drafts="{broken", chosen=["x", "99"])
    assert lost.status == 200
    assert "<article" not in lost.html
