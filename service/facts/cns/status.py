"""CNS status: as stated, or by the lumbar punctures; now, before, at diagnosis; and cranial nerves.

Stated forms: "CNS-1", "CNS2a", "ZNS-Status 3", "CNS status: III". The letters a, b and c of the COG (by leukocytes and
erythrocytes, or clinical signs) do not change the number. "CNS negative" is CNS-1; "positive" may be CNS-2 or CNS-3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from service.facts.absence import fresh, seen_in
from service.facts.cns.csf import BLASTS, CSF, FLOW, TRAUMATIC_RBC, taps, traumatic_in
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.response.blasts import any_blasts
from service.facts.response.extramedullary import CODED_SITES, PLACES, is_male
from service.facts.results.lookup import (
    diagnosed,
    full_text,
    is_active,
    is_count,
    latest_first,
    nothing,
    outdated,
    results_about,
)
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord, When, once_per_record
from service.record.text import Mention, mention_of
from service.record.values import as_float, as_text

_NOT_A_COUNT = r"(?![\s-]*(?:weekly|monthly|daily|w\w*chentlich|years?|months?|weeks?|days?|jahre?|monate?|wochen?|tage?|mg|doses?|x\b|/|%|\.\d|\d))"
_STATUS = re.compile(
    r"(?<![A-Za-z])(?:CNS|ZNS)[\s-]?(?i:(?:(?:disease|leuk\w+|involvement)\s)?(?:status|stage|stadium|grade|grad)?)"
    rf"[\s:=-]{{0,3}}(?:CNS|ZNS)?[\s-]?(III|II|I|[123])\s?[a-c]?\b{_NOT_A_COUNT}"
)
_NEGATIVE = re.compile(r"(?<![A-Za-z])(?:CNS|ZNS)[\s-]?(?i:(?:status|disease)?[\s:=-]{0,3}neg(?:\.|ativ\w*)?(?!\w))")
_ROMAN = {"I": "1", "II": "2", "III": "3"}
_STATUS_NAME = re.compile(r"\b(?:CNS|ZNS)[\s-]?(?:disease\s)?(?:status|stage|stadium)", re.IGNORECASE)
_AT_DIAGNOSIS = re.compile(
    r"\b(?:at|bei)\s+(?:the time of\s+)?(?:initial |first |erst)?diagnos|\binitial(?:er|e)? (?:CNS|ZNS)", re.IGNORECASE
)
_NEAR_DIAGNOSIS = (timedelta(days=30), timedelta(days=35))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of the CNS: stated, or by the cells of a puncture. ``status is None``: blasts, but no grade."""

    when: When | None
    entry: Entry
    status: str | None
    seen: tuple[Provenance, ...]


@once_per_record
def evaluations(record: PatientRecord) -> tuple[Evaluation, ...]:
    """All evaluations, newest first; of one day a statement comes before what its cells say."""
    found = [
        Evaluation(entry.when, entry, grade, (seen_in(entry, words, from_text=True),))
        for entry, grade, words in _statuses(record)
    ]
    for tap in taps(record):
        if tap.blasts is not None:
            own = Provenance("csf", tap.when.text, inferred=True, note="NCCN ALL 2015, ALL-C, from cells and blasts")
            found.append(Evaluation(tap.when, tap.entry, tap.status, (*tap.provenance, own)))
    return tuple(sorted(found, key=lambda e: e.when.end.toordinal() if e.when else 0, reverse=True))


def _statuses(record: PatientRecord) -> list[tuple[Entry, str, str]]:
    """Stated CNS statuses, newest first: entry, CNS-1/2/3, and the words."""
    found = []
    for entry in latest_first(e for e in record.of_type(*PLACES) if not is_count(e)):
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
            grades[f"CNS-{_ROMAN.get(match[1], match[1])}"] = " ".join(match[0].split())
    if not grades and entry.type == "Observation" and _STATUS_NAME.search(entry.text):
        value = as_text(entry.resource.get("valueString")).strip()
        number = as_float(entry.resource.get("valueInteger"))
        short = re.fullmatch(r"(III|II|I|[123])\s?[a-c]?", value or (f"{number:g}" if number is not None else ""))
        if short:
            grades[f"CNS-{_ROMAN.get(short[1], short[1])}"] = short[0]
        elif re.fullmatch(r"neg(?:\.|ative?r?)?", value, re.IGNORECASE):
            grades["CNS-1"] = value
    if not grades and (negative := _NEGATIVE.search(text)):
        grades["CNS-1"] = " ".join(negative[0].split())
    return next(iter(grades.items())) if len(grades) == 1 else None


@provides("cns_status", "cns_status_at_diagnosis", "cns_status_previous")
def cns_status(facts: Facts) -> Iterator[Fact]:
    """The newest CNS status, the one of diagnosis (said so, or of the first evaluation within 30 days before and 35 after
    it), and the one before the newest.
    """
    if facts.record is None:
        return
    found = evaluations(facts.record)
    if not found:
        for name in ("cns_status", "cns_status_at_diagnosis"):
            yield nothing(facts, name)
        return
    yield _now(facts, found[0])
    first = _first(facts, found)
    if first is not None and first.status is not None:
        yield known("cns_status_at_diagnosis", first.status, *first.seen)
    elif first is not None:
        yield unknown("cns_status_at_diagnosis", Reason.NOT_DECIDED, _OPEN, first.seen)
    newest = found[0].when
    earlier = next((e for e in found[1:] if e.when and newest and e.when.end < newest.start), None)
    if earlier is not None and earlier.status is not None:
        yield known("cns_status_previous", earlier.status, *earlier.seen)


