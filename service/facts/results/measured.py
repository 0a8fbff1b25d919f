"""The number of a result in the vocabulary's unit, or why there is none.

Read are quantities with code and name of the unit, whole numbers, FHIR Ranges, and texts as HL7 v2 interfaces and German
laboratories send them: "<0,1 mg/dl", ">500 10*9/L", "55-60 %", "12.500 /ul". What can be read in two ways is not read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from service.facts.model import Interval, Reason
from service.record.model import Resource
from service.record.units import convert, counts_singly
from service.record.values import Quantity, as_dict, as_float, as_text, quantity

_RANGE = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(?:-|–|to|bis)\s*(\d+(?:[.,]\d+)?)\s*([^\d\s].*)?")
_THOUSANDS = re.compile(r"\s*(<=|>=|<|>)?\s*([1-9]\d{0,2}(?:[.,' ]\d{3})+)\s*(\D.*?)\s*")
_POWER_UNIT = re.compile(r"\s*(<=|>=|<|>)?\s*(\d+(?:[.,]\d+)?)\s+(10\s?[*^xe]?\d+/\S+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number in the vocabulary's unit, or why there is none."""

    value: float | Interval | None
    found: str
    reason: Reason | None = None
    detail: str | None = None


def measured(element: Resource, kind: str) -> Measured | None:
    """The number of an Observation or component in the unit of a quantity of `service.record.units`.

    ``None``: it holds no number at all. Comparators and ranges ("<0.5", "55-60 %") become intervals. A text with
    digits that cannot be read as one number is a result nobody could read, and so is told.
    """
    text = as_text(element.get("valueString"))
    span = _span(element, text)
    if span:
        return _between(*span, kind)
    singly = _counted_singly(text) if kind in ("cells", "csf") else None
    number = singly or _with_power(text) or quantity(element)
    if number is None:
        if any(sign.isdigit() for sign in text):
            return Measured(None, text.strip(), Reason.UNREADABLE, "its text cannot be read as one number")
        return None
    value = convert(number.value, number.unit, kind)
    # The code of a unit and its name are two statements: some send a code no one knows beside a name everyone reads,
    # some a code that is a thousand times the name.
    name = as_text(as_dict(element.get("valueQuantity")).get("unit")).strip(" <>=")
    by_name = convert(number.value, name, kind) if name and name != number.unit else None
    if value is None:
        value = by_name
    elif by_name is not None and not math.isclose(value, by_name, rel_tol=1e-6):
        detail = f"its unit {name!r} and the code of its unit {number.unit!r} differ"
        return Measured(None, number.text, Reason.UNIT, detail)
    if value is None:
        detail = f"unit {number.unit!r} cannot be converted" if number.unit else "a number without unit"
        return Measured(None, number.text, Reason.UNIT, detail)
    return Measured(_compared(value, number.comparator), number.text)


def _span(element: Resource, text: str) -> tuple[float | None, float | None, str | None, str] | None:
    """Both ends and the unit of a value that is a range, as a text or a FHIR Range, and how it stood."""
    found = _RANGE.fullmatch(text)
    if found:
        return as_float(found[1]), as_float(found[2]), found[3], text.strip()
    ends = as_dict(element.get("valueRange"))
    low, high = as_dict(ends.get("low")), as_dict(ends.get("high"))
    bounds = as_float(low.get("value")), as_float(high.get("value"))
    units = {as_text(end.get("code")) or as_text(end.get("unit")) for end in (low, high)} - {""}
    if None in bounds or len(units) > 1:
        return None
    unit = units.pop() if units else None
    return *bounds, unit, f"{bounds[0]:g}-{bounds[1]:g} {unit or ''}".strip()


def _between(low: float | None, high: float | None, unit: str | None, text: str, kind: str) -> Measured:
    if low is None or high is None:
        return Measured(None, text, Reason.UNREADABLE, "its numbers can be read in two ways")
    ends = convert(low, unit, kind), convert(high, unit, kind)
    if ends[0] is None or ends[1] is None:
        detail = f"unit {unit!r} cannot be converted" if unit else "a number without unit"
        return Measured(None, text, Reason.UNIT, detail)
    return Measured(Interval(min(ends[0], ends[1]), max(ends[0], ends[1])), text)


def _counted_singly(text: str) -> Quantity | None:
    """A count in single cells, in which a point or comma before three digits marks thousands: ``12.500 /ul``."""
    found = _THOUSANDS.fullmatch(text)
    if not found or not counts_singly(found[3]):
        return None
    return Quantity(float(re.sub("[.,' ]", "", found[2])), found[3], found[1], text.strip())


def _with_power(text: str) -> Quantity | None:
    """A number before a unit that starts with a digit: ``12.5 10*9/L``."""
    found = _POWER_UNIT.fullmatch(text)
    value = as_float(found[2]) if found else None
    return Quantity(value, found[3], found[1], text.strip()) if found and value is not None else None


def _compared(value: float, comparator: str | None) -> float | Interval:
    match comparator:
        case "<" | "<=":
            return Interval(0, value, high_open=comparator == "<")
        case ">" | ">=":
            return Interval(low=value, low_open=comparator == ">")
        case _:
            return value
