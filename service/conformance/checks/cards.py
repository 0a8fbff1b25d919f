"""Cards, sources, override reasons and links (CDS Hooks 2.0 "Card Attributes", "Source", "Link", "Coding")."""

from __future__ import annotations

import json

from service.conformance.checks.shapes import is_text, is_url, shown, where_sent, wrong
from service.conformance.model import Problems, Skip, check
from service.conformance.run import Placed, Run

SUMMARY = 140  # fewer characters than this
INDICATORS = ("info", "warning", "critical")
LINK_TYPES = ("absolute", "smart")


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _one_of(*allowed: str) -> object:
    return lambda value: isinstance(value, str) and value in allowed


@check("uuid, where sent, is text and names one card: of one answer, of one patient")
def card_uuid(run: Run) -> Problems:
    yield from where_sent(run.cards(), "uuid", "text", is_text)
    whose: dict[str, str] = {}
    for called in run.called:
        ids = [card["uuid"] for card in called.cards if isinstance(card, dict) and is_text(card.get("uuid"))]
        if len(ids) != len(set(ids)):
            yield f"{called.place}: two cards share a uuid"
        if any(whose.setdefault(uuid, called.patient.id) != called.patient.id for uuid in ids):
            yield f"{called.place}: a card has the uuid of another patient's card"


@check("summary is text of fewer than 140 characters")
def card_summary(run: Run) -> Problems:
    good = lambda value: is_text(value) and len(value) < SUMMARY  # noqa: E731
    yield from wrong(run.cards(), "summary", f"text of fewer than {SUMMARY} characters", good, True)


@check("detail, where sent, is text (GitHub Flavored Markdown)")
def card_detail(run: Run) -> Problems:
    yield from where_sent(run.cards(), "detail", "Markdown text", is_text)


@check("indicator is info, warning or critical")
def card_indicator(run: Run) -> Problems:
    yield from wrong(run.cards(), "indicator", "info, warning or critical", _one_of(*INDICATORS), True)


@check("source is an object")
def card_source(run: Run) -> Problems:
    yield from wrong(run.cards(), "source", "an object", lambda value: isinstance(value, dict), True)


@check("source has a label")
def source_label(run: Run) -> Problems:
    yield from wrong(_sources(run), "label", "text", is_text, True)


@check("source.url, where sent, is an absolute address")
def source_url(run: Run) -> Problems:
    yield from where_sent(_sources(run), "url", "an absolute address", is_url)


@check("source.url leads to the source, not to a page of this patient")
def source_url_general(run: Run) -> Problems:
    some = False
    for called in run.called:
        for i, card in enumerate(called.cards):
            source = card.get("source") if isinstance(card, dict) else None
            url = source.get("url") if isinstance(source, dict) else None
            some = some or is_text(url)
            uuid = card.get("uuid") if isinstance(card, dict) else None
            if isinstance(url, str) and (called.patient.id in url or (isinstance(uuid, str) and uuid and uuid in url)):
                yield f"{called.place} cards[{i}].source.url names the patient or the card: that belongs in links"
    if not some:
        raise Skip("source.url: none came")


@check("source.icon, where sent, is an absolute address")
def source_icon(run: Run) -> Problems:
    sources = [(at, source) for at, source in _sources(run) if "icon" in source]
    if not sources:
        raise Skip("source.icon: none came")
    yield from wrong(sources, "icon", "an absolute address", is_url, True)


@check("source.topic, where sent, is one Coding")
def source_topic(run: Run) -> Problems:
    good = lambda value: isinstance(value, dict) and all(is_text(value.get(name)) for name in ("code", "system"))  # noqa: E731
    yield from wrong(_topics(run), "topic", "a Coding as an object, with code and system", good, True)


@check("display of source.topic, where sent, is text")
def topic_display(run: Run) -> Problems:
    topics = [(f"{at}.topic", source["topic"]) for at, source in _topics(run) if isinstance(source["topic"], dict)]
    yield from where_sent(topics, "display", "text", is_text)


