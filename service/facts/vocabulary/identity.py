"""Who the patient is, where care is given, and which disease it is."""

from __future__ import annotations

from service.facts.vocabulary.base import boolean, category, number, text

_G = "identity and diagnosis"

TYPES = (
    number("age_years", "age", unit="years", low=0, high=130, group=_G, read_from="Patient.birthDate, completed years"),
    number("age_months", "age in months", unit="months", low=0, high=1560, group=_G,
           read_from="Patient.birthDate, completed months"),
    number("age_months_at_diagnosis", "age at diagnosis in months", unit="months", low=0, high=1560, group=_G,
           read_from="Patient.birthDate and the date of diagnosis"),
    number("age_at_diagnosis_years", "age at diagnosis", unit="years", low=0, high=130, group=_G,
           read_from="Patient.birthDate and the date of diagnosis"),
    number("age_at_regimen_start", "age at the start of the regimen", unit="years", low=0, high=130, group=_G,
           read_from="Patient.birthDate and the first date of the antileukemic drugs of the present line"),
    category("age_group", "age group", "infant", "child", "AYA", "adult", "older", group=_G,
             read_from="age: infant below 12 months, child 1-14, AYA 15-39, adult 40-64, older from 65"),
    number("age_months_at_hct", "age at HCT in months", unit="months", low=0, high=1560, group=_G,
           read_from="Patient.birthDate and the date of the transplant"),
    text("diagnosis_date", "date of diagnosis", group=_G,
         read_from="Condition: asserted date (mCODE), else onset, else recordedDate; may be partial"),
    boolean("is_adult", "adult (18 years or older)", group=_G, read_from="age, from 18 years"),
    boolean("younger_patient", "counted as a younger patient", group=_G, judgement=True),
    category("care_setting", "care setting", "adult-oncology", "pediatric-oncology", group=_G,
             value_aliases={"paediatric-oncology": "pediatric-oncology", "adult": "adult-oncology",
                            "pediatric": "pediatric-oncology"},
             read_from="PractitionerRole or Encounter (specialty, service, the name of the clinic), else site configuration"),
    category("jurisdiction", "jurisdiction of the label", "US", "EU", group=_G, aliases=("country",),
             value_aliases={"DE": "EU", "USA": "US"}, read_from="site configuration"),
    category("sex", "sex", "male", "female", "other", "unknown", group=_G, read_from="Patient.gender"),
    category("diagnosis", "diagnosis", "ALL", "LL", "mature-B", "MPAL", "BP-CML", "AML", "CML", "MDS", "other",
             group=_G, value_aliases={"lymphoblastic lymphoma": "LL", "Burkitt": "mature-B"},
             read_from="Condition (ICD-10, ICD-9, SNOMED CT, ICD-O-3, NCIt, text; without a code its histology extension, body site,"
             " stage, evidence or note), the most specific active one",
             codes=("diagnosis.all", "diagnosis.lbl", "diagnosis.burkitt", "diagnosis.mpal", "diagnosis.bp_cml", "diagnosis.other_leukemia")),
    category("lineage", "lineage", "B", "T", "mature-B", "mixed", group=_G,
             value_aliases={"B-cell": "B", "T-cell": "T"}, read_from="diagnosis code, immunophenotype, text",
             codes=("diagnosis.lineage",)),
    boolean("burkitt_or_mature_b", "Burkitt or mature B-cell disease", group=_G, read_from="diagnosis and lineage"),
    category("blast_lineage", "lineage of the blasts", "lymphoblast", "myeloblast", group=_G,
             read_from="words of the newest report of marrow or blood with blasts (Observation, DiagnosticReport); Condition",
             codes=("response.marrow_blasts", "labs.blood_blasts", "diagnosis.bp_cml", "diagnosis.all", "diagnosis.lbl", "diagnosis.other_leukemia")),
    boolean("malignancy_myeloid", "myeloid malignancy", group=_G, read_from="diagnosis"),
    boolean("etp_phenotype", "early T-cell precursor phenotype", group=_G,
            read_from="text, or CD1a-, CD8-, CD5 below 75 % and a myeloid or stem-cell marker on 25 % or more"),
    boolean("down_syndrome", "Down syndrome", group=_G, read_from="Condition or constitutional +21",
            codes=("diagnosis.down_syndrome",), no_means="a complete problem list without it"),
    boolean("deceased", "deceased", group=_G, read_from="Patient.deceased[x]"),
)  # fmt: skip
