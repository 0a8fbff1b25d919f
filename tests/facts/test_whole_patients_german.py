"""Whole charts as German-speaking hospitals keep them: terse report names, letters and tumor boards, denials everywhere."""

from __future__ import annotations

import pytest

from service.facts.model import Interval, TokenSet
from service.facts.response.marrow import read_blasts
from tests.facts.fhir import GM, Json, administration, concept, condition, observation, patient, procedure, resource
from tests.facts.support import facts_of

OBDS = (
    "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-verlauf-gesamtbeurteilung"
)


def report(name: str, conclusion: str, on: str) -> Json:
    return resource(
        "DiagnosticReport", status="final", code={"text": name}, effectiveDateTime=on, conclusion=conclusion
    )


def leukemia(text: str, recorded: str, code: str = "C91.00") -> Json:
    return condition(code, GM, text, recordedDate=recorded)


def test_the_workup_of_a_child_is_full_of_denials() -> None:
    facts = facts_of(
        patient("2013-04-04", gender="male"),
        leukemia("T-ALL, ED 05/2025", "2025-05-10"),
        report("Röntgen Thorax", "Mediastinum nicht verbreitert. Keine Infiltrate.", "2025-05-12"),
        report("MRT Schädel", "ZNS-Bildgebung ohne Befall. Leukenzephalopathie nicht nachweisbar.", "2025-05-13"),
        report("Körperliche Untersuchung", "Hoden bds. palpatorisch unauffällig.", "2025-05-13"),
        report("Liquorbefund", "Liquor: 1 Leukozyt/µl, 0 Erythrozyten/µl, zytologisch keine Blasten.", "2025-05-13"),
        report("FISH", "Kein KMT2A-Bruch. Keine BCR::ABL1-Fusion.", "2025-05-14"),
        observation("x", "2025-05-14", "urn:local", "Anti-HBc", valueString="nicht reaktiv"),
        observation("y", "2025-05-14", "urn:local", "HBs-Antigen", valueString="negativ"),
    )
    assert (facts.value("mediastinal_mass"), facts.value("testicular_disease")) == (False, False)
    assert (facts.value("cns_status"), facts.value("csf_blasts")) == ("CNS-1", False)
    sites = facts.value("extramedullary_sites")
    assert isinstance(sites, TokenSet)
    assert not sites.members
    assert facts.value("extramedullary_disease") is not True
    assert (facts.value("kmt2a"), facts.value("ph_status")) == (False, "negative")
    assert facts.value("hbv_serology_positive") is False


def test_a_tumor_board_tells_of_today_and_its_advice_does_not() -> None:
    board = "Patientin in 1. CR, MRD positiv. Empfehlung: Blinatumomab, danach allogene SZT. Bei Rezidiv CAR-T-Zellen."
    facts = facts_of(
        patient(),
        leukemia("c-ALL", "2025-01-10"),
        report("Tumorboard-Beschluss", board, "2025-05-10"),
        administration("Vincristin", "2025-01-15"),
    )
    assert (facts.value("disease_state"), facts.value("response")) == ("in-remission", "CR")
    assert facts.value("prior_blinatumomab") is False
    assert facts.value("prior_cart") is False


@pytest.mark.parametrize(
    "text",
    [
        "V.a. Rezidiv. Bei Bestätigung des Rezidivs allogene SZT geplant.",
        "Fragestellung: Rezidiv?",
        "Kein Rezidivverdacht. Bruder: ALL-Rezidiv 2019.",
        "Procedere: im Falle eines erneuten Rezidivs Inotuzumab.",
    ],
)
def test_a_relapse_feared_or_planned_for_is_none(text: str) -> None:
    facts = facts_of(patient(), leukemia("B-ALL", "2022-01-01"), report("Tumorkonferenz", text, "2025-05-20"))
    assert facts.value("disease_state") != "relapsed"


