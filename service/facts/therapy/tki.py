"""Tyrosine kinase inhibitors: which were taken, which failed, which belonged to the induction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import absent, complete_list
from service.facts.course.timeline import Relapse, relapses
from service.facts.disease.diagnosis import diagnosis_date
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
from service.facts.therapy.exposure import MEDICATIONS, Exposure, Exposures, exposures
from service.facts.vocabulary import VOCABULARY
from service.record.model import PatientRecord, When

_TKIS = VOCABULARY.lookup("prior_tkis").values
_INDUCTION = timedelta(days=92)
_PREPHASE = timedelta(days=14)


@provides("prior_tkis", "prior_tki_failures")
def prior_tkis(facts: Facts) -> Iterator[Fact]:
    """TKIs taken, and how many failed: stopped for resistance or progression, or relapse while on them. Intolerance is
    no failure. A TKI that ended without a reason leaves the number open.
    """
    if facts.record is None:
        return
    found = exposures(facts.record, facts.as_of)
    complete = complete_list(facts, *MEDICATIONS) and not found.nameless
    taken = found.given(*_TKIS)
    members = {e.drug for e in taken}
    ordered = found.ordered_only().intersection(_TKIS)
    if members or complete:
        excluded = frozenset(_TKIS) - members - ordered if complete else frozenset[str]()
        listed = TokenSet(frozenset(members), complete and not ordered, excluded)
        yield known("prior_tkis", listed, *(e.seen() for e in taken))
    else:
        yield absent(facts, "prior_tkis", *MEDICATIONS, what="TKIs taken")
    yield _failures(facts, taken, relapses(facts.record, facts.as_of), complete and not ordered)


def _failures(facts: Facts, taken: tuple[Exposure, ...], dated: tuple[Relapse, ...], complete: bool) -> Fact:
    failed: dict[str, Provenance] = {}
    open_ = set()
    for exposure in taken:
        if exposure.stopped == "failure":
            failed.setdefault(exposure.drug, exposure.seen("stopped for failure"))
        elif any(_while_on(exposure, relapse.when) for relapse in dated):
            failed.setdefault(exposure.drug, exposure.seen("relapse while on it"))
        elif exposure.stopped is None and not exposure.ongoing:
            open_.add(exposure.drug)
    least = float(len(failed))
    most = least + len(open_ - set(failed))
    if complete and least == most:
        return known("prior_tki_failures", least, *failed.values())
    if failed:
        bounds = Interval(least, most) if complete else Interval(low=least)
        return known("prior_tki_failures", bounds, *failed.values())
    if complete or taken:
        detail = "whether the TKI failed or was stopped for another reason is not said"
        return unknown("prior_tki_failures", Reason.NOT_DECIDED, detail, (e.seen() for e in taken))
    return absent(facts, "prior_tki_failures", *MEDICATIONS, what="TKIs taken")


def _while_on(exposure: Exposure, relapse: When) -> bool:
    """Whether a relapse came between the first and the last day."""
    if exposure.start is None or exposure.start.end >= relapse.start:
        return False
    return exposure.ongoing if exposure.end is None else exposure.end.start >= relapse.start


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
        yield absent(facts, "induction_tki", *MEDICATIONS, what="the drugs of the induction")
        return
    first = [e for e in found.leukemia() if e.start is not None and _in(window, e.start)]
    tkis = [e for e in first if e.drug in _TKIS]
    note = "begun within three months of the diagnosis"
    seen = tuple(_inferred(e, note) for e in tkis)
    undated = [e for e in found.given(*_TKIS) if e.start is None]
    if len({e.drug for e in tkis}) == 1 and not undated:
        yield known("induction_tki", tkis[0].drug, *seen)
    elif tkis or undated:
        detail = "several TKIs were begun in the first months, or one has no date"
        yield unknown("induction_tki", Reason.NOT_DECIDED, detail, (*seen, *(e.seen() for e in undated)))
    elif first and complete_list(facts, *MEDICATIONS) and not found.nameless:
        if not found.ordered_only().intersection(_TKIS):
            yield known("induction_tki", "none", *(_inferred(e, "no TKI in the first three months") for e in first[:3]))
    else:
        yield absent(facts, "induction_tki", *MEDICATIONS, what="the drugs of the induction")


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


def _inferred(exposure: Exposure, note: str) -> Provenance:
    seen = exposure.seen(note)
    return Provenance(seen.resource, seen.date, seen.code, seen.found, seen.from_text, True, seen.note)


PROVIDERS: tuple[Provider, ...] = (prior_tkis, induction_tki)
