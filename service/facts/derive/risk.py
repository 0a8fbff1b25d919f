"""Risk groups and timing of relapse, each by the definition of one source."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import (
    all_of,
    any_of,
    at_least,
    at_most,
    flag,
    follows,
    includes,
    less_than,
    more_than,
    says,
    word,
)
from service.facts.model import Fact, Facts, provides

_MARROW = ("isolated-marrow", "combined")
_OUTSIDE = ("isolated-CNS", "isolated-testicular", "isolated-extramedullary")
_BEFORE_END_OF_CONSOLIDATION = ("pre-treatment", "induction", "end-of-induction", "consolidation")
_MRD_POSITIVE = ("positive", "persistent", "progressive", "emergent")


@provides("wbc_high_risk", needs=("lineage", "wbc_at_diagnosis"))
def wbc_high_risk(facts: Facts) -> Iterator[Fact]:
    """WBC at diagnosis of 30 or more in B, 100 or more (10^9/L) in T lineage (NCCN ALL 2015, ALL-5 footnote w)."""
    limit = {"B": 30.0, "T": 100.0}.get(word(facts, "lineage") or "")
    found = at_least(facts, "wbc_at_diagnosis", limit) if limit is not None else None
    if found is not None:
        yield follows("wbc_high_risk", found, facts, "lineage", "wbc_at_diagnosis")


@provides("wbc_elevated_at_diagnosis", needs=("wbc_high_risk", "wbc_at_diagnosis"))
def wbc_elevated(facts: Facts) -> Iterator[Fact]:
    """NCCN 2.2025 names an elevated WBC without a limit. Above the limits of the 2015 edition it surely is, below 30
    (the lower of them) it surely is not; what lies between is left to be asked.
    """
    note = "limits of NCCN ALL 2015; the 2025 edition prints none"
    if flag(facts, "wbc_high_risk"):
        yield follows("wbc_elevated_at_diagnosis", True, facts, "wbc_high_risk", note=note)
    elif less_than(facts, "wbc_at_diagnosis", 30):
        yield follows("wbc_elevated_at_diagnosis", False, facts, "wbc_at_diagnosis", note=note)


@provides("nci_risk", needs=("age_at_diagnosis_years", "wbc_at_diagnosis"))
def nci_risk(facts: Facts) -> Iterator[Fact]:
    """NCI risk: standard at 1 to under 10 years with WBC below 50 (10^9/L), high above either (NCCN ALL 2015).

    Infants are a group of their own and get none.
    """
    not_infant = at_least(facts, "age_at_diagnosis_years", 1)
    young = less_than(facts, "age_at_diagnosis_years", 10)
    low_count = less_than(facts, "wbc_at_diagnosis", 50)
    standard = all_of(not_infant, young, low_count)
    if standard:
        yield follows("nci_risk", "standard", facts, "age_at_diagnosis_years", "wbc_at_diagnosis")
    elif standard is False and not_infant:
        yield follows("nci_risk", "high", facts, "age_at_diagnosis_years", "wbc_at_diagnosis")


_INDUCTION = ("end-of-induction", *(f"day-{day}" for day in (8, 11, 14, 15, 19, 24, 29, 33, 35, 36)))
_AFTER_CONSOLIDATION = "mrd_fraction_end_of_consolidation"
_INFANT = ("age_months_at_diagnosis", "fusions", "wbc_at_diagnosis")


@provides("infant_risk", needs=(*_INFANT, _AFTER_CONSOLIDATION, "mrd_timepoint", "mrd_status", "treatment_phase"))
def infant_risk(facts: Facts) -> Iterator[Fact]:
    """Infant ALL (NCCN Pediatric ALL 1.2026, PEDALL-G): standard without KMT2A rearrangement; with it high below 3
    months, below 6 months with WBC of 300 (10^9/L) or more, or MRD-positive after consolidation; otherwise
    intermediate. Intermediate waits for that MRD result unless consolidation has not ended yet.
    """
    if not less_than(facts, "age_months_at_diagnosis", 12):
        return
    rearranged = includes(facts, "fusions", "KMT2A-r")
    if rearranged is False:
        yield follows("infant_risk", "standard", facts, "age_months_at_diagnosis", "fusions")
    if not rearranged:
        return
    by_age_and_count = any_of(
        less_than(facts, "age_months_at_diagnosis", 3),
        all_of(less_than(facts, "age_months_at_diagnosis", 6), at_least(facts, "wbc_at_diagnosis", 300)),
    )
    high = any_of(by_age_and_count, _mrd_after_consolidation(facts))
    if high:
        why = _INFANT if by_age_and_count else (*_INFANT, _AFTER_CONSOLIDATION)
        yield follows("infant_risk", "high", facts, *(name for name in why if facts[name].known))
    elif high is False:
        yield follows("infant_risk", "intermediate", facts, *_INFANT)


def _mrd_after_consolidation(facts: Facts) -> bool | None:
    """Whether MRD was positive at the end of consolidation, whatever came later; "no" before that time has come."""
    then = at_least(facts, _AFTER_CONSOLIDATION, 1e-4)
    status = word(facts, "mrd_status")
    if status is not None and says(facts, "mrd_timepoint", "end-of-consolidation"):
        then = status in _MRD_POSITIVE
    early = word(facts, "treatment_phase") in _BEFORE_END_OF_CONSOLIDATION or word(facts, "mrd_timepoint") in _INDUCTION
    return False if then is None and early else then


@provides("relapse_timing", needs=("relapse_site", "marrow_relapse", "relapse_number", "months_diagnosis_to_relapse"))
def relapse_timing(facts: Facts) -> Iterator[Fact]:
    """Early or late by NCCN Pediatric ALL 1.2026, clock from diagnosis: early below 36 months with the marrow
    involved, below 18 months for isolated extramedullary relapse; late from there on. Where the site is not known, and
    after further relapses, whose site says nothing of the first, only what both limits agree on.
    """
    where, involved = word(facts, "relapse_site"), flag(facts, "marrow_relapse")
    if more_than(facts, "relapse_number", 1):
        where, involved = None, None
    limits = (36,) if where in _MARROW or involved else (18,) if where in _OUTSIDE else (18, 36)
    early = {less_than(facts, "months_diagnosis_to_relapse", limit) for limit in limits}
    if early in ({True}, {False}):
        timing = "early" if True in early else "late"
        yield follows("relapse_timing", timing, facts, "relapse_site", "months_diagnosis_to_relapse")


@provides(
    "bfm90_timing",
    needs=("months_diagnosis_to_relapse", "months_from_end_of_frontline_to_relapse", "relapse_on_therapy"),
)
def bfm90_timing(facts: Facts) -> Iterator[Fact]:
    """ALL-REZ BFM 90 (as in NCCN ALL 2015): very early within 18 months of diagnosis; early after that but less than
    6 months after the end of frontline therapy; late more than 6 months after it. Exactly 6 months is no group.
    """
    clock, end = "months_diagnosis_to_relapse", "months_from_end_of_frontline_to_relapse"
    within = at_most(facts, clock, 18)
    if within:
        yield follows("bfm90_timing", "very-early", facts, clock)
    elif within is False and (flag(facts, "relapse_on_therapy") or less_than(facts, end, 6)):
        yield follows("bfm90_timing", "early", facts, clock, end)
    elif within is False and more_than(facts, end, 6):
        yield follows("bfm90_timing", "late", facts, clock, end)


PROVIDERS = (wbc_high_risk, wbc_elevated, nci_risk, infant_risk, relapse_timing, bfm90_timing)