@check("suggestions, where sent, is an array")
def card_suggestions(run: Run) -> Problems:
    yield from where_sent(run.cards(), "suggestions", "an array", _is_list)


@check("selectionBehavior is at-most-one or any, and there wherever suggestions are (cds-resp-6)")
def card_selection_behavior(run: Run) -> Problems:
    good = _one_of("at-most-one", "any")
    yield from wrong(_with(run, "suggestions"), "selectionBehavior", "needed beside suggestions", lambda _: True, True)
    yield from where_sent(run.cards(), "selectionBehavior", "at-most-one or any", good)


@check("overrideReasons, where sent, is an array")
def card_override_reasons(run: Run) -> Problems:
    yield from where_sent(run.cards(), "overrideReasons", "an array of Codings", _is_list)


@check("every override reason has words to show (cds-resp-4)")
def override_reason_display(run: Run) -> Problems:
    yield from wrong(run.parts("overrideReasons"), "display", "words for the clinician", is_text, True)


@check("the override reasons of a source stay the same from card to card", "feedback that can be compared")
def override_reasons_stable(run: Run) -> Problems:
    meanings: dict[tuple[str, str], str] = {}
    for at, reason in run.parts("overrideReasons"):
        code, words = (str(reason.get("system")), str(reason.get("code"))), str(reason.get("display"))
        if meanings.setdefault(code, words) != words:
            yield f"{at}: {code[1]} means {shown(words)} here and {shown(meanings[code])} elsewhere"


@check("every Coding has a code")
def coding_code(run: Run) -> Problems:
    yield from wrong(run.codings(), "code", "text", is_text, True)


@check("every Coding has a system")
def coding_system(run: Run) -> Problems:
    yield from wrong(run.codings(), "system", "text", is_text, True)


@check("links, where sent, is an array")
def card_links(run: Run) -> Problems:
    yield from where_sent(run.cards(), "links", "an array", _is_list)


@check("every link has a label")
def link_label(run: Run) -> Problems:
    yield from wrong(run.parts("links"), "label", "text", is_text, True)


@check("every link has an absolute address")
def link_url(run: Run) -> Problems:
    yield from wrong(run.parts("links"), "url", "an absolute address", is_url, True)


@check("the type of a link is absolute or smart")
def link_type(run: Run) -> Problems:
    yield from wrong(run.parts("links"), "type", "absolute or smart", _one_of(*LINK_TYPES), True)


@check("appContext, where sent, is text")
def link_app_context(run: Run) -> Problems:
    yield from wrong(_app_contexts(run), "appContext", "text", is_text, True)


@check("appContext stands only on links of type smart (cds-resp-3)")
def app_context_smart_only(run: Run) -> Problems:
    for at, link in _app_contexts(run):
        if link.get("type") != "smart":
            yield f"{at}: appContext on a link of type {shown(link.get('type'))}"


@check("cards hold no HTML that a browser would run", "clients that render raw HTML")
def card_html(run: Run) -> Problems:
    for at, card in run.cards():
        text = json.dumps([card.get("summary"), card.get("detail")], ensure_ascii=False).lower()
        if any(mark in text for mark in ("<script", "<iframe", "<img", "javascript:", "onerror=")):
            yield f"{at}: active HTML in summary or detail"


def _sources(run: Run) -> list[Placed]:
    return [(f"{at}.source", card["source"]) for at, card in run.cards() if isinstance(card.get("source"), dict)]


def _topics(run: Run) -> list[Placed]:
    """The sources that have a topic. Raises Skip if none has."""
    found = [(at, source) for at, source in _sources(run) if "topic" in source]
    if not found:
        raise Skip("source.topic: none came")
    return found


def _with(run: Run, name: str) -> list[Placed]:
    return [(at, card) for at, card in run.cards() if card.get(name)]


def _app_contexts(run: Run) -> list[Placed]:
    found = [(at, link) for at, link in run.parts("links") if "appContext" in link]
    if not found:
        raise Skip("appContext: none came")
    return found
