"""From diagnosis through the first treatment: induction, what follows it, transplant in first remission, end of therapy."""

from __future__ import annotations

from datetime import date, timedelta

from service.population.synthesis import events as e
from service.population.synthesis.course import Course
from service.population.synthesis.frequencies import share
from service.population.synthesis.regimens import Stage, first_line, first_tki, stages, used_from
from service.population.synthesis.relapse import post_hct, relapse, resistant
from service.population.synthesis.workup import workup

_FAVORABLE = ("etv6-runx1", "hyperdiploid")
_RISK = {"favorable": 0.5, "poor": 1.6, "other": 1.0}  # of relapse, relative to each other; assumed
_DAY = timedelta(days=1)
_DONORS = ("matched sibling donor", "matched unrelated donor", "haploidentical related donor")


def frontline(course: Course) -> None:
    """Draw the course from the diagnosis on."""
    person, disease, rng = course.person, course.disease, course.rng
    workup(course)
    regimen = first_line(rng, person, disease)
    start = person.diagnosed + course.days(1, 4)
    planned = stages(regimen)
    if disease.ph_positive and not course.deviates("deviation-no-tki", share("deviation-no-tki"), start):
        course.tki = first_tki(rng, person)
    if course.chance("induction-death", share("induction-death", person.group)):
        died = start + course.days(8, 26)
        _treat(course, regimen, planned[:2], start, died)
        course.die(died, "infection during induction")
        return
    ahead = [stage for stage in planned if stage.name == "pre-treatment"]
    opened = start + timedelta(days=sum(stage.days for stage in ahead))
    induced = opened + timedelta(days=next(stage.days for stage in planned if stage.name == "induction"))
    judged = induced + course.days(0, 4)
    if not course.chance("remission-after-induction", share("remission-after-induction", person.group)):
        _treat(course, regimen, planned[: len(ahead) + 1], start, judged)
        course.add(e.Marrow(judged, rng.randint(12, 70), "resistant"))
        course.blood(judged, leukemic=True)
        course.add(e.State(judged, "refractory"))
        course.stop_tki(judged)
        resistant(course, judged, 0)
        return
    course.remission(judged, 1)
    if disease.cns != "CNS-1":
        course.add(e.Csf(judged, rng.randint(0, 3), 0))
    _in_remission(course, regimen, planned, start, opened, judged)


def _in_remission(
    course: Course, regimen: str, planned: tuple[Stage, ...], start: date, opened: date, judged: date
) -> None:
    person = course.person
    odds = relapse_odds(course)
    relapses = course.rng.random() < odds
    course.tally.append(("relapse", relapses))
    back, site = _when(course) if relapses else (None, "")
    if back is not None:
        back = max(back, judged + course.days(70, 110))
    ended = back or date.max
    clear = _clear(course, relapses, odds)
    if not course.deviates("deviation-no-mrd-test", share("deviation-no-mrd-test"), judged):
        course.mrd(judged, "end of induction", clear)
    later = max(opened + course.days(80, 92), judged + course.days(40, 50))
    negative = clear or course.chance(
        "mrd-negative-end-of-consolidation", share("mrd-negative-end-of-consolidation", person.group)
    )
    if later < ended and (not clear or course.chance("mrd-test-after-negative", share("mrd-test-after-negative"))):
        level = course.mrd(later, "end of consolidation", negative).fraction
        if level >= 1e-3 and _blinatumomab_for_mrd(course, later, regimen, ended):
            negative = course.chance("mrd-cleared-by-blinatumomab", share("mrd-cleared-by-blinatumomab"))
            if later + timedelta(days=42) < ended:
                course.mrd(later + timedelta(days=42), "after blinatumomab cycle 1", negative)
    transplant = _transplant_day(course, later, negative, ended)
    last = _treat(course, regimen, planned, start, transplant or ended)
    if transplant is not None:
        died = post_hct(course, transplant, 1, ended, _donor(course))
        if died:
            return
        _follow_up(course, transplant + timedelta(days=110), back, site)
    else:
        _follow_up(course, later, back, site)
    if transplant is None and last < ended - 2 * _DAY:
        course.add(e.Phase(last + _DAY, "surveillance", "", 1, back - _DAY if back else None))
    if back is not None:
        relapse(course, back, 1, site)


def relapse_odds(course: Course) -> float:
    """The odds of a relapse: the share of the age group, more or less by genetics, so that the group keeps its share."""
    group, disease = course.person.group, course.disease
    overall = share("relapse", group)
    favorable = sum(share(f"subtype-{name}", group) for name in _FAVORABLE)
    poor = sum(share(f"subtype-{n}", group) for n in ("bcr-abl1", "kmt2a", "hypodiploid", "complex", "ph-like"))
    poor += share("t-lineage", group) * share("etp", group)
    mean = favorable * _RISK["favorable"] + poor * _RISK["poor"] + (1 - favorable - poor) * _RISK["other"]
    kind = "favorable" if disease.subtype in _FAVORABLE else "poor" if disease.poor_risk else "other"
    return min(0.95, overall * _RISK[kind] / mean)


def _clear(course: Course, relapses: bool, odds: float) -> bool:
    """MRD-negative at the end of induction: seldomer before a relapse, as often over all as the sources print."""
    positive = 1 - share("mrd-negative-end-of-induction", course.person.group)
    before = min(0.85, positive * 1.7)
    otherwise = max(0.0, (positive - odds * before) / (1 - odds))
    clear = course.rng.random() >= (before if relapses else otherwise)
    course.tally.append(("mrd-negative-end-of-induction", clear))
    return clear


