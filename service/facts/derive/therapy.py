"""Exposure and orders that follow from the lists of drugs."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import at_least, follows, includes, number, token_set, word
from service.facts.model import Fact, Facts, Interval, TokenSet, provides
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import CLASSES

_HISTORY = {
    "prior_blinatumomab": "blinatumomab",
    "prior_inotuzumab": "inotuzumab ozogamicin",
    "prior_cart": "CAR-T",
    "prior_anthracycline": "anthracycline",
}
_TKIS = VOCABULARY.lookup("prior_tkis").values


@provides(*_HISTORY, needs=("prior_therapies",))
def history(facts: Facts) -> Iterator[Fact]:
    """Whether a drug or class is among the treatments given; "no" only from a complete list."""
    for name, token in _HISTORY.items():
        found = includes(facts, "prior_therapies", token)
        if found is not None:
            yield follows(name, found, facts, "prior_therapies")


@provides("prior_allo_hct", needs=("prior_therapies",))
def transplant(facts: Facts) -> Iterator[Fact]:
    """A transplant listed among the treatments. A list of drugs without it says nothing about transplants."""
    if includes(facts, "prior_therapies", "allo-HCT"):
        yield follows("prior_allo_hct", True, facts, "prior_therapies")


@provides("prior_tkis", needs=("prior_therapies", "prior_tkis_count"))
def prior_tkis(facts: Facts) -> Iterator[Fact]:
    """The TKIs among the treatments given; none where the count is zero."""
    given = token_set(facts, "prior_therapies")
    if given is not None:
        members = given.members.intersection(_TKIS)
        if members or given.complete:
            yield follows("prior_tkis", TokenSet(members, given.complete), facts, "prior_therapies")
            return
    count = number(facts, "prior_tkis_count")
    if count is not None and count.at_most(0):
        yield follows("prior_tkis", TokenSet(frozenset()), facts, "prior_tkis_count")


@provides("prior_tkis_count", needs=("prior_tkis", "prior_tki_failures"))
def prior_tkis_count(facts: Facts) -> Iterator[Fact]:
    """How many TKIs were taken: at least those listed, at least those that failed."""
    taken = token_set(facts, "prior_tkis")
    if taken is not None:
        count = float(len(taken.members))
        yield follows("prior_tkis_count", count if taken.complete else Interval(low=count), facts, "prior_tkis")
        return
    failed = number(facts, "prior_tki_failures")
    if failed is not None and failed.low > 0:
        yield follows("prior_tkis_count", Interval(low=failed.low), facts, "prior_tki_failures")


@provides("prior_tki_failures", needs=("prior_tkis_count",))
def no_failures(facts: Facts) -> Iterator[Fact]:
    """What was never taken cannot have failed."""
    taken = number(facts, "prior_tkis_count")
    if taken is not None and taken.at_most(0):
        yield follows("prior_tki_failures", 0.0, facts, "prior_tkis_count")


@provides("relapsed_or_refractory_to_tki", needs=("prior_tki_failures",))
def tki_failure(facts: Facts) -> Iterator[Fact]:
    """One failed TKI is relapse after or refractoriness to a TKI."""
    found = at_least(facts, "prior_tki_failures", 1)
    if found is not None:
        yield follows("relapsed_or_refractory_to_tki", found, facts, "prior_tki_failures")


@provides("on_steroids", "strong_cyp3a4_inhibitor", needs=("concurrent_drugs",))
def concurrent(facts: Facts) -> Iterator[Fact]:
    """Classes among the drugs taken now; "no" only from a complete list."""
    for name, token in (("on_steroids", "corticosteroid"), ("strong_cyp3a4_inhibitor", "strong-CYP3A4-inhibitor")):
        found = includes(facts, "concurrent_drugs", token)
        if found is not None:
            yield follows(name, found, facts, "concurrent_drugs")


@provides("ordered_drug_class", needs=("ordered_drug",))
def ordered_class(facts: Facts) -> Iterator[Fact]:
    """The classes of the ordered drugs."""
    ordered = token_set(facts, "ordered_drug")
    if ordered is not None:
        classes = TokenSet(ordered.members.intersection(CLASSES), ordered.complete)
        yield follows("ordered_drug_class", classes, facts, "ordered_drug")


@provides("candidate_tki_used_in_induction", needs=("ordered_drug", "induction_tki"))
def tki_again(facts: Facts) -> Iterator[Fact]:
    """Whether the TKI considered is the one of the induction."""
    ordered, used = token_set(facts, "ordered_drug"), word(facts, "induction_tki")
    if ordered is not None and used is not None:
        found = ordered.includes(used)
        if found is not None:
            yield follows("candidate_tki_used_in_induction", found, facts, "ordered_drug", "induction_tki")


@provides("hct_planned", needs=("planned_procedure",))
def hct_planned(facts: Facts) -> Iterator[Fact]:
    planned = word(facts, "planned_procedure")
    if planned in ("allo-HCT", "auto-HCT", "HCT"):
        yield follows("hct_planned", True, facts, "planned_procedure")


@provides("toxicities_present", needs=tuple(f"toxicity({k})" for k in VOCABULARY.lookup("toxicity(CRS)").parameters))
def toxicities(facts: Facts) -> Iterator[Fact]:
    """Kinds with a grade above zero; the list stays open, for nobody grades everything."""
    kinds = VOCABULARY.lookup("toxicity(CRS)").parameters
    present = [kind for kind in kinds if at_least(facts, f"toxicity({kind})", 1)]
    if present:
        yield follows(
            "toxicities_present", TokenSet(frozenset(present), complete=False), facts, f"toxicity({present[0]})"
        )


KINDS = VOCABULARY.lookup("toxicity(CRS)").parameters


@provides(*(f"toxicity_worst({kind})" for kind in KINDS), needs=tuple(f"toxicity({kind})" for kind in KINDS))
def worst(facts: Facts) -> Iterator[Fact]:
    """The worst grade ever is at least the present one."""
    for kind in KINDS:
        now = number(facts, f"toxicity({kind})")
        if now is not None and now.low > 0:
            yield follows(f"toxicity_worst({kind})", Interval(low=now.low, high=5), facts, f"toxicity({kind})")


PROVIDERS = (
    history, transplant, prior_tkis, prior_tkis_count, no_failures, tki_failure, concurrent, ordered_class, tki_again,
    hct_planned, toxicities, worst,
)  # fmt: skip
