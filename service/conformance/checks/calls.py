"""POST /cds-services/{id}: what every good call gets (CDS Hooks 2.0 "Calling a CDS Service", "CDS Service Response")."""

from __future__ import annotations

from statistics import median

from service.conformance.checks.shapes import empties, is_text, shown
from service.conformance.examples import HOOKS, nobody, request
from service.conformance.model import Problems, Skip, check
from service.conformance.run import Run

ORDER_OF_500_MS = 5.0  # seconds; "on the order of": ten times as much is another order
_MAY_BE_EMPTY = {"cards", "services"}


@check("the service is reached over HTTPS")
def https(run: Run) -> Problems:
    if run.target.base.startswith("http://"):
        if run.target.is_loopback:
            raise Skip("on this machine no TLS is needed")
        yield "the address is http, not https"


@check("every service answers a good call of its hook with 200 and an array of cards")
def service_call(run: Run) -> Problems:
    strange = {called.service["hook"] for called in run.called if called.service["hook"] not in HOOKS}
    for called in run.called:
        if called.answer.status in (400, 412, 422) and called.service["hook"] in strange:
            continue  # what its context must hold cannot be known here
        if called.answer.status != 200:
            asks = ": it asks for a token (--key, --issuer, --kid)" if called.answer.status == 401 else ""
            yield f"{called.place}: {called.answer.words}{asks}"
        elif not isinstance(called.body.get("cards"), list):
            yield f"{called.place}: no array named cards"
    if strange:
        run.notes.append(f"called with a guessed context: {', '.join(sorted(strange))}")
    if all(called.answer.status != 200 for called in run.called):
        raise Skip("only services of hooks that are not in the HL7 library")


@check("a patient of whom nothing is known is answered too, with cards or an empty array")
def service_silence(run: Run) -> Problems:
    silent = any(called.body.get("cards") == [] for called in run.called)
    for service in run.services:
        answer = run.call(service, request(service, nobody()))
        if answer.status in (400, 412, 422) and service["hook"] not in HOOKS:
            continue  # as in service_call
        found = answer.json if answer.status == 200 else None
        if not isinstance(found, dict) or not isinstance(found.get("cards"), list):
            yield f"{service['id']}: {answer.words}"
        else:
            silent = silent or not found["cards"]
    if not silent:
        raise Skip("every service had something to say of every patient")


@check("a call is answered within the order of 500 ms")
def response_time(run: Run) -> Problems:
    times = [called.answer.seconds for called in run.called if called.answer.status == 200]
    if not times:
        raise Skip("no call was answered with 200")
    run.notes.append(f"median {median(times) * 1000:.0f} ms, slowest {max(times) * 1000:.0f} ms")
    if median(times) > ORDER_OF_500_MS:
        yield f"median {median(times):.1f} s over {len(times)} calls"


@check("systemActions, where sent, is an array of objects")
def system_actions(run: Run) -> Problems:
    if not any("systemActions" in called.body for called in run.called):
        raise Skip("systemActions: none came")
    for called in run.called:
        found = called.body.get("systemActions", [])
        if not isinstance(found, list) or not all(isinstance(action, dict) for action in found):
            yield f"{called.place}: systemActions is {shown(found)}"


@check("a repeated call is answered the same way: as many cards, the same summaries", "practice")
def service_repeated(run: Run) -> Problems:
    called = run.answered
    again = run.call(called.service, called.request)
    found = again.json if again.status == 200 else None
    cards = found.get("cards") if isinstance(found, dict) else None
    if not isinstance(cards, list):
        yield f"{called.place}: the repetition {again.words}"
    elif _summaries(cards) != _summaries(called.cards):
        yield f"{called.place}: {len(called.cards)} cards first, other cards or words on repetition ({len(cards)})"


@check("members and extensions that the service does not know are passed over")
def unknown_extensions(run: Run) -> Problems:
    called = run.answered
    extension = {"org.example.conformance": {"asked": True, "nested": [{"deeper": 1}]}}
    context = {**called.request["context"], "extension": extension, "org.example.more": "x"}
    answer = run.call(called.service, {**called.request, "context": context, "extension": extension, "more": [1, None]})
    if answer.status != 200:
        yield f"{called.place}: {answer.words}"


@check("the charset of the Content-Type and text beyond ASCII are taken", "practice")
def charset(run: Run) -> Problems:
    called = run.answered
    body = request(called.service, nobody())
    answer = run.call(called.service, body, headers={"Content-Type": "application/json; charset=utf-8"})
    if answer.status != 200:
        yield f"{called.place}: {answer.words}"


@check("no value is null, empty text, empty array or empty object")
def no_empty_values(run: Run) -> Problems:
    bodies = [("discovery", run.discovery.json)] if run.discovery.status == 200 else []
    bodies += [(called.place, called.body) for called in run.called if called.body]
    if not bodies:
        raise Skip("nothing was answered with 200")
    for place, body in bodies:
        for name, value in body.items() if isinstance(body, dict) else ():
            yield from (f"{place}: {at} is empty" for at in empties(value, name, name in _MAY_BE_EMPTY))


@check("extension, where sent, is an object, not FHIR's array")
def extension_object(run: Run) -> Problems:
    for place, value in _extensions(run):
        if not isinstance(value, dict):
            yield f"{place} is {shown(value)}"


@check("names in extension are globally unique, such as reverse domain names")
def extension_names(run: Run) -> Problems:
    for place, value in _extensions(run):
        for name in value if isinstance(value, dict) else ():
            if not is_text(name) or "." not in name:
                yield f"{place}: {shown(name)}"


def _extensions(run: Run) -> list[tuple[str, object]]:
    """Extensions of CDS Hooks objects; those inside FHIR resources are FHIR's."""
    found: list[tuple[str, object]] = []

    def walk(value: object, place: str) -> None:
        if isinstance(value, dict) and "resourceType" not in value:
            if "extension" in value:
                found.append((f"{place}.extension", value["extension"]))
            for name, child in value.items():
                if name != "extension":
                    walk(child, f"{place}.{name}")
        elif isinstance(value, list):
            for i, child in enumerate(value):
                walk(child, f"{place}[{i}]")

    walk(run.discovery.json, "discovery")
    for called in run.called:
        walk(called.body, called.place)
    if not found:
        raise Skip("extension: none came")
    return found


def _summaries(cards: list[object]) -> list[object]:
    return [card.get("summary") if isinstance(card, dict) else None for card in cards]
