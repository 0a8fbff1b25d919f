"""Time to read one karyotype, beside cutting the same strings at their commas (the floor)."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable

from service.facts.genetics.by_karyotype import describe_karyotype
from service.facts.karyotype import read_karyotype

_STRINGS = (
    "46,XX[20]",
    "46,XY,t(9;22)(q34;q11.2)[18]/46,XY[2]",
    "47,XX,+21c,t(12;21)(p13;q22)[9]/46,sl,-21c[3].nuc ish(ETV6,RUNX1)x3(ETV6 con RUNX1x1)[188/200]",
    "55,XX,+X,+4,+6,+10,+14,+17,+18,+21,+21[12]/56,idem,dup(1)(q21q32),+8[4]/46,XX[4]",
    "27,X,+8,+14,+21[4]/54,idemx2[9]/46,XX[7]",
    "59~61<3n>,XXY,-1,-2,-3,+4,-5,-7,-9,+11,-13,+14,-15,-16,-17,+18,-20,+21,+2mar[cp6]/46,XY[14]",
    "44,XY,der(1)t(1;9)(q44;p13)t(9;22)(q34;q11),-7,-9,add(12)(p13),der(22)t(9;22)[8]/45,idem,+8,del(13)(q12q14)[5]",
)
_PIECES = re.compile(r"[^,/]+")


def figures(rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds a string, the median of the rounds, and how many times the floor that is."""
    workloads: dict[str, Callable[[str], object]] = {
        "karyotype, floor (cut at commas)": _PIECES.findall,
        "karyotype, read": read_karyotype,
        "karyotype, read and described": describe_karyotype,
    }
    taken: dict[str, list[float]] = {name: [] for name in workloads}
    for _ in range(rounds):
        for name, work in workloads.items():
            started = time.perf_counter()
            for _ in range(200):
                for text in _STRINGS:
                    work(text)
            taken[name].append((time.perf_counter() - started) / (200 * len(_STRINGS)) * 1e6)
    base = statistics.median(next(iter(taken.values())))
    return {
        name: {
            "microseconds": round(statistics.median(rows), 1),
            "times_floor": round(statistics.median(rows) / base, 1),
        }
        for name, rows in taken.items()
    }
