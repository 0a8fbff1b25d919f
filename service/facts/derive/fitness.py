"""Fitness facts that follow from measurements: heart function, neutropenia, myelosuppression, bleeding."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import any_of, at_least, follows, less_than
from service.facts.model import Fact, Facts, provides


@provides("cardiac_dysfunction", needs=("lvef_percent",))
def cardiac_dysfunction(facts: Facts) -> Iterator[Fact]:
    """An ejection fraction below 50 % (ESC 2021: mildly reduced or worse). A normal one excludes no other dysfunction."""
    if less_than(facts, "lvef_percent", 50):
        yield follows("cardiac_dysfunction", True, facts, "lvef_percent")


@provides("neutropenia", needs=("anc", "toxicity(neutropenia)"))
def neutropenia(facts: Facts) -> Iterator[Fact]:
    """Neutrophils below 1.0 (the limit of CTCAE's febrile neutropenia, whose fever is NCCN's) say yes, 1.5 or more no; the
    sources print no limit. Without a count, a recent neutropenia among the diagnoses says yes.
    """
    if less_than(facts, "anc", 1.0):
        yield follows("neutropenia", True, facts, "anc")
    elif at_least(facts, "anc", 1.5):
        yield follows("neutropenia", False, facts, "anc")
    elif not facts["anc"].known and at_least(facts, "toxicity(neutropenia)", 1):
        yield follows("neutropenia", True, facts, "toxicity(neutropenia)")


@provides("myelosuppression", needs=("anc", "platelets"))
def myelosuppression(facts: Facts) -> Iterator[Fact]:
    """Neutrophils below 0.5 or platelets below 50 (CTCAE grade 4 and 3) say yes; 1.0 and 100 or more, as in complete
    remission, no. NCCN leaves the limits to each regimen.
    """
    if any_of(less_than(facts, "anc", 0.5), less_than(facts, "platelets", 50)):
        yield follows("myelosuppression", True, facts, "anc", "platelets")
    elif at_least(facts, "anc", 1.0) and at_least(facts, "platelets", 100):
        yield follows("myelosuppression", False, facts, "anc", "platelets")


@provides("bleeding", needs=("toxicity(hemorrhage)",))
def bleeding(facts: Facts) -> Iterator[Fact]:
    """A hemorrhage that goes on is bleeding; one that is over leaves another open."""
    if at_least(facts, "toxicity(hemorrhage)", 1):
        yield follows("bleeding", True, facts, "toxicity(hemorrhage)")


PROVIDERS = (cardiac_dysfunction, neutropenia, myelosuppression, bleeding)
