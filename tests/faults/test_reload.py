"""SIGHUP: content, site content and clients are read anew, by real processes, while calls go on."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bench.clients import CALL, Signer, ask, call_body, clients, until
from bench.served import ROOT, Running, free_port, running
from service.hooks.trust.sign import new_key, public_part

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to find the workers")
BASE = f"http://127.0.0.1:{free_port()}"
WAIT_S = 120.0


@dataclass
class Site:
    """A running service with files of its own."""

    service: Running
    folder: Path
    one: Signer
    two: Signer

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    @property
    def file(self) -> Path:
        return self.folder / "site" / "site.yaml"

    def clients(self, *signers: Signer) -> None:
        told = [{"name": s.iss[-3:], "iss": s.iss, "keys": [public_part(s.key)]} for s in signers]
        (self.folder / "clients.yaml").write_text(yaml.safe_dump({"clients": told}))

    def hang_up(self) -> None:
        """SIGHUP, and wait for what comes of it."""
        lines, before = self.log.count("reloaded"), set(self.service.workers())
        os.kill(self.service.process.pid, signal.SIGHUP)
        until(lambda: self.log.count("reloaded") > lines, WAIT_S)
        if self.log.rstrip().rfind("not reloaded") < self.log.rstrip().rfind("workers with it take over"):
            until(lambda: not before & set(self.service.workers()), WAIT_S)

    def status(self, signer: Signer) -> int:
        return ask(self.service.port, CALL, call_body(), signer.header(CALL))[0]

    def text(self) -> str:
        """All that the cards say."""
        status, told = ask(self.service.port, CALL, call_body(), self.one.header(CALL))
        assert status == 200
        return json.dumps(told["cards"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("reload")
    shutil.copytree(ROOT / "docs/site-example", folder / "site")
    one, two = (Signer(new_key(kid="k"), f"https://ehr.example.org/{name}", BASE) for name in ("one", "two"))
    environ = {
        "ALLCUE_DATABASE_URL": f"sqlite:///{folder / 'allcue.db'}",
        "ALLCUE_CLIENTS_FILE": str(folder / "clients.yaml"),
        "ALLCUE_PUBLIC_BASE_URL": BASE,
        "ALLCUE_SITE_CONTENT": str(folder / "site"),
        "ALLCUE_RATE_LIMIT": "0",
        "ALLCUE_AS_OF": "2026-03-02",
    }
    Site(None, folder, one, two).clients(one)  # type: ignore[arg-type] # not running yet
    with (folder / "log").open("wb") as log, running(environ, 2, log) as service:
        yield Site(service, folder, one, two)


def test_new_content_is_served_without_a_lost_request(site: Site) -> None:
    assert "pager 4711" in site.text()
    with clients(site.service.port, 4, signer=site.one) as account:
        until(lambda: account.calls[200] > 3, WAIT_S)
        site.file.write_text(site.file.read_text().replace("pager 4711", "pager 0815"))
        site.hang_up()
        calls = account.calls[200]
        until(lambda: account.calls[200] > calls + 3, WAIT_S)
    assert (account.lost, account.unreached, account.refused) == (0, 0, {})
    found = site.text()
    assert "pager 0815" in found
    assert "pager 4711" not in found


BAD = {
    "no YAML": ("site/site.yaml", "name: [\n", "site.yaml:"),
    "an unknown rule": (
        "site/site.yaml",
        "name: X\nprefix: riverside-\nswitched_off:\n  - {rule: none-such, because: b, by: c, on: 2026-02-10}\n",
        "none-such",
    ),
    "no text": ("site/site.yaml", "\udcff", "UTF-8"),
    "a bad client": ("clients.yaml", "clients:\n  - {name: NOT ALLOWED, iss: x}\n", "clients.yaml:2"),
}


@pytest.mark.parametrize(("name", "text", "told"), BAD.values(), ids=BAD.keys())
def test_bad_content_is_refused_with_file_and_line_and_the_old_goes_on(
    name: str, text: str, told: str, site: Site
) -> None:
    path = site.folder / name
    kept, workers, before = path.read_bytes(), set(site.service.workers()), site.text()
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    seen = len(site.log)
    try:
        site.hang_up()
        said = site.log[seen:]
        assert "not reloaded, what was served before goes on" in said
        assert told in said
        assert set(site.service.workers()) == workers
        assert json.loads(before)[0]["detail"] == json.loads(site.text())[0]["detail"]
    finally:
        path.write_bytes(kept)


def test_a_file_that_is_gone_changes_nothing(site: Site) -> None:
    away = site.folder / "away.yaml"
    (site.folder / "clients.yaml").rename(away)
    try:
        site.hang_up()
        assert site.status(site.one) == 200
    finally:
        away.rename(site.folder / "clients.yaml")


def test_a_client_comes_and_goes(site: Site) -> None:
    assert site.status(site.two) == 401
    site.clients(site.one, site.two)
    site.hang_up()
    assert site.status(site.two) == 200
    site.clients(site.one)
    site.hang_up()
    assert site.status(site.two) == 401
    assert site.status(site.one) == 200


def test_at_the_start_bad_content_stops_it(site: Site) -> None:
    broken = site.folder / "broken"
    shutil.copytree(ROOT / "docs/site-example", broken)
    (broken / "site.yaml").write_text("name: [\n")
    with (site.folder / "start").open("wb") as log:
        starting = running({"ALLCUE_SITE_CONTENT": str(broken)}, log=log)
        with pytest.raises(RuntimeError, match="did not start"):
            starting.__enter__()
    assert "site.yaml:" in (site.folder / "start").read_text()
