"""A browser's way through a launch: the app is called by a test client, its servers by HTTP, redirects followed by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_examples.request import FOLDER
from tests.ehr.authorization import Client, SmartEhr

BASE = "http://localhost"
CALLBACK = f"{BASE}/smart/callback"
SECRET = "only-for-these-tests-and-no-others"
RELAPSED = "relapsed-ph-positive-t315i"


def admit(ehr: SmartEhr, example: str = RELAPSED, patient: str = "p1") -> str:
    """A patient like an example on the server: the id."""
    return ehr.fhir.put(json.loads((FOLDER / f"{example}.json").read_text(encoding="utf-8")), patient)


def public(ehr: SmartEhr) -> dict[str, Any]:
    """Register the app as a public client; the entry of the registrations file."""
    ehr.clients["allcue"] = Client(CALLBACK)
    return {"iss": ehr.iss, "client_id": "allcue", "label": "City Hospital"}


def registered(folder: Path, *servers: dict[str, Any]) -> Path:
    """A registrations file."""
    path = folder / "smart.json"
    path.write_text(json.dumps({"servers": list(servers)}))
    return path


@dataclass
class Browser:
    """One browser: its cookies are in ``client``."""

    client: FlaskClient
    ehr: SmartEhr

    def launch(self, launch: str | None = None, patient: str | None = "p1", **query: str) -> TestResponse:
        """The app's answer to an EHR launch."""
        name = self.ehr.launch(patient) if launch is None else launch
        return self.client.get("/smart/launch", query_string={"iss": self.ehr.iss, "launch": name, **query})

    def authorize(self, begun: TestResponse) -> str:
        """Where the authorization server sends the browser back to: path and query."""
        assert begun.status_code == 303, begun.text
        answer = requests.get(begun.headers["Location"], allow_redirects=False, timeout=30)
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith(f"{CALLBACK}?")
        return answer.headers["Location"].removeprefix(BASE)

    def back(self, begun: TestResponse) -> TestResponse:
        """The app's answer when the browser comes back."""
        return self.client.get(self.authorize(begun))

    def open(self, **more: Any) -> str:
        """The path of the session that a whole launch opens."""
        opened = self.back(self.launch(**more))
        assert opened.status_code == 303, opened.text
        return str(opened.headers["Location"])


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address, each of which is there once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query, strict_parsing=True).items()}
