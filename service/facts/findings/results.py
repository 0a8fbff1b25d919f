"""Reading results of a record: the newest usable number, what texts state, and the two days most results are judged by:
diagnosis and first treatment.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from service.facts.absence import absent, complete_list, fresh, seen_in
from service.facts.disease.conditions import Standing, standing
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Interval, Provenance, Reason, known, unknown
from service.facts.vocabulary import VOCABULARY
from service.record.dates import parse_instant
from service.record.model import Entry, PatientRecord, Resource, When
from service.record.text import Mention, mention_of
from service.record.units import convert, counts_singly
from service.record.values import (
    Quantity,
    all_text,
    as_dict,
    as_float,
    as_list,
    as_text,
    concept_text,
    quantity,
    value_text,
)

RESULTS = ("Observation", "DiagnosticReport")
MEDICATIONS = ("MedicationAdministration", "MedicationStatement", "MedicationRequest")
_ANTILEUKEMIC = tuple(
    f"therapy.{name}"
    for name in (
        "vincristine", "vincristine_liposomal", "vindesine", "daunorubicin", "doxorubicin", "idarubicin",
        "mitoxantrone", "cyclophosphamide", "ifosfamide", "cytarabine", "methotrexate", "mercaptopurine", "thioguanine",
        "etoposide", "teniposide", "pegaspargase", "calaspargase_pegol", "asparaginase_erwinia_chrysanthemi",
        "asparaginase_native_e_coli", "prednisone", "prednisolone", "dexamethasone", "imatinib", "dasatinib",
        "nilotinib", "bosutinib", "ponatinib", "blinatumomab", "inotuzumab_ozogamicin", "rituximab", "nelarabine",
        "clofarabine", "fludarabine", "any_chemo",
    )
)  # fmt: skip
_PREPHASE = timedelta(days=14)  # treatment may begin so long before the diagnosis is entered
_RANGE = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(?:-|–|to|bis)\s*(\d+(?:[.,]\d+)?)\s*([^\d\s].*)?")
_THOUSANDS = re.compile(r"\s*(<=|>=|<|>)?\s*([1-9]\d{0,2}(?:[.,' ]\d{3})+)\s*(\D.*?)\s*")
_POWER_UNIT = re.compile(r"\s*(<=|>=|<|>)?\s*(\d+(?:[.,]\d+)?)\s+(10\s?[*^xe]?\d+/\S+)\s*", re.IGNORECASE)
_OTHER_FLUID = re.compile(
    r"\b(?:CSF|liquor|cerebrospinal|urine|urin|pleura\w*|ascites|stool|BAL|marrow|knochenmark|effusion|dialysate)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A number in the vocabulary's unit, or why there is none."""

    value: float | Interval | None
    found: str
    reason: Reason | None = None
    detail: str | None = None


def measured(element: Resource, kind: str) -> Measured | None:
    """The number of an Observation or component in the unit of a quantity of `service.record.units`.

    ``None``: it holds no number at all. Comparators and ranges ("<0.5", "55-60 %") become intervals. A text with
    digits that cannot be read as one number is a result nobody could read, and so is told.
    """
    text = as_text(element.get("valueString"))
    span = _span(element, text)
    if span:
        return _between(*span, kind)
    singly = _counted_singly(text) if kind in ("cells", "csf") else None
    number = singly or quantity(element) or _with_power(text)
    if number is None:
        if any(sign.isdigit() for sign in text):
            return Measured(None, text.strip(), Reason.UNREADABLE, "its text cannot be read as one number")
        return None
    value = convert(number.value, number.unit, kind)
    # The code of a unit and its name are two statements: some send a code no one knows beside a name everyone reads,
    # some a code that is a thousand times the name.
    name = as_text(as_dict(element.get("valueQuantity")).get("unit")).strip(" <>=")
    by_name = convert(number.value, name, kind) if name and name != number.unit else None
    if value is None:
        value = by_name
    elif by_name is not None and not math.isclose(value, by_name, rel_tol=1e-6):
        detail = f"its unit {name!r} and the code of its unit {number.unit!r} differ"
        return Measured(None, number.text, Reason.UNIT, detail)
    if value is None:
        detail = f"unit {number.unit!r} cannot be converted" if number.unit else "a number without unit"
        return Measured(None, number.text, Reason.UNIT, detail)
    return Measured(_compared(value, number.comparator), number.text)


