"""Who is measured, how each is started, and what each does and does not do for an answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers import install
from bench.peers.rules import COUNTS, write_content
from bench.served import ROOT

_GUNICORN = ("--workers", "1", "--worker-class", "gthread", "--threads", "4", "--log-level", "error")
_ALLCUE = "/cds-services/allcue-patient-view"


@dataclass(frozen=True)
class Command:
    """``{port}`` in it stands for the port."""

    words: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """``command`` installs what it needs and may raise `install.NotInstalled`.

    ``does``: what stands behind an answer. ``rules``: how many of the benchmark's rules it evaluates, all by number and
    nothing else; None: it decides nothing, or by the shipped content. ``libraries``: those of Allcue's own environment.
    """

    key: str
    name: str
    does: str
    licence: str
    path: str
    command: Callable[[], Command]
    rules: int | None = None
    libraries: tuple[str, ...] = ()


def _gunicorn(interpreter: Path, app: str) -> Command:
    words = (str(interpreter), "-m", "gunicorn", "--bind", "127.0.0.1:{port}", *_GUNICORN, app)
    return Command(words, {"PYTHONPATH": str(ROOT)})


def _own(app: str) -> Callable[[], Command]:
    return lambda: _gunicorn(Path(sys.executable), app)


def _allcue(count: int | None) -> Command:
    words = (sys.executable, "-m", "service.cli", "serve", "--port", "{port}", "--workers", "1")
    environ = {"PYTHONPATH": str(ROOT)}
    if count is not None:
        environ["ALLCUE_CARDS_DIR"] = str(write_content(install.BUILD / f"content-{count}", count))
    return Command(words, environ)


def _uvicorn(environment: str, app: str, *options: str) -> Command:
    interpreter = str(install.python(environment))
    words = (interpreter, "-m", "uvicorn", app, "--port", "{port}", "--workers", "1", "--log-level", "error", *options)
    return Command(words, {"PYTHONPATH": str(ROOT)})


def _granian() -> Command:
    interpreter = str(install.python("servers"))
    words = (interpreter, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--port", "{port}", "--no-access-log",
             "--log-level", "error", "bench.peers.apps.bare:wsgi")  # fmt: skip
    return Command(
        words, {"PYTHONPATH": str(ROOT), "PATH": f"{Path(interpreter).parent}{os.pathsep}{os.environ['PATH']}"}
    )


def _cql(count: int) -> Command:
    folder = install.cql_folder()
    return Command((str(install.node()), str(folder / "server.mjs"), "{port}", str(folder / f"rules-{count}.json")))


FLOOR = "floor"
_PARSED = "body parsed; constant card"
PEERS: tuple[Peer, ...] = (
    Peer(FLOOR, "floor: bare WSGI app, gunicorn", f"{_PARSED} (orjson)", "MIT", "/", _own("bench.floor:app"),
         libraries=("gunicorn", "orjson")),
    Peer("granian", "the floor under granian", f"{_PARSED} (orjson)", "BSD-3-Clause", "/", _granian),
    Peer("uvicorn", "the floor as ASGI under uvicorn, httptools", f"{_PARSED} (orjson)", "BSD-3-Clause", "/",
         lambda: _uvicorn("servers", "bench.peers.apps.bare:asgi", "--http", "httptools")),
    Peer("flask", "Flask, gunicorn", f"{_PARSED} (Flask's own JSON)", "BSD-3-Clause", "/cds-services/constant",
         _own("bench.peers.apps.constant:flask_app"), libraries=("flask", "gunicorn")),
    Peer("typed", "Flask and fhir.resources, gunicorn", "every resource parsed into its R4B model; constant card", "BSD-3-Clause",
         "/cds-services/constant", _own("bench.peers.apps.constant:typed_app"),
         libraries=("fhir.resources", "flask", "gunicorn")),
    Peer("healthchain", "HealthChain as installed", "envelope checked; constant card", "Apache-2.0", "/cds/cds-services/constant",
         lambda: _uvicorn("healthchain", "bench.peers.apps.healthchain_app:app")),
    Peer("healthchain-httptools", "HealthChain with httptools", "envelope checked; constant card", "Apache-2.0",
         "/cds/cds-services/constant", lambda: _uvicorn("healthchain-httptools", "bench.peers.apps.healthchain_app:app")),
    Peer("fhirpath", "fhirpathpy, Flask, gunicorn", "1 rule: 7 FHIRPath expressions; a card of one line", "MIT", "/cds-services/rule",
         lambda: _gunicorn(install.python("fhirpath"), "bench.peers.apps.fhirpath_app:app"), rules=1),
    *(Peer(f"cql-{count}", f"CQL in JavaScript, {count} rule{'s'[:count - 1]}",
           f"{count} rule{'s'[:count - 1]} of our CQL library; cards of one line", "Apache-2.0", "/cds-services/rules",
           lambda count=count: _cql(count), rules=count) for count in COUNTS),  # type: ignore[misc]
    *(Peer(f"allcue-{count}", f"Allcue, the same {count} rule{'s'[:count - 1]}",
           "every fact those rules need, with provenance; full cards; trace kept", "Apache-2.0", _ALLCUE,
           lambda count=count: _allcue(count), rules=count) for count in COUNTS),  # type: ignore[misc]
    Peer("allcue", "Allcue, all sources", "all shipped rules; full cards with sources, options, gaps; trace kept", "Apache-2.0",
         _ALLCUE, lambda: _allcue(None)),
)  # fmt: skip
BY_KEY = {peer.key: peer for peer in PEERS}
