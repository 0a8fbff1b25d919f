"""What is counted: calls, answers, feedback, what could not be reached; and to whom it is told."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_examples.request import day_of, names, request_of
from service.app import create_app
from service.hooks.fhir_access import Limits
from service.settings import Settings
from service.watch import catalogue
from service.watch.catalogue import METRICS, Kind
from service.watch.endpoint import is_private
from service.watch.tally import word_for
from service.watch.watch import Watching
from tests.hooks.support import VIEW, Recorder, app_of, body, post
from tests.test_examples import bundle
from tests.test_order_examples import NAMES
from tests.test_order_examples import request as order_request
from tests.test_order_examples import story as order_story
from tests.watch.support import metrics_of, text_of, total

ALL_PATIENT = "relapsed-ph-positive-t315i"
NASTY = ("Plantedname", "planted-7731", 'Plantedtext"}\n', "1999-07-13")


@pytest.fixture
def clinical(tmp_path: Path) -> Flask:
    return create_app(Settings(as_of=day_of(ALL_PATIENT), database_url=f"sqlite:///{tmp_path}/allcue.db"))


def ask(app: Flask, request: Any, hook: str = "patient-view") -> Any:
    return app.test_client().post(f"/cds-services/allcue-{hook}", json=request)


def example(name: str = ALL_PATIENT) -> dict[str, Any]:
    return dict(request_of(bundle(name), name))


def test_calls_are_counted_with_their_time(clinical: Flask) -> None:
    for _ in range(3):
        assert ask(clinical, example()).status_code == 200
    assert ask(clinical, {}).status_code == 400
    assert clinical.test_client().post("/cds-services/none-such", json={}).status_code == 404
    found = metrics_of(clinical)
    view = {"service": "allcue-patient-view", "hook": "patient-view"}
    assert total(found, "allcue_calls_total", status="200", client="", **view) == 3
    assert total(found, "allcue_calls_total", status="400", **view) == 1
    assert total(found, "allcue_call_seconds_count", status="2xx", **view) == 3
    assert total(found, "allcue_call_seconds_bucket", le="0.5", status="2xx") <= 3
    assert total(found, "allcue_http_requests_total", endpoint="call", status="404") == 1
    assert total(found, "allcue_requests_in_flight") == 1, "the one that asks"
    assert total(metrics_of(clinical), "allcue_http_requests_total", endpoint="metrics") >= 1


def test_answers_are_counted_as_they_are(clinical: Flask) -> None:
    cards = ask(clinical, example()).json["cards"]
    found = metrics_of(clinical)
    for indicator in ("info", "warning", "critical"):
        shown = sum(card["indicator"] == indicator for card in cards)
        assert total(found, "allcue_cards_total", hook="patient-view", indicator=indicator) == shown
    assert total(found, "allcue_answers_total", about="all", cards="some") == 1
    assert total(found, "allcue_verdicts_total", outcome="applies") > 0
    assert total(found, "allcue_verdicts_total", outcome="cannot_tell") > 0
    assert total(found, "allcue_verdicts_total", outcome="does_not_apply") == 0
    assert total(found, "allcue_unknown_facts_total") > 0
    assert total(found, "allcue_prefetch_keys_total", key="patient", state="provided") == 1
    ask(clinical, example())
    assert total(metrics_of(clinical), "allcue_verdicts_total") == 2 * total(found, "allcue_verdicts_total")


def test_a_patient_without_all_is_another_matter(clinical: Flask) -> None:
    request = example()
    request["prefetch"] = dict.fromkeys(request["prefetch"]) | {"patient": request["prefetch"]["patient"]}
    assert ask(clinical, request).json == {"cards": []}
    found = metrics_of(clinical)
    assert total(found, "allcue_answers_total", about="other", cards="none") == 1
    assert total(found, "allcue_verdicts_total") == 0


def test_orders_are_counted_too(clinical: Flask) -> None:
    name = NAMES[0]
    request = order_request(name, "order-sign")
    app = create_app(Settings(as_of=day_of(order_story(name)["patient"]), database_url=""))
    other = {**request, "context": {**request["context"], "userId": "Practitioner/another"}}
    for asked in (request, other, other):
        assert ask(app, asked, "order-sign").status_code == 200
    found = metrics_of(app)
    assert total(found, "allcue_run_ahead_total", result="worked-out") == 1
    assert total(found, "allcue_run_ahead_total", result="used") == 1
    assert total(found, "allcue_remembered_answers_total", service="allcue-order-sign") == 1
    assert total(found, "allcue_answers_total", hook="order-sign") == 3


def test_what_is_set_aside_is_counted_by_type_and_word(clinical: Flask) -> None:
    request = example()
    patient = request["context"]["patientId"]
    row = {
        "id": "x",
        "status": "entered-in-error",
        "code": {"text": "x"},
        "subject": {"reference": f"Patient/{patient}"},
    }
    odd = {"resourceType": "Planted", "id": "y"}
    entries = [{"resource": {"resourceType": "Observation", **row}}, {"resource": odd}]
    request["prefetch"]["observations"]["entry"] += entries
    assert ask(clinical, request).status_code == 200
    found = metrics_of(clinical)
    assert total(found, "allcue_set_aside_total", type="Observation", reason="status") == 1
    assert "Planted" not in text_of(clinical)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("status entered-in-error", "status"), ("verificationStatus refuted", "verification"),
        ("is about a Plantedname, not the patient", "about-another"), ("dated after 1999-07-13", "dated-ahead"),
        ("belongs to another patient", "another-patient"), ("whatever may come", "other"),
    ],
)  # fmt: skip
def test_reasons_become_words_of_a_list(reason: str, word: str) -> None:
    assert word_for(reason) == word


def told(card: str, outcome: str = "overridden", code: str = "patient-refuses", system: str = "") -> dict[str, Any]:
    hl7 = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
    item: dict[str, Any] = {"card": card, "outcome": outcome, "outcomeTimestamp": "2026-03-02T10:00:00Z"}
    if outcome == "overridden":
        item["overrideReason"] = {"reason": {"system": system or hl7, "code": code}, "userComment": NASTY[0]}
    else:
        item["acceptedSuggestions"] = [{"id": str(uuid.uuid4())}]
    return item


def test_feedback_is_counted_once_with_known_reasons_and_by_rule(clinical: Flask) -> None:
    card = ask(clinical, example()).json["cards"][0]["uuid"]
    kept = clinical.extensions["allcue-kept"]
    assert kept.writer.flush(20)
    items = [told(card), told("unknown", code="planted-code", system="urn:planted"), told("unknown", "accepted")]
    for _ in range(2):  # what is told twice is one
        answer = clinical.test_client().post("/cds-services/allcue-patient-view/feedback", json={"feedback": items})
        assert answer.status_code == 200
    found, text = metrics_of(clinical), text_of(clinical)
    for outcome, reason in (("overridden", "patient-refuses"), ("overridden", "other"), ("accepted", "none")):
        assert total(found, "allcue_feedback_total", outcome=outcome, reason=reason) == 1
    assert total(found, "allcue_rule_feedback_total", outcome="overridden") >= 1
    assert total(found, "allcue_rule_feedback_total", outcome="accepted") == 0, "nothing is known of that card"
    assert "planted" not in text.lower()


def test_what_cannot_be_reached_is_counted(tmp_path: Path) -> None:
    settings = Settings(database_url="postgresql://u:p@127.0.0.1:9/d", fhir=Limits(deadline=1.0, timeout=1.0))
    app = create_app(settings, Recorder(), (VIEW,))
    request = {**body(), "fhirServer": "http://127.0.0.1:9/fhir", "fhirAuthorization": {"access_token": "planted"}}
    del request["prefetch"]["observations"]
    assert post(app, request).status_code == 200
    feedback = app.test_client().post("/cds-services/view/feedback", json={"feedback": [told("a")]})
    assert feedback.status_code == 503
    found = metrics_of(app)
    assert total(found, "allcue_fhir_requests_total", outcome="connection") == 1
    assert total(found, "allcue_fhir_request_seconds_count") == 1
    assert total(found, "allcue_store_failures_total", operation="feedback") == 1
    assert total(found, "allcue_prefetch_keys_total", key="observations", state="failed") == 1
    assert (total(found, "allcue_ready"), total(found, "allcue_store_reachable")) == (0, 0)


def test_answers_that_are_stopped_are_counted() -> None:
    gate = threading.Event()

    def slow(_: Any) -> Any:
        gate.wait(5)
        return {"cards": []}

    app = app_of(slow, Settings(time_limit=0.05))
    assert total(metrics_of(app), "allcue_time_limit_stops_total", service="view") == 0
    assert post(app, body()).status_code == 503
    gate.set()
    assert total(metrics_of(app), "allcue_time_limit_stops_total", service="view") == 1


def nasty(request: dict[str, Any]) -> dict[str, Any]:
    """The same call with planted values wherever a label could come from."""
    name, own, text, born = NASTY
    prefetch = json.loads(json.dumps(request["prefetch"]))
    patient = request["context"]["patientId"]
    for resource in _resources(prefetch):
        if resource["resourceType"] == "Patient":
            resource |= {"name": [{"family": name}], "birthDate": born, "identifier": [{"system": text, "value": own}]}
        else:
            resource["id"] = f"{own}{resource.get('id', '')}"
            resource.setdefault("note", [{"text": text}])
            resource["status"] = text if resource["resourceType"] == "Procedure" else resource.get("status", name)
    planted = {"resourceType": name, "id": own, "status": text}
    about = {"resourceType": "Observation", "id": own, "status": "final", "subject": {"reference": f"{name}/{own}"}}
    ahead = {**about, "effectiveDateTime": "2999-07-13", "subject": {"reference": f"Patient/{patient}"}}
    prefetch["observations"].setdefault("entry", []).extend({"resource": row} for row in (planted, about, ahead, {}))
    context = {**request["context"], "userId": f"Practitioner/{own}", "encounterId": own}
    return {**request, "prefetch": {**prefetch, name: None}, "context": context, "extension": {text: name}}


def _resources(prefetch: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for value in prefetch.values():
        if isinstance(value, dict):
            rows = [entry["resource"] for entry in value.get("entry", ())] if "entry" in value else [value]
            found += [row for row in rows if isinstance(row, dict) and "resourceType" in row]
    return found


def test_nothing_of_a_patient_stands_in_the_metrics() -> None:
    app = create_app(Settings(as_of=date(2026, 3, 2), database_url=""))
    asked = 0
    for name in names()[::4]:
        asked += ask(app, nasty(example(name))).status_code == 200
    client = app.test_client()
    for path in (f"/cds-services/{NASTY[1]}", f"/{NASTY[0]}"):
        client.post(path, json={"hook": NASTY[0]}, headers={"X-Request-ID": NASTY[0], "User-Agent": NASTY[0]})
    text = text_of(app)
    assert asked > 5
    assert "allcue_verdicts_total{" in text
    assert not [value for value in ("Planted", "planted", "1999-07", "2999-07", "planted-7731") if value in text]


def test_labels_are_those_of_the_catalogue(clinical: Flask) -> None:
    ask(clinical, example())
    by_name = {name: metric for metric in METRICS for name in metric.names}
    for name, labels in metrics_of(clinical):
        if name.endswith("_created"):
            continue
        extra = {"le"} if name.endswith("_bucket") else set()
        assert {key for key, _ in labels} == set(by_name[name].labels) - {"pid"} | extra, name


def test_every_metric_is_named_once_and_described() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.meaning
        assert metric.group
        assert metric.name.startswith("allcue_")
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert {0.05, 0.5} <= set(catalogue.CALL_BUCKETS)


HEADERS = {"proxy": {"X-Forwarded-For": "10.0.0.9"}, "page": {"Sec-Fetch-Site": "cross-site"}}


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200), ("10.0.0.7", {}, 200), ("fd00::1", {}, 200), ("203.0.114.9", {}, 403),
        ("127.0.0.1", HEADERS["proxy"], 403), ("127.0.0.1", HEADERS["page"], 403), ("", {}, 403),
    ],
)  # fmt: skip
def test_they_are_told_in_private_networks_and_through_no_proxy(address: str, headers: Any, status: int) -> None:
    app = app_of(settings=Settings(open_mode=True))
    answer = app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    assert ("allcue_" in answer.text) == (status == 200)


def test_a_proxy_that_is_believed_does_not_publish_them() -> None:
    app = app_of(settings=Settings(open_mode=True, proxies=1))
    told = {"X-Forwarded-For": "10.0.0.9"}
    assert app.test_client().get("/metrics", headers=told).status_code == 403


@pytest.mark.parametrize(("sent", "status"), [("", 401), ("Bearer wrong", 401), ("Bearer " + "t" * 32, 200)])
def test_with_a_token_it_alone_counts(sent: str, status: int) -> None:
    app = app_of(settings=Settings(open_mode=True, metrics_token="t" * 32))
    headers = {"Authorization": sent, "X-Forwarded-For": "8.8.8.8"}
    assert app.test_client().get("/metrics", headers=headers).status_code == status


def test_no_script_of_another_site_reads_them() -> None:
    answer = app_of().test_client().get("/metrics", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_off_is_off() -> None:
    assert app_of(settings=Settings(metrics=False)).test_client().get("/metrics").status_code == 404


def test_private_addresses() -> None:
    assert is_private("169.254.3.4")
    assert not is_private("224.0.0.1")
    assert not is_private("0.0.0.0")
    assert not is_private("2001:4860:4860::8888")
    assert not is_private("host.example")


def test_without_meters_nothing_is_kept() -> None:
    watch = Watching(None)
    watch.left("cds_services.call", 200)
    watch.begin()
    watch.fold()
    assert not watch.counts


def test_after_some_use_every_metric_has_a_value(clinical: Flask) -> None:
    """What alerts and dashboard name is there: each metric of the list, whose names they are held to."""
    order = order_request(NAMES[0], "order-sign")
    card = ask(clinical, example()).json["cards"][0]["uuid"]
    ask(clinical, order, "order-sign")
    assert clinical.extensions["allcue-kept"].writer.flush(20)
    request = example()
    row = {"resourceType": "Observation", "id": "x", "status": "entered-in-error"}
    request["prefetch"]["observations"]["entry"] += [{"resource": row}]
    for _ in range(2):  # the second time from memory
        ask(clinical, request)
    clinical.test_client().post("/cds-services/allcue-patient-view/feedback", json={"feedback": [told(card)]})
    found = {name for name, _ in metrics_of(clinical)}
    of_many = {"allcue_workers"}  # told by workers
    held_back = {"allcue_silenced_total"}  # needs an override before
    assert {name for metric in METRICS for name in metric.names} - found == of_many | held_back
