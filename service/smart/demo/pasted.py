"""Patients that were pasted into the demo page, kept for an hour so that every worker process can show their chart.

Each is a file of its own in a folder of the system's temporary one, which only the service's user can read. It is encrypted
(Fernet) with a key of its own that is nowhere but in the sealed session of the browser: without the session, the file says
nothing. Old files go whenever another one comes or is read.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

KEPT_S = 3600
MOST_BYTES = 2_000_000  # of one patient as JSON
MOST_FILES = 200  # at a time; the oldest goes first
_NAME = re.compile(r"([A-Za-z0-9_-]{22})\.([A-Za-z0-9_=-]{44})")


class CannotKeep(OSError):
    """A patient cannot be kept; the message says why."""


class Pasted:
    """The patients that were pasted."""

    def __init__(self, folder: Path | None = None, clock: Callable[[], float] = time.time):
        self._folder = folder or Path(tempfile.gettempdir()) / f"allcue-demo-{os.getuid()}"
        self._clock = clock

    def keep(self, patient: Any) -> str:
        """Keep a patient (parsed JSON); what is returned opens it again and belongs into the session alone.

        Raises:
            CannotKeep: it is too large, or the folder cannot be used.
        """
        raw = json.dumps(patient, separators=(",", ":")).encode()
        if len(raw) > MOST_BYTES:
            raise CannotKeep(f"The patient is larger than {MOST_BYTES // 1_000_000} MB.")
        self._open_folder()
        name, key = secrets.token_urlsafe(16), Fernet.generate_key()
        sealed = Fernet(key).encrypt_at_time(raw, int(self._clock()))
        path = self._folder / name
        try:
            self._purge(MOST_FILES - 1)
            target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(target, "wb") as stream:
                stream.write(sealed)
        except OSError as error:
            with suppress(OSError):
                path.unlink(missing_ok=True)  # half a file, of a disk that is full, would only fill it
            raise CannotKeep(f"The patient cannot be kept for the chart: {error.strerror}.") from None
        return f"{name}.{key.decode()}"

    def read(self, given: str) -> Any:
        """The patient that `keep` named; None where there is none, or no more."""
        found = _NAME.fullmatch(given)
        if found is None:
            return None
        try:
            self._open_folder()
            self._purge(MOST_FILES)
            sealed = (self._folder / found[1]).read_bytes()
            return json.loads(Fernet(found[2]).decrypt_at_time(sealed, KEPT_S, int(self._clock())))
        except (OSError, InvalidToken, ValueError):
            return None

    def _open_folder(self) -> None:
        """Make the folder, or make sure that it is ours alone: others may write into the one around it."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            found = self._folder.lstat()
        except OSError as error:
            raise CannotKeep(f"There is no folder to keep patients in: {error.strerror}.") from None
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise CannotKeep("The folder to keep patients in belongs to somebody else, or others can read it.")

    def _purge(self, most: int) -> None:
        aged = []
        for path in self._folder.iterdir():
            try:
                aged.append((path.stat().st_mtime, path))
            except OSError:  # another worker was faster
                continue
        aged.sort(reverse=True)
        for number, (changed, path) in enumerate(aged):
            if number >= most or changed < self._clock() - KEPT_S:
                path.unlink(missing_ok=True)
