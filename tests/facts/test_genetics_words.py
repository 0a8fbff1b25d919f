"""How laboratories word a genetic finding: lists, cut-offs, signs, shares of nuclei, old and new symbols."""

from __future__ import annotations

import time

import pytest

from service.facts.genetics.abl1_report import read_report
from service.facts.genetics.judge import polarity
from service.facts.genetics.names import fusion_of_text
from service.facts.genetics.text import findings_in


def said(text, **more):
    return {one.token: one.present for one in findings_in(text, **more)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FISH: BCR/ABL1 negative; ETV6/RUNX1 positive (85%); KMT2A negative",
         {"BCR::ABL1": False, "ETV6::RUNX1": True, "KMT2A-r": False}),
        ("kein Nachweis einer BCR::ABL1-Fusion, kein Nachweis einer KMT2A-Umlagerung, Nachweis von ETV6::RUNX1 in 78 % der Kerne",
         {"BCR::ABL1": False, "KMT2A-r": False, "ETV6::RUNX1": True}),
        ("nicht nachweisbar: BCR::ABL1, ETV6::RUNX1, TCF3::PBX1",
         {"BCR::ABL1": False, "ETV6::RUNX1": False, "TCF3::PBX1": False}),
        ("BCR::ABL1, ETV6::RUNX1 und KMT2A::AFF1 nicht nachweisbar",
         {"BCR::ABL1": False, "ETV6::RUNX1": False, "KMT2A::AFF1": False}),
        ("Probes: BCR/ABL1, ETV6/RUNX1. Result: normal signal pattern for all probes",
         {"BCR::ABL1": False, "ETV6::RUNX1": False}),
        ("Sonden: BCR/ABL1, ETV6/RUNX1. Ergebnis: ausstehend", {}),
        ("BCR::ABL1 rearrangement: Negative KMT2A rearrangement: Positive", {"BCR::ABL1": False, "KMT2A-r": True}),
        ("Fusionstranskripte BCR::ABL1, TCF3::PBX1 und KMT2A::AFF1 nicht nachweisbar",
         {"BCR::ABL1": False, "TCF3::PBX1": False, "KMT2A::AFF1": False}),
        ("MLPA: heterozygote Deletion IKZF1 (Exon 4-7), CDKN2A/B homozygot deletiert, PAX5 normal", {"IKZF1-del": True}),
        ("MLPA: no deletions in IKZF1, CDKN2A/B, PAX5", {"IKZF1-del": False}),
        ("Deletion 9p21 (CDKN2A), IKZF1 intakt", {"IKZF1-del": False}),
        ("ETV6::RUNX1 fusion in 88% of nuclei. BCR::ABL1 and KMT2A probes showed normal signal patterns.",
         {"ETV6::RUNX1": True, "BCR::ABL1": False, "KMT2A-r": False}),
        ("No evidence of MYC, IGH::MYC or BCL2 rearrangement", {"IGH::MYC": False}),
        ("IKZF1 deletion, BCR::ABL1 negative", {"IKZF1-del": True, "BCR::ABL1": False}),
    ],
)  # fmt: skip
def test_each_finding_of_a_list_keeps_its_own_result(text, found):
    assert said(text) == found


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("BCR/ABL1-Fusion in 85% der Kerne", True),
        ("BCR::ABL1-Fusion in 0 % der Zellkerne", False),
        ("BCR::ABL1 in 180 of 200 nuclei", True),
        ("BCR::ABL1: 0/200 nuclei", False),
        ("BCR::ABL1 negative in 200/200 nuclei", False),
        ("BCR::ABL1 was detected in 0.5% of nuclei, which is below the cutoff of 1%", False),
        ("BCR::ABL1: below cutoff (1.2 %, cutoff 2 %)", False),
        ("BCR::ABL1: 2 % (cut-off 2 %)", True),
        ("BCR::ABL1: 1.9 % (cut-off 2 %)", False),
        ("BCR::ABL1 im Grenzbereich", None),
        ("BCR::ABL1 im Grenzbereich (3,5 %, Cutoff 3 %)", None),
        ("BCR::ABL1 not tested", None),
        ("BCR::ABL1 nicht untersucht", None),
        ("BCR::ABL1 status unknown", None),
        ("BCR::ABL1?", None),
        ("?t(9;22)", None),
        ("suggestive of BCR::ABL1", None),
        ("Indication: rule out BCR::ABL1", None),
        ("BCR::ABL1: 5 of 200 nuclei (2.5 %), cut-off 3 %", False),
        ("BCR::ABL1: 12/200 (6 %), cut-off 3 %", True),
        ("BCR/ABL1: 2R2G (100%)", False),
        ("BCR/ABL1: 1R1G2F (90%)", True),
        ("Es zeigt sich kein Anhalt für eine BCR-ABL1-Translokation", False),
        ("Hinweise auf eine BCR/ABL1-Fusion fanden sich nicht", False),
        ("BCR-ABL1 (-)", False),
        ("BCR-ABL1: +", True),
        ("Ph(-)", False),
        ("Ph (+) ALL", True),
        ("Ph-Chromosom: ja", True),
        ("Ph-Chromosom: nein", False),
        ("Nachweis von BCR-ABL1: negativ", False),
        ("e1a2 transcript detected", True),
        ("b3a2 positive", True),
        ("BCR-ABL1 p210 negative, p190 positive", True),
        ("BCR exon 13::ABL1 exon 2 fusion detected", True),
        ("BCR(e1)::ABL1(e2) detected", True),
        ("BCR and ABL1 fusion signals in 80 % of nuclei", True),
        ("The BCR::ABL1 probe gave a normal pattern", False),
    ],
)  # fmt: skip
def test_bcr_abl1_in_the_words_of_reports(text, present):
    assert said(text) == {"BCR::ABL1": present}


