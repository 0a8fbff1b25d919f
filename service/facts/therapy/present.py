"""What is being given now, and what is taken beside it; how long ago inotuzumab ozogamicin was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import Exposure, exposures, treats
from service.facts.therapy.lists import complete_drugs, listed, no_list
from service.facts.vocabulary.drugs import IMPLIES

_CYCLE = 28  # days within which a drug given in courses counts as being given
_ASPARAGINASES = ("pegaspargase", "calaspargase pegol", "asparaginase-erwinia", "asparaginase-e-coli")
_INOTUZUMAB = "inotuzumab ozogamicin"


@provides("current_therapies", "concurrent_drugs", "asparaginase_formulation")
def present(facts: Facts) -> Iterator[Fact]:
    """What is being given: against the leukemia (given within a cycle of 28 days and not stopped), and at the same time at
    all.

    For interactions an active order counts as taken, and a drug as long as it acts (pegaspargase for weeks). What an old
    entry still calls active, or a code and a text name differently, is neither in the list nor excluded from it.
    """
    if facts.record is None:
        return
    found = exposures(facts.record, facts.as_of)
    complete = complete_drugs(facts, found)
    treating = [e for e in found.given() if treats(e.drug) and e.within(facts.as_of, _CYCLE) and not _is_over(e)]
    acting = [e for e in found.items if e.acts(facts.as_of)]
    maybe = {e.drug for e in found.items if e.doubtful or (e.unclear and _may_act(e, facts.as_of))}
    for name, rows, open_ in (
        ("current_therapies", treating, {e.drug for e in acting if treats(e.drug)} | {d for d in maybe if treats(d)}),
        ("concurrent_drugs", acting, maybe),
    ):
        drugs = {e.drug for e in rows}
        value = listed(name, drugs, open_ - drugs, complete)
        if value.members or complete:
            yield known(name, value, *_seen_once(rows))
        else:
            yield no_list(facts, name, found, what="drugs being taken")
    asparaginases = [e for e in acting if e.drug in _ASPARAGINASES]
    if len({e.drug for e in asparaginases}) == 1:
        yield known("asparaginase_formulation", asparaginases[0].drug, asparaginases[0].seen())
    elif asparaginases:
        detail = "several asparaginases are on record at once"
        yield unknown("asparaginase_formulation", Reason.CONFLICTING, detail, (e.seen() for e in asparaginases))
    elif unnamed := [e for e in acting if "asparaginase" in (e.drug, *IMPLIES.get(e.drug, ()))]:
        detail = "which asparaginase it is, is not said"
        yield unknown("asparaginase_formulation", Reason.NOT_DECIDED, detail, (e.seen() for e in unnamed))
    else:
        yield no_list(facts, "asparaginase_formulation", found, what="an asparaginase being given")


def _is_over(exposure: Exposure) -> bool:
    """Whether a drug was stopped and not only paused until its next course: for a reason, or a TKI, which has none."""
    stopped = exposure.entry.status == "stopped" and exposure.entry.type != "MedicationAdministration"
    return (
        not exposure.ongoing and stopped and (exposure.stopped is not None or "TKI" in IMPLIES.get(exposure.drug, ()))
    )


def _may_act(exposure: Exposure, as_of: date) -> bool:
    """Whether a drug that is one of two may be at work now."""
    return exposure.entry.status in (None, "active", "in-progress") or (
        exposure.last is not None and (as_of - exposure.last.end).days <= _CYCLE
    )


def _seen_once(rows: list[Exposure]) -> Iterator[Provenance]:
    """One provenance per drug, saying where it rests on an order alone."""
    told = set()
    for row in rows:
        if row.drug not in told:
            told.add(row.drug)
            yield row.seen(None if row.given else "ordered; not recorded as given")


@provides("weeks_since_last_inotuzumab")
def since_inotuzumab(facts: Facts) -> Iterator[Fact]:
    """Weeks since the last dose; a statement that gives only a beginning bounds them from above."""
    if facts.record is None:
        return
    name = "weeks_since_last_inotuzumab"
    found = exposures(facts.record, facts.as_of)
    given = found.given(_INOTUZUMAB)
    dated = [(_latest(e, facts.as_of), e) for e in given if e.last is not None or e.ongoing]
    if not dated:
        if given:
            yield unknown(name, Reason.UNDATED, "it was given, but not when", (e.seen() for e in given))
        else:
            yield no_list(facts, name, found, what=_INOTUZUMAB)
        return
    low = min(low for (low, _), _ in dated)
    high, newest = min(((high, e) for (_, high), e in dated), key=lambda row: row[0])
    value = high / 7 if low == high else Interval(low / 7, high / 7)
    yield known(name, value, newest.seen())


def _latest(exposure: Exposure, as_of: date) -> tuple[float, float]:
    """Least and most days since the last dose of one resource."""
    if exposure.end is not None:
        end = min(exposure.end.end, as_of)
        return float((as_of - end).days), float((as_of - min(exposure.end.start, as_of)).days)
    since = float((as_of - exposure.start.start).days) if exposure.start is not None else float("inf")
    return 0.0, since


PROVIDERS: tuple[Provider, ...] = (present, since_inotuzumab)
