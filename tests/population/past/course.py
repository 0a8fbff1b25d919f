"""Hand-made courses of synthetic patients: each resource as a hospital would export it."""

from __future__ import annotations

from typing import Any

from service.population.patients import Patient
from service.record.build import READ

Raw = dict[str, Any]
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_MARROW = {"display": "Bone marrow aspirate"}


class Course:
    """Resources of one patient, added in any order."""

    def __init__(self, name: str, born: str = "1970-03-02", sex: str = "female", **more: Any):
        self.name = name
        self.rows: list[Raw] = [
            {"resourceType": "Patient", "id": name, "gender": sex, "birthDate": born, **more},
        ]

    def add(self, kind: str, **values: Any) -> Course:
        row = {"resourceType": kind, "id": f"{kind.lower()}-{len(self.rows)}", "subject": {"reference": f"Patient/{self.name}"}}
        if kind == "AllergyIntolerance":
            row["patient"] = row.pop("subject")
        self.rows.append({**row, **values})
        return self

    def diagnosis(self, day: str, text: str = "B-cell acute lymphoblastic leukemia", code: str = "277571004") -> Course:
        self.add("Condition", clinicalStatus=coded(CLINICAL, "active"), onsetDateTime=day, recordedDate=day,
                 code={"coding": [{"system": "http://snomed.info/sct", "code": code}], "text": text})  # fmt: skip
        return self.blasts(day, 85)

    def relapse(self, day: str, blasts: float = 60) -> Course:
        self.add("Condition", clinicalStatus=coded(CLINICAL, "relapse"), onsetDateTime=day, recordedDate=day,
                 category=[coded("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")],
                 code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C91.02"}],
                       "text": "B-ALL, relapse (bone marrow)"})  # fmt: skip
        return self.blasts(day, blasts)

    def remission(self, day: str, blasts: float = 1) -> Course:
        self.add("Condition", clinicalStatus=coded(CLINICAL, "remission"), onsetDateTime=day, recordedDate=day,
                 category=[coded("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")],
                 code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C91.01"}],
                       "text": "B-ALL, complete remission"})  # fmt: skip
        return self.blasts(day, blasts)

    def blasts(self, day: str, percent: float) -> Course:
        return self.number("11150-0", day, percent, "%")

    def number(self, code: str, day: str, value: float, unit: str, **more: Any) -> Course:
        return self.add("Observation", status="final", code=coded(LOINC, code), effectiveDateTime=day, specimen=_MARROW,
                        valueQuantity={"value": value, "unit": unit, "code": unit,
                                       "system": "http://unitsofmeasure.org"}, **more)  # fmt: skip

    def karyotype(self, day: str, iscn: str, **more: Any) -> Course:
        return self.add("Observation", status="final", code=coded(LOINC, "33893-9"), effectiveDateTime=day,
                        valueString=iscn, specimen=_MARROW, **more)  # fmt: skip

    def said(self, text: str, day: str, value: str, code: str | None = None, **more: Any) -> Course:
        concept: Raw = {"text": text, **(coded(LOINC, code) if code else {})}
        return self.add("Observation", status="final", code=concept, effectiveDateTime=day, valueString=value,
                        specimen=_MARROW, **more)  # fmt: skip

    def bcr_abl1(self, day: str, found: bool, **more: Any) -> Course:
        value = "BCR::ABL1 fusion detected in 86 % of nuclei" if found else "BCR::ABL1 fusion not detected"
        return self.said("BCR::ABL1 by FISH", day, value, "51867-0", **more)

    def flow(self, day: str, value: str = "Blasts positive for CD10, CD19, CD22 and TdT; negative for CD3, CD7 and MPO.") -> Course:
        return self.said("Leukemia immunophenotyping by flow cytometry", day, value, "101119-6")

    def t315i(self, day: str, **more: Any) -> Course:
        return self.said("ABL1 kinase domain mutation analysis", day, "ABL1 T315I mutation detected", "69548-6", **more)

    def drug(self, name: str, begun: str, ended: str | None = None, **more: Any) -> Course:
        period = {"start": begun, **({"end": ended} if ended else {})}
        return self.add("MedicationStatement", status="completed" if ended else "active", effectivePeriod=period,
                        medicationCodeableConcept={"text": name}, **more)  # fmt: skip

    def drugs(self, names: str, begun: str, ended: str | None = None, **more: Any) -> Course:
        for name in names.split(", "):
            self.drug(name, begun, ended, **more)
        return self

    def order(self, name: str, day: str, status: str = "active", **more: Any) -> Course:
        return self.add("MedicationRequest", status=status, intent="order", authoredOn=day,
                        medicationCodeableConcept={"text": name}, **more)  # fmt: skip

    def graft(self, day: str, text: str = "Allogeneic hematopoietic stem cell transplantation", **more: Any) -> Course:
        return self.add("Procedure", status="completed", code={"text": text}, performedDateTime=day, **more)

    @property
    def patient(self) -> Patient:
        return Patient(self.name, tuple(self.rows), READ)

    @property
    def bundle(self) -> Raw:
        return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": row} for row in self.rows]}


