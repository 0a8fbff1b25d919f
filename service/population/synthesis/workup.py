"""What is found at diagnosis: blood, marrow, phenotype, genetics, fluid, fitness."""

from __future__ import annotations

from datetime import date, timedelta

from service.population.synthesis import events as e
from service.population.synthesis.course import Course
from service.population.synthesis.frequencies import share

_DAY = timedelta(days=1)


def workup(course: Course) -> None:
    """The tests of the first days, with the gaps that records have."""
    person, disease, rng = course.person, course.disease, course.rng
    day = person.diagnosed
    course.add(e.State(day, "new-diagnosis"), e.Visit(day, day + timedelta(days=21), person.setting))
    course.add(e.Visit(day, None, person.setting))  # under the care of one clinic from then on
    course.add(e.Lab(day, "wbc", disease.wbc), e.Lab(day, "anc", round(rng.uniform(0.1, 0.9), 2)))
    course.add(e.Lab(day, "platelets", rng.randint(10, 90)), e.Lab(day, "hemoglobin", round(rng.uniform(5.5, 10.5), 1)))
    course.chemistry(day)
    course.add(e.Marrow(day, disease.blasts, "diagnosis"))
    if not course.chance("gap-immunophenotype", share("gap-immunophenotype")):
        positive = tuple(name for name, found in disease.markers.items() if found)
        course.add(e.Immunophenotype(day, positive, tuple(n for n, found in disease.markers.items() if not found)))
    _genetics(course)
    wbc, blasts = {"CNS-1": (rng.randint(0, 3), 0), "CNS-2": (rng.randint(1, 4), rng.randint(3, 40))}.get(
        disease.cns, (rng.randint(6, 180), rng.randint(20, 90))
    )
    course.add(e.Csf(day + _DAY, wbc, blasts))
    course.add(performance(course, day))


def _genetics(course: Course) -> None:
    disease, rng, day = course.disease, course.rng, course.person.diagnosed
    if not course.chance("gap-karyotype", share("gap-karyotype")):
        failed = course.chance("gap-metaphases", share("gap-metaphases"))
        course.add(e.Karyotype(day, "" if failed else disease.karyotype))
    if disease.lineage == "B":
        if disease.ph_positive:
            course.add(e.BcrAbl1(day + _DAY, True, disease.transcript, rng.randint(60, 96)))
        elif not course.deviates("deviation-no-bcr-abl1-test", share("deviation-no-bcr-abl1-test"), day):
            course.add(e.BcrAbl1(day + _DAY, False, None, 0))
        if not course.chance("gap-fish", share("gap-fish")):
            found = (disease.subtype == name for name in ("kmt2a", "etv6-runx1", "tcf3-pbx1"))
            course.add(e.Fish(day + timedelta(days=2), *found))
    if disease.fusion is not None and not disease.ph_positive:
        later = timedelta(days=20) if disease.subtype == "ph-like" else timedelta(days=4)
        if disease.subtype != "ph-like" or day.year >= 2016:  # panels of fusions came then
            course.add(e.Fusion(day + later, disease.fusion))
    if disease.subtype == "iamp21":
        course.add(e.Iamp21(day + timedelta(days=4), rng.randint(5, 9)))


def performance(course: Course, day: date) -> e.Performance:
    """Lansky below 16 years, ECOG from then on."""
    if course.person.age_on(day) < 16:
        return e.Performance(day, "Lansky", course.rng.choice((60, 70, 80, 90, 100)))
    return e.Performance(day, "ECOG", course.rng.choice((0, 1, 1, 1, 2, 2, 3)))
