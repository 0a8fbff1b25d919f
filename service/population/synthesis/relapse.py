"""After a relapse or resistance: what is found, what is given by what there is on the day, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from service.population.synthesis import events as e
from service.population.synthesis.course import Course
from service.population.synthesis.frequencies import share
from service.population.synthesis.options import Option, choose, next_tki
from service.population.synthesis.regimens import salvage, used_from

_DAY = timedelta(days=1)
_MOST_RELAPSES, _MOST_LINES = 3, 5
_DONORS = ("matched sibling donor", "matched unrelated donor", "haploidentical related donor")


@dataclass(slots=True)
class _Line:
    number: int
    relapses: int
    site: str = ""

    @property
    def cns(self) -> bool:
        return self.site in ("isolated-CNS", "combined")


def relapse(course: Course, day: date, number: int, site: str, line: int = 1) -> None:
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
    if marrow:
        _mutation(course, day)
    _treat(course, day + course.days(4, 12), _Line(line + 1, number, site))


def resistant(course: Course, day: date, number: int, site: str = "", line: int = 1) -> None:
    """The next line for disease that did not answer to the last one, or the end."""
    if line >= _MOST_LINES or course.chance("no-further-treatment", share("no-further-treatment")):
        course.die(day + course.days(25, 240), "progressive leukemia")
        return
    _treat(course, day + course.days(5, 20), _Line(line + 1, number, site))


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


def _mutation(course: Course, day: date) -> None:
    """What a test of ABL1 finds at a relapse in the marrow on a TKI, if it is done."""
    tki = course.tki
    if not (course.disease.ph_positive and tki):
        return
    name = "deviation-no-abl1-test"
    if course.deviates(name, share(name), day):
        return
    if tki == "dasatinib":
        course.mutation = "T315I" if course.chance("t315i", share("t315i")) else course.rng.choice(("F317L", ""))
    else:
        known = {"imatinib": ("E255K", "Y253H", "M351T"), "ponatinib": ("E255V",)}.get(tki, ("F359V", "E255K"))
        found = course.chance("abl1-mutation", share("abl1-mutation"))
        course.mutation = course.rng.choice(known) if found else ""
    course.add(e.Abl1Mutations(day + timedelta(days=3), course.mutation))


def _treat(course: Course, start: date, now: _Line) -> None:
    """One line of treatment and its result."""
    option = choose(course, start, now.relapses, now.number, now.cns)
    judged = _give(course, start, option, now)
    if not course.chance(option.response, share(option.response, course.person.group)):
        alone = now.site == "isolated-CNS"
        course.add(e.Marrow(judged, course.rng.randint(0, 3) if alone else course.rng.randint(15, 85),
                            "cns" if alone else "resistant"))  # fmt: skip
        course.blood(judged, leukemic=not alone)
        if now.cns:
            course.add(e.Csf(judged, course.rng.randint(6, 90), course.rng.randint(20, 80)))
        course.add(e.State(judged, "refractory"))
        course.stop_tki(judged)
        resistant(course, judged, now.relapses, now.site, now.number)
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
    back = judged + course.days(100, 700) if again else date.max
    begun = judged + timedelta(days=7)
    if _blinatumomab(course, begun, now, option):
        course.add(
            e.Given(begun, "blinatumomab", begun + timedelta(days=27), option.regimen, "consolidation", now.number)
        )
        course.add(e.Phase(begun, "consolidation", option.regimen, now.number, begun + timedelta(days=27)))
        begun += timedelta(days=28)
    young = course.person.age_on(judged) < 65
    hct = young and not course.transplanted and course.chance("hct-second-remission", share("hct-second-remission"))
    day = judged + course.days(45, 85)
    if hct and day < back - timedelta(days=60):
        if post_hct(course, day, now.relapses + 1, back, course.rng.choice(_DONORS)):
            return
    else:
        _upkeep(course, begun, back, now, option)
    if back < date.max:
        site = course.rng.choice(("isolated-marrow",) * 8 + ("isolated-CNS", "combined"))
        relapse(course, back, now.relapses + 1, site, now.number)


def _blinatumomab(course: Course, day: date, now: _Line, option: Option) -> bool:
    """Whether a child in second remission after chemotherapy goes on with blinatumomab."""
    disease = course.disease
    fits = disease.lineage == "B" and not disease.ph_positive and course.cd19 and not course.blinatumomab
    if not fits or option.immune or course.person.age_on(day) >= 18 or now.relapses != 1 or day < used_from("mrd"):
        return False
    course.blinatumomab = course.chance("blinatumomab-after-reinduction", share("blinatumomab-after-reinduction"))
    return course.blinatumomab


def _upkeep(course: Course, begun: date, back: date, now: _Line, option: Option) -> None:
    """Maintenance without a transplant, then surveillance; after CAR T cells surveillance alone."""
    until = begun
    if not option.once:
        until = min(begun + timedelta(days=420), back - _DAY)
        course.add(e.Phase(begun, "maintenance", "POMP", now.number, until))
        drugs = ["mercaptopurine", "methotrexate", "vincristine", "prednisone"]
        if course.disease.ph_positive and not option.tki and (tki := next_tki(course, begun)):
            course.tki = tki
            drugs.append(tki)
        for drug in drugs:
            course.add(e.Given(begun, drug, until, "POMP", "maintenance", now.number))
    if until < back - 2 * _DAY:
        course.add(e.Phase(until + _DAY, "surveillance", "", now.number, back - _DAY if back < date.max else None))


def _give(course: Course, start: date, option: Option, now: _Line) -> date:
    """The drugs of an option; the day its result is judged."""
    until = start + timedelta(days=27 if option.immune else 24)
    course.add(e.Phase(start, "reinduction", option.regimen, now.number, until + timedelta(days=5)))
    drugs = [*option.drugs, *(salvage(option.block) if option.block else ())]
    if now.cns:
        drugs += [
            (drug, "intrathecal") for drug in ("methotrexate", "cytarabine") if (drug, "intrathecal") not in drugs
        ]
    for planned, route in drugs:
        drug = course.tolerated(planned, start)
        if not drug:
            continue
        last = start if drug in option.once else until
        course.add(e.Given(start, drug, last, option.regimen, "reinduction", now.number, route))
    course.blinatumomab = course.blinatumomab or "blinatumomab" in option.regimen
    if option.tki:
        course.tki = option.tki
        course.add(e.Given(start, option.tki, start + timedelta(days=360), option.regimen, "", now.number))
    return until + course.days(6, 12)


def post_hct(course: Course, day: date, remission: int, ended: date, donor: str) -> bool:
    """A transplant and the time after it; whether the patient dies of it."""
    course.transplanted = True
    course.pause_tki(day)
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
