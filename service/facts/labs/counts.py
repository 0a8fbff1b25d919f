"""Laboratory values and measurements: the newest number in the vocabulary's unit, and grades from reference ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import complete_list, seen_in
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import (
    MEDICATIONS,
    diagnosed,
    first_treatment,
    full_text,
    judged,
    latest_first,
    newest_number,
    nothing,
    outdated,
    results_about,
    sex_of,
)
from service.facts.results.measured import Measured, measured
from service.facts.results.ranges import against_range
from service.record.model import Entry, PatientRecord
from service.record.units import tidy
from service.record.values import quantity


@dataclass(frozen=True, slots=True)
class Lab:
    """A fact that is simply the newest number of one concept.

    ``kind``: quantity of `service.record.units`. ``high``: largest believable value, where the vocabulary's is wider:
    counts sent as 10*3/uL are a thousandfold off in some systems. ``skip``: codes of the concept that mean another
    thing.
    """

    fact: str
    group: str
    kind: str
    high: float | None = None
    skip: tuple[str, ...] = ()
    fluids: bool = False


_CSF_CELLS = frozenset({"diagnosis.cns.csf_rbc", "diagnosis.cns.csf_wbc"})
MAX_ANC = 100.0
_MAX_WBC = 2000.0
LABS = (
    Lab("wbc_current", "labs.wbc", "cells", _MAX_WBC),
    Lab("platelets", "labs.platelets", "cells"),
    Lab("hemoglobin", "labs.hemoglobin", "hemoglobin"),
    Lab("bilirubin_direct", "labs.bilirubin_direct", "bilirubin"),
    Lab("bilirubin_total", "labs.bilirubin_total", "bilirubin"),
    Lab("triglycerides", "labs.triglycerides", "triglycerides"),
    Lab("glucose", "labs.glucose", "glucose"),
    Lab("lipase", "labs.lipase", "enzyme"),
    Lab("fibrinogen", "labs.fibrinogen", "fibrinogen"),
    Lab("creatinine", "labs.creatinine", "creatinine"),
    Lab("csf_wbc", "diagnosis.cns.csf_wbc", "csf", fluids=True),
    Lab("csf_rbc", "diagnosis.cns.csf_rbc", "csf", fluids=True),
)


def _simple(lab: Lab) -> Provider:
    def read(facts: Facts) -> Iterator[Fact]:
        if facts.record is None:
            return
        entries = [e for e in results_about(facts.record, lab.group, fluids=lab.fluids) if not _skipped(e, lab.skip)]
        found = newest_number(facts, lab.fact, entries, lab.kind, lab.high)
        yield found if entries else nothing(facts, lab.fact, concepts=(lab.group,))

    read.__doc__ = f"The newest number of {lab.group}, in the vocabulary's unit, if it is recent enough and plausible."
    return Provider(f"lab_{lab.fact}", (lab.fact,), (), read)


def _skipped(entry: Entry, codes: tuple[str, ...]) -> bool:
    return any(code in codes for _, code in entry.codings)


_BANDS = frozenset({"26508-2", "764-1", "35332-6"})
_SEGMENTS = frozenset({"26505-8", "769-0", "32200-8"})
_STAB, _SEGMENT = re.compile(r"\bstab|\bbands?\b", re.IGNORECASE), re.compile(r"\bseg", re.IGNORECASE)

_ERYTHROCYTES = re.compile(
    r"^(?:RBC|erythrocytes|red (?:blood )?cells?(?: count)?|erythrozyten)\b(?!.*\b(?:nucleated|width|urine?|CSF|fluid|liquor)\b)",
    re.IGNORECASE,
)
_MILLIONS = frozenset(
    {
        "10*6/ul",
        "10^6/ul",
        "x10e6/ul",
        "m/ul",
        "mill/ul",
        "mio/ul",
        "mio./ul",
        "10*12/l",
        "x10^12/l",
        "10e12/l",
        "x10e12/l",
        "10^12/l",
        "t/l",
        "tpt/l",
        "/pl",
    }
)


@provides("blood_rbc")
def blood_rbc(facts: Facts) -> Iterator[Fact]:
    """Erythrocytes per microliter of blood, for the ratio rule of traumatic taps; found by name, in millions or as a
    plain count.
    """
    if facts.record is None:
        return
    for entry in latest_first(e for e in facts.record.of_type("Observation") if _ERYTHROCYTES.search(e.text)):
        number = quantity(entry.resource)
        if number is None:
            continue
        many = not number.comparator and tidy(number.unit) in _MILLIONS
        found = Measured(number.value * 1e6, number.text) if many else measured(entry.resource, "csf")
        if found is not None and not entry.concepts & _CSF_CELLS:
            yield judged(facts, "blood_rbc", entry, found)
            return
    yield nothing(facts, "blood_rbc")


@provides("anc")
def anc(facts: Facts) -> Iterator[Fact]:
    """Absolute neutrophils; where a newer or the only differential has percentages, WBC x percent of the same day.

    Bands are added to segments only, never to a total that holds them; segments without bands are a lower bound.
    """
    if facts.record is None:
        return
    entry, found = next(
        (
            (e, m)
            for e in results_about(facts.record, "labs.anc")
            if (m := measured(e.resource, "cells")) and not is_share(e)
        ),
        (None, None),
    )
    counted = next(computed_anc(facts.record), None)
    if entry is not None and found is not None and (counted is None or _day(entry) >= _day(counted[0])):
        yield judged(facts, "anc", entry, found, MAX_ANC)
    elif counted is not None:
        differential, value = counted
        seen = seen_in(differential, value.found, inferred=True, note="WBC x percent of neutrophils")
        old = outdated(facts, "anc", differential, seen)
        yield old or known("anc", value.value or 0.0, seen)
    else:
        yield nothing(facts, "anc", concepts=("labs.anc", "labs.neutrophil_percent"))


def is_share(entry: Entry) -> bool:
    """Whether a result that is only called "neutrophils" is a percentage and no count."""
    if not entry.text_concepts:
        return False
    share = measured(entry.resource, "percent")
    return share is not None and share.value is not None


def _day(entry: Entry) -> date:
    return entry.when.end if entry.when else date.min


def computed_anc(record: PatientRecord) -> Iterator[tuple[Entry, Measured]]:
    """Each day's differential with a WBC of the same day, and the count both make; newest first."""
    counts = {
        _day(e): m.value
        for e in reversed(results_about(record, "labs.wbc"))
        if (m := measured(e.resource, "cells")) and isinstance(m.value, float)
    }
    by_day: dict[date, list[Entry]] = {}
    for entry in results_about(record, "labs.neutrophil_percent"):
        if entry.when is not None:
            by_day.setdefault(_day(entry), []).append(entry)
    for day, shares in by_day.items():
        white = counts.get(day)
        share = _share(shares)
        if white is None or share is None:
            continue
        low, complete = share
        count = round(white * low / 100, 6)
        value = count if complete else Interval(low=count)
        yield shares[0], Measured(value, f"{white:g} x {low:g} %")


