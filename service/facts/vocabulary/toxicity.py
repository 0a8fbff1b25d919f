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
    "osteonecrosis", "QT-prolongation", "mucositis", "infection", "nephrotoxicity", "neurologic", "neutropenia",
    "thrombosis", "hemorrhage",
)  # fmt: skip
KIND_ALIASES = {"peripheral neuropathy": "neuropathy", "peripheral-neuropathy": "neuropathy", "VOD": "SOS",
                "cytokine release syndrome": "CRS", "allergic reaction": "hypersensitivity-systemic",
                "hypersensitivity": "hypersensitivity-systemic", "stroke": "cerebral-thrombosis-ischemia-stroke"}  # fmt: skip

TYPES = (
    number("toxicity", "grade of a toxicity now (CTCAE)", low=0, high=5, group=_G, parameters=KINDS,
           read_from="AdverseEvent, Condition, Observation with a grade; the newest value of what is measured",
           codes=("toxicity.crs", "toxicity.icans", "toxicity.sos_vod", "toxicity.pancreatitis", "toxicity.thrombosis", "toxicity.hemorrhage", "toxicity.hypersensitivity", "toxicity.hepatotoxicity", "toxicity.hyperglycemia", "toxicity.hypertriglyceridemia", "toxicity.differentiation_syndrome", "toxicity.neuropathy", "toxicity.arterial_occlusion", "toxicity.cardiac", "toxicity.osteonecrosis")),
    number("toxicity_worst", "worst grade of a toxicity ever (CTCAE)", low=0, high=5, group=_G, parameters=KINDS,
           read_from="AdverseEvent, Condition, Observation with a CTCAE grade, at any time"),
    token_set("toxicities_present", "toxicities present", *KINDS, group=_G, value_aliases=KIND_ALIASES,
              read_from="toxicities with a grade above 0"),
    boolean("toxicity_resolved", "toxicity resolved", group=_G, read_from="outcomes and clinical status of all toxicities on record", no_means="one that goes on"),
    boolean("anaphylaxis", "anaphylaxis", group=_G, read_from="AllergyIntolerance, AdverseEvent; not one to something else than asparaginase",
            codes=("toxicity.hypersensitivity",)),
    category("asparaginase_hypersensitivity", "asparaginase that was reacted to", "E-coli-derived", "Erwinia-derived",
             "none", group=_G, read_from="AllergyIntolerance, AdverseEvent"),
    boolean("e_coli_asparaginase_hypersensitivity", "hypersensitivity to E. coli asparaginase", group=_G,
            read_from="AllergyIntolerance, AdverseEvent"),
    category("asparaginase_formulation", "asparaginase in use", "pegaspargase", "calaspargase pegol",
             "asparaginase-erwinia", "asparaginase-e-coli", group=_G, value_aliases=DRUG_ALIASES,
             read_from="drugs being given"),
    boolean("asparaginase_permanent_stop", "asparaginase stopped for good", group=_G,
            read_from="said so; worst grade of pancreatitis (3), intracranial hemorrhage (4), cerebral thrombosis (4)"),
    boolean("asparaginase_premedication", "premedication for asparaginase", group=_G,
            read_from="said with a dose (MedicationAdministration); antihistamine on its day"),
    *(boolean(f"asparaginase_held_for_{name}", f"asparaginase held for {label}", group=_G,
              read_from="status and reason of a MedicationStatement or MedicationRequest of asparaginase", no_means="a later dose") for name, label in (
        ("ast_alt", "AST/ALT"), ("bilirubin", "bilirubin"), ("hemorrhage", "hemorrhage"),
        ("hyperglycemia", "hyperglycemia"), ("pancreatitis", "pancreatitis"), ("thromboembolism", "thromboembolism"),
        ("triglycerides", "triglycerides"),
    )),
    boolean("antithrombotic_stable_or_completed", "antithrombotic therapy stable or completed", group=_G,
            read_from="MedicationStatement or MedicationRequest of an anticoagulant, completed or said to be stable"),
    boolean("thromboembolism_resolved", "thromboembolism resolved", group=_G,
            read_from="outcomes of all thromboses on record (AdverseEvent, Condition)", no_means="a thrombosis that goes on"),
    boolean("pancreatitis_findings_normalized", "findings of pancreatitis normalized", group=_G,
            read_from="lipase and amylase (Observation) of the last week and imaging after it", no_means="an enzyme above its range, or imaging that shows it"),
    boolean("glucose_regulated_with_insulin", "glucose regulated with insulin", group=_G,
            read_from="glucose (Observation) of the last 2 days while on insulin", no_means="a newest glucose above 250 mg/dL"),
    boolean("hyperglycemia", "hyperglycemia", group=_G, read_from="Condition, toxicity grade",
            codes=("toxicity.hyperglycemia",)),
    boolean("steroid_psychosis", "steroid psychosis", group=_G, read_from="Condition or AdverseEvent of the last 60 days that lays it to a steroid"),
    boolean("suspected_differentiation_syndrome", "differentiation syndrome suspected", group=_G,
            read_from="Condition or AdverseEvent of the last 30 days", codes=("toxicity.differentiation_syndrome",)),
    token_set("ordered_drug", "drug ordered", *DRUGS, *TREATMENTS, group=_O, implies=IMPLIES,
              value_aliases={**DRUG_ALIASES, **TREATMENT_ALIASES}, aliases=("suggested_drug",),
              read_from="draft orders; on chart open the drug a card is about to name"),
    token_set("ordered_drug_class", "class of the drug ordered", *CLASSES, group=_O, read_from="drug ordered"),
    category("ordered_drug_indication", "indication of the order", "antiemetic", "antileukemic", "other", group=_O,
             read_from="reason of the order"),
    category("ordered_schedule", "schedule of the order", "weekly", "daily", "other", group=_O,
             read_from="timing of the order"),
    token_set("ordered_test", "test ordered", "mrd", "karyotype", "fish", "abl1-mutation", "flow", group=_O,
              read_from="draft orders"),
    category("ordered_procedure", "procedure ordered", "allo-HCT", "auto-HCT", "lumbar-puncture", "marrow", "none",
             group=_O, read_from="draft orders"),
    text("ordered_dose", "dose ordered", group=_O, read_from="draft orders, as written"),
    category("ordered_route", "route ordered", "intrathecal", "intravenous", "subcutaneous", "intramuscular", "oral",
             "other", group=_O, read_from="route of the draft order, coded or in words",
             value_aliases={"IT": "intrathecal", "i.th.": "intrathecal", "IV": "intravenous", "i.v.": "intravenous",
                            "SC": "subcutaneous", "s.c.": "subcutaneous", "IM": "intramuscular", "i.m.": "intramuscular",
                            "PO": "oral", "p.o.": "oral", "by mouth": "oral"}),
    text("question", "question asked", group=_O, read_from="the caller's own words; no rule reads them"),
)  # fmt: skip
