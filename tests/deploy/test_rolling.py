"""A rolling update: two instances with one PostgreSQL are replaced one after the other, as compose does (stopped, then started
anew) and as Kubernetes does (the new one first), while clients call and tell feedback. Nothing acknowledged is lost."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy

from bench.clients import Account, Signer, clients, until
from bench.faults import trust
from bench.served import Running, free_port, running
from service.store.database import Database
from service.store.schema import upgrade
from tests.deploy import nginx
from tests.deploy.balancer import balancing
from tests.store.postgres import Server, binaries

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to find the workers")
WAIT_S = 120.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the users of nginx and PostgreSQL can reach too."""
    with TemporaryDirectory(prefix="allcue-rolling-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def database(folder: Path) -> Iterator[str]:
    programs = binaries()
    if programs is None:
        pytest.skip("needs the programs of a PostgreSQL server")
    (folder / "postgres").mkdir()
    server = Server(folder / "postgres", programs)
    try:
        server.start()
        made = Database(server.url)
        upgrade(made)
        made.close()
        yield server.url
    finally:
        server.close()


@pytest.fixture
def settings(folder: Path, database: str) -> tuple[dict[str, str], Signer]:
    """As an installation has it: registered clients, a store, secrets in files."""
    (folder / "database-url").write_text(database + "\n")
    (folder / "site-secret").write_text("s" * 40)
    environ = {
        "ALLCUE_DATABASE_URL_FILE": str(folder / "database-url"),
        "ALLCUE_SITE_SECRET_FILE": str(folder / "site-secret"),
        "ALLCUE_PROXIES": "1",
    }
    signer = trust(folder, environ)
    return environ, signer


def in_store(url: str, cards: set[str]) -> set[str]:
    """Those of these cards whose feedback is stored."""
    database = Database(url)
    with database.reading() as connection:
        found = set(connection.execute(sqlalchemy.text("SELECT card FROM feedback")).scalars())
    database.close()
    return found & cards


def more_feedback(account: Account, number: int = 5) -> None:
    """Wait until so much more feedback was acknowledged."""
    seen = len(account.acknowledged)
    until(lambda: len(account.acknowledged) >= seen + number, WAIT_S)


def nothing_lost(account: Account, database: str) -> None:
    assert in_store(database, account.acknowledged) == account.acknowledged
    assert (account.lost, account.unreached, account.silent, account.refused, account.unclear) == (0, 0, 0, {}, [])


@pytest.mark.postgresql
@pytest.mark.skipif(nginx.PROGRAM is None, reason=nginx.MISSING)
def test_one_after_the_other_behind_the_proxy_of_compose(
    folder: Path, database: str, settings: tuple[dict[str, str], Signer]
) -> None:
    environ, signer = settings
    with ExitStack() as stack:
        old = [stack.enter_context(running(environ, 2)) for _ in range(2)]
        port = stack.enter_context(nginx.proxy(folder, [one.port for one in old]))
        with clients(port, 4, signer=signer) as account:
            more_feedback(account)
            for one in old:
                one.process.terminate()
                one.process.wait(WAIT_S)
                more_feedback(account)  # by the other one
                stack.enter_context(running(environ, 2, port=one.port))
                more_feedback(account)
    nothing_lost(account, database)


@pytest.mark.postgresql
def test_the_new_one_first_then_the_old_one_leaves_the_balancer_and_ends(
    database: str, settings: tuple[dict[str, str], Signer]
) -> None:
    environ, signer = settings
    with ExitStack() as stack:
        old = [stack.enter_context(running(environ, 2)) for _ in range(2)]
        balancer = stack.enter_context(balancing([one.port for one in old]))
        with clients(balancer.port, 4, signer=signer) as account:
            more_feedback(account)
            for one in old:
                new = stack.enter_context(running(environ, 2))
                balancer.instances.append(new.port)
                balancer.instances.remove(one.port)
                more_feedback(account)
                one.process.terminate()
                one.process.wait(WAIT_S)
                more_feedback(account)
    nothing_lost(account, database)


@pytest.mark.skipif(nginx.PROGRAM is None, reason=nginx.MISSING)
def test_the_proxy_serves_tls_and_refuses_as_the_service_does(folder: Path) -> None:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(cafile=str(certificate))

    def post(port: int, body: bytes) -> urllib.error.HTTPError | None:
        asked = urllib.request.Request(f"https://localhost:{port}/cds-services/allcue-patient-view", body)
        asked.add_header("Content-Type", "application/json")
        asked.add_header("X-Forwarded-For", "192.0.2.1")
        try:
            urllib.request.urlopen(asked, context=context, timeout=60).close()
        except urllib.error.HTTPError as refused:
            return refused
        return None

    with ExitStack() as stack:
        service: Running = stack.enter_context(running({"ALLCUE_OPEN": "1", "ALLCUE_PROXIES": "1"}))
        nobody = free_port()
        port = stack.enter_context(nginx.proxy(folder, [service.port, nobody], (certificate, key)))
        with urllib.request.urlopen(f"https://localhost:{port}/ready?store=optional", context=context) as ready:
            assert ready.headers["Strict-Transport-Security"]
        for body, status in ((b"{", 400), (b" " * 10_000_001, 413)):
            refused = post(port, body)
            assert refused is not None
            assert refused.code == status
            assert json.loads(refused.read())["resourceType"] == "OperationOutcome"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"https://localhost:{port}/metrics", context=context)
        service.process.terminate()
        service.process.wait(WAIT_S)
        refused = post(port, b"{}")
        assert refused is not None
        assert (refused.code, refused.headers["Retry-After"]) == (503, "2")
        assert json.loads(refused.read())["issue"][0]["code"] == "transient"
    assert "192.0.2.1" not in (folder / "access.log").read_text()
