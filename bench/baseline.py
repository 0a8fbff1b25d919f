"""The committed figures, and whether new ones are as good: by ratio to the floor of their own run, never by time."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service import __version__

Rows = Mapping[str, Mapping[str, float]]
BASELINE = Path(__file__).with_name("baseline.json")
WORSE = 1.5  # a ratio that is this many times worse has fallen by a third
# Members that compare with a floor of the same run, and whether more is better.
_RATIOS = {
    "ratio_to_floor": True,
    "ratio_to_floor_under_own_worker": True,
    "times_floor": False,
    "per_resource_times_80": False,
}


def written(rows: Rows) -> str:
    """The figures with what they were measured on, as JSON."""
    told = {
        "allcue": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
    return json.dumps({"about": told, "figures": rows}, indent=1) + "\n"


def read(path: Path = BASELINE) -> Rows:
    """Figures that were written before.

    Raises:
        ValueError: the file holds something else.
    """
    return _read(path)["figures"]


def about(path: Path = BASELINE) -> str:
    """What figures were measured on and with, in words. Raises ValueError: the file holds something else."""
    told = _read(path)["about"]
    return f"{told['machine']}, Python {told['python']}, Allcue {told['allcue']}"


def _read(path: Path) -> Any:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), dict) for name in ("figures", "about")):
        raise ValueError(f"{path} holds no figures: expected `about` and `figures`, as `make bench` writes them")
    return found


def fallen(now: Rows, before: Rows) -> dict[tuple[str, str], tuple[float, float]]:
    """Ratios that fell by a third or more, by row and member: (now, before). Rows that are not in both are left out."""
    found = {}
    for name in now:
        for member, more_is_better in _RATIOS.items():
            ours, theirs = now[name].get(member), before.get(name, {}).get(member)
            if ours is None or theirs is None or ours <= 0 or theirs <= 0:
                continue
            if (theirs / ours if more_is_better else ours / theirs) >= WORSE:
                found[name, member] = (ours, theirs)
    return found
