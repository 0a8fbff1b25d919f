"""Asked and obtained: for each frequency how often it was drawn, with the interval that chance allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from typing import Any

from service.population.synthesis.frequencies import EVERY, frequencies
from service.population.synthesis.truth import Truth

_Z = 1.96
# Frequencies that are measured on the patients made; all others are counted where they are drawn.
_B: Callable[[Truth], bool] = lambda t: t.lineage == "B"  # noqa: E731
_MEASURED: Mapping[str, tuple[Callable[[Truth], bool], Callable[[Truth], bool]]] = {
    "age-below-20": (lambda _: True, lambda t: t.age_at_diagnosis < 20),
    "age-below-14": (lambda _: True, lambda t: t.age_at_diagnosis < 14),
    "age-45-and-over": (lambda _: True, lambda t: t.age_at_diagnosis >= 45),
    "age-65-and-over": (lambda _: True, lambda t: t.age_at_diagnosis >= 65),
    "age-below-6": (lambda _: True, lambda t: t.age_at_diagnosis < 6),
    "infants-of-pediatric": (lambda t: t.age_at_diagnosis < 20, lambda t: t.group == "infant"),
    "male": (lambda _: True, lambda t: t.sex == "male"),
    "t-lineage": (lambda _: True, lambda t: t.lineage == "T"),
    "etp": (lambda t: t.lineage == "T", lambda t: t.etp),
    "p190": (lambda t: t.subtype == "bcr-abl1", lambda t: t.transcript == "p190"),
    "abl-class-of-ph-like": (lambda t: t.subtype == "ph-like", lambda t: t.abl_class),
    "cd20-positive": (_B, lambda t: t.cd20),
    "cd22-positive": (_B, lambda t: t.cd22),
    "cns-3-at-diagnosis": (lambda _: True, lambda t: t.cns == "CNS-3"),
    "cns-2-at-diagnosis": (lambda _: True, lambda t: t.cns == "CNS-2"),
}


class Report:
    """Counts patient after patient; what is kept does not grow with their number."""

    def __init__(self) -> None:
        self._drawn: Counter[tuple[str, str]] = Counter()
        self._hits: Counter[tuple[str, str]] = Counter()
        self.patients = 0
        self.with_all = 0
        self.deviations: Counter[tuple[int, str]] = Counter()

    def add(self, truth: Truth) -> None:
        """Count one patient."""
        self.patients += 1
        if not truth.has_all:
            return
        self.with_all += 1
        for name, (among, has) in _MEASURED.items():
            if among(truth):
                self._count(name, truth.group, has(truth))
        for name in (row for row in frequencies() if row.startswith("subtype-")):
            self._count(name, truth.group, truth.subtype == name.removeprefix("subtype-"))
        if truth.lineage == "T" and not truth.etp:
            for name in (row for row in frequencies() if row.startswith("t-subtype-")):
                self._count(name, truth.group, truth.subtype == name.removeprefix("t-subtype-"))
        for name, hit in truth.tally:
            self._count(name, truth.group, hit)
        for deviation in truth.deviations:
            self.deviations[(deviation.day.year, deviation.kind)] += 1

    def _count(self, name: str, group: str, hit: bool) -> None:
        of = EVERY if EVERY in frequencies()[name].shares else group
        self._drawn[(name, of)] += 1
        self._hits[(name, of)] += hit

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row per frequency and age group: asked, obtained, n, and the 95 % interval about what was obtained (Wilson)."""
        for frequency in frequencies().values():
            for group, share in frequency.shares.items():
                n, hits = self._drawn[(frequency.id, group)], self._hits[(frequency.id, group)]
                low, high = wilson(hits, n)
                yield {
                    "id": frequency.id, "what": frequency.what, "of": frequency.of, "group": group, "asked": share.value,
                    "n": n, "obtained": round(hits / n, 4) if n else None, "low": low, "high": high,
                    "source": share.source or None, "at": share.at or None, "printed": share.printed or None,
                    "assumed": share.assumed or None,
                }  # fmt: skip


def wilson(hits: int, n: int) -> tuple[float | None, float | None]:
    """The 95 % interval of Wilson about a share; nothing without cases.

    >>> wilson(5, 10)
    (0.2366, 0.7634)
    """
    if not n:
        return None, None
    share = hits / n
    middle = share + _Z**2 / (2 * n)
    half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
    over = 1 + _Z**2 / n
    return round(max(0.0, (middle - half) / over), 4), round(min(1.0, (middle + half) / over), 4)
