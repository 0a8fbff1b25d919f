"""Facts explained: of each its value, sources and rule; of each unknown its reason and what would answer it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from service.advice.words import Words, one_line
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, TokenSet, Value
from service.facts.sources import Answers, Sources, system_name
from service.facts.vocabulary.base import FactType
from service.record.model import Entry, PatientRecord
from service.record.terminology import Coding, Terminology
from service.record.values import as_dict, as_list, as_text

PAGE = "docs/what-allcue-reads.md"
_MOST_CODES = 5  # of the codes that answer a fact; all are on the page, by concept
_SUBJECT = re.compile(r"^[^:]{1,80}: (?=the request did not|no [A-Z]|the record holds|only a part|reading [A-Z])")
_LONGEST_DISPLAY = 60
_PRELIMINARY = re.compile(r"\bpreliminary\b")


@dataclass(frozen=True, slots=True)
class Seen:
    """One place a fact was read: resource, date, code with display, text as found, and marks."""

    resource: str
    date: str | None
    coding: Coding | None
    found: str | None
    marks: tuple[str, ...]
    note: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "resource": self.resource,
            "date": self.date,
            "code": code_json(self.coding) if self.coding else None,
            "text": self.found,
            "marks": list(self.marks),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Explained:
    """One fact with all that explains it. ``rests_on``: the facts it was concluded from, by name."""

    fact: Fact
    kind: FactType
    label: str
    value: str
    seen: tuple[Seen, ...]
    provider: Provider | None
    rests_on: tuple[str, ...]
    answers: Answers

    @property
    def name(self) -> str:
        return self.fact.name


class Explainer:
    """Explains the facts of one patient."""

    def __init__(self, found: Facts, sources: Sources, words: Words):
        self.found = found
        self.sources = sources
        self.words = words
        self._entries = _by_reference(found.record)

    def of(self, name: str) -> Explained:
        """All that explains one fact."""
        fact = self.found[name]
        provider = self.found.origin(name)
        kind = self.sources.vocabulary.lookup(name)
        named = [
            n for p in fact.provenance for n in p.resource.split(", ") if n != name and n in self.sources.vocabulary
        ]
        if fact.known and provider is not None and not named:
            named = [need for need in provider.needs if need != name and self.found[need].known]
        return Explained(
            fact, kind, self.words.label(name), clean(self.words.value(fact)) if fact.known else "",
            tuple(self._seen(p) for p in dict.fromkeys(fact.provenance) if not self._is_fact(p)),
            provider, tuple(dict.fromkeys(named)), self.sources.of(name),
        )  # fmt: skip

    def reached(self, name: str) -> Iterator[tuple[int, str]]:
        """The facts one rests on, with their depth, each once however they hang together."""
        seen = {name}
        stack = [(1, other) for other in reversed(self.of(name).rests_on)]
        while stack:
            depth, other = stack.pop()
            if other not in seen:
                seen.add(other)
                yield depth, other
                stack += [(depth + 1, further) for further in reversed(self.of(other).rests_on)]

    def _is_fact(self, provenance: Provenance) -> bool:
        return all(name in self.sources.vocabulary for name in provenance.resource.split(", "))

    def _seen(self, provenance: Provenance) -> Seen:
        entry = self._entries.get(provenance.resource)
        preliminary = bool(_PRELIMINARY.search(provenance.note or "")) or bool(entry and entry.preliminary)
        marks = (
            ("from text", provenance.from_text), ("inferred", provenance.inferred), ("preliminary", preliminary),
        )  # fmt: skip
        coding = best_coding(entry, self.sources.terminology) if entry else _coding(provenance.code)
        note = "; ".join(n for n in (provenance.note or "").split("; ") if n not in ("", "preliminary"))
        return Seen(
            provenance.resource,
            provenance.date,
            coding,
            provenance.found,
            tuple(m for m, on in marks if on),
            note or None,
        )


def best_coding(entry: Entry, terminology: Terminology) -> Coding | None:
    """The code an entry is known by: the first of its codes the terminology has, else the first of all."""
    codings = sorted(entry.codings, key=lambda coding: not terminology.concepts_of(*coding))
    if not codings:
        return None
    system, code = codings[0]
    for group in terminology.concepts_of(system, code):
        known = next((c for c in terminology.codings(group) if (c.system, c.code) == (system, code)), None)
        if known is not None:
            return known
    return Coding(system, code, _own_display(entry, code), sendable=False)


def _own_display(entry: Entry, code: str) -> str | None:
    for key in ("code", "medicationCodeableConcept", "event"):
        for raw in as_list(as_dict(entry.resource.get(key)).get("coding")):
            if as_dict(raw).get("code") == code:
                return as_text(as_dict(raw).get("display")) or None
    return None


def _coding(text: str | None) -> Coding | None:
    system, bar, code = (text or "").rpartition("|")
    return Coding(system, code, sendable=False) if bar else None


def _by_reference(record: PatientRecord | None) -> Mapping[str, Entry]:
    return {entry.reference: entry for entry in record.entries} if record else {}


def clean(text: str) -> str:
    """A text from the record as it may go to a terminal: one line, no control characters."""
    return one_line(text)


def shortened(text: str, most: int) -> str:
    """A text of one line, cut with an ellipsis where it is longer."""
    text = clean(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def said(coding: Coding) -> str:
    """A code as people say it: ``LOINC 6690-2 Leukocytes [#/volume] in Blood``."""
    parts = (
        system_name(coding.system) or "(no system)",
        coding.code,
        shortened(coding.display or "", _LONGEST_DISPLAY),
    )
    return clean(" ".join(part for part in parts if part))


def code_json(coding: Coding) -> dict[str, Any]:
    return {"system": coding.system, "code": coding.code, "display": coding.display}


_REMEDIES: Mapping[Reason, str] = {
    Reason.STALE: "a newer result",
    Reason.UNIT: "the same in a unit that is read",
    Reason.IMPLAUSIBLE: "the value that was meant",
    Reason.UNREADABLE: "the same in a form that is read",
    Reason.UNDATED: "the same with its date",
    Reason.CONFLICTING: "a newer statement that settles it, or the mistaken one corrected",
    Reason.SET_ASIDE: "the same with a status that counts as evidence",
    Reason.NOT_DECIDED: "a result that settles it",
    Reason.INCOMPLETE: "the rest of the record",
    Reason.FETCH_FAILED: "a search that succeeds",
}


def why_unknown(one: Explained, words: Words) -> str:
    """Why a fact is unknown, in a sentence."""
    fact = one.fact
    if fact.provenance == () and one.answers.asked and one.provider is None:
        return one.answers.asked
    reason = words.value(fact).removeprefix("unknown (").removesuffix(")")
    return clean(f"{reason}; {_SUBJECT.sub('', fact.detail)}" if fact.detail else reason)


def remedy(one: Explained) -> str:
    """What would answer an unknown fact, before the codes: its limits and forms."""
    kind, reason = one.kind, one.fact.reason
    said_so = _REMEDIES.get(reason, "") if reason is not None else ""
    if reason is Reason.STALE and kind.stale_after_days:
        said_so = f"a result of the last {kind.stale_after_days} days"
    elif reason is Reason.UNIT and kind.unit:
        said_so = f"the same in {kind.unit}, or in another unit listed in {PAGE}#units"
    elif reason is Reason.IMPLAUSIBLE and kind.low is not None and kind.high is not None:
        said_so = f"the value that was meant: {kind.describe_values()}"
    return said_so


def what_to_send(name: str, sources: Sources, most: int = 3) -> str:
    """Resource types and the first codes that answer a fact, for people; where no code does, what is read."""
    answers = sources.of(name)
    types = " or ".join(answers.types)
    codes = [coding for _, coding in sources.codes(name)]
    named = any(sources.terminology.read_by_name(group) for group in answers.groups)
    rows = [said(coding) for coding in codes[:most]]
    if len(codes) > most:
        rows.append(f"{len(codes) - most} more code{'s' if len(codes) > most + 1 else ''}")
    if named:
        rows.append("or its name in words" if rows else "its name in words")
    if rows:
        return f"{types}: {'; '.join(rows)}"
    return f"{types} ({sources.vocabulary.lookup(sources.full(name)).read_from})" if types else ""


def value_json(value: Value | None) -> Any:
    """A value for machines: bounds and lists keep what they leave open."""
    if isinstance(value, Interval):
        return {
            "low": None if value.low == float("-inf") else value.low,
            "high": None if value.high == float("inf") else value.high,
            "low_open": value.low_open,
            "high_open": value.high_open,
        }
    if isinstance(value, TokenSet):
        return {"members": sorted(value.members), "complete": value.complete, "excluded": sorted(value.excluded)}
    return value


def as_json(one: Explained, sources: Sources) -> dict[str, Any]:
    """One fact for machines; the keys are described in docs/integration.md."""
    fact, provider, answers = one.fact, one.provider, one.answers
    return {
        "label": one.label,
        "group": one.kind.group,
        "value": value_json(fact.value),
        "unit": one.kind.unit,
        "reason": str(fact.reason) if fact.reason else None,
        "detail": fact.detail,
        "sources": [seen.as_json() for seen in one.seen],
        "rule": {"name": provider.name, "file": provider.place, "says": provider.rule} if provider else None,
        "rests_on": list(one.rests_on),
        "answered_by": None if fact.known else {
            "resources": list(answers.types),
            "concepts": list(answers.groups),
            "codes": [code_json(coding) for _, coding in islice(sources.codes(one.name), _MOST_CODES)],
            "facts": list(answers.follows_from),
            "asked": answers.asked,
        },
    }  # fmt: skip
