"""Genetic findings of a record: from diagnosis codes, karyotypes, FISH, RT-PCR and genomics reporting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from service.facts.genetics.codes import (
    ANSWERS,
    GENES,
    HALF_TESTS,
    LOG_SCALES,
    SUBTYPES,
    TESTS,
    TRANSCRIPT_RATIOS,
    VARIANT_ANSWER_SYSTEM,
    VARIANT_ANSWERS,
)
from service.facts.genetics.text import Said, findings_in
from service.facts.karyotype import Hybridization, hybridizations_in, implied_fusions
from service.facts.karyotype.clean import without_formula
from service.facts.karyotype.collect import Found, at_diagnosis, karyotypes, milestones
from service.facts.karyotype.hybridization import symbol
from service.facts.mrd.values import bounds, read_mrd_text
from service.record.model import Coverage, Entry, PatientRecord, once_per_record
from service.record.values import (
    as_dict,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    notes_of,
    qualitative_text,
    quantity,
    value_text,
)

_REPORTS = ("genetics.fish", "genetics.bcr_abl1_presence", "genetics.variant", "karyotype.iscn")
_MEASURES = ("mrd.bcr_abl1",)
_MEDICATIONS = ("MedicationStatement", "MedicationAdministration", "MedicationRequest")
_PROBES = frozenset({"genetics.fish", "genetics.bcr_abl1_presence", "genetics.variant"})
_PROBED = re.compile(
    r"\bFISH\b|\bish\b|PCR|in[- ]situ|\bRNA|transcri|transkri|sequen[cz]|\bNGS\b|\bmole[ck]ul|sonde|probe|MLPA|array"
    r"|::|\bBCR|ABL1|KMT2A|\bMLL\b|RUNX1|TCF3",
    re.IGNORECASE,
)
_HALVES = {
    "p190": re.compile(r"\bp190\b|\be1a[23]\b|minor\b", re.IGNORECASE),
    "p210": re.compile(r"\bp210\b|\be1[34]a[23]\b|\bb[23]a[23]\b|major\b", re.IGNORECASE),
}
_GENE_STUDIED, _FUSION, _ISCN = "48018-6", "95123-6", "81291-7"
_TREATED_DAYS = timedelta(days=7)
_UNTREATED_FOR = timedelta(days=14)  # after the diagnosis; by then treatment has begun, recorded or not
_LOG = re.compile(r"\blog\b|\blog[- ]?(?:stuf|redu)|\bMR\b", re.IGNORECASE)
_BLASTS_NEAR = timedelta(days=14)
_BLASTS_PERCENT = 20.0
_BLASTS_SAID = re.compile(
    r"(\d{1,3}(?:[.,]\d+)?)\s?%\s+(?:\w+\s+){0,2}(?:blasts?|blasten|lymphoblast\w*)|blast\w*\s*[:=]?\s*(\d{1,3}(?:[.,]\d+)?)\s?%",
    re.I,
)
_TESTED_BY = re.compile(
    r"\b(?:FISH|PCR|in[- ]situ|RNA|transcript|transkript|sequenc|sequenz|MLPA|NGS|SNP|(?:micro)?array|optical genome|genetic|genetik"
    r"|molecular|molekular)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement about one finding. ``present`` is ``None`` where it is left open.

    ``method``: "karyotype", "test" (FISH, PCR, sequencing), "ratio" (a transcript ratio: follow-up of a known fusion),
    "half-test" (one of the two BCR::ABL1 transcripts only), "diagnosis".
    """

    token: str
    present: bool | None
    entry: Entry
    method: str
    found: str
    from_text: bool = False
    note: str | None = None


@once_per_record
def findings(record: PatientRecord) -> tuple[Finding, ...]:
    """All genetic findings of a record, newest first within each kind of source."""
    cytogenetics = karyotypes(record)
    aside = {id(found.entry) for found in cytogenetics if found.aside is not None}
    return (
        *_from_diagnoses(record),
        *_from_karyotypes(cytogenetics),
        *_from_tests(record, aside),
        *_from_ratios(record),
    )


