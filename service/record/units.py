"""Units: how many of the vocabulary's units a laboratory value is. ``None`` where that is not certain, never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Spellings of the same character or word, as laboratories send them; applied to lower case without blanks, in order.
_SPELLINGS = (
    ("μ", "u"), ("µ", "u"), ("×", "x"), ("10³", "10^3"), ("10⁶", "10^6"), ("10⁹", "10^9"), ("³", "3"), ("⁻", "-"),
    ("⁴", "4"), ("⁵", "5"), ("⁶", "6"), ("mcmol", "umol"), ("micromol", "umol"), ("mcg", "ug"), ("mcl", "ul"),
    ("microl", "ul"), ("cumm", "mm3"), ("cmm", "mm3"), ("litre", "l"), ("liter", "l"),
)  # fmt: skip
_BLANKS = re.compile(r"\s+")
_ANNOTATION = re.compile(r"\{[^}]*\}")
# Powers of ten of a count, in every spelling met: 10*9/L, x10^9/L, 10E9/L, x10(9)/L, 10x9/L, E9/L, 109/L.
_POWER = re.compile(r"x?(?:10)?(?:\*\*|\*|\^|e|x|')?\(?\+?([369])\)?/(l|ul|mm3)\.?")
_FRACTION_POWER = re.compile(r"x?10(?:\*\*|\*|\^|e)?\(?-([23456])\)?")
# Per quantity: unit as tidied -> factor to the vocabulary's unit.
_CELLS = {
    **dict.fromkeys(
        ("10*9/l", "g/l", "gpt/l", "giga/l", "bil/l", "billion/l", "10*3/ul", "10*3/mm3", "k/ul", "k/mm3", "tsd/ul",
         "tsd./ul", "tausend/ul", "thou/ul", "thous/ul", "thousand/ul", "thou/mm3", "th/ul", "1000/ul", "x1000/ul",
         "/nl", "nl", "1/nl", "cells/nl"), 1.0),
    **dict.fromkeys(("/ul", "cells/ul", "/mm3", "cells/mm3", "#/ul", "10*6/l", "mpt/l", "1/ul", "zellen/ul"), 1e-3),
    **dict.fromkeys(("/l", "1/l", "cells/l"), 1e-9),
}  # fmt: skip
_CSF = {
    **dict.fromkeys(
        ("/ul", "cells/ul", "/mm3", "cells/mm3", "#/ul", "10*6/l", "mpt/l", "1/ul", "zellen/ul"), 1.0),
    **dict.fromkeys(("/3", "/3cells", "/3zellen"), 1 / 3),  # counted in the Fuchs-Rosenthal chamber of 3.2 uL
    **dict.fromkeys(("10*3/ul", "10*9/l", "g/l", "gpt/l", "k/ul"), 1000.0),
}  # fmt: skip
_PERCENT = {
    **dict.fromkeys(
        ("%", "percent", "prozent", "pct", "%ofcells", "%ofnucleatedcells", "%ofmononuclearcells", "/100{wbc}",
         "/100{cells}", "/100wbcs", "/100wbc", "/100{blasts}", "/100"), 1.0),
    "10*-2": 1.0, "1": 100.0,
}  # fmt: skip
_FRACTION = {
    "1": 1.0, "%": 0.01, "percent": 0.01, "prozent": 0.01, "[ppm]": 1e-6, "ppm": 1e-6, "[ppth]": 1e-3,
    **{f"10*-{power}": 10.0**-power for power in (2, 3, 4, 5, 6)},
}  # fmt: skip
_TABLE: Mapping[str, Mapping[str, float]] = {
    "cells": _CELLS,
    "csf": _CSF,
    "percent": _PERCENT,
    "fraction": _FRACTION,
    "bilirubin": {"mg/dl": 1.0, "umol/l": 1 / 17.104, "mg/l": 0.1},
    "creatinine": {"mg/dl": 1.0, "umol/l": 1 / 88.42, "mmol/l": 1000 / 88.42, "mg/l": 0.1},
    "glucose": {"mg/dl": 1.0, "mmol/l": 18.016, "g/l": 100.0, "mg/l": 0.1},
    "triglycerides": {"mg/dl": 1.0, "mmol/l": 88.57, "g/l": 100.0, "mg/l": 0.1},
    "fibrinogen": {"mg/dl": 1.0, "g/l": 100.0, "mg/l": 0.1},
    "hemoglobin": {"g/dl": 1.0, "gm/dl": 1.0, "g/100ml": 1.0, "g/l": 0.1, "mmol/l": 1.6114},
    "enzyme": {"u/l": 1.0, "iu/l": 1.0, "[iu]/l": 1.0, "ukat/l": 60.0, "nkat/l": 0.06},
    "methotrexate": {
        "umol/l": 1.0, "um": 1.0, "nmol/l": 0.001, "mmol/l": 1000.0, "mg/l": 2.2005, "ug/ml": 2.2005,
        "ng/ml": 0.0022005, "ug/l": 0.0022005,
    },
    "temperature": {"cel": 1.0, "°c": 1.0, "c": 1.0, "degc": 1.0, "celsius": 1.0},
    "milliseconds": {"ms": 1.0, "msec": 1.0, "s": 1000.0, "sec": 1000.0},
    "weight": {"kg": 1.0, "g": 0.001, "[lb_av]": 0.45359237, "lb": 0.45359237, "lbs": 0.45359237},
    "score": {"": 1.0, "1": 1.0, "{score}": 1.0, "score": 1.0, "points": 1.0, "{points}": 1.0, "{#}": 1.0},
}  # fmt: skip
_FAHRENHEIT = frozenset({"[degf]", "degf", "°f", "f", "fahrenheit"})


def tidy(unit: str | None) -> str:
    """A unit in the form the table is written in: lower case, no blanks, one spelling of powers of ten.

    >>> tidy("x10³/µL"), tidy("10^9 / L"), tidy("K/cumm")
    ('10*3/ul', '10*9/l', 'k/mm3')
    """
    if not unit:
        return ""
    found = _BLANKS.sub("", unit).lower()
    for seen, meant in _SPELLINGS:
        found = found.replace(seen, meant)
    power = _POWER.fullmatch(found)
    if power:
        return f"10*{power[1]}/{power[2]}"
    power = _FRACTION_POWER.fullmatch(found)
    return f"10*-{power[1]}" if power else found


def convert(value: float, unit: str | None, quantity: str) -> float | None:
    """A value in the vocabulary's unit of a quantity, or ``None`` for a unit the table does not have.

    UCUM annotations ("{cells}/uL") are looked up with and without what stands in the braces.

    Args:
        quantity: cells (10*9/L), csf (/uL), percent (%), fraction (1), bilirubin, creatinine, glucose, triglycerides,
            fibrinogen (mg/dL), hemoglobin (g/dL), enzyme (U/L), methotrexate (umol/L), temperature (Cel),
            milliseconds, weight (kg), score.

    Raises:
        KeyError: a quantity that is not in the table.

    >>> convert(12000, "/uL", "cells")
    12.0
    """
    table = _TABLE[quantity]
    key = tidy(unit)
    factor = table.get(key)
    if factor is None and "{" in key:
        key = tidy(_ANNOTATION.sub("", key))
        factor = table.get(key) if key else None
    if factor is None:
        if quantity == "temperature" and key in _FAHRENHEIT:
            return _plain((value - 32) / 1.8)
        return None
    return _plain(value * factor)


def _plain(value: float) -> float:
    """Without the noise of binary fractions, so that a value at a limit stays at the limit after conversion."""
    return float(f"{value:.12g}")


def accepted() -> Mapping[str, Mapping[str, float]]:
    """Per quantity the units that are converted, as `tidy` writes them, with their factors."""
    return _TABLE
