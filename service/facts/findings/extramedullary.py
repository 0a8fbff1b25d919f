"""Leukemia outside marrow and blood: sites in active Conditions and in what examinations and images say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import seen_in
from service.facts.findings.results import full_text, is_active, is_count, latest_first, nothing, stated
from service.facts.model import Fact, Facts, Provenance, Provider, known, provides
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord
from service.record.text import Mention

PLACES = ("Observation", "Condition", "DiagnosticReport")
_INVOLVED = r"(?:infiltrat\w*|involve\w*|befall\w*|leuk\w*|relaps\w*|rezidiv\w*|chloroma\w*|manifestation\w*|disease|tumou?r|mass(?:es)?)"
_SITES = {
    "CNS": r"(?:CNS|ZNS|mening\w*|cerebrospinal|liquor)",
    "testis": r"(?:testi\w*|hoden)",
    "mediastinum": r"(?:mediastin\w*|thymic|thymus)",
    "lymph-node": r"(?:lymph node|nodal|lymphknoten)",
    "skin": r"(?:skin|cutaneous|cutis|kutan\w*|haut)",
    "kidney": r"(?:kidney|renal|niere\w*)",
    "bone": r"(?:bone(?! marrow)|osseous|ossär\w*|skelet\w*)",
    "soft-tissue": r"(?:soft[- ]tissue|weichteil\w*)",
    "eye": r"(?:ocular|orbital|optic nerve|retinal|augen?)",
    "breast": r"(?:breast|mamma)",
    "ovary": r"(?:ovar\w*)",
}
_LEUK = r"(?:leuk\w*|ALL|blast\w*|extramedull\w*)"
_NEEDS_LEUKEMIA = ("kidney", "bone", "skin", "lymph-node", "eye", "breast", "ovary", "soft-tissue")


def _site_pattern(site: str, words: str) -> re.Pattern[str]:
    """A site with a word of involvement; of sites that fall ill in many ways, only with leukemia named beside."""
    near = r"[\s,:/()-]{1,3}(?:\w+[\s,:/()-]{1,3}){0,2}?"
    if site in _NEEDS_LEUKEMIA:
        return re.compile(
            rf"\b{_LEUK}\b{near}{words}\b|\b{_LEUK}\b{near}(?:infiltrat\w*|involve\w*|befall){near}{words}\b|\b{words}{near}{_LEUK}\b",
            re.IGNORECASE,
        )
    inside = rf"\b{words}(?:{near}|-?){_INVOLVED}\b|\b(?:infiltrat\w*|involve\w*|relapse|rezidiv|befall|mass)\b{near}{words}\b"
    return re.compile(inside, re.IGNORECASE)


_PATTERNS = {site: _site_pattern(site, words) for site, words in _SITES.items()}
_RELEVANT = re.compile(rf"\b{_INVOLVED}|{_LEUK}", re.IGNORECASE)
_EXTRAMEDULLARY = re.compile(r"extra-?medull\w*", re.IGNORECASE)
CODED_SITES = {"diagnosis.cns_disease": "CNS", "diagnosis.testicular_disease": "testis"}
_CODED_REMISSION = frozenset({"61291000119103"})
_STATEMENT_DAYS = 90


@provides("extramedullary_sites", "extramedullary_disease", "testicular_disease", "mediastinal_mass")
def extramedullary(facts: Facts) -> Iterator[Fact]:
    """Sites outside the marrow: active Conditions, and statements of the last 90 days; the list stays open.

    Denied sites are known to be free. "No extramedullary disease", said lately, with no site found, is a no.
    """
    if facts.record is None:
        return
    sites: dict[str, tuple[bool, Provenance]] = {}
    for entry, site in _coded_sites(facts, facts.record):
        sites.setdefault(site, (True, seen_in(entry, entry.text)))
    entries = latest_first(e for e in facts.record.of_type(*PLACES) if not is_count(e) and _speaks_now(facts, e))
    texts = [(e, text) for e in entries if _RELEVANT.search(text := full_text(e))]
    for site, pattern in _PATTERNS.items():
        for entry, mention, words in stated(texts, pattern):
            if mention in (Mention.PRESENT, Mention.NEGATED) and site not in sites:
                sites[site] = (mention is Mention.PRESENT, seen_in(entry, words, from_text=True))
                break
    overall = _overall(texts)
    yield from _site_facts(facts, sites, overall)


def _coded_sites(facts: Facts, record: PatientRecord) -> Iterator[tuple[Entry, str]]:
    for concept, site in CODED_SITES.items():
        for entry in record.about(concept, types=("Condition",)):
            codes = {code for _, code in entry.codings}
            if not is_active(entry, facts.as_of) or codes & _CODED_REMISSION or entry.text_concepts:
                continue
            if "C79.82" in codes and not is_male(record):  # "genital organs" of either sex
                continue
            yield entry, site


def is_male(record: PatientRecord) -> bool:
    return record.patient is not None and record.patient.get("gender") == "male"


def _speaks_now(facts: Facts, entry: Entry) -> bool:
    if entry.type == "Condition":
        return is_active(entry, facts.as_of)
    return entry.when is not None and entry.when.start >= facts.as_of - timedelta(days=_STATEMENT_DAYS)


def _overall(texts: list[tuple[Entry, str]]) -> tuple[bool, Provenance] | None:
    for entry, mention, words in stated(texts, _EXTRAMEDULLARY):
        if mention in (Mention.PRESENT, Mention.NEGATED):
            return mention is Mention.PRESENT, seen_in(entry, words, from_text=True)
    return None


def _site_facts(
    facts: Facts, sites: dict[str, tuple[bool, Provenance]], overall: tuple[bool, Provenance] | None
) -> Iterator[Fact]:
    present = {site: seen for site, (there, seen) in sites.items() if there}
    free = {site: seen for site, (there, seen) in sites.items() if not there}
    if present:
        yield known("extramedullary_disease", True, *present.values())
    elif overall is not None:
        yield known("extramedullary_disease", overall[0], overall[1])
    else:
        yield nothing(facts, "extramedullary_disease", *PLACES)
    denied = overall is not None and not overall[0] and not present
    if sites or denied:
        made = VOCABULARY.lookup("extramedullary_sites").token_set(present, complete=denied, excluded=free)
        where = [*present.values(), *free.values(), *([overall[1]] if denied and overall else [])]
        yield known("extramedullary_sites", made, *where)
    for name, site in (("testicular_disease", "testis"), ("mediastinal_mass", "mediastinum")):
        if site in sites:
            yield known(name, sites[site][0], sites[site][1])
        else:
            yield nothing(facts, name, *PLACES)


PROVIDERS: tuple[Provider, ...] = (extramedullary,)
