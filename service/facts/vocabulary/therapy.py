"""What was given, what is being given, transplant, and the clinician's judgements about options."""

from __future__ import annotations

from service.facts.vocabulary.base import Options, boolean, category, number, token_set
from service.facts.vocabulary.drugs import DRUG_ALIASES, DRUGS, IMPLIES, TREATMENT_ALIASES, TREATMENTS

_G = "treatment history"
_O = "orders"
_J = "clinician's judgement"
_TKIS = ("imatinib", "dasatinib", "nilotinib", "bosutinib", "ponatinib", "asciminib", "olverembatinib")
_REGIMENS = (
    "InO + mini-hyperCVD", "AALL0232", "AALL0434", "AALL0932", "AALL1131", "AALL1231", "AALL1521", "AALL1631",
    "AALL1731", "AALL1732", "ALL-INITIAL-1", "ALLIANCE A041703", "ALLOLD07", "BFM-like", "CALGB 10403", "CALGB 9111",
    "CALGB-8811-Larson", "DFCI 00-01", "DFCI-11-001", "DFCI-16-001", "ECOG 1910", "EWALL", "GMALL", "GRAALL",
    "HyperCVAD", "MSKCC CCG-1882", "Mini-hyperCVD", "Mini-hyperCVD + venetoclax", "Modified DFCI 91-01", "POMP",
    "TKI + blinatumomab", "TKI + corticosteroid", "Total-XVI", "Total-XVII", "vincristine + prednisone", "MOpAD",
    "hyper-CVAD without TKI", "augmented hyper-CVAD", "FLAG-IDA", "FLAM", "MRC UKALLXII/ECOG2993", "Linker", "GRAAPH",
    "EsPhALL", "Interfant", "NOPHO", "ALLTogether1",
)  # fmt: skip
_REGIMEN_ALIASES = {
    "hyper-CVAD": "HyperCVAD", "Larson": "CALGB-8811-Larson", "BFM": "BFM-like", "CALGB10403": "CALGB 10403",
    "mini-hyper-CVD": "Mini-hyperCVD",
}  # fmt: skip


def _drug_set(read_from: str) -> Options:
    return {"group": _G, "implies": IMPLIES, "value_aliases": DRUG_ALIASES, "read_from": read_from}


def _history(read_from: str, *codes: str) -> Options:
    no_means = "a complete medication and procedure list without it"
    return {"group": _G, "no_means": no_means, "read_from": read_from, "codes": codes}


def _regimen(read_from: str) -> Options:
    return {"group": _G, "value_aliases": _REGIMEN_ALIASES, "read_from": read_from, "pattern": r"AALL\d{2}\w{2}"}