def _span(element: Resource, text: str) -> tuple[float | None, float | None, str | None, str] | None:
    """Both ends and the unit of a value that is a range, as a text or a FHIR Range, and how it stood."""
    found = _RANGE.fullmatch(text)
    if found:
        return as_float(found[1]), as_float(found[2]), found[3], text.strip()
    ends = as_dict(element.get("valueRange"))
    low, high = as_dict(ends.get("low")), as_dict(ends.get("high"))
    bounds = as_float(low.get("value")), as_float(high.get("value"))
    units = {as_text(end.get("code")) or as_text(end.get("unit")) for end in (low, high)} - {""}
    if None in bounds or len(units) > 1:
        return None
    unit = units.pop() if units else None
    return *bounds, unit, f"{bounds[0]:g}-{bounds[1]:g} {unit or ''}".strip()


def _between(low: float | None, high: float | None, unit: str | None, text: str, kind: str) -> Measured:
    if low is None or high is None:
        return Measured(None, text, Reason.UNREADABLE, "its numbers can be read in two ways")
    ends = convert(low, unit, kind), convert(high, unit, kind)
    if ends[0] is None or ends[1] is None:
        detail = f"unit {unit!r} cannot be converted" if unit else "a number without unit"
        return Measured(None, text, Reason.UNIT, detail)
    return Measured(Interval(min(ends[0], ends[1]), max(ends[0], ends[1])), text)


def _counted_singly(text: str) -> Quantity | None:
    """A count in single cells, in which a point or comma before three digits marks thousands: ``12.500 /ul``."""
    found = _THOUSANDS.fullmatch(text)
    if not found or not counts_singly(found[3]):
        return None
    return Quantity(float(re.sub("[.,' ]", "", found[2])), found[3], found[1], text.strip())


def _with_power(text: str) -> Quantity | None:
    """A number before a unit that starts with a digit: ``12.5 10*9/L``."""
    found = _POWER_UNIT.fullmatch(text)
    value = as_float(found[2]) if found else None
    return Quantity(value, found[3], found[1], text.strip()) if found and value is not None else None


def _compared(value: float, comparator: str | None) -> float | Interval:
    match comparator:
        case "<" | "<=":
            return Interval(0, value, high_open=comparator == "<")
        case ">" | ">=":
            return Interval(low=value, low_open=comparator == ">")
        case _:
            return value


def latest_first(entries: Iterable[Entry]) -> list[Entry]:
    """Newest first, also within a day by the time of day; final before preliminary; undated last."""

    def key(entry: Entry) -> tuple[int, float, bool]:
        when = entry.when
        return (when.end.toordinal() if when else 0, _time(when), not entry.preliminary)

    return sorted(entries, key=key, reverse=True)


def _time(when: When | None) -> float:
    """The moment of a date with a time of day, which may name any zone; without a time it comes before those of its day."""
    moment = parse_instant(when.text) if when is not None and len(when.text) > 10 else None
    return moment.timestamp() if moment else float("-inf")


def results_about(record: PatientRecord, *concepts: str, fluids: bool = False) -> list[Entry]:
    """Observations of some concepts, newest first. Matched only by text, those of other fluids are left out: the word
    "leukocytes" also stands in cell counts of CSF and urine. ``fluids`` keeps them.
    """
    found = record.about(*concepts, types=("Observation",))
    return latest_first(e for e in found if fluids or not (e.text_concepts and _OTHER_FLUID.search(e.text)))


def newest_number(facts: Facts, name: str, entries: Iterable[Entry], kind: str, high: float | None = None) -> Fact:
    """The fact ``name`` from the newest of the entries (newest first) that holds a number.

    The newest decides: if it is too old, in an unreadable unit or implausible, an older one does not step in.
    ``high``: a narrower limit of what is plausible than the vocabulary's.
    """
    for entry in entries:
        found = measured(entry.resource, kind)
        if found is not None:
            return judged(facts, name, entry, found, high)
    return nothing(facts, name)


def judged(facts: Facts, name: str, entry: Entry, found: Measured, high: float | None = None) -> Fact:
    """A measured value as a fact, if its date, unit and size let it be used; else unknown, with the value as found."""
    seen = seen_in(entry, found.found, from_text=bool(entry.text_concepts))
    if found.value is None:
        return unknown(name, found.reason or Reason.UNREADABLE, found.detail, (seen,))
    kind = VOCABULARY.lookup(name)
    low, top = kind.low, high if high is not None else kind.high
    span = found.value if isinstance(found.value, Interval) else Interval(found.value, found.value)
    if (low is not None and span.less_than(low)) or (top is not None and span.more_than(top)):
        return unknown(name, Reason.IMPLAUSIBLE, "outside the plausible range: shown, not used", (seen,))
    old = outdated(facts, name, entry, seen)
    return old or known(name, found.value, seen)


