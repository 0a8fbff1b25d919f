"""MRD values sent as number and unit."""

from __future__ import annotations

import re
from dataclasses import replace

from service.facts.model import Interval, Reason
from service.facts.mrd.numbers import plain
from service.facts.mrd.reading import MrdReading, Scale, below_in_any_unit, bounds, checked, compared, most

_ONE = frozenset({"1", "{ratio}", "ratio", "{fraction}", "fraction", "{cells}/{cells}", "{cell}/{cell}"})
_SMALL = {"ppm": 1e-6, "[ppm]": 1e-6, "\u2030": 1e-3, "[ppth]": 1e-3, "promille": 1e-3}
_IN_NAME = re.compile(
    r"[(\[]\s*(?:in\s+)?(?P<brackets>%|10[*^]?-\d|x\s?10[*^]?-\d|1?E-0?\d)\s*[)\]]|\b(?:in|as|als)\s+(?P<word>%|percent|prozent)"
    r"|\b(?P<per>(?:per|pro|/)\s?(?:million|mio\b|10[*^]?6\b|1[ .,']?000[ .,']?000\b))",
    re.IGNORECASE,
)
_PERCENT_OF = re.compile(
    r"%(?:of)?(?:all|total)?(?:nucleated|mononuclear|mnc|nc|wbc|leu[ck]ocytes|leukozyten|events|bonemarrow|marrow|cells|zellen"
    r"|\{cells\})*"
)
_POWER = re.compile(r"(?:1?e|1?x?10(?:\*|\^|\*\*|e)?)\(?(-\d{1,2})\)?(?:\{?(?:of)?(?:\w*cells?|\w*zellen|mnc|nc)\}?)?")
_PER = re.compile(
    r".*(?:/|per|pro|auf|je)(?:10[*^]?(?P<power>[3-7])|1e0?(?P<e>[3-7])|(?P<whole>10{3,7})|(?P<million>million|mio\.?))(?!\d).*"
)
_LOG = re.compile(r"\{?(?:mr)?[_ ]?log(?:10)?(?:_reduction)?\}?(?:mr)?|mr")


def unit_factor(unit: str | None) -> tuple[float, Scale | None] | None:
    """What a unit makes of a number: factor to a fraction, and the scale where the unit tells. ``None``: unreadable."""
    key = re.sub(r"[\s,']|(?<=\d)\.(?=000)", "", plain(unit or "")).lower()
    key = re.sub(r"per-?cent|prozent|pct", "%", key)
    if not key:
        return None
    transcript = Scale.TRANSCRIPT if re.search(r"cop(?:y|ies)|abl", key) else None
    if key in _ONE:
        return 1.0, None
    if re.fullmatch(r"%[(\[{]?is[)\]}]?|[(\[{]?is[)\]}]?%", key):
        return 0.01, Scale.IS
    if _PERCENT_OF.fullmatch(key) or (key.startswith("%") and transcript):
        return 0.01, transcript
    power = _POWER.fullmatch(key)
    if power:
        return 10.0 ** int(power[1]), None
    if key in _SMALL:
        return _SMALL[key], None
    per = _PER.fullmatch(key)
    if per:
        if per["million"]:
            return 1e-6, transcript
        whole = float(per["whole"]) if per["whole"] else 10.0 ** int(per["power"] or per["e"])
        return 1 / whole, transcript
    return None


def unit_in_name(name: str) -> str | None:
    """The unit that the name of a row gives, for numbers that came without: ``MRD (%)``, ``cells per million``."""
    found = _IN_NAME.search(plain(name))
    return (found["brackets"] or ("%" if found["word"] else found["per"])) if found else None


def read_mrd_range(low: MrdReading | None, high: MrdReading | None) -> MrdReading | None:
    """A FHIR Range of two quantities read alone; an open end reaches to zero or to all cells."""
    rows = [row for row in (low, high) if row is not None]
    if not rows:
        return None
    odd = next((row for row in rows if row.fraction is None), None)
    if odd is not None:
        return odd
    span = Interval(
        bounds(low.fraction).low if low is not None and low.fraction is not None else 0.0,
        bounds(high.fraction).high if high is not None and high.fraction is not None else most(rows[0].scale),
    )
    if span.low > span.high:
        return replace(rows[0], fraction=None, problem=Reason.UNREADABLE, detail="a range that ends before it begins")
    found = " to ".join(row.found for row in rows)
    return checked(replace(rows[0], fraction=span, seen=None, found=found))


def read_mrd_quantity(
    value: float, unit: str | None, comparator: str | None = None, *, name: str = "", transcript: bool = False
) -> MrdReading:
    """An MRD value sent as number and unit.

    ``name``: what the row is called. A row called MR holds the molecular response (a log), whatever unit came with it:
    analyzers send 4.18 with the unit "% (IS)".

    >>> read_mrd_quantity(0.02, "%").fraction
    0.0002
    >>> read_mrd_quantity(0.02, None).problem
    <Reason.UNIT: 'unit'>
    """
    found = f"{comparator or ''}{value:g} {unit or ''}".strip()
    if re.fullmatch(r"\s*MR\s*(?:\(?log\)?|value)?\s*", name, re.IGNORECASE) or (
        unit and _LOG.fullmatch(re.sub(r"\s", "", unit).lower())
    ):
        return _log_ratio(value, found, named=bool(re.search(r"\bMR\b", f"{name} {unit}", re.IGNORECASE)))
    made = unit_factor(unit)
    if made is None and not unit:
        made = unit_factor(unit_in_name(name))
    if made is None and (value == 0 or (not unit and below_in_any_unit(value, comparator))):
        made = (1.0, None)
    scale = (made[1] if made else None) or (Scale.TRANSCRIPT if transcript else Scale.CELLS)
    reading = MrdReading(scale=scale, found=found)
    if made is None:
        detail = f"unit {unit!r} cannot be read" if unit else "a number without unit: a fraction or a percentage?"
        return replace(reading, problem=Reason.UNIT, detail=detail)
    number = float(f"{value * made[0]:.12g}")
    if number < 0 or number > most(scale):
        return replace(reading, problem=Reason.IMPLAUSIBLE, detail="not between 0 and 100 %")
    return checked(replace(reading, fraction=compared(number, number, comparator)))


def _log_ratio(value: float, found: str, *, named: bool) -> MrdReading:
    """A log of the ratio: MR 4 is 10^-4, log10 = -4 is 10^-4; a bare log reduction has no known starting point."""
    reading = MrdReading(scale=Scale.IS if named else Scale.TRANSCRIPT, found=found)
    if value > 0 and not named:
        return replace(reading, problem=Reason.UNIT, detail="a log reduction without its starting point")
    return checked(replace(reading, fraction=float(f"{10 ** -abs(value):.6g}")))
