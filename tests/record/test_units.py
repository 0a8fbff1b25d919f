"""Units: spellings met in laboratories, and that nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.record.units import convert, tidy

QUANTITIES = (
    "cells", "csf", "percent", "fraction", "bilirubin", "creatinine", "glucose", "triglycerides", "fibrinogen",
    "hemoglobin", "enzyme", "gfr", "hcg", "methotrexate", "temperature", "milliseconds", "weight", "score",
)  # fmt: skip


@pytest.mark.parametrize(
    "unit",
    [
        "10*9/L", "10^9/L", "x10^9/L", "x 10^9/L", "x10E9/L", "10E9/L", "10e9/l", "10**9/L", "x10(9)/L", "10x9/L", "10⁹/L",
        "×10⁹/L", "10 9/L", "G/L", "Gpt/L", "giga/L", "10*3/uL", "10^3/µL", "10^3/μL", "10³/µL", "x10³/mm³", "x10E3/uL",
        "10*3/mm3", "K/uL", "K/µL", "K/cumm", "K/mcL", "Tsd/µl", "tsd/ul", "Tsd./µl", "thou/mcL", "Thousand/uL", "/nL",
        "E9/L", "10*3/uL{cells}", "10*9/litre", "10.e3/uL", "10 exp 9/L", "10\\S\\3/uL", "10^3 cells/uL", "K/mm3", "thou/mm3", "Mrd/l",
        "10*6/mL", "Tausend/µl",
    ],
)  # fmt: skip
def test_counts_in_thousands(unit: str) -> None:
    assert convert(4.2, unit, "cells") == 4.2


@pytest.mark.parametrize(
    "unit", ["/uL", "{cells}/uL", "cells/mcL", "cells/uL", "/mm3", "/mm³", "/cumm", "10*6/L", "Mpt/L", "{#}/uL", "1/uL"]
)
def test_counts_in_ones(unit: str) -> None:
    assert convert(4200, unit, "cells") == 4.2
    assert convert(7, unit, "csf") == 7


@pytest.mark.parametrize(
    ("value", "unit", "quantity", "found"),
    [
        pytest.param(4.2e9, "/L", "cells", 4.2, id="cells per litre"),
        pytest.param(15, "/3", "csf", 5, id="Fuchs-Rosenthal chamber"),
        pytest.param(0.005, "10*9/L", "csf", 5, id="CSF in 10*9"),
        pytest.param(62, "%", "percent", 62, id="percent"),
        pytest.param(62, "% of nucleated cells", "percent", 62, id="percent of"),
        pytest.param(62, "%{WBC}", "percent", 62, id="annotated percent"),
        pytest.param(62, "/100{WBC}", "percent", 62, id="per 100 cells"),
        pytest.param(0.62, "1", "percent", 62, id="UCUM one"),
        pytest.param(2, "10*-4", "fraction", 2e-4, id="ten to the minus four"),
        pytest.param(2, "x10^-4", "fraction", 2e-4, id="its other spelling"),
        pytest.param(2, "10⁻⁴", "fraction", 2e-4, id="its typographic spelling"),
        pytest.param(0.02, "%", "fraction", 2e-4, id="percent as fraction"),
        pytest.param(12, "[ppm]", "fraction", 1.2e-5, id="per million"),
        pytest.param(17.104, "umol/L", "bilirubin", 1, id="bilirubin"),
        pytest.param(51.312, "µmol/l", "bilirubin", 3, id="bilirubin exactly at a limit"),
        pytest.param(88.42, "mcmol/L", "creatinine", 1, id="creatinine"),
        pytest.param(10, "mmol/L", "glucose", 180.16, id="glucose"),
        pytest.param(1, "g/L", "glucose", 100, id="glucose in grams"),
        pytest.param(10, "mmol/L", "triglycerides", 885.7, id="triglycerides"),
        pytest.param(1.5, "g/L", "fibrinogen", 150, id="fibrinogen"),
        pytest.param(100, "g/L", "hemoglobin", 10, id="hemoglobin"),
        pytest.param(10, "gm/dL", "hemoglobin", 10, id="hemoglobin in gm"),
        pytest.param(6.2, "mmol/L", "hemoglobin", 9.99068, id="hemoglobin in mmol"),
        pytest.param(1, "ukat/L", "enzyme", 60, id="katal"),
        pytest.param(1, "µkat/L", "enzyme", 60, id="katal with a micro sign"),
        pytest.param(250, "[iU]/L", "enzyme", 250, id="international units"),
        pytest.param(1, "ug/mL", "methotrexate", 2.2005, id="methotrexate by mass"),
        pytest.param(1, "mcg/mL", "methotrexate", 2.2005, id="methotrexate by mass, US"),
        pytest.param(50, "nmol/L", "methotrexate", 0.05, id="methotrexate in nmol"),
        pytest.param(0.1, "µM", "methotrexate", 0.1, id="methotrexate, molar"),
        pytest.param(38.5, "Cel", "temperature", 38.5, id="Celsius"),
        pytest.param(101.3, "[degF]", "temperature", 38.5, id="Fahrenheit"),
        pytest.param(0.48, "s", "milliseconds", 480, id="seconds"),
        pytest.param(45, "ml/min/1,73m²", "gfr", 45, id="German filtration rate"),
        pytest.param(1, "mL/s", "gfr", 60, id="clearance by the second"),
        pytest.param(1, "mg%", "bilirubin", 1, id="mg percent"),
        pytest.param(1, "mg/100 mL", "bilirubin", 1, id="per 100 mL"),
        pytest.param(17.104, "Âµmol/L", "bilirubin", 1, id="broken micro sign"),
        pytest.param(90, "nkat/L", "enzyme", 5.4, id="nanokatal"),
        pytest.param(30, "IE/l", "enzyme", 30, id="German international units"),
        pytest.param(38.5, "Grad C", "temperature", 38.5, id="German degrees"),
        pytest.param(1, "umol/L", "fibrinogen", 34, id="fibrinogen in umol"),
        pytest.param(10, "[lb_av]", "weight", 4.5359237, id="pounds"),
        pytest.param(2, None, "score", 2, id="a score has no unit"),
        pytest.param(2, "{score}", "score", 2, id="annotated score"),
    ],
)
def test_conversion(value: float, unit: str | None, quantity: str, found: float) -> None:
    assert convert(value, unit, quantity) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize(
    ("unit", "quantity"),
    [
        pytest.param(None, "cells", id="no unit"),
        pytest.param("", "percent", id="empty unit"),
        pytest.param("10*6/uL", "cells", id="red cells"),
        pytest.param("10*12/L", "cells", id="red cells per litre"),
        pytest.param("mg/dL", "cells", id="another dimension"),
        pytest.param("{copies}", "cells", id="only an annotation"),
        pytest.param("{cells}", "fraction", id="cells of what"),
        pytest.param("% (IS)", "percent", id="a transcript ratio"),
        pytest.param("10*9/L", "percent", id="count for percent"),
        pytest.param("U/mL", "enzyme", id="per millilitre"),
        pytest.param("K", "temperature", id="Kelvin"),
        pytest.param("%", "score", id="percent for a score"),
    ],
)
def test_what_is_not_certain_is_not_converted(unit: str | None, quantity: str) -> None:
    assert convert(1.0, unit, quantity) is None


def test_an_unknown_quantity_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        convert(1, "%", "happiness")


def test_limits_stay_limits() -> None:
    assert convert(1000, "/uL", "cells") == 1.0
    assert convert(100000, "/uL", "cells") == 100.0
    assert convert(0.1, "mg/L", "methotrexate") == 0.22005


@given(st.text(max_size=12), st.sampled_from(QUANTITIES), st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_any_unit_converts_or_does_not(unit: str, quantity: str, value: float) -> None:
    found = convert(value, unit, quantity)
    assert found is None or isinstance(found, float)
    assert tidy(tidy(unit)) == tidy(unit)
