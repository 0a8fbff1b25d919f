"""The facts that a leukemia clinician looks for first, known or not."""

from __future__ import annotations

from dataclasses import dataclass

from service.advice.explain import clean
from service.advice.words import WHY, Words, one_line
from service.smart.case import Case

# In the order of reading: the disease and how it stands, what it is like, where it sits, what was done, what could be done.
NAMES = (
    "diagnosis", "diagnosis_date", "disease_state", "treatment_phase", "relapse_number", "remission_number", "age_years",
    "lineage", "ph_status", "cd19", "cd22", "response", "mrd_status", "mrd_fraction", "cns_status", "prior_allo_hct",
    "months_since_hct", "prior_blinatumomab", "prior_cart", "donor_available", "ecog",
)  # fmt: skip
_ONLY_KNOWN = frozenset({"relapse_number", "remission_number", "months_since_hct", "response"})  # may not apply at all


@dataclass(frozen=True, slots=True)
class KeyFact:
    """``value``: in words, empty while unknown; then ``why`` says in short words why and ``detail`` in a sentence, in
    English. ``source``: the newest resource it rests on. ``marks``: "inferred", "from text".
    """

    name: str
    label: str
    value: str
    why: str
    detail: str
    source: str
    day: str
    marks: tuple[str, ...]


def key_facts(case: Case) -> tuple[KeyFact, ...]:
    """The facts of a case that stand at the head of its chart."""
    words = Words(case.engine.words.vocabulary, case.engine.words.content, quote=one_line)  # the template escapes
    return tuple(_key_fact(case, words, name) for name in NAMES if name not in _ONLY_KNOWN or case.facts[name].known)


def _key_fact(case: Case, words: Words, name: str) -> KeyFact:
    fact = case.facts[name]
    seen = [p for p in fact.provenance if "/" in p.resource]
    newest = max(seen, key=lambda p: p.date or "", default=None)
    marks = ("inferred", any(p.inferred for p in fact.provenance)), ("from text", any(p.from_text for p in seen))
    return KeyFact(
        name,
        words.label(name),
        clean(words.value(fact)) if fact.known else "",
        WHY[str(fact.reason)] if fact.reason else "",
        clean(fact.detail or ""),
        newest.resource if newest else "",
        (newest.date or "")[:10] if newest else "",
        tuple(mark for mark, on in marks if on),
    )
