"""Units: how many of the vocabulary's units a laboratory value is. ``None`` where that is not certain, never a guess.

The table holds what laboratories send for the few quantities that are read, in every spelling met, and not all of UCUM:
the libraries for that (pint with ucumvert) take some 2.3 ms a conversion, thousands of times as long as a lookup, know
only the units written as UCUM writes them, and read "K/uL" as kelvin. A mass is converted to an amount by the molar
mass (PubChem): bilirubin 584.66 g/mol, creatinine 113.1, glucose 180.16, methotrexate 454.44; triglycerides as
glycerol trioleate 885.7, hemoglobin as its monomer 16114, fibrinogen 340000. One katal is 60e6 enzyme units
(1 U = 1 umol/min), a pound 0.45359237 kg (both by definition).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Spellings of the same character or word, as laboratories send them; applied to lower case without blanks, in order.
_SPELLINGS = (
    ("μ", "u"), ("µ", "u"), ("×", "x"), ("10³", "10^3"), ("10⁶", "10^6"), ("10⁹", "10^9"), ("³", "3"), ("²", "2"), ("⁻", "-"),
    ("⁴", "4"), ("⁵", "5"), ("⁶", "6"), ("mcmol", "umol"), ("micromol", "umol"), ("mcg", "ug"), ("mcl", "ul"),
    ("mikrol", "ul"), ("mikromol", "umol"), ("microl", "ul"), ("micg", "ug"), ("âu", "u"), ("cumm", "mm3"), ("cmm", "mm3"),
    ("litre", "l"), ("liter", "l"), ("\\s\\", "^"), ("/100ml", "/dl"), ("mg%", "mg/dl"), ("g%", "g/dl"), ("gm/", "g/"),
    ("℃", "°c"), ("℉", "°f"), ("degrees", "deg"), ("grad", "°"),
)  # fmt: skip
_BLANKS = re.compile(r"\s+")
_ANNOTATION = re.compile(r"\{[^}]*\}")
# Powers of ten of a count, in every spelling met: 10*9/L, x10^9/L, 10E9/L, x10(9)/L, 10x9/L, 10exp9/L, E9/L, 109/L.
_POWER = re.compile(r"(?:x?10(?:\*\*|\*|\^|\.?e\+?|exp|x|'|~)?|e)\(?\+?0?([369])\)?/(l|ul|mm3|ml)\.?")
_COUNTED = re.compile(r"(?<=[\d)kd.])(?:cells?|zellen|wbc|plt|leukos?|thrombos?)(?=/)")
_FRACTION_POWER = re.compile(r"x?10(?:\*\*|\*|\^|e)?\(?-([23456])\)?")
# Per quantity: unit as tidied -> factor to the vocabulary's unit.
_CELLS = {
    **dict.fromkeys(
        ("10*9/l", "g/l", "gpt/l", "giga/l", "bil/l", "billion/l", "mrd/l", "mrd./l", "10*3/ul", "10*3/mm3", "k/ul", "k/mm3",
         "tsd/ul", "tsd./ul", "tsd/mm3", "tsd./mm3", "tausend/ul", "thou/ul", "thous/ul", "thousand/ul", "thou/mm3",
         "thousand/mm3", "thsd/ul", "ths/ul", "th/ul", "th/mm3", "1000/ul", "1000/mm3", "x1000/ul", "x1000/mm3", "/nl",
         "nl", "1/nl", "#/nl", "cells/nl", "zellen/nl", "10*6/ml", "mio/ml", "mio./ml"), 1.0),
    **dict.fromkeys(("/ul", "cells/ul", "/mm3", "cells/mm3", "#/ul", "10*6/l", "mpt/l", "mio/l", "mio./l", "1/ul", "1/mm3",
                     "zellen/ul", "10*3/ml"), 1e-3),
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
    "gfr": {
        **dict.fromkeys(("ml/min", "ml/min/1.73m2", "ml/min/1,73m2", "ml/min/1.73m^2", "ml/min/1.73qm", "ml/min/1,73qm",
                         "ml/min/1.73m*2", "ml/min/1.73sqm", "ml/min/173m2", "ml/min/bsa", "ml/min/1.73"), 1.0),
        "ml/s": 60.0, "ml/s/1.73m2": 60.0, "l/min": 1000.0,
    },
    "hcg": {**dict.fromkeys(("miu/ml", "iu/l", "u/l", "mu/ml", "[iu]/l", "m[iu]/ml", "ie/l", "mie/ml"), 1.0)},
    "creatinine": {"mg/dl": 1.0, "umol/l": 1 / 88.42, "mmol/l": 1000 / 88.42, "mg/l": 0.1},
    "glucose": {"mg/dl": 1.0, "mmol/l": 18.016, "g/l": 100.0, "mg/l": 0.1},
    "triglycerides": {"mg/dl": 1.0, "mmol/l": 88.57, "g/l": 100.0, "mg/l": 0.1},
    "fibrinogen": {"mg/dl": 1.0, "g/l": 100.0, "mg/l": 0.1, "g/dl": 1000.0, "umol/l": 34.0},
    "hemoglobin": {"g/dl": 1.0, "g/l": 0.1, "mmol/l": 1.6114},
    "enzyme": {
        **dict.fromkeys(("u/l", "iu/l", "[iu]/l", "ie/l", "e/l", "unit/l", "units/l", "mu/ml", "miu/ml", "m[iu]/ml"), 1.0),
        "ukat/l": 60.0, "nkat/l": 0.06, "umol/s/l": 60.0, "umol/(s.l)": 60.0,
    },
    "methotrexate": {
        "umol/l": 1.0, "um": 1.0, "nmol/l": 0.001, "nmol/ml": 1.0, "mmol/l": 1000.0, "mg/l": 2.2005, "ug/ml": 2.2005,
        "mg/dl": 22.005, "ug/dl": 0.022005, "ng/ml": 0.0022005, "ug/l": 0.0022005,
    },
    "temperature": dict.fromkeys(
        ("cel", "°c", "c", "degc", "deg.c", "ºc", "celsius", "°celsius", "degcelsius", "[degc]", "°"), 1.0),
    "milliseconds": {
        **dict.fromkeys(("ms", "msec", "msek", "millisec", "millisecond", "milliseconds", "millisekunden"), 1.0),
        "s": 1000.0, "sec": 1000.0, "sek": 1000.0,
    },
    "weight": {
        **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms", "kilogramm"), 1.0),
        **dict.fromkeys(("g", "gm", "gram", "grams", "gramm"), 0.001),
        **dict.fromkeys(("[lb_av]", "[lb_us]", "lb", "lbs", "lb_av", "pound", "pounds"), 0.45359237),
        "[oz_av]": 0.028349523125, "oz": 0.028349523125,
    },
    "score": {"": 1.0, "1": 1.0, "{score}": 1.0, "score": 1.0, "points": 1.0, "{points}": 1.0, "{#}": 1.0},
}  # fmt: skip
_FAHRENHEIT = frozenset({"[degf]", "degf", "deg.f", "°f", "ºf", "f", "fahrenheit", "degfahrenheit", "°fahrenheit"})
# Units in which cells are counted one by one: such a count has no decimals.
_ONE_BY_ONE = frozenset({"/ul", "cells/ul", "/mm3", "cells/mm3", "#/ul", "1/ul", "1/mm3", "zellen/ul"})


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
    found = _COUNTED.sub("", found)
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
            fibrinogen (mg/dL), hemoglobin (g/dL), enzyme (U/L), methotrexate (umol/L), gfr (mL/min), hcg (IU/L),
            temperature (Cel), milliseconds, weight (kg), score.

    Raises:
        KeyError: a quantity that is not in the table.

    >>> convert(12000, "/uL", "cells")
    12.0
    """
    table = _TABLE[quantity]
    key = tidy(unit)
    factor = table.get(key)
    if factor is None and "{" in key:
        key = tidy(_ANNOTATION.sub("", key)).rstrip("/")  # in UCUM braces stand for 1: "mL/min/{1.73_m2}"
        factor = table.get(key) if key else None
    if factor is None:
        if quantity == "temperature" and key in _FAHRENHEIT:
            return _plain((value - 32) / 1.8)
        return None
    return _plain(value * factor)


def counts_singly(unit: str | None) -> bool:
    """Whether a unit counts cells one by one, so that "12.500" in it can only be twelve thousand five hundred."""
    key = tidy(unit)
    return key in _ONE_BY_ONE or tidy(_ANNOTATION.sub("", key)) in _ONE_BY_ONE


def _plain(value: float) -> float:
    """Without the noise of binary fractions, so that a value at a limit stays at the limit after conversion."""
    return float(f"{value:.12g}")


def accepted() -> Mapping[str, Mapping[str, float]]:
    """Per quantity the units that are converted, as `tidy` writes them, with their factors."""
    return _TABLE
