"""The app launched in a real browser from an EHR with its own authorization server, and what is shown when that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bench.served import free_port, running
from tests.browser import Window, needs_chromium
from tests.ehr.authorization import Client, SmartEhr, smart_ehr
from tests.smart.launching import SECRET, admit, public, registered

pytestmark = needs_chromium
NOBODY = "11111111-2222-4333-8444-555555555555"  # of no card


@pytest.fixture(scope="module")
def ehr() -> Iterator[SmartEhr]:
    with smart_ehr() as found:
        admit(found)
        admit(found, "not-a-leukemia-patient", "p2")
        yield found


@pytest.fixture(scope="module")
def app(ehr: SmartEhr, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that is registered with the EHR."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    entry = public(ehr)
    ehr.clients["allcue"] = Client(f"{address}/smart/callback")
    folder: Path = tmp_path_factory.mktemp("launch")
    environ = {
        "ALLCUE_SMART_FILE": str(registered(folder, entry)),
        "ALLCUE_PUBLIC_BASE_URL": address,
        "ALLCUE_SITE_SECRET": SECRET,
    }
    with running(environ, port=port):
        yield address


@pytest.fixture
def window(browser: Browser, app: str, ehr: SmartEhr) -> Iterator[Window]:
    """A window in which the EHR's own addresses may be visited too."""
    found = Window(browser, app)
    before = dict(ehr.status)
    yield found
    found.close()
    ehr.status = before
    ehr.ends = dict.fromkeys(ehr.ends, 2**33)
    left = [p for p in found.problems if f"another origin: {ehr.fhir.origin}/auth/authorize" not in p]
    assert not left, left


def launch(window: Window, ehr: SmartEhr, patient: str = "p1", **context: str) -> None:
    """As an EHR opens the app for the patient whose chart is open."""
    window.open(f"/smart/launch?iss={ehr.iss}&launch={ehr.launch(patient, **context)}")


def test_an_ehr_opens_the_chart_of_its_patient(window: Window, ehr: SmartEhr) -> None:
    launch(window, ehr)
    expect(window.page.locator(".patient")).to_contain_text("Synthetic Patient-4 Example")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Chart")
    expect(window.page.locator("article.card").first).to_be_visible()
    assert window.page.url.endswith("/chart")
    token = next(iter(ehr.ends))
    assert not [asked for asked in window.asked if token in asked]
    assert token not in window.page.content()


def test_the_start_page_leads_to_a_patient_who_is_chosen_there(window: Window, ehr: SmartEhr) -> None:
    ehr.picks = "p1"
    window.open("/smart/")
    window.page.get_by_role("link", name="City Hospital").click()
    expect(window.page.locator(".patient")).to_contain_text("Synthetic Patient-4 Example")


def test_from_a_card_the_page_of_that_card_comes_first(window: Window, ehr: SmartEhr) -> None:
    launch(window, ehr, appContext=NOBODY)
    assert window.page.url.endswith("/card")
    expect(window.page.get_by_role("heading", level=1)).to_have_text("How this card came about")


def test_a_patient_without_all(window: Window, ehr: SmartEhr) -> None:
    launch(window, ehr, "p2")
    expect(window.page.get_by_role("heading", name="No advice for this patient")).to_be_visible()
    expect(window.page.locator("article.card")).to_have_count(0)


def test_the_token_ends_while_the_chart_is_open(window: Window, ehr: SmartEhr) -> None:
    launch(window, ehr)
    ehr.ends = dict.fromkeys(ehr.ends, 0.0)
    window.page.get_by_role("button", name="Read the record again").click()
    expect(window.page.get_by_role("alert")).to_contain_text("The access to the record has expired")
    expect(window.page.locator(".patient")).to_have_count(0)
    window.expected("status of 401")


def test_the_server_is_gone_and_comes_back(window: Window, ehr: SmartEhr) -> None:
    launch(window, ehr)
    chart = window.page.url
    ehr.status["/fhir/Patient/p1"] = 503
    window.page.get_by_role("button", name="Read the record again").click()
    expect(window.page.get_by_role("alert")).to_contain_text("The FHIR server does not answer")
    window.expected("status of 502")
    ehr.status.clear()
    assert window.open(chart) == 200
    expect(window.page.locator(".patient")).to_contain_text("Synthetic Patient-4 Example")


def test_a_part_of_the_record_that_cannot_be_read_is_told(window: Window, ehr: SmartEhr) -> None:
    ehr.status["/fhir/Procedure"] = 500
    launch(window, ehr)
    expect(window.page.get_by_role("heading", name="Not all of the record could be read")).to_be_visible()
    expect(window.page.locator("section.warning")).to_contain_text("Procedure")


def test_the_login_is_refused(window: Window, ehr: SmartEhr) -> None:
    ehr.deny = "access_denied"
    try:
        launch(window, ehr)
    finally:
        ehr.deny = ""
    expect(window.page.get_by_role("alert")).to_be_visible()
    expect(window.page.locator(".patient")).to_have_count(0)
    window.expected("Failed to load resource")
