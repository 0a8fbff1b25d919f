"""What was given against the leukemia, what is being given, and what runs beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta

from service.facts.absence import absent, complete_list, seen_in
from service.facts.course.hct import infusions
from service.facts.course.phase import plan_text
from service.facts.course.timeline import relapses
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import (
    Fact,
    Facts,
    Interval,
    Provenance,
    Provider,
    Reason,
    TokenSet,
    known,
    provides,
    unknown,
)  # fmt: skip
from service.facts.therapy.exposure import MEDICATIONS, Exposure, Exposures, exposures, treats
from service.facts.therapy.regimens import regimen_in
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import DRUG_NAMES, IMPLIES, TREATMENTS, may_hide
from service.record.model import Entry, PatientRecord, When
from service.record.text import states
from service.record.values import as_float, quantity

_CYCLE = 28  # days within which a drug given in courses counts as being given
_HISTORY = {
    "prior_blinatumomab": "blinatumomab", "prior_inotuzumab": "inotuzumab ozogamicin", "prior_cart": "CAR-T",
    "prior_anthracycline": "anthracycline",
}  # fmt: skip
_ASPARAGINASES = ("pegaspargase", "calaspargase pegol", "asparaginase-erwinia", "asparaginase-e-coli")
_DONE = (None, "completed", "in-progress", "stopped")
_RADIATION = (
    ("TBI", re.compile(r"\bTBI\b|total[\s-]body|ganzkörper", re.IGNORECASE)),
    ("cranial radiation", re.compile(r"cranial|kranial|schädel|\bCRT\b|whole[\s-]brain|cranio", re.IGNORECASE)),
)
_LINES = re.compile(r"(?:prior|previous) (?:lines?|(?:systemic )?therap\w+|treatments?)|vortherapien", re.IGNORECASE)
_INDUCTION = re.compile(r"(?<!re)(?<!re-)(?<!remissions)induction|(?<!re)(?<!re-)induktion", re.IGNORECASE)
_FIRST_LINE = timedelta(days=92)


@provides("prior_therapies", *_HISTORY)
def prior_therapies(facts: Facts) -> Iterator[Fact]:
    """Treatments given so far, and whether some were among them.

    Complete only if all three medication lists are, and the procedures for transplants, radiation and cells. A drug
    that was ordered and not recorded as given stays open.
    """
    if facts.record is None:
        return
    found = exposures(facts.record, facts.as_of)
    given: dict[str, list[Provenance]] = {}
    for exposure in found.leukemia(steroids=True):
        given.setdefault(exposure.drug, []).append(exposure.seen())
        if exposure.intrathecal:
            given.setdefault("IT chemotherapy", []).append(exposure.seen())
    for name, seen in _treatments(facts.record, facts.as_of):
        given.setdefault(name, []).append(seen)
    open_ = {drug for drug in found.ordered_only() if treats(drug)}
    if not complete_list(facts, "Procedure"):
        open_ |= {*TREATMENTS, *(drug for drug in DRUG_NAMES if "CAR-T" in IMPLIES.get(drug, ()))}
    complete = complete_list(facts, *MEDICATIONS) and not found.nameless
    listed = _listed("prior_therapies", given, open_, complete)
    seen_all = tuple(p for rows in given.values() for p in rows[:1])
    if listed.members or complete:
        yield known("prior_therapies", listed, *seen_all)
    else:
        yield absent(facts, "prior_therapies", *MEDICATIONS, what="treatments given")
    for name, token in _HISTORY.items():
        rows = [p for drug, seen in given.items() if token in (drug, *IMPLIES.get(drug, ())) for p in seen]
        yield _history(facts, name, token, listed, rows, found)


def _listed(name: str, members: Collection[str], open_: Collection[str], complete: bool) -> TokenSet:
    """A set of the vocabulary: complete, or complete but for what is open, or open."""
    kind = VOCABULARY.lookup(name)
    value = kind.token_set(members, complete)
    if not complete or not open_:
        return value
    maybe = {token for drug in open_ for token in (drug, *IMPLIES.get(drug, ()))}
    return TokenSet(value.members, False, frozenset(kind.values) - value.members - maybe)


def _history(facts: Facts, name: str, token: str, listed: TokenSet, seen: list[Provenance], found: Exposures) -> Fact:
    """Whether a drug or class was given."""
    answer = listed.includes(token)
    if answer:
        return known(name, True, *seen)
    if answer is False and not may_hide(listed.members, token):
        return known(name, False, detail="no record of it in complete lists of medications and procedures")
    ordered = [e.seen() for e in found.items if token in (e.drug, *IMPLIES.get(e.drug, ()))]
    if ordered:
        return unknown(name, Reason.NOT_DECIDED, "ordered, but not recorded as given", ordered)
    if answer is False:
        return unknown(name, Reason.NOT_DECIDED, "a regimen on record may have contained it")
    return absent(facts, name, *MEDICATIONS, "Procedure", what=VOCABULARY.lookup(name).label)


def _treatments(record: PatientRecord, as_of: date) -> Iterator[tuple[str, Provenance]]:
    """Treatments that are no drug: transplants, cells, radiation, intrathecal therapy, regimens named as such."""
    names = {"allogeneic": "allo-HCT", "autologous": "auto-HCT", "DLI": "DLI", "CAR-T": "CAR-T"}
    for infusion in infusions(record, as_of):
        if not infusion.planned and infusion.kind in names:
            yield names[infusion.kind], infusion.seen()
    for entry in record.about("therapy.radiation", "therapy.intrathecal", types=("Procedure",)):
        if entry.status not in _DONE or (entry.when is not None and entry.when.start > as_of):
            continue
        if "therapy.intrathecal" in entry.concepts:
            yield "IT chemotherapy", seen_in(entry, entry.text or None)
        else:
            kind = next((name for name, pattern in _RADIATION if states(entry.text, pattern)), "radiation")
            yield kind, seen_in(entry, entry.text or None)
    for entry, text in _regimen_texts(record, as_of):
        found = regimen_in(text)
        if found is not None and found[1] is not None:
            yield found[1], seen_in(entry, text, from_text=True)


def _regimen_texts(record: PatientRecord, as_of: date) -> Iterator[tuple[Entry, str]]:
    """Texts that may name a regimen that was begun."""
    for entry in record.of_type("CarePlan", "EpisodeOfCare", "Procedure", "MedicationStatement"):
        begun = entry.when is None or entry.when.start <= as_of
        if begun and entry.status in (*_DONE, "active", "on-hold", "onhold", "finished"):
            yield entry, entry.text or plan_text(entry)


@provides("current_therapies", "concurrent_drugs", "asparaginase_formulation")
def present(facts: Facts) -> Iterator[Fact]:
    """What is being given: against the leukemia (given within a cycle of 28 days), and at the same time at all.

    For interactions an active order counts as taken, and a drug as long as it acts (pegaspargase for weeks).
    """
    if facts.record is None:
        return
    found = exposures(facts.record, facts.as_of)
    complete = complete_list(facts, *MEDICATIONS) and not found.nameless
    treating = [e for e in found.given() if treats(e.drug) and e.within(facts.as_of, _CYCLE)]
    acting = [e for e in found.items if e.acts(facts.as_of)]
    for name, rows, open_ in (
        ("current_therapies", treating, {e.drug for e in acting if treats(e.drug)} - {e.drug for e in treating}),
        ("concurrent_drugs", acting, set[str]()),
    ):
        listed = _listed(name, {e.drug for e in rows}, open_, complete)
        if listed.members or complete:
            yield known(name, listed, *(_seen_once(rows)))
        else:
            yield absent(facts, name, *MEDICATIONS, what="drugs being taken")
    asparaginases = [e for e in acting if e.drug in _ASPARAGINASES]
    if len({e.drug for e in asparaginases}) == 1:
        yield known("asparaginase_formulation", asparaginases[0].drug, asparaginases[0].seen())


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
    given = exposures(facts.record, facts.as_of).given("inotuzumab ozogamicin")
    dated = [(_latest(e, facts.as_of), e) for e in given if e.last is not None or e.ongoing]
    if not dated:
        if given:
            yield unknown(name, Reason.UNDATED, "it was given, but not when", (e.seen() for e in given))
        else:
            yield absent(facts, name, *MEDICATIONS, what="inotuzumab ozogamicin")
        return
    low = min(low for (low, _), _ in dated)
    high = min(high for (_, high), _ in dated)
    value = high / 7 if low == high else Interval(low / 7, high / 7)
    yield known(name, value, *(e.seen() for _, e in dated[:1]))


def _latest(exposure: Exposure, as_of: date) -> tuple[float, float]:
    """Least and most days since the last dose of one resource."""
    if exposure.end is not None:
        end = min(exposure.end.end, as_of)
        return float((as_of - end).days), float((as_of - min(exposure.end.start, as_of)).days)
    since = float((as_of - exposure.start.start).days) if exposure.start is not None else float("inf")
    return 0.0, since


@provides("prior_lines_count", needs=("relapse_number", "disease_state"))
def prior_lines(facts: Facts) -> Iterator[Fact]:
    """Lines of therapy so far: as counted in an observation; none in a new diagnosis before any drug; at least one per
    relapse, as each came after one.
    """
    if facts.record is None:
        return
    for entry in facts.record.of_type("Observation"):
        if entry.when is None or not _LINES.search(entry.text) or not states(entry.text, _LINES):
            continue
        number = quantity(entry.resource)
        count = as_float(number.value) if number is not None and number.comparator is None else None
        if count is not None and 0 <= count <= 30 and count == int(count):
            yield known("prior_lines_count", count, seen_in(entry, number.text if number else None))
            return
    relapsed = facts.value("relapse_number")
    least = relapsed.low if isinstance(relapsed, Interval) else relapsed if isinstance(relapsed, float) else 0
    if least >= 1:
        seen = Provenance("relapse_number", inferred=True, note="each relapse came after at least one line")
        yield known("prior_lines_count", Interval(low=least), seen)
        return
    found = exposures(facts.record, facts.as_of)
    lists = complete_list(facts, *MEDICATIONS) and not found.nameless
    if lists and facts.value("disease_state") == "new-diagnosis" and not found.leukemia():
        seen = Provenance("disease_state", inferred=True, note="new diagnosis, no antileukemic drug on record")
        yield known("prior_lines_count", 0.0, seen)
    else:
        yield absent(facts, "prior_lines_count", "Observation", what="the number of prior lines")


@provides("induction_regimen")
def induction_regimen(facts: Facts) -> Iterator[Fact]:
    """The regimen of the first induction, named in a plan, episode, procedure or medication text: by the word
    induction, or by a date within three months of the diagnosis; a lone name counts where no relapse is known.
    """
    if facts.record is None:
        return
    texts = _regimen_texts(facts.record, facts.as_of)
    told = [(found[0], e, text) for e, text in texts if (found := regimen_in(text)) is not None]
    diagnosed = diagnosis_date(facts.record, facts.as_of)
    relapsed = relapses(facts.record, facts.as_of)
    before = [row for row in told if not relapsed or (row[1].when and row[1].when.end < relapsed[0].when.start)]
    chosen = [
        row for row in before if states(row[2], _INDUCTION) or (diagnosed and _first_line(row[1].when, diagnosed.when))
    ]
    if not chosen and not relapsed:
        chosen = told
    seen = tuple(seen_in(entry, text, from_text=True) for _, entry, text in chosen or told)
    kinds = {name for name, _, _ in chosen}
    if len(kinds) == 1:
        yield known("induction_regimen", chosen[0][0], *seen)
    elif told:
        yield unknown(
            "induction_regimen", Reason.NOT_DECIDED, "which of the regimens was the induction is not said", seen
        )
    else:
        yield absent(facts, "induction_regimen", "CarePlan", "MedicationStatement", what="a regimen")


def _first_line(when: When | None, diagnosed: When) -> bool:
    return when is not None and diagnosed.start <= when.start and when.end <= diagnosed.end + _FIRST_LINE


PROVIDERS: tuple[Provider, ...] = (
    prior_therapies, present, since_inotuzumab, prior_lines, induction_regimen,
)  # fmt: skip
