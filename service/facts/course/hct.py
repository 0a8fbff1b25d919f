"""Transplants and cell infusions: done, of which kind, and how long ago."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from service.facts.absence import absent, complete_list, seen_in
from service.facts.course.hct_text import is_other_tissue, kind_by_donor, names_gvhd, only_around, transplant_in
from service.facts.course.statements import status_text
from service.facts.course.timeline import relapses, statements, status_observations
from service.facts.disease.conditions import in_icd, words_of
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import exposures
from service.facts.vocabulary.drugs import IMPLIES
from service.record.dates import completed_months, months_bounds, parse_when
from service.record.model import Entry, PatientRecord, When, once_per_record
from service.record.text import Mention, states
from service.record.values import as_text, notes_of

_GROUPS = {
    "course.allo_hct": "allogeneic", "course.auto_hct": "autologous", "course.dli": "DLI", "course.car_t": "CAR-T",
}  # fmt: skip
_TRANSPLANT = r"(?:hct|hsct|sct|bmt|szt|kmt|transplant\w*|stammzell\w*)"
_RELAPSE_AFTER = re.compile(
    rf"(?:relaps|rezidiv|recurr)\w*[\s\w,]{{0,20}}?(?:after|following|post|nach)[\s-]+(?:\w+[\s-]+){{0,3}}{_TRANSPLANT}\b"
    rf"|post[\s-]?(?:allo\w*[\s-]*)?{_TRANSPLANT}[\s-]+(?:relaps|rezidiv)",
    re.IGNORECASE,
)
# Without any of these no text names an infusion.
_MAYBE = re.compile(
    r"allo|auto|haplo|tra(?:n)?spl|trapian|greffe|41\.?0\d|hct|sct|bmt|szt|kmt|ucbt|txp?\b|\bm[us]d\b|stem|stammzell|progenitor|cord|dli|donor|spender"
    r"|car[\s-]?t|chimeric|leucel|kymriah|tecartus|aucatzyl",
    re.IGNORECASE,
)
_GVHD_CODES = ("D89.81", "T86.01")
AHEAD = ("preparation", "on-hold")
REQUESTED = ("active", "on-hold")


@dataclass(frozen=True, slots=True)
class Infusion:
    """A transplant ("allogeneic", "autologous", "unspecified"), "DLI" or "CAR-T"; ``planned``: still ahead."""

    kind: str
    when: When | None
    entry: Entry
    from_text: bool
    planned: bool

    def seen(self, inferred: bool = False) -> Provenance:
        return seen_in(self.entry, self.entry.text or None, from_text=self.from_text, inferred=inferred)


@once_per_record
def infusions(record: PatientRecord, as_of: date) -> tuple[Infusion, ...]:
    """All infusions and transplants on record, newest first, undated ones last. A Condition tells of one in the past,
    but not when; an empty Procedure is none. CAR-T cells are often charted as a drug.
    """
    found = []
    for exposure in exposures(record, as_of).given():
        if exposure.entry.type != "Procedure" and "CAR-T" in (exposure.drug, *IMPLIES.get(exposure.drug, ())):
            charted = exposure.entry.type in ("MedicationAdministration", "MedicationStatement")
            when = exposure.start if charted else None  # the day of an order is not that of the infusion
            found.append(Infusion("CAR-T", when, exposure.entry, exposure.from_text, False))
    for entry in record.of_type("Procedure", "Condition", "ServiceRequest"):
        kind, from_text = _kind(record, entry)
        if kind is None:
            continue
        if entry.type == "Condition":
            found.append(Infusion(kind, None, entry, from_text, False))
        elif entry.type == "Procedure":
            ahead = entry.status in AHEAD or (entry.when is not None and entry.when.start > as_of)
            found.append(Infusion(kind, entry.when, entry, from_text, ahead))
        elif entry.status in REQUESTED:
            found.append(Infusion(kind, entry.when, entry, from_text, True))
    return tuple(sorted(found, key=lambda i: (i.when is None, -i.when.end.toordinal() if i.when else 0)))


def transplants(record: PatientRecord, as_of: date) -> tuple[Infusion, ...]:
    """Transplants that were done."""
    return tuple(i for i in infusions(record, as_of) if not i.planned and i.kind not in ("DLI", "CAR-T"))


def _kind(record: PatientRecord, entry: Entry) -> tuple[str | None, bool]:
    """What kind of infusion a resource is, and whether its words said so."""
    coded = entry.concepts - entry.text_concepts
    said = record.means(entry, "hct")
    if said == "unspecified" and entry.type == "Procedure":
        donor = kind_by_donor(f"{entry.text}; {notes_of(entry.resource)}")
        return (said, False) if donor is None else (donor, True)
    if said is not None:
        return said, False
    if record.means(entry, "car_t") == "true" or ("course.car_t" in coded and not record.means(entry, "harvest")):
        return "CAR-T", False
    if "course.dli" in coded:
        return "DLI", False
    if any(group in coded for group in _GROUPS):
        return None, False
    told_later = entry.type == "Condition"
    text = words_of(entry) if told_later else entry.text
    if not _MAYBE.search(text) or only_around(text, told_later=told_later) or is_other_tissue(text):
        return None, True
    return _kind_in(record, text, told_later), True


def _kind_in(record: PatientRecord, text: str, told_later: bool) -> str | None:
    for group, kind in _GROUPS.items():
        mention = record.terminology.mention(group, text)
        if mention is Mention.PRESENT or (told_later and mention is Mention.HISTORY):
            return kind
    return transplant_in(text, told_later=told_later)


@provides("prior_allo_hct", "hct_type")
def prior_hct(facts: Facts) -> Iterator[Fact]:
    """Whether there was an allogeneic transplant: "no" only from complete procedures and Conditions without any, and
    without donor lymphocytes or graft-versus-host disease, which come after one.
    """
    if facts.record is None:
        return
    done = transplants(facts.record, facts.as_of)
    allogeneic = [t for t in done if t.kind == "allogeneic"]
    if allogeneic:
        yield known("prior_allo_hct", True, *(t.seen() for t in allogeneic))
    elif any(t.kind == "unspecified" for t in done):
        detail = "a transplant of unspecified kind is on record"
        yield unknown("prior_allo_hct", Reason.NOT_DECIDED, detail, (t.seen() for t in done))
    elif traces := tuple(_traces(facts.record, facts.as_of)):
        detail = "no transplant is on record, but what follows an allogeneic one is"
        yield unknown("prior_allo_hct", Reason.NOT_DECIDED, detail, traces)
    elif complete_list(facts, "Procedure", "Condition"):
        detail = "no record of one in complete lists of procedures and conditions"
        yield known("prior_allo_hct", False, *(t.seen() for t in done), detail=detail)
    else:
        yield absent(facts, "prior_allo_hct", "Procedure", "Condition", what="an allogeneic transplant")
    last = _last(done)
    if last is not None and last.kind != "unspecified":
        yield known("hct_type", last.kind, last.seen())


def _traces(record: PatientRecord, as_of: date) -> Iterator[Provenance]:
    """Signs of an allogeneic transplant that is not itself on record."""
    yield from (i.seen() for i in infusions(record, as_of) if i.kind == "DLI" and not i.planned)
    for entry in record.of_type("Condition"):
        if in_icd(entry, _GVHD_CODES) or names_gvhd(words_of(entry)):
            yield seen_in(entry, entry.text or None)


def _last(done: tuple[Infusion, ...]) -> Infusion | None:
    """The latest dated one, else any of them if all are of one kind."""
    dated = [t for t in done if t.when is not None]
    if dated:
        return dated[0]
    return done[0] if len({t.kind for t in done}) == 1 else None


@provides("months_since_hct", "days_since_hct", "age_months_at_hct")
def since_hct(facts: Facts) -> Iterator[Fact]:
    """Time since the latest transplant, and the patient's completed months then."""
    if facts.record is None:
        return
    done = transplants(facts.record, facts.as_of)
    last = next((t for t in done if t.when is not None), None)
    if last is None or last.when is None:
        for name in ("months_since_hct", "days_since_hct"):
            if done:
                yield unknown(name, Reason.UNDATED, "the transplant has no date", (t.seen() for t in done))
            else:
                yield absent(facts, name, "Procedure", what="a transplant")
        return
    low, high = months_bounds(last.when, When(facts.as_of, facts.as_of))
    yield known("months_since_hct", _span(low, high), last.seen())
    yield known("days_since_hct", _days(last.when, facts.as_of), last.seen())
    birth = parse_when(as_text((facts.record.patient or {}).get("birthDate")))
    if birth is not None:
        ages = completed_months(birth, last.when.start)[0], completed_months(birth, last.when.end)[1]
        yield known("age_months_at_hct", _span(float(ages[0]), float(ages[1])), last.seen())


