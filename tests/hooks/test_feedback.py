"""The feedback endpoint (CDS Hooks 2.0, "Feedback"): saved before it is acknowledged, refused with its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from service.app import create_app
from service.hooks import caller
from service.hooks.feedback import BODY_MOST, feedback
from service.hooks.feedback_body import ITEMS_MOST
from service.hooks.ports import FeedbackItem
from service.settings import Settings
from tests.hooks.support import SELECT, VIEW, Recorder, issue_of

CARD = "0e96bd41-3f0b-4bd6-9e2f-d8b0d3fbb0b5"
ITEM: dict[str, Any] = {"card": CARD, "outcome": "accepted", "outcomeTimestamp": "2026-03-02T09:30:00Z"}


@dataclass(frozen=True)
class Saved:
    new: int = 1
    unknown: int = 0


@dataclass
class Log:
    """A log that keeps what it is told, or fails."""

    told: list[tuple[str, str, Sequence[FeedbackItem]]] = field(default_factory=list)
    error: Exception | None = None

    def record(self, service_id: str, client: str, items: Sequence[FeedbackItem]) -> Saved:
        if self.error is not None:
            raise self.error
        self.told.append((service_id, client, items))
        return Saved()


def app_with(log: Log, **settings: Any) -> Flask:
    app = create_app(Settings(**settings), Recorder(), (VIEW, SELECT))
    app.register_blueprint(feedback({VIEW.id, SELECT.id}, log))
    return app


def tell(log: Log, body: Any, place: str = "/cds-services/view/feedback", **more: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return app_with(log).test_client().post(place, data=data, **{"content_type": "application/json", **more})


def of(*items: dict[str, Any]) -> dict[str, Any]:
    return {"feedback": list(items)}


def test_several_outcomes_at_once() -> None:
    log = Log()
    override = {
        "card": "card-2",
        "outcome": "overridden",
        "overrideReason": {
            "reason": {"code": "patient-refuses", "system": "http://x", "display": "Declines"},
            "userComment": "not now\0",
        },
        "outcomeTimestamp": "2026-03-02T10:30:00.5+01:00",
        "extension": {"org.example": 1},
    }
    response = tell(log, of({**ITEM, "acceptedSuggestions": [{"id": "s1"}, {"id": "s2"}]}, override))
    assert (response.status_code, response.json) == (200, {})
    ((service, client, items),) = log.told
    assert (service, client) == ("view", "")
    assert items[0] == FeedbackItem(CARD, "accepted", datetime(2026, 3, 2, 9, 30, tzinfo=UTC), ("s1", "s2"))
    assert items[1] == FeedbackItem(
        "card-2",
        "overridden",
        datetime(2026, 3, 2, 9, 30, 0, 500000, UTC),
        (),
        ("http://x", "patient-refuses"),
        "not now",
    )


ACCEPTED = {
    "as the sandbox tells it": {
        **ITEM,
        "outcome": "overridden",
        "overrideReason": {"reason": {"code": "a", "system": "b"}},
    },
    "no offset": {**ITEM, "outcomeTimestamp": "2026-03-02T09:30:00"},
    "accepted without a suggestion": ITEM,
    "no suggestion taken": {**ITEM, "acceptedSuggestions": []},
    "overridden without a reason": {**ITEM, "outcome": "overridden"},
    "words only": {**ITEM, "outcome": "overridden", "overrideReason": {"userComment": "x"}},
    "an empty reason": {**ITEM, "outcome": "overridden", "overrideReason": {}},
    "a card that is no uuid": {**ITEM, "card": "card of another service"},
}


@pytest.mark.parametrize("item", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_a_client_cannot_repair_is_taken(item: dict[str, Any]) -> None:
    log = Log()
    assert tell(log, of(item)).status_code == 200
    assert len(log.told) == 1


REFUSED: dict[str, tuple[Any, str, str]] = {
    "no object": ([], "structure", "CDSHooksFeedback"),
    "no list": ({"feedback": ITEM}, "structure", "CDSHooksFeedback"),
    "nothing": ({"feedback": []}, "structure", "CDSHooksFeedback"),
    "no card": (of({**ITEM, "card": None}), "value", "CDSHooksFeedback.feedback[0].card"),
    "a card of many words": (of({**ITEM, "card": "x" * 256}), "value", "CDSHooksFeedback.feedback[0].card"),
    "C1 controls": (of({**ITEM, "card": "a\x9b31m"}), "value", "CDSHooksFeedback.feedback[0].card"),
    "marks that turn writing": (of({**ITEM, "card": "a\u202eb"}), "value", "CDSHooksFeedback.feedback[0].card"),
    "control characters": (of({**ITEM, "card": "a\nb"}), "value", "CDSHooksFeedback.feedback[0].card"),
    "another outcome": (of({**ITEM, "outcome": "ignored"}), "value", "CDSHooksFeedback.feedback[0].outcome"),
    "no timestamp": (
        of({"card": CARD, "outcome": "accepted"}), "required", "CDSHooksFeedback.feedback[0].outcomeTimestamp",
    ),
    "no moment": (of({**ITEM, "outcomeTimestamp": "2026-03-02"}), "value", "CDSHooksFeedback.feedback[0].outcomeTimestamp"),
    "beyond time": (
        of({**ITEM, "outcomeTimestamp": "0001-01-01T00:00:00+23:00"}), "value", "CDSHooksFeedback.feedback[0].outcomeTimestamp",
    ),
    "the second": (of(ITEM, "x"), "value", "CDSHooksFeedback.feedback[1]"),
    "a suggestion without id": (
        of({**ITEM, "acceptedSuggestions": [{}]}), "required", "CDSHooksFeedback.feedback[0].acceptedSuggestions[0].id",
    ),
    "many suggestions": (
        of({**ITEM, "acceptedSuggestions": [{"id": "x"}] * 101}), "value", "CDSHooksFeedback.feedback[0].acceptedSuggestions",
    ),
    "long words": (
        of({**ITEM, "overrideReason": {"userComment": "x" * 10_001}}), "value",
        "CDSHooksFeedback.feedback[0].overrideReason.userComment",
    ),
    "no Coding": (
        of({**ITEM, "overrideReason": {"reason": "refuses"}}), "value", "CDSHooksFeedback.feedback[0].overrideReason.reason",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "code", "place"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_stored_is_refused_with_its_place(body: Any, code: str, place: str) -> None:
    log = Log()
    response = tell(log, body)
    assert response.status_code == 400
    issue = issue_of(response)
    assert (issue["code"], issue["expression"]) == (code, [place])
    assert log.told == []


def test_all_that_is_wrong_is_told_without_quoting_it() -> None:
    response = tell(Log(), of({**ITEM, "outcome": "secret"}, {**ITEM, "card": 7}))
    assert len(response.json["issue"]) == 2
    assert "secret" not in response.text


def test_limits() -> None:
    log = Log()
    assert tell(log, of(*[ITEM] * ITEMS_MOST)).status_code == 200
    assert issue_of(tell(log, of(*[ITEM] * (ITEMS_MOST + 1))))["code"] == "too-long"
    assert tell(log, b"[" + b" " * BODY_MOST).status_code == 413
    assert tell(log, b"not json").status_code == 400
    assert tell(log, of(ITEM), content_type="text/plain").status_code == 415
    deep = b'{"feedback": [' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"]}"
    assert tell(log, deep).status_code == 422
    nested: dict[str, Any] = {}
    for _ in range(90):
        nested = {"x": nested}
    assert tell(log, of({**ITEM, "extension": nested})).status_code == 200


def test_places() -> None:
    log = Log()
    assert tell(log, of(ITEM), "/cds-services/select/feedback").status_code == 200
    assert tell(log, of(ITEM), "/cds-services//view/feedback").status_code == 200
    assert log.told[0][0] == "select"
    assert issue_of(tell(log, of(ITEM), "/cds-services/nothing/feedback"))["code"] == "not-found"
    client = app_with(log).test_client()
    assert client.get("/cds-services/view/feedback").status_code == 405
    preflight = client.options("/cds-services/view/feedback", headers={"Origin": "https://ehr.example.org"})
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]


def test_who_calls_is_told_on() -> None:
    log = Log()
    app = app_with(log)
    app.before_request(lambda: caller.identify(caller.Caller("ehr")))
    app.test_client().post("/cds-services/view/feedback", json=of(ITEM))
    assert log.told[0][1] == "ehr"


def test_what_was_not_saved_is_not_acknowledged() -> None:
    response = tell(Log(error=OSError("disk full at /secret")), of(ITEM))
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert issue_of(response)["code"] == "transient"
    assert "secret" not in response.text
    assert tell(Log(error=KeyError("secret")), of(ITEM)).status_code == 500


def test_without_a_database_there_is_no_such_address() -> None:
    app = create_app(Settings(), Recorder(), (VIEW, SELECT))
    assert app.test_client().post("/cds-services/view/feedback", json=of(ITEM)).status_code == 404
