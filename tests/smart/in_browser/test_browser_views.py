"""What the single pages do in a browser: charts beside their tables, the way through the rules, the what-if, the demo."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from bench.paint import Clinic, environ_of, patient_on_server
from bench.served import running
from service.smart.views.registry import VIEWS
from tests.browser import NARROW, WIDE, Window, needs_chromium

pytestmark = needs_chromium
LISTED = [view.name for view in VIEWS if view.listed]
RELAPSE = "relapsed-ph-positive-t315i"
LONG = "frey-luger-patient-3-third-remission-after-blinatumomab"


def test_the_demo_opens_a_chart(window: Window) -> None:
    window.open("/demo")
    window.page.locator(f"input[name=example][value={RELAPSE}]").check(force=True)
    with window.context.expect_page() as opened:
        window.page.get_by_role("button", name="Open the chart", exact=True).first.click()
    expect(opened.value).to_have_url(re.compile(r"/smart/p/[\w-]{22}/chart$"))
    expect(opened.value.locator(".patient")).to_contain_text("ph-positive-t315i")


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_the_timeline_is_drawn_and_told(width: int, window_of: Callable[..., Window]) -> None:
    """The picture has a mark for each event of the table; the charts are drawn from tables that hold the same."""
    window = window_of(width)
    window.open(f"{window.chart(LONG)}chart")
    marks = window.page.locator("svg.timeline .mark")
    assert marks.count() >= 4  # diagnosis, remissions, relapses, transplant
    plots = window.page.locator("figure.plot canvas")
    expect(plots.first).to_be_visible()
    for figure in window.page.locator("figure.plot:not([hidden])").all():
        table = window.page.locator(f"#{figure.get_attribute('data-plot')}")
        assert table.locator("tbody tr").count() > 0
        expect(figure).to_have_attribute("aria-label", re.compile(r"\S"))


def test_the_pathway_shows_where_it_stops(window: Window) -> None:
    window.open(f"{window.chart('ph-status-unknown')}pathway")
    expect(window.page.locator("main svg").first).to_be_visible()
    expect(window.page.locator("li.step.stop").first).to_contain_text("The way stops here for want of data.")
    link = window.page.locator("main a[href*='/rule/']:visible").first
    address = link.get_attribute("href") or ""
    link.click()
    expect(window.page).to_have_url(re.compile(re.escape(address) + "$"))
    expect(window.page.locator("h1")).to_be_visible()


def test_a_supposed_answer_changes_the_advice_and_is_marked(window: Window) -> None:
    base = window.chart(RELAPSE)
    window.open(f"{base}missing")
    result = window.page.locator("#result")
    window.page.locator("input[name='fact:donor_available'][value=yes]").check()
    expect(result).to_contain_text("What if: this is not what the record says.")
    expect(result).to_contain_text("supposed here")
    expect(result.locator("#result-status")).not_to_be_empty()
    expect(window.page).to_have_url(f"{base}missing")
    window.open(f"{base}missing")
    expect(result).not_to_contain_text("supposed here")


def test_so_it_does_without_scripts(window_of: Callable[..., Window]) -> None:
    window = window_of(java_script_enabled=False)
    window.open(f"{window.chart(RELAPSE)}missing")
    window.page.locator("input[name='fact:donor_available'][value=yes]").check()
    window.page.get_by_role("button", name="Show the advice as it would be").click()
    expect(window.page.locator("#result")).to_contain_text("What if: this is not what the record says.")


def test_the_demo_asks_applies_and_tells(window: Window) -> None:
    window.open("/demo")
    window.page.locator(f"input[name=example][value={RELAPSE}]").check(force=True)
    window.page.get_by_role("button", name="Ask Allcue").click()
    answer = window.page.locator("#answer")
    expect(answer).to_contain_text("HTTP 200")
    assert answer.locator("article.card").count() >= 2
    suggestion = answer.locator(".suggestions button").first
    words = suggestion.inner_text()
    suggestion.click()
    expect(answer.locator(".suggestions li").filter(has_text=words)).to_contain_text("applied")
    expect(answer.locator(".told").first).to_contain_text("HTTP 200")


@pytest.mark.parametrize("name", LISTED)
def test_a_page_says_the_same_without_scripts(name: str, window_of: Callable[..., Window]) -> None:
    """What scripts add is drawn beside a table or a text that is there without them."""
    window = window_of(java_script_enabled=False)
    window.open(f"{window.chart(RELAPSE)}{name}")
    expect(window.page.locator("h1")).to_be_visible()
    assert len(window.page.locator("main").inner_text()) > 300


@pytest.mark.parametrize("name", LISTED)
def test_a_patient_without_all_gets_no_advice_and_is_told_so(name: str, window: Window) -> None:
    window.open(f"{window.chart('not-a-leukemia-patient')}{name}")
    expect(window.page.locator(".patient")).to_be_visible()
    expect(window.page.locator("article.card")).to_have_count(0)


@pytest.fixture(scope="module")
def served() -> Iterator[Clinic]:
    """A service and a FHIR server, and a patient with few resources there."""
    with patient_on_server(60) as (fhir, patient), running(environ_of(fhir)) as service:
        yield Clinic(f"http://127.0.0.1:{service.port}", fhir, patient)


def opened(window: Window, path: str, cookies: list[dict[str, str]]) -> int:
    for cookie in cookies:
        window.context.add_cookies([{**cookie, "domain": "127.0.0.1", "path": path}])  # type: ignore[typeddict-item]
    return window.open(f"{path}chart")


def test_a_patient_of_a_server_is_shown(served: Clinic, browser: Browser) -> None:
    window = Window(browser, served.origin)
    assert opened(window, *served.session()) == 200
    expect(window.page.locator(".patient")).to_contain_text("measured")
    assert not window.problems
    window.close()


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"expires": 1}, 401, "The access to the record has expired"),
        ({"token": "of-another"}, 401, "The access to the record has expired"),
        ({"patient": "nobody"}, 404, "The patient is not there"),
    ],
)
def test_what_goes_wrong_is_told(
    change: dict[str, object], status: int, words: str, served: Clinic, browser: Browser
) -> None:
    window = Window(browser, served.origin)
    path, cookies = served.session(**change)
    assert opened(window, path, cookies) == status
    expect(window.page.get_by_role("alert")).to_contain_text(words)
    expect(window.page.locator(".patient")).to_have_count(0)
    window.expected(f"status of {status}")
    assert not window.problems
    window.close()


def test_a_server_that_is_gone_is_told(browser: Browser) -> None:
    with patient_on_server(60) as (fhir, patient):
        environ = environ_of(fhir)
    with running(environ) as service:
        gone = Clinic(f"http://127.0.0.1:{service.port}", fhir, patient)
        window = Window(browser, gone.origin)
        assert opened(window, *gone.session()) == 502
        expect(window.page.get_by_role("alert")).to_contain_text("The FHIR server does not answer")
        window.expected("status of 502")
        window.close()