def disease_present(record: PatientRecord, entry: Entry) -> bool | None:
    """Whether a sample was taken while the leukemia was there to be found, so that a negative result means something.

    Yes: 20 % blasts or more in its own report or in a marrow within 14 days, or a sample from within 60 days of the
    diagnosis that was not taken later than a week after the first recorded antileukemic drug; two weeks after the
    diagnosis where complete lists name no such drug, or the lists are not complete. ``None``: undated sample or
    diagnosis. A negative result of any other day may only show remission.
    """
    if _blasts_said(entry) or _blasts_near(record, entry):
        return True
    days = milestones(record)
    near = at_diagnosis(entry, days)
    if not near or entry.when is None or days.diagnosis is None:
        return near
    first = _first_treatment(record, days.diagnosis - timedelta(days=60))
    untreated = days.diagnosis + _UNTREATED_FOR
    if first is not None:
        complete = record.covered(*_MEDICATIONS) is Coverage.COMPLETE
        untreated = first + _TREATED_DAYS if complete else min(untreated, first + _TREATED_DAYS)
    return entry.when.end <= untreated


def _blasts_said(entry: Entry) -> bool:
    text = f"{value_text(entry.resource)}\n{notes_of(entry.resource)}"
    return any(float((m[1] or m[2]).replace(",", ".")) >= _BLASTS_PERCENT for m in _BLASTS_SAID.finditer(text))


def _blasts_near(record: PatientRecord, entry: Entry) -> bool:
    if entry.when is None:
        return False
    for blasts in record.about("response.marrow_blasts", types=("Observation",)):
        q = quantity(blasts.resource)
        if q is None or blasts.when is None or (q.unit or "%") != "%" or q.comparator in ("<", "<="):
            continue
        if q.value >= _BLASTS_PERCENT and abs(blasts.when.start - entry.when.start) <= _BLASTS_NEAR:
            return True
    return False


def _first_treatment(record: PatientRecord, since: date) -> date | None:
    drugs = record.of_type(*_MEDICATIONS)
    given = (e.when.start for e in drugs if e.when and any(c.startswith("therapy.") for c in e.concepts))
    return min((day for day in given if day >= since), default=None)


def _from_diagnoses(record: PatientRecord) -> Iterator[Finding]:
    for entry in record.of_type("Condition"):
        if not any(c.startswith(("diagnosis.", "genetics.")) for c in entry.concepts):
            continue
        coded = False
        for _, code in entry.codings:
            if code in SUBTYPES:
                token, present = SUBTYPES[code]
                coded = True
                yield Finding(token, present, entry, "diagnosis", code)
        if not coded:
            for said in findings_in(entry.text, naming_is_stating=True):
                yield Finding(said.token, said.present, entry, "diagnosis", entry.text, from_text=True)


def _from_karyotypes(cytogenetics: Sequence[Found]) -> Iterator[Finding]:
    for found in cytogenetics:
        if found.aside is not None or found.karyotype.problem not in (None, "in-situ hybridization only"):
            continue
        for implied in implied_fusions(found.karyotype):
            present = True if implied.certain else None
            yield Finding(implied.fusion, present, found.entry, "karyotype", implied.abnormality, note=implied.doubt)


def _from_tests(record: PatientRecord, aside: Set[int]) -> Iterator[Finding]:
    """Findings of reports; ``aside``: entries whose karyotype is not the leukemia's, which are not read at all."""
    named = record.about(*_REPORTS, types=("Observation", "DiagnosticReport"))
    seen = {id(entry) for entry in named}
    for entry in named:
        if id(entry) not in aside:
            yield from _in_report(entry)
    for entry in record.of_type("Observation", "DiagnosticReport"):
        if id(entry) in seen | aside or entry.concepts.intersection(_MEASURES) or _laboratory(entry):
            continue
        follow_up = any(concept.startswith("mrd.") for concept in entry.concepts)
        for finding in _in_report(entry) if _genetic(entry) else _in_prose(entry):
            yield replace(finding, method="ratio") if follow_up else finding


def _laboratory(entry: Entry) -> bool:
    return any(concept.startswith(("labs.", "fitness.")) for concept in entry.concepts)


def _genetic(entry: Entry) -> bool:
    """Whether a result of no genetic code is about genes, by its own name."""
    return bool(_TESTED_BY.search(entry.text) or findings_in(entry.text, naming_is_stating=True))


