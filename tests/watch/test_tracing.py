"""Traces: that spans nest from the request to the FHIR server and back, and say nothing of the patient."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

pytest.importorskip("opentelemetry.sdk", reason="needs the packages of allcue[otel]")
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fhir_examples.request import day_of, request_of
from service.app import create_app
from service.settings import Settings
from service.watch.tracing import Tracing, tracing_of
from service.watch.watch import Watching
from tests.hooks.fhir_server import fake_fhir
from tests.hooks.support import Recorder, body
from tests.test_examples import bundle

PATIENT = "relapsed-ph-positive-t315i"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = 0x0AF7651916CD43DD8448EB211C80319C
PLANTED = ("Plantedname", "planted-token", "planted-patient")


@pytest.fixture
def kept() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.clear()


def watch(exporter: InMemorySpanExporter) -> Watching:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Watching(None, Tracing(provider))


def spans(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_spans_nest_and_go_on_from_the_caller(kept: InMemorySpanExporter, tmp_path: Path) -> None:
    settings = Settings(as_of=day_of(PATIENT), database_url=f"sqlite:///{tmp_path}/allcue.db")
    app = create_app(settings, watch=watch(kept))
    client = app.test_client()
    headers = {"traceparent": PARENT, "tracestate": f"x={PLANTED[0]}", "baggage": f"name={PLANTED[0]}"}
    answer = client.post(
        "/cds-services/allcue-patient-view", json=request_of(bundle(PATIENT), PATIENT), headers=headers
    )
    assert answer.status_code == 200
    found = spans(kept)
    call = found["POST /cds-services/<service_id>"]
    assert call.parent is not None
    assert call.context.trace_id == TRACE
    assert call.attributes is not None
    assert call.attributes["allcue.cards"] == len(answer.json["cards"])
    assert call.attributes["http.response.status_code"] == 200
    decide, read = found["decide"], found["read record"]
    assert decide.parent.span_id == call.context.span_id
    assert read.parent.span_id == decide.context.span_id
    assert read.context.trace_id == TRACE
    item = {"card": "c", "outcome": "accepted", "acceptedSuggestions": [{"id": "s"}]}
    told = {"feedback": [{**item, "outcomeTimestamp": "2026-03-02T10:00:00Z"}]}
    assert client.post("/cds-services/allcue-patient-view/feedback", json=told).status_code == 200
    found = spans(kept)
    assert found["store feedback"].parent.span_id == found["POST /cds-services/<service_id>/feedback"].context.span_id
    assert PLANTED[0] not in written(kept)


def written(exporter: InMemorySpanExporter) -> str:
    return "".join(span.to_json() for span in exporter.get_finished_spans())


def traced(kept: InMemorySpanExporter, engine: Any, **settings: Any) -> Flask:
    from tests.hooks.support import VIEW

    return create_app(Settings(database_url="", **settings), engine, (VIEW,), watch=watch(kept))


def test_reads_are_spans_without_addresses_and_tell_the_server_their_trace(kept: InMemorySpanExporter) -> None:
    with fake_fhir() as server:
        request = body(context={"userId": "u", "patientId": PLANTED[2]})
        request["prefetch"] = {
            "patient": {"resourceType": "Patient", "id": PLANTED[2], "name": [{"family": PLANTED[0]}]}
        }
        request |= {"fhirServer": server.url, "fhirAuthorization": {"access_token": PLANTED[1]}}
        answer = traced(kept, Recorder()).test_client().post(
            "/cds-services/view", json=request, headers={"traceparent": PARENT, "tracestate": "x=y"}
        )  # fmt: skip
        assert answer.status_code == 200
        asked = list(server.asked)
    reads = [span for span in kept.get_finished_spans() if span.name == "FHIR read"]
    assert len(reads) == len(asked) >= 2
    assert {span.context.trace_id for span in reads} == {TRACE}
    assert {dict(span.attributes or {})["allcue.server"] for span in reads} == {"127.0.0.1"}
    for _, sent in asked:
        headers = {name.lower(): value for name, value in sent.items()}
        assert headers["traceparent"].split("-")[1] == PARENT.split("-")[1]
        assert "tracestate" not in headers
    text = written(kept)
    assert not [value for value in (*PLANTED, "Condition?") if value in text]


def test_a_failure_is_told_by_its_type(kept: InMemorySpanExporter) -> None:
    def fail(_: Any) -> Any:
        raise ValueError(PLANTED[0])

    assert traced(kept, fail).test_client().post("/cds-services/view", json=body()).status_code == 500
    found = spans(kept)
    assert not found["decide"].status.is_ok
    assert found["decide"].status.description == "ValueError"
    assert not found["POST /cds-services/<service_id>"].status.is_ok
    assert PLANTED[0] not in written(kept)


def test_what_is_no_trace_begins_a_new_one(kept: InMemorySpanExporter) -> None:
    answer = (
        traced(kept, Recorder()).test_client().get(f"/{PLANTED[0]}?q={PLANTED[1]}", headers={"traceparent": PLANTED[0]})
    )
    assert answer.status_code == 404
    (span,) = kept.get_finished_spans()
    assert span.parent is None
    assert span.name == "GET"
    assert not [value for value in PLANTED if value in json.dumps(span.to_json())]


def test_off_unless_said_where_to_send_them() -> None:
    assert tracing_of({}) is None
    assert tracing_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}) is None


def test_the_standard_variables_turn_them_on() -> None:
    made = InMemorySpanExporter()
    found = tracing_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, lambda: made)
    assert found is not None
    with found.span("work"):
        assert set(found.onward()) == {"traceparent"}
    found.flush()
    (span,) = made.get_finished_spans()
    assert span.resource.attributes["service.name"] == "allcue"
