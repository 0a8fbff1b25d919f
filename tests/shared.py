"""The project's inventories and vignettes, which lie beside the repository and are not part of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "shared"
needs_shared = pytest.mark.skipif(not FOLDER.is_dir(), reason="the inventories beside the repository are not here")


@cache
def read(path: str) -> Any:
    """A YAML file of the folder."""
    return yaml.load((FOLDER / path).read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def entries(path: str) -> list[dict[str, Any]]:
    """The entries of an inventory or vignette file, however it nests them."""
    raw = read(path)
    if isinstance(raw, dict):
        raw = [row for rows in raw.values() if isinstance(rows, list) for row in rows]
    return [row for row in raw if isinstance(row, dict) and "id" in row]


def inventory_files() -> list[str]:
    return sorted(f"knowledge/{path.name}" for path in (FOLDER / "knowledge").glob("*.yaml")) if FOLDER.is_dir() else []


def vignettes() -> Iterator[dict[str, Any]]:
    for path in sorted((FOLDER / "vignettes").glob("*.yaml")) if FOLDER.is_dir() else []:
        yield from entries(f"vignettes/{path.name}")
