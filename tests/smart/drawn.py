"""Pages of cases: drawn without a server, or through the whole service as a browser has them; and what all must keep to."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient

from service.settings import Settings
from service.smart.banner import banner
from service.smart.case import Case
from service.smart.render import Renderer
from service.smart.session import Opened, Seal, new_sid, to_cookies
from service.smart.views import Asked
from service.smart.views.registry import BY_NAME, VIEWS
from tests.apps import client_of
from tests.smart.cases import asked

SECRET = "not a secret: only for tests, 32+"


@cache
def renderer() -> Renderer:
    return Renderer()


def drawn(name: str, case: Case, ask: Asked | None = None) -> str:
    """A page as HTML, in the language that is asked for."""
    view, ask = BY_NAME[name], ask or asked()
    frame = {
        "banner": banner(case), "case": case, "views": VIEWS, "active": name, "title": view.title, "base": "/smart/p/s",
        "here": f"/smart/p/s/{name}", "kept": "",
    }  # fmt: skip
    return renderer().page(view.template, ask.language, {**frame, **view.build(case, ask)})


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


class Tags(HTMLParser):
    """All start tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


class _Checked(HTMLParser):
    """Collects what the rules of the pages forbid, and what the page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.inside: set[str] = set()
        self.headings: list[int] = []
        self.targets: set[str] = set()
        self.tables = self.captions = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.wrong += [f"<{tag} {name}>" for name in found if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in found):
            self.wrong.append(f"inline <{tag}>")
        if tag == "th" and "scope" not in found:
            self.wrong.append("<th> without scope")
        self.tables += tag == "table" and "aria-labelledby" not in found
        self.captions += tag == "caption"
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
    """A page keeps the rules: nothing inline, nothing in addresses, ids once, links and labels that
    lead somewhere, headings in order, tables with scopes and a caption or a heading that names them.
    """
    seen = _Checked()
    seen.feed(page)
    assert not seen.wrong
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.inside | seen.targets <= set(seen.ids), (seen.inside | seen.targets) - set(seen.ids)
    assert seen.tables == seen.captions
    assert seen.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(seen.headings, seen.headings[1:], strict=False))
