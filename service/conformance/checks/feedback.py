"""POST /cds-services/{id}/feedback (CDS Hooks 2.0 "Feedback"). A service may go without; then these are skipped."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from service.conformance.model import Problems, Skip, check
from service.conformance.run import Run
from service.conformance.target import Answer

_PRACTICE = "practice; answers open in 2.0"
_REASON = {
    "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
    "code": "cds-not-applicable",
    "display": "Not applicable",
}


@check("feedback of an accepted suggestion is taken")
def feedback_accepted(run: Run) -> Problems:
    card, suggestion = _told(run)
    yield from _taken(_post(run, [_accepted(card, suggestion)]))


@check("feedback of an overridden card with reason and comment is taken")
def feedback_overridden(run: Run) -> Problems:
    reason = {"reason": _REASON, "userComment": "Conformance check"}
    yield from _taken(_post(run, [{**_overridden(_told(run)[0]), "overrideReason": reason}]))


@check("feedback of an overridden card without a reason is taken")
def feedback_no_reason(run: Run) -> Problems:
    yield from _taken(_post(run, [_overridden(_told(run)[0])]))


@check("several cards, and one card several times, may come in one post")
def feedback_several(run: Run) -> Problems:
    card, suggestion = _told(run)
    yield from _taken(_post(run, [_accepted(card, suggestion), _overridden(card), _overridden(str(uuid.uuid4()))]))


@check("the same feedback sent again is taken again", _PRACTICE)
def feedback_repeated(run: Run) -> Problems:
    item = _overridden(_told(run)[0])
    for _ in range(2):
        yield from _taken(_post(run, [item]))


@check("feedback of a card that the service does not know is taken: no client can repair it", _PRACTICE)
def feedback_unknown_card(run: Run) -> Problems:
    yield from _taken(_post(run, [_overridden(str(uuid.uuid4()))]))


@check("feedback of a wrong shape is refused with 400", _PRACTICE)
def feedback_malformed(run: Run) -> Problems:
    good = _overridden(str(uuid.uuid4()))
    bad: dict[str, Any] = {
        "no array": good,
        "an outcome that is none": {"feedback": [{**good, "outcome": "ignored"}]},
        "no card": {"feedback": [{k: v for k, v in good.items() if k != "card"}]},
        "no time": {"feedback": [{k: v for k, v in good.items() if k != "outcomeTimestamp"}]},
        "a time that is none": {"feedback": [{**good, "outcomeTimestamp": "yesterday"}]},
    }
    for what, body in bad.items():
        answer = _raw(run, body)
        if answer.status != 400:
            yield f"{what}: {answer.words}, not 400"


@check("feedback for a service that does not exist: 404", _PRACTICE)
def feedback_unknown_service(run: Run) -> Problems:
    _post(run, [_overridden(str(uuid.uuid4()))])  # skips where there is no feedback
    url = run.target.service_url("no-such-service") + "/feedback"
    answer = run.target.post(url, {"feedback": [_overridden(str(uuid.uuid4()))]})
    if answer.status != 404:
        yield f"{answer.words}, not 404"


def _told(run: Run) -> tuple[str, str]:
    """The uuids of a card that came and of a suggestion on it; made up where none came."""
    for card in run.answered.cards:
        if isinstance(card, dict) and isinstance(card.get("uuid"), str):
            rows = card.get("suggestions")
            ids = [row.get("uuid") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            return card["uuid"], next((one for one in ids if isinstance(one, str)), str(uuid.uuid4()))
    return str(uuid.uuid4()), str(uuid.uuid4())


def _accepted(card: str, suggestion: str) -> dict[str, Any]:
    return {"card": card, "outcome": "accepted", "acceptedSuggestions": [{"id": suggestion}], **_now()}


def _overridden(card: str) -> dict[str, Any]:
    return {"card": card, "outcome": "overridden", **_now()}


def _now() -> dict[str, str]:
    return {"outcomeTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _post(run: Run, items: list[dict[str, Any]]) -> Answer:
    answer = _raw(run, {"feedback": items})
    if answer.status in (404, 405):
        raise Skip("feedback is optional, and this service takes none")
    return answer


def _raw(run: Run, body: Any) -> Answer:
    answer = run.target.post(run.target.service_url(run.answered.service["id"]) + "/feedback", body)
    if answer.status in (404, 405):
        raise Skip("feedback is optional, and this service takes none")
    return answer


def _taken(answer: Answer) -> Problems:
    if not 200 <= answer.status < 300:
        yield f"{answer.words}, not 200"
