"""Charts for the tests of pages: examples as cases, and their pages through the whole service."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient

from fhir_examples.request import day_of
from service.bundles import invocation_of
from service.settings import Settings
from service.smart.case import Case, case_of
from service.smart.session import Opened, Seal, new_sid, to_cookies
from service.smart.views import Asked
from service.smart.words import Language
from tests.apps import client_of
from tests.test_examples import bundle, clinic

SECRET = "not a secret: only for tests, 32+"
READ_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENGLISH = Language("en")
Json = dict[str, Any]


def case_from(raw: Json, name: str) -> Case:
    """A case of a Bundle that was made from an example, on the day of that example."""
    question = clinic().question(invocation_of(raw, day_of(name)))
    return case_of(clinic().engine, question, READ_AT, (), "test")


@cache
def case(name: str) -> Case:
    """An example on its own day."""
    return case_from(bundle(name), name)


def asked(form: dict[str, str] | None = None, **more: Any) -> Asked:
    """What a view is asked."""
    return Asked(**{"language": ENGLISH, "form": form or {}, **more})


class Session:
    """The pages of one example through the service, as a browser that was launched has them."""

    def __init__(self, name: str, card: str = "", settings: Settings | None = None):
        self.client: FlaskClient = client_of(settings or Settings(site_secret=SECRET))
        self.sid = new_sid()
        opened = Opened(patient="any", given=f"example:{name}", card=card)
        for cookie, value in to_cookies(Seal(SECRET), self.sid, opened).items():
            self.client.set_cookie(cookie, value, path=f"/smart/p/{self.sid}/")

    def page(self, view: str, form: dict[str, str] | None = None, lang: str = "en") -> str:
        """A page as HTML; with a form, as its answer."""
        where = f"/smart/p/{self.sid}/{view}"
        headers = {"Accept-Language": lang}
        found = (
            self.client.get(where, headers=headers)
            if form is None
            else self.client.post(where, data=form, headers=headers)
        )
        assert found.status_code == 200, found.text
        return found.text


class _Checked(HTMLParser):
    """Collects what the rules of the pages forbid, and what the page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.inside: set[str] = set()
        self.headings: list[int] = []
        self.targets: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.wrong += [f"<{tag} {name}>" for name in found if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in found):
            self.wrong.append(f"inline <{tag}>")
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        for key in ("href", "action", "formaction", "src"):
            query = urlsplit(found.get(key) or "").query
            self.wrong += [f"{key} with ?{query}" for name in parse_qs(query) if name not in ("lang", "v")]
        if tag == "a" and str(found.get("href", "")).startswith("#"):
            self.inside.add(str(found["href"])[1:])
        for name in ("aria-labelledby", "aria-describedby", "for", "list", "form"):
            self.targets.update((found.get(name) or "").split())


def check(page: str) -> None:
    """A page keeps the rules: nothing inline, nothing in addresses, ids once, links and labels that lead somewhere, headings in order."""
    seen = _Checked()
    seen.feed(page)
    assert not seen.wrong
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.inside | seen.targets <= set(seen.ids), (seen.inside | seen.targets) - set(seen.ids)
    assert seen.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(seen.headings, seen.headings[1:], strict=False))
