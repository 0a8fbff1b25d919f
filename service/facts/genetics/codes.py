"""Codes whose meaning is a genetic finding: tests by what they look for, diagnoses by what they carry, genes, answers."""

from __future__ import annotations

from collections.abc import Mapping

# LOINC tests for one finding.
TESTS: Mapping[str, str] = {
    "51867-0": "BCR::ABL1", "21821-4": "BCR::ABL1", "21822-2": "BCR::ABL1", "21823-0": "BCR::ABL1",
    "42714-6": "BCR::ABL1", "49490-6": "BCR::ABL1", "77030-5": "TCF3::PBX1", "77039-6": "ETV6::RUNX1",
    "78219-3": "KMT2A-r", "78226-8": "KMT2A-r", "78234-2": "KMT2A-r", "77032-1": "IGH::MYC", "78220-1": "PDGFRB-r",
    "78227-6": "PDGFRB-r", "78235-9": "PDGFRB-r", "96495-7": "ABL2-r",
    "96494-0": "ABL-class",
}  # fmt: skip
# Tests for one of the two BCR::ABL1 transcripts: a negative p210 leaves p190, the usual one in ALL, and vice versa.
HALF_TESTS: Mapping[str, str] = {"21822-2": "p210", "42714-6": "p210", "49490-6": "p210", "21823-0": "p190"}
# BCR::ABL1 transcript measurements.
TRANSCRIPT_RATIOS = frozenset(
    {"21795-0", "46434-7", "75892-0", "50195-7", "52132-8", "55147-3", "82905-1", "69380-4", "74041-5"}
)
LOG_SCALES = frozenset({"50195-7", "82905-1", "74041-5"})  # here a number above zero is not "detected"
# Diagnosis codes (SNOMED CT, NCI Thesaurus, ICD-O-3 morphology) that carry a finding, and whether it is there.
SUBTYPES: Mapping[str, tuple[str, bool]] = {
    **dict.fromkeys(("425688002", "723889003", "426955004", "450950002", "C80331", "9812/3"), ("BCR::ABL1", True)),
    "714251006": ("BCR::ABL1", False),
    **dict.fromkeys(("838343008", "450956008", "C80347", "9818/3"), ("TCF3::PBX1", True)),
    **dict.fromkeys(("838340006", "450955007", "C80340", "9817/3"), ("IGH::IL3", True)),
    **dict.fromkeys(("838341005", "450951003", "C80332", "9813/3"), ("KMT2A-r", True)),
    **dict.fromkeys(("838342003", "450952005", "C80334", "9814/3"), ("ETV6::RUNX1", True)),
    **dict.fromkeys(("838344002", "450954006", "C80338", "9816/3"), ("hypodiploid", True)),
    **dict.fromkeys(("838346000", "450953000", "C80335", "9815/3"), ("high-hyperdiploid", True)),
    **dict.fromkeys(("C129787", "9819/3"), ("ph-like", True)),
    "C130039": ("iAMP21", True),
}
# Answers: LOINC answer list, SNOMED CT qualifiers, HL7 interpretation.
ANSWERS: Mapping[str, bool] = {
    "LA9633-4": True, "LA6576-8": True, "LA11882-0": True, "LA11883-8": False, "260373001": True, "10828004": True, "52101004": True, "POS": True, "DET": True,
    "LA9634-2": False, "LA6577-6": False, "260415000": False, "260385009": False, "2667000": False, "NEG": False,
    "ND": False,
}  # fmt: skip
# The German oncology data set says mutated or wild type by one letter, which means other things elsewhere (W: worse).
VARIANT_ANSWERS: Mapping[str, bool] = {"M": True, "W": False}
VARIANT_ANSWER_SYSTEM = "genetische-variante-auspraegung"
# Kinds of copy number change (LOINC answers, Sequence Ontology): whether copies are lost.
COPY_CHANGES: Mapping[str, bool] = {
    "LA14034-5": True, "SO:0001743": True, "SO:0000159": True, "LA6692-3": True, "LA14033-7": False, "SO:0001742": False,
}  # fmt: skip
# HGNC ids.
GENES: Mapping[str, str] = {
    "76": "ABL1", "77": "ABL2", "1014": "BCR", "7132": "KMT2A", "7135": "AFF1", "7134": "MLLT1", "7136": "MLLT3",
    "3495": "ETV6", "10471": "RUNX1", "11633": "TCF3", "8632": "PBX1", "4977": "HLF", "14281": "CRLF2",
    "15524": "P2RY8", "6190": "JAK1", "6192": "JAK2", "6193": "JAK3", "3416": "EPOR", "2433": "CSF1R",
    "8803": "PDGFRA", "8804": "PDGFRB", "12440": "TYK2", "13176": "IKZF1", "8619": "PAX5", "1787": "CDKN2A",
    "1788": "CDKN2B", "11998": "TP53", "7881": "NOTCH1", "16712": "FBXW7", "9588": "PTEN", "7989": "NRAS",
    "6407": "KRAS", "3765": "FLT3", "8033": "NTRK3", "6735": "LYN", "6024": "IL7R", "29605": "SH2B3", "3446": "ERG",
    "50800": "DUX4", "11955": "ZNF384", "6997": "MEF2D", "29919": "NUTM1", "12511": "UBTF", "1806": "CDX2",
    "3126": "EBF1", "1130": "BTG1", "5477": "IGH", "6011": "IL3", "7553": "MYC", "990": "BCL2", "1633": "CD19",
    "1643": "CD22", "7315": "MS4A1", "12014": "TPMT", "23063": "NUDT15", "6642": "LMO2", "11556": "TAL1",
    "5056": "TLX1", "13532": "TLX3", "11241": "SPI1", "13222": "BCL11B",
}  # fmt: skip
