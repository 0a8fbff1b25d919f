"""axe-core over every page: nothing serious for people who see little, hear the page read, or use no mouse.

The rules are those of WCAG 2.2, levels A and AA; what axe calls best practice is told and fails nothing. Each page is looked
at in four looks, each for another patient: narrow and wide, light and dark, English and German.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import NARROW, WIDE, Window, needs_chromium
from tests.smart.in_browser.test_browser_pages import visited

pytestmark = needs_chromium
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
SEVERE = ("serious", "critical")
LOOKS: dict[str, dict[str, Any]] = {
    "relapsed-ph-positive-t315i": {"width": WIDE},
    "german-record": {"width": NARROW, "language": "de-DE"},
    "frey-luger-patient-3-third-remission-after-blinatumomab": {"width": NARROW, "dark": True},
    "nothing-but-a-patient": {"width": WIDE, "dark": True, "language": "de-DE"},
}
RULES = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": [*WCAG, "best-practice"]}}


def findings(window: Window) -> Iterator[tuple[bool, str]]:
    """What axe finds on a page: whether it must not be, and in words."""
    for found in Axe().run(window.page, options=RULES).response["violations"]:
        places = "; ".join(f"{node['target'][0]}: {node['html'][:120]}" for node in found["nodes"][:3])
        bad = found["impact"] in SEVERE and not {*WCAG}.isdisjoint(found["tags"])
        yield bad, f"{found['id']} ({found['impact']}, {len(found['nodes'])}): {found['help']}: {places}"


def looked_at(window: Window, pages: Iterable[str], record: Callable[[str, object], None]) -> None:
    """Fail unless axe finds nothing severe on pages, each of which is open when it is named."""
    bad = []
    for address in pages:
        name = address.split("/smart/p/")[-1].partition("/")[2] or address
        for fails, words in findings(window):
            record(name, words)
            if fails:
                bad.append(f"{name}: {words}")
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("example", LOOKS)
def test_pages_of_a_chart(
    example: str, window_of: Callable[..., Window], record_property: Callable[[str, object], None]
) -> None:
    window = window_of(**LOOKS[example])
    looked_at(window, visited(window, window.chart(example)), record_property)


@pytest.mark.parametrize("look", LOOKS.values(), ids=lambda look: "-".join(str(value) for value in look.values()))
def test_the_demo_page_and_what_goes_wrong(
    look: dict[str, Any], window_of: Callable[..., Window], record_property: Callable[[str, object], None]
) -> None:
    window = window_of(**look)
    pages = ("/demo", "/smart/p/abcdefghijklmnopqrstuv/chart")
    looked_at(window, (page for page in pages if window.open(page)), record_property)
    window.expected("status of 401")


def test_what_is_serious_is_found(window: Window) -> None:
    """The tests above can fail."""
    window.open(f"{window.chart('relapsed-ph-positive-t315i')}board")
    window.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(bad and words.startswith("button-name") for bad, words in findings(window))
