"""Every page of a chart in a browser: without errors, readable in a sidebar, to be used without a mouse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.smart.views.registry import VIEWS
from tests.browser import NARROW, WIDE, Window, needs_chromium, overflow

pytestmark = needs_chromium
LISTED = [view.name for view in VIEWS if view.listed]
ELSEWHERE = [view.name for view in VIEWS if not view.listed]  # reached by links of other pages
EXAMPLES = ("relapsed-ph-positive-t315i", "german-record", "nothing-but-a-patient", "not-a-leukemia-patient")
MOST_TABS = 120  # stops of one page that are gone through; long lists have more of the same
CAN_FOCUS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"


def _first(links: list[str], start: str) -> str | None:
    return next((link for link in links if re.match(rf"{re.escape(start)}(?:[/?#]|$)", link)), None)


def visited(window: Window, base: str) -> Iterator[str]:
    """All pages of a chart, opened one after the other; of those that others link to, the first link that is found."""
    found: dict[str, str] = {}
    for name in LISTED:
        assert window.open(f"{base}{name}") == 200, name
        links = window.page.eval_on_selector_all(
            "main a[href]", "links => links.map(link => new URL(link.getAttribute('href'), document.baseURI).href)"
        )
        for other in ELSEWHERE:
            found |= {other: link} if (link := _first(links, f"{base}{other}")) and other not in found else {}
        yield f"{base}{name}"
    for address in found.values():
        assert window.open(address) == 200, address
        yield address


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_page_is_drawn_without_errors(example: str, width: int, window_of: Callable[..., Window]) -> None:
    """Errors fail the window itself."""
    window = window_of(width)
    for address in visited(window, window.chart(example)):
        expect(window.page.locator("h1")).to_have_count(1)
        expect(window.page).to_have_title(re.compile(r"\S+ · Allcue"))
        assert not overflow(window.page), address


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_so_is_the_demo_page(width: int, window_of: Callable[..., Window]) -> None:
    window = window_of(width)
    assert window.open("/demo") == 200
    expect(window.page.locator("h1")).to_have_count(1)
    assert not overflow(window.page)


def test_the_pages_are_german_for_a_german_browser(window_of: Callable[..., Window]) -> None:
    window = window_of(language="de-DE")
    window.open(window.chart("german-record"))
    expect(window.page.locator("html")).to_have_attribute("lang", "de")
    window.page.locator(".languages a[lang=en]").click()
    expect(window.page.locator("html")).to_have_attribute("lang", "en")
    window.page.locator("nav.tabs a").nth(1).click()
    expect(window.page.locator("html")).to_have_attribute("lang", "en")


def test_a_chart_is_gone_through_by_its_tabs(window: Window) -> None:
    window.open(window.chart("relapsed-ph-positive-t315i"))
    for name in LISTED:
        window.page.locator(f"nav.tabs a[href$='/{name}']").click()
        expect(window.page).to_have_url(re.compile(rf"/smart/p/[\w-]{{22}}/{name}$"))
        expect(window.page.locator("nav.tabs a[aria-current=page]")).to_have_attribute("href", re.compile(f"/{name}$"))


def focused(page: Page) -> dict[str, Any]:
    """Where the keyboard is: the number of the stop (see `stops`), its words, and whether it can be seen."""
    found: dict[str, Any] = page.evaluate(
        """() => {
          const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
          return {stop: e === document.body ? null : window.stops.indexOf(e),
            words: `${e.tagName} ${(e.getAttribute('aria-label') || e.textContent).trim().slice(0, 50)}`,
            outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
            inView: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth};
        }"""
    )
    return found


def stops(page: Page) -> int:
    """How many places the keyboard must reach. Of a group of radio buttons it is one; what is folded up is none."""
    return int(
        page.evaluate(
            """selector => {
              const groups = new Set();
              window.stops = [...document.querySelectorAll(selector)].filter(e => {
                if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true})) return false;
                if (e.type !== 'radio' || !e.name) return true;
                const name = `${e.form ? [...document.forms].indexOf(e.form) : ''} ${e.name}`;
                const one = e.checked || !document.querySelector(`input[name="${CSS.escape(e.name)}"]:checked`);
                if (!one || groups.has(name)) return false;
                groups.add(name);
                return true;
              });
              return window.stops.length;
            }""",
            CAN_FOCUS,
        )
    )


@pytest.mark.parametrize("name", [*LISTED, "demo"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(name: str, window: Window) -> None:
    window.open("/demo" if name == "demo" else f"{window.chart('relapsed-ph-positive-t315i')}{name}")
    expect(window.page.locator("figure.plot[hidden]")).to_have_count(
        0
    )  # charts come with their script, and change the page
    many = stops(window.page)
    reached: list[int] = []
    for _ in range(min(many, MOST_TABS) + 15):  # areas that scroll are stops too
        window.page.keyboard.press("Tab")
        at = focused(window.page)
        if at["stop"] is None:  # back at the browser
            break
        assert at["outlined"], f"no visible focus: {at}"
        assert at["inView"], f"focus out of view: {at}"
        if at["stop"] >= 0:
            reached.append(at["stop"])
    assert set(range(min(many, MOST_TABS))) <= set(reached)
    assert reached == sorted(reached), "the order of the keyboard is not that of the page"


def test_the_first_stop_skips_to_the_content(window: Window) -> None:
    window.open(f"{window.chart('relapsed-ph-positive-t315i')}options")
    window.page.keyboard.press("Tab")
    expect(window.page.locator(".skip")).to_be_focused()
    expect(window.page.locator(".skip")).to_be_in_viewport()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("main")).to_be_focused()
    window.page.keyboard.press("Tab")
    assert window.page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_tab_opens_by_keyboard(window: Window) -> None:
    window.open(f"{window.chart('relapsed-ph-positive-t315i')}chart")
    window.page.locator("nav.tabs a[href$='/missing']").focus()
    window.page.keyboard.press("Enter")
    expect(window.page).to_have_url(re.compile("/missing$"))