def _in_prose(entry: Entry) -> Iterator[Finding]:
    """Findings that a report on something else plainly states; a bare name is not enough there."""
    for text in filter(None, (value_text(entry.resource), notes_of(entry.resource))):
        if "ish" in text:
            yield from _in_hybridizations(entry, list(hybridizations_in(text)))
        for said in findings_in(without_formula(text), short_states=False):
            method = "karyotype" if said.present is False and not _probed(entry) else "test"
            yield Finding(said.token, said.present, entry, method, _shown(entry.resource), from_text=True)


def _in_report(entry: Entry) -> Iterator[Finding]:
    resource = entry.resource
    pair = _fusion_of(resource)
    if pair is not None:
        yield Finding(pair, answer(resource), entry, "test", _shown(resource) or pair)
        return
    tokens = {TESTS[code] for _, code in entry.codings if code in TESTS}
    half = half_of(entry) is not None
    strings = [text for text in (value_text(resource), notes_of(resource)) if text]
    parts = [part for text in strings for part in hybridizations_in(text)]
    if parts:
        yield from _in_hybridizations(entry, parts)
    said = _said(strings)
    result = answer(resource)
    if not tokens and not said and not parts:  # the name of an uncoded result: "FISH BCR::ABL1", value "positive"
        tokens = {s.token for s in findings_in(entry.text, naming_is_stating=True)}
    for token in sorted(tokens):
        if token not in {s.token for s in said} and not parts:
            from_text = not any(code in TESTS for _, code in entry.codings)
            yield Finding(token, result, entry, "half-test" if half else "test", _shown(resource), from_text)
    for one in said:
        method = "half-test" if half else "test"
        if one.present is False and not _probed(entry):
            method = "karyotype"  # "no t(9;22)" under the microscope: the fusion may be cryptic
        yield Finding(one.token, one.present, entry, method, _shown(resource), from_text=True)
    for component in components(resource):
        yield from _in_component(entry, component)


def _probed(entry: Entry) -> bool:
    """Whether genes were looked for by probe or sequence, not chromosomes under the microscope."""
    if any(code in TESTS for _, code in entry.codings) or entry.concepts & _PROBES:
        return True
    return _PROBED.search(f"{entry.text}\n{value_text(entry.resource)}\n{notes_of(entry.resource)}") is not None


def half_of(entry: Entry) -> str | None:
    """The one BCR::ABL1 transcript, p190 or p210, that a test looked for, by its code or its words."""
    coded = {HALF_TESTS[code] for _, code in entry.codings if code in HALF_TESTS}
    text = f"{entry.text}\n{value_text(entry.resource)}"
    found = coded or {name for name, pattern in _HALVES.items() if pattern.search(text)}
    return found.pop() if len(found) == 1 else None


def _said(strings: list[str]) -> list[Said]:
    found: dict[str, Said] = {}
    for text in strings:
        for said in findings_in(without_formula(text)):
            found.setdefault(said.token, said)
    return list(found.values())


def _in_component(entry: Entry, component: Mapping[str, Any]) -> Iterator[Finding]:
    codes = {code for _, code in codings_of(component.get("code"))}
    tokens = {TESTS[code] for code in codes if code in TESTS}
    if not codes.intersection({_GENE_STUDIED, _FUSION, _ISCN}) and not tokens:
        tokens = {s.token for s in findings_in(concept_text(component.get("code")), naming_is_stating=True)}
    half = bool(codes.intersection(HALF_TESTS))
    for token in sorted(tokens):
        yield Finding(token, answer(component), entry, "half-test" if half else "test", value_text(component))


def _in_hybridizations(entry: Entry, parts: list[Hybridization]) -> Iterator[Finding]:
    for part in parts:
        rows = [(pair, True) for pair in part.fused] + [(pair, False) for pair in part.apart - part.fused]
        for pair, present in rows:
            yield Finding(fusion_name(*sorted(pair)), present, entry, "test", part.text)
        for gene, present in (*((g, True) for g in part.split), *((g, False) for g in part.intact)):
            if gene in ("KMT2A", "CRLF2", "EPOR", "JAK2"):
                yield Finding(f"{gene}-r", present, entry, "test", part.text)
        if "RUNX1" in part.amplified:
            yield Finding("iAMP21", True, entry, "test", part.text)


