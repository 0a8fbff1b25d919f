"""Leukemia outside marrow and blood: sites in active Conditions and in what examinations and images say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import seen_in
from service.facts.course.state_text import state_in
from service.facts.disease.conditions import only_risked, words_of
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import full_text, is_active, is_count, latest_first, nothing, stated
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord
from service.record.text import Mention, clauses, mention_of
from service.record.values import qualitative, value_text

PLACES = ("Observation", "Condition", "DiagnosticReport")
_INVOLVED = r"(?:infiltrat\w*|involve\w*|befall\w*|leuk(?!o[cz]yt|open)\w*|relaps\w*|rezidiv\w*|chloroma\w*|manifestation\w*|disease|tumou?r|mass(?:es)?)"
_DENIAL = r"(?:kein\w*|ohne|nicht|no|not|without|free|frei|unauffällig\w*|normal\w*|negativ\w*)"
_SITES = {
    "CNS": r"(?:CNS|ZNS|\w*mening\w*|cerebrospinal|liquor)",
    "testis": r"(?:testi\w*|testes|hoden)",
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
_LEUK = r"(?:leuk(?!o[cz]yt|open)\w*|ALL|blast\w*|extramedull\w*)"
_NEEDS_LEUKEMIA = ("kidney", "bone", "skin", "lymph-node", "eye", "breast", "ovary", "soft-tissue")
_WIDE = r"|mediastin(?:um)?s?(?:al)?(?:tumou?r|verbreiterung|raumforderung|masse)\w*|\bmediastinal (?:\w+ )?(?:widening|enlargement|bulk|lymphadenopathy|lymphom\w*)|thymus(?:vergrößerung|infiltrat\w*)|thymic enlargement"
_NORMAL = r"(?:normal|unremarkable|unauffällig\w*|regelrecht|nicht (?:verbreitert|vergrößert|befallen|verdickt)|not (?:widened|enlarged|involved)|free of disease|o\.\s?B\.)"


def _site_pattern(site: str, words: str) -> re.Pattern[str]:
    """A site with a word of involvement; of sites that fall ill in many ways, only with leukemia named beside."""
    near = rf"[\s,:/()-]{{1,3}}(?:(?!{_DENIAL}\b)\w+[\s,:/()-]{{1,3}}){{0,2}}?"
    if site in _NEEDS_LEUKEMIA:
        return re.compile(
            rf"\b{_LEUK}\b{near}{words}\b|\b{_LEUK}\b{near}(?:infiltrat\w*|involve\w*|befall){near}{words}\b|\b{words}{near}{_LEUK}\b",
            re.IGNORECASE,
        )
    inside = rf"\b{words}(?:{near}|-?){_INVOLVED}\b|\b(?:infiltrat\w*|involve\w*|relapse|rezidiv|befall|mass)\b{near}{words}\b"
    return re.compile(inside + (_WIDE if site == "mediastinum" else ""), re.IGNORECASE)


_PATTERNS = {site: _site_pattern(site, words) for site, words in _SITES.items()}
_FREE = {
    site: re.compile(
        rf"\b{_SITES[site]}(?:\s+\w+\.?){{0,3}}?[\s:]+{_NORMAL}|\b{_NORMAL}\s+{_SITES[site]}\b", re.IGNORECASE
    )
    for site in ("testis", "mediastinum")
}
_INFILTRATED = re.compile(
    r"leuk\w* infiltrat\w*|infiltrat\w*\s+(?:\w+\s+){0,3}?(?:\w*blast\w*|leuk\w*|ALL\b)|\w*blast\w* infiltrat\w*|blasteninfiltrat\w*"
    r"|leukämische\w* infiltrat\w*",
    re.IGNORECASE,
)
# What was there and is not any more, and what is only recalled.
_RESOLVED = re.compile(
    r"resol(?:ved|ution)|no longer|disappear\w*|(?:komplett|vollständig)\w*\s+(?:regredien\w*|rück\w*|remission|response)|nicht mehr"
    r"|complete (?:metabolic )?(?:response|remission|regression)|in remission",
    re.IGNORECASE,
)
_RECALLED = re.compile(
    r"previous\w*|formerly|prior|former|known|vorbekannt\w*|ehemalig\w*|früher\w*|initial\w*|at diagnosis|bei (?:erst)?diagnose|residual scar",
    re.IGNORECASE,
)
_RELEVANT = re.compile(
    rf"\b{_INVOLVED}|{_LEUK}|mediastin|thymus|testi|testes|hoden|\w*splenomeg|adenopath", re.IGNORECASE
)
_EXTRAMEDULLARY = re.compile(r"extra-?medull\w*", re.IGNORECASE)
# Enlarged nodes and spleen keep from a complete remission (NCCN ALL 2015, ALL-E), but have many causes.
_ENLARGED = {
    "spleen": re.compile(r"\w*splenomeg\w*|enlarged spleen|milzvergrößerung", re.IGNORECASE),
    "lymph-node": re.compile(r"\w*adenopath\w*|lymphknotenvergrößerung|enlarged lymph nodes", re.IGNORECASE),
}
CODED_SITES = {"diagnosis.cns_disease": "CNS", "diagnosis.testicular_disease": "testis"}
_CODED_REMISSION = frozenset({"61291000119103"})
_STATEMENT_DAYS = 90
_YES, _NO = (
    ("yes", "ja", "present", "vorhanden"),
    ("no", "nein", "none", "keine", "keiner", "normal", "unauffällig", "unremarkable"),
)

Claim = tuple[Entry, Mention, str]


@provides("extramedullary_sites", "extramedullary_disease", "testicular_disease", "mediastinal_mass")
def extramedullary(facts: Facts) -> Iterator[Fact]:
    """Sites outside the marrow: active Conditions, and statements of the last 90 days; the list stays open.

    Denied sites are known to be free, and so are those that are said to have resolved. "No extramedullary disease", said
    lately, with no site found, is a no, unless nodes or spleen are enlarged.
    """
    if facts.record is None:
        return
    sites: dict[str, tuple[bool, Provenance]] = {}
    for entry, site in _coded_sites(facts, facts.record):
        sites.setdefault(site, (True, seen_in(entry, entry.text)))
    entries = latest_first(e for e in facts.record.of_type(*PLACES) if not is_count(e) and _speaks_now(facts, e))
    claims = [(e, text) for e in entries if _RELEVANT.search(text := _claim(e))]
    for site, pattern in _PATTERNS.items():
        for entry, mention, words in _of_site(facts.record, claims, site, pattern):
            if mention in (Mention.PRESENT, Mention.NEGATED) and site not in sites:
                sites[site] = (mention is Mention.PRESENT, seen_in(entry, words, from_text=True))
                break
    enlarged = []
    for site, pattern in _ENLARGED.items():
        for entry, mention, words in stated(claims, pattern):
            if mention is Mention.NEGATED and site not in sites:
                sites[site] = (False, seen_in(entry, words, from_text=True))
            elif mention is Mention.PRESENT:
                enlarged.append(seen_in(entry, words, from_text=True))
            break
    yield from _site_facts(facts, sites, _overall(facts.record, claims), enlarged)


def _claim(entry: Entry) -> str:
    """What an entry says of the patient: a Condition by its name and stage, a report also by its name; an Observation's
    name only asks.
    """
    if entry.type == "Condition":
        return words_of(entry)
    return entry.once(_claim, lambda: full_text(entry))


def _of_site(
    record: PatientRecord, claims: list[tuple[Entry, str]], site: str, pattern: re.Pattern[str]
) -> Iterator[Claim]:
    for entry, text in claims:
        name = entry.text if entry.type == "Observation" else ""
        body = text.replace(name, " ", 1) if name else text
        if name and pattern.search(name):
            answer = _answer(record, entry)
            if answer is not None:
                yield entry, Mention.PRESENT if answer else Mention.NEGATED, " ".join(text.split())[:200]
                continue
        if entry.type != "Condition" and (said := _examined(site, entry.text, body)) is not None:
            yield entry, Mention.PRESENT if said else Mention.NEGATED, " ".join(text.split())[:200]
            continue
        for _, mention, words in stated([(entry, body)], pattern):
            yield entry, _today(body, pattern, mention), words


def _examined(site: str, name: str, text: str) -> bool | None:
    """What the examination of a site says of it without naming it again: blasts in a biopsy, or nothing unusual."""
    if site in _FREE and _FREE[site].search(text):
        return False
    if not re.search(rf"\b{_SITES[site]}", name, re.IGNORECASE):
        return None
    mention = mention_of(text, _INFILTRATED)
    if mention is Mention.PRESENT:
        return True
    if mention is Mention.NEGATED or (site in _FREE and re.match(rf"\s*{_NORMAL}", text, re.IGNORECASE)):
        return False
    return None


def _today(text: str, pattern: re.Pattern[str], mention: Mention) -> Mention:
    """A mention as it stands today: resolved is denied, recalled is history."""
    if mention not in (Mention.PRESENT, Mention.HISTORY):
        return mention
    plain = [clause for clause in clauses(text) if mention_of(clause, pattern) is mention]
    if all(_RESOLVED.search(clause) for clause in plain):
        return Mention.NEGATED
    if mention is Mention.HISTORY:
        return mention
    lasting = [c for c in plain if not _RESOLVED.search(c) and not _RECALLED.search(c) and not only_risked(c, pattern)]
    return Mention.PRESENT if lasting else Mention.HISTORY


def _answer(record: PatientRecord, entry: Entry) -> bool | None:
    """What an Observation that asks for a finding answers."""
    said = qualitative(entry.resource, record.terminology)
    if said in ("positive", "negative"):
        return said == "positive"
    word = value_text(entry.resource).split("|")[0].strip(" .").lower()
    return True if word in _YES else False if word in _NO else None


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
        return is_active(entry, facts.as_of) and state_in(words_of(entry)) != "in-remission"
    return entry.when is not None and entry.when.start >= facts.as_of - timedelta(days=_STATEMENT_DAYS)


def _overall(record: PatientRecord, claims: list[tuple[Entry, str]]) -> tuple[bool, Provenance] | None:
    for entry, text in claims:
        answer = _answer(record, entry) if entry.type == "Observation" and _EXTRAMEDULLARY.search(entry.text) else None
        body = text.replace(entry.text, " ", 1) if entry.type == "Observation" else text
        mentions = [
            _today(body, _EXTRAMEDULLARY, mention) for _, mention, _ in stated([(entry, body)], _EXTRAMEDULLARY)
        ]
        if answer is None and mentions and mentions[0] in (Mention.PRESENT, Mention.NEGATED):
            answer = mentions[0] is Mention.PRESENT
        if answer is not None:
            return answer, seen_in(entry, " ".join(text.split())[:200], from_text=True)
    return None


def _site_facts(
    facts: Facts,
    sites: dict[str, tuple[bool, Provenance]],
    overall: tuple[bool, Provenance] | None,
    enlarged: list[Provenance],
) -> Iterator[Fact]:
    present = {site: seen for site, (there, seen) in sites.items() if there}
    free = {site: seen for site, (there, seen) in sites.items() if not there}
    if present:
        yield known("extramedullary_disease", True, *present.values())
    elif enlarged and not (overall and overall[0]):
        detail = "spleen or lymph nodes are enlarged; whether by leukemia is not said"
        yield unknown("extramedullary_disease", Reason.NOT_DECIDED, detail, enlarged)
    elif overall is not None:
        yield known("extramedullary_disease", overall[0], overall[1])
    else:
        yield nothing(facts, "extramedullary_disease", *PLACES)
    denied = overall is not None and not overall[0] and not present and not enlarged
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
