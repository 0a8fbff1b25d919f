"""The regimen of the first induction: named in words, or recognised from its drugs.

What a regimen is made of (NCCN ALL-D, and the trials it names): hyper-CVAD is cyclophosphamide, vincristine, doxorubicin and
dexamethasone alternating with methotrexate and cytarabine; mini-hyper-CVD leaves out the anthracycline; POMP is mercaptopurine,
vincristine, methotrexate and prednisone. Protocols of the BFM kind, GMALL, CALGB and the like share their drugs and cannot be
told apart by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from service.facts.absence import seen_in
from service.facts.course.timeline import relapses
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import Exposure, Exposures, exposures, is_steroid
from service.facts.therapy.lists import complete_drugs, no_list
from service.facts.therapy.regimens import regimens
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import IMPLIES
from service.record.model import When
from service.record.text import states

_TKIS = frozenset(VOCABULARY.lookup("prior_tkis").values)
_INDUCTION = re.compile(r"(?<!re)(?<!re-)(?<!remissions)induction|(?<!re)(?<!re-)induktion", re.IGNORECASE)
_LATER = re.compile(
    r"salvage|relaps|rezidiv|reinduction|reinduktion|re-indu|maintenance|erhaltung|second[\s-]line|zweitlinie",
    re.IGNORECASE,
)
_FIRST_LINE = timedelta(days=92)
_PREPHASE = timedelta(days=14)
_WEEKS = timedelta(days=35)  # in which an induction shows all its drugs
_ENOUGH = timedelta(days=28)  # after which what has not been given is not part of it


@provides("induction_regimen")
def induction_regimen(facts: Facts) -> Iterator[Fact]:
    """The regimen of the first induction, named in a plan, episode, procedure, medication or note: by the word
    induction, or by a date within three months of the diagnosis; a lone name counts where no relapse is known. Where none
    is named: recognised from the drugs of the first five weeks on complete lists, and then inferred.
    """
    if facts.record is None:
        return
    told = [(row.name, row.entry, row.text) for row in regimens(facts.record, facts.as_of)]
    diagnosed = diagnosis_date(facts.record, facts.as_of)
    relapsed = relapses(facts.record, facts.as_of)
    before = [row for row in told if not relapsed or (row[1].when and row[1].when.end < relapsed[0].when.start)]
    chosen = [row for row in before if states(row[2], _INDUCTION)] or [
        row for row in before if diagnosed and _first_line(row[1].when, diagnosed.when) and not _LATER.search(row[2])
    ]
    if not chosen and not relapsed:
        chosen = [row for row in told if not _LATER.search(row[2])]
    seen = tuple(seen_in(entry, text, from_text=True) for _, entry, text in chosen or told)
    kinds = {name for name, _, _ in chosen}
    found = exposures(facts.record, facts.as_of)
    if len(kinds) == 1:
        yield known("induction_regimen", chosen[0][0], *seen)
    elif not chosen and (by_drugs := _by_drugs(facts, found)) is not None:
        yield by_drugs
    elif told:
        detail = "which of the regimens was the induction is not said"
        yield unknown("induction_regimen", Reason.NOT_DECIDED, detail, seen)
    else:
        yield no_list(facts, "induction_regimen", found, "CarePlan", what="a regimen")


def _first_line(when: When | None, diagnosed: When) -> bool:
    return when is not None and diagnosed.start <= when.start and when.end <= diagnosed.end + _FIRST_LINE


def _by_drugs(facts: Facts, found: Exposures) -> Fact | None:
    first = first_weeks(facts, found)
    name = recognised({e.drug for e in first if not e.intrathecal})
    if name is None:
        return None
    note = "recognised from the drugs of the first five weeks"
    seen = {e.drug: e.seen(note, inferred=True) for e in first}
    return known("induction_regimen", name, *seen.values())


def first_weeks(facts: Facts, found: Exposures) -> list[Exposure]:
    """The drugs of the first five weeks of treatment, if the lists name all drugs and the weeks are over."""
    given = found.leukemia(steroids=True)
    assert facts.record is not None
    diagnosed = diagnosis_date(facts.record, facts.as_of)
    if (
        diagnosed is None
        or diagnosed.at_latest
        or not complete_drugs(facts, found)
        or any(e.start is None for e in given)
    ):
        return []
    since = diagnosed.when.start - _PREPHASE
    dated = [(e.start, e) for e in given if e.start is not None and e.start.start >= since]
    begins = min((when.start for when, e in dated if not is_steroid(e.drug)), default=None)
    if begins is None or begins > diagnosed.when.end + _FIRST_LINE or facts.as_of < begins + _ENOUGH:
        return []
    weeks = [e for when, e in dated if when.exact and begins - _PREPHASE <= when.start <= begins + _WEEKS]
    ordered = [e for e in found.items if not e.given and _begins_in(e, begins)]
    return [] if ordered else weeks


def _begins_in(exposure: Exposure, begins: date) -> bool:
    return exposure.start is None or begins - _PREPHASE <= exposure.start.start <= begins + _WEEKS


def recognised(drugs: set[str]) -> str | None:
    """The regimen that a set of systemic drugs can only be, if they are all that was given in its weeks.

    >>> recognised({"cyclophosphamide", "vincristine", "doxorubicin", "dexamethasone", "methotrexate"})
    'HyperCVAD'
    >>> recognised({"vincristine", "daunorubicin", "prednisone", "pegaspargase"}) is None
    True
    """
    classes = {word for drug in drugs for word in (drug, *IMPLIES.get(drug, ()))}
    steroids = {drug for drug in drugs if is_steroid(drug)}
    tkis = drugs & _TKIS
    rest = drugs - steroids - tkis - {"rituximab", "ofatumumab", "obinutuzumab"}
    backbone = {"cyclophosphamide", "vincristine"}
    if backbone <= rest and "dexamethasone" in steroids and "asparaginase" not in classes:
        if rest <= {*backbone, "doxorubicin", "methotrexate", "cytarabine"} and "doxorubicin" in rest:
            return "HyperCVAD"
        high = rest & {"methotrexate", "cytarabine"}
        extra = rest - backbone - high
        if high and extra in (set(), {"inotuzumab ozogamicin"}, {"venetoclax"}) and not tkis:
            return {"inotuzumab ozogamicin": "InO + mini-hyperCVD", "venetoclax": "Mini-hyperCVD + venetoclax"}.get(
                next(iter(extra), ""), "Mini-hyperCVD"
            )
        return None
    if tkis and rest == {"blinatumomab"}:
        return "TKI + blinatumomab"
    if tkis and steroids and not rest:
        return "TKI + corticosteroid"
    if rest == {"vincristine"} and steroids == {"prednisone"} and not tkis:
        return "vincristine + prednisone"
    if rest == {"vincristine", "methotrexate", "mercaptopurine"} and steroids == {"prednisone"} and not tkis:
        return "POMP"
    return None


PROVIDERS: tuple[Provider, ...] = (induction_regimen,)