def _from_ratios(record: PatientRecord) -> Iterator[Finding]:
    """BCR::ABL1 transcript measurements: one above zero proves the fusion; zero is remission, not Ph-negative."""
    for entry in record.about(*_MEASURES, types=("Observation",)):
        named = "mrd.bcr_abl1" in entry.text_concepts
        if named or any(code in TRANSCRIPT_RATIOS for _, code in entry.codings):
            yield Finding("BCR::ABL1", _transcript(entry), entry, "ratio", _shown(entry.resource), from_text=named)


def _transcript(entry: Entry) -> bool | None:
    """Whether a transcript measurement found any; a number on a log scale does not say."""
    q = quantity(entry.resource)
    result = answer(entry.resource)
    if result is not None:
        return result
    if q is not None:
        log = any(code in LOG_SCALES for _, code in entry.codings) or _LOG.search(entry.text)
        return None if log or q.comparator in ("<", "<=") else q.value > 0
    text = value_text(entry.resource)
    reading = read_mrd_text(text, transcript=True) if text else None
    if reading is None or not reading.usable:
        return None
    if reading.qualitative is not None:
        return reading.qualitative == "positive"
    return bounds(reading.fraction).more_than(0) if reading.fraction is not None else None


def _fusion_of(resource: Mapping[str, Any]) -> str | None:
    """The fusion a genomics reporting variant describes: two genes studied, or a fusion component."""
    genes: list[str] = []
    for component in components(resource):
        codes = {code for _, code in codings_of(component.get("code"))}
        if _FUSION in codes:
            two = re.findall(r"[A-Za-z][A-Za-z0-9]+", value_text(component).partition("(")[0])
            if len(two) >= 2:
                return fusion_name(symbol(two[0]), symbol(two[1]))
        elif _GENE_STUDIED in codes:
            genes.extend(gene for gene in [gene_of(component.get("valueCodeableConcept"))] if gene)
    return fusion_name(genes[0], genes[1]) if len(dict.fromkeys(genes)) == 2 else None


def gene_of(concept: object) -> str | None:
    """The symbol of a gene from an HGNC id ("HGNC:76", "76"), a symbol as code, or the text."""
    for _, code in codings_of(concept):
        plain = code.upper().removeprefix("HGNC:")
        if plain in GENES:
            return GENES[plain]
    for name in re.findall(r"\b[A-Z][A-Z0-9]{1,9}\b", concept_text(concept)):
        if symbol(name) in GENES.values():
            return symbol(name)
    for _, code in codings_of(concept):
        if symbol(code) in GENES.values():
            return symbol(code)
    return None


_ORDER = ("BCR", "KMT2A", "ETV6", "TCF3", "IGH", "P2RY8", "PICALM", "NUP214", "PAX5", "ZNF384", "EBF1")
_LAST = ("ABL1", "ABL2", "JAK2", "CRLF2", "PDGFRB", "PDGFRA", "CSF1R", "EPOR", "MYC")


def fusion_name(one: str, two: str) -> str:
    """Both genes as ``FIRST::SECOND``: the 5' partner first where it is known, otherwise as they came.

    >>> fusion_name("ABL1", "BCR")
    'BCR::ABL1'
    """
    if (two in _ORDER and one not in _ORDER) or (one in _LAST and two not in _LAST and one not in _ORDER):
        one, two = two, one
    return f"{one}::{two}"


def answer(element: Mapping[str, Any]) -> bool | None:
    """Present, absent, or neither, from coded value, boolean, words, or interpretation."""
    concepts = [element.get("valueCodeableConcept"), *as_list(element.get("interpretation"))]
    for concept in concepts[:1]:
        for _, code in codings_of(concept):
            if code in ANSWERS:
                return ANSWERS[code]
    if isinstance(element.get("valueBoolean"), bool):
        return bool(element["valueBoolean"])
    for text in (value_text(element), *(concept_text(c) for c in concepts[1:])):
        said = qualitative_text(text)
        if said is not None:
            return {"positive": True, "negative": False}.get(said)
    for concept in concepts[1:]:
        for system, code in codings_of(concept):
            if VARIANT_ANSWER_SYSTEM in system and code in VARIANT_ANSWERS:
                return VARIANT_ANSWERS[code]
            if code.upper() in ANSWERS:
                return ANSWERS[code.upper()]
    return None


def _shown(resource: Mapping[str, Any]) -> str:
    q = quantity(resource)
    return value_text(resource) or (q.text if q else "") or as_text(as_dict(resource).get("conclusion"))
