"""Exposure and orders that follow from the lists of drugs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.derive.tools import at_least, at_most, follows, includes, number, token_set, word
from service.facts.model import Fact, Facts, Interval, TokenSet, provides
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import CLASSES, DRUGS, may_hide

_HISTORY = {
    "prior_blinatumomab": "blinatumomab",
    "prior_inotuzumab": "inotuzumab ozogamicin",
    "prior_cart": "CAR-T",
    "prior_anthracycline": "anthracycline",
}
_NOW = {"on_steroids": "corticosteroid", "strong_cyp3a4_inhibitor": "strong-CYP3A4-inhibitor"}
_DOSE = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s*(mg|g|milligrams?|milligramm|µg|μg|ug|mcg|micrograms?|mikrogramm)(?![a-zµμ])",
    re.IGNORECASE,
)
_TKIS = VOCABULARY.lookup("prior_tkis").values


def _has(facts: Facts, name: str, token: str) -> bool | None:
    """Whether a list of drugs has one; unknown where a class or regimen on it may stand for that drug."""
    found, listed = includes(facts, name, token), token_set(facts, name)
    if found is False and listed is not None and token not in listed.excluded and may_hide(listed.members, token):
        return None
    return found


@provides(*_HISTORY, needs=("prior_therapies",))
def history(facts: Facts) -> Iterator[Fact]:
    """Whether a drug or class is among the treatments given; "no" only from a complete list without vague entries."""
    for name, token in _HISTORY.items():
        found = _has(facts, "prior_therapies", token)
        if found is not None:
            yield follows(name, found, facts, "prior_therapies")


@provides("prior_allo_hct", needs=("prior_therapies",))
def transplant(facts: Facts) -> Iterator[Fact]:
    """A transplant listed among the treatments. A list of drugs without it says nothing about transplants."""
    if includes(facts, "prior_therapies", "allo-HCT"):
        yield follows("prior_allo_hct", True, facts, "prior_therapies")


@provides("prior_tkis", needs=("prior_therapies", "induction_tki", "prior_tkis_count"))
def prior_tkis(facts: Facts) -> Iterator[Fact]:
    """The TKIs among the treatments given and that of the induction; none where the count is zero."""
    given, induction = token_set(facts, "prior_therapies"), word(facts, "induction_tki")
    members = set(given.members.intersection(_TKIS)) if given is not None else set()
    if induction in _TKIS:
        members.add(induction)
    complete = given is not None and given.complete and not may_hide(given.members, "TKI")
    if members or complete:
        taken = TokenSet(frozenset(members), complete)
        yield follows("prior_tkis", taken, facts, "prior_therapies", "induction_tki")
    elif at_most(facts, "prior_tkis_count", 0):
        yield follows("prior_tkis", TokenSet(frozenset()), facts, "prior_tkis_count")


@provides("prior_tkis_count", needs=("prior_tkis", "prior_therapies", "prior_tki_failures"))
def prior_tkis_count(facts: Facts) -> Iterator[Fact]:
    """How many TKIs were taken: at least those listed (one, where only the class is), at least those that failed."""
    taken, failed = token_set(facts, "prior_tkis"), number(facts, "prior_tki_failures")
    if taken is not None and taken.complete:
        yield follows("prior_tkis_count", float(len(taken.members)), facts, "prior_tkis")
        return
    least = max(
        len(taken.members) if taken is not None else 0,
        failed.low if failed is not None else 0,
        1 if includes(facts, "prior_therapies", "TKI") else 0,
    )
    if least > 0:
        value = Interval(low=float(least))
        yield follows("prior_tkis_count", value, facts, "prior_tkis", "prior_therapies", "prior_tki_failures")


@provides("prior_tki_failures", "failed_tkis", needs=("prior_tkis_count", "failed_tkis", "prior_tki_failures"))
def no_failures(facts: Facts) -> Iterator[Fact]:
    """What was never taken cannot have failed; and the TKIs that failed and their number say the same."""
    if at_most(facts, "prior_tkis_count", 0):
        yield follows("prior_tki_failures", 0.0, facts, "prior_tkis_count")
    failed = token_set(facts, "failed_tkis")
    if failed is not None and failed.complete:
        yield follows("prior_tki_failures", float(len(failed.members)), facts, "failed_tkis")
    elif failed is not None and failed.members:
        yield follows("prior_tki_failures", Interval(low=float(len(failed.members))), facts, "failed_tkis")
    if at_most(facts, "prior_tki_failures", 0):
        yield follows("failed_tkis", TokenSet(frozenset()), facts, "prior_tki_failures")


@provides("relapsed_or_refractory_to_tki", "refractory_to_tkis", needs=("prior_tki_failures",))
def tki_failure(facts: Facts) -> Iterator[Fact]:
    """A failed TKI (resistance, or relapse while on it) is relapse on or refractoriness to a TKI; none failed, neither.
    How many failures make the disease refractory to TKIs no source says.
    """
    found = at_least(facts, "prior_tki_failures", 1)
    if found is not None:
        yield follows("relapsed_or_refractory_to_tki", found, facts, "prior_tki_failures")
    if found is False:
        yield follows("refractory_to_tkis", False, facts, "prior_tki_failures")


@provides("concurrent_drugs", needs=("current_therapies",))
def concurrent_drugs(facts: Facts) -> Iterator[Fact]:
    """Drugs of the treatments being given are taken now; there may be others."""
    current = token_set(facts, "current_therapies")
    drugs = current.members.intersection(DRUGS) if current is not None else frozenset[str]()
    if drugs:
        yield follows("concurrent_drugs", TokenSet(drugs, complete=False), facts, "current_therapies")


@provides(*_NOW, needs=("concurrent_drugs",))
def concurrent(facts: Facts) -> Iterator[Fact]:
    """Classes among the drugs taken now; "no" only from a complete list without vague entries."""
    for name, token in _NOW.items():
        found = _has(facts, "concurrent_drugs", token)
        if found is not None:
            yield follows(name, found, facts, "concurrent_drugs")


@provides("on_chemotherapy", "on_cytotoxic_chemotherapy", needs=("concurrent_drugs",))
def on_chemotherapy(facts: Facts) -> Iterator[Fact]:
    """A cytotoxic drug among those taken now. A list without one may come between two courses."""
    if includes(facts, "concurrent_drugs", "chemotherapy"):
        for name in ("on_chemotherapy", "on_cytotoxic_chemotherapy"):
            yield follows(name, True, facts, "concurrent_drugs")


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
    used = word(facts, "induction_tki")
    found = _has(facts, "ordered_drug", used) if used is not None else None
    if found is not None:
        yield follows("candidate_tki_used_in_induction", found, facts, "ordered_drug", "induction_tki")


@provides("ordered_tki_failed", needs=("ordered_drug", "failed_tkis"))
def failed_again(facts: Facts) -> Iterator[Fact]:
    """Whether a TKI considered is one that failed before; without a TKI among the drugs, it is not."""
    ordered, failed = token_set(facts, "ordered_drug"), token_set(facts, "failed_tkis")
    if ordered is None:
        return
    if failed is not None and not failed.is_empty():
        named = ordered.members.intersection(_TKIS)
        told = [failed.includes(tki) for tki in named] if named or "TKI" not in ordered.members else [None]
        again = True if True in told else None if None in told else False
        if again or (again is False and ordered.complete):
            yield follows("ordered_tki_failed", again, facts, "ordered_drug", "failed_tkis")
    elif ordered.complete and (failed is not None or "TKI" not in ordered.members):
        yield follows("ordered_tki_failed", False, facts, "ordered_drug", "failed_tkis")


@provides("blinatumomab_dose_in_milligrams", needs=("ordered_drug", "ordered_dose"))
def blinatumomab_dose(facts: Facts) -> Iterator[Fact]:
    """Whether blinatumomab is ordered at 1 mg or more, which is more than a whole cycle of 28 micrograms a day.

    A text that gives milligrams besides micrograms (of the premedication, say) is left open.
    """
    ordered, dose = includes(facts, "ordered_drug", "blinatumomab"), word(facts, "ordered_dose")
    if ordered is False:
        yield follows("blinatumomab_dose_in_milligrams", False, facts, "ordered_drug")
    elif ordered and dose is not None:
        found = [(float(n.replace(",", ".")), unit.lower()) for n, unit in _DOSE.findall(dose)]
        large = {unit.startswith(("g", "mg", "milli")) and n * (1000 if unit == "g" else 1) >= 1 for n, unit in found}
        if len(large) == 1:
            yield follows("blinatumomab_dose_in_milligrams", large.pop(), facts, "ordered_drug", "ordered_dose")


PROVIDERS = (
    history, transplant, prior_tkis, prior_tkis_count, no_failures, tki_failure, concurrent_drugs, concurrent,
    on_chemotherapy, ordered_class, tki_again, failed_again, blinatumomab_dose,
)  # fmt: skip
