"""``python -m bench.faults``: what becomes of calls and feedback while something breaks.

Eight clients call and tell feedback in turns; after a while something is broken, after another while it is whole again.
Printed is what they were told. Feedback that was acknowledged is looked for in the store afterwards: all of it must be
there. The exit code is 1 where it is not, where a refusal does not say why, or where an answer was silent.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import sqlalchemy
import yaml

from bench.clients import CALL, FEEDBACK, Account, Signer, ask, call_body, clients, feedback_body, until
from bench.served import ROOT, Running, free_port, running
from service.hooks.trust.sign import new_key, public_part
from service.store.database import Database
from service.store.schema import upgrade
from tests.hooks.hostile import hostile
from tests.store.postgres import Server, binaries

ISS = "https://ehr.example.org"
BOUND_BY_PERMISSIONS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")  # root is not, otherwise
WITHIN = 120.0  # seconds in which all is well again, on a slow machine


@dataclass
class World:
    """One service with what it stands on. ``also``: further databases in which feedback may have been saved."""

    service: Running
    folder: Path
    url: str
    account: Account
    seconds: float
    postgres: Server | None = None
    signer: Signer | None = None
    also: list[str] = field(default_factory=list)
    switch: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The file of SQLite."""
        return self.folder / "state" / "allcue.db"

    def rest(self) -> None:
        """Let the clients go on for a while."""
        time.sleep(self.seconds)

    def tell(self, path: str = CALL, body: bytes | None = None) -> int:
        """One request of its own: the status."""
        header = self.signer.header(path) if self.signer else None
        return ask(self.service.port, path, body or (call_body() if path == CALL else feedback_body("probe")), header)[
            0
        ]

    def well(self) -> None:
        """Wait until calls and feedback are answered again."""
        until(lambda: self.tell() == 200 and self.tell(FEEDBACK) == 200, WITHIN)

    def processes(self) -> list[int]:
        return [self.service.process.pid, *self.service.workers()]

    @contextmanager
    def stopped(self, pids: Sequence[int]) -> Iterator[None]:
        """Processes that do nothing inside the block."""
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


def kill_workers(world: World) -> None:
    for _ in range(3):
        os.kill(random.choice(world.service.workers()), signal.SIGKILL)
        world.rest()


def end_gracefully(world: World) -> None:
    world.service.process.terminate()
    world.service.process.wait(WITHIN)


def lock(world: World) -> None:
    other = sqlite3.connect(world.file, isolation_level=None, timeout=30)
    other.execute("BEGIN EXCLUSIVE")
    world.rest()
    world.rest()
    other.close()


def fill(world: World) -> None:
    """No file may become larger than the log of SQLite is now; what is a full disk elsewhere is EFBIG here."""
    most = Path(f"{world.file}-wal").stat().st_size
    for pid in world.processes():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    until(lambda: world.tell(FEEDBACK) == 503, WITHIN)
    world.rest()
    for pid in world.processes():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def allow_writing(world: World) -> None:
    """The folder is read-only from the start."""
    assert world.tell() == 200
    assert world.tell(FEEDBACK) == 503
    world.rest()
    world.file.parent.chmod(0o700)


def replace_by_garbage(world: World) -> None:
    saved = world.folder / "saved"
    saved.mkdir()
    with world.stopped(world.processes()):
        for found in world.file.parent.iterdir():
            found.rename(saved / found.name)
        world.file.write_bytes(random.randbytes(100_000))
    world.also.append(f"sqlite:///{saved / world.file.name}")
    world.rest()
    assert world.tell(FEEDBACK) == 503
    assert world.tell() == 200
    for found in world.file.parent.iterdir():
        found.unlink()


def stop_postgres(world: World) -> None:
    assert world.postgres is not None
    world.postgres.stop()
    world.rest()
    world.postgres.start()


def pause_postgres(world: World) -> None:
    assert world.postgres is not None
    assert world.postgres.process is not None
    first = world.postgres.process.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    with world.stopped([first, *map(int, children)]):
        world.rest()
        world.rest()


def break_fhir(world: World) -> None:
    for how in ("hangs", "resets", "is gone"):
        world.switch["fhir"] = how
        world.rest()
    world.switch["fhir"] = "answers"


_SHIM = """
import time
from pathlib import Path
_true, _ahead = time.time, Path({path!r})
time.time = lambda: _true() + float(_ahead.read_text())
"""


def set_clock(folder: Path, seconds: int) -> None:
    """Have a service with `faked_clock` see this much more than the true time."""
    (folder / "new").write_text(str(seconds))
    (folder / "new").rename(folder / "clock")


