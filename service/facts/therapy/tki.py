"""Tyrosine kinase inhibitors: which were taken, which failed, which belonged to the induction.

Failure is a stop for resistance or progression, or a relapse while on the drug; a stop for toxicity is none, nor is a relapse
after the drug had ended (facts of NCCN 2015 and 2025: "refractory to TKIs").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from service.facts.absence import complete_list, seen_in
from service.facts.course.timeline import Relapse, course, relapses, statements, status_observations
from service.facts.disease.conditions import words_of
from service.facts.disease.diagnosis import diagnosis_date, served
from service.facts.model import (
    Fact,
    Facts,
    Interval,
    Provenance,
    Provider,
    Reason,
    TokenSet,
    known,
    provides,
    unknown,
)  # fmt: skip
from service.facts.therapy.drug_names import drugs_in, named
from service.facts.therapy.exposure import MEDICATIONS, Exposure, Exposures, exposures
from service.facts.therapy.lists import complete_drugs, no_list
from service.facts.therapy.told import Told, told
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord, When
from service.record.text import states
from service.record.values import all_text, as_dict, as_list, as_text
from service.record.whose import reference_in, type_and_id

_TKIS = VOCABULARY.lookup("prior_tkis").values
_INDUCTION = timedelta(days=92)
_PREPHASE = timedelta(days=14)
_AFTER_EVENT = timedelta(days=30)  # within which a stop follows an adverse event
_NAMES = r"(?:TKIs?|tyrosine[\s-]kinase[\s-]inhibitors?|tyrosinkinase-?inhibitor\w*|BCR-?:{0,2}ABL1?[\s-]inhibitor\w*)"
_REFRACTORY = re.compile(
    rf"(?:refractory|resistan(?:t|ce)|refraktär|resisten[tz])\s+(?:to|gegen(?:über)?|auf|against)\s+(?:\w+\s+){{0,3}}{_NAMES}"
    rf"|\b{_NAMES}[\s-]*(?:refract|refrakt|resist)|failure of (?:\w+\s+){{0,2}}{_NAMES}",
    re.IGNORECASE,
)


@provides("prior_tkis", "failed_tkis", "prior_tki_failures")
def prior_tkis(facts: Facts) -> Iterator[Fact]:
    """TKIs taken, which of them failed and how many: stopped for resistance or progression, or relapse or progression while
    on them. Intolerance is no failure. A TKI that ended without a reason leaves it open.
    """
    if facts.record is None:
        return
    found = exposures(facts.record, facts.as_of)
    complete = complete_drugs(facts, found)
    taken = found.given(*_TKIS)
    words = [row for row in told(facts.record, facts.as_of) if row.treatment in _TKIS]
    members = {e.drug for e in taken} | {row.treatment for row in words}
    ordered = found.ordered_only().intersection(_TKIS) - members
    unnamed = any(e.drug == "TKI" for e in found.items)
    if members or (complete and not unnamed):
        excluded = frozenset(_TKIS) - members - ordered if complete and not unnamed else frozenset[str]()
        listed = TokenSet(frozenset(members), complete and not ordered and not unnamed, excluded)
        yield known("prior_tkis", listed, *(e.seen() for e in taken), *(row.seen for row in words))
    elif unnamed:
        seen = [e.seen() for e in found.items if e.drug == "TKI"]
        yield unknown("prior_tkis", Reason.NOT_DECIDED, "which TKI was taken is not said", seen)
    else:
        yield no_list(facts, "prior_tkis", found, what="TKIs taken")
    sure = complete and not ordered and not unnamed
    yield from _failures(facts, facts.record, found, taken, words, sure)


def _failures(
    facts: Facts,
    record: PatientRecord,
    found: Exposures,
    taken: tuple[Exposure, ...],
    words: list[Told],
    complete: bool,
) -> Iterator[Fact]:
    failed: dict[str, Provenance] = {row.treatment: row.seen for row in words if row.failed}
    settled = {e.drug for e in taken if e.stopped in ("intolerance", "other")} | _not_tolerated(record, taken)
    open_ = {row.treatment for row in words} - {e.drug for e in taken}
    setbacks = _setbacks(record, facts.as_of)
    for exposure in taken:
        if exposure.stopped == "failure":
            failed.setdefault(exposure.drug, exposure.seen("stopped for failure"))
        elif any(_while_on(exposure, when) for when in setbacks):
            failed.setdefault(exposure.drug, exposure.seen("relapse or progression while on it"))
        elif exposure.stopped is None and not exposure.ongoing and exposure.drug not in settled:
            open_.add(exposure.drug)
    open_ -= {e.drug for e in taken if e.ongoing}  # what is still taken has not been given up
    open_ -= set(failed)
    least = float(len(failed))
    most = least + len(open_)
    if failed or (complete and not open_):
        not_failed = frozenset(_TKIS) - set(failed) - open_ if complete else frozenset[str]()
        named_ones = TokenSet(frozenset(failed), complete and not open_, not_failed)
        yield known("failed_tkis", named_ones, *failed.values())
        bounds = Interval(least, most) if complete else Interval(low=least)
        yield known("prior_tki_failures", least if complete and not open_ else bounds, *failed.values())
        return
    for name in ("failed_tkis", "prior_tki_failures"):
        if complete or taken or words:
            detail = "whether the TKI failed or was stopped for another reason is not said"
            seen = (*(e.seen() for e in taken), *(r.seen for r in words))
            yield unknown(name, Reason.NOT_DECIDED, detail, seen)
        else:
            yield no_list(facts, name, found, what="TKIs taken")


def _setbacks(record: PatientRecord, as_of: date) -> list[When]:
    """Days of relapse, and of statements that the disease is refractory."""
    dated: list[Relapse] = list(relapses(record, as_of))
    refractory = [s.when for s in statements(record, as_of) if s.state == "refractory" and s.when is not None]
    return [*(relapse.when for relapse in dated), *refractory]


def _not_tolerated(record: PatientRecord, taken: tuple[Exposure, ...]) -> set[str]:
    """TKIs with an allergy or intolerance on record, or an adverse event that suspects them and after which they ended."""
    found: set[str] = set()
    for entry in record.of_type("AllergyIntolerance"):
        coded = entry.concepts - entry.text_concepts
        found |= named(record.terminology, coded, entry.text, anyhow=True).drugs.intersection(_TKIS)
    for entry in record.of_type("AdverseEvent"):
        found |= {e.drug for e in taken if _is_suspect(record, entry, e) and _ended_after(e, entry)}
    return found


def _is_suspect(record: PatientRecord, event: Entry, exposure: Exposure) -> bool:
    for raw in as_list(event.resource.get("suspectEntity")):
        instance = as_dict(raw).get("instance")
        if type_and_id(reference_in(instance))[1] == type_and_id(exposure.entry.reference)[1]:
            return True
        display = as_text(as_dict(instance).get("display"))
        if exposure.drug in drugs_in(record.terminology, display, anyhow=True):
            return True
    return False


def _ended_after(exposure: Exposure, event: Entry) -> bool:
    if exposure.end is None or event.when is None:
        return exposure.entry.status == "stopped"
    return event.when.start <= exposure.end.end + _AFTER_EVENT and exposure.end.start <= event.when.end + _AFTER_EVENT


def _while_on(exposure: Exposure, relapse: When) -> bool:
    """Whether a relapse came between the first and the last day."""
    if exposure.start is None or exposure.start.end >= relapse.start:
        return False
    return exposure.ongoing if exposure.end is None else exposure.end.start >= relapse.start


@provides("refractory_to_tkis")
def refractory(facts: Facts) -> Iterator[Fact]:
    """Said in words of the disease or of its status. How many failures make it so no source says."""
    if facts.record is None:
        return
    rows = [(d.entry, words_of(d.entry)) for d in served(facts.record, facts.as_of)]
    rows += [(entry, all_text(entry.resource)) for entry in status_observations(facts.record)]
    told = [seen_in(entry, text, from_text=True) for entry, text in rows if states(text, _REFRACTORY)]
    if told:
        yield known("refractory_to_tkis", True, *told)


def _after_relapse(facts: Facts, record: PatientRecord, first: list[Exposure]) -> bool:
    """Whether the earliest drugs on record are those of a relapse: the induction is of a time the record does not reach."""
    begun = min(e.start.start for e in first if e.start is not None)
    return any(relapse.when.start <= begun for relapse in course(record, facts.as_of).relapses)


@provides("induction_tki")
def induction_tki(facts: Facts) -> Iterator[Fact]:
    """The TKI begun within three months of the diagnosis, or of the first antileukemic drug where that is not dated.
    "None" only if complete lists hold other drugs of that time.
    """
    if facts.record is None:
        return
    found = exposures(facts.record, facts.as_of)
    window = _window(facts, facts.record, found)
    if window is None:
        yield no_list(facts, "induction_tki", found, what="the drugs of the induction")
        return
    first = [e for e in found.leukemia() if e.start is not None and _in(window, e.start)]
    tkis = [e for e in first if e.drug in _TKIS]
    note = "begun within three months of the diagnosis"
    seen = tuple(e.seen(note, inferred=True) for e in tkis)
    undated = [e for e in found.given(*_TKIS) if e.start is None]
    if len({e.drug for e in tkis}) == 1 and not undated:
        yield known("induction_tki", tkis[0].drug, *seen)
    elif tkis or undated:
        detail = "several TKIs were begun in the first months, or one has no date"
        yield unknown("induction_tki", Reason.NOT_DECIDED, detail, (*seen, *(e.seen() for e in undated)))
    elif first and complete_drugs(facts, found) and not _after_relapse(facts, facts.record, first):
        if not found.ordered_only().intersection((*_TKIS, "TKI")) and not any(e.drug == "TKI" for e in first):
            yield known(
                "induction_tki", "none", *(e.seen("no TKI in the first three months", inferred=True) for e in first[:3])
            )
        else:
            detail = "a TKI was ordered, or is not named"
            yield unknown(
                "induction_tki",
                Reason.NOT_DECIDED,
                detail,
                (e.seen() for e in found.items if e.drug in (*_TKIS, "TKI")),
            )
    else:
        yield no_list(facts, "induction_tki", found, what="the drugs of the induction")


def _window(facts: Facts, record: PatientRecord, found: Exposures) -> When | None:
    """The days in which an induction begins."""
    diagnosed = diagnosis_date(record, facts.as_of)
    if diagnosed is not None and not diagnosed.at_latest:
        return When(diagnosed.when.start - _PREPHASE, diagnosed.when.end + _INDUCTION)
    starts = [e.start for e in found.leukemia() if e.start is not None]
    if not starts or not complete_list(facts, *MEDICATIONS):
        return None
    first = min(starts)
    return When(first.start, first.end + _INDUCTION)


def _in(window: When, day: When) -> bool:
    return window.start <= day.start and day.end <= window.end


PROVIDERS: tuple[Provider, ...] = (prior_tkis, refractory, induction_tki)
