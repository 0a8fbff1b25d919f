"""Asparaginase held, stopped for good, or given under premedication: from the status of its orders and their reasons.

NCCN ALL 2015 (ALL-B 3-4) resumes a held drug by other limits than it continues a running one. "Held" is an order or
statement that is on hold or stopped for a named toxicity, with no later dose; "stopped for good" only where the record
says so in words (grades that mean it are derived elsewhere). Premedication is stated, or an antihistamine given on the day
of a dose (marked inferred).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from service.facts.absence import absent, seen_in
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import MEDICATIONS, Exposure, exposures
from service.facts.therapy.routes import dosages
from service.facts.toxicity.kinds import kinds_in
from service.facts.vocabulary.drugs import IMPLIES
from service.record.dates import parse_when
from service.record.model import Entry
from service.record.text import Mention, mention_of, states
from service.record.values import as_dict, as_list, as_text, codings_of, concept_text, notes_of

_HELD = frozenset({"on-hold", "stopped"})
# Per fact: the kinds of toxicity and the words that a reason may give.
_REASONS: Mapping[str, tuple[frozenset[str], re.Pattern[str]]] = {
    name: (frozenset(kinds), re.compile(words, re.IGNORECASE))
    for name, kinds, words in (
        ("ast_alt", ("ast-alt",), r"\bA[SL]A?T\b|\bG[OP]T\b|transamin|leberwert|liver enzymes?|\bLFTs?\b"),
        ("bilirubin", ("hyperbilirubinemia",), r"bilirubin|ikterus|jaundice"),
        ("hemorrhage", ("hemorrhage", "hemorrhage-non-cns"), r"bleed|h(?:a)?emorrhag|hämorrhag|blutung"),
        ("hyperglycemia", ("hyperglycemia",), r"hyperglyc|hyperglyk|blood sugar|blutzucker|high glucose"),
        ("pancreatitis", ("pancreatitis",), r"pan[ck]reatitis|\blipase|\bamylase"),
        ("thromboembolism", ("thromboembolism-non-cns", "thrombosis"), r"thrombo(?:s[ei]s|se\b|embol)|embolism|embolie|\bDVT\b|\bTVT\b|\bPE\b"),
        ("triglycerides", ("hypertriglyceridemia",), r"trigly[cz]erid"),
    )
}  # fmt: skip
_HOLDING = re.compile(
    r"\bheld\b|\bhold\b|on hold|withheld|paus\w*|ausgesetzt|unterbroch\w*|interrupted|stopped|abgesetzt|gestoppt|discontinued",
    re.I,
)
_FOR_GOOD = re.compile(
    r"permanent\w*|endgültig|dauerhaft|for good|never again|no (?:further|more) (?:peg)?\w*aspar\w+|nicht mehr|lebenslang",
    re.I,
)
_PREMEDICATION = re.compile(r"pre-?medi[ck]at\w*|prämedikation\w*", re.IGNORECASE)
_ANTIHISTAMINES = re.compile(
    r"diphenhydramin|clemastin|dimet[ie]nden|cetirizin|loratadin|hydroxyzin|chlorph?en(?:ir)?amin|promethazin|benadryl|tavegil|fenistil",
    re.IGNORECASE,
)


def _doses(facts: Facts) -> list[Exposure]:
    """Everything on record about an asparaginase, newest first."""
    assert facts.record is not None
    items = exposures(facts.record, facts.as_of).items
    return [e for e in items if e.drug == "asparaginase" or "asparaginase" in IMPLIES.get(e.drug, ())]


def _why(entry: Entry) -> tuple[str, frozenset[str]]:
    """The reason of a medication's status: words and codes; notes count where they speak of holding."""
    reasons = as_list(entry.resource.get("statusReason"))
    codes = frozenset(code for reason in reasons for _, code in codings_of(reason))
    words = [concept_text(reason) for reason in reasons]
    note = notes_of(entry.resource)
    if _HOLDING.search(note) or _FOR_GOOD.search(note):
        words.append(note)
    return "\n".join(words), codes


def _since(entry: Entry) -> date:
    """The day a hold is known of: when it was asserted or last changed, else its end. A period's start is that of the
    treatment and says nothing of the hold; without any of these it is of now.
    """
    meta = as_dict(entry.resource.get("meta"))
    said = (parse_when(entry.resource.get("dateAsserted")), parse_when(meta.get("lastUpdated")), entry.until)
    days = [when.end for when in said if when is not None]
    if entry.type == "MedicationAdministration" and entry.when is not None:
        days.append(entry.when.end)
    if not days and entry.status == "stopped" and entry.when is not None:
        return entry.when.end
    return max(days, default=date.max)