def test_a_remission_after_the_dated_relapse_of_the_problem_list() -> None:
    letter = (
        "Diagnosen: B-ALL, ED 03/2021. 1. Rezidiv 08/2021, allogene KMT 02/2022. 2. Rezidiv 11/2024. Aktuell 3. komplette "
        "Remission, MRD-negativ (Durchflusszytometrie, KM, Sensitivität 1E-04)."
    )
    facts = facts_of(
        patient("2000-12-12"),
        leukemia("B-ALL, 2. Rezidiv 11/2024", "2021-03-01"),
        procedure(None, "2022-02-02", text="Allogene KMT vom Geschwisterspender"),
        report("Entlassungsbrief", letter, "2025-05-03"),
    )
    assert (facts.value("disease_state"), facts.value("remission_number")) == ("in-remission", 3)
    assert facts.value("relapse_number") == 2
    assert facts.value("marrow_relapse") is None, "the marrow is named as the sample, not as the site"


def test_a_marrow_report_may_add_what_the_fluid_showed() -> None:
    facts = facts_of(
        patient(),
        leukemia("pB-ALL", "2024-01-10"),
        report("Knochenmarkbefund", "Rezidiv mit 64% Blasteninfiltration. Liquor ohne Befall.", "2025-05-20"),
        observation("396432002", "2025-05-20", "http://snomed.info/sct", valueCodeableConcept=concept("Y", OBDS)),
    )
    assert (facts.value("marrow_blasts_percent"), facts.value("disease_state")) == (64, "relapsed")
    assert facts.value("lineage") == "B"
    assert facts.value("extramedullary_disease") is not True


@pytest.mark.parametrize(
    "name", ["Knochenmark", "Verlaufs-KMP", "Zytomorphologie Knochenmark", "Beckenkammstanze", "KM-Kontrolle"]
)
def test_names_of_marrow_reports(name: str) -> None:
    facts = facts_of(patient(), leukemia("c-ALL", "2025-01-10"), report(name, "Blasten 2 %.", "2025-05-20"))
    assert facts.value("marrow_blasts_percent") == 2
    assert read_blasts("Blasten unter 5%") == Interval(0, 5, high_open=True)


@pytest.mark.parametrize("name", ["FCM", "FACS-Analyse Knochenmark", "Immuntypisierung"])
def test_names_of_flow_reports(name: str) -> None:
    words = "85 % T-lymphatische Blasten mit Expression von zyCD3, CD7, CD2, CD1a, CD4 und CD8. Kein Nachweis von CD34."
    flow = observation(None, "2025-05-12", text=name, valueString=words)
    facts = facts_of(patient(), leukemia("Akute lymphatische Leukämie", "2025-05-10"), flow)
    assert (facts.value("marker_cCD3"), facts.value("marker_CD34")) == ("positive", "negative")
    assert facts.value("lineage") == "T"


def test_a_time_point_by_number_and_by_day() -> None:
    mrd = report("MRD TP1", "PCR-MRD Tag 33 (TP1): 4x10E-4, KM", "2025-02-13")
    facts = facts_of(patient(), leukemia("c-ALL", "2025-01-10"), mrd)
    assert facts.value("mrd_day33") == facts.value("mrd_fraction_end_of_induction") == 0.0004


def test_drugs_of_a_relapse_say_nothing_of_the_induction() -> None:
    facts = facts_of(
        patient(), leukemia("c-ALL, 1. Rezidiv 08/2024", "2023-04-01"), administration("Besponsa", "2024-09-01")
    )
    assert facts.value("prior_inotuzumab") is True
    assert facts.value("induction_tki") is None


def test_the_tumor_board_of_another_cancer_tells_nothing_of_the_leukemia() -> None:
    board = "Lokalrezidiv des Mammakarzinoms rechts 03/2025."
    facts = facts_of(patient(), leukemia("c-ALL", "2025-01-10"), report("Tumorkonferenz", board, "2025-05-05"))
    assert facts.value("disease_state") != "relapsed"


def test_the_newest_fluid_decides() -> None:
    facts = facts_of(
        patient(),
        leukemia("T-ALL", "2024-12-01"),
        report("Liquordiagnostik", "Bei Erstdiagnose ZNS3 (Zellzahl 45/µl, Blasten positiv).", "2024-12-02"),
        report("Liquordiagnostik", "Zellzahl 0/µl, zytologisch kein Blastennachweis mehr", "2025-05-02"),
    )
    assert (facts.value("cns_status"), facts.value("csf_blasts")) == ("CNS-1", False)
    assert facts.value("cns_status_at_diagnosis") == "CNS-3"
