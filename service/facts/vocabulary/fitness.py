"""Fitness, comorbidity and laboratory values."""

from __future__ import annotations

from service.facts.vocabulary.base import Options, boolean, category, number

_F = "fitness"
_L = "laboratory"


def _history(read_from: str, *codes: str) -> Options:
    return {"group": _F, "no_means": "a complete problem list without it", "read_from": read_from, "codes": codes}


def _lab(unit: str, high: float, code: str, stale: int = 7) -> Options:
    return {"unit": unit, "low": 0, "high": high, "group": _L, "stale_after_days": stale, "codes": (f"labs.{code}",),
            "read_from": f"newest result of the last {stale} days"}  # fmt: skip


def _cells(code: str) -> Options:
    return _lab("10*9/L", 3000, code)


TYPES = (
    number("ecog", "ECOG performance status", low=0, high=5, group=_F, stale_after_days=60, codes=("fitness.ecog", "fitness.karnofsky_lansky"),
           read_from="newest ECOG, Karnofsky or Lansky score of the last 60 days, by code, number or words"),
    boolean("limited_performance_status", "limited performance status", group=_F,
            read_from="stated by the caller or asked"),
    boolean("substantial_comorbidities", "substantial comorbidities", group=_F, judgement=True),
    boolean("cardiac_dysfunction", "cardiac dysfunction", group=_F, read_from="Condition; LVEF below 50 %",
            codes=("toxicity.cardiac", "fitness.lvef")),
    boolean("cardiac_history", "cardiac history", group=_F, read_from="Condition"),
    boolean("cardiac_symptoms", "cardiac symptoms", group=_F, read_from="Condition or AdverseEvent of the last 30 days, or an Observation that asks for it", no_means="an Observation that says no"),
    number("lvef_percent", "left ventricular ejection fraction", unit="%", low=0, high=100, group=_F,
           stale_after_days=180, codes=("fitness.lvef",), aliases=("lvef",),
           read_from="newest measurement or echocardiography report of the last 180 days"),
    number("qtc_ms", "QTc", unit="ms", low=200, high=900, group=_F, stale_after_days=30, codes=("fitness.qtc",),
           read_from="newest ECG measurement or report of the last 30 days"),
    boolean("hepatic_dysfunction", "hepatic dysfunction", group=_F, read_from="Condition",
            codes=("toxicity.hepatotoxicity",)),
    boolean("significant_renal_dysfunction", "significant renal dysfunction", group=_F,
            read_from="Condition; filtration rate below 60 mL/min or creatinine above 1.5 x its upper limit, of the last week", no_means="a filtration rate of 60 mL/min or more, or creatinine in its range", codes=("labs.egfr", "labs.creatinine")),
    boolean("neuropathy", "neuropathy", group=_F, read_from="Condition, toxicity grade", codes=("toxicity.neuropathy",)),
    boolean("active_infection", "active infection", group=_F, read_from="Condition"),
    boolean("inflammatory_disorder", "inflammatory disorder", group=_F, read_from="Condition"),
    boolean("pregnancy", "pregnancy", group=_F, read_from="pregnancy status, test or Condition; its end",
            codes=("fitness.pregnancy",), no_means="a negative test or an explicit statement"),
    boolean("vascular_history", "arterial or venous vascular event in the history",
            **_history("Condition", "toxicity.thrombosis", "toxicity.arterial_occlusion")),
    boolean("prior_sos", "prior sinusoidal obstruction syndrome",
            **_history("Condition, AdverseEvent", "toxicity.sos_vod")),
    boolean("seizure_or_cns_disorder", "seizures or other CNS disorder", **_history("Condition")),
    boolean("hbv_serology_positive", "hepatitis B serology positive", group=_F, aliases=("hbv_serology",),
            read_from="HBsAg, anti-HBc or viral DNA, diagnosis of hepatitis B; not anti-HBs", codes=("fitness.hbv",), no_means="HBsAg and anti-HBc both negative"),
    boolean("g6pd_deficient", "G6PD deficiency", group=_F, codes=("fitness.g6pd",), aliases=("g6pd_deficiency",),
            read_from="Condition; newest G6PD activity against its range, or its words", no_means="a normal G6PD activity, not after a transfusion"),
    boolean("opportunistic_infection_symptoms", "symptoms of opportunistic infection", group=_F,
            read_from="Condition of the last 30 days, or an Observation that asks for it", no_means="an Observation that says no"),
    boolean("febrile", "febrile", group=_F, read_from="temperatures of the last 2 days: 38.3 once, or 38.0 over an hour", no_means="no temperature of the last 2 days reaches 38.0"),
    number("single_temperature_c", "single temperature", unit="Cel", low=25, high=45, group=_F, stale_after_days=2,
           read_from="highest temperature of the last 2 days", codes=("fitness.temperature",)),
    number("sustained_temperature_c", "sustained temperature", unit="Cel", low=25, high=45, group=_F,
           read_from="lowest of the longest series of temperatures of 38.0 or more, in the last 2 days", codes=("fitness.temperature",)),
    number("sustained_temperature_minutes", "duration of the temperature", unit="min", low=0, high=10000, group=_F,
           read_from="length of the longest series of temperatures of 38.0 or more, in the last 2 days", codes=("fitness.temperature",)),
    number("weight_loss_percent", "weight loss", unit="%", low=0, high=90, group=_F,
           read_from="stated in percent; highest to newest weight of half a year", codes=("fitness.weight",)),
    number("weight_kg", "body weight", unit="kg", low=0.2, high=500, group=_F, stale_after_days=30,
           read_from="newest weight of the last 30 days", codes=("fitness.weight",)),
    category("neurologic_exam", "neurologic examination", "normal", "abnormal", group=_F,
             read_from="words of an examination (Observation, DiagnosticReport) of the last 30 days"),
    boolean("neurologic_symptoms", "neurologic symptoms", group=_F,
            read_from="Condition or AdverseEvent of the last 30 days, or an Observation that asks for it", no_means="an Observation that says no"),
    boolean("pain", "pain", group=_F, read_from="Condition of the last 30 days, pain score", no_means="a pain score of 0, or an Observation that says no"),
    boolean("bleeding", "bleeding", group=_F, read_from="Condition or AdverseEvent of the last 14 days, hemorrhage with a grade, or an Observation that asks for it", no_means="an Observation that says no"),
    boolean("neutropenia", "neutropenia", group=_L, read_from="neutrophils below 1.0; Condition where no count came", no_means="neutrophils of 1.5 or more"),
    boolean("myelosuppression", "myelosuppression", group=_L, read_from="neutrophils below 0.5 or platelets below 50", no_means="neutrophils of 1.0 and platelets of 100 or more"),
    boolean("severe_neutropenia_after_6mp", "severe neutropenia after mercaptopurine", group=_L,
            read_from="Observation: neutrophils below 0.5 after mercaptopurine was begun", no_means="complete drug lists without mercaptopurine"),
    number("wbc_current", "WBC", **_cells("wbc")),
    number("wbc_at_diagnosis", "WBC at diagnosis", unit="10*9/L", low=0, high=3000, group=_L, codes=("labs.wbc",),
           read_from="result nearest to diagnosis, not after the first day of therapy"),
    number("anc", "neutrophils (ANC)", **_cells("anc")),
    number("platelets", "platelets", **_cells("platelets")),
    number("hemoglobin", "hemoglobin", **_lab("g/dL", 30, "hemoglobin")),
    number("bilirubin_direct", "direct bilirubin", **_lab("mg/dL", 80, "bilirubin_direct")),
    number("bilirubin_total", "total bilirubin", **_lab("mg/dL", 80, "bilirubin_total")),
    number("ast_alt_grade", "CTCAE grade of AST/ALT", low=0, high=4, group=_L, stale_after_days=7,
           read_from="AST and ALT against their reference range (CTCAE)", codes=("labs.ast", "labs.alt")),
    number("ast_alt_peak_grade", "highest CTCAE grade of AST/ALT", low=0, high=4, group=_L,
           read_from="highest AST/ALT of the last run of results above grade 1", codes=("labs.ast", "labs.alt")),
    number("ast_alt_days_to_grade1", "days until AST/ALT were back to grade 1", unit="days", low=0, high=1000, group=_L,
           read_from="from the peak of that run to the first result of grade 1 or less"),
    number("triglycerides", "triglycerides", **_lab("mg/dL", 20000, "triglycerides")),
    number("glucose", "glucose", **_lab("mg/dL", 3000, "glucose", 2)),
    number("lipase", "lipase", **_lab("U/L", 100000, "lipase")),
    number("fibrinogen", "fibrinogen", **_lab("mg/dL", 3000, "fibrinogen")),
    number("creatinine", "creatinine", **_lab("mg/dL", 40, "creatinine")),
    number("methotrexate_level_umol", "methotrexate level", **_lab("umol/L", 10000, "methotrexate_level", 2)),
    number("hours_since_methotrexate", "hours since the start of methotrexate", unit="h", low=0, high=10000, group=_L,
           read_from="start of the last infusion (MedicationAdministration) to its newest level, else to the day of judgement"),
    boolean("ldh_elevated", "LDH raised", group=_L, stale_after_days=30,
            read_from="newest LDH of the last 30 days against its reference range", codes=("labs.ldh",)),
    boolean("lft_normal", "liver tests normal", group=_L, read_from="liver tests against their reference range"),
    boolean("abnormal_coag_labs", "abnormal coagulation", group=_L,
            read_from="coagulation tests of the last week against their reference range", no_means="PT, INR or Quick with aPTT and fibrinogen in their ranges", codes=("labs.coagulation",)),
    boolean("active_tls", "active tumor lysis syndrome", group=_L, read_from="Condition", codes=("labs.tls",)),
)  # fmt: skip
