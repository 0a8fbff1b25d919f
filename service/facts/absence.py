"""Why nothing was found: one place that turns a record's coverage into an honest reason for unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from service.facts.model import Fact, Facts, Provenance, Reason, unknown
from service.record.model import Coverage, Entry, PatientRecord, When

_REASONS = {
    Coverage.ABSENT: Reason.NOT_PROVIDED,
    Coverage.FAILED: Reason.FETCH_FAILED,
    Coverage.PARTIAL: Reason.INCOMPLETE,
    Coverage.EMPTY: Reason.RECORD_EMPTY,
    Coverage.COMPLETE: Reason.RECORD_EMPTY,
}
_SAID = {
    Coverage.ABSENT: "the request did not bring {types}",
    Coverage.FAILED: "reading {types} failed",
    Coverage.PARTIAL: "only a part of {types} arrived",
    Coverage.EMPTY: "the record holds no {types}",
    Coverage.COMPLETE: "no {types} says it",
}


def absent(facts: Facts, name: str, *types: str, what: str = "") -> Fact:
    """The unknown for a fact that no resource of the given types answers, with the reason their coverage gives.

    ``what`` names the thing looked for ("a CD19 result"), for the sentence shown to people. A type that no prefetch key
    asks for is not named beside one that is asked for: no client could bring it.
    """
    record = facts.record
    reason, detail = _why(None, types) if record is None else record.once((absent, types), lambda: _why(record, types))
    return unknown(name, reason, f"{what}: {detail}" if what else detail)


def _why(record: PatientRecord | None, types: Sequence[str]) -> tuple[Reason, str]:
    coverage, named = _weakest(record, types)
    return _REASONS[coverage], _SAID[coverage].format(types="/".join(named))


def _weakest(record: PatientRecord | None, types: Sequence[str]) -> tuple[Coverage, Sequence[str]]:
    """The weakest coverage of the types that were asked for, and which of them it is of; all where none was."""
    asked = [kind for kind in types if record is not None and kind in record.coverage]
    if record is None or not asked:
        return Coverage.ABSENT, types
    weakest = record.covered(*asked)
    if weakest in (Coverage.EMPTY, Coverage.COMPLETE):
        return weakest, asked
    return weakest, [kind for kind in asked if record.coverage[kind] is weakest]


def complete_list(facts: Facts, *types: str) -> bool:
    """Whether absence from the record's lists of these types may be read as "no record of"."""
    return facts.record is not None and facts.record.covered(*types) in (Coverage.COMPLETE, Coverage.EMPTY)


def fresh(when: When | None, as_of: date, stale_after_days: int | None) -> bool | None:
    """Whether a result is recent enough; ``None`` if its date is missing or too vague to tell."""
    if stale_after_days is None:
        return True
    if when is None:
        return None
    oldest, newest = (as_of - when.start).days, (as_of - when.end).days
    if oldest <= stale_after_days:
        return True
    return False if newest > stale_after_days else None


def seen_in(
    entry: Entry, found: str | None = None, *, from_text: bool = False, inferred: bool = False, note: str | None = None
) -> Provenance:
    """Provenance of a value read in one record entry."""
    code = f"{entry.codings[0][0]}|{entry.codings[0][1]}" if entry.codings else None
    remarks = [*(("preliminary",) if entry.preliminary else ()), *entry.notes, *((note,) if note else ())]
    return Provenance(
        entry.reference,
        entry.when.text if entry.when else None,
        code,
        found,
        from_text,
        inferred,
        "; ".join(remarks) or None,
    )


def derived_from(facts: Facts, *names: str, note: str | None = None, inferred: bool = False) -> tuple[Provenance, ...]:
    """Provenance of a derived value: that of the facts it was derived from."""
    parts: Iterable[Provenance] = (p for name in names for p in facts[name].provenance)
    own = Provenance(", ".join(names), note=note, inferred=inferred)
    return (own, *parts)