def _when(course: Course) -> tuple[date, str]:
    """Day and site of the first relapse."""
    group, rng = course.person.group, course.rng
    drawn, early, late = rng.random(), share("relapse-early", group), share("relapse-late", group)
    course.tally += [("relapse-early", drawn < early), ("relapse-late", drawn >= 1 - late)]
    months = rng.uniform(6, 18) if drawn < early else rng.uniform(36, 84) if drawn >= 1 - late else rng.uniform(18, 36)
    where, cns, both = rng.random(), share("relapse-isolated-cns", group), share("relapse-combined", group)
    course.tally += [("relapse-isolated-cns", where < cns), ("relapse-combined", cns <= where < cns + both)]
    site = "isolated-CNS" if where < cns else "combined" if where < cns + both else "isolated-marrow"
    return course.person.diagnosed + timedelta(days=round(months * 30.44)), site


def _blinatumomab_for_mrd(course: Course, day: date, regimen: str, ended: date) -> bool:
    disease = course.disease
    if disease.lineage != "B" or disease.ph_positive or day < used_from("mrd"):
        return False
    name = "deviation-no-blinatumomab-for-mrd"
    if course.deviates(name, share(name), day):
        return False
    begun = day + timedelta(days=10)
    if begun >= ended:
        return False
    course.add(e.Given(begun, "blinatumomab", min(begun + timedelta(days=27), ended), regimen, "consolidation", 1))
    course.blinatumomab = True
    return True


def _transplant_day(course: Course, later: date, negative: bool, ended: date) -> date | None:
    person, disease = course.person, course.disease
    if person.age_on(later) >= 65 or (negative and not disease.poor_risk):
        return None
    name = "hct-first-remission-high-risk"
    day = later + course.days(45, 100)
    return day if course.chance(name, share(name)) and day < ended - timedelta(days=60) else None


def _donor(course: Course) -> str:
    return course.rng.choice(_DONORS)


def _treat(course: Course, regimen: str, planned: tuple[Stage, ...], start: date, limit: date) -> date:
    """The drugs of a regimen, phase by phase, up to a day; the last day of the last phase."""
    person, disease = course.person, course.disease
    words, day = f"{regimen} with {course.tki}" if course.tki and "TKI" not in regimen else regimen, start
    words = words.replace("TKI", course.tki or "steroids")
    begun = start + timedelta(days=sum(s.days for s in planned if s.name == "pre-treatment") + 3)
    last = start
    for stage in planned:
        if day >= limit:
            break
        until = min(day + timedelta(days=stage.days - 1), limit - _DAY)
        course.add(e.Phase(day, stage.name, words, 1, until))
        last = until
        for drug, route in stage.drugs:
            _give(course, drug, route, day, until, words, stage.name)
        if stage.name == "induction" and disease.markers.get("CD20") and "CVAD" in regimen and person.group != "child":
            course.add(e.Given(day, "rituximab", until, words, stage.name, 1))
        if stage.name == "consolidation" and _frontline_blinatumomab(course, until, limit):
            course.add(e.Given(until - timedelta(days=28), "blinatumomab", until, words, stage.name, 1))
            course.blinatumomab = True
        day = until + _DAY
    if not course.disease.ph_positive and _abl_class(course):
        course.tki, begun = "dasatinib", course.person.diagnosed + timedelta(days=24)
    if course.tki and begun < min(limit, last):
        course.add(e.Given(begun, course.tki, min(last, limit), words, "", 1))
    return last


def _abl_class(course: Course) -> bool:
    """Whether a fusion that a TKI is aimed at is found, and the TKI is given."""
    found = any(isinstance(event, e.Fusion) for event in course.events)
    return found and course.disease.abl_class and course.chance("tki-for-abl-class", share("tki-for-abl-class"))


def _follow_up(course: Course, begun: date, back: date | None, site: str) -> None:
    """MRD every four to six months for three years; before a marrow relapse it may be found."""
    if not course.chance("mrd-follow-up", share("mrd-follow-up")):
        return
    day, last = begun + course.days(110, 180), begun + timedelta(days=1100)
    while day < min(last, back - timedelta(days=14) if back else last):
        soon = back is not None and site != "isolated-CNS" and back - day < timedelta(days=120)
        found = soon and course.chance("mrd-before-relapse", share("mrd-before-relapse"))
        course.mrd(day, "follow-up", not found)
        day += course.days(110, 180)


def _frontline_blinatumomab(course: Course, day: date, limit: date) -> bool:
    if course.disease.lineage != "B" or course.disease.ph_positive or course.blinatumomab or day >= limit - _DAY:
        return False
    name = "blinatumomab-in-consolidation"
    return day - timedelta(days=28) >= used_from("consolidation") and course.chance(name, share(name))


def _give(course: Course, drug: str, route: str, day: date, until: date, words: str, phase: str) -> None:
    drug = course.tolerated(drug, day)
    if not drug:
        return
    if drug == "pegaspargase" and not course.peg and phase != "induction" and until > day + timedelta(days=20):
        happened = day + timedelta(days=10)
        if _harmed(course, happened):
            course.add(e.Given(day, drug, happened, words, phase, 1, stopped="Adverse reaction"))
            return
    course.add(e.Given(day, drug, until, words, phase, 1, route))


def _harmed(course: Course, day: date) -> bool:
    """Whether a second course of pegaspargase is not tolerated. Drawn once."""
    drug, grade = "pegaspargase", course.rng.choice((2, 3, 3, 4))
    for kind in ("hypersensitivity", "pancreatitis"):
        if course.chance(f"asparaginase-{kind}", share(f"asparaginase-{kind}")):
            course.peg = kind
            course.add(e.Toxicity(day, kind, grade, drug))
            return True
    course.peg = "tolerated"
    return False
