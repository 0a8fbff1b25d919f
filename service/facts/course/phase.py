"""The phase of treatment: as a plan or episode names it, else concluded from the dates of the drugs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from service.facts.absence import absent, complete_list, seen_in
from service.facts.course.hct import transplants
from service.facts.course.text import phase_in
from service.facts.course.timeline import relapses, statements
from service.facts.disease.diagnosis import diagnosis_date, served
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import MEDICATIONS, Exposures, exposures
from service.record.model import Entry, PatientRecord
from service.record.values import as_list, as_text, concept_text

_RUNNING = ("active", "on-hold", "onhold", "in-progress", None)
_INDUCTION = timedelta(days=35)
_NEW_FOR = timedelta(days=60)
_MAINTENANCE_FROM = timedelta(days=180)
_QUIET = 60  # days without an intensive drug
_GENTLE = frozenset({"mercaptopurine", "methotrexate", "vincristine", "thioguanine"})
_PLANS = ("CarePlan", "EpisodeOfCare")


@provides("treatment_phase")
def treatment_phase(facts: Facts) -> Iterator[Fact]:
    """Explicit in the plan or episode that runs today; otherwise inferred from complete drug lists."""
    if facts.record is None:
        return
    told = [(found, e) for e in facts.record.of_type(*_PLANS) if (found := _told(e, facts.as_of)) is not None]
    named = {name for name, _ in told}
    if len(named) == 1:
        seen = (seen_in(entry, plan_text(entry), from_text=True) for _, entry in told)
        yield known("treatment_phase", told[0][0], *seen)
    elif named:
        seen = (seen_in(entry, plan_text(entry), from_text=True) for _, entry in told)
        yield unknown("treatment_phase", Reason.CONFLICTING, f"plans name {' and '.join(sorted(named))}", seen)
    else:
        yield (
            _by_transplant(facts, facts.record)
            or _by_drugs(facts, facts.record)
            or absent(facts, "treatment_phase", *_PLANS, what="the phase of treatment")
        )


def plan_text(entry: Entry) -> str:
    """Title, description and type of a plan or episode, in words."""
    texts = [as_text(entry.resource.get(key)) for key in ("title", "description")]
    texts += [concept_text(c) for key in ("type", "category") for c in as_list(entry.resource.get(key))]
    return "; ".join(text for text in texts if text)


def _told(entry: Entry, as_of: date) -> str | None:
    over = entry.until is not None and entry.until.end < as_of
    ahead = entry.when is not None and entry.when.start > as_of
    if entry.status not in _RUNNING or over or ahead:
        return None
    return phase_in(plan_text(entry))


def _by_transplant(facts: Facts, record: PatientRecord) -> Fact | None:
    """After an allogeneic transplant, as long as no relapse is stated or dated after it."""
    done = [t for t in transplants(record, facts.as_of) if t.kind == "allogeneic" and t.when is not None]
    if not done or any(s.state in ("relapsed", "refractory") for s in statements(record, facts.as_of) if not s.when):
        return None
    last = max(done, key=lambda t: t.when.start if t.when else date.min)
    if last.when is None or any(r.when.end >= last.when.start for r in relapses(record, facts.as_of)):
        return None
    return known("treatment_phase", "post-hct", last.seen(inferred=True))


def _by_drugs(facts: Facts, record: PatientRecord) -> Fact | None:
    """Pre-treatment, induction or maintenance, where complete lists leave no other reading."""
    found = exposures(record, facts.as_of)
    if found.nameless or not complete_list(facts, *MEDICATIONS) or not served(record, facts.as_of):
        return None
    relapsed = bool(relapses(record, facts.as_of)) or any(
        s.state == "relapsed" for s in statements(record, facts.as_of)
    )
    return None if relapsed else _frontline(record, found, facts.as_of)


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
    if fresh and first.start >= as_of - _INDUCTION:
        return known("treatment_phase", "induction", *_seen(found, "first drugs within the last five weeks"))
    return _maintenance(found, first.end, as_of)


def _maintenance(found: Exposures, first: date, as_of: date) -> Fact | None:
    """Mercaptopurine with methotrexate, half a year into treatment, and nothing intensive for two months."""
    now = {e.drug for e in found.given() if e.within(as_of, 28)}
    intensive = [e for e in found.leukemia() if e.drug not in _GENTLE and e.within(as_of, _QUIET)]
    if {"mercaptopurine", "methotrexate"} <= now and not intensive and first <= as_of - _MAINTENANCE_FROM:
        return known("treatment_phase", "maintenance", *_seen(found, "mercaptopurine and methotrexate, no other drugs"))
    return None


def _seen(found: Exposures, note: str) -> tuple[Provenance, ...]:
    newest = found.leukemia(steroids=True)[:3]
    return tuple(
        seen_in(e.entry, e.entry.text or e.drug, from_text=e.from_text, inferred=True, note=note) for e in newest
    )


PROVIDERS: tuple[Provider, ...] = (treatment_phase,)
