"""Reading results of a record: the newest usable number, what texts state, and the two days most results are judged by:
diagnosis and first treatment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from service.facts.absence import absent, complete_list, fresh, seen_in
from service.facts.disease.conditions import Standing, standing
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Interval, Provenance, Reason, known, unknown
from service.facts.results.measured import Measured as Measured
from service.facts.results.measured import measured as measured
from service.facts.vocabulary import VOCABULARY
from service.record.dates import parse_instant
from service.record.model import Entry, PatientRecord, Resource, When, once_per_record
from service.record.text import Mention, mention_of
from service.record.values import (
    all_text,
    as_dict,
    as_list,
    as_text,
    codings_of,
    components,
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
_OTHER_FLUID = re.compile(
    r"\b(?:CSF|liquor\w*|cerebro-?spinal|ur\b|urine?|urin\w*|u-|i\.?\s?u\.|dipstick|teststreifen|u-?stix|sediment|gesichtsfeld"
    r"|pleura\w*|as[zc]ites|stool|stuhl\w*|BAL|marrow|knochenmark\w*|KM|effusion|erguss|punktat|dialysate?|dialysat|drainage|drain"
    r"|synovial\w*|gelenk\w*|fluid|peritone\w*|saliva|speichel|sweat|schweiß)\b",
    re.IGNORECASE,
)


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
    """Observations of some concepts, newest first, also those that stand as components in a panel. Matched only by text,
    those of other fluids are left out: the word "leukocytes" also stands in cell counts of CSF and urine. ``fluids``
    keeps them.
    """
    wanted = frozenset(concepts)
    found = [*record.about(*concepts, types=("Observation",)), *(e for e in _in_panels(record) if e.concepts & wanted)]
    return latest_first(e for e in found if fluids or not (e.text_concepts and _OTHER_FLUID.search(_place(e))))


def newest_by_test(entries: Iterable[Entry]) -> Entry | None:
    """The newest entry that holds a value; a failed sample or a heading holds none."""
    return next((e for e in entries if quantity(e.resource) is not None or has_digits(e.resource)), None)


def has_digits(element: Resource) -> bool:
    """Whether a value is a text or range with a number in it."""
    return "valueRange" in element or any(sign.isdigit() for sign in as_text(element.get("valueString")))


@once_per_record
def _in_panels(record: PatientRecord) -> tuple[Entry, ...]:
    """The components of panels as results of their own, with the date and status of the panel."""
    found = []
    for entry in record.of_type("Observation"):
        if "component" not in entry.resource:
            continue
        for component in components(entry.resource):
            own = _component(record, entry, component)
            if own.concepts - entry.concepts:  # a component that repeats its Observation's code is another reader's
                found.append(own)
    return tuple(found)


def _component(record: PatientRecord, panel: Entry, component: Resource) -> Entry:
    codings = tuple(record.terminology.coding(*raw) for raw in codings_of(component.get("code")))
    concepts = frozenset[str]().union(*(record.terminology.concepts_of(*coding) for coding in codings))
    text = concept_text(component.get("code"))
    named = frozenset[str]() if concepts else record.terminology.concepts_in_text(text)
    # The name of the panel may say what the component does not: "Liquordiagnostik", "Urinstatus".
    text = f"{panel.text}: {text}" if panel.text else text
    return replace(
        panel, resource=component, codings=codings, text=text, concepts=concepts | named, text_concepts=named,
        _worked_out={},
    )  # fmt: skip


def _place(entry: Entry) -> str:
    """What an entry says of where its sample comes from."""
    resource = entry.resource
    return "\n".join(
        (entry.text, concept_text(resource.get("bodySite")), as_text(as_dict(resource.get("specimen")).get("display")))
    )


def sex_of(facts: Facts) -> str | None:
    """The administrative sex, for reference ranges that differ by it."""
    patient = facts.record.patient if facts.record is not None else None
    return as_text(patient.get("gender")).lower() or None if patient is not None else None


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
    if entry.text_concepts:
        return False
    for concept in entry.concepts:  # noqa: SIM110 - a dozen readers ask it of every result of a chart
        if concept.startswith("labs."):
            return True
    return False


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
