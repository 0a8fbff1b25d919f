"""The four states of a prefetch key (CDS Hooks 2.0 "Prefetch Template"): there, null or empty, an error, absent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.conformance.examples import EMPTY_BUNDLE, OUTCOME, is_search, prefetch, templates
from service.conformance.model import Problems, Skip, check
from service.conformance.run import Called, Run
from service.conformance.target import Answer

_ANSWERED = (200, 412)


@check("null under a search key means that there is nothing, and is answered", "2.0 Prefetch Template")
def prefetch_null(run: Run) -> Problems:
    yield from _with_searches(run, lambda: None)


@check("an empty search under a key means that there is nothing, and is answered", "2.0 Prefetch Template")
def prefetch_empty(run: Run) -> Problems:
    yield from _with_searches(run, lambda: dict(EMPTY_BUNDLE))


@check("an OperationOutcome under a key is neither a fault of the service nor taken for no data")
def prefetch_outcome(run: Run) -> Problems:
    told = False
    for called in _one_each(run):
        answer = _sent(run, called, prefetch(called.service, called.patient, lambda: dict(OUTCOME)))
        yield from _not_silent(called, answer, "OperationOutcomes in place of the searches")
        told = told or answer.status == 412 or bool(called.cards)
    if not told:
        raise Skip("no cards came with data, so silence tells nothing")


@check("without data that it needs and cannot fetch the service answers 412, not silence")
def prefetch_absent(run: Run) -> Problems:
    refused = False
    for called in _one_each(run):
        answer = _sent(run, called, None)
        yield from _not_silent(called, answer, "no prefetch and no FHIR server")
        refused = refused or answer.status == 412
    if not refused:
        raise Skip("every service answers without prefetch: what it needs cannot be told from outside")


@check("a part of the keys is answered too: with cards, silence or 412", "2.0 Prefetch Template")
def prefetch_partial(run: Run) -> Problems:
    for called in _one_each(run):
        keys = called.request.get("prefetch", {})
        if len(keys) < 2:
            continue
        half = dict(list(keys.items())[: (len(keys) + 1) // 2])
        answer = run.call(called.service, {**called.request, "prefetch": half})
        if answer.status not in _ANSWERED:
            yield f"{called.place}: with half of the keys: {answer.words}"


def _with_searches(run: Run, value: Callable[[], Any]) -> Problems:
    for called in _one_each(run):
        if not any(map(is_search, templates(called.service).values())):
            continue
        keys = prefetch(called.service, called.patient, value)
        answer = run.call(called.service, {**called.request, "prefetch": keys})
        if answer.status != 200:
            yield f"{called.place}: {answer.words}, not 200"


def _sent(run: Run, called: Called, keys: Any) -> Answer:
    """The call with other prefetch, or with none."""
    body = {name: value for name, value in {**called.request, "prefetch": keys}.items() if value is not None}
    return run.call(called.service, body)


def _not_silent(called: Called, answer: Answer, what: str) -> Problems:
    if answer.status not in _ANSWERED:
        yield f"{called.place}: {what}: {answer.words}, not 200 or 412"
    elif answer.status == 200 and called.cards and not _cards(answer.json):
        yield f"{called.place}: {what}: 200 without cards, though the same patient has {len(called.cards)} with data"


def _cards(body: Any) -> Any:
    return body.get("cards") if isinstance(body, dict) else None


def _one_each(run: Run) -> list[Called]:
    """For each service with templates one answered call, with cards if one had any. Raises Skip if there is none."""
    best: dict[str, Called] = {}
    for called in run.called:
        if called.answer.status == 200 and templates(called.service):
            kept = best.get(called.service["id"])
            if kept is None or (called.cards and not kept.cards):
                best[called.service["id"]] = called
    if not best:
        raise Skip("no service with prefetch templates answered a good call")
    return list(best.values())
