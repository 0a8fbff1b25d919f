"""Fitness, comorbidity and laboratory values."""

from __future__ import annotations

from service.facts.vocabulary.base import Options, boolean, category, number

_F = "fitness"
_L = "laboratory"
_HISTORY: Options = {"group": _F, "no_means": "a complete problem list without it"}


def _lab(unit: str, high: float, code: str, stale: int = 7) -> Options:
    return {"unit": unit, "low": 0, "high": high, "group": _L, "stale_after_days": stale, "codes": (f"labs.{code}",)}


def _cells(code: str) -> Options:
    return _lab("10*9/L", 3000, code)


TYPES = (
    number("ecog", "ECOG performance status", low=0, high=5, group=_F, stale_after_days=60, codes=("fitness.ecog",)),
    boolean("limited_performance_status", "limited performance status", group=_F),
    boolean("substantial_comorbidities", "substantial comorbidities", group=_F, judgement=True),
    boolean("cardiac_dysfunction", "cardiac dysfunction", group=_F),
    boolean("cardiac_history", "cardiac history", group=_F),
    boolean("cardiac_symptoms", "cardiac symptoms", group=_F),
    number("lvef_percent", "left ventricular ejection fraction", unit="%", low=0, high=100, group=_F,
           stale_after_days=180, codes=("fitness.lvef",), aliases=("lvef",)),
    number("qtc_ms", "QTc", unit="ms", low=200, high=900, group=_F, stale_after_days=30, codes=("fitness.qtc",)),
    boolean("hepatic_dysfunction", "hepatic dysfunction", group=_F),
    boolean("significant_renal_dysfunction", "significant renal dysfunction", group=_F),
    boolean("neuropathy", "neuropathy", group=_F),
    boolean("active_infection", "active infection", group=_F),
    boolean("inflammatory_disorder", "inflammatory disorder", group=_F),
    boolean("pregnancy", "pregnancy", group=_F),
    boolean("vascular_history", "arterial or venous vascular event in the history", **_HISTORY),
    boolean("prior_sos", "prior sinusoidal obstruction syndrome", **_HISTORY),
    boolean("seizure_or_cns_disorder", "seizures or other CNS disorder", **_HISTORY),
    boolean("hbv_serology_positive", "hepatitis B serology positive", group=_F, aliases=("hbv_serology",)),
    boolean("opportunistic_infection_symptoms", "symptoms of opportunistic infection", group=_F),
    boolean("febrile", "febrile", group=_F),
    number("single_temperature_c", "single temperature", unit="Cel", low=25, high=45, group=_F, stale_after_days=2),
    number("sustained_temperature_c", "sustained temperature", unit="Cel", low=25, high=45, group=_F),
    number("sustained_temperature_minutes", "duration of the temperature", unit="min", low=0, high=10000, group=_F),
    number("weight_loss_percent", "weight loss", unit="%", low=0, high=90, group=_F),
    category("neurologic_exam", "neurologic examination", "normal", "abnormal", group=_F),
    boolean("neurologic_symptoms", "neurologic symptoms", group=_F),
    boolean("pain", "pain", group=_F),
    boolean("bleeding", "bleeding", group=_F),
    boolean("neutropenia", "neutropenia", group=_L),
    boolean("myelosuppression", "myelosuppression", group=_L),
    boolean("severe_neutropenia_after_6mp", "severe neutropenia after mercaptopurine", group=_L),
    number("wbc_current", "WBC", **_cells("wbc")),
    number("wbc_at_diagnosis", "WBC at diagnosis", unit="10*9/L", low=0, high=3000, group=_L, codes=("labs.wbc",)),
    number("anc", "neutrophils (ANC)", **_cells("anc")),
    number("platelets", "platelets", **_cells("platelets")),
    number("hemoglobin", "hemoglobin", **_lab("g/dL", 30, "hemoglobin")),
    number("bilirubin_direct", "direct bilirubin", **_lab("mg/dL", 80, "bilirubin_direct")),
    number("bilirubin_total", "total bilirubin", **_lab("mg/dL", 80, "bilirubin_total")),
    number("ast_alt_grade", "CTCAE grade of AST/ALT", low=0, high=4, group=_L, stale_after_days=7),
    number("ast_alt_peak_grade", "highest CTCAE grade of AST/ALT", low=0, high=4, group=_L),
    number("ast_alt_days_to_grade1", "days until AST/ALT were back to grade 1", unit="days", low=0, high=1000,
           group=_L),
    number("triglycerides", "triglycerides", **_lab("mg/dL", 20000, "triglycerides")),
    number("glucose", "glucose", **_lab("mg/dL", 3000, "glucose", 2)),
    number("lipase", "lipase", **_lab("U/L", 100000, "lipase")),
    number("fibrinogen", "fibrinogen", **_lab("mg/dL", 3000, "fibrinogen")),
    number("creatinine", "creatinine", **_lab("mg/dL", 40, "creatinine")),
    number("methotrexate_level_umol", "methotrexate level", **_lab("umol/L", 10000, "methotrexate_level", 2)),
    number("hours_since_methotrexate", "hours since the start of methotrexate", unit="h", low=0, high=10000, group=_L),
    boolean("ldh_elevated", "LDH raised", group=_L, stale_after_days=30),
    boolean("lft_normal", "liver tests normal", group=_L),
    boolean("abnormal_coag_labs", "abnormal coagulation", group=_L),
    boolean("active_tls", "active tumor lysis syndrome", group=_L),
)  # fmt: skip