def _days(when: When, as_of: date) -> float | Interval:
    return _span(float((as_of - when.end).days), float((as_of - when.start).days))


def _span(low: float, high: float) -> float | Interval:
    return high if low == high else Interval(max(low, 0.0), high)


@provides("days_since_car_infusion")
def since_car(facts: Facts) -> Iterator[Fact]:
    """Days since the latest CAR-T infusion among the procedures and drugs. Cells split over two days are one course; it
    counts from the last of them.
    """
    if facts.record is None:
        return
    done = [i for i in infusions(facts.record, facts.as_of) if i.kind == "CAR-T" and not i.planned]
    last = next((i for i in done if i.when is not None), None)
    if last is not None and last.when is not None:
        yield known("days_since_car_infusion", _days(last.when, facts.as_of), last.seen())
    elif done:
        yield unknown("days_since_car_infusion", Reason.UNDATED, "the infusion has no date", (i.seen() for i in done))
    else:
        yield absent(facts, "days_since_car_infusion", "Procedure", "MedicationAdministration", what="a CAR-T infusion")


@provides("relapse_after_hct")
def relapse_after_hct(facts: Facts) -> Iterator[Fact]:
    """A relapse dated after an allogeneic transplant, or said in words to be one. "No" only where every relapse is
    dated before the transplant and none is stated now.
    """
    if facts.record is None:
        return
    told = [p for entry, text in _texts(facts.record) if (p := _after(entry, text)) is not None]
    if told:
        yield known("relapse_after_hct", True, *told)
        return
    done = [t for t in transplants(facts.record, facts.as_of) if t.kind == "allogeneic"]
    dated = relapses(facts.record, facts.as_of)
    first = min((t.when for t in done if t.when is not None), default=None)
    seen = (*(t.seen() for t in done), *(seen_in(r.entry, r.when.text) for r in dated))
    if first is not None and any(r.when.start > first.end for r in dated):
        yield known("relapse_after_hct", True, *seen)
        return
    now = any(s.state in ("relapsed", "refractory") for s in statements(facts.record, facts.as_of) if s.when is None)
    all_dated = bool(done) and all(t.when is not None for t in done)
    if first is not None and all_dated and dated and not now and all(r.when.end < first.start for r in dated):
        yield known("relapse_after_hct", False, *seen)
    else:
        yield unknown("relapse_after_hct", Reason.NOT_DECIDED, "dates of transplant and relapse do not settle it", seen)


def _texts(record: PatientRecord) -> Iterator[tuple[Entry, str]]:
    for entry in record.about("diagnosis.all", "diagnosis.lbl", types=("Condition",)):
        yield entry, words_of(entry)
    for entry in status_observations(record):
        yield entry, status_text(entry)


def _after(entry: Entry, text: str) -> Provenance | None:
    return seen_in(entry, text, from_text=True) if states(text, _RELAPSE_AFTER) else None


PROVIDERS: tuple[Provider, ...] = (prior_hct, since_hct, since_car, relapse_after_hct)
