"""The sheet for the tumor board on paper: A4, each page with its patient, no navigation, all options."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import Window, needs_chromium

pytestmark = needs_chromium
A4 = (794, 1123)  # pixels of CSS


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize(
    ("example", "most"),
    [("relapsed-ph-positive-t315i", 2), ("eot-surveillance", 2), ("german-record", 3), ("unreadable-units", 4)],
)
def test_it_prints_on_few_pages(example: str, most: int, window: Window) -> None:
    """Two pages where what is offered is a handful; more only where so much is offered or unknown."""
    window.open(f"{window.chart(example)}board")
    pdf = window.page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 1 <= pages(pdf) <= most
    assert re.search(rb"/MediaBox\s*\[0 0 59[45]\.\d+ 84[12]\.\d+\]", pdf), "not A4"


def test_paper_has_the_patient_and_all_options_and_nothing_to_click(window_of: Callable[..., Window]) -> None:
    window = window_of(A4[0], height=A4[1])
    window.open(f"{window.chart('relapsed-ph-positive-t315i')}board")
    options = window.page.locator(".offered tbody th").all_inner_texts()
    assert options
    window.page.emulate_media(media="print")
    for gone in (".top", "nav.tabs", "#print", ".read-at"):
        expect(window.page.locator(gone)).to_be_hidden()
    who = window.page.locator(".who")
    expect(who).to_be_visible()
    expect(who).to_contain_text("ph-positive-t315i")
    assert who.evaluate("element => getComputedStyle(element).display") == "table-header-group"  # repeated on each page
    for option in options:
        expect(window.page.locator(".offered tbody th").filter(has_text=option.splitlines()[0]).first).to_be_visible()
    width, most = window.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width <= most


def test_a_page_without_advice_still_names_its_patient_on_paper(window: Window) -> None:
    window.open(f"{window.chart('not-a-leukemia-patient')}board")
    window.page.emulate_media(media="print")
    expect(window.page.locator(".patient")).to_be_visible()


def test_the_button_prints(window: Window) -> None:
    window.context.add_init_script("window.print = () => { window.printed = true; }")
    window.open(f"{window.chart('german-record')}board")
    window.page.locator("#print").click()
    assert window.page.evaluate("window.printed") is True


def test_without_scripts_there_is_no_button_that_does_nothing(window_of: Callable[..., Window]) -> None:
    window = window_of(java_script_enabled=False)
    window.open(f"{window.chart('german-record')}board")
    expect(window.page.locator("#print")).to_be_hidden()
    expect(window.page.locator("noscript p")).to_be_visible()


@pytest.mark.parametrize("view", ["pathway", "options", "missing", "facts"])
def test_other_pages_begin_on_their_first_sheet(view: str, window_of: Callable[..., Window]) -> None:
    """No panel may ask to be kept whole: one that is longer than a page would leave the page before it empty."""
    window = window_of(A4[0], height=A4[1])
    window.open(f"{window.chart('relapsed-ph-positive-t315i')}{view}")
    window.page.emulate_media(media="print")
    panels = window.page.locator("main .panel")
    assert panels.count()
    kept = panels.evaluate_all("all => all.filter(one => getComputedStyle(one).breakInside === 'avoid').length")
    assert kept == 0


def test_a_pathway_too_high_for_paper_is_printed_as_its_list(window_of: Callable[..., Window]) -> None:
    window = window_of(A4[0], height=A4[1])
    window.open(f"{window.chart('relapsed-ph-positive-t315i')}pathway")
    expect(window.page.locator(".picture svg.tall")).to_be_visible()
    window.page.emulate_media(media="print")
    expect(window.page.locator(".picture")).to_be_hidden()
    expect(window.page.locator("ul.way").first).to_be_visible()
