"""Anaphylaxis, and which asparaginase was reacted to.

An AllergyIntolerance to an asparaginase, an adverse event that suspects one, or a Condition that names both. E. coli-derived
are native asparaginase, pegaspargase and calaspargase pegol; Erwinia-derived the others (NCCN ALL 2015 ALL-B 3; NCCN pediatric
2026). Traps: an intolerance entered for pancreatitis or thrombosis is no hypersensitivity; an anaphylaxis to penicillin is
none to asparaginase; ATC L01XX02 and the word "asparaginase" do not say which, so that only the drugs given may; loss of
activity without symptoms (silent inactivation) is no reaction and not read as one; urticaria of grade 1, or an allergy of
which every reaction is of grade 1, is no reason to change the product (NCCN ALL 2015 ALL-B 3) and so none either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, seen_in
from service.facts.disease.conditions import Standing, is_differential, standing
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import is_count
from service.facts.therapy.drug_names import drugs_in, named
from service.facts.therapy.exposure import exposures
from service.facts.toxicity.grades import grade_of, in_words
from service.facts.toxicity.kinds import ANAPHYLAXIS, kinds_in, kinds_of
from service.facts.vocabulary.drugs import IMPLIES
from service.record.model import Entry, PatientRecord
from service.record.text import Mention, mention_of, states
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text
from service.record.whose import reference_in

_ERWINIA = "asparaginase-erwinia"
_NAME = "asparaginase_hypersensitivity"
_REACTION = re.compile(r"anaphyla|hypersensiti[vz]|überempfindlich|allerg|serum sickness|serumkrankheit", re.IGNORECASE)
_ANY = re.compile(r"asparaginase|asparagasum|asnase|pegaspargase|oncaspar|erwin|rylaze|calaspargase", re.IGNORECASE)
_ALLERGIC = frozenset({"hypersensitivity-systemic", "urticaria", "infusion-reaction-iv"})
_SYSTEMIC = "hypersensitivity-systemic"
_HYPERSENSITIVE = frozenset({_SYSTEMIC, "urticaria"})  # an infusion reaction need not be one


@provides("anaphylaxis")
def anaphylaxis(facts: Facts) -> Iterator[Fact]:
    """Anaphylaxis to asparaginase, or to what nobody said; one to something else is not meant."""
    if facts.record is None:
        return
    told = (
        e
        for e in facts.record.of_type("AdverseEvent", "Condition", "Observation", "AllergyIntolerance")
        if not is_count(e)
    )
    found = [e for e in told if _is_anaphylaxis(e) and not is_differential(e)]
    meant = [e for e in found if _culprit(facts.record, e) is not False]
    if meant:
        yield known("anaphylaxis", True, *(seen_in(e, e.text or None) for e in meant))
    elif found:
        seen = (seen_in(e, e.text or None) for e in found)
        yield unknown("anaphylaxis", Reason.NOT_DECIDED, "an anaphylaxis to something else is on record", seen)
    else:
        yield absent(facts, "anaphylaxis", "AdverseEvent", "AllergyIntolerance", what="anaphylaxis")


def _culprit(record: PatientRecord, entry: Entry) -> bool | None:
    """Whether a reaction was to asparaginase; ``None`` where nobody said to what."""
    if entry.type == "AllergyIntolerance":
        drugs = named(record.terminology, entry.concepts - entry.text_concepts, entry.text, anyhow=True).drugs
        if _asparaginases(drugs) or _ANY.search(entry.text):
            return True
        return False if entry.codings or entry.text else None
    texts = [entry.text, *_suspects(record, entry)]
    if any(_ANY.search(text) or _asparaginases(drugs_in(record.terminology, text, anyhow=True)) for text in texts):
        return True
    elsewhere = any(text.strip() for text in texts[1:]) or _TO.search(entry.text)
    return (
        False
        if elsewhere or any(code.upper().startswith(("T78.0", "T80.5", "T63")) for _, code in entry.codings)
        else None
    )


def concerns_asparaginase(record: PatientRecord) -> bool | None:
    """Whether an allergy of the record is to an asparaginase; ``None`` where one does not say to what."""
    found = {_culprit(record, entry) for entry in record.of_type("AllergyIntolerance")}
    return True if True in found else None if None in found else False


_TO = re.compile(r"anaphyla\w*(?: \w+)? (?:to|due to|caused by|auf|durch|gegen|nach)\s+\w", re.IGNORECASE)


def _is_anaphylaxis(entry: Entry) -> bool:
    if any(code in ANAPHYLAXIS.codes for _, code in entry.codings):
        return True
    words = [entry.text] if entry.type != "AllergyIntolerance" else []
    for text, codes in _manifestations(entry):
        if codes & ANAPHYLAXIS.codes:
            return True
        words.append(text)
    return any(ANAPHYLAXIS.states(text) for text in words)


def _manifestations(entry: Entry) -> Iterator[tuple[str, frozenset[str]]]:
    """What the reactions of an allergy showed."""
    for raw in as_list(entry.resource.get("reaction")):
        reaction = as_dict(raw)
        for manifestation in as_list(reaction.get("manifestation")):
            yield concept_text(manifestation), frozenset(code for _, code in codings_of(manifestation))
        if as_text(reaction.get("description")):
            yield as_text(reaction.get("description")), frozenset()


@provides("e_coli_asparaginase_hypersensitivity", _NAME)
def hypersensitivity(facts: Facts) -> Iterator[Fact]:
    """Which asparaginase was reacted to."""
    if facts.record is None:
        return
    reacted: dict[str, list[Provenance]] = {}
    unnamed: list[Entry] = []
    for entry in facts.record.of_type("AllergyIntolerance", "AdverseEvent", "Condition"):
        drugs = _reacted_to(facts.record, entry)
        for drug in _asparaginases(drugs):
            reacted.setdefault(_source(drug), []).append(seen_in(entry, entry.text or drug))
        if not _asparaginases(drugs) and "asparaginase" in drugs:
            unnamed.append(entry)
    for dose in exposures(facts.record, facts.as_of).items:
        if dose.drug in _asparaginases(frozenset({dose.drug})) and _stopped_for_it(dose.entry):
            reacted.setdefault(_source(dose.drug), []).append(dose.seen("the reason it was stopped for"))
    for entry in unnamed:
        kinds = _given_by(facts, entry)
        if len(kinds) == 1:
            note = "which one is not said; only this kind was given"
            reacted.setdefault(kinds.pop(), []).append(seen_in(entry, entry.text or None, inferred=True, note=note))
    if "E-coli-derived" in reacted:
        yield known("e_coli_asparaginase_hypersensitivity", True, *reacted["E-coli-derived"])
    if len(reacted) == 1:
        kind, seen = next(iter(reacted.items()))
        yield known(_NAME, kind, *seen)
    elif reacted:
        detail = "reactions to both kinds are on record"
        yield unknown(_NAME, Reason.CONFLICTING, detail, [p for seen in reacted.values() for p in seen])
    elif unnamed:
        detail = "a reaction to asparaginase is on record, but not to which"
        for name in (_NAME, "e_coli_asparaginase_hypersensitivity"):
            yield unknown(name, Reason.NOT_DECIDED, detail, (seen_in(e, e.text or None) for e in unnamed))
    else:
        for name in (_NAME, "e_coli_asparaginase_hypersensitivity"):
            yield absent(facts, name, "AllergyIntolerance", "AdverseEvent", what="a reaction to asparaginase")


def _stopped_for_it(entry: Entry) -> bool:
    """Whether an order or statement says that it was stopped for an allergic reaction."""
    reasons = as_list(entry.resource.get("statusReason"))
    codes = [code for reason in reasons for _, code in codings_of(reason)]
    return _SYSTEMIC in kinds_in("", codes) or any(states(concept_text(reason), _REACTION) for reason in reasons)


def _asparaginases(drugs: frozenset[str]) -> frozenset[str]:
    """The products among some drugs; the class alone is none."""
    return frozenset(drug for drug in drugs if "asparaginase" in IMPLIES.get(drug, ()))


def _source(drug: str) -> str:
    return "Erwinia-derived" if drug == _ERWINIA else "E-coli-derived"


def _given_by(facts: Facts, entry: Entry) -> set[str]:
    """The kinds of asparaginase given up to the day of a reaction."""
    if facts.record is None:
        return set()
    until = entry.when.end if entry.when is not None else facts.as_of
    return {
        _source(e.drug)
        for e in exposures(facts.record, facts.as_of).given()
        if "asparaginase" in IMPLIES.get(e.drug, ()) and (e.start is None or e.start.start <= until)
    }


def _reacted_to(record: PatientRecord, entry: Entry) -> frozenset[str]:
    """Asparaginases that a resource says were reacted to with an allergy; the class where it does not say which."""
    if entry.type == "AllergyIntolerance":
        if standing(entry) is Standing.PAST or not _allergic(entry) or _is_mild(entry):
            return frozenset()
        drugs = named(record.terminology, entry.concepts - entry.text_concepts, entry.text, anyhow=True).drugs
        return drugs | (frozenset({"asparaginase"}) if _ANY.search(entry.text) else frozenset())
    if is_differential(entry):
        return frozenset()
    kinds = kinds_of(entry)
    if kinds == ("urticaria",) and grade_of(record, entry) == 1.0:
        return frozenset()
    if not _HYPERSENSITIVE.isdisjoint(kinds) or mention_of(entry.text, _REACTION) in (
        Mention.PRESENT,
        Mention.HISTORY,
    ):
        texts = [entry.text, *_suspects(record, entry)]
        drugs = frozenset[str]().union(*(drugs_in(record.terminology, text, anyhow=True) for text in texts))
        return drugs | (frozenset({"asparaginase"}) if any(_ANY.search(text) for text in texts) else frozenset())
    return frozenset()


def _allergic(entry: Entry) -> bool:
    """Whether an entry of the allergy list is one: not where its reactions are only of another kind (pancreatitis)."""
    kinds = [kinds_in(text, codes) for text, codes in _manifestations(entry)]
    return not kinds or any(not kind or _ALLERGIC & set(kind) for kind in kinds)


def _is_mild(entry: Entry) -> bool:
    """Whether every reaction of an entry of the allergy list is said to be of grade 1; "mild" alone is no grade."""
    grades = [in_words(text) for text, _ in _manifestations(entry)]
    return bool(grades) and all(grade == 1.0 for grade in grades)


def _suspects(record: PatientRecord, entry: Entry) -> Iterator[str]:
    """Names of what an adverse event suspects, also where it only refers to a medication of the record."""
    for raw in as_list(entry.resource.get("suspectEntity")):
        suspect = as_dict(raw)
        instance = as_dict(suspect.get("instance"))
        yield " ".join(
            (
                as_text(instance.get("display")),
                concept_text(suspect.get("instanceCodeableConcept")),
                concept_text(instance),
            )
        ).strip()
        target = reference_in(instance)
        found = next((e for e in record.of_type("MedicationAdministration", "MedicationStatement", "MedicationRequest")
                      if target and e.reference == target), None)  # fmt: skip
        if found is not None:
            yield " ".join(
                (found.text, *named(record.terminology, found.concepts - found.text_concepts, found.text).drugs)
            )


PROVIDERS: tuple[Provider, ...] = (anaphylaxis, hypersensitivity)
