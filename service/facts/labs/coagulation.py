"""Coagulation tests against their own ranges: INR, PT or Quick, aPTT, fibrinogen, antithrombin, D-dimer of the last week.

Any outside its range is abnormal (NCCN ALL 2015, ALL-B 3, speaks of asymptomatic abnormal laboratory tests); normal takes
PT, INR or Quick together with aPTT and fibrinogen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import fresh, seen_in
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import nothing, results_about, sex_of
from service.facts.results.ranges import against_range
from service.record.model import Entry
from service.record.values import quantity

_NAME = "abnormal_coag_labs"
_DAYS = 7
_PROTHROMBIN_CODES, _APTT_CODES = frozenset({"6301-6", "5902-2", "34714-6", "5894-1"}), frozenset({"14979-9", "3173-2"})
_PROTHROMBIN = re.compile(r"\bINR\b|quick|prothrombin|thromboplastin|TPZ|\bPT\b", re.IGNORECASE)
_APTT = re.compile(r"\ba?PTT\b|parti(?:al|ell)", re.IGNORECASE)  # its long name holds that of the other
_NEEDED = frozenset({"prothrombin", "aPTT", "fibrinogen"})


@provides(_NAME)
def coagulation(facts: Facts) -> Iterator[Fact]:
    """Yes by any test, no by the three together."""
    if facts.record is None:
        return
    newest: dict[str, Entry] = {}
    for entry in results_about(facts.record, "labs.coagulation", "labs.fibrinogen"):
        test = _test(entry)
        if quantity(entry.resource) is not None and fresh(entry.when, facts.as_of, _DAYS):
            newest.setdefault(test, entry)
    placed = {test: against_range(entry.resource, sex_of(facts)) for test, entry in newest.items()}
    seen = [seen_in(e, q.text if (q := quantity(e.resource)) else None) for e in newest.values()]
    if {"low", "high"} & set(placed.values()):
        yield known(_NAME, True, *seen)
    elif {test for test, place in placed.items() if place == "normal"} >= _NEEDED:
        yield known(_NAME, False, *seen)
    elif newest:
        yield unknown(_NAME, Reason.NOT_DECIDED, "not all of PT, aPTT and fibrinogen, or no range with them", seen)
    else:
        yield nothing(facts, _NAME, concepts=("labs.coagulation", "labs.fibrinogen"))


def _test(entry: Entry) -> str:
    if "labs.fibrinogen" in entry.concepts:
        return "fibrinogen"
    codes = {code for _, code in entry.codings}
    if codes & _APTT_CODES or (not codes & _PROTHROMBIN_CODES and _APTT.search(entry.text)):
        return "aPTT"
    return "prothrombin" if codes & _PROTHROMBIN_CODES or _PROTHROMBIN.search(entry.text) else entry.text


PROVIDERS: tuple[Provider, ...] = (coagulation,)
