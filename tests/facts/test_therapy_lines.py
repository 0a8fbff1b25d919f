"""Lines of therapy, and the regimen of the induction."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.facts.model import Interval, Reason
from service.facts.therapy.induction import recognised
from service.facts.vocabulary import VOCABULARY
from tests.facts.fhir import administration, condition, observation, procedure, request, resource, status
from tests.facts.therapy_cases import ALL, PARTIAL, RELAPSE, read

LINES = "Number of prior lines of therapy"


@pytest.mark.parametrize(
    ("resources", "lines"),
    [
        pytest.param([ALL, observation(None, "2025-05-01", text=LINES, valueInteger=3)], 3.0, id="counted"),
        pytest.param([ALL, observation(None, None, text=LINES, valueInteger=3)], None, id="undated"),
        pytest.param([ALL, observation(None, "2025-05-01", text=LINES, valueString=">2")], None, id="not a count"),
        pytest.param([ALL, status("second relapse")], Interval(low=2), id="each relapse came after a line"),
        pytest.param([condition("91857003", onsetDateTime="2025-05-20")], 0.0, id="new, nothing given"),
        pytest.param([condition("91857003", onsetDateTime="2025-05-01"), administration("vincristine", "2025-05-20")], None,
                     id="new, in treatment"),
    ],
)  # fmt: skip
def test_prior_lines(resources: list[Any], lines: object) -> None:
    assert read(*resources).value("prior_lines_count") == lines


def plan(title: str, start: str | None = None) -> Any:
    return resource("CarePlan", status="completed", title=title, period={"start": start} if start else None)


@pytest.mark.parametrize(
    ("resources", "regimen", "reason"),
    [
        pytest.param([plan("GMALL induction")], "GMALL", None, id="by the word"),
        pytest.param([plan("CALGB 10403", "2024-02-01"), plan("Hyper-CVAD", "2025-03-01")], "CALGB 10403", None, id="by date"),
        pytest.param([plan("Hyper-CVAD")], "HyperCVAD", None, id="the only one"),
        pytest.param([RELAPSE, plan("Hyper-CVAD", "2025-03-01")], None, Reason.NOT_DECIDED, id="after relapse"),
        pytest.param([plan("GMALL"), plan("POMP")], None, Reason.NOT_DECIDED, id="two"),
        pytest.param([], None, Reason.RECORD_EMPTY, id="none"),
        pytest.param([procedure("367336001", "2024-01-20", text="Chemotherapy, hyper-CVAD course A")], "HyperCVAD", None,
                     id="procedure"),
    ],
)  # fmt: skip
def test_induction_regimen(resources: list[Any], regimen: str | None, reason: Reason | None) -> None:
    fact = read(ALL, *resources)["induction_regimen"]
    assert (fact.value, fact.reason) == (regimen, reason)


@pytest.mark.parametrize(
    ("resources", "lines"),
    [
        pytest.param([ALL, status("second relapse", "2025-02-15"), administration("blinatumomab", "2025-03-20")], Interval(low=2), id="two relapses"),
        pytest.param([ALL, RELAPSE, administration("vincristine", "2024-02-01")], Interval(low=1), id="one relapse, its number not said"),
        pytest.param([ALL, RELAPSE, administration("vincristine", "2024-02-01"), administration("blinatumomab", "2025-03-20")], Interval(low=2),
                     id="treated since"),
        pytest.param([ALL, status("first relapse", "2025-02-15"), administration("vincristine", "2024-02-01")], 1.0, id="first relapse, untreated"),
        pytest.param([ALL, status("refractory disease", "2024-03-15"), status("first relapse", "2025-02-15"), administration("vincristine", "2024-02-01")],
                     Interval(low=1), id="refractory before"),
        pytest.param([ALL, status("relapse after 3 prior lines of therapy")], 3.0, id="counted in words"),
        pytest.param([ALL, status("Rezidiv nach zwei Vortherapien")], 2.0, id="counted in German"),
        pytest.param([ALL, RELAPSE, observation(None, "2024-12-01", text=LINES, valueInteger=2)], Interval(low=2), id="counted before the relapse"),
        pytest.param([ALL, status("refractory")], Interval(low=1), id="refractory to one"),
    ],
)  # fmt: skip
def test_lines_by_relapses_and_words(resources: list[Any], lines: object) -> None:
    assert read(*resources).value("prior_lines_count") == lines


def test_an_unreadable_medication_keeps_the_count_open() -> None:
    rows = [ALL, status("first relapse", "2025-02-15"), administration("vincristine", "2024-02-01")]
    nameless = resource("MedicationStatement", status="active", medicationReference={"reference": "Medication/gone"})
    assert read(*rows, nameless).value("prior_lines_count") == Interval(low=1)


@pytest.mark.parametrize(
    ("drugs", "regimen"),
    [
        ({"cyclophosphamide", "vincristine", "doxorubicin", "dexamethasone"}, "HyperCVAD"),
        ({"cyclophosphamide", "vincristine", "doxorubicin", "dexamethasone", "dasatinib", "rituximab"}, "HyperCVAD"),
        ({"cyclophosphamide", "vincristine", "doxorubicin", "dexamethasone", "pegaspargase"}, None),
        ({"cyclophosphamide", "vincristine", "dexamethasone", "methotrexate"}, "Mini-hyperCVD"),
        ({"cyclophosphamide", "vincristine", "dexamethasone"}, None),
        ({"cyclophosphamide", "vincristine", "dexamethasone", "cytarabine", "inotuzumab ozogamicin"}, "InO + mini-hyperCVD"),
        ({"cyclophosphamide", "vincristine", "dexamethasone", "cytarabine", "venetoclax"}, "Mini-hyperCVD + venetoclax"),
        ({"ponatinib", "blinatumomab", "dexamethasone"}, "TKI + blinatumomab"), ({"dasatinib", "prednisone"}, "TKI + corticosteroid"),
        ({"dasatinib"}, None), ({"vincristine", "prednisone"}, "vincristine + prednisone"), ({"vincristine", "dexamethasone"}, None),
        ({"vincristine", "prednisone", "methotrexate", "mercaptopurine"}, "POMP"),
        ({"vincristine", "daunorubicin", "prednisone", "pegaspargase", "cyclophosphamide"}, None), (set(), None),
    ],
)  # fmt: skip
def test_regimens_recognised_from_their_drugs(drugs: set[str], regimen: str | None) -> None:
    assert recognised(drugs) == regimen
    if regimen is not None:
        assert VOCABULARY.lookup("induction_regimen").canonical(regimen) == regimen


HYPER = [
    administration(drug, f"2024-01-{20 + day}")
    for day, drug in enumerate(("Cyclophosphamide", "vinCRIStine", "DOXOrubicin", "Dexamethasone"))
]


def test_the_induction_recognised_is_marked_inferred() -> None:
    fact = read(ALL, *HYPER)["induction_regimen"]
    assert fact.value == "HyperCVAD"
    assert all(p.inferred for p in fact.provenance)


@pytest.mark.parametrize(
    ("resources", "options"),
    [
        ([ALL, *HYPER], {"coverage": PARTIAL}), ([ALL, *HYPER, request("pegaspargase", "2024-02-01")], {}),
        ([ALL, *HYPER], {"as_of": date(2024, 2, 10)}), ([condition("91857003"), *HYPER], {}),
        ([ALL, *HYPER, administration("daunorubicin", "2024-02-20")], {}),
    ],
    ids=["lists in part", "a drug only ordered", "still in the first weeks", "no date of diagnosis", "another drug"],
)  # fmt: skip
def test_where_drugs_do_not_tell_the_regimen(resources: list[Any], options: dict[str, Any]) -> None:
    assert read(*resources, **options).value("induction_regimen") is None


def test_intrathecal_drugs_are_no_part_of_the_pattern() -> None:
    low = [administration(drug, "2024-01-20") for drug in ("dasatinib", "prednisone")]
    spinal = administration("methotrexate 12 mg IT", "2024-01-25")
    assert read(ALL, *low, spinal).value("induction_regimen") == "TKI + corticosteroid"
    assert read(ALL, *low, administration("methotrexate 15 mg", "2024-01-25")).value("induction_regimen") is None


@pytest.mark.parametrize(
    ("entry", "regimen"),
    [
        (procedure(text="Systemtherapie", on="2024-01-20", usedCode=[{"text": "GMALL 08/2013"}]), "GMALL"),
        (administration("vincristine", "2024-01-25", note=[{"text": "per AALL1131, VHR arm"}]), "AALL1131"),
        (administration("imatinib", "2024-01-25", note=[{"text": "EsPhALL 2017"}]), "EsPhALL"),
        (plan("AALL0622", "2024-01-20"), "AALL0622"), (plan("UKALL XII/E2993 phase I", "2024-01-20"), "MRC UKALLXII/ECOG2993"),
        (plan("GRAAPH-2005", "2024-01-20"), "GRAAPH"), (plan("Hyper-CVAD salvage", "2024-03-20"), None),
        (plan("no GMALL", "2024-01-20"), None),
    ],
)  # fmt: skip
def test_where_regimens_are_written(entry: Any, regimen: str | None) -> None:
    assert read(ALL, entry).value("induction_regimen") == regimen


def test_the_present_line_is_not_a_prior_one() -> None:
    rows = [ALL, RELAPSE, administration("vincristine", "2024-02-01")]
    over, now = administration("blinatumomab", "2025-04-01"), administration("blinatumomab", "2025-05-20")
    assert read(*rows, over).value("prior_lines_count") == Interval(low=2)
    assert read(*rows, now).value("prior_lines_count") == Interval(low=1)
    assert read(*rows, over, now).value("prior_lines_count") == Interval(low=1)
