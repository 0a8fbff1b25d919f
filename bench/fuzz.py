"""``python -m bench.fuzz --minutes 60``: random and damaged requests against a running service.

In turns: schemathesis makes requests from ``/openapi.json``; then example requests of every hook are damaged at random
(values replaced, taken out, doubled, nested, made long; bytes flipped). A finding is a 5xx, a lost connection, an answer
that is no OperationOutcome or has no security headers, or one that took longer than the limit. Findings are kept in a
folder as files to send again; the last line counts them, and the exit code is 1 if there are any.
"""

from __future__ import annotations

import copy
import http.client
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import yaml

from bench.served import ROOT, served
from fhir_examples.request import FOLDER, names, request_of
from service.hooks.browser import SECURITY

Json = dict[str, Any]
SLOW_S = 12.0  # the service's own limit and the way there and back
ODD: tuple[Any, ...] = (
    None, "", 0, -1, 1e308, True, [], {}, [[]], [None], "\u0000", "<img src=x onerror=alert(1)>", "[x](javascript:1)",
    "9" * 400, "\ud7ff\uffff", "2026-13-45", "2026-03-02T25:61:61Z", {"resourceType": "Bundle"}, "#", "Patient/../x",
    {"reference": "#"}, {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle", "entry": "x"}}]},
    "46,XY,t(9;22)(q34;q11.2)[20" * 50, "no " * 3000, "blast " * 3000, "(" * 3000, "1e-" * 2000, "a" * 50_000,
)  # fmt: skip
_CONTEXT: dict[str, Json] = {
    "patient-view": {},
    "encounter-start": {"encounterId": "1"},
    "encounter-discharge": {"encounterId": "1"},
    "order-dispatch": {"dispatchedOrders": ["MedicationRequest/1"], "performer": "Organization/1"},
    "appointment-book": {"appointments": {"resourceType": "Bundle", "type": "collection", "entry": []}},
}


@dataclass
class Tally:
    """What came of the requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest: float = 0.0


def seeds() -> list[tuple[str, Json]]:
    """Requests of the examples: (path, body)."""
    found = []
    patients = {name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in names()}
    for name, told in patients.items():
        for hook, context in _CONTEXT.items():
            found.append((f"/cds-services/allcue-{hook}", request_of(told, name, hook, context)))
    for path in sorted((FOLDER / "orders").glob("*.yaml")):
        about = yaml.safe_load(path.read_text(encoding="utf-8"))
        drafts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        rows = [row["resource"] for row in drafts["entry"]]
        chosen = [f"{row['resourceType']}/{row['id']}" for row in rows if "id" in row]
        for hook, context in (
            ("order-select", {"draftOrders": drafts, "selections": chosen}),
            ("order-sign", {"draftOrders": drafts}),
            ("medication-refill", {"medications": drafts}),
        ):
            body = request_of(patients[about["patient"]], about["patient"], hook, context)
            found.append((f"/cds-services/allcue-{hook}", body))
    return found


def damage(request: Json, chance: random.Random) -> Json:
    """The request with some places changed. Deterministic for one state of ``chance``."""
    found = copy.deepcopy(request)
    for _ in range(chance.randint(1, 6)):
        here: Any = found
        way = []
        while isinstance(here, dict | list) and here and (not way or chance.random() < 0.85):
            key = chance.choice(list(here)) if isinstance(here, dict) else chance.randrange(len(here))
            way.append((here, key))
            here = here[key]
        if way:
            _change(*way[-1], chance)
    return found


def _change(holder: Any, key: Any, chance: random.Random) -> None:
    old = holder[key]
    kind = chance.randrange(7)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = [old, copy.deepcopy(old)]
    elif kind == 2:
        for _ in range(chance.choice((3, 30, 95, 150))):
            old = [old] if chance.random() < 0.5 else {"entry": [{"resource": old}], "resourceType": "Bundle"}
        holder[key] = old
    elif kind == 3 and isinstance(old, list):
        holder[key] = old * chance.choice((2, 10, 60))
    elif kind == 4 and isinstance(old, str):
        at = chance.randint(0, len(old))
        holder[key] = (
            old[:at] + chance.choice(("\n", "\u202e", "<b>", "|", "é", "\x00", "9", " nicht ", "`")) + old[at:]
        )
    elif kind == 5 and isinstance(old, int | float):
        holder[key] = chance.choice((-old, old * 1e12, str(old), 10**30, 0))
    else:
        holder[key] = copy.deepcopy(chance.choice(ODD))


def _flipped(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found)


def problem(status: int, headers: Json, data: bytes, seconds: float) -> str | None:
    """What is wrong with an answer."""
    if status >= 500:
        return f"status {status}"
    if seconds > SLOW_S:
        return f"{seconds:.1f} s"
    lost = [name for name, value in SECURITY.items() if headers.get(name.lower()) != value]
    if lost:
        return f"without {', '.join(lost)}"
    try:
        answer = json.loads(data)
    except ValueError:
        return "no JSON"
    right = isinstance(answer.get("cards"), list) if status == 200 else answer.get("resourceType") == "OperationOutcome"
    return None if right else f"status {status} with another body"


def send(port: int, path: str, body: bytes) -> tuple[int, Json, bytes, float]:
    """POST on a connection of its own: (status, headers, body, seconds). Raises OSError or HTTPException."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, data, time.perf_counter() - started
    finally:
        connection.close()


def mutate(port: int, until: float, chance: random.Random, tally: Tally, kept: Path) -> None:
    """Send damaged examples for a while."""
    requests = seeds()
    while time.monotonic() < until:
        path, request = chance.choice(requests)
        try:
            data = json.dumps(damage(request, chance)).encode()
        except RecursionError:  # nested twice over, deeper than the writer here goes
            continue
        if chance.random() < 0.1:
            data = _flipped(data, chance)
        try:
            status, headers, answer, seconds = send(port, path, data)
            wrong = problem(status, headers, answer, seconds)
        except (OSError, http.client.HTTPException) as error:
            status, seconds, wrong = 0, 0.0, f"no answer ({type(error).__name__})"
        tally.statuses[status] += 1
        tally.slowest = max(tally.slowest, seconds)
        if wrong:
            name = f"{len(tally.findings):03}-{path.rpartition('/')[2]}.json"
            (kept / name).write_bytes(data)
            tally.findings.append(f"{name}: {wrong}")
            click.echo(f"finding {tally.findings[-1]}")


def schemathesis(port: int, seconds: int, seed: int, kept: Path) -> tuple[int, str]:
    """One run of schemathesis: its exit code and what it told."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(ROOT / "bench/schemathesis.toml"), "run",
        f"http://127.0.0.1:{port}/openapi.json", "--checks", "all", "--max-time",
        str(seconds), "--seed", str(seed), "--request-timeout", "60", "--phases", "examples,coverage,fuzzing",
    ]  # fmt: skip
    run = subprocess.run(command, cwd=kept, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def _interrupted(number: int, _: object) -> None:
    raise KeyboardInterrupt(f"signal {signal.Signals(number).name}")


@click.command()
@click.option("--minutes", default=60.0, show_default=True)
@click.option("--seed", default=1, show_default=True, help="For the same requests again.")
@click.option("--turn", default=120, show_default=True, help="Seconds of one turn.")
@click.option("--keep", default=Path("build/fuzz"), type=click.Path(path_type=Path), show_default=True)
def main(minutes: float, seed: int, turn: int, keep: Path) -> None:
    """Fuzz a service started for it."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that the service is stopped and what was found is told
        signal.signal(number, _interrupted)
    keep = keep.resolve()
    keep.mkdir(parents=True, exist_ok=True)
    tally, chance, failed, runs = Tally(), random.Random(seed), 0, 0
    until = time.monotonic() + minutes * 60
    with (keep / "service.log").open("wb") as log, served(workers=1, log=log) as port:
        try:
            while time.monotonic() < until:
                mutate(port, min(until, time.monotonic() + turn), chance, tally, keep)
                left = int(min(turn, until - time.monotonic()))
                if left >= 10:
                    runs += 1
                    code, told = schemathesis(port, left, seed + runs, keep)
                    (keep / f"schemathesis-{runs:03}.txt").write_text(told, encoding="utf-8")
                    failed += code != 0
                    last = told.strip().splitlines()[-1] if told.strip() else ""
                    click.echo(f"schemathesis run {runs}: exit code {code}; {last}")
        except KeyboardInterrupt as stopped:
            click.echo(f"stopped early ({stopped})")
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))
    click.echo(f"damaged examples by status: {statuses}; slowest {tally.slowest:.1f} s")
    click.echo(f"{sum(tally.statuses.values())} damaged examples, {runs} schemathesis runs, "
               f"{len(tally.findings)} + {failed} with findings")  # fmt: skip
    sys.exit(1 if tally.findings or failed else 0)


if __name__ == "__main__":
    main()
