"""Requests to measure with: a patient with relapsed ALL and one without, as an EHR sends them.

The same seed makes the same chart; another seed makes other ids and other values of the same story, so that nothing a
server remembers of one helps it with the next.
"""

from __future__ import annotations

import json
import random
import uuid
from datetime import date, timedelta
from typing import Any

_LOINC, _SNOMED, _RXNORM = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
_BYTES_EACH = 1_250  # of a resource with its narrative, as real servers send them: 100 KB for 80
_USUAL = 80  # resources; a chart with more has more of what repeats: labs, doses, MRD, reports
_DAY = date.today() - timedelta(days=2)  # noqa: DTZ011 - recent results, whenever the benchmark runs
_Resource = dict[str, Any]
_Keys = dict[str, list[_Resource]]


def request(with_all: bool, resources: int = _USUAL, seed: int = 7) -> bytes:
    """A whole patient-view request.

    Args:
        resources: how many there are, at least 80.
        seed: which chart of this kind.
    """
    chart = _Chart(seed)
    return _written(chart, chart.all(resources) if with_all else chart.other(resources), resources)


def order_sign(drafts: int = 10, seed: int = 7, resources: int = _USUAL) -> bytes:
    """An order-sign request: drafts for the patient with ALL, several of them dangerous.

    Args:
        drafts: how many, 1 to 10.
    """
    chart = _Chart(seed)
    orders = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in chart.drafts(drafts)]}
    return _written(chart, chart.all(resources), resources, "order-sign", {"draftOrders": orders})


def _written(
    chart: _Chart, keys: _Keys, resources: int, hook: str = "patient-view", context: _Resource | None = None
) -> bytes:
    """The request as JSON, with narrative on as many resources as its size needs."""
    body = chart.body(keys, hook, context or {})
    short = resources * _BYTES_EACH - len(json.dumps(body))
    div = "<div xmlns='http://www.w3.org/1999/xhtml'>" + "narrative " * 40 + "</div>"
    for row in (row for rows in keys.values() for row in rows):
        if short <= 0:
            break
        row["text"] = {"status": "generated", "div": div * 3}
        short -= len(json.dumps(row["text"]))
    return json.dumps(body).encode()


def _coded(system: str, code: str, text: str) -> _Resource:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


_LABS = (("6690-2", "WBC", "10*3/uL", 4.2), ("751-8", "Neutrophils", "10*3/uL", 2.1), ("777-3", "Platelets", "10*3/uL", 140.0),
         ("718-7", "Hemoglobin", "g/dL", 10.1), ("1968-7", "Bilirubin direct", "mg/dL", 0.3))  # fmt: skip
_DRUGS = ("vincristine", "doxorubicin", "cyclophosphamide", "dexamethasone", "methotrexate", "cytarabine")
_NOTES = (
    "Clinic visit, day {n}. Fatigue grade 1, no fever, no bleeding. Neuropathy grade 1 in both feet since vincristine, no "
    "change in dose. Counts recovering. Dexamethasone was tolerated, no hyperglycemia. Plan: next course on day {m}.",
    "CT chest, abdomen and pelvis, study {n}. No mediastinal mass. Spleen {m} cm, no hepatomegaly. No evidence of "
    "thrombosis. Impression: no extramedullary disease.",
    "Bone marrow aspirate {n}. Cellularity {m} %, trilineage hematopoiesis, no increase in blasts by morphology. Flow "
    "cytometry reported separately. Cytogenetics pending.",
    "Lumbar puncture {n}: atraumatic, CSF WBC 1/uL, RBC {m}/uL, no blasts on cytospin. Intrathecal methotrexate given.",
)  # fmt: skip
_WAYS = {"oral": "26643006", "intravenous": "47625008", "intrathecal": "72607000", "subcutaneous": "34206005"}
_DRAFTS = (  # drug, way, dose
    ("vincristine", "intrathecal", "2 mg on day 1"),
    ("methotrexate", "intravenous", "5 g/m2 over 24 hours"),
    ("pantoprazole", "oral", "40 mg daily"),
    ("trimethoprim and sulfamethoxazole", "oral", "960 mg three times a week"),
    ("mercaptopurine", "oral", "50 mg/m2 daily"),
    ("allopurinol", "oral", "300 mg daily"),
    ("nelarabine", "intravenous", "1.5 g/m2 on days 1, 3 and 5"),
    ("pegaspargase", "intravenous", "2500 units/m2 on day 4"),
    ("blinatumomab", "intravenous", "28 micrograms daily"),
    ("yellow fever vaccine", "subcutaneous", "0.5 mL once"),
)


