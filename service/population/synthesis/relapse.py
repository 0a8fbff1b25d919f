"""After a relapse or resistance: what is found, what is given by what there is on the day, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from service.population.synthesis import events as e
from service.population.synthesis.course import Course
from service.population.synthesis.frequencies import share
from service.population.synthesis.options import Option, choose
from service.population.synthesis.regimens import salvage

_DAY = timedelta(days=1)
_MOST_RELAPSES, _MOST_LINES = 3, 5
_DONORS = ("matched sibling donor", "matched unrelated donor", "haploidentical related donor")


@dataclass(slots=True)
class _Line:
    number: int
    relapses: int
    mutation: str = ""
    regimen: str = ""
    cns: bool = False


def relapse(course: Course, day: date, number: int, site: str, before: str, line: int = 1) -> None:
    """A relapse with its tests, and the lines of treatment that follow."""
    rng = course.rng
    course.add(e.State(day, "relapsed", number, site))
    course.stop_tki(day)
    marrow = site != "isolated-CNS"
    if marrow:
        course.add(e.Marrow(day, rng.randint(22, 95), "relapse"))
        course.blood(day, leukemic=True)
        course.add(_phenotype(course, day))
    else:
        course.add(e.Marrow(day, rng.randint(0, 3), "cns"))
        course.blood(day, leukemic=False)
    cns = site != "isolated-marrow"
    course.add(e.Csf(day, rng.randint(8, 200) if cns else rng.randint(0, 3), rng.randint(25, 90) if cns else 0))
    course.chemistry(day)
    now = _Line(line + 1, number, _mutation(course, day, marrow), before, cns)
    _treat(course, day + course.days(4, 12), now)


def resistant(course: Course, day: date, number: int, before: str, line: int = 1) -> None:
    """The next line for disease that did not answer to the last one, or the end."""
    if line >= _MOST_LINES or course.chance("no-further-treatment", share("no-further-treatment")):
        course.die(day + course.days(25, 240), "progressive leukemia")
        return
    _treat(course, day + course.days(5, 20), _Line(line + 1, number, "", before))


def _phenotype(course: Course, day: date) -> e.Immunophenotype:
    """The phenotype of the relapse: CD19 may be lost after treatment aimed at it."""
    if course.blinatumomab and course.disease.lineage == "B" and course.chance("cd19-loss", share("cd19-loss")):
        course.cd19 = False
    markers = {**course.disease.markers, **({} if course.cd19 else {"CD19": False})}
    return e.Immunophenotype(
        day + _DAY,
        tuple(n for n, there in markers.items() if there),
        tuple(n for n, there in markers.items() if not there),
    )


def _mutation(course: Course, day: date, marrow: bool) -> str:
    """The mutation of ABL1 that is found at a relapse on a TKI; empty: none found, or not looked for."""
    tki = course.tki
    if not (course.disease.ph_positive and tki and marrow):
        return ""
    name = "deviation-no-abl1-test"
    if course.deviates(name, share(name), day):
        return ""
    if tki == "dasatinib":
        change = "T315I" if course.chance("t315i", share("t315i")) else course.rng.choice(("F317L", "", ""))
    else:
        known = {"imatinib": ("E255K", "Y253H", "M351T"), "ponatinib": ("E255V", "E255V")}.get(tki, ("F359V", "E255K"))
        change = course.rng.choice(known) if course.chance("abl1-mutation", share("abl1-mutation")) else ""
    course.add(e.Abl1Mutations(day + timedelta(days=3), change))
    return change


def _treat(course: Course, start: date, now: _Line) -> None:
    """One line of treatment and its result."""
    option = choose(course, start, now.relapses, now.mutation, now.number)
    judged = _give(course, start, option, now)
    if not course.chance(option.response, share(option.response, course.person.group)):
        course.add(e.Marrow(judged, course.rng.randint(15, 85), "resistant"))
        course.blood(judged, leukemic=True)
        course.add(e.State(judged, "refractory"))
        course.stop_tki(judged)
        resistant(course, judged, now.relapses, option.regimen, now.number)
        return
    course.remission(judged, now.relapses + 1)
    if now.cns:
        course.add(e.Csf(judged, course.rng.randint(0, 3), 0))
    name = "mrd-negative-after-immunotherapy" if option.immune else "mrd-negative-after-salvage"
    negative = course.chance(name, share(name))
    course.mrd(judged, "after reinduction" if not option.immune else f"after {option.drugs[0][0]}", negative)
    _after_response(course, judged, now, option)


def _after_response(course: Course, judged: date, now: _Line, option: Option) -> None:
    again = now.relapses < _MOST_RELAPSES and course.chance(
        "later-relapse", share("later-relapse", course.person.group)
    )
    back = judged + course.days(90, 700) if again else date.max
    young = course.person.age_on(judged) < 65
    hct = young and not course.transplanted and course.chance("hct-second-remission", share("hct-second-remission"))
    day = judged + course.days(35, 80)
    if hct and day < back - timedelta(days=60):
        if post_hct(course, day, now.relapses + 1, back, course.rng.choice(_DONORS)):
            return
    elif not hct and option.regimen:
        until = min(judged + timedelta(days=420), back - _DAY)
        course.add(e.Phase(judged + timedelta(days=14), "maintenance", "POMP", now.number, until))
        for drug in ("mercaptopurine", "methotrexate", "vincristine", "prednisone"):
            if not course.disease.ph_positive or drug != "vincristine":
                course.add(e.Given(judged + timedelta(days=14), drug, until, "POMP", "maintenance", now.number))
        if until < back - 2 * _DAY:
            course.add(e.Phase(until + _DAY, "surveillance", "", now.number, back - _DAY if again else None))
    if back < date.max:
        relapse(course, back, now.relapses + 1, course.rng.choice(("isolated-marrow",) * 8 + ("isolated-CNS", "combined")),
                option.regimen, now.number)  # fmt: skip


def _give(course: Course, start: date, option: Option, now: _Line) -> date:
    """The drugs of an option; the day its result is judged."""
    until = start + timedelta(days=27 if option.immune else 24)
    course.add(e.Phase(start, "reinduction", option.regimen, now.number, until + timedelta(days=7)))
    drugs = (*option.drugs, *(salvage(option.block) if option.block else ()))
    for drug, route in drugs:
        once = drug in option.once
        course.add(e.Given(start, drug, start if once else until, option.regimen, "reinduction", now.number, route))
    if any(drug == "blinatumomab" for drug, _ in drugs):
        course.blinatumomab = True
    if option.tki:
        course.tki = option.tki
        course.add(e.Given(start, option.tki, start + timedelta(days=360), option.regimen, "", now.number))
    return until + course.days(5, 12)


def post_hct(course: Course, day: date, remission: int, ended: date, donor: str) -> bool:
    """A transplant and the time after it; whether the patient dies of it."""
    course.transplanted = True
    course.add(e.DonorTyping(day - course.days(25, 40), donor), e.Transplant(day, donor, remission))
    died = ended == date.max and course.chance("hct-related-death", share("hct-related-death"))
    if died:
        course.die(day + course.days(30, 330), "infection after transplant")
        return True
    until = ended - _DAY if ended < date.max else None
    course.add(e.Phase(day + _DAY, "post-hct", "", 0, until))
    begun = day + timedelta(days=42)
    if course.tki and course.disease.ph_positive and begun < ended - timedelta(days=30):
        last = min(begun + timedelta(days=365), ended)
        course.add(e.Given(begun, course.tki, last, "", "post-hct", 0))
    hundred = day + course.days(92, 110)
    if hundred < ended - timedelta(days=30):
        course.add(e.Marrow(hundred, course.rng.randint(0, 2), "remission"))
        course.mrd(hundred, "day +100 after transplant", ended - hundred > timedelta(days=150))
        course.blood(hundred, leukemic=False)
    return False
