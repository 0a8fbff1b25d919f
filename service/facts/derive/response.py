"""Response from blasts, counts and extramedullary disease."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from service.facts.derive.tools import (
    all_of,
    any_of,
    at_least,
    at_most,
    band,
    flag,
    follows,
    less_than,
    more_than,
    number,
    says,
    token_set,
    word,
)
from service.facts.model import Fact, Facts, Reason, provides, unknown
from service.record.dates import parse_when

_OUTSIDE = ("isolated-CNS", "isolated-testicular", "isolated-extramedullary", "combined")
_LEUKEMIA = ("marrow_blasts_percent", "circulating_blasts", "extramedullary_disease")
_COUNTS = ("anc", "platelets")
_TREATED = ("disease_state", "treatment_phase")
_LATELY = timedelta(days=14)


@provides("response", needs=(*_LEUKEMIA, *_COUNTS, *_TREATED, "trilineage_hematopoiesis"))
def response(facts: Facts) -> Iterator[Fact]:
    """NCCN ALL-E: CR is marrow blasts below 5 %, none in blood, no extramedullary disease, trilineage hematopoiesis,
    ANC above 1.0 and platelets above 100 (10^9/L); CRi the same with either count below its limit; leukemia anywhere
    is less than CR, once treatment can have worked. A count exactly at its limit is in neither.
    """
    if word(facts, "treatment_phase") == "pre-treatment":
        return
    marrow = less_than(facts, "marrow_blasts_percent", 5)
    clear = (marrow, _not(flag(facts, "circulating_blasts")), _not(flag(facts, "extramedullary_disease")))
    if False in clear:
        if not _awaits_response(facts):
            yield follows("response", "less-than-CR", facts, _LEUKEMIA[clear.index(False)])
        return
    if not all_of(*clear) or flag(facts, "trilineage_hematopoiesis") is False:
        return
    low = any_of(less_than(facts, "anc", 1.0), less_than(facts, "platelets", 100))
    recovered = all_of(more_than(facts, "anc", 1.0), more_than(facts, "platelets", 100))
    if low and not _of_the_marrow(facts):
        detail = "low counts are of another time than the marrow: the treatment since may have lowered them"
        yield unknown("response", Reason.NOT_DECIDED, detail, facts["marrow_blasts_percent"].provenance)
    elif low:
        yield follows("response", "CRi", facts, *_LEUKEMIA, *_COUNTS)
    elif recovered:
        yield follows("response", "CR", facts, *_LEUKEMIA, *_COUNTS)
    elif low is False and recovered is False:
        detail = "ANC of 1.0 or platelets of 100 exactly: neither CR nor CRi by the printed signs"
        yield unknown("response", Reason.NOT_DECIDED, detail, facts["anc"].provenance)


def _of_the_marrow(facts: Facts) -> bool:
    """Whether a count below its limit is of the two weeks around the marrow, as far as both are dated."""
    lows = [name for name, limit in (("anc", 1.0), ("platelets", 100)) if less_than(facts, name, limit)]
    marrow = _day(facts, "marrow_blasts_percent")
    days = [day for name in lows if (day := _day(facts, name)) is not None]
    return marrow is None or not days or any(abs(day - marrow) <= _LATELY for day in days)


def _day(facts: Facts, name: str) -> date | None:
    found = next((when for p in facts[name].provenance if (when := parse_when(p.date)) is not None), None)
    return found.end if found else None


def _awaits_response(facts: Facts) -> bool:
    """Whether leukemia may be there because treatment has not begun or induction still runs: no failure of it."""
    treated_before = word(facts, "disease_state") in ("in-remission", "relapsed", "refractory")
    return not treated_before and word(facts, "treatment_phase") in (None, "induction")


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


@provides("marrow_category", needs=("marrow_blasts_percent",))
def marrow_category(facts: Facts) -> Iterator[Fact]:
    """M1 below 5 %, M2 5 to 25 %, M3 above 25 % blasts: the marrow rating of the COG, which NCCN uses without printing
    the limits.
    """
    blasts = number(facts, "marrow_blasts_percent")
    if blasts is None:
        return
    found = "M3" if blasts.more_than(25) else band(blasts, ((0, 5, "M1"),))
    if found is None and blasts.at_least(5) and blasts.at_most(25):
        found = "M2"
    if found is not None:
        note = "limits of the COG marrow rating"
        yield follows("marrow_category", found, facts, "marrow_blasts_percent", note=note)


@provides("induction_failure", needs=("marrow_category", "treatment_phase"))
def induction_failure(facts: Facts) -> Iterator[Fact]:
    """M3 marrow at the end of induction (NCCN Pediatric ALL 1.2026). At any other time nothing follows."""
    failed = says(facts, "marrow_category", "M3")
    if word(facts, "treatment_phase") == "end-of-induction" and failed is not None:
        yield follows("induction_failure", failed, facts, "marrow_category", "treatment_phase")


@provides(
    "extramedullary_disease",
    needs=("extramedullary_sites", "relapse_site", "disease_state", "testicular_disease", "cns_status"),
)
def extramedullary_disease(facts: Facts) -> Iterator[Fact]:
    """Leukemia outside marrow and blood: a listed site, CNS-3, testicular disease, or a relapse there that is still
    one (after it went into remission the old site says nothing). "No" only from an empty list of sites.
    """
    sites = token_set(facts, "extramedullary_sites")
    listed = None if sites is None else _not(sites.is_empty())
    relapse = word(facts, "disease_state") == "relapsed" and word(facts, "relapse_site") in _OUTSIDE
    found = {
        "extramedullary_sites": listed,
        "testicular_disease": flag(facts, "testicular_disease"),
        "cns_status": says(facts, "cns_status", "CNS-3"),
        "relapse_site": relapse or None,
    }
    because = [name for name, answer in found.items() if answer]
    if because:
        yield follows("extramedullary_disease", True, facts, because[0])
    elif listed is False:
        yield follows("extramedullary_disease", False, facts, "extramedullary_sites")


@provides("prior_cr", needs=("disease_state", "relapse_number", "remission_number"))
def prior_cr(facts: Facts) -> Iterator[Fact]:
    """A relapse or a numbered remission means that there was a remission; refractory disease without a relapse that
    there was none.
    """
    relapsed = any_of(says(facts, "disease_state", "relapsed"), more_than(facts, "relapse_number", 0))
    if relapsed or more_than(facts, "remission_number", 0):
        yield follows("prior_cr", True, facts, "disease_state", "relapse_number", "remission_number")
    elif word(facts, "disease_state") == "refractory" and at_most(facts, "relapse_number", 0):
        yield follows("prior_cr", False, facts, "disease_state", "relapse_number")


@provides("marrow_progression", needs=("blast_increase_percent", "marrow_blasts_percent", "disease_state"))
def marrow_progression(facts: Facts) -> Iterator[Fact]:
    """Progression is an increase of blasts of 25 % or more (NCCN ALL 2015, ALL-E), where there are 5 % or more of them;
    before treatment has begun it is no progression.
    """
    risen, blasts = at_least(facts, "blast_increase_percent", 25), at_least(facts, "marrow_blasts_percent", 5)
    if all_of(risen, blasts) and word(facts, "disease_state") in ("in-remission", "relapsed", "refractory"):
        yield follows("marrow_progression", True, facts, "blast_increase_percent", "marrow_blasts_percent")


@provides("count_recovery", needs=("response",))
def count_recovery(facts: Facts) -> Iterator[Fact]:
    """CR has recovered counts by its definition and CRi has not (NCCN ALL 2015, ALL-E), while the response is of the last
    two weeks. The 2025 edition leaves the figures to the protocol.
    """
    reached = word(facts, "response")
    days = [when.end for p in facts["response"].provenance if (when := parse_when(p.date)) is not None]
    if reached in ("CR", "CRi") and (not days or max(days) >= facts.as_of - _LATELY):
        note = "ANC above 1.0 and platelets above 100 (10^9/L) by NCCN ALL 2015; protocols may ask for other counts"
        yield follows("count_recovery", reached == "CR", facts, "response", note=note)


@provides("dominant_site", needs=("diagnosis",))
def dominant_site(facts: Facts) -> Iterator[Fact]:
    """Lymphoblastic lymphoma is the disease whose dominant site is a mass (NCCN ALL 2015, discussion)."""
    if word(facts, "diagnosis") == "LL":
        yield follows("dominant_site", "mass", facts, "diagnosis")


PROVIDERS = (
    response, marrow_category, induction_failure, extramedullary_disease, prior_cr, marrow_progression, count_recovery,
    dominant_site,
)  # fmt: skip
