"""The pages in a real browser: a service that runs, a browser, and windows that must stay without errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from bench.served import running
from tests.browser import Window, chromium, launched


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """The address of a service that shows the demo."""
    if chromium() is None:
        pytest.skip("no Chromium on the PATH")
    with running() as service:
        yield f"http://127.0.0.1:{service.port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each module: while it is open, its event loop would be in the way of tests that have their own."""
    with launched() as found:
        yield found


@pytest.fixture
def window_of(browser: Browser, origin: str) -> Iterator[Callable[..., Window]]:
    """Opens windows (see `Window`), each with a fresh profile; at the end none may have had a problem."""
    opened: list[Window] = []

    def make(width: int = 1200, **more: Any) -> Window:
        opened.append(Window(browser, origin, width, **more))
        return opened[-1]

    yield make
    for window in opened:
        window.close()
    problems = [problem for window in opened for problem in window.problems]
    assert not problems, problems


@pytest.fixture
def window(window_of: Callable[..., Window]) -> Window:
    return window_of()
