"""Chart pages of hand-made patients, without a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

from service.bundles import invocation_of
from service.smart.case import Case, case_of
from service.smart.render import Renderer
from service.smart.views import Asked
from service.smart.views.overview import build
from service.smart.words import Language
from service.wiring import Clinic, build_clinic
from tests.facts.fhir import SCT, concept

AS_OF = date(2025, 6, 1)
Json = dict[str, Any]


@lru_cache(maxsize=1)
def clinic() -> Clinic:
    """The engine with the shipped content; loading it takes seconds."""
    return build_clinic()


def leukemia(onset: str | None = "2024-01-10", **more: Any) -> Json:
    """A Condition of B-ALL."""
    made = {
        "resourceType": "Condition",
        "id": "all",
        "code": concept("1162768007", SCT, "B-ALL"),
        "onsetDateTime": onset,
    }
    active = {"coding": [{"code": "active"}]}
    return {key: value for key, value in {**made, "clinicalStatus": active, **more}.items() if value is not None}


def case(*resources: Json, as_of: date = AS_OF) -> Case:
    """A patient made of some resources."""
    entries = [{"resource": {"id": f"r{number}", **one}} for number, one in enumerate(resources)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    question = clinic().question(invocation_of(bundle, as_of))
    return case_of(clinic().engine, question, datetime(2025, 6, 1, 12, tzinfo=UTC))


def values(*resources: Json, part: str = "", as_of: date = AS_OF) -> Mapping[str, Any]:
    """What the view gives its template."""
    return build(case(*resources, as_of=as_of), Asked(Language("en"), part=part))


def page(*resources: Json, language: str = "en", part: str = "", as_of: date = AS_OF) -> str:
    """The page as HTML."""
    shown = case(*resources, as_of=as_of)
    frame = {
        "banner": {"name": "N", "born": "", "sex": "", "patient": "p"}, "case": shown, "views": (), "active": "chart",
        "title": "Chart", "base": "/smart/p/s", "here": "/", "kept": "",
    }  # fmt: skip
    asked = Asked(Language(language), part=part)
    return Renderer().page("overview.html", Language(language), {**frame, **build(shown, asked)})


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
