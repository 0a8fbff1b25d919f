"""Response, MRD status, CNS status and counts of relapse that follow from other facts."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import at_least, flag, follows, less_than, more_than, number, token_set, word
from service.facts.model import Fact, Facts, Interval, Reason, provides, unknown

POSITIVE_FROM = 1e-4  # a result of exactly 10^-4 is positive
_POSITIVE = ("positive", "persistent", "progressive", "emergent")
_RESPONSE = ("marrow_blasts_percent", "circulating_blasts", "extramedullary_disease")
_REACHES = {"flow": 1e-4, "pcr": 1e-4, "ngs": 1e-6}  # usual sensitivity by method, where none is stated


@provides("mrd_status", needs=("mrd_fraction", "mrd_sensitivity", "mrd_method", "mrd_reported_negative", "mrd_trend"))
def mrd_status(facts: Facts) -> Iterator[Fact]:
    """Positive from 10^-4 of cells. Negative below it, if the assay reaches 10^-4: by its stated sensitivity, or,
    where none is stated, by its method (marked assumed). "Not detected" by an unknown assay decides nothing.
    """
    trend = word(facts, "mrd_trend")
    fraction = number(facts, "mrd_fraction")
    if fraction is not None and fraction.at_least(POSITIVE_FROM):
        status = trend if trend in ("persistent", "progressive", "emergent") else "positive"
        yield follows("mrd_status", status, facts, "mrd_fraction")
        return
    below = fraction is not None and fraction.less_than(POSITIVE_FROM)
    if not below and not flag(facts, "mrd_reported_negative"):
        return
    reached, note = _reaches(facts)
    if reached:
        reason = "mrd_fraction" if below else "mrd_reported_negative"
        yield follows("mrd_status", "negative", facts, reason, note=note)
    else:
        yield unknown(
            "mrd_status", Reason.NOT_DECIDED, "negative only if the assay reaches 10^-4: ask for its sensitivity",
            facts["mrd_fraction"].provenance,
        )  # fmt: skip


def _reaches(facts: Facts) -> tuple[bool, str | None]:
    """Whether the assay can see 10^-4, and a note where that was taken from its method."""
    sensitivity = number(facts, "mrd_sensitivity")
    if sensitivity is not None:
        return bool(sensitivity.at_most(POSITIVE_FROM)), None
    method = word(facts, "mrd_method")
    if method in _REACHES:
        return True, f"sensitivity {_REACHES[method]:g} assumed by method ({method})"
    return False, None


@provides("mrd_persistent", "mrd_clearance", needs=("mrd_trend", "mrd_status"))
def mrd_trend_words(facts: Facts) -> Iterator[Fact]:
    """Other words for the trend."""
    trend, status = word(facts, "mrd_trend"), word(facts, "mrd_status")
    if "persistent" in (trend, status):
        yield follows("mrd_persistent", True, facts, "mrd_trend", "mrd_status")
    elif status in ("negative", "undetectable"):
        yield follows("mrd_persistent", False, facts, "mrd_status")
    if trend == "slow":
        yield follows("mrd_clearance", "slow", facts, "mrd_trend")


@provides("mrd_detectable", needs=("mrd_status", "mrd_fraction"))
def mrd_detectable(facts: Facts) -> Iterator[Fact]:
    """Positive is detectable, undetectable is not; a negative (below 10^-4) may still have been seen."""
    status = word(facts, "mrd_status")
    if status in _POSITIVE or more_than(facts, "mrd_fraction", 0):
        yield follows("mrd_detectable", True, facts, "mrd_status")
    elif status == "undetectable":
        yield follows("mrd_detectable", False, facts, "mrd_status")


@provides("response", needs=(*_RESPONSE, "anc", "platelets"))
def response(facts: Facts) -> Iterator[Fact]:
    """CR: marrow blasts below 5 %, none in blood, no extramedullary disease, ANC above 1.0 and platelets above 100
    (10^9/L); CRi: the same without recovered counts; anything else known to fail is less than CR (NCCN ALL-F).
    """
    needs = _RESPONSE
    marrow = less_than(facts, "marrow_blasts_percent", 5)
    blood, outside = flag(facts, "circulating_blasts"), flag(facts, "extramedullary_disease")
    if marrow is False or blood or outside:
        failed = next(n for n, bad in zip(needs, (marrow is False, blood, outside), strict=True) if bad)
        yield follows("response", "less-than-CR", facts, failed)
        return
    if marrow is None or blood is None or outside is None:
        return
    neutrophils, platelets = more_than(facts, "anc", 1.0), more_than(facts, "platelets", 100)
    if neutrophils is False or platelets is False:
        yield follows("response", "CRi", facts, *needs, "anc", "platelets")
    elif neutrophils and platelets:
        yield follows("response", "CR", facts, *needs, "anc", "platelets")


@provides("relapse_number", needs=("disease_state", "remission_number"))
def relapse_number(facts: Facts) -> Iterator[Fact]:
    """None at diagnosis; at least one when relapsed; one less than the remission the patient is in."""
    state = word(facts, "disease_state")
    remission = number(facts, "remission_number")
    if state == "new-diagnosis":
        yield follows("relapse_number", 0.0, facts, "disease_state")
    elif state == "in-remission" and remission is not None and remission.low >= 1:
        low, high = remission.low - 1, remission.high - 1
        value = low if low == high else Interval(low, high)
        yield follows("relapse_number", value, facts, "disease_state", "remission_number")
    elif state == "relapsed":
        yield follows("relapse_number", Interval(low=1), facts, "disease_state")


@provides("remission_number", needs=("disease_state", "relapse_number"))
def remission_number(facts: Facts) -> Iterator[Fact]:
    """In remission after n relapses is remission n + 1; after none the first."""
    relapses = number(facts, "relapse_number")
    if word(facts, "disease_state") == "in-remission" and relapses is not None:
        low, high = relapses.low + 1, relapses.high + 1
        value = low if low == high else Interval(low, high)
        yield follows("remission_number", value, facts, "disease_state", "relapse_number")


@provides("refractory", needs=("disease_state",))
def refractory(facts: Facts) -> Iterator[Fact]:
    if word(facts, "disease_state") == "refractory":
        yield follows("refractory", True, facts, "disease_state")


@provides("prior_allo_hct", needs=("relapse_after_hct", "hct_type", "months_since_hct"))
def prior_allo_hct(facts: Facts) -> Iterator[Fact]:
    """A relapse after allogeneic HCT, or a time since one, tells that there was one."""
    if flag(facts, "relapse_after_hct"):
        yield follows("prior_allo_hct", True, facts, "relapse_after_hct")
    elif word(facts, "hct_type") == "allogeneic" and at_least(facts, "months_since_hct", 0):
        yield follows("prior_allo_hct", True, facts, "hct_type", "months_since_hct")


@provides("relapse_after_hct", needs=("prior_allo_hct",))
def relapse_after_hct(facts: Facts) -> Iterator[Fact]:
    """No transplant, no relapse after it."""
    if flag(facts, "prior_allo_hct") is False:
        yield follows("relapse_after_hct", False, facts, "prior_allo_hct")


@provides("extramedullary_disease", needs=("extramedullary_sites", "relapse_site"))
def extramedullary_disease(facts: Facts) -> Iterator[Fact]:
    sites = token_set(facts, "extramedullary_sites")
    site = word(facts, "relapse_site")
    if sites is not None and sites.is_empty() is not None:
        yield follows("extramedullary_disease", not sites.is_empty(), facts, "extramedullary_sites")
    elif site in ("isolated-CNS", "isolated-testicular", "isolated-extramedullary", "combined"):
        yield follows("extramedullary_disease", True, facts, "relapse_site")


@provides("marrow_relapse", needs=("relapse_site",))
def marrow_relapse(facts: Facts) -> Iterator[Fact]:
    site = word(facts, "relapse_site")
    if site in ("isolated-marrow", "combined"):
        yield follows("marrow_relapse", True, facts, "relapse_site")
    elif site is not None and site.startswith("isolated-"):
        yield follows("marrow_relapse", False, facts, "relapse_site")


@provides("cns_status", needs=("csf_wbc", "csf_blasts", "traumatic_lp", "csf_to_blood_wbc_rbc_ratio_fold",
                               "cranial_nerve_involvement"))  # fmt: skip
def cns_status(facts: Facts) -> Iterator[Fact]:
    """CNS-1: no blasts. CNS-2: blasts, fewer than 5 leukocytes per microliter. CNS-3: blasts with 5 or more, or
    clinical signs. After a traumatic tap with 5 or more: CNS-3 if CSF WBC/RBC is at least twice that of blood.
    """
    if flag(facts, "cranial_nerve_involvement"):
        yield follows("cns_status", "CNS-3", facts, "cranial_nerve_involvement")
        return
    blasts = flag(facts, "csf_blasts")
    if blasts is False:
        yield follows("cns_status", "CNS-1", facts, "csf_blasts")
    few = less_than(facts, "csf_wbc", 5)
    if not blasts or few is None:
        return
    if few:
        yield follows("cns_status", "CNS-2", facts, "csf_blasts", "csf_wbc")
        return
    traumatic = flag(facts, "traumatic_lp")
    fold = at_least(facts, "csf_to_blood_wbc_rbc_ratio_fold", 2)
    if traumatic is False or (traumatic and fold):
        yield follows("cns_status", "CNS-3", facts, "csf_blasts", "csf_wbc", "traumatic_lp")
    elif traumatic and fold is False:
        yield follows("cns_status", "CNS-2", facts, "csf_blasts", "csf_wbc", "csf_to_blood_wbc_rbc_ratio_fold")


PROVIDERS = (
    mrd_status, mrd_trend_words, mrd_detectable, response, relapse_number, remission_number, refractory, prior_allo_hct,
    relapse_after_hct, extramedullary_disease, marrow_relapse, cns_status,
)  # fmt: skip