class _Chart:
    """Makes the resources of one patient; what varies comes from the seed."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)
        self.patient = f"bench-{self._token()}"
        self._birth = date(1990, 5, 17) + timedelta(days=self._random.randrange(300))
        self._call = uuid.UUID(int=self._random.getrandbits(128))

    def body(self, keys: _Keys, hook: str, context: _Resource) -> _Resource:
        prefetch: _Resource = {
            key: {
                "resourceType": "Bundle",
                "type": "searchset",
                "total": len(rows),
                "entry": [{"resource": r} for r in rows],
            }
            for key, rows in keys.items()
        }
        prefetch["patient"] = {
            "resourceType": "Patient",
            "id": self.patient,
            "gender": "female",
            "birthDate": self._birth.isoformat(),
        }
        return {
            "hook": hook,
            "hookInstance": str(self._call),
            "context": {"patientId": self.patient, "userId": "Practitioner/1", **context},
            "prefetch": prefetch,
        }

    def all(self, resources: int) -> _Keys:
        """Relapsed B-ALL, 80 resources with the Patient; beyond them labs 60 %, doses 20 %, MRD and reports 10 % each."""
        more = resources - _USUAL
        reports, repeated, doses = more // 10, more // 10, more // 5
        relapse = self._base("Condition", _DAY, code=_coded(_SNOMED, "277571004", "B-cell acute lymphoblastic leukemia"),
                             onsetDateTime=(_DAY - timedelta(days=800)).isoformat(),
                             clinicalStatus=_coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "relapse", "Relapse"))  # fmt: skip
        return {
            "conditions": [relapse],
            "observations": self._labs(59 + more - reports - repeated - doses) + self._special() + self._mrd(repeated),
            "reports": self._reports(reports), "procedures": [],
            "medication-statements": [], "medication-requests": [], "medication-administrations": self._given(14 + doses),
        }  # fmt: skip

    def other(self, resources: int) -> _Keys:
        """Diabetes and hypertension: three diagnoses, six prescriptions, and labs for the rest."""
        codes = (("44054006", "Type 2 diabetes mellitus"), ("38341003", "Hypertensive disorder"), ("13645005", "COPD"))
        conditions = [self._base("Condition", _DAY, code=_coded(_SNOMED, code, text)) for code, text in codes]
        drugs = [
            self._base("MedicationRequest", _DAY, status="active", intent="order", authoredOn=_DAY.isoformat(),
                       medicationCodeableConcept=_coded(_RXNORM, "860975", "metformin"))
            for _ in range(6)
        ]  # fmt: skip
        return {
            "conditions": conditions, "observations": self._labs(resources - 10), "reports": [], "procedures": [],
            "medication-statements": [], "medication-requests": drugs, "medication-administrations": [],
        }  # fmt: skip

    def drafts(self, count: int) -> list[_Resource]:
        """Draft orders in words and by route code, as an order set leaves them."""
        return [
            self._base("MedicationRequest", _DAY, status="draft", intent="order", medicationCodeableConcept={"text": drug},
                       dosageInstruction=[{"text": dose, "route": _coded(_SNOMED, _WAYS[way], f"{way.title()} route")}])
            for drug, way, dose in _DRAFTS[:count]
        ]  # fmt: skip

    def _token(self) -> str:
        return f"{self._random.getrandbits(40):010x}"

    def _around(self, value: float) -> float:
        """A value within five percent: another number, the same story."""
        return round(value * self._random.uniform(0.95, 1.05), 3)

    def _base(self, kind: str, day: date, **more: Any) -> _Resource:
        patient = {"reference": f"Patient/{self.patient}"}
        made = {"resourceType": kind, "id": f"{kind.lower()}-{self._token()}", "subject": patient, **more}
        if kind == "Observation":
            made |= {"status": "final", "effectiveDateTime": day.isoformat()}
        return made

    def _labs(self, count: int) -> list[_Resource]:
        found = []
        for number in range(count):
            code, text, unit, value = _LABS[number % len(_LABS)]
            quantity = {"value": self._around(value + number % 58 / 100), "unit": unit, "system": "http://unitsofmeasure.org",
                        "code": unit}  # fmt: skip
            day = _DAY - timedelta(days=number // len(_LABS))
            found.append(self._base("Observation", day, code=_coded(_LOINC, code, text), valueQuantity=quantity))
        return found

    def _special(self) -> list[_Resource]:
        return [
            self._base("Observation", _DAY, code=_coded(_LOINC, "29770-5", "Karyotype"),
                       valueString=f"46,XX[{self._random.randint(18, 30)}]"),
            self._base("Observation", _DAY, code=_coded(_LOINC, "11150-0", "Blasts in bone marrow"),
                       valueQuantity={"value": self._around(62), "unit": "%", "code": "%"}),
            self._base("Observation", _DAY, code=_coded(_LOINC, "21821-4", "BCR-ABL1"), valueString="not detected"),
            self._base("Observation", _DAY, code={"text": "Flow cytometry immunophenotype"},
                       valueString="positive for CD10, CD19, CD22, CD79a and TdT; negative for CD20"),
            self._base("Observation", _DAY, code={"text": "MRD by flow cytometry"},
                       valueString=f"{self._around(2.3)} x 10^-3"),
        ]  # fmt: skip

    def _mrd(self, count: int) -> list[_Resource]:
        """Earlier measurements, every two weeks."""
        return [
            self._base("Observation", _DAY - timedelta(days=14 * (number + 1)), code={"text": "MRD by flow cytometry"},
                       valueString=f"{self._around(2.3)} x 10^-{3 + number % 2}")
            for number in range(count)
        ]  # fmt: skip

    def _given(self, count: int) -> list[_Resource]:
        return [
            self._base("MedicationAdministration", _DAY, status="completed",
                       medicationCodeableConcept={"text": _DRUGS[number % len(_DRUGS)]},
                       effectiveDateTime=(_DAY - timedelta(days=700 - number % 690)).isoformat())
            for number in range(count)
        ]  # fmt: skip

    def _reports(self, count: int) -> list[_Resource]:
        """Reports in words, each its own text."""
        found = []
        for number in range(count):
            text = _NOTES[number % len(_NOTES)].format(n=self._random.randrange(1000), m=self._random.randint(8, 60))
            code = {"text": ("Progress note", "CT scan", "Bone marrow report", "Lumbar puncture")[number % len(_NOTES)]}
            day = (_DAY - timedelta(days=7 * number)).isoformat()
            found.append(
                self._base("DiagnosticReport", _DAY, status="final", code=code, effectiveDateTime=day, conclusion=text)
            )
        return found
