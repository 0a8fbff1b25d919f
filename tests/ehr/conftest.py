"""An EHR and the service that it calls, both over real HTTP, for all tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bench.served import free_port, served
from fhir_examples.request import FOLDER
from tests.ehr.client import ISSUER, Ehr
from tests.ehr.fhir import ehr_server

DAY = "2026-03-02"
FHIR_TOKEN = "good-for-this-ehr-only"


@dataclass
class Clinic:
    """``ehr``: the client. ``log``: what the service wrote. ``environ``: its settings."""

    ehr: Ehr
    log: Path
    environ: dict[str, str]
    admitted: list[str] = field(default_factory=list)

    def admit(self, example: str, more: list[dict[str, Any]] | None = None) -> str:
        """A new patient like an example, with further resources on record: the id."""
        bundle = json.loads((FOLDER / f"{example}.json").read_text(encoding="utf-8"))
        bundle["entry"] += more or []
        self.admitted.append(f"patient-{len(self.admitted) + 1}")
        return self.ehr.server.put(bundle, self.admitted[-1])

    def lines(self) -> list[dict[str, Any]]:
        """The service's log, line by line."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(scope="package")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("ehr")
    with ehr_server() as server:
        server.token = FHIR_TOKEN
        clients = folder / "clients.json"
        client = {"name": "ehr", "iss": ISSUER, "jwks_urls": [f"{server.origin}/jwks"]}
        clients.write_text(json.dumps({"clients": [client]}))
        port = free_port()
        environ = {
            "ALLCUE_CLIENTS_FILE": str(clients),
            "ALLCUE_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "ALLCUE_FHIR_SERVERS": server.url,
            "ALLCUE_FHIR_DEADLINE_S": "60",
            "ALLCUE_FHIR_TIMEOUT_S": "60",
            "ALLCUE_TIME_LIMIT_S": "60",
            "ALLCUE_RATE_LIMIT": "0",
            "ALLCUE_DATABASE_URL": f"sqlite:///{folder / 'allcue.db'}",
            "ALLCUE_SITE_SECRET": "a-secret-for-these-tests-and-no-other",
            "ALLCUE_AS_OF": DAY,
        }
        log = folder / "log"
        with log.open("wb") as out, served(environ, log=out, port=port):
            yield Clinic(Ehr(server, environ["ALLCUE_PUBLIC_BASE_URL"]), log, environ)


@pytest.fixture
def ehr(clinic: Clinic) -> Ehr:
    return clinic.ehr