TYPES = (
    token_set("prior_therapies", "treatments given so far", *DRUGS, *TREATMENTS, group=_G, implies=IMPLIES,
              value_aliases={**DRUG_ALIASES, **TREATMENT_ALIASES},
              read_from="MedicationStatement, MedicationAdministration, MedicationRequest, MedicationDispense, Procedure, CarePlan",
              no_means="complete medication and procedure lists without it"),
    token_set("current_therapies", "treatments being given", *DRUGS, *TREATMENTS, group=_G, implies=IMPLIES,
              value_aliases={**DRUG_ALIASES, **TREATMENT_ALIASES},
              read_from="active MedicationStatement, MedicationRequest, regimen text"),
    token_set("concurrent_drugs", "drugs taken at the same time", *DRUGS,
              **_drug_set("active MedicationStatement, MedicationRequest, MedicationAdministration")),
    token_set("prior_tkis", "TKIs taken so far", *_TKIS, group=_G, value_aliases=DRUG_ALIASES,
              read_from="treatments given so far"),
    number("prior_tkis_count", "number of TKIs taken", low=0, high=10, group=_G,
           read_from="TKIs taken (exposure, whatever the result)"),
    number("prior_tki_failures", "number of TKIs that failed", low=0, high=10, group=_G,
           read_from="TKI stopped for resistance or progression, or relapse or progression while on it; intolerance does not count"),
    boolean("refractory_to_tkis", "refractory to TKIs", group=_G,
            read_from="words of the diagnosis or disease status; how many failures make it so no source says",
            no_means="no TKI failed, on complete medication lists"),
    boolean("relapsed_or_refractory_to_tki", "relapsed after or refractory to a TKI", group=_G,
            read_from="TKIs that failed"),
    category("induction_tki", "TKI of the induction", *_TKIS, "none", group=_G, read_from="TKI given during induction"),
    boolean("candidate_tki_used_in_induction", "the TKI considered was used in induction", group=_O,
            read_from="drug ordered and TKI of the induction"),
    boolean("prior_blinatumomab", "prior blinatumomab", **_history("treatments given so far", "therapy.blinatumomab")),
    boolean("prior_inotuzumab", "prior inotuzumab ozogamicin",
            **_history("treatments given so far", "therapy.inotuzumab_ozogamicin")),
    boolean("prior_cart", "prior CAR-T therapy", **_history("treatments and procedures so far", "course.car_t")),
    boolean("prior_anthracycline", "prior anthracycline", **_history("treatments given so far")),
    number("weeks_since_last_inotuzumab", "weeks since the last inotuzumab ozogamicin", unit="weeks", low=0, high=3000,
           group=_G, read_from="last date of inotuzumab ozogamicin", codes=("therapy.inotuzumab_ozogamicin",)),
    number("prior_lines_count", "number of prior lines of therapy", low=0, high=30, group=_G,
           read_from="Observation or words with a count; relapses and the drugs begun after them (then inferred)"),
    category("induction_regimen", "induction regimen", *_REGIMENS,
             **_regimen("text of plans, procedures, medications and notes, or recognised from its drugs (then marked inferred)")),
    category("candidate_regimen", "regimen being considered", *_REGIMENS,
             **_regimen("the regimen ordered or on the card being built")),
    boolean("candidate_regimen_is_multiagent", "the regimen considered is multiagent", group=_O,
            read_from="regimen being considered"),
    boolean("regimen_previously_given", "the regimen considered was given before", group=_O,
            read_from="regimen being considered and regimens given"),
    token_set("regimen_contains", "drugs of the regimen", *DRUGS, **_drug_set("regimen being considered")),
    boolean("on_chemotherapy", "on chemotherapy", group=_O, read_from="drugs being given"),
    boolean("on_cytotoxic_chemotherapy", "on cytotoxic chemotherapy", group=_G, read_from="drugs being given"),
    boolean("on_steroids", "on corticosteroids", group=_G, read_from="drugs being given",
            no_means="a complete medication list without one"),
    boolean("on_intensive_pediatric_regimen_plus_tki", "on an intensive pediatric regimen with a TKI", group=_G,
            read_from="stated by the caller or asked"),
    boolean("strong_cyp3a4_inhibitor", "takes a strong CYP3A4 inhibitor", group=_G, read_from="drugs being given",
            no_means="a complete medication list without one"),
    boolean("myelosuppressive_block", "in a myelosuppressive block", group=_G,
            read_from="stated by the caller or asked"),
    boolean("tbi_planned", "total body irradiation planned", group=_G, read_from="ServiceRequest, Procedure in preparation",
            codes=("therapy.radiation",)),
    boolean("it_therapy_planned", "intrathecal therapy planned", group=_G, judgement=True),
    boolean("it_therapy_failed", "intrathecal therapy failed", group=_G,
            read_from="words of the diagnosis, the CNS disease or the disease status"),
    boolean("cns_prophylaxis_on_record", "CNS prophylaxis on record", group=_G,
            read_from="MedicationRequest, MedicationStatement, MedicationAdministration, MedicationDispense, Procedure, ServiceRequest or CarePlan of the last three months that goes into the CSF; cranial irradiation; high-dose methotrexate or cytarabine; draft orders",
            no_means="complete medication and procedure lists without any, and none among the draft orders",
            codes=("therapy.intrathecal", "therapy.methotrexate", "therapy.cytarabine", "therapy.radiation")),
    number("hours_between_leucovorin_and_glucarpidase", "hours between leucovorin and glucarpidase", unit="hours",
           low=0, high=10000, group=_O, codes=("therapy.leucovorin", "therapy.levoleucovorin", "therapy.glucarpidase"),
           read_from="times of day of draft orders, MedicationRequest and MedicationAdministration of both drugs"),
    category("methotrexate_dose_level", "methotrexate dose level", "low", "high", group=_G,
             read_from="dose and words of the draft order: high from 500 mg/m2, low up to 50 mg/m2 or by mouth"),
    category("cytarabine_dose_level", "cytarabine dose level", "conventional", "high", group=_G,
             read_from="dose and words of the draft order: high from 1 g/m2, conventional up to 200 mg/m2"),
    boolean("anthracycline_maximum_reached", "maximum anthracycline dose reached", group=_G,
            read_from="stated by the caller or asked"),
    boolean("blinatumomab_access", "blinatumomab accessible", group=_J, judgement=True),
    boolean("stop_tki_requested", "stopping the TKI is asked for", group=_J, judgement=True),
    boolean("prior_allo_hct", "prior allogeneic HCT", **_history("Procedure, diagnosis text", "course.allo_hct")),
    number("months_since_hct", "months since HCT", unit="months", low=0, high=1200, group=_G,
           read_from="date of the latest transplant", codes=("course.allo_hct", "course.auto_hct")),
    number("days_since_hct", "days since HCT", unit="days", low=0, high=36500, group=_G,
           read_from="date of the latest transplant", codes=("course.allo_hct", "course.auto_hct")),
    category("hct_type", "type of HCT", "allogeneic", "autologous", group=_G, value_aliases={"allo": "allogeneic"},
             read_from="Procedure", codes=("course.allo_hct", "course.auto_hct")),
    boolean("hct_planned", "HCT planned", group=_G, read_from="planned or ordered procedure"),
    category("planned_procedure", "planned procedure", "allo-HCT", "auto-HCT", "HCT", "cranial-radiation",
             "craniospinal-radiation", "DLI", "none", group=_G, value_aliases={"allogeneic-sct": "allo-HCT"},
             read_from="ServiceRequest, CarePlan"),
    category("conditioning", "conditioning", "myeloablative", "reduced-intensity", "none", group=_G,
             read_from="words of the transplant, its conditioning or the plan"),
    category("graft_processing", "graft processing", "in-vitro-t-cell-depletion", "none", group=_G,
             read_from="code or words of the transplant (OPS, ICD-10-PCS T-cell depleted)"),
    number("days_since_car_infusion", "days since CAR-T infusion", unit="days", low=0, high=36500, group=_G,
           read_from="date of the CAR-T infusion", codes=("course.car_t",)),
    number("days_since_lymphodepletion_end", "days since the end of lymphodepletion", unit="days", low=0, high=3650,
           group=_G, read_from="dates of fludarabine and cyclophosphamide before CAR-T cells, or a procedure so named"),
    boolean("lymphodepletion_started", "lymphodepletion started", group=_G,
            read_from="fludarabine and cyclophosphamide before CAR-T cells, or a procedure so named"),
    category("hct_conditioning", "TBI in the conditioning", "TBI", "non-TBI", group=_G, read_from="Procedure, drugs before the transplant"),
    boolean("post_hct", "after HCT", group=_G, read_from="Procedure"),
    boolean("recipient_cns_relapse", "CNS relapse of the transplant recipient", group=_G, read_from="site of relapse"),
    boolean("b_cell_aplasia", "B-cell aplasia", group=_G, stale_after_days=90, codes=("immunophenotype.markers",),
            read_from="words, or CD19+ B cells in the blood", no_means="CD19+ B cells counted: 3 % of lymphocytes or more"),
    boolean("marrow_aspirate_planned", "marrow aspirate planned", group=_G,
            read_from="draft orders; stated by the caller or asked"),
    boolean("transfusion_ordered", "transfusion ordered", group=_G, read_from="orders"),
    boolean("transfusion_irradiated", "blood products ordered irradiated", group=_G, read_from="words of the orders",
            no_means="an order of blood that does not say it"),
    *(boolean(name, label, group=_J, judgement=True) for name, label in (
        ("donor_available", "donor available"),
        ("sibling_donor_available", "sibling donor available"),
        ("matched_donor_available", "matched donor available"),
        ("hct_candidate", "candidate for HCT"),
        ("hct_contraindication", "contraindication to HCT"),
        ("trial_available", "clinical trial available"),
        ("multiagent_contraindicated", "multiagent chemotherapy contraindicated"),
        ("fit_for_additional_therapy", "fit for additional therapy"),
        ("fit_for_intensive", "fit for intensive therapy"),
        ("no_other_tki_indicated", "no other TKI indicated"),
        ("other_tki_indicated", "another TKI indicated"),
        ("intolerant_of_broader_tkis", "intolerant of TKIs with broader activity"),
        ("alternative_durable_option", "alternative with a durable response"),
        ("alternative_options_available", "alternative options available"),
        ("alternative_treatment_option", "alternative treatment option"),
        ("other_option_expected_durable_response", "another option expected to give a durable response"),
        ("risk_prolonged_severe_neutropenia", "at risk of prolonged severe neutropenia"),
    )),
    boolean("tolerates_multiagent_chemotherapy", "tolerates multiagent chemotherapy", group=_J, judgement=True,
            aliases=("tolerates_multiagent",)),
    category("tolerance_of_combinations", "tolerance of combinations", "good", "diminishing", "poor", group=_J,
             judgement=True),
)  # fmt: skip
