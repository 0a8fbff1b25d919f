"""Everything the public CDS Hooks sandbox talks to, on this machine: a FHIR server with example patients, Allcue that
trusts the sandbox's key, and the sandbox's own build as static files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import yaml

from bench.served import ROOT, free_port, served
from fhir_examples.request import FOLDER
from tests.ehr.fhir import ehr_server
from tests.test_injection import planted

DAY = "2026-03-02"  # of the stories of all PATIENTS
MARKUP = '<img src=x onerror="window.planted = 1"><mark>zqx</mark> **zqx**'
PATIENTS = {
    "relapse": "relapsed-ph-positive-t315i",
    "late": "late-relapse-ph-negative",
    "hostile": "ph-status-unknown",
}  # hostile: with MARKUP behind every text
ISSUER = "https://sandbox.cds-hooks.org"
SCREENS = {"patient-view": "patient-view", "order-select": "rx-view", "order-sign": "rx-sign"}


class NoBuild(ValueError):
    """The folder is not a build of the sandbox."""


@dataclass(frozen=True)
class Stage:
    """``sandbox``, ``fhir``, ``service``: addresses. ``patients``: their ids by the names of PATIENTS. ``environ``: the
    settings of the running service. ``log``: what it wrote."""

    sandbox: str
    fhir: str
    service: str
    patients: dict[str, str]
    environ: dict[str, str]
    log: Path

    def address(self, patient: str, hook: str = "patient-view") -> str:
        """The sandbox, opened for a patient of PATIENTS on the screen of a hook."""
        query = {
            "fhirServiceUrl": self.fhir,
            "patientId": self.patients[patient],
            "serviceDiscoveryURL": f"{self.service}/cds-services",
            "hook": hook,
            "screen": SCREENS[hook],
        }
        return f"{self.sandbox}/?{urlencode(query)}"

    def allcue(self, *words: str) -> str:
        """What ``allcue WORDS`` prints with the settings of the running service."""
        environ = {**os.environ, **self.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "service.cli", *words]
        return subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True).stdout


@contextmanager
def stage(build: Path) -> Iterator[Stage]:
    """Start everything; end it with the block. Nothing is left behind.

    Raises:
        NoBuild: ``build`` is not the folder that ``npm run build`` of the sandbox makes.
    """
    keys = build / ".well-known" / "jwks.json"
    if not (build / "index.html").is_file() or not keys.is_file():
        raise NoBuild(f"{build} holds no build of the sandbox: index.html and .well-known/jwks.json are needed")
    with tempfile.TemporaryDirectory() as temporary, ehr_server() as ehr, static(build) as sandbox:
        folder = Path(temporary)
        bundles = {name: json.loads((FOLDER / f"{file}.json").read_text()) for name, file in PATIENTS.items()}
        bundles["hostile"] = planted(bundles["hostile"], MARKUP)
        patients = {name: ehr.put(bundle) for name, bundle in bundles.items()}
        client = {
            "name": "sandbox",
            "iss": ISSUER,
            "jwks_urls": [f"{ISSUER}/.well-known/jwks.json"],
            "keys": json.loads(keys.read_text())["keys"],
            "profile": "sandbox",
        }
        clients = folder / "clients.yaml"
        clients.write_text(yaml.safe_dump({"clients": [client]}))
        port = free_port()
        environ = {
            "ALLCUE_CLIENTS_FILE": str(clients),
            "ALLCUE_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "ALLCUE_CORS_ORIGINS": sandbox,
            "ALLCUE_FHIR_SERVERS": ehr.url,
            "ALLCUE_DATABASE_URL": f"sqlite:///{folder / 'allcue.db'}",
            "ALLCUE_SITE_SECRET": "only-for-this-demonstration-of-the-sandbox",
            "ALLCUE_AS_OF": DAY,
        }
        log = folder / "service.log"
        with log.open("wb") as out, served(environ, log=out, port=port):
            yield Stage(sandbox, ehr.url, f"http://127.0.0.1:{port}", patients, environ, log)


@contextmanager
def static(folder: Path) -> Iterator[str]:
    """The origin under which the files of a folder are served."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
