"""Where a result lies in its own reference range: low, normal or high, and the limits of normal.

A laboratory sends the range as low/high, as text ("0-35", "< 1,2", "bis 50 U/l"), or as several by sex, age and
meaning: only ranges called normal (or not called anything) count, never a therapeutic or critical one, and of
several that remain those of the patient's sex. If they still differ, none is taken. The laboratory's own flag (HL7 v3
ObservationInterpretation, or the letters of HL7 v2) goes before the comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from service.record.model import Resource
from service.record.units import convert, tidy
from service.record.values import as_dict, as_float, as_list, as_text, codings_of, concept_text, quantity

_FLAGS = {
    **dict.fromkeys(("H", "HH", "HU", "H>", ">", "HX"), "high"),
    **dict.fromkeys(("L", "LL", "LU", "L<", "<", "LX"), "low"),
    "N": "normal",
}
_FLAG_WORDS = {
    **dict.fromkeys(("h", "hh", "high", "critical high", "critically high", "above high normal", "hoch", "erhöht", "+", "++"), "high"),
    **dict.fromkeys(("l", "ll", "low", "critical low", "critically low", "below low normal", "niedrig", "erniedrigt", "-", "--"), "low"),
    **dict.fromkeys(("n", "normal", "within range", "unauffällig"), "normal"),
}  # fmt: skip
_NORMAL = frozenset({"normal", "recommended", "population"})
_N = r"(\d+(?:[.,]\d+)?)"
_BETWEEN = re.compile(rf"^[^\d<>≤≥]*{_N}\s*(?:-|–|—|to|bis)\s*{_N}\s*([^\d\s(].*?|10[*^xe].*?)?$", re.IGNORECASE)
_BELOW = re.compile(
    rf"^[^\d<>≤≥]*?(?:<=?|≤|bis|up to|max\.?|under)\s*{_N}\s*([^\d\s(].*?|10[*^xe].*?)?$", re.IGNORECASE
)
_ABOVE = re.compile(rf"^[^\d<>≤≥]*?(?:>=?|≥|ab|min\.?|over|above)\s*{_N}\s*([^\d\s(].*?|10[*^xe].*?)?$", re.IGNORECASE)
_MEN, _WOMEN = (
    re.compile(r"\b(?:male|men|man|m|männ\w*)\b", re.I),
    re.compile(r"\b(?:female|wom[ae]n|f|w|weib\w*|frau\w*)\b", re.I),
)
Limits = tuple[float | None, float | None]


def against_range(resource: Resource, sex: str | None = None) -> str | None:
    """``low``, ``normal`` or ``high`` by the resource's own interpretation, else by its reference range."""
    for concept in as_list(resource.get("interpretation")):
        for _, code in codings_of(concept):
            if code.upper() in _FLAGS:
                return _FLAGS[code.upper()]
        word = _FLAG_WORDS.get(concept_text(concept).strip().lower())
        if word:
            return word
    number = quantity(resource)
    if number is None:
        return None
    low, high = limits(resource, sex)
    if number.comparator:
        return _compared(number.value, number.comparator, low, high)
    if high is not None and number.value > high:
        return "high"
    if low is not None and number.value < low:
        return "low"
    return "normal" if high is not None else None


def _compared(value: float, comparator: str, low: float | None, high: float | None) -> str | None:
    """Where "<5" or ">500" lies, if that is certain."""
    if comparator in (">", ">=") and high is not None and (value > high or (value == high and comparator == ">")):
        return "high"
    if comparator not in ("<", "<="):
        return None
    if low is not None and (value < low or (value == low and comparator == "<")):
        return "low"
    return "normal" if high is not None and not low and value <= high else None


def upper_limit(resource: Resource, sex: str | None = None) -> float | None:
    """Upper limit of normal in the unit of the value, by the resource's own reference range."""
    return limits(resource, sex)[1]


def limits(resource: Resource, sex: str | None = None) -> Limits:
    """Lower and upper limit of normal in the unit of the value; ``None`` for what is not given or not certain."""
    number = quantity(resource)
    unit = number.unit if number else None
    rows = [as_dict(row) for row in as_list(resource.get("referenceRange")) if as_dict(row)]
    rows = [row for row in rows if _of_normal(row)]
    if len(rows) > 1 and sex in ("male", "female"):
        rows = _of_sex(rows, sex) or rows
    found = {pair for row in rows if (pair := _of_row(row, unit)) != (None, None)}
    return found.pop() if len(found) == 1 else (None, None)


def _of_normal(row: Resource) -> bool:
    """Whether a range is one of normal: by its type; one that names none is."""
    kind = row.get("type")
    words = {code.lower() for _, code in codings_of(kind)} | {concept_text(kind).strip().lower()} - {""}
    return not words or any(any(name in word for name in _NORMAL) for word in words)


def _of_sex(rows: Iterable[Resource], sex: str) -> list[Resource]:
    own, other = (_MEN, _WOMEN) if sex == "male" else (_WOMEN, _MEN)
    kept = []
    for row in rows:
        words = " ".join(
            (*(concept_text(concept) for concept in as_list(row.get("appliesTo"))), as_text(row.get("text")))
        )
        if own.search(words) or not other.search(words):
            kept.append(row)
    named = [row for row in kept if own.search(" ".join(map(concept_text, as_list(row.get("appliesTo")))))]
    return named or kept


def _of_row(row: Resource, unit: str | None) -> Limits:
    low, high = _limit(row.get("low"), unit), _limit(row.get("high"), unit)
    if low is not None or high is not None or row.get("low") or row.get("high"):
        return low, high
    return _of_text(as_text(row.get("text")), unit)


def _of_text(text: str, unit: str | None) -> Limits:
    """Limits written out: "0-35", "3,5 - 5,1 mmol/l", "< 1.2", "bis 50", "> 60"."""
    text = text.strip()
    if found := _BETWEEN.match(text):
        low, high, own = as_float(found[1]), as_float(found[2]), found[3]
    elif found := _BELOW.match(text):
        low, high, own = None, as_float(found[1]), found[2]
    elif found := _ABOVE.match(text):
        low, high, own = as_float(found[1]), None, found[2]
    else:
        return None, None
    if own and tidy(own) != tidy(unit):
        return None, None
    return low, high


def _limit(raw: object, unit: str | None) -> float | None:
    """A limit in the unit of the value; in another unit of the same size it stays, in any other there is none."""
    limit = as_dict(raw)
    names = [name for name in (as_text(limit.get("code")), as_text(limit.get("unit"))) if name]
    if names and unit and not any(_same(name, unit) for name in names):
        return None
    return as_float(limit.get("value"))


def _same(one: str, other: str) -> bool:
    if tidy(one) == tidy(other):
        return True
    factor = convert(1.0, one, "cells"), convert(1.0, one, "enzyme")
    return any(factor) and factor == (convert(1.0, other, "cells"), convert(1.0, other, "enzyme"))