def faked_clock(folder: Path) -> dict[str, str]:
    """The environment of a service whose ``time.time`` follows a file; what is monotonic stays so.

    Not libfaketime: with the monotonic clock left alone its 0.9.10 makes ``time.sleep`` of Python fail (EINVAL). The day
    of judgement does not come from ``time.time`` and is not moved.
    """
    set_clock(folder, 0)
    (folder / "shim").mkdir()
    (folder / "shim" / "sitecustomize.py").write_text(_SHIM.format(path=str(folder / "clock")))
    return {"PYTHONPATH": f"{folder / 'shim'}{os.pathsep}{ROOT}"}


def jump(world: World, seconds: int) -> None:
    set_clock(world.folder, seconds)
    world.rest()
    set_clock(world.folder, 0)


def reload_good(world: World) -> None:
    before = set(world.service.workers())
    world.service.process.send_signal(signal.SIGHUP)
    until(lambda: bool(now := set(world.service.workers())) and not now & before, WITHIN)


def reload_bad(world: World) -> None:
    before = set(world.service.workers())
    kept = (world.folder / "clients.yaml").read_text()
    (world.folder / "clients.yaml").write_text("clients:\n  - name: NOT ALLOWED\n")
    world.service.process.send_signal(signal.SIGHUP)
    until(lambda: "not reloaded" in (world.folder / "log").read_text(), WITHIN)
    assert set(world.service.workers()) == before
    (world.folder / "clients.yaml").write_text(kept)


@dataclass(frozen=True)
class Case:
    """One fault. ``on``: sqlite or postgresql. ``ends``: the service does not come back. ``safe``: no answer is lost."""

    name: str
    fault: Callable[[World], None]
    on: str = "sqlite"
    ends: bool = False
    safe: bool = True
    trust: bool = False
    fhir: bool = False
    clock: bool = False
    closed: bool = False
    log: bool = False

    def missing(self) -> str | None:
        """What this machine lacks for it."""
        if not Path("/proc/self/task").exists():
            return "needs Linux"
        if self.on == "postgresql" and binaries() is None:
            return "needs the programs of a PostgreSQL server"
        if self.closed and os.geteuid() == 0:
            able = subprocess.run([*BOUND_BY_PERMISSIONS, "true"], capture_output=True, check=False).returncode == 0
            return None if able else "root is not stopped by permissions here"
        return None


CASES = (
    Case("worker killed three times (SIGKILL)", kill_workers, safe=False),
    Case("first process ended (SIGTERM)", end_gracefully, ends=True, safe=False),
    Case("SQLite locked by another process", lock, trust=True),
    Case("disk full (RLIMIT_FSIZE)", fill, trust=True),
    Case("folder of the database read-only at start", allow_writing, closed=True),
    Case("SQLite file replaced by garbage, then removed", replace_by_garbage),
    Case("PostgreSQL stopped and started", stop_postgres, on="postgresql", trust=True),
    Case("PostgreSQL hangs (SIGSTOP)", pause_postgres, on="postgresql", trust=True),
    Case("FHIR server hangs, resets, is gone", break_fhir, fhir=True),
    Case("clock an hour ahead and back", lambda world: jump(world, 3600), trust=True, clock=True),
    Case("clock a day behind and back", lambda world: jump(world, -86400), trust=True, clock=True),
    Case("reload (SIGHUP)", reload_good, trust=True, log=True),
    Case("reload with a bad clients file", reload_bad, trust=True, log=True),
)


@contextmanager
def _fhir(world_switch: dict[str, Any]) -> Iterator[str]:
    """A FHIR server that can be made to misbehave; the address."""
    world_switch["fhir"] = "answers"
    body = b'{"resourceType": "Bundle", "type": "searchset", "total": 0}'
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    def act(used: Any, server: Any) -> None:
        how = world_switch["fhir"]
        if how == "hangs":
            server.stopped.wait(5)
        elif how == "answers":
            used.sendall(whole)
        elif how == "resets":
            used.sendall(whole[:-20])
        # gone: closed without a word; a port that nobody listens on is tested in tests/hooks

    with hostile(act) as found:
        yield found.url


def _fhir_body(url: str) -> bytes:
    """A call that leaves all but the required keys to be read."""
    told = json.loads(call_body())
    told["prefetch"] = {key: told["prefetch"][key] for key in ("patient", "conditions")}
    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "user/*.read", "subject": "x"}
    return json.dumps({**told, "fhirServer": url, "fhirAuthorization": token}).encode()


