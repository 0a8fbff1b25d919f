"""The facts that a leukemia clinician looks for first, known or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

from service.advice.explain import clean
from service.advice.words import OF_CELLS, WHY, Words
from service.facts.model import Fact, Interval
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views.figures import figures
from service.smart.words import Language

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


def key_facts(case: Case, language: Language) -> tuple[KeyFact, ...]:
    """The facts of a case that stand at the head of its chart."""
    words = plain_words(case.engine)
    return tuple(
        _key_fact(case, words, language, name) for name in NAMES if name not in _ONLY_KNOWN or case.facts[name].known
    )


def _key_fact(case: Case, words: Words, language: Language, name: str) -> KeyFact:
    fact = case.facts[name]
    seen = [p for p in fact.provenance if "/" in p.resource]
    newest = max(seen, key=lambda p: p.date or "", default=None)
    # A "no" that nobody said: it rests on lists without the thing
    unsaid = fact.known and fact.value is False and not seen
    marks = (
        ("inferred", unsaid or any(p.inferred for p in fact.provenance)),
        ("from text", any(p.from_text for p in seen)),
    )
    return KeyFact(
        name,
        words.label(name),
        _value(fact, words, language) if fact.known else "",
        WHY[str(fact.reason)] if fact.reason else "",
        clean(fact.detail or ""),
        newest.resource if newest else "",
        (newest.date or "")[:10] if newest else "",
        tuple(mark for mark, on in marks if on),
    )


def _value(fact: Fact, words: Words, language: Language) -> str:
    """A value in words; numbers known within bounds rounded, shares of cells in percent as laboratories print them."""
    if not isinstance(fact.value, Interval):
        return clean(words.value(fact))
    kind = words.kind(fact.name)
    unit = kind.unit if kind and kind.unit else ""
    factor, unit = (100, f"% {unit}") if unit == OF_CELLS else (1, unit)
    low, high = fact.value.low * factor, fact.value.high * factor
    if low <= 0 or math.isinf(low):
        said = f"{'<' if fact.value.high_open else '≤'} {figures(high, language)}"
    elif math.isinf(high):
        said = f"{'>' if fact.value.low_open else '≥'} {figures(low, language)}"
    else:
        said = f"{figures(low, language)}–{figures(high, language)}"
    return f"{said} {unit}".strip()
