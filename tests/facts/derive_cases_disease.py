"""What follows about age, disease and risk: fact, what is stated, value (``None``: unknown)."""

from __future__ import annotations

import math

from service.facts.model import Interval, TokenSet, Value

Case = tuple[str, dict[str, object], Value | None]


def tokens(*names: str, complete: bool = True, no: tuple[str, ...] = ()) -> TokenSet:
    return TokenSet(frozenset(names), complete, frozenset(no))


INFANT: dict[str, object] = {"age_months_at_diagnosis": 5, "fusions": ["KMT2A::AFF1"], "wbc_at_diagnosis": 299}
ETP: dict[str, object] = {
    "lineage": "T", "marker_CD1a": "negative", "marker_CD8": "negative", "cd5_percent": 74,
    "etp_myeloid_stem_marker_max_percent": 25,
}  # fmt: skip

AGES: list[Case] = [
    ("is_adult", {"age_years": 18}, True),
    ("is_adult", {"age_years": 17.9}, False),
    ("is_adult", {"age_months": 216}, True),
    ("is_adult", {"age_months": 215}, False),
    ("is_adult", {"age_years": ">=17"}, None),
    ("is_adult", {}, None),
    ("age_group", {"age_months": 11}, "infant"),
    ("age_group", {"age_months": "<12"}, "infant"),
    ("age_group", {"age_months": "<=12"}, None),
    ("age_group", {"age_years": 1}, "child"),
    ("age_group", {"age_years": 14}, "child"),
    ("age_group", {"age_years": 15}, "AYA"),
    ("age_group", {"age_years": 39}, "AYA"),
    ("age_group", {"age_years": 40}, "adult"),
    ("age_group", {"age_years": 64}, "adult"),
    ("age_group", {"age_years": 65}, "older"),
    ("age_group", {"age_years": ">=65"}, "older"),
    ("age_years", {"age_months": 23}, 1.0),
    ("age_years", {"age_months": ">=24"}, Interval(2, math.inf)),
    ("age_months", {"age_years": 2}, Interval(24, 36, high_open=True)),
    ("age_months", {"age_years": "<18"}, Interval(0, 216, high_open=True)),
    ("age_at_diagnosis_years", {"age_months_at_diagnosis": 119}, 9.0),
    ("age_months_at_diagnosis", {"age_at_diagnosis_years": 0}, Interval(0, 12, high_open=True)),
    ("age_months_at_diagnosis", {"age_months": 30, "months_diagnosis": 20}, Interval(9, 10)),
    ("age_months_at_diagnosis", {"age_months": 8, "months_diagnosis": 9}, 0.0),
    ("age_months_at_diagnosis", {"age_months": 30, "disease_state": "new-diagnosis"}, Interval(18, 30)),
    ("age_months_at_diagnosis", {"age_months": 14, "disease_state": "new-diagnosis"}, Interval(2, 14)),
    ("age_months_at_diagnosis", {"age_months": 11}, Interval(0, 11)),
    ("age_months_at_diagnosis", {"age_months": 12}, None),
    ("age_months_at_diagnosis", {}, None),
]
DISEASE: list[Case] = [
    ("jurisdiction", {}, "US"),
    ("care_setting", {}, None),
    ("burkitt_or_mature_b", {"diagnosis": "mature-B"}, True),
    ("burkitt_or_mature_b", {"lineage": "mature-B"}, True),
    ("burkitt_or_mature_b", {"diagnosis": "ALL", "lineage": "B"}, False),
    ("burkitt_or_mature_b", {"diagnosis": "ALL"}, None),
    ("lineage", {"diagnosis": "mature-B"}, "mature-B"),
    ("lineage", {"diagnosis": "MPAL"}, "mixed"),
    ("lineage", {"diagnosis": "ALL"}, None),
    ("malignancy_myeloid", {"diagnosis": "ALL"}, False),
    ("malignancy_myeloid", {"diagnosis": "BP-CML"}, True),
    ("malignancy_myeloid", {"diagnosis": "MPAL"}, None),
    ("ph_status", {"fusions": ["BCR::ABL1"]}, "positive"),
    ("ph_status", {"fusions": ["ETV6::RUNX1"]}, None),
    ("ph_status", {"fusions": []}, None),
    ("fusions", {"ph_status": "positive"}, tokens("BCR::ABL1", complete=False)),
    ("fusions", {"t_4_11": True, "ph_status": "negative"},
     tokens("KMT2A::AFF1", "KMT2A-r", complete=False, no=("BCR::ABL1",))),
    ("fusions", {"tcf3_hlf": False}, tokens(complete=False, no=("TCF3::HLF",))),
    ("fusions", {}, None),
    ("kmt2a", {"fusions": ["KMT2A::AFF1"]}, True),
    ("kmt2a", {"fusions": ["KMT2A::NEW1"]}, True),
    ("kmt2a", {"fusions": []}, False),
    ("kmt2a", {"t_4_11": True}, True),
    ("kmt2a", {"ph_status": "negative"}, None),
    ("t_4_11", {"kmt2a": False}, False),
    ("t_4_11", {"kmt2a": True}, None),
    ("t_4_11", {"fusions": ["KMT2A-r"]}, False),
    ("tcf3_hlf", {"fusions": ["TCF3::HLF"]}, True),
    ("abl1_mutation_tested", {"abl1_mutations": []}, True),
    ("abl1_mutation_tested", {}, None),
    ("abl1_mutations_count", {"abl1_mutations": ["T315I", "E255K"]}, 2.0),
    ("abl1_mutations", {"abl1_mutations_count": 0}, tokens()),
    ("abl1_mutations", {"abl1_mutations_count": 1}, None),
    ("complex_karyotype", {"chromosomal_abnormality_count": 5}, True),
    ("complex_karyotype", {"chromosomal_abnormality_count": 4}, False),
    ("complex_karyotype", {"chromosomal_abnormality_count": ">=3"}, None),
    ("cd20", {"cd20_percent_blasts": 20}, "negative"),
    ("cd20", {"cd20_percent_blasts": 20.1}, "positive"),
    ("cd19", {"marker_CD19": "negative"}, "negative"),
    ("marker_CD22", {"cd22": "positive"}, "positive"),
    ("cd19", {"marker_CD22": "positive"}, None),
    ("myeloid_markers", {"marker_CD13": "positive", "marker_CD33": "negative"},
     tokens("CD13", complete=False, no=("CD33",))),
    ("myeloid_markers", {"marker_CD19": "positive"}, None),
    ("etp_phenotype", ETP, True),
    ("etp_phenotype", {**ETP, "cd5_percent": 75}, False),
    ("etp_phenotype", {**ETP, "cd5_percent": None, "marker_CD5": "negative"}, True),
    ("etp_phenotype", {**ETP, "cd5_percent": None}, None),
    ("etp_phenotype", {**ETP, "etp_myeloid_stem_marker_max_percent": 24.9}, False),
    ("etp_phenotype", {"lineage": "B"}, False),
    ("ploidy", {}, None),
]  # fmt: skip
PLOIDY: list[Case] = [
    ("ploidy", {"modal_chromosome_number": number}, name)
    for number, name in (
        (23, None), (24, "near-haploid"), (29, "near-haploid"), (30, "low-hypodiploid"), (39, "low-hypodiploid"),
        (40, "hypodiploid"), (43, "hypodiploid"), (44, "near-diploid"), (45, "near-diploid"), (46, "diploid"),
        (47, "hyperdiploid"), (50, "hyperdiploid"), (51, "high-hyperdiploid"), (59, "high-hyperdiploid"), (60, None),
        (65, None), (66, "near-triploid"), (68, "near-triploid"), (69, None), (81, "near-tetraploid"),
    )
]  # fmt: skip
RISK: list[Case] = [
    ("wbc_high_risk", {"lineage": "B", "wbc_at_diagnosis": 30}, True),
    ("wbc_high_risk", {"lineage": "B", "wbc_at_diagnosis": 29.9}, False),
    ("wbc_high_risk", {"lineage": "T", "wbc_at_diagnosis": 100}, True),
    ("wbc_high_risk", {"lineage": "T", "wbc_at_diagnosis": 99}, False),
    ("wbc_high_risk", {"wbc_at_diagnosis": 500}, None),
    ("wbc_high_risk", {"lineage": "B", "wbc_at_diagnosis": ">20"}, None),
    ("wbc_elevated_at_diagnosis", {"lineage": "B", "wbc_at_diagnosis": 30}, True),
    ("wbc_elevated_at_diagnosis", {"wbc_at_diagnosis": 29.9}, False),
    ("wbc_elevated_at_diagnosis", {"lineage": "T", "wbc_at_diagnosis": 60}, None),
    ("nci_risk", {"age_at_diagnosis_years": 9, "wbc_at_diagnosis": 49.9}, "standard"),
    ("nci_risk", {"age_at_diagnosis_years": 10, "wbc_at_diagnosis": 10}, "high"),
    ("nci_risk", {"age_at_diagnosis_years": 5, "wbc_at_diagnosis": 50}, "high"),
    ("nci_risk", {"age_at_diagnosis_years": 0, "wbc_at_diagnosis": 500}, None),
    ("nci_risk", {"age_at_diagnosis_years": 5}, None),
    ("nci_risk", {"wbc_at_diagnosis": 500}, None),
    ("infant_risk", {**INFANT, "treatment_phase": "induction"}, "intermediate"),
    ("infant_risk", INFANT, None),
    ("infant_risk", {**INFANT, "wbc_at_diagnosis": 300}, "high"),
    ("infant_risk", {**INFANT, "age_months_at_diagnosis": 6, "wbc_at_diagnosis": 400,
                     "treatment_phase": "consolidation"}, "intermediate"),
    ("infant_risk", {**INFANT, "age_months_at_diagnosis": 2, "wbc_at_diagnosis": None}, "high"),
    ("infant_risk", {**INFANT, "mrd_timepoint": "end-of-consolidation", "mrd_status": "positive"}, "high"),
    ("infant_risk", {**INFANT, "mrd_timepoint": "end-of-consolidation", "mrd_status": "negative"}, "intermediate"),
    ("infant_risk", {**INFANT, "mrd_timepoint": "day-29"}, "intermediate"),
    ("infant_risk", {**INFANT, "fusions": []}, "standard"),
    ("infant_risk", {**INFANT, "fusions": None}, None),
    ("infant_risk", {**INFANT, "age_months_at_diagnosis": 12}, None),
    ("infant_risk", {**INFANT, "wbc_at_diagnosis": None, "treatment_phase": "induction"}, None),
    ("relapse_timing", {"relapse_site": "combined", "months_diagnosis_to_relapse": 35.9}, "early"),
    ("relapse_timing", {"relapse_site": "marrow", "months_diagnosis_to_relapse": 36}, "late"),
    ("relapse_timing", {"relapse_site": "cns", "months_diagnosis_to_relapse": 17.9}, "early"),
    ("relapse_timing", {"relapse_site": "testis", "months_diagnosis_to_relapse": 18}, "late"),
    ("relapse_timing", {"months_diagnosis_to_relapse": 20}, None),
    ("relapse_timing", {"months_diagnosis_to_relapse": 17}, "early"),
    ("relapse_timing", {"months_diagnosis_to_relapse": 36}, "late"),
    ("relapse_timing", {"relapse_site": "marrow"}, None),
    ("bfm90_timing", {"months_diagnosis_to_relapse": 18}, "very-early"),
    ("bfm90_timing", {"months_diagnosis_to_relapse": 19, "months_from_end_of_frontline_to_relapse": 5}, "early"),
    ("bfm90_timing", {"months_diagnosis_to_relapse": 19, "relapse_on_therapy": True}, "early"),
    ("bfm90_timing", {"months_diagnosis_to_relapse": 30, "months_from_end_of_frontline_to_relapse": 6}, None),
    ("bfm90_timing", {"months_diagnosis_to_relapse": 30, "months_from_end_of_frontline_to_relapse": 7}, "late"),
    ("bfm90_timing", {"months_from_end_of_frontline_to_relapse": 7}, None),
]  # fmt: skip

CASES = [*AGES, *DISEASE, *PLOIDY, *RISK]
