"""What is true of a synthetic patient on the last day, to compare with what a reader finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.population.synthesis import events as e
from service.population.synthesis.course import Course, Deviation
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
        if self.subtype == "bcr-abl1":
            return "positive"
        return "negative" if self.bcr_abl1_tested else None


def truth_of(course: Course, patient: str, happened: list[e.Event], as_of: date) -> Truth:
    """The truth after the events of a course that have happened by a day."""
    person, disease = course.person, course.disease
    states = [event for event in happened if isinstance(event, e.State)]
    relapses = [event for event in states if event.state == "relapsed"]
    phases = [event for event in happened if isinstance(event, e.Phase) and event.until is None]
    tests = [event for event in happened if isinstance(event, e.Mrd)]
    mutations = [event.change for event in happened if isinstance(event, e.Abl1Mutations)]
    panels = [event for event in happened if isinstance(event, e.Immunophenotype)]
    drugs = frozenset(event.drug for event in happened if isinstance(event, e.Given))
    dead = next((event.day for event in happened if isinstance(event, e.Death)), None)
    iscn = next((event.iscn for event in happened if isinstance(event, e.Karyotype)), None)
    return Truth(
        patient, True, person.sex, person.birth, dead, person.group, person.diagnosed, person.age, person.setting,
        disease.lineage, disease.subtype, disease.transcript, disease.fusion, disease.etp, disease.wbc, disease.cns,
        disease.abl_class, bool(disease.markers.get("CD20")), bool(disease.markers.get("CD22")),
        _markers(panels), any(isinstance(event, e.BcrAbl1) for event in happened), iscn,
        states[-1].state if states else "", len(relapses), relapses[-1].site if relapses else "",
        phases[-1].name if phases else None, tests[-1] if tests else None,
        tuple(change for change in mutations if change) if mutations else None, drugs, drugs.intersection(TKIS),
        any(isinstance(event, e.Transplant) for event in happened), not drugs.isdisjoint(CAR_T),
        any(isinstance(event, e.Toxicity) and event.kind == "hypersensitivity" for event in happened),
        tuple(d for d in course.deviations if d.day <= (dead or as_of)), tuple(course.tally), tuple(happened),
    )  # fmt: skip


def _markers(panels: list[e.Immunophenotype]) -> tuple[tuple[str, bool], ...]:
    """As in the newest panel."""
    if not panels:
        return ()
    last = panels[-1]
    return (*((name, True) for name in last.positive), *((name, False) for name in last.negative))