@provides(*(f"asparaginase_held_for_{name}" for name in _REASONS))
def held(facts: Facts) -> Iterator[Fact]:
    """Held for what the reason names; not held any more once a later dose is on record."""
    if facts.record is None:
        return
    doses = _doses(facts)
    holds = [e for e in doses if e.entry.status in _HELD]
    resumed = [e for e in doses if e.entry.status not in _HELD and (e.given or e.ongoing)]
    last = max((_started(e) for e in resumed), default=date.min)
    for name, (kinds, pattern) in _REASONS.items():
        fact = f"asparaginase_held_for_{name}"
        own = [e for e in holds if _names(e.entry, kinds, pattern)]
        now = [e for e in own if _since(e.entry) >= last]
        if now:
            yield known(fact, True, *(seen_in(e.entry, _why(e.entry)[0] or e.entry.text) for e in now))
        elif own:
            seen = (seen_in(e.entry, _why(e.entry)[0] or e.entry.text) for e in own)
            yield known(fact, False, *seen, detail="held before; a later dose is on record")
        elif any(not _why(e.entry)[0] and not _why(e.entry)[1] and _since(e.entry) >= last for e in holds):
            seen = (seen_in(e.entry, e.entry.text or None) for e in holds)
            yield unknown(fact, Reason.NOT_DECIDED, "asparaginase is held, the reason is not said", seen)
        else:
            yield absent(facts, fact, *MEDICATIONS, what="asparaginase held for it")


def _started(exposure: Exposure) -> date:
    when = exposure.start or exposure.entry.when
    return when.end if when is not None else date.min


def _names(entry: Entry, kinds: frozenset[str], pattern: re.Pattern[str]) -> bool:
    text, codes = _why(entry)
    return bool(kinds.intersection(kinds_in("", codes))) or states(text, pattern)


@provides("asparaginase_permanent_stop")
def stopped_for_good(facts: Facts) -> Iterator[Fact]:
    """Said in words with an order or statement of asparaginase."""
    if facts.record is None:
        return
    for exposure in _doses(facts):
        text = _why(exposure.entry)[0]
        if states(text, _FOR_GOOD) and exposure.entry.status in _HELD | {"completed", "active", None}:
            yield known("asparaginase_permanent_stop", True, seen_in(exposure.entry, text, from_text=True))
            return


@provides("asparaginase_premedication")
def premedication(facts: Facts) -> Iterator[Fact]:
    """Said with a dose of asparaginase or with a drug of its day; else an antihistamine of that day. No: where the newest
    dose is said to be without."""
    name = "asparaginase_premedication"
    if facts.record is None:
        return
    doses = _doses(facts)
    days = {_started(e) for e in doses if e.given and (e.start or e.entry.when) is not None}
    for exposure in doses:
        if states(_about(exposure.entry), _PREMEDICATION):
            yield known(name, True, seen_in(exposure.entry, exposure.entry.text or None, from_text=True))
            return
    others = [
        e for e in facts.record.of_type(*MEDICATIONS) if e.when is not None and e.when.exact and e.when.start in days
    ]
    for entry in others:
        if states(_about(entry), _PREMEDICATION):
            yield known(name, True, seen_in(entry, entry.text or None, from_text=True))
            return
    for entry in others:
        if entry.type == "MedicationAdministration" and _ANTIHISTAMINES.search(entry.text):
            note = "an antihistamine on the day of asparaginase"
            yield known(name, True, seen_in(entry, entry.text, inferred=True, note=note))
            return
    newest = next((e for e in doses if e.given), None)
    if newest is not None and mention_of(_about(newest.entry), _PREMEDICATION) is Mention.NEGATED:
        yield known(name, False, seen_in(newest.entry, newest.entry.text or None, from_text=True))
        return
    yield absent(facts, name, *MEDICATIONS, what="premedication for asparaginase")


def _about(entry: Entry) -> str:
    """Words on why and how a drug is given."""
    reasons = as_list(entry.resource.get("reasonCode")) + as_list(entry.resource.get("category"))
    parts = [*(concept_text(reason) for reason in reasons), notes_of(entry.resource), entry.text]
    parts += [as_text(dosage.get("text")) for dosage in dosages(entry.resource)]
    return "\n".join(part for part in parts if part)


PROVIDERS: tuple[Provider, ...] = (held, stopped_for_good, premedication)
