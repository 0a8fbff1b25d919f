"""Units: how many of the vocabulary's units a laboratory value is. ``None`` where that is not certain, never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TIDY = re.compile(r"\s+")
# Per quantity: unit as tidied (lower case, no blanks) -> factor to the vocabulary's unit.
_CELLS = {
    **dict.fromkeys(
        ("10*9/l", "10^9/l", "x10^9/l", "x10e9/l", "10e9/l", "g/l", "gpt/l", "giga/l", "10*3/ul", "10^3/ul", "x10^3/ul",
         "x10e3/ul", "10e3/ul", "10*3/mm3", "10^3/mm3", "k/ul", "k/mm3", "tsd/ul", "tsd./ul", "thou/ul", "thousand/ul",
         "th/ul", "1000/ul", "/nl", "nl", "10*3/mcl", "k/mcl", "x10*3/ul", "x10*9/l", "10*9/l.", "10x9/l", "10x3/ul"), 1.0),
    **dict.fromkeys(("/ul", "cells/ul", "{cells}/ul", "/mcl", "cells/mcl", "/mm3", "cells/mm3", "{#}/ul", "#/ul",
                     "10*6/l", "10^6/l", "mpt/l", "1/ul"), 0.001),
}  # fmt: skip
_CSF = {
    **dict.fromkeys(("/ul", "cells/ul", "{cells}/ul", "/mcl", "cells/mcl", "/mm3", "10*6/l", "10^6/l", "mpt/l", "1/ul"), 1.0),
    "/3": 1 / 3, "/3cells": 1 / 3, "/3zellen": 1 / 3, "10*3/ul": 1000.0, "10*9/l": 1000.0,
}  # fmt: skip
_PERCENT = {**dict.fromkeys(("%", "percent", "prozent", "%ofcells", "%ofnucleatedcells", "/100{wbc}", "/100{cells}",
                             "%ofmononuclearcells", "/100wbcs", "%{cells}", "/100{blasts}"), 1.0)}  # fmt: skip
_TABLE: Mapping[str, Mapping[str, float]] = {
    "cells": _CELLS,
    "csf": _CSF,
    "percent": _PERCENT,
    "bilirubin": {"mg/dl": 1.0, "umol/l": 1 / 17.104, "mg/l": 0.1},
    "creatinine": {"mg/dl": 1.0, "umol/l": 1 / 88.42, "mmol/l": 1000 / 88.42},
    "glucose": {"mg/dl": 1.0, "mmol/l": 18.016, "g/l": 100.0},
    "triglycerides": {"mg/dl": 1.0, "mmol/l": 88.57, "g/l": 100.0},
    "fibrinogen": {"mg/dl": 1.0, "g/l": 100.0},
    "hemoglobin": {"g/dl": 1.0, "g/l": 0.1, "mmol/l": 1.6114},
    "enzyme": {"u/l": 1.0, "iu/l": 1.0, "[iu]/l": 1.0, "ukat/l": 60.0, "µkat/l": 60.0},
    "methotrexate": {"umol/l": 1.0, "mg/l": 2.2005, "ug/ml": 2.2005, "nmol/l": 0.001},
    "temperature": {"cel": 1.0, "°c": 1.0, "c": 1.0, "degc": 1.0},
    "milliseconds": {"ms": 1.0, "msec": 1.0, "s": 1000.0},
    "score": {"": 1.0, "1": 1.0, "{score}": 1.0, "score": 1.0},
}


def tidy(unit: str | None) -> str:
    """A unit in the form the table is written in."""
    if unit is None:
        return ""
    return (
        _TIDY.sub("", unit)
        .lower()
        .replace("μ", "u")
        .replace("µ", "u")
        .replace("×", "x")
        .replace("³", "3")
        .replace("⁹", "^9")
    )


def convert(value: float, unit: str | None, quantity: str) -> float | None:
    """A value in the vocabulary's unit of a quantity, or ``None`` for a unit the table does not have.

    Args:
        quantity: cells (10*9/L), csf (/uL), percent (%), bilirubin, creatinine, glucose, triglycerides, fibrinogen
            (mg/dL), hemoglobin (g/dL), enzyme (U/L), methotrexate (umol/L), temperature (Cel), milliseconds, score.

    Raises:
        KeyError: a quantity that is not in the table.

    >>> convert(12000, "/uL", "cells")
    12.0
    """
    table = _TABLE[quantity]
    key = tidy(unit)
    factor = table.get(key)
    if factor is None:
        return None
    if quantity == "temperature":
        return value
    return round(value * factor, 9)
