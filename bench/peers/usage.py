"""What the processes of a peer use, from /proc (Linux)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """``cpu``: seconds so far. ``memory``: megabytes in use, shared pages counted once among those that share them."""

    cpu: float
    memory: float


def usage(group: int) -> Usage | None:
    """Of all processes of a process group; ``None`` where there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return None
    ticks, kilobytes = 0, 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) != group:
                continue
            ticks += int(fields[11]) + int(fields[12])
            kilobytes += _pss(folder)
        except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended meanwhile, or is another user's
            continue
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), kilobytes / 1024)


def _pss(folder: Path) -> int:
    lines = (folder / "smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
