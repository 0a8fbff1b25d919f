"""What a folder knows of its export, ``export-journal.json``: enough to go on after a stop, and to tell later what the data are."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from service.population.bulk.manifest import Kind
from service.population.bulk.problems import ExportProblem

NAME = "export-journal.json"
MANIFEST = "manifest.json"  # as the server gave it, with the files as they lie here
_LOCK = ".export.lock"
PRIVATE = 0o600  # files of patients; and links may be signed, so that who has them can read


class File(BaseModel):
    """One file. ``name``: below the folder. ``url``: dropped when the export is whole. ``bytes`` and ``sha256``: of the
    whole file as it lies here, None until it does. ``count``: resources, as the manifest says, then as counted."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    type: str
    name: str
    url: str | None = None
    count: int | None = None
    bytes: int | None = None
    sha256: str | None = None


class Journal(BaseModel):
    """The state of an export. ``asked``: the types that were asked of the server in the end."""

    model_config = ConfigDict(extra="forbid")
    version: Literal[1] = 1
    url: str
    group: str | None = None
    system: bool = False
    since: str | None = None
    types: tuple[str, ...] = ()
    state: Literal["new", "waiting", "downloading", "complete"] = "new"
    asked: tuple[str, ...] = ()
    kick_off: str | None = None
    status_url: str | None = None
    transaction_time: str | None = None
    expires: str | None = None
    requires_token: bool = True
    files: list[File] = []
    provided: tuple[str, ...] = ()
    notes: list[str] = []

    def same_request(self, other: Journal) -> bool:
        """Whether both were asked for the same."""
        names = {"url", "group", "system", "since", "types"}
        return self.model_dump(include=names) == other.model_dump(include=names)

    def save(self, folder: Path) -> None:
        """Write it so that there is always a whole one."""
        if self.state == "complete":
            _write(folder / MANIFEST, json.dumps(self.manifest(), indent=2))
        _write(folder / NAME, self.model_dump_json(indent=2))

    def manifest(self) -> dict[str, Any]:
        """The manifest of a whole export, with files in place of links. The extension says what the server cannot: which
        types are provided, in the sense of `Exported`."""
        rows: dict[str, list[dict[str, Any]]] = {"output": [], "deleted": [], "error": []}
        for file in self.files:
            rows[file.kind].append({"type": file.type, "url": file.name, "count": file.count})
        return {
            "transactionTime": self.transaction_time, "request": self.kick_off, "requiresAccessToken": False, **rows,
            "extension": {"allcue-provided": list(self.provided)},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exported:
    """A whole export. ``provided``: types of which "none" means that a patient has none. ``time``: the instant up to
    which the data are complete. ``resources``: how many by type. ``notes``: what to know about it."""

    folder: Path
    provided: frozenset[str]
    time: str
    resources: dict[str, int]
    notes: tuple[str, ...]


def read_journal(folder: Path) -> Journal | None:
    """The journal of a folder; None where it has none.

    Raises:
        ExportProblem: one that cannot be read.
    """
    try:
        return Journal.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ExportProblem(f"{folder / NAME} cannot be read ({type(error).__name__})") from None


def read_exported(folder: Path) -> Exported | None:
    """What a folder with a whole export holds; None for other folders.

    Raises:
        ExportProblem: an export that is not whole, or a journal that cannot be read.
    """
    journal = read_journal(folder)
    if journal is None:
        return None
    if journal.state != "complete":
        raise ExportProblem(f"the export in {folder} is not whole ({journal.state})")
    resources: dict[str, int] = {}
    for file in journal.files:
        if not is_whole(folder, file):
            raise ExportProblem(f"{folder / file.name} is not as it was fetched; begin anew with --restart")
        if file.kind == "output":
            resources[file.type] = resources.get(file.type, 0) + (file.count or 0)
    time, notes = journal.transaction_time or "", tuple(journal.notes)
    return Exported(folder, frozenset(journal.provided), time, resources, notes)


def is_whole(folder: Path, file: File) -> bool:
    """Whether a file was fetched and is still as long as it was."""
    try:
        return file.bytes is not None and (folder / file.name).stat().st_size == file.bytes
    except OSError:
        return False


def _write(target: Path, text: str) -> None:
    part = target.with_name(f".{target.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """The folder for one export at a time; made if it is not there.

    Raises:
        ExportProblem: another export works on it, it holds other files, or it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        others = [found.name for found in folder.iterdir() if not found.name.startswith(".")]
        if others and NAME not in others:
            raise ExportProblem(f"{folder} holds other files. Allowed: an empty folder, or one of an earlier export")
        handle = os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT, PRIVATE)
    except OSError as error:
        raise ExportProblem(f"{folder} cannot be used ({error.strerror})") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ExportProblem(f"another export works on {folder}") from None
    try:
        yield
    finally:
        os.close(handle)
