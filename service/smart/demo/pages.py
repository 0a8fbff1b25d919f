"""``/demo`` over HTTP: one form, whose buttons say what is to be done; the answer is the page anew."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, Forbidden, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from service.smart.demo import guard
from service.smart.demo.drafts import reference_of, title_of
from service.smart.demo.pasted import MOST_BYTES
from service.smart.demo.ports import Trial, Unusable
from service.smart.demo.show import HEADERS, cards_in, grouped, issues_in, pretty, pretty_json, rulings
from service.smart.demo.state import State, from_form
from service.smart.demo.steps import Turn
from service.smart.launch.token import card_of
from service.smart.pages import Site
from service.smart.ports import CannotShow
from service.smart.session import Opened

_MOST_FINDINGS = 200


def demo(site: Site, trial: Trial, *, local_only: bool) -> Blueprint:
    """The demo page and what it opens.

    Args:
        local_only: open to this machine alone.
    """
    blueprint = Blueprint("demo", __name__)
    guard.install(blueprint, local_only=local_only, base=trial.base)

    @blueprint.before_request
    def take_large_fields() -> None:
        """A pasted patient is one field; the limit of the whole body holds all the same."""
        request.max_form_memory_size = request.max_content_length

    @blueprint.get("/demo")
    def start() -> AnyResponse:
        return _page(site, Turn(State(), trial))

    @blueprint.post("/demo")
    def work() -> AnyResponse:
        turn = _turn(site, trial)
        if not turn.errors:
            turn.do(request.form.get("do", ""))
        return _page(site, turn)

    @blueprint.post("/demo/chart")
    def open_chart() -> AnyResponse:
        turn = _turn(site, trial)
        state, card = turn.state, card_of(request.form.get("card"))
        try:
            if turn.errors:
                return _page(site, turn)
            if state.example and not state.orders:
                trial.example(state.example)
                given = f"example:{state.example}"
            else:
                given = trial.keep(turn.patient())
            return site.open(Opened(patient="", given=given, card=card))
        except Unusable as problem:
            turn.errors["example" if state.example else "pasted"] = str(problem)
            return _page(site, turn)
        except CannotShow as problem:
            return site.trouble(problem)

    @blueprint.errorhandler(Forbidden)
    def refused(problem: Forbidden) -> AnyResponse:
        return Response(f"{problem.description}\n", HTTPStatus.FORBIDDEN, mimetype="text/plain")

    @blueprint.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> AnyResponse:
        turn = Turn(State(), trial)
        turn.errors["pasted"] = f"is larger than {MOST_BYTES // 1_000_000} MB, more than the demo page takes."
        return _page(site, turn, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    @blueprint.after_request
    def name_own_origin(response: Response) -> Response:
        """Else browsers send ``Origin: null`` with the page's own forms, as another site's sandboxed frame would."""
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return blueprint


def _turn(site: Site, trial: Trial) -> Turn:
    """The form that came. An uploaded file takes the place of what was pasted."""
    if request.mimetype not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise BadRequest
    state = from_form(request.form, request.form.getlist("chosen"), site.seal)
    turn = Turn(state, trial, request.form)
    uploaded = request.files.get("file")
    if uploaded is not None and uploaded.filename:
        try:
            state.pasted, state.example = _text_of(uploaded), ""
        except Unusable as problem:
            turn.errors["file"] = str(problem)
    return turn


def _text_of(uploaded: FileStorage) -> str:
    raw = uploaded.stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Unusable(f"is larger than {MOST_BYTES // 1_000_000} MB, more than the demo page takes.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(f"is not UTF-8 text (byte {error.start + 1}).") from None


def _page(site: Site, turn: Turn, status: int | None = None) -> Response:
    state, sent, trial = turn.state, turn.state.sent, turn.trial
    status = status or (HTTPStatus.UNPROCESSABLE_ENTITY if turn.errors else HTTPStatus.OK)
    base = trial.base or request.host_url.rstrip("/")
    checked = turn.checked
    values: dict[str, object] = {
        "state": state,
        "sent": sent,
        "sealed": sent.sealed(site.seal),
        "errors": turn.errors,
        "news": turn.news,
        "patients": grouped(trial.patients),
        "picked": next((pick for pick in trial.patients if pick.name == state.example), None),
        "hooks": trial.hooks,
        "order_hooks": trial.order_hooks,
        "orderables": grouped(trial.orderables),
        "order_examples": grouped(trial.order_examples),
        "profiles": trial.profiles,
        "profile": state.profile or trial.profile,
        "asks_tokens": trial.asks_tokens,
        "address": f"{base}/cds-services/{sent.service}" if sent.service else "",
        "drafts": [_draft(number, row, state) for number, row in enumerate(state.drafts)],
        "cards": [_card(card, state) for card in cards_in(sent.body)] if sent.status else [],
        "issues": issues_in(sent.body) if sent.status else [],
        "raw": pretty(sent.body) if sent.status else "",
        "headers": [(name, value) for name, value in sent.headers if name in HEADERS],
        "rulings": rulings(turn.answer, trial.words) if turn.answer is not None else None,
        "judged": turn.answer is not None and turn.answer.facts is not None,
        "checked": checked.checked if checked else None,
        "findings": checked.findings[:_MOST_FINDINGS] if checked else (),
        "all_findings": len(checked.findings) if checked else 0,
        "aside": turn.aside,
    }
    return site.answer("demo.html", values, status)


def _draft(number: int, draft: object, state: State) -> Mapping[str, object]:
    row = draft if isinstance(draft, Mapping) else {}
    return {
        "number": number, "title": title_of(draft), "reference": reference_of(draft) or str(row.get("resourceType", "?")),
        "status": str(row.get("status", "")), "chosen": number in state.chosen, "json": draft,
    }  # fmt: skip


def _card(card: Mapping[str, object], state: State) -> Mapping[str, object]:
    """A card with what became of it. ``closed``: nothing more is to be done with it."""
    told = [one for one in state.sent.told if one.card == card.get("uuid")]
    taken = {one.suggestion for one in told if one.suggestion}
    overridden = any(one.outcome == "overridden" for one in told)
    one_only = bool(taken) and card.get("selectionBehavior") == "at-most-one"
    rows = card.get("suggestions")
    actions = [pretty_json(row.get("actions", [])) for row in rows] if isinstance(rows, list) else []
    return {
        "card": card, "told": told, "taken": taken, "closed": overridden or one_only, "overridden": overridden,
        "actions": actions,
    }  # fmt: skip
