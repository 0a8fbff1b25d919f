"""Findings and results of a course as resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from service.population.synthesis import events as e
from service.population.synthesis.codes import GENES, HL7, ICD, LOINC, SNOMED, Json, coded, plain, quantity
from service.population.synthesis.truth import Truth

_ORDINAL = ("", "first", "second", "third", "fourth", "fifth")
_LABS = {  # concept, code, unit
    "wbc": ("labs.wbc", "6690-2", "10*3/uL"), "anc": ("labs.anc", "751-8", "10*3/uL"),
    "platelets": ("labs.platelets", "777-3", "10*3/uL"), "hemoglobin": ("labs.hemoglobin", "718-7", "g/dL"),
    "bilirubin": ("labs.bilirubin_total", "1975-2", "mg/dL"), "alt": ("labs.alt", "1742-6", "U/L"),
    "creatinine": ("labs.creatinine", "2160-0", "mg/dL"),
}  # fmt: skip
_HIGH = {"bilirubin": 1.2, "alt": 40, "creatinine": 1.2}
_MARROW, _FLUID = {"display": "Bone marrow aspirate"}, {"display": "Cerebrospinal fluid"}
_SITE = {"isolated-marrow": "isolated bone marrow relapse", "isolated-CNS": "isolated CNS relapse",
         "combined": "combined relapse in bone marrow and CNS"}  # fmt: skip
_GENE = {
    "ABL1": "76", "ABL2": "77", "BCR": "1014", "KMT2A": "7132", "AFF1": "7135", "MLLT1": "7134", "MLLT3": "7136",
    "ETV6": "3495", "RUNX1": "10471", "TCF3": "11633", "PBX1": "8632", "CRLF2": "14281", "P2RY8": "15524", "JAK2": "6192",
    "EPOR": "3416", "CSF1R": "2433", "PDGFRB": "8804", "PAX5": "8619", "EBF1": "3126",
}  # fmt: skip
_PROTEIN = {
    "T315I": ("c.944C>T", "p.(Thr315Ile)"), "F317L": ("c.951C>G", "p.(Phe317Leu)"), "E255K": ("c.763G>A", "p.(Glu255Lys)"),
    "E255V": ("c.764A>T", "p.(Glu255Val)"), "Y253H": ("c.757T>C", "p.(Tyr253His)"), "F359V": ("c.1075T>G", "p.(Phe359Val)"),
    "M351T": ("c.1052T>C", "p.(Met351Thr)"),
}  # fmt: skip


def observation(day: str, code: Json, category: str = "laboratory", **more: Any) -> Json:
    """An Observation of a day."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [plain(f"{HL7}/observation-category", category)],
        "code": code,
        "effectiveDateTime": day,
        **more,
    }