def coded(system: str, code: str) -> Raw:
    return {"coding": [{"system": system, "code": code}]}


HYPER_CVAD = "cyclophosphamide, vincristine, doxorubicin, dexamethasone"


def ponatinib_2016() -> Course:
    """An adult with Ph-positive ALL: hyper-CVAD with dasatinib, relapse with T315I, then ponatinib in 2016."""
    course = Course("ponatinib-2016").diagnosis("2015-11-02").flow("2015-11-02").bcr_abl1("2015-11-03", found=True)
    course.karyotype("2015-11-03", "46,XX,t(9;22)(q34;q11.2)[15]/46,XX[5]")
    course.drugs(HYPER_CVAD, "2015-11-05", "2016-05-01").drug("dasatinib", "2015-11-05", "2016-08-20",
                 statusReason=[{"text": "Disease progression"}])  # fmt: skip
    course.remission("2015-12-10").relapse("2016-08-15").flow("2016-08-15").t315i("2016-08-22")
    return course.drug("ponatinib", "2016-08-29")


def bosutinib_2016() -> Course:
    """The same course with bosutinib in the place of ponatinib; T315I stands against it in the tables of 2025."""
    course = ponatinib_2016()
    for row in course.rows:
        if row.get("medicationCodeableConcept") == {"text": "ponatinib"}:
            row["medicationCodeableConcept"] = {"text": "bosutinib"}
    return course


def ph_negative(name: str, diagnosed: str, relapsed: str | None, born: str = "1970-03-02") -> Course:
    """An adult with Ph-negative B-ALL and hyper-CVAD; all that decides on treatment of relapse is on record."""
    year = int(diagnosed[:4])
    course = Course(name, born).diagnosis(diagnosed).flow(diagnosed).bcr_abl1(diagnosed, found=False)
    course.karyotype(diagnosed, "46,XX[20]").drugs(HYPER_CVAD, diagnosed, f"{year + 1}-06-01")
    course.remission(f"{year}-12-28")
    if relapsed:
        course.relapse(relapsed).flow(relapsed)
    return course


def tisagenlecleucel_2016(**more: Any) -> Course:
    """A young adult in second relapse, given CAR-T cells before any edition listed them."""
    course = ph_negative("cells-2016", "2013-10-07", "2015-11-12", born="1994-05-01")
    course.drug("blinatumomab", "2015-11-20", "2016-01-10").remission("2016-01-20").relapse("2016-06-20").flow("2016-06-20")
    return course.drug("tisagenlecleucel", "2016-08-01", "2016-08-01", **more)


def blinatumomab_for_mrd(day: str = "2019-02-18", *, phase: bool = True) -> Course:
    """An adult in first remission with MRD, given blinatumomab in consolidation; ``phase``: whether the record says so."""
    year = int(day[:4])
    course = ph_negative(f"mrd-{year}", f"{year - 1}-10-08", None)
    course.said("MRD by flow cytometry", f"{year}-02-04", "0.3 %")
    if phase:
        course.add("CarePlan", status="active", intent="plan", title="Consolidation", period={"start": f"{year}-01-10"})
        course.add("DiagnosticReport", status="final", code=coded(LOINC, "48807-2"), effectiveDateTime=f"{year}-01-08",
                   conclusion="Complete remission. Lymphoblasts 1 %.")  # fmt: skip
    return course.drug("blinatumomab", day, f"{year}-04-01")