_OPEN = "blasts in the CSF: the count, whether the tap was traumatic, or the blood of those days is not known"


def _now(facts: Facts, newest: Evaluation) -> Fact:
    limit = VOCABULARY.lookup("cns_status").stale_after_days
    match fresh(newest.when, facts.as_of, limit):
        case True if newest.status is not None:
            return known("cns_status", newest.status, *newest.seen)
        case True:
            return unknown("cns_status", Reason.NOT_DECIDED, _OPEN, newest.seen)
        case False:
            return unknown("cns_status", Reason.STALE, f"the newest result is older than {limit} days", newest.seen)
        case _:
            return unknown("cns_status", Reason.UNDATED, "its date is missing or too vague", newest.seen)


def _first(facts: Facts, found: tuple[Evaluation, ...]) -> Evaluation | None:
    """The evaluation of diagnosis: one said to be, else the earliest of that time, a statement before cells of its day."""
    said = [e for e in found if _AT_DIAGNOSIS.search(full_text(e.entry))]
    near = [e for e in found if _of_diagnosis(facts, e.entry)]
    chosen = said or near
    earliest = min((e.when.start for e in chosen if e.when), default=None)
    return next((e for e in chosen if e.when is None or e.when.start == earliest), None)


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
    """Blasts in the newest cerebrospinal fluid, by number, cytology text or report; flow cytometry is another test."""
    if facts.record is None:
        return
    reports = facts.record.about(*CSF, types=("DiagnosticReport",))
    for entry in latest_first([*results_about(facts.record, *CSF, fluids=True), *reports]):
        told = entry.type == "DiagnosticReport" or entry.concepts & {BLASTS} or _speaks_of_blasts(entry)
        if FLOW.search(entry.text) or not told:
            continue
        fact = any_blasts(facts, "csf_blasts", entry)
        if fact is not None:
            yield fact
            return
    for tap in taps(facts.record):  # what only the words of a puncture's report tell
        if tap.blasts is not None:
            old = outdated(facts, "csf_blasts", tap.entry, *tap.provenance)
            yield old or known("csf_blasts", tap.blasts, *tap.provenance)
            return
    yield nothing(facts, "csf_blasts", concepts=(BLASTS,))


def _speaks_of_blasts(entry: Entry) -> bool:
    return re.search(r"blast", as_text(entry.resource.get("valueString")), re.IGNORECASE) is not None


@provides("traumatic_lp", needs=("csf_rbc",))
def traumatic_lp(facts: Facts) -> Iterator[Fact]:
    """Whether the newest lumbar puncture was traumatic: as stated; else from 10 erythrocytes per microliter in its CSF."""
    if facts.record is None:
        return
    entries = latest_first(facts.record.about(*CSF, types=("Observation", "Procedure", "DiagnosticReport")))
    said = next(((e, v) for e in entries if (v := traumatic_in(full_text(e))) is not None), None)
    cells = facts["csf_rbc"]
    newer = said is None or (cells.known and _later(cells, said[0]))
    if said is not None and not newer:
        yield known("traumatic_lp", said[1], seen_in(said[0], from_text=True))
        return
    value = cells.value
    span = value if isinstance(value, Interval) else Interval(value, value) if isinstance(value, float) else None
    many = span.at_least(TRAUMATIC_RBC) if span is not None else None
    if many is not None:
        note = f"{TRAUMATIC_RBC} or more erythrocytes per microliter count as traumatic"
        yield known("traumatic_lp", many, *cells.provenance, Provenance("csf_rbc", inferred=True, note=note))
    else:
        yield nothing(facts, "traumatic_lp", "Observation", "Procedure", concepts=CSF)


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
    palsies = [e for e in facts.record.about("diagnosis.cns.cranial_nerve") if e.type in PLACES]
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
    yield nothing(facts, name, *PLACES)


_CNS_DISEASE = re.compile(
    r"\b(?:CNS|ZNS)[\s-]?(?i:(?:involve\w*|disease|leuk\w*|befall|infiltrat\w*|manifestation\w*))"
)


@provides("cns_disease_at_diagnosis", "testicular_disease_at_diagnosis", needs=("cns_status_at_diagnosis",))
def at_diagnosis(facts: Facts) -> Iterator[Fact]:
    """Sites at diagnosis by a Condition dated around it, or a denial of that time. A CNS status of diagnosis speaks for
    itself.
    """
    if facts.record is None:
        return
    graded = facts["cns_status_at_diagnosis"].known
    for concept, site in CODED_SITES.items():
        name = "cns_disease_at_diagnosis" if site == "CNS" else "testicular_disease_at_diagnosis"
        coded = next((e for e in facts.record.about(concept, types=("Condition",)) if _of_diagnosis(facts, e)), None)
        if coded is None or (site == "CNS" and graded):
            continue
        if site == "CNS" or "C79.82" not in {c for _, c in coded.codings} or is_male(facts.record):
            yield known(name, True, seen_in(coded, coded.text))
    if not graded:
        for entry in facts.record.of_type(*PLACES):
            text = full_text(entry)
            denied = _CNS_DISEASE.search(text) and mention_of(text, _CNS_DISEASE) is Mention.NEGATED
            if denied and _of_diagnosis(facts, entry):
                seen = seen_in(entry, " ".join(text.split())[:200], from_text=True)
                yield known("cns_disease_at_diagnosis", False, seen)
                return


PROVIDERS: tuple[Provider, ...] = (cns_status, csf_blasts, traumatic_lp, cranial_nerve_involvement, at_diagnosis)
