"""The public SMART launcher in a real browser: an EHR launch and a standalone launch that end on the chart.

Runs where ``SMART_LAUNCHER`` names a folder in which the launcher was built, and Chromium, node and the FHIR server of the
tests are there. The same conversations with a scripted server are in test_launch.py.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import Page

from bench.served import free_port, served
from tests.browser import launched, needs_chromium
from tests.hooks.real_fhir import real_fhir, why_not

LAUNCHER = os.environ.get("SMART_LAUNCHER", "")
EXAMPLE = "relapsed-ph-positive-t315i"
PICTURES = os.environ.get("SMART_PICTURES", "")
NAME = "Synthetic Patient-4 Example"
pytestmark = [
    pytest.mark.skipif(not LAUNCHER, reason="SMART_LAUNCHER names no built SMART launcher"),
    needs_chromium,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]


@dataclass
class Stage:
    """Addresses, and the id of the patient."""

    app: str
    launcher: str
    fhir: str
    patient: str

    def ehr_launch(self, **more: Any) -> str:
        """Where the launcher's user clicks to open the app for the patient."""
        launch = simulated("provider-ehr", **{"patient": self.patient, **more})
        iss = f"{self.launcher}/v/r4/fhir"
        return f"{self.app}/smart/launch?{urlencode({'iss': iss, 'launch': launch})}"


def simulated(kind: str, patient: str, error: str = "", *, skip: bool = True) -> str:
    """What the launcher is to simulate, in its own writing. ``skip``: without its pages of login and consent."""
    kinds = ["provider-ehr", "patient-portal", "provider-standalone", "patient-standalone", "backend-service"]
    told = [kinds.index(kind), patient, "", "NONE", int(skip), int(skip), 0, "", "", "", "", error, "", "", 0, 2, ""]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


