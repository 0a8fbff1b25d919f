"""What answers a fact: the resource types and codes a site has to send, and the facts it may follow from.

Worked out from the vocabulary, the registry and the terminology, so that the explanation in the terminal, the report over
a feed and the generated pages say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from service.facts.model import Registry
from service.facts.vocabulary.asked import ASKED, FROM_THE_CALL
from service.facts.vocabulary.base import FactType, Vocabulary
from service.facts.vocabulary.drugs import DRUG_OF_CONCEPT
from service.record.build import READ
from service.record.terminology import Coding, Terminology

MEDICATIONS = ("MedicationStatement", "MedicationAdministration", "MedicationRequest")  # as a site had best send them
RESULTS = ("Observation", "DiagnosticReport")
# Which resources carry the codes of a concept group; the longest beginning that fits counts.
_CARRIED_BY: Mapping[str, tuple[str, ...]] = {
    "course.": ("Procedure",),
    "course.history": ("Condition",),
    "diagnosis.": ("Condition",),
    "diagnosis.cns.": ("Observation",),
    "diagnosis.risk": ("Observation",),
    "fitness.": ("Observation",),
    "fitness.hbv": ("Observation", "Condition"),
    "fitness.pregnancy": ("Observation", "Condition"),
    "genetics.": RESULTS,
    "immunophenotype.": RESULTS,
    "karyotype.": RESULTS,
    "labs.": ("Observation",),
    "mrd.": RESULTS,
    "response.": RESULTS,
    "response.marrow_procedure": ("Procedure",),
    "therapy.": MEDICATIONS,
    "therapy.any_chemo": ("Procedure",),
    "therapy.hct_donor": ("Observation",),
    "therapy.intrathecal": ("Procedure",),
    "therapy.radiation": ("Procedure",),
    "toxicity.": ("AdverseEvent", "Condition", "Observation"),
    "toxicity.hypersensitivity": ("AllergyIntolerance", "AdverseEvent", "Condition"),
}
_MEANING = {"fusions": "fusion", "hct_type": "hct", "hbv_serology_positive": "hbv"}  # where it is not the fact's name
# Words of the vocabulary's ``read_from`` that name resource types.
_TYPE = re.compile(rf"\b({'|'.join(sorted({*READ, 'Patient'}, key=len, reverse=True))})s?\b")
_REPORT = re.compile(r"\breports?\b|\btext\b|\bimaging\b")
_DISEASE = ("diagnosis.all", "diagnosis.lbl", "diagnosis.mpal", "diagnosis.bp_cml")
_DRUGS = tuple(group for group in DRUG_OF_CONCEPT if group.startswith("therapy."))
_PROCEDURES = (
    "therapy.any_chemo", "therapy.intrathecal", "therapy.radiation", "course.allo_hct", "course.auto_hct", "course.dli",
    "course.car_t", "course.history",
)  # fmt: skip
_TREATMENT = (*_DRUGS, *_PROCEDURES)
_SITES = ("diagnosis.cns_disease", "diagnosis.testicular_disease")
_PUNCTURE = (
    "diagnosis.cns.csf_wbc", "diagnosis.cns.csf_rbc", "diagnosis.cns.csf_blasts", "course.lumbar_puncture", "labs.wbc",
)  # fmt: skip
_ASPARAGINASES = tuple(group for group in _DRUGS if "aspar" in group)
_HOLDS = (
    "ast_alt", "bilirubin", "hemorrhage", "hyperglycemia", "pancreatitis", "thromboembolism", "triglycerides",
)  # fmt: skip
_ORDERED_TESTS = (
    "mrd.flow", "mrd.pcr", "mrd.ngs", "mrd.bcr_abl1", "mrd.bcr_abl1_unnamed", "karyotype.iscn", "genetics.fish",
    "genetics.abl1_kd_mutation", "immunophenotype.markers",
)  # fmt: skip
# Concept groups that readers look up for a fact beyond those its type in the vocabulary names as its own: dates of the
# disease and of drugs, other tests that show the same. A test compares this with what readers cite.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "pancreatitis_findings_normalized": ("labs.lipase", "labs.amylase"),
    "diagnosis_date": _DISEASE,
    "lineage": ("immunophenotype.markers",),
    "age_months_at_hct": ("course.allo_hct",),
    "karyotype": ("genetics.variant",),
    "modal_chromosome_number": ("karyotype.iscn", "genetics.variant"),
    "chromosomal_abnormality_count": ("karyotype.iscn", "genetics.variant"),
    "complex_karyotype": ("karyotype.iscn", "genetics.variant"),
    "trisomies": ("karyotype.iscn", "genetics.variant", "genetics.fish"),
    "fusions": ("karyotype.iscn", "mrd.bcr_abl1"),
    "ph_status": ("karyotype.iscn", "genetics.fish", "genetics.variant", "mrd.bcr_abl1"),
    "tpmt": ("genetics.variant",),
    "nudt15": ("genetics.variant",),
    "abl1_tested_since_relapse": ("genetics.abl1_kd_mutation", "genetics.variant", "diagnosis.all"),
    "relapse_number": _DISEASE,
    "remission_number": (*_DISEASE, "response.disease_status", "response.obds"),
    "refractory": (*_DISEASE, "response.disease_status", "response.obds"),
    "relapse_site": (*_DISEASE, *_SITES),
    "marrow_relapse": (*_DISEASE, *_SITES),
    "relapse_after_hct": (*_DISEASE, "course.allo_hct"),
    "months_diagnosis": _DISEASE,
    "months_diagnosis_to_relapse": _DISEASE,
    "months_cr1_duration": (*_DISEASE, "response.disease_status", "response.obds"),
    "months_from_end_of_frontline_to_relapse": (*_DISEASE, *_TREATMENT),
    "months_induction_to_relapse": (*_DISEASE, *_TREATMENT),
    "months_since_chemo_completed": _TREATMENT,
    "chemotherapy_last_3_months": _TREATMENT,
    "extramedullary_sites": (*_SITES, "diagnosis.all"),
    "extramedullary_disease": _SITES,
    "cns_disease_at_diagnosis": ("diagnosis.cns_disease", *_PUNCTURE),
    "cns_status_at_diagnosis": ("diagnosis.cns_disease", *_PUNCTURE),
    "cns_status_previous": _PUNCTURE,
    "steroid_day8_response": ("labs.blood_blasts", "labs.wbc"),
    "blast_increase_percent": ("labs.blood_blasts", "response.marrow_blasts"),
    "trilineage_hematopoiesis": ("response.marrow_blasts",),
    "relapse_on_therapy": (*_DISEASE, *_TREATMENT),
    **dict.fromkeys((f"asparaginase_held_for_{reason}" for reason in _HOLDS), _ASPARAGINASES),
    "b_cell_aplasia": ("labs.cd19_b_cells",),
    "toxicity_resolved": ("toxicity.pancreatitis", "toxicity.acute_complications", "toxicity.other_toxicity"),
    "testicular_disease_at_diagnosis": ("diagnosis.testicular_disease",),
    "csf_wbc": ("course.lumbar_puncture",),
    "traumatic_lp": ("diagnosis.cns.csf_rbc", "course.lumbar_puncture"),
    "treatment_phase": (*_DRUGS, "diagnosis.all"),
    "prior_therapies": (*_PROCEDURES, "diagnosis.all"),
    "prior_anthracycline": ("therapy.any_chemo",),
    "prior_tkis": ("therapy.any_chemo",),
    "failed_tkis": _DISEASE,
    "prior_tki_failures": _DISEASE,
    "induction_tki": (*_DRUGS, "therapy.any_chemo"),
    "prior_cart": (
        "therapy.tisagenlecleucel",
        "therapy.brexucabtagene_autoleucel",
        "therapy.obecabtagene_autoleucel",
    ),
    "induction_regimen": (*_DRUGS, "therapy.any_chemo"),
    "conditioning": ("course.allo_hct", "course.auto_hct"),
    "hct_conditioning": ("course.allo_hct", "course.auto_hct"),
    "graft_processing": ("course.allo_hct", "course.auto_hct", "course.graft"),
    "it_therapy_failed": ("diagnosis.all", "diagnosis.cns_disease", "response.disease_status"),
    "refractory_to_tkis": ("diagnosis.all", "response.disease_status"),
    "days_since_lymphodepletion_end": ("course.car_t", "therapy.fludarabine", "therapy.cyclophosphamide"),
    "lymphodepletion_started": ("course.car_t", "therapy.fludarabine", "therapy.cyclophosphamide"),
    "planned_procedure": ("course.allo_hct", "course.auto_hct", "course.dli", "therapy.radiation"),
    "hct_planned": ("course.allo_hct", "course.auto_hct"),
    "weeks_to_planned_hct": ("course.allo_hct",),
    "anc": ("labs.wbc", "labs.neutrophil_percent"),
    "active_tls": ("toxicity.acute_complications",),
    "toxicity": (
        "toxicity.acute_complications",
        "toxicity.other_toxicity",
        "toxicity.pancreatic_enzymes",
        "labs.bilirubin_total",
    ),
    "toxicity_worst": ("toxicity.acute_complications", "toxicity.other_toxicity", "toxicity.pancreatic_enzymes"),
    "lft_normal": ("labs.bilirubin_total", "labs.ast", "labs.alt"),
    "ordered_test": _ORDERED_TESTS,
    "ordered_procedure": ("course.allo_hct", "course.auto_hct", "course.lumbar_puncture", "response.marrow_procedure"),
}
# Resources that readers take a fact from without looking for a code.
_WITHOUT_CODE: Mapping[str, tuple[str, ...]] = {
    "blast_increase_percent": ("Observation", "DiagnosticReport"),
    "toxicity_resolved": ("AdverseEvent", "Condition"),
    "blood_rbc": ("Observation",),
    "cns_status": ("Observation", "DiagnosticReport"),
    "induction_regimen": ("CarePlan", "EpisodeOfCare", *MEDICATIONS),
    "planned_procedure": ("Procedure",),
}
_BILLING = frozenset(
    {"http://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.285"}
)  # what was done, not what was found
_SYSTEMS: Mapping[str, str] = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED CT",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "ICD-10-GM",
    "http://fhir.de/CodeSystem/bfarm/ops": "OPS",
    "http://terminology.hl7.org/CodeSystem/icd-o-3": "ICD-O-3",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://www.whocc.no/atc": "ATC",
    "http://www.genenames.org/geneId": "HGNC",
    "https://www.meddra.org": "MedDRA",
    "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl": "NCIt",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "urn:oid:2.16.840.1.113883.6.285": "HCPCS",
    "http://standardterms.edqm.eu": "EDQM",
    "https://iscn.karger.com": "ISCN",
}


def system_name(uri: str) -> str:
    """What people call a code system; its URI where it has no common name.

    >>> system_name("http://loinc.org"), system_name("urn:oid:1.2.3")
    ('LOINC', 'urn:oid:1.2.3')
    """
    return _SYSTEMS.get(uri, uri)


def carried_by(group: str) -> tuple[str, ...]:
    """The resource types that carry the codes of a concept group.

    Raises:
        KeyError: a group of a kind this does not know.
    """
    fitting = [prefix for prefix in _CARRIED_BY if group.startswith(prefix)]
    if not fitting:
        raise KeyError(group)
    return _CARRIED_BY[max(fitting, key=len)]


@dataclass(frozen=True, slots=True)
class Answers:
    """What answers one fact.

    ``types`` and ``groups``: resources that say it, and the concept groups of their codes; ``follows_from``: facts it may
    be derived from; ``asked``: why no record holds it and it has to be stated, where that is so.
    """

    types: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    follows_from: tuple[str, ...] = ()
    asked: str | None = None

    @property
    def can_be_sent(self) -> bool:
        """Whether a resource can say it by itself."""
        return bool(self.types or self.groups)


class Sources:
    """What answers each fact of a vocabulary; worked out once per fact, and once per concept group the other way round."""

    def __init__(self, vocabulary: Vocabulary, registry: Registry, terminology: Terminology):
        self.vocabulary = vocabulary
        self.registry = registry
        self.terminology = terminology
        self._known = frozenset(terminology.groups())
        self._done: dict[str, Answers] = {}
        self._facts: dict[str, tuple[str, ...]] = {}
        self._by_type: dict[str, list[str]] = {}
        for name in registry.by_name:
            self._by_type.setdefault(name.partition("(")[0], []).append(name)

    def of(self, name: str) -> Answers:
        """What answers a fact; a parameterised one by its name without the kind, too."""
        base = name.partition("(")[0]
        if base not in self._done:
            self._done[base] = self._answers(self.vocabulary.lookup(self.full(name)))
        return self._done[base]

    def facts_of(self, group: str) -> tuple[str, ...]:
        """The fact types that the codes of a concept group answer: first those it is the proper group of."""
        if group not in self._facts:
            found = [kind for kind in self.vocabulary if kind.name not in ASKED and group in self.of(kind.name).groups]
            found.sort(key=lambda kind: group not in self._proper(kind))
            self._facts[group] = tuple(kind.name for kind in found)
        return self._facts[group]

    def codes(self, name: str) -> Iterator[tuple[str, Coding]]:
        """Codes that may be sent for a fact, with their group: one of each group first, those that settle it before others."""
        what = _MEANING.get(name, name)
        rows = []
        for group in self.of(name).groups:
            results = "Observation" in carried_by(group)
            usable = [c for c in self.terminology.codings(group) if c.sendable and not self._is_value(c)]
            usable = [c for c in usable if not (results and c.system in _BILLING)]
            usable.sort(key=lambda c: (what not in self.terminology.meaning(c.system, c.code), _rank(c.system)))
            rows.append([(group, coding) for coding in usable])
        for place in range(max((len(row) for row in rows), default=0)):
            yield from (row[place] for row in rows if place < len(row))

    def _is_value(self, coding: Coding) -> bool:
        """A code of a result ("detected"), or of one laboratory: nothing to send a test under."""
        return coding.system == "local" or "qualitative" in self.terminology.meaning(coding.system, coding.code)

    def full(self, name: str) -> str:
        """A name with a kind, where the fact has kinds and none is named."""
        if "(" in name:
            return name
        kind = next((k for k in self.vocabulary if k.name == name and k.parameters), None)
        return f"{name}({kind.parameters[0]})" if kind else name

    def _answers(self, kind: FactType) -> Answers:
        if kind.judgement:
            return Answers(asked="it is the clinician's to judge")
        asked = ASKED.get(kind.name) or FROM_THE_CALL.get(kind.name)
        names = self._by_type.get(kind.name, [])
        providers = [p for name in names for p in self.registry.by_name[name]]
        follows = _once(need for p in providers for need in p.needs if need.partition("(")[0] != kind.name)
        groups, types = self._own(kind), _types(kind)
        if not groups and not _TYPE.search(kind.read_from):  # read together with others, from the same resources
            together = {n.partition("(")[0] for p in providers if not p.needs for n in p.provides}
            others = [other for other in self.vocabulary if other.name in together]
            groups = _once(group for other in others for group in self._own(other))
            types += [found for other in others for found in _types(other)]
        carried = [t for group in groups for t in carried_by(group)]
        return Answers(_once([*types, *carried]), groups, follows, asked)

    def _own(self, kind: FactType) -> tuple[str, ...]:
        """The concept groups looked up for a fact."""
        return _once(group for group in (*self._proper(kind), *_ALSO.get(kind.name, ())) if group in self._known)

    def _proper(self, kind: FactType) -> tuple[str, ...]:
        """The groups a fact names, those with a code that settles it, and those of the drugs it speaks of."""
        meant = self.terminology.groups_meaning(_MEANING.get(kind.name, kind.name))
        values = frozenset[str]() if kind.name in FROM_THE_CALL else frozenset(kind.values)
        return _once((*kind.codes, *meant, *(group for group, drug in DRUG_OF_CONCEPT.items() if drug in values)))


def _rank(system: str) -> int:
    """Systems in the order in which a site had best send them; codes for bills come last."""
    return list(_SYSTEMS).index(system) if system in _SYSTEMS else len(_SYSTEMS)


def _types(kind: FactType) -> list[str]:
    """Resource types that a fact is said to be read from."""
    found = [*_WITHOUT_CODE.get(kind.name, ()), *_TYPE.findall(kind.read_from)]
    return [*found, "DiagnosticReport"] if _REPORT.search(kind.read_from) else found


def _once(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
