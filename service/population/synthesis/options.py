"""What is given after a relapse or resistance: by lineage, age, targets, what failed before, and what there is on the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from service.population.synthesis import events as e
from service.population.synthesis.course import Course
from service.population.synthesis.frequencies import share
from service.population.synthesis.regimens import CAR_T, approved, used_from


@dataclass(frozen=True, slots=True)
class Option:
    """``drugs``: with route. ``block``: chemotherapy given as well. ``response``: the row of frequencies that decides.
    ``immune``: aimed at CD19 or CD22. ``once``: drugs of one day."""

    regimen: str
    drugs: tuple[tuple[str, str], ...]
    response: str
    block: str = ""
    immune: bool = False
    tki: str = ""
    once: tuple[str, ...] = ()


def choose(course: Course, day: date, relapses: int, line: int, cns: bool = False) -> Option:
    """The treatment of this line. ``cns``: leukemia in the CNS, where blinatumomab must not be given (Blood 2015, patient 3) and
    chemotherapy with intrathecal drugs is.
    """
    chemotherapy = _chemotherapy(course, day)
    if course.disease.ph_positive:
        return _ph_positive(course, day, line, cns)
    if cns or course.disease.lineage == "T":
        return chemotherapy
    targeted = _targeted(course, day, relapses, line)
    older = course.person.age_on(day) >= 15
    if not targeted or (not older and relapses == 1 and line == 2):
        return chemotherapy
    name = "deviation-chemotherapy-at-relapse"
    if older and course.deviates(name, share(name), day):
        return chemotherapy
    return course.rng.choice(targeted)


def _targeted(course: Course, day: date, relapses: int, line: int) -> list[Option]:
    found: list[Option] = []
    years, disease = course.person.age_on(day), course.disease
    given = course.given()
    first = used_from("ph-positive") if disease.ph_positive else approved("blinatumomab")
    if course.cd19 and "blinatumomab" not in given and day >= first:
        found.append(Option("blinatumomab", (("blinatumomab", ""),), "remission-with-blinatumomab", immune=True))
    ino = "inotuzumab ozogamicin"
    if disease.markers.get("CD22") and ino not in given and years >= 18 and day >= approved(ino):
        found.append(Option(ino, ((ino, ""),), "remission-with-inotuzumab", immune=True))
    for drug in CAR_T:
        fits = years < 26 and (relapses >= 2 or line >= 3) if drug == CAR_T[0] else years >= 18
        if course.cd19 and fits and given.isdisjoint(CAR_T) and day >= approved(drug):
            found.append(Option(drug, ((drug, ""),), "remission-with-car-t", immune=True, once=(drug,)))
    if disease.subtype == "kmt2a" and line >= 3 and day >= approved("revumenib"):
        found.append(Option("revumenib", (("revumenib", ""),), "remission-with-revumenib"))
    return found


def _chemotherapy(course: Course, day: date) -> Option:
    """The first block that was not given yet."""
    if course.disease.lineage == "T":
        blocks = ["nelarabine, cyclophosphamide and etoposide", "FLAG-IDA"]
    elif course.person.setting == "pediatric-oncology":
        blocks = ["AALL01P2" if day.year < 2015 else "AALL1331"]
    else:
        blocks = course.rng.choice((["FLAG-IDA", "hyper-CVAD"], ["hyper-CVAD", "FLAG-IDA"]))
    blocks += ["clofarabine, cyclophosphamide and etoposide", "vincristine and dexamethasone"]
    before = {event.regimen for event in course.events if isinstance(event, e.Phase)}
    name = next((block for block in blocks if block not in before), blocks[-1])
    return Option(name, (), "second-remission", block=name)


def _ph_positive(course: Course, day: date, line: int, cns: bool) -> Option:
    """Another TKI, by the mutation; later blinatumomab or inotuzumab; chemotherapy where no TKI is left."""
    targeted = _targeted(course, day, 1, line)
    if line >= 3 and targeted and not cns:
        return course.rng.choice(targeted)
    tki = next_tki(course, day)
    if not tki:
        return _chemotherapy(course, day)
    block = "hyper-CVAD" if course.person.age_on(day) < 65 else "vincristine and dexamethasone"
    return Option(f"{tki} with {block}", (), "remission-with-tki", block=block, tki=tki)


def next_tki(course: Course, day: date) -> str:
    """The TKI after one that failed, empty where none is left; against T315I only ponatinib works, which a documented share
    do not get.
    """
    tried = course.given()
    name = "deviation-tki-against-mutation"
    if course.mutation == "T315I":
        wrong = "bosutinib" not in tried and "ponatinib" not in tried and day >= approved("bosutinib")
        if wrong and course.deviates(name, share(name), day):
            return "bosutinib"
        return "" if "ponatinib" in tried or day < approved("ponatinib") else "ponatinib"
    order = ("nilotinib", "ponatinib") if course.mutation == "F317L" else ("dasatinib", "ponatinib", "bosutinib")
    return next((tki for tki in order if tki not in tried and day >= approved(tki)), "")
