"""Example patients as cases, and pages drawn of them without a server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise
from typing import Any

from fhir_examples import request as examples
from service.bundles import invocation_of
from service.smart.banner import banner
from service.smart.case import Case, case_of
from service.smart.render import Renderer
from service.smart.views import Asked
from service.smart.views.registry import BY_NAME, VIEWS
from service.smart.words import Language
from service.wiring import Clinic, build_clinic

READ_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EXAMPLES = tuple(examples.names())


@cache
def clinic() -> Clinic:
    """The service's own content."""
    return build_clinic()


def case_from(bundle: dict[str, Any], as_of: date) -> Case:
    """A Bundle as a case."""
    return case_of(clinic().engine, clinic().question(invocation_of(bundle, as_of)), READ_AT)


def bundle_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((examples.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def example(name: str) -> Case:
    """An example on the day of its story."""
    return changed(name)


@cache
def renderer() -> Renderer:
    return Renderer()


def changed(name: str, change: Callable[[str], str] = str, as_of: date | None = None) -> Case:
    """An example of which the JSON text, or the day, is another one."""
    bundle = json.loads(change(json.dumps(bundle_of(name), ensure_ascii=False)))
    return case_from(bundle, as_of or examples.day_of(name))


def asked(form: Mapping[str, str] | None = None, query: Mapping[str, tuple[str, ...]] | None = None) -> Asked:
    return Asked(Language("en"), form or {}, query=query or {})


def drawn(name: str, case: Case, ask: Asked | None = None, language: str = "en") -> str:
    """A page as HTML."""
    view, ask = BY_NAME[name], ask or asked()
    frame = {
        "banner": banner(case), "case": case, "views": VIEWS, "active": name, "title": view.title, "base": "/smart/p/s",
        "here": f"/smart/p/s/{name}", "kept": "",
    }  # fmt: skip
    return renderer().page(view.template, Language(language), {**frame, **view.build(case, ask)})


def keeps_the_rules(page: str) -> None:
    """No inline script or style; ids once; what labels something is there; headings in order; tables with captions."""
    assert not re.search(r"\sstyle=|\son\w+=|<script|<style", page)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.count("<table") == page.count("<caption")
    assert not re.search(r"<th(?![^>]*scope=)[ >]", page)