def _share(entries: list[Entry]) -> tuple[float, bool] | None:
    """Percent of neutrophils in one day's differential, and whether that is all of them."""
    parts: dict[str, float] = {}
    for entry in entries:
        codes = {code for _, code in entry.codings}
        words = entry.text if entry.text_concepts else ""
        bands, segments = codes & _BANDS or _STAB.search(words), codes & _SEGMENTS or _SEGMENT.search(words)
        part = "bands" if bands else "segments" if segments else "all"
        found = measured(entry.resource, "percent")
        if found is not None and isinstance(found.value, float) and found.value <= 100:
            parts.setdefault(part, found.value)
    if "all" in parts:
        return parts["all"], True
    if "segments" in parts:
        return min(100.0, parts["segments"] + parts.get("bands", 0.0)), "bands" in parts
    return None


_AT_DIAGNOSIS = re.compile(r"\b(?:at|bei)\s+(?:the time of\s+)?(?:initial |first |erst)?diagnos", re.IGNORECASE)
_BEFORE = timedelta(days=30)


@provides("wbc_at_diagnosis")
def wbc_at_diagnosis(facts: Facts) -> Iterator[Fact]:
    """The WBC called so, else the one nearest to diagnosis among those before or on the first day of treatment. Where
    only the month of diagnosis is known, counts of one single day have to be there.

    While the drugs given are not known, only counts up to the day of diagnosis qualify.
    """
    record = facts.record
    if record is None:
        return
    name = "wbc_at_diagnosis"
    counts = results_about(record, "labs.wbc")
    called = [e for e in counts if _AT_DIAGNOSIS.search(full_text(e))]
    if called:
        yield newest_number(facts, name, called, "cells", _MAX_WBC)
        return
    day = diagnosed(facts)
    near: list[Entry] = []
    if day is not None:
        last = _last_untreated_day(facts, record, day.start)
        near = [e for e in counts if e.when and day.start - _BEFORE <= e.when.start and e.when.end <= last]
    if day is None or (not day.exact and len({_day(e) for e in near}) != 1):
        why = "the day of diagnosis is not known" if counts else "WBC at diagnosis: no count"
        yield unknown(name, Reason.UNDATED, why) if counts else nothing(facts, name)
        return
    near.sort(key=lambda e: abs((_day(e) - day.start).days))
    yield newest_number(facts, name, near, "cells", _MAX_WBC) if near else nothing(facts, name)


def _last_untreated_day(facts: Facts, record: PatientRecord, day: date) -> date:
    start = first_treatment(record, day)
    if start is not None and start.when is not None:
        return start.when.start
    return day + _BEFORE if complete_list(facts, *MEDICATIONS) else day


@provides("ldh_elevated")
def ldh_elevated(facts: Facts) -> Iterator[Fact]:
    """LDH above the result's own reference range."""
    if facts.record is None:
        return
    for entry in results_about(facts.record, "labs.ldh"):
        number = quantity(entry.resource)
        place = against_range(entry.resource, sex_of(facts))
        seen = seen_in(entry, number.text if number else None)
        old = outdated(facts, "ldh_elevated", entry, seen)
        if old is not None:
            yield old
        elif place is not None:
            yield known("ldh_elevated", place == "high", seen)
        else:
            yield unknown("ldh_elevated", Reason.NOT_DECIDED, "no reference range with it", (seen,))
        return
    yield nothing(facts, "ldh_elevated", concepts=("labs.ldh",))


PROVIDERS: tuple[Provider, ...] = (
    *(_simple(lab) for lab in LABS), blood_rbc, anc, wbc_at_diagnosis, ldh_elevated,
)  # fmt: skip
