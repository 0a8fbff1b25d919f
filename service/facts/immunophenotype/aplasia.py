"""B-cell aplasia: no normal B cells in the blood, the mark of CD19 CAR T cells at work (NCCN 2026 pediatric, footnote ff).

Read from words, or from the CD19+ cells of the blood (LOINC 8117-4 per 100 lymphocytes, 8116-6 per volume). None of the
sources prints figures. Below 1 % of lymphocytes or no cell per uL is taken for aplasia; from 3 % of lymphocytes, as in
studies of tisagenlecleucel, or from 100/uL, the low end of the adult range, for none; between the two it stays open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import Measured, full_text, latest_first, measured, nothing, outdated
from service.record.model import Entry
from service.record.text import Mention, mention_of
from service.record.values import all_text

_CONCEPT = "labs.cd19_b_cells"
_TYPES = ("Observation", "DiagnosticReport", "Condition")
_NAMED = re.compile(r"B[- ]?(?:cell|zell)[- ]?aplas\w+|aplas\w+ (?:of|der) B[- ]?(?:cells|zellen)", re.IGNORECASE)
# No B cells are the aplasia, not its denial: "CD19+ B cells 0 %: B-cell aplasia".
_NO_CELLS = re.compile(
    r"(?<![\d.,])0(?:[.,]0+)?\s?(?:%|/|cells|zellen)\S*|\b(?:no|absent|absence of|keine|undetectable)\s+(?:\w+\s+)?(?:CD19\S*|B)[ -]?(?:\+ ?)?(?:B[ -])?(?:cells|zellen)\b"
    r"|\b(?:cells|zellen)\s+(?:(?:were|are)\s+)?(?:absent|not detected|undetectable|nicht nachweisbar)",
    re.IGNORECASE,
)
_PER_LITRE = 0.1  # 100/uL in 10*9/L
_LESS_THAN_ONE = 0.001  # 1/uL


@provides("b_cell_aplasia")
def b_cell_aplasia(facts: Facts) -> Iterator[Fact]:
    """Stated, also in a report of another name, or by the newest count of CD19+ cells; the newest of both decides."""
    if facts.record is None:
        return
    named = facts.record.about(_CONCEPT, types=_TYPES)
    told = [e for e in facts.record.of_type("DiagnosticReport") if e not in named and _NAMED.search(full_text(e))]
    for entry in latest_first([*named, *told]):
        fact = _by_words(entry) or _by_number(entry)
        if fact is not None:
            yield outdated(facts, "b_cell_aplasia", entry, *fact.provenance) or fact
            return
    yield nothing(facts, "b_cell_aplasia", *_TYPES, concepts=(_CONCEPT,))


def _by_words(entry: Entry) -> Fact | None:
    text = f"{entry.text}\n{all_text(entry.resource)}"
    mention = mention_of(_NO_CELLS.sub(" ", text), _NAMED)
    found = _NAMED.search(text)
    if found is None or mention not in (Mention.PRESENT, Mention.NEGATED):
        return None
    return known("b_cell_aplasia", mention is Mention.PRESENT, seen_in(entry, found[0], from_text=True))


def _by_number(entry: Entry) -> Fact | None:
    for kind, low, high in (("percent", 1.0, 3.0), ("cells", _LESS_THAN_ONE, _PER_LITRE)):
        number = measured(entry.resource, kind)
        if number is not None and number.value is not None:
            return _judged(entry, number, low, high)
    return None


def _judged(entry: Entry, number: Measured, low: float, high: float) -> Fact:
    span = number.value if isinstance(number.value, Interval) else Interval(number.value or 0.0, number.value or 0.0)
    seen = seen_in(entry, number.found, inferred=True)
    if span.less_than(low):
        return known("b_cell_aplasia", True, seen)
    if span.at_least(high):
        return known("b_cell_aplasia", False, seen)
    return unknown(
        "b_cell_aplasia", Reason.NOT_DECIDED, "few B cells: neither aplasia nor recovery for certain", (seen,)
    )


PROVIDERS: tuple[Provider, ...] = (b_cell_aplasia,)
