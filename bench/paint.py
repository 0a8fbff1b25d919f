"""When a browser first shows something of the chart page: a patient with 500 resources, read from a FHIR server.

Measured in Chromium as first contentful paint (W3C Paint Timing), beside a page of the same size that a bare WSGI app sends.
Cold: a record that is read for this page, in a browser that has seen nothing yet. Warm: the same page opened again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from playwright.sync_api import Browser

from bench.chart import bundle
from bench.served import running, wsgi
from service.smart.session import Opened, Seal, new_sid, to_cookies
from service.smart.views.registry import VIEWS
from tests.browser import Window, launched
from tests.ehr.fhir import ehr_server

RESOURCES = 500
_SECRET = "only-for-measuring-on-this-machine-and-nothing-else"
_TOKEN = "good-for-this-run-only"
_FHIR_PAGE = 100  # entries of one page of a search
_PAINTED = """() => new Promise(done => new PerformanceObserver(seen => {
  const first = seen.getEntries().find(entry => entry.name === 'first-contentful-paint');
  if (first) done(first.startTime);
}).observe({type: 'paint', buffered: true}))"""
_ANSWERED = "() => performance.getEntriesByType('navigation')[0].responseEnd"


@dataclass(frozen=True)
class Clinic:
    """A running service and the patient on the FHIR server that it reads. ``origin``: of the service."""

    origin: str
    fhir: str
    patient: str

    def session(self, **changed: Any) -> tuple[str, list[dict[str, str]]]:
        """A new session, as after a launch: the path of its pages, and the cookies that open them. ``changed``: fields of
        `Opened` that are otherwise.
        """
        sid = new_sid()
        opened = Opened(self.patient, self.fhir, _TOKEN, "launch patient/*.rs", int(time.time()) + 3600)
        opened = replace(opened, **changed)
        path = f"/smart/p/{sid}/"
        sealed = to_cookies(Seal(_SECRET), sid, opened)
        return path, [{"name": name, "value": value} for name, value in sealed.items()]


@contextmanager
def patient_on_server(resources: int) -> Iterator[tuple[str, str]]:
    """Address of a FHIR server, for as long as it is needed, and the id of the patient who is on it."""
    with ehr_server() as ehr:
        ehr.token, ehr.page = _TOKEN, _FHIR_PAGE
        yield ehr.url, ehr.put(bundle(resources, date.today()), "measured")  # noqa: DTZ011 - recent, whenever it runs


def environ_of(fhir: str) -> dict[str, str]:
    """Settings of a service that reads from a FHIR server."""
    return {"ALLCUE_FHIR_SERVERS": fhir, "ALLCUE_SITE_SECRET": _SECRET, "ALLCUE_RATE_LIMIT": "0"}


@contextmanager
def clinic(resources: int = RESOURCES) -> Iterator[Clinic]:
    """The service and a FHIR server, for as long as they are needed."""
    with patient_on_server(resources) as (fhir, patient), running(environ_of(fhir)) as service:
        yield Clinic(f"http://127.0.0.1:{service.port}", fhir, patient)


def figures(rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds to the first paint, medians of the rounds, and how many times the floor that is.

    Raises:
        RuntimeError: no Chromium, or a server did not start.
    """
    taken: dict[str, list[tuple[float, float]]] = {}
    with clinic() as found, wsgi("bench.floor:app") as floor, launched() as browser:
        with _window(browser, found.origin, *found.session()) as (window, path):  # and the service is warm then
            size = len(window.context.request.get(f"{found.origin}{path}{VIEWS[0].name}").body())
        for _ in range(rounds):
            with _window(browser, f"http://127.0.0.1:{floor}") as (window, _):
                _open_twice(window, f"/page/{size}", taken, f"first paint, floor ({size // 1000} KB")
            with _window(browser, found.origin, *found.session()) as (window, path):
                _open_twice(window, f"{path}{VIEWS[0].name}", taken, f"first paint, chart ({RESOURCES} resources")
    base = {name.rpartition(", ")[2]: _median(rows) for name, rows in taken.items() if "floor" in name}
    return {
        name: {
            "first_paint_ms": round(_median(rows), 1),
            "answer_ms": round(statistics.median(row[1] for row in rows), 1),
            "times_floor": round(_median(rows) / base[name.rpartition(", ")[2]], 1),
        }
        for name, rows in taken.items()
    }


def _median(rows: list[tuple[float, float]]) -> float:
    return statistics.median(row[0] for row in rows)


@contextmanager
def _window(
    browser: Browser, origin: str, path: str = "/", cookies: Sequence[Mapping[str, str]] = ()
) -> Iterator[tuple[Window, str]]:
    """A new profile with a session, and the path of the session."""
    window = Window(browser, origin)
    own: list[Any] = [{**cookie, "domain": "127.0.0.1", "path": path, "httpOnly": True} for cookie in cookies]
    window.context.add_cookies(own)
    yield window, path
    window.close()


def _open_twice(window: Window, address: str, taken: dict[str, list[tuple[float, float]]], name: str) -> None:
    """Open an address in a new profile, and again: first paint and end of the answer, in milliseconds."""
    for warmth in ("cold", "warm"):
        if window.open(address) != 200:
            raise RuntimeError(f"{name}: the page was refused")
        row = float(window.page.evaluate(_PAINTED)), float(window.page.evaluate(_ANSWERED))
        taken.setdefault(f"{name}, {warmth})", []).append(row)