@contextmanager
def running(command: list[str], folder: Path, environ: dict[str, str], address: str) -> Iterator[None]:
    """A program until the block ends; it answers at an address once the block begins."""
    with subprocess.Popen(command, cwd=folder, env={**os.environ, **environ}, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(300):
                try:
                    requests.get(address, timeout=5)
                    break
                except requests.RequestException:
                    assert process.poll() is None, "it ended"
                    time.sleep(0.2)
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on the PATH")
    folder = tmp_path_factory.mktemp("launcher")
    launcher, port = f"http://127.0.0.1:{free_port()}", free_port()
    app = f"http://127.0.0.1:{port}"
    start = [node, "node_modules/.bin/ts-node", "--skipProject", "--transpile-only", "backend/index.ts"]
    with real_fhir() as fhir:
        rows = [entry["resource"] for entry in fhir.bundle(EXAMPLE)["entry"]]
        (patient,) = (row["id"] for row in rows if row["resourceType"] == "Patient")
        environ = {
            "HOST": "127.0.0.1",
            "PORT": launcher.rpartition(":")[2],
            "NODE_ENV": "production",
            "SECRET": "only-for-this-test",
            "SOURCE_VERSION": "test",
            "FHIR_SERVER_R2": "",
            "FHIR_SERVER_R3": "",
            "FHIR_SERVER_R4": fhir.url,
            "PICKER_ORIGIN": launcher,
        }
        found = [
            ("Launcher", f"{launcher}/v/r4/fhir"),
            ("Quick login", f"{launcher}/v/r4/sim/{simulated('provider-standalone', patient)}/fhir"),
            ("With consent", f"{launcher}/v/r4/sim/{simulated('provider-standalone', patient, skip=False)}/fhir"),
        ]
        servers = [{"label": label, "iss": iss, "client_id": "allcue"} for label, iss in found]
        file = folder / "smart.json"
        file.write_text(json.dumps({"servers": servers}))
        settings = {
            "ALLCUE_SMART_FILE": str(file),
            "ALLCUE_PUBLIC_BASE_URL": app,
            "ALLCUE_SITE_SECRET": "only-for-this-test-of-the-launcher",
            "ALLCUE_DATABASE_URL": f"sqlite:///{folder / 'allcue.db'}",
            "ALLCUE_AS_OF": "2026-03-02",
        }
        with (
            running(start, Path(LAUNCHER), environ, f"{launcher}/v/r4/fhir/.well-known/smart-configuration"),
            (folder / "log").open("wb") as log,
            served(settings, log=log, port=port),
        ):
            yield Stage(app, launcher, fhir.url, patient)


@pytest.fixture
def page() -> Iterator[Page]:
    with launched() as browser:
        yield browser.new_context().new_page()


def pictured(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def test_an_ehr_launch_ends_on_the_chart(stage: Stage, page: Page) -> None:
    page.goto(stage.ehr_launch())
    page.wait_for_url(f"{stage.app}/smart/p/*/chart")
    assert NAME in page.locator("header").inner_text()
    assert stage.patient not in page.url
    pictured(page, "ehr-launch")
    page.get_by_role("button", name="Read the record again").click()
    assert NAME in page.locator("header").inner_text()
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_a_launch_from_a_card_opens_that_card(stage: Stage, page: Page) -> None:
    """The launcher passes no appContext on, so the launch request does, as some EHRs do it."""
    body = {
        "hook": "patient-view",
        "hookInstance": "b2d6d6a2-6f0c-4a1e-9a55-9d0b9d3e7c11",
        "fhirServer": f"{stage.launcher}/v/r4/fhir",
        "context": {"patientId": stage.patient, "userId": "Practitioner/x"},
        "prefetch": prefetch(stage),
    }
    answer = requests.post(f"{stage.app}/cds-services/allcue-patient-view", json=body, timeout=60)
    assert answer.ok, answer.text
    card = answer.json()["cards"][0]
    (link,) = (one for one in card["links"] if one["type"] == "smart")
    assert link["url"] == f"{stage.app}/smart/launch"
    page.goto(f"{stage.ehr_launch()}&appContext={link['appContext']}")
    page.wait_for_url(f"{stage.app}/smart/p/*/card")
    assert NAME in page.locator("header").inner_text()
    pictured(page, "from-a-card")


def prefetch(stage: Stage) -> dict[str, Any]:
    """Every template of the service, as an EHR fills it."""
    services = requests.get(f"{stage.app}/cds-services", timeout=30).json()["services"]
    (templates,) = (one["prefetch"] for one in services if one["hook"] == "patient-view")
    return {
        key: requests.get(f"{stage.fhir}/{query.replace('{{context.patientId}}', stage.patient)}", timeout=30).json()
        for key, query in templates.items()
    }


def test_a_standalone_launch_from_the_start_page(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.app}/smart/")
    pictured(page, "start")
    page.get_by_role("link", name="Quick login").click()
    page.wait_for_url(f"{stage.app}/smart/p/*/chart")
    assert NAME in page.locator("header").inner_text()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("token_invalid_token", "The login did not succeed"),
        ("auth_invalid_scope", "invalid_scope"),
    ],
)
def test_errors_that_the_launcher_simulates(stage: Stage, page: Page, error: str, words: str) -> None:
    page.goto(stage.ehr_launch(error=error))
    page.wait_for_load_state()
    pictured(page, error)
    assert words in page.locator("main").inner_text()


def test_a_patient_who_is_not_there(stage: Stage, page: Page) -> None:
    page.goto(stage.ehr_launch(patient="00000000-0000-4000-8000-000000000000"))
    page.wait_for_load_state()
    assert "The patient is not there" in page.locator("main").inner_text()


def test_a_standalone_launch_with_consent(stage: Stage, page: Page) -> None:
    """The launcher's page lists in words what the scopes allow."""
    page.goto(f"{stage.app}/smart/")
    page.get_by_role("link", name="With consent").click()
    approve = page.get_by_role("button", name="Approve")
    approve.wait_for()
    asked = page.locator("body").inner_text()
    assert "Condition" in asked
    assert "write" not in asked.lower()
    pictured(page, "consent")
    approve.click()
    page.wait_for_url(f"{stage.app}/smart/p/*/chart")
    assert NAME in page.locator("header").inner_text()


def test_a_server_that_is_not_registered(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.app}/smart/launch?{urlencode({'iss': f'{stage.launcher}/v/r3/fhir', 'launch': 'x'})}")
    assert "This FHIR server is not known here" in page.locator("main").inner_text()
