"""Counts of relapse and remission, transplant and line of therapy that follow from other facts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from service.facts.derive.tools import (
    any_of,
    at_least,
    at_most,
    flag,
    follows,
    number,
    says,
    span,
    whole,
    word,
)
from service.facts.model import Fact, Facts, Interval, provides


@provides("relapse_number", needs=("disease_state", "remission_number"))
def relapse_number(facts: Facts) -> Iterator[Fact]:
    """None at diagnosis; at least one when relapsed; one less than the remission the patient is in."""
    state = word(facts, "disease_state")
    remission = number(facts, "remission_number")
    if state == "new-diagnosis":
        yield follows("relapse_number", 0.0, facts, "disease_state")
    elif state == "in-remission" and remission is not None and remission.low >= 1:
        value = span(remission.low - 1, remission.high - 1)
        yield follows("relapse_number", value, facts, "disease_state", "remission_number")
    elif state == "relapsed":
        yield follows("relapse_number", Interval(low=1), facts, "disease_state")


@provides("remission_number", needs=("disease_state", "relapse_number"))
def remission_number(facts: Facts) -> Iterator[Fact]:
    """In remission after n relapses is remission n + 1; after none the first."""
    relapses = number(facts, "relapse_number")
    if word(facts, "disease_state") == "in-remission" and relapses is not None:
        value = span(max(relapses.low, 0) + 1, relapses.high + 1)
        yield follows("remission_number", value, facts, "disease_state", "relapse_number")


@provides("refractory", needs=("disease_state",))
def refractory(facts: Facts) -> Iterator[Fact]:
    """Refractory at any time in the course: yes in that state, not yet in a new diagnosis."""
    state = word(facts, "disease_state")
    if state in ("refractory", "new-diagnosis"):
        yield follows("refractory", state == "refractory", facts, "disease_state")


@provides("line_of_therapy", needs=("disease_state", "relapse_number", "refractory"))
def line_of_therapy(facts: Facts) -> Iterator[Fact]:
    """Salvage once the disease relapsed or was refractory; frontline while it did neither."""
    state = word(facts, "disease_state")
    salvage = any_of(
        None if state is None else state in ("relapsed", "refractory"),
        at_least(facts, "relapse_number", 1),
        flag(facts, "refractory"),
    )
    if salvage is not None:
        line = "salvage" if salvage else "frontline"
        yield follows("line_of_therapy", line, facts, "disease_state", "relapse_number", "refractory")


@provides("marrow_relapse", needs=("relapse_site",))
def marrow_relapse(facts: Facts) -> Iterator[Fact]:
    """Any involvement of the marrow in the relapse."""
    site = word(facts, "relapse_site")
    if site in ("isolated-marrow", "combined"):
        yield follows("marrow_relapse", True, facts, "relapse_site")
    elif site is not None and site.startswith("isolated-"):
        yield follows("marrow_relapse", False, facts, "relapse_site")


@provides("prior_allo_hct", needs=("relapse_after_hct", "hct_type", "months_since_hct"))
def prior_allo_hct(facts: Facts) -> Iterator[Fact]:
    """A relapse after allogeneic HCT, or a time since one, tells that there was one."""
    if flag(facts, "relapse_after_hct"):
        yield follows("prior_allo_hct", True, facts, "relapse_after_hct")
    elif word(facts, "hct_type") == "allogeneic" and at_least(facts, "months_since_hct", 0):
        yield follows("prior_allo_hct", True, facts, "hct_type", "months_since_hct")


@provides("relapse_after_hct", needs=("prior_allo_hct", "relapse_number"))
def relapse_after_hct(facts: Facts) -> Iterator[Fact]:
    """Without a transplant, or without a relapse, there is no relapse after it. When it came is not derived."""
    if flag(facts, "prior_allo_hct") is False:
        yield follows("relapse_after_hct", False, facts, "prior_allo_hct")
    elif at_most(facts, "relapse_number", 0):
        yield follows("relapse_after_hct", False, facts, "relapse_number")


@provides("months_since_hct", needs=("days_since_hct",))
def months_since_hct(facts: Facts) -> Iterator[Fact]:
    """Calendar months from days: a month has 28 to 31."""
    days = number(facts, "days_since_hct")
    if days is not None:
        value = Interval(max(days.low, 0) / 31, days.high / 28)
        yield follows("months_since_hct", value, facts, "days_since_hct")


@provides("days_since_hct", needs=("months_since_hct",))
def days_since_hct(facts: Facts) -> Iterator[Fact]:
    """Days from calendar months: a month has 28 to 31, and the last one may be running."""
    months = number(facts, "months_since_hct")
    if months is not None:
        low, high = whole(months)
        value = Interval(low * 28, high if math.isinf(high) else (high + 1) * 31, high_open=True)
        yield follows("days_since_hct", value, facts, "months_since_hct")


@provides("post_hct", needs=("prior_allo_hct", "treatment_phase", "months_since_hct"))
def post_hct(facts: Facts) -> Iterator[Fact]:
    """After a transplant: by phase, history or the time since. No allogeneic one leaves an autologous one open."""
    after = any_of(
        flag(facts, "prior_allo_hct"),
        says(facts, "treatment_phase", "post-hct"),
        at_least(facts, "months_since_hct", 0),
    )
    if after:
        yield follows("post_hct", True, facts, "prior_allo_hct", "treatment_phase", "months_since_hct")


@provides("recipient_cns_relapse", needs=("relapse_after_hct", "cns_involvement_at_relapse"))
def recipient_cns_relapse(facts: Facts) -> Iterator[Fact]:
    """A relapse in the CNS after transplant; none where the relapse after transplant spared it or there was none."""
    after, cns = flag(facts, "relapse_after_hct"), flag(facts, "cns_involvement_at_relapse")
    if after is False or (after and cns is not None):
        yield follows("recipient_cns_relapse", bool(after and cns), facts, "relapse_after_hct")


@provides("hct_planned", needs=("planned_procedure", "ordered_procedure"))
def hct_planned(facts: Facts) -> Iterator[Fact]:
    """A transplant among the planned or ordered procedures. Another procedure leaves it open."""
    for name in ("planned_procedure", "ordered_procedure"):
        if word(facts, name) in ("allo-HCT", "auto-HCT", "HCT"):
            yield follows("hct_planned", True, facts, name)
            return


@provides("regimen_previously_given", needs=("candidate_regimen", "induction_regimen"))
def regimen_again(facts: Facts) -> Iterator[Fact]:
    """The regimen of the induction was given before. Another name proves nothing: later lines are not listed here."""
    considered = word(facts, "candidate_regimen")
    if considered is not None and considered == word(facts, "induction_regimen"):
        yield follows("regimen_previously_given", True, facts, "candidate_regimen", "induction_regimen")


PROVIDERS = (
    relapse_number, remission_number, refractory, line_of_therapy, marrow_relapse, prior_allo_hct, relapse_after_hct,
    months_since_hct, days_since_hct, post_hct, recipient_cns_relapse, hct_planned, regimen_again,
)  # fmt: skip
