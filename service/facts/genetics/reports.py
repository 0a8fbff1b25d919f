"""Findings of test results: FISH, RT-PCR, sequencing, arrays, and what reports on other things plainly state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

from service.facts.genetics.codes import HALF_TESTS, SUBTYPES, TESTS
from service.facts.genetics.judge import polarity, signs_in_words
from service.facts.genetics.model import Finding
from service.facts.genetics.names import fusion_name
from service.facts.genetics.sources import attached_text, texts_of
from service.facts.genetics.text import BCR_ABL1, SHORT, Said, about_mutations, findings_in
from service.facts.genetics.variants import STRUCTURE, Variant, answer, coded_answer, variant_of
from service.facts.karyotype import Hybridization, hybridizations_in
from service.facts.karyotype.clean import without_formula
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.values import (
    as_dict,
    as_float,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    notes_of,
    quantity,
    value_text,
)

_REPORTS = ("genetics.fish", "genetics.bcr_abl1_presence", "genetics.variant", "karyotype.iscn")
_MEASURES = ("mrd.bcr_abl1",)
_PROBES = frozenset({"genetics.fish", "genetics.bcr_abl1_presence", "genetics.variant"})
_PROBED = re.compile(
    r"\bFISH\b|\bish\b|PCR|in[- ]situ|\bRNA|transcri|transkri|sequen[cz]|\bNGS\b|\bmole[ck]ul|sonde|probe|MLPA|array"
    r"|::|\bBCR|ABL1|KMT2A|\bMLL\b|RUNX1|TCF3",
    re.IGNORECASE,
)
_FISH = re.compile(r"\bFISH\b|\bish\b|in[- ]situ|hybridi[sz]", re.IGNORECASE)
_KIND = r"(?:break|bcr|transcript|transkript|fusion|form)"
_HALVES = {
    "p190": re.compile(
        rf"\bp190\b|\be1a[23]\b|\bminor {_KIND}|(?:bcr|abl1?)\b[^.;,]{{0,15}}\bminor\b|(?-i:\bm-bcr)", re.IGNORECASE
    ),
    # the cartridge without "p190" in its name looks for p210 only
    "p210": re.compile(
        rf"\bp210\b|\be1[34]a[23]\b|\bb[23]a[23]\b|\bmajor {_KIND}|(?:bcr|abl1?)\b[^.;,]{{0,15}}\bmajor\b|(?-i:\bM-bcr)"
        r"|\bxpert\b(?!.{0,40}p190)",
        re.IGNORECASE,
    ),
}
_TESTED_BY = re.compile(
    r"\b(?:FISH|PCR|in[- ]situ|RNA|transcript|transkript|sequenc|sequenz|MLPA|NGS|SNP|(?:micro)?array|optical genome|genetic|genetik"
    r"|molecular|molekular|cytogenet|zytogenet|karyo)",
    re.IGNORECASE,
)
_BROKEN_APART = (
    "KMT2A",
    "CRLF2",
    "EPOR",
    "JAK2",
    "ABL1",
    "ABL2",
    "PDGFRB",
    "CSF1R",
    "ZNF384",
    "MEF2D",
    "NUTM1",
    "DUX4",
)
_ALTERED = {"IKZF1": "IKZF1-mut", "SH2B3": "SH2B3", "IL7R": "IL7R-mut"}  # a gene by name, and mutated by a code
_AMPLIFIED = 5  # RUNX1 signals per nucleus
_SURELY = 10.0  # percent of nuclei that no laboratory's cut-off for a fusion or break-apart probe reaches


def findings_of_tests(record: PatientRecord, aside: Set[int]) -> Iterator[Finding]:
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
        for finding in _in_report(entry) if is_genetic(entry) else _in_prose(entry):
            yield replace(finding, method="ratio") if follow_up else finding


@once_per_record
def unread_documents(record: PatientRecord) -> tuple[Entry, ...]:
    """Genetic reports of which only a document came that is not read here (a PDF, a link), newest first."""
    found = []
    for entry in record.of_type("DiagnosticReport"):
        if not entry.resource.get("presentedForm") or notes_of(entry.resource):
            continue
        if (entry.concepts.intersection(_REPORTS) or is_genetic(entry)) and not attached_text(entry.resource):
            found.append(entry)
    return tuple(found)


def is_genetic(entry: Entry) -> bool:
    """Whether a result of no genetic code is about genes, by its own name."""
    return entry.once(
        "genetic", lambda: bool(_TESTED_BY.search(entry.text) or findings_in(entry.text, naming_is_stating=True))
    )


def _laboratory(entry: Entry) -> bool:
    return any(concept.startswith(("labs.", "fitness.")) for concept in entry.concepts)


def _in_prose(entry: Entry) -> Iterator[Finding]:
    """Findings that a report on something else plainly states; a bare name is not enough there."""
    for text in texts_of(entry):
        if "ish" in text:
            yield from _in_hybridizations(entry, hybridizations_in(text))
        for said in findings_in(without_formula(text), short_states=False):
            method = "karyotype" if said.present is False and not _probed(entry) else "test"
            yield Finding(said.token, said.present, entry, method, shown(entry.resource), from_text=True)


def _in_report(entry: Entry) -> Iterator[Finding]:
    resource = entry.resource
    yield from _in_conclusion_codes(entry)
    variant = variant_of(resource)
    if variant.fusion is not None:
        yield Finding(variant.fusion, answer(resource), entry, "test", shown(resource) or variant.fusion)
        return
    yield from _of_gene(entry, variant)
    tokens = {TESTS[code] for _, code in entry.codings if code in TESTS}
    half = "half-test" if half_of(entry) is not None else "test"
    strings = texts_of(entry)
    parts = [part for text in strings for part in hybridizations_in(text)]
    if parts:
        yield from _in_hybridizations(entry, parts)
    coded = coded_answer(resource)
    said = _said(entry, strings, short_states=coded is None)
    if (
        not tokens and not said and not parts and not about_mutations(entry.text)
    ):  # the name of an uncoded result: "FISH BCR::ABL1", value "positive"
        tokens = {s.token for s in findings_in(entry.text, naming_is_stating=True, probed=_is_fish(entry))}
    if coded and (gene := next((text.strip() for text in strings if text.strip() in _ALTERED), None)):
        yield Finding(_ALTERED[gene], True, entry, "test", gene, from_text=True)
    if coded is not None and not parts:  # "BCR::ABL1" in a note, and whether it is there by a code
        names = [text for text in strings if len(text) <= SHORT and not about_mutations(text)]
        tokens |= {s.token for text in names for s in findings_in(text, naming_is_stating=True)}
    for token in sorted(tokens):
        if token not in {s.token for s in said} and not parts:
            from_text = not any(code in TESTS for _, code in entry.codings)
            present = _result(resource)
            yield Finding(token, present, entry, half, shown(resource), from_text)
    for one in said:
        method = half if one.token == BCR_ABL1 else "test"
        if one.present is False and not _probed(entry):
            method = "karyotype"  # "no t(9;22)" under the microscope: the fusion may be cryptic
        yield Finding(one.token, one.present, entry, method, shown(resource), from_text=True)
    for component in components(resource):
        yield from _in_component(entry, component)


def _result(element: Mapping[str, Any]) -> bool | None:
    """The result of a test for one named finding, from its value as it comes."""
    found = answer(element)
    if found is None:
        found = _share_found(element)
    if found is None:
        found = {"yes": True, "no": False}.get(polarity(signs_in_words(f": {value_text(element)}")) or "")
    return found


def _share_found(element: Mapping[str, Any]) -> bool | None:
    """A share of nuclei with a rearrangement against the laboratory's own limit. Without one, none is none and much is
    found; a small share may be noise.
    """
    q = quantity(element)
    if q is None or "%" not in (q.unit or ""):
        return None
    limit = as_float(as_dict(as_dict(as_list(element.get("referenceRange"))).get("high")).get("value"))
    if limit is not None and q.comparator is None:
        return q.value > limit
    if q.value == 0 and q.comparator is None:
        return False
    return True if q.value >= _SURELY and q.comparator in (None, ">", ">=") else None


def _in_conclusion_codes(entry: Entry) -> Iterator[Finding]:
    for concept in as_list(entry.resource.get("conclusionCode")):
        for _, code in codings_of(concept):
            if code in SUBTYPES:
                token, present = SUBTYPES[code]
                yield Finding(token, present, entry, "diagnosis", code)


def _of_gene(entry: Entry, variant: Variant) -> Iterator[Finding]:
    """Alterations of single genes that are facts of their own: copies and changes of IKZF1, indels of IL7R, SH2B3."""
    if len(variant.genes) != 1:
        return
    (gene,) = variant.genes
    present = answer(entry.resource)
    found = shown(entry.resource) or "; ".join(variant.changes) or gene
    if gene == "IKZF1" and variant.loss is not None:
        yield Finding("IKZF1-del", variant.loss and present is not False, entry, "test", found)
    elif gene == "IKZF1" and variant.changes:
        yield Finding("IKZF1-mut", present, entry, "test", found)
    elif gene == "IL7R" and variant.changes:
        yield Finding("IL7R" if variant.indel else "IL7R-mut", present, entry, "test", found)
    elif gene == "SH2B3" and (variant.changes or variant.loss is not None):
        yield Finding("SH2B3", present if variant.loss is None else variant.loss, entry, "test", found)


def _is_fish(entry: Entry) -> bool:
    return "genetics.fish" in entry.concepts or _FISH.search(entry.text) is not None


def _probed(entry: Entry) -> bool:
    """Whether genes were looked for by probe or sequence, not chromosomes under the microscope."""
    if any(code in TESTS for _, code in entry.codings) or entry.concepts & _PROBES:
        return True
    return _PROBED.search("\n".join([entry.text, *texts_of(entry)])) is not None


def half_of(entry: Entry) -> str | None:
    """The one BCR::ABL1 transcript, p190 or p210, that a test looked for, by its code or its words."""
    coded = {HALF_TESTS[code] for _, code in entry.codings if code in HALF_TESTS}
    text = "\n".join([entry.text, *texts_of(entry)])
    found = coded or {name for name, pattern in _HALVES.items() if pattern.search(text)}
    return found.pop() if len(found) == 1 else None


def _said(entry: Entry, strings: Iterable[str], *, short_states: bool = True) -> list[Said]:
    fish = _is_fish(entry)
    found: dict[str, Said] = {}
    for text in strings:
        for said in findings_in(without_formula(text), probed=fish, short_states=short_states):
            if said.token not in found or found[said.token].present is None:
                found[said.token] = said
    return list(found.values())


def _in_component(entry: Entry, component: Mapping[str, Any]) -> Iterator[Finding]:
    codes = {code for _, code in codings_of(component.get("code"))}
    tokens = {TESTS[code] for code in codes if code in TESTS}
    structure = not STRUCTURE.isdisjoint(codes)
    name = "" if structure else concept_text(component.get("code"))
    fish = _is_fish(entry)
    if not structure and not tokens and not about_mutations(name):
        tokens = {s.token for s in findings_in(name, naming_is_stating=True, probed=fish)}
    text = value_text(component)
    iscn = " ".join(code for _, code in codings_of(component.get("valueCodeableConcept")) if "ish" in code)
    parts = hybridizations_in(f"{text} {iscn}") if "ish" in text or iscn else ()
    yield from _in_hybridizations(entry, parts)
    said = [] if structure or parts else _said(entry, [text])
    if not tokens and not said and not structure and text:  # "KMT2A break apart", value "normal"
        said = list(findings_in(f"{name}: {text}", probed=fish))
    half = "half-test" if codes.intersection(HALF_TESTS) else "test"
    for token in sorted(tokens):
        if token not in {one.token for one in said}:
            present = _result(component)
            yield Finding(token, present, entry, half, text or shown(component))
    for one in said:
        yield Finding(one.token, one.present, entry, half, text, from_text=True)


def _in_hybridizations(entry: Entry, parts: Iterable[Hybridization]) -> Iterator[Finding]:
    for part in parts:
        rows = [(pair, True) for pair in part.fused] + [(pair, False) for pair in part.apart - part.fused]
        for pair, present in rows:
            yield Finding(fusion_name(*sorted(pair)), present, entry, "test", part.text)
        for gene, present in (*((g, True) for g in part.split), *((g, False) for g in part.intact)):
            if gene in _BROKEN_APART:
                yield Finding(f"{gene}-r", present, entry, "test", part.text)
        copies = part.signals.get("RUNX1", 0)
        if "RUNX1" in part.amplified or copies >= _AMPLIFIED:
            yield Finding("iAMP21", True, entry, "test", part.text, note="five or more RUNX1 signals per nucleus")
        elif copies:
            yield Finding("iAMP21", False if copies <= 3 else None, entry, "test", part.text)


def shown(resource: Mapping[str, Any]) -> str:
    """The value of a result as it stood, for people."""
    q = quantity(resource)
    return value_text(resource) or (q.text if q else "") or as_text(as_dict(resource).get("conclusion"))
