"""MRD values sent as number and unit."""

from __future__ import annotations

import re
from dataclasses import replace

from service.facts.model import Reason
from service.facts.mrd.numbers import plain
from service.facts.mrd.values import MrdReading, Scale, checked, compared, most

_ONE = frozenset({"1", "{ratio}", "ratio", "{fraction}", "fraction", "{cells}/{cells}", "{cell}/{cell}"})
_PERCENT_OF = re.compile(
    r"%(?:of)?(?:all|total)?(?:nucleated|mononuclear|mnc|nc|wbc|leu[ck]ocytes|leukozyten|events|bonemarrow|marrow|cells|zellen"
    r"|\{cells\})*"
)
_POWER = re.compile(r"(?:1?e|1?x?10(?:\*|\^|\*\*)?)(-\d{1,2})")
_PER = re.compile(
    r".*(?:/|per|pro)(?:10[*^]?(?P<power>[3-7])|1e0?(?P<e>[3-7])|(?P<whole>10{3,7})|(?P<million>million|mio\.?))(?!\d).*"
)
_LOG = re.compile(r"\{?(?:mr)?[_ ]?log(?:10)?(?:_reduction)?\}?(?:mr)?|mr")


def unit_factor(unit: str | None) -> tuple[float, Scale | None] | None:
    """What a unit makes of a number: factor to a fraction, and the scale where the unit tells. ``None``: unreadable."""
    key = re.sub(r"[\s,']", "", plain(unit or "")).lower()
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
    if key in ("ppm", "[ppm]"):
        return 1e-6, None
    per = _PER.fullmatch(key)
    if per:
        if per["million"]:
            return 1e-6, transcript
        whole = float(per["whole"]) if per["whole"] else 10.0 ** int(per["power"] or per["e"])
        return 1 / whole, transcript
    return None


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
    if made is None and value == 0:
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