def condition(day: str, code: Json, status: str) -> Json:
    """A dated diagnosis of an encounter."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": plain(f"{HL7}/condition-clinical", status),
        "verificationStatus": plain(f"{HL7}/condition-ver-status", "confirmed"),
        "category": [plain(f"{HL7}/condition-category", "encounter-diagnosis")],
        "code": code,
        "onsetDateTime": day,
        "recordedDate": day,
    }


def _state(event: e.State, truth: Truth) -> Iterator[Json]:
    day, words = event.day.isoformat(), f"{truth.lineage}-ALL"
    which = _ORDINAL[event.number]
    if event.state == "new-diagnosis":
        code = "277571004" if truth.lineage == "B" else "277575008"
        # The problem list's word, which nobody keeps up to date: how the disease stands is said by dated diagnoses.
        listed = condition(day, coded("diagnosis.all", SNOMED, code), "active")
        listed["category"] = [plain(f"{HL7}/condition-category", "problem-list-item")]
        yield listed
        kind = f"{words}, early T-cell precursor (ETP)" if truth.etp else words
        yield condition(day, coded("diagnosis.all", ICD, "C91.00", f"{kind}, newly diagnosed"), "active")
    elif event.state == "in-remission":
        text = f"{words}, {which} complete remission"
        yield condition(day, coded("diagnosis.all", ICD, "C91.01", text), "remission")
    elif event.state == "relapsed":
        text = f"{words}, {which} relapse, {_SITE[event.site]}"
        yield condition(day, coded("diagnosis.all", ICD, "C91.02", text), "relapse")
    else:
        yield condition(day, coded("diagnosis.all", SNOMED, "12311000132101", f"{words}, refractory"), "active")


def _marrow(event: e.Marrow, truth: Truth) -> Iterator[Json]:
    day = event.day.isoformat()
    words = {
        "diagnosis": f"Bone marrow aspirate: lymphoblasts {event.blasts} % of nucleated cells.",
        "remission": f"Bone marrow in morphologic remission. Lymphoblasts {event.blasts} %, trilineage hematopoiesis.",
        "relapse": f"Relapse of {truth.lineage}-ALL: lymphoblasts {event.blasts} %.",
        "resistant": f"Refractory {truth.lineage}-ALL: lymphoblasts {event.blasts} % after treatment.",
        "cns": f"Bone marrow in morphologic remission. Lymphoblasts {event.blasts} %.",
    }[event.words]
    yield observation(
        day,
        coded("response.marrow_blasts", LOINC, "11150-0"),
        valueQuantity=quantity(event.blasts, "%"),
        specimen=_MARROW,
    )
    yield {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "category": [plain(f"{HL7}/v2-0074", "LAB")],
        "code": coded("response.marrow_blasts", LOINC, "48807-2"),
        "effectiveDateTime": day,
        "conclusion": words,
    }
    yield {
        "resourceType": "Procedure",
        "status": "completed",
        "code": coded("response.marrow_procedure", SNOMED, "49401003", "Bone marrow aspiration"),
        "performedDateTime": day,
    }


def _mrd(event: e.Mrd, truth: Truth) -> Iterator[Json]:
    method = {
        "flow": "Flow cytometry",
        "PCR": "IG/TR allele-specific quantitative PCR",
        "NGS": "IG/TR next-generation sequencing",
    }
    limit = f"{event.sensitivity * 100:.4f}".rstrip("0")
    more: Json = {"method": {"text": method[event.method]}, "specimen": _MARROW}
    if event.form == "percent":
        more["valueQuantity"] = quantity(round(event.fraction * 100, 6), "%")
    elif event.form == "words" and event.fraction:
        digits, power = f"{event.fraction:.1e}".split("e")
        more["valueString"] = f"{digits} x 10^{int(power)}"
    elif event.form == "words":
        more["valueString"] = "No MRD detected"
    else:  # below what the assay reaches, or below the line that is drawn
        more["valueQuantity"] = quantity(float(limit), "%", "<") if not event.fraction else quantity(0.01, "%", "<")
    more["component"] = [{"code": {"text": "Assay sensitivity"}, "valueString": f"{limit} %"}]
    words = f"Measurable residual disease (MRD), {truth.lineage}-ALL, {event.timepoint}"
    yield observation(event.day.isoformat(), {"text": words}, **more)


def _karyotype(event: e.Karyotype, _: Truth) -> Iterator[Json]:
    value = event.iscn or "No metaphases obtained; karyotype could not be determined"
    code = coded("karyotype.iscn", LOINC, "33893-9")
    yield observation(event.day.isoformat(), code, valueString=value, method={"text": "G-banding"}, specimen=_MARROW)


def _bcr_abl1(event: e.BcrAbl1, _: Truth) -> Iterator[Json]:
    day, code = event.day.isoformat(), coded("genetics.fish", LOINC, "51867-0", "BCR::ABL1 by FISH")
    found = round(event.nuclei * 2)
    words = (
        f"BCR::ABL1 fusion detected in {event.nuclei} % of nuclei. nuc ish(ABL1,BCR)x3(ABL1 con BCRx2)[{found}/200]"
        if event.positive
        else "No BCR::ABL1 fusion detected. nuc ish(ABL1,BCR)x2[200]"
    )
    yield observation(
        day, code, valueString=words, method={"text": "FISH, dual color dual fusion probe"}, specimen=_MARROW
    )
    if event.transcript:
        ratio = coded("mrd.bcr_abl1", LOINC, "52132-8" if event.transcript == "p190" else "55147-3")
        amount = quantity(float(20 + event.nuclei * 7 % 75), "%")
        yield observation(day, ratio, valueQuantity=amount, method={"text": "RT-qPCR"}, specimen=_MARROW)


def _component(code: str, value: Json) -> Json:
    return {"code": coded("genetics.variant", LOINC, code), "valueCodeableConcept": value}


def _present(text: str, parts: list[Json], day: str, method: str) -> Json:
    value = coded("genetics.variant", LOINC, "LA9633-4")
    code = coded("genetics.variant", LOINC, "69548-6", text)
    return observation(
        day, code, valueCodeableConcept=value, method={"text": method}, specimen=_MARROW, component=parts
    )


def _fusion(event: e.Fusion, _: Truth) -> Iterator[Json]:
    name = "::".join(event.genes)
    parts = [_component("48018-6", coded("genetics.gene", GENES, _GENE[g], g)) for g in event.genes if g in _GENE]
    yield _present(
        f"{name} gene fusion", [*parts, _component("95123-6", {"text": name})], event.day.isoformat(), "RNA sequencing"
    )


def _fish(event: e.Fish, _: Truth) -> Iterator[Json]:
    for code, name, found in (
        ("78219-3", "KMT2A rearrangement", event.kmt2a),
        ("77039-6", "ETV6::RUNX1 fusion", event.etv6_runx1),
        ("77030-5", "TCF3::PBX1 fusion", event.tcf3_pbx1),
    ):
        words = f"{name} detected in 80 % of nuclei." if found else f"No {name} detected."
        made = coded("genetics.fish", LOINC, code, f"{name.split()[0]} by FISH")
        yield observation(event.day.isoformat(), made, valueString=words, method={"text": "FISH"}, specimen=_MARROW)


def _iamp21(event: e.Iamp21, _: Truth) -> Iterator[Json]:
    code = coded("genetics.fish", LOINC, "57802-1", "RUNX1 by FISH")
    words = f"iAMP21 detected: {event.signals} RUNX1 signals on one chromosome 21."
    yield observation(event.day.isoformat(), code, valueString=words, method={"text": "FISH"}, specimen=_MARROW)


def _abl1(event: e.Abl1Mutations, _: Truth) -> Iterator[Json]:
    day, text = event.day.isoformat(), "ABL1 kinase domain mutation analysis"
    gene = _component("48018-6", coded("genetics.gene", GENES, "76", "ABL1"))
    if not event.change:
        code = coded("genetics.variant", LOINC, "69548-6", text)
        words = "No mutation detected in the ABL1 kinase domain"
        yield observation(
            day,
            code,
            valueString=words,
            method={"text": "Next-generation sequencing"},
            specimen=_MARROW,
            component=[gene],
        )
        return
    coding, protein = _PROTEIN[event.change]
    parts = [
        gene,
        _component("48004-6", {"text": f"NM_005157.6:{coding}"}),
        _component("48005-3", {"text": f"NP_005148.2:{protein}"}),
    ]
    yield _present(text, parts, day, "Next-generation sequencing")


def _phenotype(event: e.Immunophenotype, truth: Truth) -> Iterator[Json]:
    code = coded("immunophenotype.markers", LOINC, "101119-6", "Leukemia immunophenotyping by flow cytometry")
    words = f"Blasts positive for {_list(event.positive)}; negative for {_list(event.negative)}."
    if truth.lineage == "T":
        etp = "CD5 on 30 % of blasts, CD34 on 80 % of blasts."
        words += f" {etp}" if truth.etp else " CD5 on 95 % of blasts."
    yield observation(
        event.day.isoformat(), code, valueString=words, method={"text": "Flow cytometry"}, specimen=_MARROW
    )


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)


def _csf(event: e.Csf, _: Truth) -> Iterator[Json]:
    day = event.day.isoformat()
    for group, code, value, unit in (
        ("diagnosis.cns.csf_wbc", "26465-5", event.wbc, "/uL"),
        ("diagnosis.cns.csf_rbc", "26454-9", 0, "/uL"),
        ("diagnosis.cns.csf_blasts", "26447-3", event.blasts, "%"),
    ):
        yield observation(day, coded(group, LOINC, code), valueQuantity=quantity(value, unit), specimen=_FLUID)


def _lab(event: e.Lab, _: Truth) -> Iterator[Json]:
    group, code, unit = _LABS[event.name]
    made = observation(event.day.isoformat(), coded(group, LOINC, code))
    made["valueQuantity"] = {"value": event.value, "unit": "arb. units"} if event.odd else quantity(event.value, unit)
    if event.name in _HIGH:
        made["referenceRange"] = [{"high": quantity(_HIGH[event.name], unit)}]
    if event.error:
        made["status"] = "entered-in-error"
    yield made


def _performance(event: e.Performance, _: Truth) -> Iterator[Json]:
    day = event.day.isoformat()
    code = coded("fitness.ecog", LOINC, "89247-1")
    if event.scale == "Lansky":
        code = coded("fitness.karnofsky_lansky", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "C38144")
    yield observation(day, code, "survey", valueInteger=event.score)


RESULTS: dict[type[e.Event], Callable[[Any, Truth], Iterator[Json]]] = {
    e.State: _state, e.Marrow: _marrow, e.Mrd: _mrd, e.Karyotype: _karyotype, e.BcrAbl1: _bcr_abl1, e.Fusion: _fusion,
    e.Fish: _fish,
    e.Iamp21: _iamp21, e.Abl1Mutations: _abl1, e.Immunophenotype: _phenotype, e.Csf: _csf, e.Lab: _lab,
    e.Performance: _performance,
}  # fmt: skip
