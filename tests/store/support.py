"""Feedback and traces to be saved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from service.hooks.ports import FeedbackItem
from service.store.traces import CardTrace

REASON = ("http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes", "patient-refuses")
MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def item(card: str = "card-1", outcome: str = "overridden", **more: Any) -> FeedbackItem:
    return FeedbackItem(card, outcome, **{"at": MOMENT, **more})


def trace(card: str = "card-1", **more: Any) -> CardTrace:
    given: dict[str, Any] = {
        "client": "ehr", "service": "allcue-patient-view", "hook": "patient-view", "as_of": date(2026, 3, 2),
        "version": "0.1.0", "content": "c0ffee", "advice": "a" * 64, "indicator": "info", "rules": ("rule-a", "rule-b"),
        "patient": "p" * 64, "basis": "b" * 64,
    }  # fmt: skip
    return CardTrace(card=card, **{**given, **more})
