"""The frequencies a synthetic cohort is drawn from: printed by a source with its place, or assumed with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

GROUPS = ("infant", "child", "aya", "adult", "older")
EVERY = "all"


@dataclass(frozen=True, slots=True)
class Share:
    """One number between 0 and 1. ``assumed``: why it is ours; empty where ``source`` prints it at ``at``."""

    value: float
    source: str = ""
    at: str = ""
    printed: str = ""
    inventory: str = ""
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Frequency:
    """How many of ``of`` have ``what``. ``shares``: by age group at diagnosis, or for "all"."""

    id: str
    what: str
    of: str
    shares: Mapping[str, Share]

    def share(self, group: str) -> Share:
        """Of patients of an age group."""
        return self.shares.get(group) or self.shares[EVERY]


@lru_cache(maxsize=1)
def frequencies() -> Mapping[str, Frequency]:
    """All rows of ``frequencies.yaml``, in their order.

    Raises:
        ValueError: a row that says neither who prints it nor why it is assumed, or says both; no share between 0 and 1.
    """
    text = resources.files("service.population.synthesis").joinpath("frequencies.yaml").read_text("utf-8")
    return {row["id"]: _frequency(row) for row in yaml.safe_load(text)}


def _frequency(row: Mapping[str, Any]) -> Frequency:
    shares = {group: Share(**share) for group, share in row["share"].items()}
    for group, share in shares.items():
        where = f"frequencies.yaml: {row['id']}: {group}"
        if bool(share.source and share.at and share.printed) == bool(share.assumed):
            raise ValueError(f"{where}: give either source, at and printed, or assumed")
        if not 0 <= share.value <= 1:
            raise ValueError(f"{where}: {share.value} is no share. Allowed: 0 to 1")
    if set(shares) not in ({EVERY}, set(GROUPS)):
        raise ValueError(
            f"frequencies.yaml: {row['id']}: {sorted(shares)}. Allowed: all, or each of {', '.join(GROUPS)}"
        )
    return Frequency(row["id"], row["what"], row["of"], shares)


def share(name: str, group: str = EVERY) -> float:
    """The number of a row for an age group."""
    return frequencies()[name].share(group).value
