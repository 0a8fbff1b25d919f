"""German pages as they are drawn: nothing English but what is marked as English, and the language kept from page to page."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from docs.translations import CATALOGS, messages, present
from service.settings import Settings
from service.smart.views.registry import VIEWS
from service.smart.words import FOLDER
from tests.apps import app_of, client_of

SETTINGS = Settings(demo=True, rate_limit=0)
EXAMPLES = (
    "relapsed-ph-positive-t315i",
    "frey-luger-patient-3-relapse-after-transplant",
    "german-record",
    "nothing-but-a-patient",
    "not-a-leukemia-patient",
    "unreadable-units",
    "mrd-positive-second-remission",
)
PLAIN = [view.name for view in VIEWS if view.listed] + ["card"]
# Words that every English sentence has and no German one
_ENGLISH = re.compile(
    r"(?<![\w-])(?:the|of|and|with|without|from|not|is|are|this|that|which|has|have|been|yes|no)(?![\w-])"
)
_SAID = ("aria-label", "title", "alt", "placeholder", "aria-description", "aria-roledescription")
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_OWN_WORDS = frozenset(
    {"q", "code", "pre", "script", "style", "textarea"}
)  # of the record, or of machines; so is the class "mono"


class German(HTMLParser):
    """Gathers what a page says in German: text and spoken attributes outside elements of another language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self.language = ""
        self.said: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        inherited = self._open[-1][1] if self._open else ""
        own = tag in _OWN_WORDS or "mono" in (given.get("class") or "").split() or given.get("translate") == "no"
        language = "-" if own else given.get("lang") or inherited
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if language == "de":
            self._add(*(given.get(name) or "" for name in _SAID))
            if tag == "input" and given.get("type") in ("submit", "button", "reset"):
                self._add(given.get("value") or "")
        if tag not in _VOID:
            self._open.append((tag, language))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][1] == "de":
            self._add(data)

    def _add(self, *texts: str) -> None:
        self.said += [" ".join(text.split()) for text in texts if text.strip()]


_PARTS = re.compile(r"[·:;,()]|\s[–—]\s")
_QUOTED = re.compile("„[^“]*“")  # in the words of the record


def pieces(said: str) -> set[str]:
    """A text and what it is put together of."""
    return {said, *(piece.strip() for piece in _PARTS.split(said))}


@cache
def english() -> frozenset[str]:
    """Texts of the catalogs that are other words in German; bare signs say too little."""
    texts: set[str] = set()
    german: set[str] = set()
    for name in CATALOGS:
        for (_, text), message in messages(present(FOLDER / "de" / name, "de")).items():
            texts.add(" ".join(text.replace("%%", "%").split()))
            for form in [message.string] if isinstance(message.string, str) else list(message.string or ()):
                german |= pieces(form)
    return frozenset(text for text in texts - german if len(text) > 2)


def left_english(page: str) -> list[str]:
    """English texts of ours, and English sentences of anybody, that a German page does not mark as English."""
    found = []
    for said in German(page).said:
        ours = _QUOTED.sub("", said)
        if pieces(ours) & english() or _ENGLISH.search(ours):
            found.append(said)
    return list(dict.fromkeys(found))


def opened(client: FlaskClient, example: str) -> str:
    """The address of the session of an example."""
    answer = client.post("/demo/chart", data={"example": example})
    assert answer.status_code == 303
    return answer.headers["Location"].removeprefix(SETTINGS.public_base_url)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_german_page_is_german_but_for_what_is_marked(example: str) -> None:
    client = client_of(SETTINGS)
    base = opened(client, example)
    left = {}
    for name in PLAIN:
        answer = client.get(f"{base}{name}?lang=de")
        assert answer.status_code == 200, name
        assert German(answer.text).language == "de"
        if found := left_english(answer.text):
            left[name] = found
    assert not left


@pytest.mark.parametrize("example", EXAMPLES[:2])
def test_the_pages_of_rules_are_german_too(example: str) -> None:
    client = client_of(SETTINGS)
    base = opened(client, example)
    book = German(client.get(f"{base}rules?lang=de").text)
    rules = sorted({link.partition("?")[0].partition("#")[0] for link in book.links if "/rule/" in link})
    for link in rules[:: max(1, len(rules) // 12)]:
        answer = client.get(f"{link}?lang=de")
        assert answer.status_code == 200
        assert not left_english(answer.text), link


@pytest.mark.parametrize("path", ["/demo", "/smart/p/AAAAAAAAAAAAAAAAAAAAAA/chart"])
def test_pages_without_a_patient_are_german_too(path: str) -> None:
    answer = client_of(SETTINGS).get(f"{path}?lang=de")
    assert German(answer.text).language == "de"
    assert not left_english(answer.text)


def test_what_is_left_english_is_found() -> None:
    page = (
        '<html lang="de"><p title="Skip to content">Zum <b>Inhalt</b><br>springen</p><p>number of relapses: 2</p>'
        '<p lang="en">the rule of one <q lang="de">gut</q> source</p><img alt="This is not marked" /><p>Ende</p></html>'
    )
    assert left_english(page) == ["Skip to content", "number of relapses: 2", "This is not marked"]
    assert "gut" not in german_of('<html lang="en"><q>gut</q></html>')


def german_of(page: str) -> list[str]:
    return German(page).said


def test_the_language_is_remembered_and_the_page_kept() -> None:
    client = app_of(SETTINGS).test_client()
    base = opened(client, EXAMPLES[0])
    page = German(client.get(f"{base}facts", headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"}).text)
    assert page.language == "de"
    assert f"{base}facts?lang=en" in page.links
    assert German(client.get(f"{base}facts").text).language == "en"
    assert German(client.get(f"{base}facts?lang=de").text).language == "de"
    assert German(client.get(f"{base}rules").text).language == "de"
    assert German(client.get(f"{base}rules?lang=xx").text).language == "de"
    assert German(client.get("/demo", headers={"Accept-Language": "en"}).text).language == "de"
    assert German(client.get(f"{base}rules?lang=en").text).language == "en"


def test_a_page_that_was_sent_a_form_links_to_itself_in_the_other_language() -> None:
    client = app_of(SETTINGS).test_client()
    base = opened(client, EXAMPLES[0])
    page = German(client.post(f"{base}missing", data={"anew": "1"}).text)
    assert f"{base}missing?lang=de" in page.links
    assert German(client.get(f"{base}missing?lang=de").text).language == "de"


def test_what_else_the_address_asks_for_is_kept() -> None:
    client = app_of(SETTINGS).test_client()
    base = opened(client, EXAMPLES[0])
    page = German(client.get(f"{base}rules?topic=a%26b&lang=en&source=x").text)
    assert f"{base}rules?topic=a%26b&source=x&lang=de" in page.links


def test_the_cookie_says_only_the_language() -> None:
    client = app_of(SETTINGS).test_client()
    [cookie] = client.get("/demo?lang=de").headers.getlist("Set-Cookie")
    assert cookie.startswith("allcue-language=de;")
    assert "HttpOnly" in cookie
    assert not client.get("/demo?lang=xx").headers.getlist("Set-Cookie")


def test_below_an_address_with_a_path_the_links_stay_below_it() -> None:
    settings = Settings(demo=True, rate_limit=0, public_base_url="http://127.0.0.1:8000/allcue")
    client = app_of(settings).test_client()
    page = German(client.get("/demo").text)
    assert "/allcue/demo?lang=de" in page.links