def outdated(facts: Facts, name: str, entry: Entry, *seen: Provenance) -> Fact | None:
    """The unknown for a result that is too old for its fact, or whose date does not tell."""
    limit = VOCABULARY.lookup(name).stale_after_days
    match fresh(entry.when, facts.as_of, limit):
        case True:
            return None
        case False:
            return unknown(name, Reason.STALE, f"the newest result is older than {limit} days", seen)
        case _:
            return unknown(name, Reason.UNDATED, "its date is missing or too vague", seen)


def nothing(facts: Facts, name: str, *types: str, concepts: Iterable[str] = ()) -> Fact:
    """The unknown for a fact nothing usable speaks of: set aside, or absent for the reason the coverage gives."""
    kind = VOCABULARY.lookup(name)
    wanted = frozenset(concepts) or frozenset(kind.codes)
    if facts.record is not None:
        aside = next((s for s in facts.record.set_aside if s.concepts & wanted), None)
        if aside is not None:
            return unknown(name, Reason.SET_ASIDE, aside.reason, (Provenance(aside.reference),))
    return absent(facts, name, *(types or ("Observation",)), what=kind.label)


def is_count(entry: Entry) -> bool:
    """Whether an entry is a coded laboratory number: what it says in words beside that is not looked through."""
    return not entry.text_concepts and any(concept.startswith("labs.") for concept in entry.concepts)


def full_text(entry: Entry) -> str:
    """Everything an entry says in words: name, value, interpretation, notes, conclusion; a Condition's stage too."""
    return entry.once(full_text, lambda: _full_text(entry))


def _full_text(entry: Entry) -> str:
    parts = [entry.text, all_text(entry.resource)]
    if entry.type == "Condition":
        for stage in as_list(entry.resource.get("stage")):
            parts.append(concept_text(as_dict(stage).get("summary")))
        for evidence in as_list(entry.resource.get("evidence")):
            parts += [concept_text(code) for code in as_list(as_dict(evidence).get("code"))]
    for component in as_list(entry.resource.get("component")):
        element = as_dict(component)
        parts.append(f"{concept_text(element.get('code'))}: {value_text(element)}")
    return "\n".join(part for part in parts if part)


def stated(texts: Iterable[tuple[Entry, str]], pattern: re.Pattern[str]) -> Iterator[tuple[Entry, Mention, str]]:
    """Entries whose texts mention something, how they mention it, and the words found, in the order given."""
    for entry, text in texts:
        found = pattern.search(text)
        mention = mention_of(text, pattern) if found else None
        if found and mention is not None:
            start = max(0, found.start() - 30)
            yield entry, mention, " ".join(text[start : found.end() + 30].split())


def is_active(entry: Entry, as_of: date) -> bool:
    """Whether a Condition is of now: not inactive, in remission, resolved or ended."""
    return standing(entry, as_of) not in (Standing.PAST, Standing.REMISSION)


def diagnosed(facts: Facts) -> When | None:
    """The date of diagnosis. A date that only says "by then at the latest" counts if no treatment came before it and
    the lists of drugs are complete: nobody knows of untreated leukemia for long.
    """
    record = facts.record
    found = diagnosis_date(record, facts.as_of) if record is not None else None
    if record is None or found is None:
        return None
    if found.at_latest:
        first = first_treatment(record)
        earlier = first is not None and first.when is not None and first.when.start < found.when.start - _PREPHASE
        if earlier or not complete_list(facts, *MEDICATIONS):
            return None
    return found.when


def first_treatment(record: PatientRecord, since: date | None = None) -> Entry | None:
    """The earliest dated antileukemic drug (steroid prephase included), not more than two weeks before ``since``.

    Orders count from their day; plans and proposals do not.
    """
    given = [
        entry
        for entry in record.about(*_ANTILEUKEMIC, types=MEDICATIONS)
        if entry.when is not None
        and as_text(entry.resource.get("intent")) not in ("plan", "proposal", "option")
        and (since is None or entry.when.start >= since - _PREPHASE)
    ]
    return min(given, key=lambda entry: entry.when.start if entry.when else date.max, default=None)
