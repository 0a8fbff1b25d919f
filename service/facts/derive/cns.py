"""CNS status from the lumbar puncture, and what it says about diagnosis and relapse."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import any_of, at_least, flag, follows, includes, less_than, number, word
from service.facts.model import Fact, Facts, Reason, provides, unknown
from service.record.dates import parse_when

_PER_UL = 1000.0  # 10^9/L to cells per microliter
_TAP = ("csf_wbc", "csf_rbc", "wbc_current", "blood_rbc")
_DAYS = 3  # blood and CSF are compared only if taken within these


def _together(facts: Facts, *names: str) -> bool:
    """Whether facts are of one time, as far as they are dated: the newest results may be of different punctures."""
    dated = (parse_when(facts[name].provenance[0].date) for name in names if facts[name].provenance)
    days = [when for when in dated if when is not None]
    return not days or (max(w.end for w in days) - min(w.start for w in days)).days <= _DAYS


@provides("csf_to_blood_wbc_rbc_ratio_fold", needs=_TAP)
def tap_ratio(facts: Facts) -> Iterator[Fact]:
    """(CSF WBC / CSF RBC) over (blood WBC / blood RBC), from exact counts only (NCCN ALL-C)."""
    counts = [number(facts, name) for name in _TAP]
    exact = [count.low for count in counts if count is not None and count.low == count.high]
    if len(exact) == len(_TAP) and all(count > 0 for count in exact[1:]) and _together(facts, *_TAP):
        csf_wbc, csf_rbc, wbc, rbc = exact
        fold = (csf_wbc / csf_rbc) / (wbc * _PER_UL / rbc)
        yield follows("csf_to_blood_wbc_rbc_ratio_fold", fold, facts, *_TAP)


@provides(
    "cns_status",
    needs=(
        "csf_wbc", "csf_blasts", "traumatic_lp", "circulating_blasts", "csf_to_blood_wbc_rbc_ratio_fold",
        "cranial_nerve_involvement",
    ),
)  # fmt: skip
def cns_status(facts: Facts) -> Iterator[Fact]:
    """NCCN ALL-C. CNS-1: no blasts. CNS-2: blasts, fewer than 5 leukocytes per microliter. CNS-3: blasts with 5 or
    more, or cranial nerve palsy. A traumatic tap with circulating blasts and 5 or more is CNS-3 only if CSF WBC/RBC is
    at least twice that of blood, otherwise CNS-2.
    """
    if flag(facts, "cranial_nerve_involvement"):
        yield follows("cns_status", "CNS-3", facts, "cranial_nerve_involvement")
        return
    blasts = flag(facts, "csf_blasts")
    few = less_than(facts, "csf_wbc", 5) if _together(facts, "csf_wbc", "csf_blasts") else None
    if blasts is False:
        yield follows("cns_status", "CNS-1", facts, "csf_blasts")
    elif blasts is None and facts["csf_blasts"].reason is Reason.STALE:
        yield unknown("cns_status", Reason.STALE, facts["csf_blasts"].detail, facts["csf_blasts"].provenance)
    elif blasts and few:
        yield follows("cns_status", "CNS-2", facts, "csf_blasts", "csf_wbc")
    elif blasts and few is False:
        leukemic = any_of(
            _no(flag(facts, "traumatic_lp")) if _together(facts, "csf_blasts", "traumatic_lp") else None,
            _no(flag(facts, "circulating_blasts")) if _together(facts, "csf_blasts", "circulating_blasts") else None,
            at_least(facts, "csf_to_blood_wbc_rbc_ratio_fold", 2),
        )
        if leukemic is not None:
            status = "CNS-3" if leukemic else "CNS-2"
            yield follows("cns_status", status, facts, "csf_blasts", "csf_wbc", "traumatic_lp")


def _no(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


@provides("clinical_signs_cns_leukemia", needs=("cranial_nerve_involvement", "extramedullary_sites"))
def clinical_signs(facts: Facts) -> Iterator[Fact]:
    """Cranial nerve palsy and involvement of the eye are signs (NCCN ALL 2015, ALL-E); their absence leaves others open."""
    if flag(facts, "cranial_nerve_involvement"):
        yield follows("clinical_signs_cns_leukemia", True, facts, "cranial_nerve_involvement")
    elif includes(facts, "extramedullary_sites", "eye"):
        yield follows("clinical_signs_cns_leukemia", True, facts, "extramedullary_sites")


@provides("cns_disease_at_diagnosis", needs=("cns_status_at_diagnosis", "cranial_nerve_involvement_at_diagnosis"))
def cns_at_diagnosis(facts: Facts) -> Iterator[Fact]:
    """CNS-3 or cranial nerve palsy at diagnosis; CNS-1 is none. CNS-2 is left to be said."""
    status = word(facts, "cns_status_at_diagnosis")
    if flag(facts, "cranial_nerve_involvement_at_diagnosis"):
        yield follows("cns_disease_at_diagnosis", True, facts, "cranial_nerve_involvement_at_diagnosis")
    elif status in ("CNS-1", "CNS-3"):
        yield follows("cns_disease_at_diagnosis", status == "CNS-3", facts, "cns_status_at_diagnosis")


@provides("cns_involvement_at_relapse", needs=("relapse_site",))
def cns_at_relapse(facts: Facts) -> Iterator[Fact]:
    """An isolated relapse names its site; a combined one may or may not include the CNS."""
    site = word(facts, "relapse_site")
    if site is not None and site.startswith("isolated-"):
        yield follows("cns_involvement_at_relapse", site == "isolated-CNS", facts, "relapse_site")


@provides("cns_disease_present", needs=("cns_status", "csf_blasts", "cranial_nerve_involvement"))
def cns_now(facts: Facts) -> Iterator[Fact]:
    """CNS-2, CNS-3, blasts in the CSF or cranial nerve palsy; CNS-1 is none unless one of the others is found."""
    status = word(facts, "cns_status")
    found = [name for name in ("csf_blasts", "cranial_nerve_involvement") if flag(facts, name)]
    if status in ("CNS-2", "CNS-3"):
        yield follows("cns_disease_present", True, facts, "cns_status")
    elif found:
        yield follows("cns_disease_present", True, facts, *found)
    elif status == "CNS-1":
        yield follows("cns_disease_present", False, facts, "cns_status")


PROVIDERS = (tap_ratio, cns_status, cns_now, clinical_signs, cns_at_diagnosis, cns_at_relapse)
