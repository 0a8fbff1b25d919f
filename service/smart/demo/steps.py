"""What each button of the demo page does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from service.advice.engine import Answer
from service.smart.demo.drafts import applied, named, number_in
from service.smart.demo.ports import Trial, Unusable, Wanted
from service.smart.demo.show import cards_in
from service.smart.demo.state import Sent, State, Told
from service.validation import Validation, validate

COMMENT_MOST = 2000


@dataclass(slots=True)
class Turn:
    """One form worked through. ``errors``: by field, in words; ``news``: what just happened, for the reader; ``answer``: how
    the cards came about; ``checked``, ``aside``: what was found in the input."""

    state: State
    trial: Trial
    form: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    news: str = ""
    answer: Answer | None = None
    checked: Validation | None = None
    aside: tuple[tuple[str, str], ...] = ()

    def do(self, button: str) -> None:
        """Do what a button says; one that is not known makes the request."""
        name, _, what = button.partition(":")
        steps: Mapping[str, Callable[[str], None]] = {
            "add": self._add, "load": self._load, "remove": self._remove, "send": self._send, "again": self._again,
            "send-shown": self._send_shown, "apply": self._apply, "dismiss": self._dismiss,
        }  # fmt: skip
        if name not in ("load", "apply", "dismiss", "send-shown"):
            self._settle_orders()
        steps.get(name, self._make)(what)
        self._look_back()

    def patient(self) -> Any:
        """The patient that is picked or pasted. Raises Unusable."""
        state = self.state
        if state.orders:
            return self.trial.order_example(state.orders)[1]
        if state.example:
            return self.trial.example(state.example)
        if not state.pasted.strip():
            raise Unusable("is empty. Allowed: a FHIR Bundle, a resource, a prefetch object, a CDS Hooks request.")
        raw = self.trial.parse(state.pasted)
        return self.trial.moved(raw, self._day()) if state.day else raw

    def _day(self) -> date:
        try:
            return date.fromisoformat(self.state.day)
        except ValueError:
            raise Unusable("The day of the story is no date such as 2026-03-02.") from None

    # Orders

    def _add(self, what: str) -> None:
        state = self.state
        try:
            if what == "words":
                if not state.words:
                    raise Unusable("Type a drug first, such as: vincristine 2 mg intrathecal.")
                new = [self.trial.in_words(state.words)]
                state.words = ""
            elif what == "orderable":
                new = [self.trial.orderable(state.orderable)]
            else:
                new = _orders_in(self.trial.parse(state.own))
                state.own = ""
        except Unusable as problem:
            self.errors["own" if what == "own" else "words"] = str(problem)
            return
        for draft in new:
            state.chosen.append(len(state.drafts))
            state.drafts.append(named(state.drafts, draft))
        self._to_orders()
        self.news = "added"

    def _to_orders(self) -> None:
        """Orders go with a hook about orders; who adds one while the chart is opened means to choose it."""
        if (self.state.hook or self.state.sent.hook) not in self.trial.order_hooks:
            self.state.hook = "order-select"

    def _settle_orders(self) -> None:
        """Load an example of orders that was picked and not loaded; let go of one whose patient was changed."""
        state, sent = self.state, self.state.sent
        if state.orders and state.orders != sent.loaded:
            self._load("")
        elif state.orders and self.trial.order_example(state.orders)[0] != state.example:
            state.orders, state.drafts, state.chosen = "", [], []
        sent.loaded = state.orders

    def _load(self, _: str) -> None:
        try:
            patient, _bundle, drafts = self.trial.order_example(self.state.orders)
        except Unusable as problem:
            self.errors["orders"], self.state.orders = str(problem), ""
            return
        self.state.example, self.state.drafts = patient, list(drafts)
        self.state.chosen = list(range(len(drafts)))
        self.state.sent.drafts_of, self.state.sent.loaded = "", self.state.orders
        self._to_orders()
        self.news = "loaded"

    def _remove(self, what: str) -> None:
        number = number_in(what, len(self.state.drafts))
        if number is not None:
            del self.state.drafts[number]
            self.state.chosen = [n - (n > number) for n in self.state.chosen if n != number]
            self.state.emptied = True
            self.state.sent.drafts_of = ""
            self.news = "removed"

    # Requests

    def _make(self, _: str) -> None:
        state, sent = self.state, self.state.sent
        here = f"{state.who}|{state.hook}"
        if sent.drafts_of and sent.drafts_of != here:  # made up for another patient or hook
            state.drafts, state.chosen = [], []
        try:
            patient = self.patient()
            context = self._context()
            made = self.trial.make(
                Wanted(patient, state.hook, state.drafts, state.chosen, context, fill=not state.emptied)
            )
        except Unusable as problem:
            self.errors.setdefault("example" if state.example else "pasted", str(problem))
            return
        filled = not state.drafts and bool(made.drafts)
        state.drafts, state.chosen = list(made.drafts), list(made.chosen)
        state.context = json.dumps(made.context, indent=1, ensure_ascii=False)
        state.request = json.dumps(made.request, indent=1, ensure_ascii=False)
        here = f"{state.who}|{state.hook}"
        drafts_of = here if filled or (sent.drafts_of == here) else ""
        state.sent = Sent(made.service, made.hook, here, state.context if context is None else "", drafts_of,
                          sent.loaded, made.made_up, dict(made.not_sent))  # fmt: skip
        self.news = "made"

    def _context(self) -> dict[str, Any] | None:
        """The context as edited by hand; None where it is to be made up. Raises Unusable."""
        state, sent = self.state, self.state.sent
        text = state.context.strip()
        of_another = bool(sent.context_of) and sent.context_of != f"{state.who}|{state.hook}"
        if not text or of_another or text == sent.context.strip():
            return None
        try:
            found = self.trial.parse(text)
            if not isinstance(found, dict):
                raise Unusable("is no JSON object.")
        except Unusable as problem:
            self.errors["context"] = str(problem)
            raise
        return found

    def _send(self, _: str) -> None:
        self._make("")
        if not self.errors:
            self._send_shown("")

    def _again(self, hook: str) -> None:
        self.state.hook = hook or self.state.hook
        self._send("")

    def _send_shown(self, _: str) -> None:
        state, sent = self.state, self.state.sent
        if not sent.service:
            self._send("")
            return
        try:
            called = self.trial.call(sent.service, state.request, state.profile, remember=True)
        except Unusable as problem:
            self.errors["request"] = str(problem)
            return
        sent.status, sent.ms, sent.headers, sent.body = called.status, called.ms, list(called.headers), called.body
        sent.digest, sent.profile, sent.told = _digest(state.request), state.profile, []
        self.answer = called.answer
        self.news = "sent"

    # Suggestions and feedback

    def _apply(self, what: str) -> None:
        card_id, _, number = what.partition(":")
        card = self._card(card_id)
        rows = card.get("suggestions") if card else None
        at = number_in(number, len(rows)) if isinstance(rows, list) else None
        if not isinstance(rows, list) or at is None:
            return
        suggestion = rows[at]
        before = len(self.state.drafts)
        self.state.drafts, changes = applied(self.state.drafts, suggestion.get("actions") or ())
        self.state.sent.drafts_of = ""
        self.state.emptied = True  # what is in the list now is what somebody left there
        created = [change for change in changes if change.kind == "created"]
        if len(self.state.drafts) < before or not created:
            self.state.chosen = [n for n in self.state.chosen if n < len(self.state.drafts)]
        if created:
            self.state.chosen = list(range(len(self.state.drafts) - len(created), len(self.state.drafts)))
        item = {"card": card_id, "outcome": "accepted", "acceptedSuggestions": [{"id": suggestion.get("uuid")}]}
        self._tell(item, str(suggestion.get("uuid")), [(change.kind, change.title) for change in changes])

    def _dismiss(self, card_id: str) -> None:
        card = self._card(card_id)
        if card is None:
            return
        item: dict[str, Any] = {"card": card_id, "outcome": "overridden"}
        reasons = card.get("overrideReasons")
        why: dict[str, Any] = {}
        if isinstance(reasons, list):
            number = number_in(self.form.get(f"reason-{card_id}", ""), len(reasons))
            if number is not None:
                why["reason"] = reasons[number]
        if comment := self.form.get(f"comment-{card_id}", "").strip()[:COMMENT_MOST]:
            why["userComment"] = comment
        if why:
            item["overrideReason"] = why
        self._tell(item, "", [])

    def _tell(self, item: dict[str, Any], suggestion: str, changes: list[tuple[str, str]]) -> None:
        item["outcomeTimestamp"] = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        body = json.dumps({"feedback": [item]}, indent=1, ensure_ascii=False)
        sent = self.state.sent
        called = self.trial.feedback(sent.service, body)
        told = Told(str(item["card"]), str(item["outcome"]), body, called.status, called.body, suggestion, changes)
        sent.told.append(told)
        self.news = "told"

    def _card(self, name: str) -> dict[str, Any] | None:
        return next((card for card in cards_in(self.state.sent.body) if card.get("uuid") == name), None)

    # What is shown beside it

    def _look_back(self) -> None:
        """Findings on the input, and the trace of an answer that came with an earlier form."""
        state = self.state
        try:
            patient = self.patient()
            self.checked = validate(patient)
            self.aside = self.trial.set_aside(patient)
        except Unusable as problem:
            self.errors.setdefault("example" if state.example else "pasted", str(problem))
        if self.answer is None and state.sent.status == 200 and state.sent.digest == _digest(state.request):
            try:
                called = self.trial.call(state.sent.service, state.request, state.sent.profile, remember=False)
            except Unusable:
                return
            self.answer = called.answer


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _orders_in(raw: Any) -> list[dict[str, Any]]:
    """The orders of pasted FHIR: a resource, a Bundle, or a list of resources. Raises Unusable."""
    rows: Any = [raw]
    if isinstance(raw, list):
        rows = raw
    elif isinstance(raw, dict) and raw.get("resourceType") == "Bundle":
        entries = raw.get("entry")
        rows = [row.get("resource") for row in entries if isinstance(row, dict)] if isinstance(entries, list) else []
    found = [row for row in rows if isinstance(row, dict) and isinstance(row.get("resourceType"), str)]
    if not found or len(found) < len(rows):
        raise Unusable(
            "is no order. Allowed: a FHIR resource such as MedicationRequest, a Bundle of them, a list of them."
        )
    return found