@pytest.mark.parametrize(
    "text",
    [
        "t(9;22) in der Anamnese der Mutter",
        "The assay detects BCR::ABL1 and 27 other transcripts",
        "No BCR::ABL1 kinase domain mutation detected",
        "BCR-ABL1: keine Resistenzmutation",
        "MLL-PTD negative",
        "KMT2A: no mutation",
        "CDKN2A/B deletion",
        "JAK1, JAK2, JAK3 wild type",
        "IKZF1 wild type",
        "lymphoblasts with stable morphology, unremarkable",
    ],
)
def test_what_is_no_finding(text):
    assert said(text, probed=False) == {}


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("TEL-AML1", "ETV6::RUNX1"), ("MLL-AF4", "KMT2A::AFF1"), ("E2A-PBX1", "TCF3::PBX1"), ("IGH-CRLF2", "IGH::CRLF2"),
        ("P2RY8-CRLF2", "P2RY8::CRLF2"), ("EBF1-PDGFRB", "EBF1::PDGFRB"), ("ETV6-ABL1", "ETV6::ABL1"),
        ("NUP214/ABL1", "NUP214::ABL1"), ("PAX5-JAK2", "PAX5::JAK2"), ("BCR-JAK2", "BCR::JAK2"), ("RCSD1-ABL1", "RCSD1::ABL1"),
        ("ETV6-NTRK3", "ETV6::NTRK3"), ("EP300-ZNF384", "EP300::ZNF384"), ("MEF2D-BCL9", "MEF2D::BCL9"), ("SIL-TAL1", "STIL::TAL1"),
        ("CALM-AF10", "PICALM::MLLT10"), ("DUX4-IGH", "IGH::DUX4"), ("RUNX1-ETV6", "ETV6::RUNX1"), ("SET-NUP214", "SET::NUP214"),
        ("SFPQ::NEW1", "SFPQ::NEW1"), ("DUX4 rearrangement", "DUX4-r"), ("ZNF384-r", "ZNF384-r"), ("NUTM1 rearrangement", "NUTM1-r"),
        ("PDGFRB break-apart", "PDGFRB-r"), ("rearrangement of KMT2A", "KMT2A-r"), ("t(v;11q23)", "KMT2A-r"),
        ("IKZF1plus", "IKZF1-del"), ("ABL-class fusion", "ABL-class"), ("t(17;19)", "TCF3::HLF"),
    ],
)  # fmt: skip
def test_names_old_and_new(text, token):
    assert said(f"{text} detected")[token] is True
    assert said(f"kein Nachweis: {text}")[token] is False
    assert said(f"FISH: {text} not detected.")[token] is False


def test_a_fusion_is_not_also_an_unpartnered_rearrangement():
    assert said("IGH::CRLF2 rearrangement not detected") == {"IGH::CRLF2": False}


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("iAMP21 detected: 6 RUNX1 signals per nucleus", True),
        (">=5 RUNX1 signals per cell on a single abnormal chromosome 21", True),
        ("nuclei with 7-10 RUNX1 signals", True),
        ("RUNX1: 4 signals", None),
        ("RUNX1: 3 signals (trisomy 21)", False),
        ("no amplification of RUNX1", False),
    ],
)
def test_iamp21_by_counted_signals(text, present):
    assert said(text, probed=True) == {"iAMP21": present}


def test_counts_and_bare_genes_speak_only_in_fish():
    assert said("RUNX1 (6 copies by array)") == {}
    assert said("KMT2A unauffällig") == {}
    assert said("KMT2A unauffällig", probed=True) == {"KMT2A-r": False}


@pytest.mark.parametrize(
    ("text", "answer"),
    [("no other fusion", None), ("normal pattern was seen", "no"), ("not detected", "no"), ("failed", "open"), ("12 %", "yes"), ("", None)],
)  # fmt: skip
def test_polarity_of_words(text, answer):
    assert polarity(text) == answer


def test_symbols_of_today():
    assert fusion_of_text("ABL1-BCR") == "BCR::ABL1"
    assert fusion_of_text("MLL/ENL") == "KMT2A::MLLT1"


@pytest.mark.parametrize(
    "unit", ["KMT2A, BCR::ABL1, ", "IKZF1 KMT2A RUNX1 ", "ABL1 T315I, ", "KMT2A (", "RUNX1 5 ", "BCR(e1)"]
)
def test_a_text_without_end_is_read_in_time(unit):
    text = unit * (8000 // len(unit))
    started = time.process_time()
    findings_in(text, probed=True)
    read_report(text, is_test=True)
    assert time.process_time() - started < 5
