"""The phase of treatment where the record names it: in the plan or episode that runs today, in a dated observation of
the phase, or beside the treatment being given. What is not named is concluded in `inferred_phase`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from service.facts.absence import absent, seen_in
from service.facts.course.inferred_phase import inferred_phase
from service.facts.course.phase_text import INTERIM, phase_in
from service.facts.course.statements import statements
from service.facts.course.timeline import course
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.record.model import Entry, PatientRecord
from service.record.values import all_text, as_dict, as_list, as_text, concept_text, notes_of

_RUNNING = ("active", "on-hold", "onhold", "in-progress", None)
_PLANS = ("CarePlan", "EpisodeOfCare")
_TREATMENTS = ("MedicationRequest", "MedicationStatement", "MedicationAdministration", "Procedure")
_PHASE_NAME = re.compile(
    r"(?:treatment|therapy|protocol|chemotherapy|disease) phase|phase of (?:treatment|therapy)|therapie-?phase|behandlungsphase"
    r"|^\s*(?:phase|aktuelle phase)\s*$|therapieabschnitt|protokoll-?(?:phase|element)",
    re.IGNORECASE,
)
_MAYBE = re.compile(
    r"indu[ck]tion|[ck]onsolid|mainten|erhaltung|intensi|surveill|nachsorge|proto[ck]ol|vorphase|pre-?phase|\bEO[IC]\b|\bHR\b",
    re.IGNORECASE,
)
_LATELY = timedelta(days=35)
_OBSERVED = timedelta(days=60)
# Phases that no protocol makes so long: a plan left open says nothing of today.
_SHORT = frozenset({"pre-treatment", "induction", "end-of-induction", "reinduction", "end-of-reinduction"})
_LASTS = timedelta(days=120)


@provides("treatment_phase")
def treatment_phase(facts: Facts) -> Iterator[Fact]:
    """Explicit in the plan or episode that runs today, an observation of the phase of the last two months, or the words
    of a treatment of the last five weeks, in this order; otherwise inferred from complete drug lists.
    """
    if facts.record is None:
        return
    for named in (_plans(facts, facts.record), _observed(facts, facts.record), _beside(facts, facts.record)):
        fact = _settled(facts, _newest(list(named)))
        if fact is not None:
            yield fact
            return
    yield inferred_phase(facts) or absent(facts, "treatment_phase", *_PLANS, what="the phase of treatment")


Named = tuple[str, Entry, str]  # phase, where it is named, and the words


def named_phases(record: PatientRecord) -> Iterator[Named]:
    """All phases that plans, episodes and observations of the phase name, whenever they ran; for showing the course."""
    for entry in record.of_type(*_PLANS):
        text = plan_text(entry)
        if text and (phase := phase_in(text)) is not None:
            yield phase, entry, text
    for entry in record.of_type("Observation"):
        if _PHASE_NAME.search(entry.text) and (phase := phase_in(text := all_text(entry.resource))) is not None:
            yield phase, entry, text


def _plans(facts: Facts, record: PatientRecord) -> Iterator[Named]:
    for entry in record.of_type(*_PLANS):
        text = plan_text(entry)
        if text and _runs(entry, facts.as_of) and (phase := phase_in(text)) is not None:
            yield phase, entry, text


def plan_text(entry: Entry) -> str:
    """Title, description, type and activities in progress of a plan or episode, in words."""
    texts = [as_text(entry.resource.get(key)) for key in ("title", "description")]
    texts += [concept_text(c) for key in ("type", "category") for c in as_list(entry.resource.get(key))]
    for activity in as_list(entry.resource.get("activity")):
        detail = as_dict(as_dict(activity).get("detail"))
        if as_text(detail.get("status")) == "in-progress":
            texts += [concept_text(detail.get("code")), as_text(detail.get("description"))]
    return "; ".join(text for text in texts if text)


def _runs(entry: Entry, as_of: date) -> bool:
    over = entry.until is not None and entry.until.end < as_of
    ahead = entry.when is not None and entry.when.start > as_of
    return entry.status in _RUNNING and not over and not ahead


def _observed(facts: Facts, record: PatientRecord) -> Iterator[Named]:
    for entry in record.of_type("Observation"):
        if entry.when is None or entry.when.end < facts.as_of - _OBSERVED:
            continue
        if _PHASE_NAME.search(entry.text) and (phase := phase_in(text := all_text(entry.resource))) is not None:
            yield phase, entry, text


def _beside(facts: Facts, record: PatientRecord) -> Iterator[Named]:
    """Phases named in the texts and notes of treatments given or running in the last weeks."""
    for entry in record.of_type(*_TREATMENTS):
        text = f"{entry.text}\n{notes_of(entry.resource)}"
        if not _MAYBE.search(text) or not _lately(entry, facts.as_of):
            continue
        if (phase := phase_in(text)) is not None and not phase.startswith("end-of-"):
            yield phase, entry, " ".join(text.split())


def _lately(entry: Entry, as_of: date) -> bool:
    if entry.when is None or entry.when.start > as_of or entry.status in ("stopped", "on-hold", "intended"):
        return False
    last = entry.until or entry.when
    return last.end >= as_of - _LATELY


def _newest(named: list[Named]) -> list[Named]:
    """The phases named last; all of them where one has no date."""
    if len({phase for phase, _, _ in named}) <= 1 or any(entry.when is None for _, entry, _ in named):
        return named
    last = max(entry.when.start for _, entry, _ in named if entry.when)
    return [row for row in named if row[1].when is not None and row[1].when.start == last]


def _settled(facts: Facts, named: list[Named]) -> Fact | None:
    """The fact that follows from the phases named; ``None`` where none is."""
    name = "treatment_phase"
    seen = tuple(seen_in(entry, text, from_text=True) for _, entry, text in named)
    phases = {phase for phase, _, _ in named}
    if len(phases) > 1:
        return unknown(name, Reason.CONFLICTING, f"the record names {' and '.join(sorted(phases))}", seen)
    for phase in phases:
        if phase == INTERIM:
            return unknown(name, Reason.NOT_DECIDED, "interim maintenance: the guidelines have no name for it", seen)
        if phase in _SHORT and all(_long_ago(entry, facts.as_of) for _, entry, _ in named):
            return unknown(name, Reason.STALE, f"{phase} is named by what began more than four months ago", seen)
        if phase == "reinduction" and _german(named) and not _came_back(facts):
            detail = "Reinduktion: after relapse, or the delayed intensification of frontline therapy"
            return unknown(name, Reason.NOT_DECIDED, detail, seen)
        return known(name, phase, *seen)
    return None


def _long_ago(entry: Entry, as_of: date) -> bool:
    return entry.when is not None and entry.when.end < as_of - _LASTS


def _german(named: Iterable[Named]) -> bool:
    return any("reinduktion" in text.lower().replace("-", "") for _, _, text in named)


def _came_back(facts: Facts) -> bool:
    """Whether the record tells of a relapse or of resistance, so that an induction may be the second one."""
    assert facts.record is not None
    states = {said.state for said in statements(facts.record, facts.as_of)}
    return bool(course(facts.record, facts.as_of).relapses) or not states.isdisjoint({"relapsed", "refractory"})


PROVIDERS: tuple[Provider, ...] = (treatment_phase,)
