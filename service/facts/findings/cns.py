"""Central nervous system, testis and other sites outside the marrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import seen_in
from service.facts.findings.response import any_blasts
from service.facts.findings.results import (
    diagnosed,
    full_text,
    is_active,
    is_count,
    latest_first,
    nothing,
    outdated,
    results_about,
    stated,
)
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord
from service.record.text import Mention
from service.record.values import as_float, as_text

_PLACES = ("Observation", "Condition", "DiagnosticReport")
_NOT_A_COUNT = r"(?!\s*(?:years?|months?|weeks?|days?|jahre?|monate?|wochen?|tage?|mg|doses?|x\b|/|%|\.\d|\d))"
_STATUS = re.compile(
    rf"(?<![A-Za-z])(?:CNS|ZNS)[\s-]?(?:(?:disease|leuk\w+)\s)?(?:status|stage|stadium)?[\s:=-]{{0,3}}(?:CNS|ZNS)?[\s-]?([123])\s?[a-c]?\b{_NOT_A_COUNT}"
)
_STATUS_NAME = re.compile(r"\b(?:CNS|ZNS)[\s-]?(?:disease\s)?(?:status|stage|stadium)", re.IGNORECASE)
_AT_DIAGNOSIS = re.compile(r"\b(?:at|bei)\s+(?:the time of\s+)?(?:initial |first |erst)?diagnos", re.IGNORECASE)
_NEAR_DIAGNOSIS = (timedelta(days=30), timedelta(days=35))


def _statuses(record: PatientRecord) -> list[tuple[Entry, str, str]]:
    """Stated CNS statuses, newest first: entry, CNS-1/2/3, and the words."""
    found = []
    for entry in latest_first(e for e in record.of_type(*_PLACES) if not is_count(e)):
        text = full_text(entry)
        if "CNS" not in text and "ZNS" not in text:
            continue
        said = _status_in(entry, text)
        if said is not None:
            found.append((entry, *said))
    return found


def _status_in(entry: Entry, text: str) -> tuple[str, str] | None:
    """The one status an entry states; several different ones, or a denied one, are none."""
    grades = {}
    for match in _STATUS.finditer(text):
        if not re.search(
            r"\b(?:no|not|kein\w*|nicht|without|ohne)\s[^.;]{0,15}$", text[: match.start()], re.IGNORECASE
        ):
            grades[f"CNS-{match[1]}"] = " ".join(match[0].split())
    if not grades and entry.type == "Observation" and _STATUS_NAME.search(entry.text):
        value = as_text(entry.resource.get("valueString")).strip()
        number = as_float(entry.resource.get("valueInteger"))
        short = re.fullmatch(r"([123])\s?[a-c]?", value or (f"{number:g}" if number is not None else ""))
        if short:
            grades[f"CNS-{short[1]}"] = short[0]
    return next(iter(grades.items())) if len(grades) == 1 else None


@provides("cns_status", "cns_status_at_diagnosis", "cns_status_previous")
def cns_status(facts: Facts) -> Iterator[Fact]:
    """The newest stated CNS status, the one of diagnosis (said so, or dated within 30 days before and 35 after it), and
    the one before the newest.
    """
    if facts.record is None:
        return
    found = _statuses(facts.record)
    if not found:
        for name in ("cns_status", "cns_status_at_diagnosis"):
            yield nothing(facts, name)
        return
    entry, grade, words = found[0]
    seen = seen_in(entry, words, from_text=True)
    yield outdated(facts, "cns_status", entry, seen) or known("cns_status", grade, seen)
    for first, value, text in reversed(found):
        if _of_diagnosis(facts, first):
            yield known("cns_status_at_diagnosis", value, seen_in(first, text, from_text=True))
            break
    earlier = next(
        (row for row in found[1:] if row[0].when and entry.when and row[0].when.end < entry.when.start), None
    )
    if earlier is not None:
        yield known("cns_status_previous", earlier[1], seen_in(earlier[0], earlier[2], from_text=True))


def _of_diagnosis(facts: Facts, entry: Entry) -> bool:
    if _AT_DIAGNOSIS.search(full_text(entry)):
        return True
    day = diagnosed(facts)
    before, after = _NEAR_DIAGNOSIS
    if day is None or entry.when is None:
        return False
    return day.start - before <= entry.when.start and entry.when.end <= day.end + after


@provides("csf_blasts")
def csf_blasts(facts: Facts) -> Iterator[Fact]:
    """Blasts in the newest cerebrospinal fluid, by number or cytology text."""
    if facts.record is None:
        return
    for entry in results_about(facts.record, "diagnosis.cns.csf_blasts", fluids=True):
        fact = any_blasts(facts, "csf_blasts", entry)
        if fact is not None:
            yield fact
            return
    yield nothing(facts, "csf_blasts", concepts=("diagnosis.cns.csf_blasts",))


_NOT_TRAUMATIC = re.compile(r"\b(?:a-?traumati\w+|(?:non|not|nicht)[- ]?traumati\w+|nicht blutig\w*)", re.IGNORECASE)
_TRAUMATIC = re.compile(
    r"\btraumatic (?:tap|LP|lumbar|puncture)|\b(?:LP|tap|puncture) (?:was )?traumatic|\bbloody tap|blutige punktion"
    r"|artifiziell\w* blut|blutig tingiert|traumatische\w* (?:punktion|lumbalpunktion)",
    re.IGNORECASE,
)
_TRAUMATIC_RBC = 10  # erythrocytes per microliter, the usual definition of cooperative groups
_CSF = ("diagnosis.cns.csf_wbc", "diagnosis.cns.csf_rbc", "diagnosis.cns.csf_blasts", "course.lumbar_puncture")


@provides("traumatic_lp", needs=("csf_rbc",))
def traumatic_lp(facts: Facts) -> Iterator[Fact]:
    """Whether the newest lumbar puncture was traumatic: as stated; else from 10 erythrocytes per microliter in its CSF."""
    if facts.record is None:
        return
    entries = latest_first(facts.record.about(*_CSF, types=("Observation", "Procedure", "DiagnosticReport")))
    said = next(((e, v) for e in entries if (v := _traumatic(full_text(e))) is not None), None)
    cells = facts["csf_rbc"]
    newer = said is None or (cells.known and _later(cells, said[0]))
    if said is not None and not newer:
        yield known("traumatic_lp", said[1], seen_in(said[0], from_text=True))
        return
    value = cells.value
    span = value if isinstance(value, Interval) else Interval(value, value) if isinstance(value, float) else None
    many = span.at_least(_TRAUMATIC_RBC) if span is not None else None
    if many is not None:
        note = f"{_TRAUMATIC_RBC} or more erythrocytes per microliter count as traumatic"
        yield known("traumatic_lp", many, *cells.provenance, Provenance("csf_rbc", inferred=True, note=note))
    else:
        yield nothing(facts, "traumatic_lp", "Observation", "Procedure", concepts=_CSF)


def _traumatic(text: str) -> bool | None:
    if _NOT_TRAUMATIC.search(text):
        return False
    return True if _TRAUMATIC.search(text) else None


def _later(cells: Fact, entry: Entry) -> bool:
    day = cells.provenance[0].date if cells.provenance else None
    return day is not None and entry.when is not None and day[:10] > entry.when.end.isoformat()


_LEUKEMIC = re.compile(
    r"leuk\w+ (?:infiltrat|involve|cranial)|(?:due to|by|secondary to|durch|bei) (?:\w+ )?(?:leuk|ALL\b)|leukämisch",
    re.IGNORECASE,
)


@provides("cranial_nerve_involvement", "cranial_nerve_involvement_at_diagnosis")
def cranial_nerve_involvement(facts: Facts) -> Iterator[Fact]:
    """A cranial nerve palsy that is said to be leukemic. A palsy as such only raises the question: vincristine and
    viruses do the same.
    """
    if facts.record is None:
        return
    name = "cranial_nerve_involvement"
    palsies = [e for e in facts.record.about("diagnosis.cns.cranial_nerve") if e.type in _PLACES]
    first = next((e for e in palsies if _LEUKEMIC.search(full_text(e)) and _of_diagnosis(facts, e)), None)
    if first is not None:
        yield known("cranial_nerve_involvement_at_diagnosis", True, seen_in(first, first.text, from_text=True))
    active = [e for e in palsies if e.type != "Condition" or is_active(e, facts.as_of)]
    for entry in active:
        if _LEUKEMIC.search(full_text(entry)):
            yield known(name, True, seen_in(entry, entry.text, from_text=True))
            return
    if active:
        detail = "a cranial nerve palsy is on record; leukemia, vincristine or a virus may be its cause"
        yield unknown(name, Reason.NOT_DECIDED, detail, [seen_in(e, e.text) for e in active])
        return
    yield nothing(facts, name, *_PLACES)


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
_CONDITIONS = {"diagnosis.cns_disease": "CNS", "diagnosis.testicular_disease": "testis"}
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
    entries = latest_first(e for e in facts.record.of_type(*_PLACES) if not is_count(e) and _speaks_now(facts, e))
    texts = [(e, text) for e in entries if _RELEVANT.search(text := full_text(e))]
    for site, pattern in _PATTERNS.items():
        for entry, mention, words in stated(texts, pattern):
            if mention in (Mention.PRESENT, Mention.NEGATED) and site not in sites:
                sites[site] = (mention is Mention.PRESENT, seen_in(entry, words, from_text=True))
                break
    overall = _overall(texts)
    yield from _site_facts(facts, sites, overall)


def _coded_sites(facts: Facts, record: PatientRecord) -> Iterator[tuple[Entry, str]]:
    for concept, site in _CONDITIONS.items():
        for entry in record.about(concept, types=("Condition",)):
            codes = {code for _, code in entry.codings}
            if not is_active(entry, facts.as_of) or codes & _CODED_REMISSION or entry.text_concepts:
                continue
            if "C79.82" in codes and not _male(record):  # "genital organs" of either sex
                continue
            yield entry, site


def _male(record: PatientRecord) -> bool:
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
        yield nothing(facts, "extramedullary_disease", *_PLACES)
    denied = overall is not None and not overall[0] and not present
    if sites or denied:
        made = VOCABULARY.lookup("extramedullary_sites").token_set(present, complete=denied, excluded=free)
        where = [*present.values(), *free.values(), *([overall[1]] if denied and overall else [])]
        yield known("extramedullary_sites", made, *where)
    for name, site in (("testicular_disease", "testis"), ("mediastinal_mass", "mediastinum")):
        if site in sites:
            yield known(name, sites[site][0], sites[site][1])
        else:
            yield nothing(facts, name, *_PLACES)


@provides("cns_disease_at_diagnosis", "testicular_disease_at_diagnosis", needs=("cns_status_at_diagnosis",))
def at_diagnosis(facts: Facts) -> Iterator[Fact]:
    """Sites at diagnosis by a Condition dated around it. A CNS status of diagnosis speaks for itself."""
    if facts.record is None:
        return
    graded = facts["cns_status_at_diagnosis"].known
    for concept, site in _CONDITIONS.items():
        name = "cns_disease_at_diagnosis" if site == "CNS" else "testicular_disease_at_diagnosis"
        coded = next((e for e in facts.record.about(concept, types=("Condition",)) if _of_diagnosis(facts, e)), None)
        if coded is None or (site == "CNS" and graded):
            continue
        if site == "CNS" or "C79.82" not in {c for _, c in coded.codings} or _male(facts.record):
            yield known(name, True, seen_in(coded, coded.text))


PROVIDERS: tuple[Provider, ...] = (
    cns_status, csf_blasts, traumatic_lp, cranial_nerve_involvement, extramedullary, at_diagnosis,
)  # fmt: skip