def run(case: Case, seconds: float, number: int = 8) -> tuple[Account, int, World]:
    """Break one thing: what clients were told, how much of what was acknowledged is stored, and the world after it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        environ, signer, body = {"ALLCUE_SITE_SECRET": "s" * 40}, None, call_body()
        environ["ALLCUE_DATABASE_URL"] = f"sqlite:///{folder / 'state' / 'allcue.db'}"
        postgres = _postgres(stack, folder) if case.on == "postgresql" else None
        if postgres is not None:
            environ["ALLCUE_DATABASE_URL"] = postgres.url
            database = Database(postgres.url)
            upgrade(database)
            database.close()
        if case.trust:
            signer = trust(folder, environ)
        if case.clock:
            environ |= faked_clock(folder)
        switch: dict[str, Any] = {}
        if case.fhir:
            body = _fhir_body(stack.enter_context(_fhir(switch)))
        if case.closed:
            (folder / "state").mkdir(mode=0o500)
        wrapper = BOUND_BY_PERMISSIONS if case.closed and os.geteuid() == 0 else ()
        log = stack.enter_context((folder / "log").open("wb")) if case.log else None
        service = stack.enter_context(running(environ, 2, log, wrapper=wrapper))
        until(lambda: len(service.workers()) == 2, WITHIN)
        url = environ["ALLCUE_DATABASE_URL"]
        with clients(service.port, number, body, signer) as account:
            world = World(service, folder, url, account, seconds, postgres, signer, switch=switch)
            world.rest()
            case.fault(world)
            if not case.ends:
                world.well()
                world.rest()
        stored = _stored([url, *world.also], account.acknowledged)
    return account, stored, world


def _postgres(stack: ExitStack, folder: Path) -> Server:
    programs = binaries()
    assert programs is not None
    (folder / "postgres").mkdir()
    server = Server(folder / "postgres", programs)
    stack.callback(server.close)
    server.start()
    return server


def trust(folder: Path, environ: dict[str, str]) -> Signer:
    """Register one client."""
    key, base = new_key(kid="k"), f"http://127.0.0.1:{free_port()}"
    client = {"name": "ehr", "iss": ISS, "keys": [public_part(key)]}
    (folder / "clients.yaml").write_text(yaml.safe_dump({"clients": [client]}))
    environ |= {"ALLCUE_CLIENTS_FILE": str(folder / "clients.yaml"), "ALLCUE_PUBLIC_BASE_URL": base}
    environ["ALLCUE_RATE_LIMIT"] = "0"
    return Signer(key, ISS, base)


def _stored(urls: Sequence[str], cards: set[str]) -> int:
    found: set[str] = set()
    for url in urls:
        database = Database(url)
        with database.reading() as connection:
            found |= set(connection.execute(sqlalchemy.text("SELECT card FROM feedback")).scalars())
        database.close()
    return len(found & cards)


def wrong(case: Case, account: Account, stored: int) -> list[str]:
    """What must not be."""
    found = []
    if stored < len(account.acknowledged):
        found.append(f"{len(account.acknowledged) - stored} acknowledged, not stored")
    if account.unclear:
        found.append(f"refusals without reason: {', '.join(sorted(set(account.unclear)))}")
    if account.silent:
        found.append(f"{account.silent} answers without cards")
    if case.safe and account.lost:
        found.append(f"{account.lost} answers lost")
    if not account.calls[200]:
        found.append("no call was answered")
    return found


def _shown(refused: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(refused.items())) or "none"


@click.command()
@click.option("--only", default="", metavar="TEXT", help="The faults whose name has this in it.")
@click.option("--seconds", default=4.0, show_default=True, help="Before, during and after the fault.")
@click.option("--clients", "number", default=8, show_default=True)
def main(only: str, seconds: float, number: int) -> None:
    """Break things under load and tell what came of it."""
    click.echo("| fault | sent | with cards | refused | lost | feedback acknowledged / stored | longest wait |")
    click.echo("|---|---|---|---|---|---|---|")
    bad = 0
    for case in CASES:
        if only.lower() not in case.name.lower():
            continue
        if lacks := case.missing():
            click.echo(f"| {case.name} | not run: {lacks} | | | | | |")
            continue
        account, stored, _ = run(case, seconds, number)
        told = len(account.acknowledged)
        click.echo(f"| {case.name} | {account.sent} | {account.calls[200] - account.silent} | {_shown(account.refused)} | "
                   f"{account.lost} | {told} / {stored} | {account.longest:.2f} s |")  # fmt: skip
        for problem in wrong(case, account, stored):
            bad += 1
            click.echo(f"WRONG: {case.name}: {problem}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
