"""State, numbers, site and phase in words."""

from __future__ import annotations

import pytest

from service.facts.course.phase_text import phase_in
from service.facts.course.site_text import relapse_site_in
from service.facts.course.state_text import state_in
from service.facts.course.text import relapse_number_in, remission_number_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALL in first complete remission", "in-remission"), ("B-ALL, in CR2 after relapse", "in-remission"),
        ("pre-B ŪLL, SRG, CNS1, REMISIJA", "in-remission"), ("zweite Remission nach Rezidiv", "in-remission"),
        ("ALL not having achieved remission", None), ("ohne Angabe einer kompletten Remission", None),
        ("partial remission", None), ("Teilremission", None), ("remission induction", None), ("Remissionsinduktion", None),
        ("first relapse", "relapsed"), ("relapsed after CR1", "relapsed"), ("1. Rezidiv", "relapsed"),
        ("relapsed/refractory B-ALL", "relapsed"), ("no evidence of relapse", None), ("relapse-free", None),
        ("rezidivfrei", None), ("high risk of relapse", None), ("history of relapse", None), ("possible relapse", None),
        ("post-HCT relapse", "relapsed"), ("second CR, relapse 2022", "in-remission"), ("relapse, in remission", None),
        ("primary refractory", "refractory"), ("refraktär auf Induktion", "refractory"), ("relapse, refractory", "relapsed"),
        ("newly diagnosed", "new-diagnosis"), ("Erstdiagnose", "new-diagnosis"), ("de novo ALL in CR1", "in-remission"),
        ("improved", None), ("stable", None), ("", None),
    ],
)  # fmt: skip
def test_state_in_words(text: str, expected: str | None) -> None:
    assert state_in(text) == expected


@pytest.mark.parametrize(
    ("text", "relapse", "remission"),
    [
        ("first relapse", 1, None), ("2nd marrow relapse", 2, None), ("Zweitrezidiv", 2, None), ("1. Rezidiv", 1, None),
        ("relapse #3", 3, None), ("CR2", None, 2), ("CR-2", None, 2), ("second complete remission", None, 2),
        ("in zweiter Remission", None, 2), ("first relapse, now second remission", 1, 2), ("relapse", None, None),
        ("first diagnosed 2019, relapse 2021", None, None), ("first remission, relapse", None, 1), ("no second relapse", None, None), ("Z.n. 2 Rezidiven", 2, None), ("s/p second relapse", 2, None),
        ("three prior relapses", 3, None), ("relapse x2", 2, None), ("relapse, second", 2, None), ("CR II", None, 2), ("KR2", None, 2), ("2 relapse-free years", None, None),
    ],
)  # fmt: skip
def test_numbers_in_words(text: str, relapse: int | None, remission: int | None) -> None:
    assert (relapse_number_in(text), remission_number_in(text)) == (relapse, remission)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("isolated CNS relapse", "isolated-CNS"), ("isoliertes ZNS-Rezidiv", "isolated-CNS"),
        ("isolated testicular relapse", "isolated-testicular"), ("isolated bone marrow relapse", "isolated-marrow"),
        ("isolated extramedullary relapse", "isolated-extramedullary"), ("combined relapse", "combined"),
        ("relapse in marrow and CNS", "combined"), ("kombiniertes Rezidiv (KM, ZNS)", "combined"),
        ("CNS relapse", None), ("marrow relapse", None), ("isolated marrow relapse, CNS negative", "isolated-marrow"),
        ("isolated mediastinal and testicular relapse", "isolated-extramedullary"), ("relapse", None),
    ],
)  # fmt: skip
def test_site_in_words(text: str, expected: str | None) -> None:
    assert relapse_site_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Induction", "induction"), ("Induktion I", "induction"), ("end of induction", "end-of-induction"),
        ("Post-induction", "end-of-induction"), ("Reinduction block", "reinduction"), ("end of reinduction", "end-of-reinduction"),
        ("Konsolidierung", "consolidation"), ("end of consolidation", "end-of-consolidation"),
        ("Delayed intensification", "intensification"), ("Interim maintenance", "interim maintenance"), ("Maintenance cycle 3", "maintenance"),
        ("Erhaltungstherapie", "maintenance"), ("Nachsorge", "surveillance"), ("Post-transplant care", "post-hct"),
        ("Induction and consolidation", None), ("remission", None),
    ],
)  # fmt: skip
def test_phase_in_words(text: str, expected: str | None) -> None:
    assert phase_in(text) == expected
