"""The methotrexate level, and how many hours after the start of the infusion it was taken.

NCCN ALL 2015 (ALL-B, glucarpidase) judges a level by the hours since high-dose methotrexate began; so the clock runs to
the sample and, without one, to the day of judgement. Only doses that reach the blood at once start it: not intrathecal
and not oral ones, and no mere orders. A dose split into a bolus and a long infusion starts with its first part. A time
without a zone is taken to be of the zone of the other; a date without a time is any hour of its day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from service.facts.absence import absent, fresh, seen_in
from service.facts.model import Fact, Facts, Interval, Provider, known, provides
from service.facts.results.lookup import judged, latest_first, newest_by_test, nothing, results_about
from service.facts.results.measured import measured
from service.facts.therapy.routes import dosages, is_intrathecal
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord
from service.record.values import as_text, codings_of, concept_text

_GIVEN = ("MedicationAdministration", "MedicationStatement")
_ORAL = frozenset({"26643006", "20053000"})  # SNOMED CT and EDQM: by mouth
_ONE_DOSE = timedelta(hours=30)
_NO_LONGER = 14  # days after a dose for which its hours are counted
_DAY = timedelta(days=1)


@provides("methotrexate_level_umol")
def level(facts: Facts) -> Iterator[Fact]:
    """The newest level, coded or named."""
    if facts.record is None:
        return
    for entry in _levels(facts.record):
        found = measured(entry.resource, "methotrexate")
        if found is not None:
            yield judged(facts, "methotrexate_level_umol", entry, found)
            return
    yield nothing(facts, "methotrexate_level_umol", concepts=("labs.methotrexate_level",))


def _levels(record: PatientRecord) -> list[Entry]:
    """Results called a methotrexate level, and those that bear only its name and the unit of a level."""
    called = results_about(record, "labs.methotrexate_level")
    named = [e for e in results_about(record, "therapy.methotrexate") if e not in called]
    return latest_first(
        (*called, *(e for e in named if (m := measured(e.resource, "methotrexate")) and m.value is not None))
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time as the first and the last instant it may mean, without zone where it names none."""

    first: datetime
    last: datetime

    def zoned(self, zone: tzinfo) -> _Moment:
        if self.first.tzinfo is not None:
            return self
        return _Moment(self.first.replace(tzinfo=zone), self.last.replace(tzinfo=zone))


def _moment(text: str) -> _Moment | None:
    try:
        if len(text) > 10:
            exact = datetime.fromisoformat(text.strip())
            return _Moment(exact, exact)
        day = datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        return None
    return _Moment(day, day + _DAY)


@provides("hours_since_methotrexate")
def hours(facts: Facts) -> Iterator[Fact]:
    """Hours from the start of the last methotrexate infusion to its newest level, else to the day of judgement."""
    name = "hours_since_methotrexate"
    if facts.record is None:
        return
    starts = list(_starts(facts.record))
    limit = VOCABULARY.lookup("methotrexate_level_umol").stale_after_days
    sample = newest_by_test(e for e in _levels(facts.record) if fresh(e.when, facts.as_of, limit))
    taken = _moment(sample.when.text) if sample is not None and sample.when is not None else None
    note = None if taken else "up to the day of judgement: no level"
    today = datetime.combine(facts.as_of, time())
    until = taken or _Moment(today, today + _DAY)
    found = _last_before(starts, until)
    if found is None:
        yield absent(facts, name, "MedicationAdministration", what="the start of a methotrexate infusion")
        return
    entry, (low, high) = found
    seen = (seen_in(entry, entry.when.text if entry.when else None, note=note), *((seen_in(sample),) if sample else ()))
    yield known(name, low if low == high else Interval(low, high), *seen)


def _starts(record: PatientRecord) -> Iterator[tuple[Entry, _Moment]]:
    for entry in record.about("therapy.methotrexate", types=_GIVEN):
        moment = _moment(entry.when.text) if entry.when is not None else None
        if moment is None or entry.status in ("intended", "on-hold") or is_intrathecal(entry.resource, entry.text):
            continue
        if not _oral(entry):
            yield entry, moment


def _oral(entry: Entry) -> bool:
    for dosage in dosages(entry.resource):
        route = dosage.get("route")
        words = " ".join((concept_text(route), as_text(dosage.get("text")))).lower().replace(".", " ").split()
        if any(code in _ORAL for _, code in codings_of(route)) or any(
            word in words for word in ("oral", "po", "orally", "peroral")
        ):
            return True
        if " p o " in f" {' '.join(words)} ":
            return True
    return any(word in entry.text.lower() for word in ("tablet", "oral tab", "tbl"))


def _last_before(starts: list[tuple[Entry, _Moment]], until: _Moment) -> tuple[Entry, tuple[float, float]] | None:
    """The dose that was the last to begin before a moment, with its least and most hours from its first part."""
    spans: list[tuple[float, float, Entry]] = []
    for entry, start in starts:
        zone = until.first.tzinfo or start.first.tzinfo or UTC
        ours, theirs = start.zoned(zone), until.zoned(zone)
        low = (theirs.first - ours.last).total_seconds() / 3600
        high = (theirs.last - ours.first).total_seconds() / 3600
        if high > 0:
            spans.append((max(low, 0.0), high, entry))
    spans.sort(key=lambda span: span[:2])
    if not spans or spans[0][0] > _NO_LONGER * 24:
        return None
    low, high, entry = spans[0]
    for earlier_low, earlier_high, earlier in spans[1:]:
        if earlier_high - high > _ONE_DOSE.total_seconds() / 3600:
            break
        low, high, entry = earlier_low, earlier_high, earlier
    return entry, (round(low, 4), round(high, 4))


PROVIDERS: tuple[Provider, ...] = (level, hours)
