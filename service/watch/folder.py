"""The folder in which the processes of one service keep what they count.

A process that ended leaves its files, since what it counted stays counted. They are put together into one, so that a
service that is reloaded for months keeps few files; whoever reads all of them meanwhile waits.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # as prometheus-client has it
_LOCK = "lock"
_ENDED = "0"  # in the place of a process id: all processes that ended


def claim(environ: Mapping[str, str]) -> Path:
    """An empty folder for a service that starts: the one that is named, else a new one for temporary files.

    Raises:
        OSError: it cannot be made or emptied.
    """
    named = environ.get(FOLDER)
    if not named:
        return Path(tempfile.mkdtemp(prefix="allcue-metrics-"))
    folder = Path(named)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    return folder


def release(folder: Path, environ: Mapping[str, str]) -> None:
    """Remove the folder of a service that ended, unless it was named."""
    if not environ.get(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def shared(folder: Path) -> Iterator[None]:
    """While this holds, files are not put together."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    opened = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, how)
        yield
    finally:
        os.close(opened)


def ended(folder: Path, process: int) -> None:
    """Take a process that ended out of the gauges, and put what it counted to that of those before it. Never raises."""
    from prometheus_client import mmap_dict  # late, as all of that library

    files: Any = mmap_dict.MmapedDict  # without type hints

    with suppress(OSError, RuntimeError, ValueError):
        for gauge in folder.glob(f"gauge_live*_{process}.db"):
            gauge.unlink()
    for kind in ("counter", "histogram"):
        last, before = folder / f"{kind}_{process}.db", folder / f"{kind}_{_ENDED}.db"
        with suppress(OSError, RuntimeError, ValueError), _locked(folder, fcntl.LOCK_EX):
            if not last.exists():
                continue
            if not before.exists():
                last.rename(before)
                continue
            total: dict[str, float] = defaultdict(float)
            for file in (before, last):
                for key, value, *_ in files.read_all_values_from_file(str(file)):
                    total[key] += value
            new = folder / f"{kind}_{_ENDED}.new"
            new.unlink(missing_ok=True)
            written = files(str(new))
            for key, value in total.items():
                written.write_value(key, value, 0.0)
            written.close()
            new.rename(before)  # a crash between the two counts one process twice, and never less than before
            last.unlink()
