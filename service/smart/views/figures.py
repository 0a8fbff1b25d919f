"""Very small and very large numbers as people read them."""

from __future__ import annotations

import math
from decimal import Decimal

from service.smart.words import Language

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def figures(value: float, language: Language) -> str:
    """A number with three significant digits and the decimal sign of the language, never with an exponent.

    >>> figures(0.00012345, Language("de"))
    '0,000123'
    """
    rounded = Decimal(f"{value:.3g}")
    text = f"{rounded.normalize():f}" if rounded else "0"
    return text.replace(".", language.number(0.5)[1])


def power(value: float, language: Language) -> str:
    """A fraction as a power of ten, with a factor where it is none.

    >>> power(0.0001, Language("en")), power(0.00025, Language("de"))
    ('10⁻⁴', '2,5 × 10⁻⁴')
    """
    if value <= 0:
        return "0"
    exponent = math.floor(math.log10(value) + 1e-9)
    factor = value / 10**exponent
    raised = f"10{str(exponent).translate(_RAISED)}"
    said = f"{factor:.2g}".replace(".", language.number(0.5)[1])
    return raised if said == "1" else f"{said} × {raised}"
