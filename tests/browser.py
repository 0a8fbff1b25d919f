"""A Chromium of this machine, driven by tests, benchmarks and the command that makes the pictures of the documentation.

It reaches this machine only. Each page that is opened keeps account of what a person would not see and must not be there:
errors of the console, among them violations of the content security policy, errors of scripts, requests to another origin.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
NARROW, WIDE, HEIGHT = 380, 1200, 900  # of an EHR's sidebar, and of a screen; pixels
WAIT_MS = 60_000  # the browser shares the machine with other tests


@cache
def chromium() -> str | None:
    """The path of a Chromium on this machine that runs; a distribution's placeholder does not."""
    for path in filter(None, map(shutil.which, NAMES)):
        if subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


needs_chromium = pytest.mark.skipif(
    chromium() is None, reason="no Chromium on the PATH: `make test` installs one where apt-get may"
)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser; every context of it is a profile of its own. Only one at a time in a process.

    Raises:
        RuntimeError: there is no Chromium on this machine.
    """
    path = chromium()
    if path is None:
        raise RuntimeError(f"none of {', '.join(NAMES)} is on the PATH and runs")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """A profile of its own at one service. ``problems``: what went wrong on any of its pages so far; ``asked``: the
    addresses of all requests."""

    def __init__(self, browser: Browser, origin: str, width: int = WIDE, *, dark: bool = False, language: str = "en",
                 height: int = HEIGHT, **more: Any):  # fmt: skip
        """``more``: as `playwright.sync_api.Browser.new_context`."""
        self.origin = origin
        self.problems: list[str] = []
        self.asked: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale=language,
            **more,
        )
        self.context.set_default_timeout(WAIT_MS)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        self.context.on("request", self._requested)
        self.page: Page = self.context.new_page()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _requested(self, request: Request) -> None:
        self.asked.append(request.url)
        if not request.url.startswith(f"{self.origin}/"):
            self.problems.append(f"request to another origin: {request.url}")

    def chart(self, example: str) -> str:
        """Open the chart of an example patient as the demo page does: the address of the chart, without a page's name."""
        answer = self.context.request.post(
            f"{self.origin}/demo/chart", form={"example": example}, max_redirects=0, timeout=WAIT_MS
        )
        assert answer.status == 303, f"{answer.status} {answer.text()[:300]}"
        where = answer.headers["location"]
        return where if where.startswith("http") else f"{self.origin}{where}"

    def open(self, address: str) -> int:
        """Go to an address and wait until it is drawn: the status."""
        answer = self.page.goto(address if address.startswith("http") else f"{self.origin}{address}")
        assert answer is not None
        return answer.status

    def expected(self, words: str) -> None:
        """Forget the problems with these words in them, of which there must be one."""
        left = [problem for problem in self.problems if words not in problem]
        assert len(left) < len(self.problems), f"nothing of {words!r} among {self.problems}"
        self.problems = left

    def close(self) -> None:
        self.context.close()


def overflow(page: Page) -> list[str]:
    """Elements that make the page scroll sideways, outside of areas that scroll by themselves; the first few."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          const inside = e => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
            if (getComputedStyle(p).overflowX !== 'visible') return true; return false; };
          const wide = [...document.body.querySelectorAll('*')].filter(
            e => e.getBoundingClientRect().right > width + 1 && !inside(e));
          return [`${document.documentElement.scrollWidth} > ${width}`, ...wide.slice(0, 5).map(
            e => `${e.tagName.toLowerCase()}.${e.getAttribute('class') || ''}: ${e.textContent.trim().slice(0, 60)}`)];
        }"""
    )
    return found
