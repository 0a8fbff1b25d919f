"""What a resource is about: the concept it is coded or named with, wherever that stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.record.terminology import Terminology
from service.record.usable import notes_text
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text
from service.record.whose import id_of, reference_in, type_and_id

MEDICATIONS = ("MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense")
_HISTOLOGY = "histology-morphology-behavior"
_NOT_CODED = ("NullFlavor", "data-absent-reason")
_NULL_FLAVORS = frozenset({"NI", "UNK", "NA", "ASKU", "NASK", "NAV", "OTH", "unknown"})
_NO_CODES: frozenset[str] = frozenset()
Coded = tuple[tuple[tuple[str, str], ...], frozenset[str]]
Read = tuple[tuple[tuple[str, str], ...], frozenset[str], frozenset[str], str]
About = tuple[Any, tuple[str, ...]]  # a CodeableConcept in whatever state, and what was odd


class Subjects:
    """Finds the concept of each resource of one record, with the Medications that came with it."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology = terminology
        self._known: dict[tuple[str, str], tuple[tuple[str, str], frozenset[str]]] = {}
        self._medications: dict[str, Mapping[str, Any]] = {}
        self._read: dict[tuple[Any, ...], Read] = {}

    def add_medication(self, full_url: str | None, resource: Mapping[str, Any]) -> None:
        """A Medication that orders and administrations of the record may refer to."""
        url = as_text(full_url)
        own = id_of(resource) or (type_and_id(url)[1] if type_and_id(url)[0] == "Medication" else "")
        if own:
            self._medications[f"Medication/{own}"] = resource
        if url:
            self._medications[url] = resource

    @property
    def medications(self) -> Mapping[str, Mapping[str, Any]]:
        """The Medications that came, by "Medication/id" and by the address they came under."""
        return self._medications

    def coded(self, concept: object) -> Coded:
        """Codings of an element in the terminology's spelling, and the concepts they stand for."""
        codings: list[tuple[str, str]] = []
        concepts = _NO_CODES
        for raw in codings_of(concept):
            known = self._known.get(raw)
            if known is None:
                coding = self._terminology.coding(*raw)
                known = self._known[raw] = (coding, self._terminology.concepts_of(*coding))
            codings.append(known[0])
            if known[1]:
                concepts = concepts | known[1] if concepts else known[1]
        return tuple(codings), concepts

    def read(self, concept: object) -> Read:
        """Codings of an element, the concepts they stand for, the concepts its text names where they stand for none (also
        among the former), and its text. The same element, as in a series of one test, is read once.
        """
        if type(concept) is dict and type(rows := concept.get("coding")) is list and len(rows) == 1:
            row = rows[0]
            if type(row) is dict and type(row.get("code")) is str:
                key = (row["code"], row.get("system"), row.get("display"), concept.get("text"), concept.get("display"))
                try:
                    found = self._read.get(key)
                    if found is None:
                        found = self._read[key] = self._read_once(concept)
                except TypeError:  # an object where a text belongs
                    found = self._read_once(concept)
                return found
        return self._read_once(concept)

    def _read_once(self, concept: object) -> Read:
        codings, concepts = self.coded(concept)
        text = concept_text(concept)
        if concepts or not text:
            return codings, concepts, _NO_CODES, text
        named = self._terminology.concepts_in_text(text)
        return codings, named, named, text

    def about(self, kind: str, resource: Mapping[str, Any]) -> About:
        """The element that says what a resource is about. A Procedure's category is none: it may be a mere heading."""
        if kind == "Observation":  # first, being the most
            return resource.get("code"), ()
        if kind in MEDICATIONS:
            return self._drug(resource)
        if kind == "Condition":
            return self._condition(resource)
        if kind == "AdverseEvent":
            return resource.get("event"), ()
        if kind == "Encounter":
            return resource.get("serviceType"), ()
        if kind == "Procedure" and not self._says_something(resource.get("code")):
            return self._procedure(resource)
        return resource.get("code"), ()

    def _condition(self, resource: Mapping[str, Any]) -> About:
        """A Condition's code; else a diagnosis in the histology extension, and where there is no code at all in the
        body site, the stage, the evidence or a note, where registries put it.
        """
        concept = resource.get("code")
        if self.coded(concept)[1]:
            return concept, ()
        for raw in as_list(resource.get("extension")):
            extension = as_dict(raw)
            if _HISTOLOGY in as_text(extension.get("url")):
                histology = extension.get("valueCodeableConcept")
                if self._is_diagnosis(histology):
                    return _joined(concept, histology), ("diagnosis read from the histology extension",)
        if self._says_something(concept):
            return concept, ()
        for site in as_list(resource.get("bodySite")):
            if self._is_diagnosis(site):
                return site, ("diagnosis read from the body site",)
        for name, part, where in (("stage", "summary", "the stage"), ("evidence", "code", "the evidence")):
            for raw in as_list(resource.get(name)):
                for said in as_list(as_dict(raw).get(part)):
                    if self._is_diagnosis(said):
                        return said, (f"diagnosis read from {where}",)
        note = notes_text(resource)
        if self._names_diagnosis(note):
            return {"text": note}, ("diagnosis read from a note",)
        return concept, ()

    def _procedure(self, resource: Mapping[str, Any]) -> About:
        """A Procedure without code: the substances or things it used, else its note, where registries put what it was."""
        used: Any = None
        for raw in as_list(resource.get("usedCode")):
            used = _joined(used, raw)
        if self._says_something(used):
            return used, ("read from what was used",)
        note = notes_text(resource)
        return ({"text": note}, ("read from a note",)) if note else (resource.get("code"), ())

    def _is_diagnosis(self, concept: object) -> bool:
        found = self.coded(concept)[1]
        return any(c.startswith("diagnosis.") for c in found) or self._names_diagnosis(concept_text(concept))

    def _names_diagnosis(self, text: str) -> bool:
        return any(c.startswith("diagnosis.") for c in self._terminology.concepts_in_text(text))

    def _says_something(self, concept: object) -> bool:
        """Whether a code without known coding still says something: any code but "not known", or words of its own."""
        codings = codings_of(concept)
        text = concept_text(concept)
        if codings and all(_is_null(system, code) for system, code in codings):
            return bool(self._terminology.concepts_in_text(text))
        return bool(codings or text)

    def _drug(self, resource: Mapping[str, Any]) -> About:
        concept = resource.get("medicationCodeableConcept")
        if codings_of(concept) or concept_text(concept):
            return concept, ()
        link = resource.get("medicationReference")
        target = reference_in(link)
        found = self._contained(resource, target[1:]) if target.startswith("#") else self._medication(target)
        text = as_text(as_dict(link).get("display"))
        if found is not None:
            product = self._product(found)
            unnamed = text and not concept_text(product) and not self.coded(product)[1]
            return _joined(product, {"text": text}) if unnamed else product, ()
        return {"text": text}, ("the Medication it refers to did not come with it",) if target else ()

    def _medication(self, target: str) -> Mapping[str, Any] | None:
        """A Medication that came, by the address it came under, or by type and id wherever its server is."""
        return self._medications.get(target) or self._medications.get("/".join(type_and_id(target)))

    def _contained(self, resource: Mapping[str, Any], own: str) -> Mapping[str, Any] | None:
        for inner in as_list(resource.get("contained")):
            if isinstance(inner, Mapping) and id_of(inner).removeprefix("#") == own:
                return inner
        return None

    def _product(self, medication: Mapping[str, Any]) -> Any:
        """A Medication's code, with the codes of its ingredients where its own is not known. An ingredient may be a
        Medication of its own.
        """
        concept = medication.get("code")
        if self.coded(concept)[1]:
            return concept
        for part in map(as_dict, as_list(medication.get("ingredient"))):
            link = part.get("itemReference")
            inner = self._medication(reference_in(link)) if link else None
            said = inner.get("code") if inner is not None else {"text": as_text(as_dict(link).get("display"))}
            concept = _joined(_joined(concept, part.get("itemCodeableConcept")), said)
        return concept


def _is_null(system: str, code: str) -> bool:
    return any(word in system for word in _NOT_CODED) or (not system and code in _NULL_FLAVORS)


def _joined(first: object, second: object) -> dict[str, Any]:
    """One CodeableConcept of two."""
    codings = [{"system": system, "code": code} for concept in (first, second) for system, code in codings_of(concept)]
    text = " | ".join(dict.fromkeys(filter(None, (concept_text(first), concept_text(second)))))
    return {"coding": codings, "text": text}
