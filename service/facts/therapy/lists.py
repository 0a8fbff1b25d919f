"""Lists of drugs as values: complete, complete but for what is open, or open, and why a list cannot be had."""

from __future__ import annotations

from collections.abc import Collection

from service.facts.absence import absent, complete_list, seen_in
from service.facts.model import Fact, Facts, Reason, TokenSet, unknown
from service.facts.therapy.exposure import MEDICATIONS, Exposures
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import IMPLIES


def complete_drugs(facts: Facts, found: Exposures) -> bool:
    """Whether the record names every drug: all three medication lists complete, and no medication that cannot be told."""
    return complete_list(facts, *MEDICATIONS) and not found.nameless


def listed(name: str, members: Collection[str], open_: Collection[str], complete: bool) -> TokenSet:
    """A set of the vocabulary: complete, or complete but for what is open, or open."""
    kind = VOCABULARY.lookup(name)
    value = kind.token_set(members, complete)
    if not complete or not open_:
        return value
    maybe = {token for drug in open_ for token in (drug, *IMPLIES.get(drug, ()))}
    return TokenSet(value.members, False, frozenset(kind.values) - value.members - maybe)


def no_list(facts: Facts, name: str, found: Exposures, *also: str, what: str) -> Fact:
    """Why drugs are not known: a medication nobody can tell, or lists that did not come."""
    if found.nameless and complete_list(facts, *MEDICATIONS):
        detail = "a medication on the list does not say which drug it is"
        return unknown(
            name, Reason.UNREADABLE, f"{what}: {detail}", (seen_in(e, e.text or None) for e in found.nameless[:3])
        )
    return absent(facts, name, *MEDICATIONS, *also, what=what)
