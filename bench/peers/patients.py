"""Requests that are new each time, and patients whose stories differ only where a rule looks."""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from bench.patients import request

_Request = dict[str, Any]
SEEDS = 128  # charts with values of their own; after so many requests the values come again, under another patient's id


class Bodies:
    """Request bodies by turns, each with a hookInstance of its own. Safe to share between threads.

    ``same``: one patient's chart again and again. Otherwise each request is about a patient with an id never sent before,
    in the chart of the next seed, so that no two requests hold one equal resource with a subject.
    """

    def __init__(self, *, with_all: bool = True, resources: int = 80, same: bool = False, seeds: int = SEEDS):
        made = (request(with_all, resources, seed) for seed in range(1 if same else seeds))
        self._parts = [_parts(body, split_patient=not same) for body in made]
        self._number = itertools.count()
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._lock:
            number = next(self._number)
        before, after, patient = self._parts[number % len(self._parts)]
        call = str(uuid.uuid4()).encode()
        if patient is None:
            return before[0] + call + after[0]
        new = b"bench-" + uuid.uuid4().hex[:10].encode()
        return new.join(before) + call + new.join(after)


def _parts(body: bytes, *, split_patient: bool) -> tuple[list[bytes], list[bytes], bytes | None]:
    """What stands before and after the hookInstance, each cut where the patient's id stood."""
    told = json.loads(body)
    before, after = body.split(told["hookInstance"].encode())
    if not split_patient:
        return [before], [after], None
    patient = told["context"]["patientId"].encode()
    return before.split(patient), after.split(patient), patient


def _say(told: _Request, results: dict[str, str], without: tuple[str, ...] = ()) -> None:
    """Other words as the value of some observations, by name, and some observations not there."""
    rows = told["prefetch"]["observations"]
    rows["entry"] = [entry for entry in rows["entry"] if entry["resource"]["code"]["text"] not in without]
    for entry in rows["entry"]:
        if (name := entry["resource"]["code"]["text"]) in results:
            entry["resource"]["valueString"] = results[name]


def _diagnosis(told: _Request, code: str, text: str) -> None:
    row = told["prefetch"]["conditions"]["entry"][0]["resource"]
    row["code"] = {"coding": [{"system": "http://snomed.info/sct", "code": code, "display": text}], "text": text}


def _status(told: _Request, code: str) -> None:
    row = told["prefetch"]["conditions"]["entry"][0]["resource"]
    row["clinicalStatus"]["coding"][0] |= {"code": code, "display": code}
    row["clinicalStatus"]["text"] = code


def _born(told: _Request, day: str) -> None:
    told["prefetch"]["patient"]["birthDate"] = day


_FLOW, _FUSION, _KARYOTYPE = "Flow cytometry immunophenotype", "BCR-ABL1", "Karyotype"
_LOST = "positive for CD10, CD22, CD79a and TdT; negative for CD19 and CD20"
_PH = "46,XX,t(9;22)(q34;q11.2)[20]"
_FIFTEEN = date.today().replace(year=date.today().year - 15, day=1).isoformat()  # noqa: DTZ011 - as old as told on any day
STORIES: dict[str, Callable[[_Request], None]] = {
    "relapsed, Ph-negative, CD19 found": lambda _: None,
    "recurrence instead of relapse": lambda told: _status(told, "recurrence"),
    "CD19 lost": lambda told: _say(told, {_FLOW: _LOST}),
    "no flow cytometry": lambda told: _say(told, {}, without=(_FLOW,)),
    "Ph by fusion and karyotype": lambda told: _say(told, {_FUSION: "detected", _KARYOTYPE: _PH}),
    "Ph by fusion alone": lambda told: _say(told, {_FUSION: "detected"}),
    "Ph by karyotype alone": lambda told: _say(told, {_KARYOTYPE: _PH}, without=(_FUSION,)),
    "no fusion test": lambda told: _say(told, {}, without=(_FUSION,)),
    "neither fusion test nor karyotype": lambda told: _say(told, {}, without=(_FUSION, _KARYOTYPE)),
    "state not told": lambda told: _status(told, "active"),
    "8 years": lambda told: _born(told, "2018-03-01"),
    "15 years": lambda told: _born(told, _FIFTEEN),
    "62 years": lambda told: _born(told, "1964-03-01"),
    "T lineage": lambda told: _diagnosis(told, "277575008", "T-cell acute lymphoblastic leukemia"),
    "no ALL": lambda told: _diagnosis(told, "44054006", "Type 2 diabetes mellitus"),
}  # fmt: skip


def stories(seed: int = 7) -> dict[str, _Request]:
    """A patient for each, by what is told of them."""
    made = {}
    for name, change in STORIES.items():
        told = json.loads(request(True, seed=seed))
        change(told)
        made[name] = told
    return made
