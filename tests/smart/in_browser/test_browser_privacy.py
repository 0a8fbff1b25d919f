"""What a browser keeps and sends of a patient: nothing that a script, an address or another patient's page could tell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from playwright.sync_api import expect

from fhir_examples.request import FOLDER
from service.content import read_content
from service.facts.vocabulary import VOCABULARY
from service.smart.session import SID
from service.smart.views.registry import BY_NAME
from tests.browser import Window, needs_chromium
from tests.smart.in_browser.test_browser_pages import visited

pytestmark = needs_chromium
ONE, OTHER = "relapsed-ph-positive-t315i", "german-record"
SHORTEST = 3  # characters of a patient's text that are looked for
STORED = """async () => JSON.stringify({
  local: {...localStorage}, session: {...sessionStorage}, cookies: document.cookie, name: window.name, state: history.state,
  databases: await indexedDB.databases(), caches: await caches.keys()})"""
NOTHING = {"local": {}, "session": {}, "cookies": "", "name": "", "state": None, "databases": [], "caches": []}


def texts(value: Any) -> Iterator[str]:
    """All that a Bundle tells: texts, codes, dates, ids and numbers."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif not isinstance(value, bool) and value is not None:
        yield str(value)


def told(example: str) -> set[str]:
    bundle = json.loads((FOLDER / f"{example}.json").read_text(encoding="utf-8"))
    return {text.lower() for text in texts(bundle) if len(text) >= SHORTEST}


def own_words(address: str) -> list[str]:
    """What an address says beyond the words of the service itself: its pages and files, and what the rule book names
    (rules, topics, sources, facts), which is the same for all patients.
    """
    content = read_content()
    ours = {"smart", "p", "static", "demo", *BY_NAME, *content.sources, *(rule.id for rule in content.rules)}
    ours |= {*content.topics, *(rule.topic for rule in content.rules)}
    parts = urlsplit(address)
    path = [part for part in unquote(parts.path).split("/") if part and not SID.fullmatch(part)]
    said = [] if "/smart/static/" in parts.path else path
    said += [text for pair in parse_qsl(parts.query) if pair[0] not in ("lang", "v") for text in pair]
    return [text for text in (*said, unquote(parts.fragment)) if text not in ours and text not in VOCABULARY]


@pytest.mark.parametrize("example", [ONE, OTHER, "unreadable-units"])
def test_no_address_and_no_storage_tells_of_the_patient(example: str, window: Window) -> None:
    known = told(example)
    for address in visited(window, window.chart(example)):
        forms = window.page.locator("main form:not(:has(button[name=anew]))")
        for number in range(forms.count()):
            button = forms.nth(number).locator("button:visible").first
            if button.count() and button.is_enabled():
                button.click()
                window.open(address)
        assert json.loads(window.page.evaluate(STORED)) == NOTHING, address
    assert window.asked
    for asked in {*window.asked, window.page.url}:
        for said in own_words(asked):
            assert not [text for text in known if text in said.lower()], asked


def test_addresses_that_tell_are_found() -> None:
    """The test above can fail."""
    base = "http://127.0.0.1/smart/p/abcdefghijklmnopqrstuv"
    assert own_words(f"{base}/chart/46,XX?x=1960-01-02#y") == ["46,XX", "x", "1960-01-02", "y"]
    assert [text for text in own_words(f"{base}/pathway?topic=relapsed-refractory/ph-positive&lang=de") if text] == [
        "topic"
    ]
    assert {"1960-01-02", "karyotype"} <= {
        text.lower() for text in texts({"a": [{"b": "1960-01-02"}, "Karyotype", True]})
    }


def test_two_patients_in_two_tabs_never_mix(window: Window) -> None:
    """The cookie of one chart is not even sent with the requests of the other."""
    sent: list[tuple[str, str]] = []
    window.context.on("request", lambda asked: sent.append((asked.url, asked.all_headers().get("cookie", ""))))
    bases = {name: window.chart(name) for name in (ONE, OTHER)}
    tabs = {name: window.context.new_page() for name in bases}
    names = {}
    for _ in range(2):
        for name, base in bases.items():
            tabs[name].goto(f"{base}options")
            said = tabs[name].locator(".patient").inner_text()
            assert names.setdefault(name, said) == said
    for name in bases:
        tabs[name].reload()
        assert tabs[name].locator(".patient").inner_text() == names[name]
    assert names[ONE] != names[OTHER]
    sids = {name: base.rstrip("/").rpartition("/")[2] for name, base in bases.items()}
    for tab in tabs.values():
        tab.wait_for_load_state()
    for address, cookies in sent:
        for name, sid in sids.items():
            assert sid not in cookies or f"/smart/p/{sid}/" in address, f"the cookie of {name} went to {address}"
    assert any(sid in cookies for _, cookies in sent for sid in sids.values())


def test_cookies_are_out_of_reach_and_sealed(window: Window) -> None:
    base = window.chart(ONE)
    window.open(f"{base}chart")
    cookies = window.context.cookies(f"{base}chart")
    assert cookies
    for cookie in cookies:
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert not [text for text in told(ONE) if len(text) > 5 and text in cookie["value"].lower()]
    assert window.page.evaluate("document.cookie") == ""


def test_an_address_alone_opens_nothing(window: Window, window_of: Callable[..., Window]) -> None:
    base = window.chart(ONE)
    stranger = window_of()
    assert stranger.open(f"{base}chart") == 401
    stranger.expected("status of 401")
    expect(stranger.page.get_by_role("alert")).to_contain_text("This session is over")
    expect(stranger.page.locator(".patient")).to_have_count(0)


def test_pages_are_not_kept_by_the_browser(window: Window) -> None:
    base = window.chart(ONE)
    answer = window.page.goto(f"{base}chart")
    assert answer is not None
    assert "no-store" in answer.headers["cache-control"]
    assert re.search(r"script-src 'self'", answer.headers["content-security-policy"])
    assert "unsafe" not in answer.headers["content-security-policy"]
