"""Whether the methotrexate or cytarabine of an order is high-dose.

High-dose methotrexate is 500 mg/m2 or more; high-dose cytarabine 1 g/m2 or more, conventional up to 200 mg/m2. What lies
between is called neither. A dose in mg without body surface is read only where any body surface gives the same answer;
methotrexate by mouth is low-dose unless that could be high.
Intrathecal doses are neither high nor low.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.therapy.route_words import ORAL, route
from service.facts.therapy.routes import dosage_texts, dosages, is_intrathecal
from service.record.model import Resource
from service.record.values import as_dict, as_float, as_list, as_text

_PER_AREA = re.compile(
    r"(?<![\d.,])(?P<n>\d+(?:[.,]\d+)?)\s*(?P<unit>m?g)\s*(?:/|per|pro)\s*(?:m2|m²|m\^2|sqm|qm)", re.IGNORECASE
)
_HIGH = {"methotrexate": re.compile(r"high[\s-]*dose|hoch-?dos|\bHD[\s-]*MTX|\bHDMTX\b", re.IGNORECASE),
         "cytarabine": re.compile(r"high[\s-]*dose|hoch-?dos|\bHD[\s-]*Ara|\bHi?DAC\b|\bHIDAC\b", re.IGNORECASE)}  # fmt: skip
_LOW = re.compile(r"low[\s-]*dose|niedrig-?dos", re.IGNORECASE)
_LIMITS = {
    "methotrexate": (50.0, 500.0, "low"),
    "cytarabine": (200.0, 1000.0, "conventional"),
}  # mg/m2: up to, from, name
_SMALLEST, _LARGEST = 0.2, 2.7  # m2 of body surface
_ONE_KILO = re.compile(r"\d\.\d{3}$")  # "5.000 mg" is five grams in German and five milligrams in English


def dose_level(resource: Resource, drug: str, text: str, by: str | None = None) -> str | None:
    """ "high", or "low" (methotrexate) and "conventional" (cytarabine), of a systemic order; ``None`` where it is not said.

    ``by``: the route of the order where it is known; else as codes and words say.
    """
    if drug not in _LIMITS or by == "intrathecal" or is_intrathecal(resource, text):
        return None
    by = by or route(resource, text)
    most, least, name = _LIMITS[drug]
    said = " ".join((text, *dosage_texts(resource)))
    if _HIGH[drug].search(said):
        return "high"
    if drug == "methotrexate" and _LOW.search(said):
        return "low"
    by_mouth = drug == "methotrexate" and (by == "oral" or ORAL.search(said))
    found = {
        "high" if low >= least else name if high <= most or (by_mouth and high < least) else None
        for low, high in _per_area(resource, said)
    }
    return found.pop() if len(found) == 1 else None


def _per_area(resource: Resource, said: str) -> Iterator[tuple[float, float]]:
    """Bounds of each dose in mg/m2."""
    for match in _PER_AREA.finditer(said):
        value = as_float(match["n"])
        if value is not None and not _ONE_KILO.search(match["n"]):
            per_area = value * (1000 if match["unit"].lower() == "g" else 1)
            yield per_area, per_area
    for value, written in _doses(resource):
        unit = written.lower().replace(" ", "").replace("²", "2").replace("^", "")
        factor = 1000 if unit.startswith("g") else 1
        if unit in ("mg/m2", "g/m2"):
            yield value * factor, value * factor
        elif unit in ("mg", "g"):
            yield round(value * factor / _LARGEST, 6), round(value * factor / _SMALLEST, 6)


def _doses(resource: Resource) -> Iterator[tuple[float, str]]:
    for dosage in dosages(resource):
        for element in as_list(dosage.get("doseAndRate")) or [dosage]:
            dose = as_dict(as_dict(element).get("doseQuantity"))
            value = as_float(dose.get("value"))
            if value is not None:
                yield value, as_text(dose.get("code")) or as_text(dose.get("unit"))
