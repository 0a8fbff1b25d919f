"""The phase of treatment concluded from transplants, relapses, marrows and the dates of the drugs (always inferred).

Only what complete medication lists leave no other reading for: before treatment, induction, the end of induction,
maintenance, surveillance; reinduction after a dated relapse; and the time after an allogeneic transplant.
"""

from __future__ import annotations

from datetime import date, timedelta

from service.facts.absence import complete_list, seen_in
from service.facts.course.hct import transplants
from service.facts.course.statements import statements
from service.facts.course.timeline import course, relapses
from service.facts.disease.diagnosis import diagnosis_date, served
from service.facts.model import Fact, Facts, Provenance, known
from service.facts.response.marrow import marrow_series
from service.facts.therapy.exposure import MEDICATIONS, Exposure, Exposures, exposures
from service.record.model import PatientRecord, When

_INDUCTION = timedelta(days=35)
_INDUCTION_OVER = (timedelta(days=28), timedelta(days=56))  # days of treatment between which its result is judged
_NEW_FOR = timedelta(days=60)
_MAINTENANCE_FROM = timedelta(days=180)
_FRONTLINE = timedelta(days=540)  # frontline therapy with maintenance takes two years or more
_OVER_FOR = timedelta(days=60)
_QUIET = 60  # days without an intensive drug
_GENTLE = frozenset({"mercaptopurine", "methotrexate", "vincristine", "thioguanine"})
_INDUCTION_DRUGS = frozenset(
    {"vincristine", "daunorubicin", "doxorubicin", "idarubicin", "pegaspargase", "asparaginase"}
)


def inferred_phase(facts: Facts) -> Fact | None:
    """The phase where it can be concluded; ``None`` otherwise."""
    record = facts.record
    if record is None:
        return None
    after = _by_transplant(facts, record)
    found = exposures(record, facts.as_of)
    if after is not None or found.nameless or not complete_list(facts, *MEDICATIONS) or not served(record, facts.as_of):
        return after
    if any(s.state in ("relapsed", "refractory") for s in statements(record, facts.as_of)) or relapses(
        record, facts.as_of
    ):
        return _after_relapse(record, found, facts.as_of)
    return _frontline(record, found, facts.as_of)


def _by_transplant(facts: Facts, record: PatientRecord) -> Fact | None:
    """After an allogeneic transplant, as long as no relapse is stated or dated after it."""
    done = [t for t in transplants(record, facts.as_of) if t.kind == "allogeneic" and t.when is not None]
    if not done or any(s.state in ("relapsed", "refractory") for s in statements(record, facts.as_of) if not s.when):
        return None
    last = max(done, key=lambda t: t.when.start if t.when else date.min)
    if last.when is None or any(r.when.end >= last.when.start for r in relapses(record, facts.as_of)):
        return None
    return known("treatment_phase", "post-hct", last.seen(inferred=True))


def _after_relapse(record: PatientRecord, found: Exposures, as_of: date) -> Fact | None:
    """Reinduction: the last event is a relapse, and the first drugs after it were given within the last five weeks."""
    last = course(record, as_of).last
    if last is None or last.state != "relapsed" or last.at_latest:
        return None
    given = [e for e in found.leukemia() if e.start is not None and e.start.start >= last.when.start]
    starts = [e.start for e in given if e.start is not None]
    if not starts or any(e.ongoing and e.start is None for e in found.leukemia()):
        return None
    if min(starts).start < as_of - _INDUCTION or last.when.end < min(starts).start - _NEW_FOR:
        return None
    return known("treatment_phase", "reinduction", last.seen(), *_seen(given, "first drugs after the relapse"))


def _frontline(record: PatientRecord, found: Exposures, as_of: date) -> Fact | None:
    given = found.leukemia(steroids=True)
    diagnosed = diagnosis_date(record, as_of)
    fresh = diagnosed is not None and not diagnosed.at_latest and diagnosed.when.start >= as_of - _NEW_FOR
    if fresh and not found.leukemia() and diagnosed is not None:
        # steroids alone are a prephase, which does not count as begun
        seen = seen_in(diagnosed.entry, diagnosed.when.text, inferred=True, note="no antileukemic drug on record")
        return known("treatment_phase", "pre-treatment", seen)
    starts = [e.start for e in given if e.start is not None]
    if not starts or len(starts) < len(given):
        return None
    first = min(starts)
    judged = _end_of_induction(record, given, first, as_of)
    if judged is not None:
        return judged
    if fresh and first.start >= as_of - _INDUCTION:
        return known("treatment_phase", "induction", *_seen(given, "first drugs within the last five weeks"))
    return _maintenance(found, first.end, as_of) or _surveillance(found, first.end, as_of)


def _end_of_induction(record: PatientRecord, given: tuple[Exposure, ...], first: When, as_of: date) -> Fact | None:
    """A marrow four to eight weeks after the first drug, and no other drug begun since."""
    early, late = _INDUCTION_OVER
    if not first.exact or not early <= as_of - first.start <= late:
        return None
    if _INDUCTION_DRUGS.isdisjoint(e.drug for e in given):
        return None
    for entry, marrow in marrow_series(record):
        if entry.when is None or marrow.value is None or entry.when.start < first.start + early:
            continue
        since = [e for e in given if e.start is not None and e.start.end > entry.when.start]
        note = "marrow four weeks or more after the first drug, and none begun since"
        seen = seen_in(entry, marrow.found, inferred=True, note=note)
        return None if since else known("treatment_phase", "end-of-induction", seen)
    return None


def _maintenance(found: Exposures, first: date, as_of: date) -> Fact | None:
    """Mercaptopurine with methotrexate, half a year into treatment, and nothing intensive for two months."""
    now = {e.drug for e in found.given() if e.within(as_of, 28)}
    intensive = [e for e in found.leukemia() if e.drug not in _GENTLE and e.within(as_of, _QUIET)]
    if {"mercaptopurine", "methotrexate"} <= now and not intensive and first <= as_of - _MAINTENANCE_FROM:
        note = "mercaptopurine and methotrexate, no other drugs"
        return known("treatment_phase", "maintenance", *_seen(found.leukemia(steroids=True), note))
    return None


def _surveillance(found: Exposures, first: date, as_of: date) -> Fact | None:
    """All drugs ended two months ago or more, after frontline therapy of a year and a half or more."""
    given = found.leukemia()
    if not given or any(e.ongoing or e.end is None for e in given):
        return None
    last = max(given, key=lambda e: e.end.end if e.end else date.min)
    assert last.end is not None
    if last.end.end > as_of - _OVER_FOR or last.end.start < first + _FRONTLINE:
        return None
    return known("treatment_phase", "surveillance", *_seen((last,), "the last drug of frontline therapy ended"))


def _seen(given: tuple[Exposure, ...] | list[Exposure], note: str) -> tuple[Provenance, ...]:
    return tuple(
        seen_in(e.entry, e.entry.text or e.drug, from_text=e.from_text, inferred=True, note=note) for e in given[:3]
    )
