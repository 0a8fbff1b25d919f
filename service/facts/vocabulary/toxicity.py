"""Toxicity, asparaginase management, and what is being ordered."""

from __future__ import annotations

from service.facts.vocabulary.base import boolean, category, number, text, token_set
from service.facts.vocabulary.drugs import CLASSES, DRUG_ALIASES, DRUGS, IMPLIES, TREATMENT_ALIASES, TREATMENTS

_G = "toxicity"
_O = "orders"
KINDS = (
    "pancreatitis", "hypersensitivity-systemic", "urticaria", "infusion-reaction-iv", "injection-site-reaction-im",
    "thromboembolism-non-cns", "cerebral-thrombosis-ischemia-stroke", "hemorrhage-non-cns", "intracranial-hemorrhage",
    "hepatotoxicity", "hyperbilirubinemia", "ast-alt", "hypertriglyceridemia", "hyperglycemia", "CRS", "ICANS",
    "IEC-HS", "SOS", "differentiation-syndrome", "neuropathy", "arterial-occlusion", "cardiac", "neurotoxicity",
    "osteonecrosis", "QT-prolongation", "mucositis", "infection", "nephrotoxicity",
)  # fmt: skip
KIND_ALIASES = {"peripheral neuropathy": "neuropathy", "peripheral-neuropathy": "neuropathy", "VOD": "SOS",
                "cytokine release syndrome": "CRS", "allergic reaction": "hypersensitivity-systemic"}  # fmt: skip

TYPES = (
    number("toxicity", "grade of a toxicity now (CTCAE)", low=0, high=5, group=_G, parameters=KINDS,
           read_from="AdverseEvent, Condition, Observation with a CTCAE grade"),
    number("toxicity_worst", "worst grade of a toxicity ever (CTCAE)", low=0, high=5, group=_G, parameters=KINDS),
    token_set("toxicities_present", "toxicities present", *KINDS, group=_G, value_aliases=KIND_ALIASES),
    boolean("anaphylaxis", "anaphylaxis", group=_G),
    category("asparaginase_hypersensitivity", "asparaginase that was reacted to", "E-coli-derived", "Erwinia-derived",
             "none", group=_G),
    boolean("e_coli_asparaginase_hypersensitivity", "hypersensitivity to E. coli asparaginase", group=_G),
    category("asparaginase_formulation", "asparaginase in use", "pegaspargase", "calaspargase pegol",
             "asparaginase-erwinia", "asparaginase-e-coli", group=_G, value_aliases=DRUG_ALIASES),
    boolean("asparaginase_permanent_stop", "asparaginase stopped for good", group=_G),
    boolean("asparaginase_premedication", "premedication for asparaginase", group=_G),
    *(boolean(f"asparaginase_held_for_{name}", f"asparaginase held for {label}", group=_G) for name, label in (
        ("ast_alt", "AST/ALT"), ("bilirubin", "bilirubin"), ("hemorrhage", "hemorrhage"),
        ("hyperglycemia", "hyperglycemia"), ("pancreatitis", "pancreatitis"), ("thromboembolism", "thromboembolism"),
        ("triglycerides", "triglycerides"),
    )),
    boolean("antithrombotic_stable_or_completed", "antithrombotic therapy stable or completed", group=_G),
    boolean("thromboembolism_resolved", "thromboembolism resolved", group=_G),
    boolean("pancreatitis_findings_normalized", "findings of pancreatitis normalized", group=_G),
    boolean("glucose_regulated_with_insulin", "glucose regulated with insulin", group=_G),
    boolean("hyperglycemia", "hyperglycemia", group=_G),
    boolean("steroid_psychosis", "steroid psychosis", group=_G),
    boolean("suspected_differentiation_syndrome", "differentiation syndrome suspected", group=_G),
    token_set("ordered_drug", "drug ordered", *DRUGS, *TREATMENTS, group=_O, implies=IMPLIES,
              value_aliases={**DRUG_ALIASES, **TREATMENT_ALIASES}, aliases=("suggested_drug",),
              read_from="draft orders; on chart open the drug a card is about to name"),
    token_set("ordered_drug_class", "class of the drug ordered", *CLASSES, group=_O),
    category("ordered_drug_indication", "indication of the order", "antiemetic", "antileukemic", "other", group=_O),
    category("ordered_schedule", "schedule of the order", "weekly", "daily", "other", group=_O),
    token_set("ordered_test", "test ordered", "mrd", "karyotype", "fish", "abl1-mutation", "flow", group=_O),
    category("ordered_procedure", "procedure ordered", "allo-HCT", "auto-HCT", "lumbar-puncture", "marrow", "none",
             group=_O),
    text("ordered_dose", "dose ordered", group=_O),
    text("ordered_route", "route ordered", group=_O),
    text("question", "question asked", group=_O),
)  # fmt: skip
