"""What is true of a synthetic patient on the last day, to compare with what a reader finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from service.population.synthesis import events as e
from service.population.synthesis.course import Course, Deviation, cut
from service.population.synthesis.regimens import CAR_T, TKIS


@dataclass(frozen=True, slots=True)
class Truth:
    """``None``: not on record, so that it must stay unknown. ``age``: completed years on the last day, or at death.

    ``markers``: of the newest phenotype on record; ``cd20``, ``cd22``: at diagnosis, on record or not. ``tally``: the draws
    behind the course, for the report.
    """

    patient: str
    has_all: bool
    sex: str
    birth: date
    death: date | None = None
    group: str = ""
    diagnosed: date | None = None
    age_at_diagnosis: float = 0.0
    setting: str = ""
    lineage: str = ""
    subtype: str = ""
    transcript: str | None = None
    fusion: tuple[str, str] | None = None
    etp: bool = False
    wbc: float = 0.0
    cns: str = ""
    abl_class: bool = False
    cd20: bool = False
    cd22: bool = False
    markers: tuple[tuple[str, bool], ...] = ()
    bcr_abl1_tested: bool = False
    fusion_found: bool = False
    karyotype: str | None = None
    state: str = ""
    relapses: int = 0
    relapse_site: str = ""
    phase: str | None = None
    mrd: e.Mrd | None = None
    abl1: tuple[str, ...] | None = None
    drugs: frozenset[str] = frozenset()
    tkis: frozenset[str] = frozenset()
    transplanted: bool = False
    car_t: bool = False
    hypersensitivity: bool = False
    deviations: tuple[Deviation, ...] = ()
    tally: tuple[tuple[str, bool], ...] = ()
    events: tuple[e.Event, ...] = ()

    @property
    def ph_status(self) -> str | None:
        """As tested: T-ALL is not tested here."""
        if not self.bcr_abl1_tested:
            return None
        return "positive" if self.subtype == "bcr-abl1" else "negative"


def truth_of(course: Course, patient: str, happened: list[e.Event], as_of: date) -> Truth:
    """The truth after the events of a course that have happened by a day."""
    who, what = course.person, course.disease
    return Truth(
        patient, True, who.sex, who.birth, group=who.group, diagnosed=who.diagnosed, age_at_diagnosis=who.age,
        setting=who.setting, lineage=what.lineage, subtype=what.subtype, transcript=what.transcript, fusion=what.fusion,
        etp=what.etp, wbc=what.wbc, cns=what.cns, abl_class=what.abl_class, cd20=bool(what.markers.get("CD20")),
        cd22=bool(what.markers.get("CD22")), deviations=tuple(d for d in course.deviations if d.day <= as_of),
        tally=tuple(course.tally), **_told(happened),
    )  # fmt: skip


def as_it_was(truth: Truth, day: date) -> Truth:
    """The truth of an earlier day: what had happened by then."""
    happened = cut(list(truth.events), day, alive=truth.death is None or day < truth.death)
    return replace(truth, deviations=tuple(d for d in truth.deviations if d.day <= day), **_told(happened))


def _told(happened: list[e.Event]) -> dict[str, Any]:
    """What events tell of the patient."""
    states = [event for event in happened if isinstance(event, e.State)]
    relapses = [event for event in states if event.state == "relapsed"]
    phases = [event for event in happened if isinstance(event, e.Phase) and event.until is None]
    tests = [event for event in happened if isinstance(event, e.Mrd)]
    mutations = [event.change for event in happened if isinstance(event, e.Abl1Mutations)]
    panels = [event for event in happened if isinstance(event, e.Immunophenotype)]
    drugs = frozenset(event.drug for event in happened if isinstance(event, e.Given))
    return {
        "death": next((event.day for event in happened if isinstance(event, e.Death)), None),
        "karyotype": next((event.iscn for event in happened if isinstance(event, e.Karyotype)), None),
        "bcr_abl1_tested": any(isinstance(event, e.BcrAbl1) for event in happened),
        "fusion_found": any(
            isinstance(event, e.Fusion) or (isinstance(event, e.BcrAbl1) and event.positive) for event in happened
        ),
        "markers": _markers(panels),
        "state": states[-1].state if states else "",
        "relapses": len(relapses),
        "relapse_site": relapses[-1].site if relapses else "",
        "phase": phases[-1].name if phases else None,
        "mrd": tests[-1] if tests else None,
        "abl1": tuple(change for change in mutations[-1:] if change) if mutations else None,
        "drugs": drugs,
        "tkis": drugs.intersection(TKIS),
        "transplanted": any(isinstance(event, e.Transplant) for event in happened),
        "car_t": not drugs.isdisjoint(CAR_T),
        "hypersensitivity": any(
            isinstance(event, e.Toxicity) and event.kind == "hypersensitivity" for event in happened
        ),
        "events": tuple(happened),
    }


def _markers(panels: list[e.Immunophenotype]) -> tuple[tuple[str, bool], ...]:
    """As in the newest panel."""
    if not panels:
        return ()
    last = panels[-1]
    return (*((name, True) for name in last.positive), *((name, False) for name in last.negative))
