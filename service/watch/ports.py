"""The ports to the store, watched: what they do, and how often they cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from service.advice.reasons import OVERRIDE_REASONS
from service.hooks.ports import FeedbackItem, FeedbackLog, ReplayGuard
from service.store.feedback import Saved
from service.watch import catalogue as of
from service.watch.watch import Watching

_CODES = {(reason["system"], reason["code"]): reason["code"] for reason in OVERRIDE_REASONS}


class Overrides(Protocol):
    """What was overridden for a patient; ``service.store.feedback.Suppressions`` is one."""

    def of(self, client: str, patient: str) -> Mapping[str, str]:
        """By key of the advice the keyed hash of the facts it rested on. Raises OSError: not read."""
        ...


class WatchedFeedback:
    """A `FeedbackLog` whose entries are counted, once each."""

    def __init__(self, log: FeedbackLog, watch: Watching):
        self._log, self._watch = log, watch

    def record(self, service_id: str, client: str, items: Sequence[FeedbackItem]) -> Saved:
        """Save, as the log does."""
        watch = self._watch
        try:
            with watch.span("store feedback"):
                saved = self._log.record(service_id, client, items)
        except OSError:
            watch.count(of.STORE_FAILURES, "feedback")
            raise
        if not isinstance(saved, Saved):
            return Saved(saved.new, saved.unknown)
        for place, rules in saved.entries:
            item = items[place]
            reason = "none" if item.reason is None else _CODES.get(item.reason, "other")
            watch.count(of.FEEDBACK, service_id, item.outcome, reason)
            for rule in rules:
                watch.count(of.RULE_FEEDBACK, rule, item.outcome)
        return saved


class WatchedReplay:
    """A `ReplayGuard` whose failures are counted."""

    def __init__(self, guard: ReplayGuard, watch: Watching):
        self._guard, self._watch = guard, watch

    def first_use(self, issuer: str, jti: str, expires: datetime) -> bool:
        """Whether it is the first use, as the guard says."""
        try:
            return self._guard.first_use(issuer, jti, expires)
        except OSError:
            self._watch.count(of.STORE_FAILURES, "tokens")
            raise


class WatchedOverrides:
    """`Overrides` whose failures are counted."""

    def __init__(self, overrides: Overrides, watch: Watching):
        self._overrides, self._watch = overrides, watch

    def of(self, client: str, patient: str) -> Mapping[str, str]:
        """As the store says."""
        try:
            return self._overrides.of(client, patient)
        except OSError:
            self._watch.count(of.STORE_FAILURES, "overrides")
            raise
