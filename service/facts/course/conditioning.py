"""What goes before a transplant or CAR-T cells: conditioning, processing of the graft, lymphodepletion.

Conditioning is called myeloablative or reduced in words only: no source in force prints doses that would decide. In-vitro
T-cell depletion comprises positive enrichment (CD34) and negative selection (G-BA 2025); depletion in vivo (ATG, alemtuzumab) is
none. Lymphodepletion is fludarabine with cyclophosphamide before CAR-T cells (NCCN pediatric 2026); the same two drugs also
condition for a transplant, so that something has to tie them to CAR-T cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from service.facts.absence import absent, complete_list, seen_in
from service.facts.course.hct import Infusion, infusions, transplants
from service.facts.course.phase import plan_text
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.therapy.drug_names import NOT_TAKEN
from service.facts.therapy.exposure import Exposure, Exposures, exposures
from service.facts.vocabulary.drugs import IMPLIES
from service.record.model import Entry, PatientRecord, When
from service.record.text import states
from service.record.values import as_list, concept_text, notes_of

_CONTEXT = re.compile(
    r"condition|konditionier|transpl|allo|graft|stem[\s-]*cell|stammzell|myeloablat|(?-i:HS?CT\b|SCT\b|BMT\b|SZT\b|KMT\b)",
    re.IGNORECASE,
)
_MYELOABLATIVE = re.compile(r"(?<!non)(?<!non-)(?<!non )(?<!nicht-)(?<!nicht )myeloablati|(?-i:\bMAC\b)", re.IGNORECASE)
_REDUCED = re.compile(
    r"reduced[\s-]*intensity|(?:non|nicht)[\s-]*myeloablati|(?-i:\bRIC\b|\bNMA\b)|dosisreduziert|intensitätsreduziert|reduzierter? (?:dosis|intensität)",
    re.IGNORECASE,
)
_DEPLETED = re.compile(
    r"(?:\bT[\s-]*(?:cell|zell)\w*|αβ|alpha[\s/-]*beta|\bTCR?\w*|CD3\b(?:\s*/\s*CD19)?|CD45RA)[\s,/-]*(?:\w+[\s-]+){0,2}deplet"
    r"|CD34\+?[\s-]*(?:select|enrich|selekt|anreicher|positiv)|positivanreicherung|CliniMACS|in[\s-]?vitro[\s-]*(?:t[\s-]*(?:cell|zell)|deplet)",
    re.IGNORECASE,
)
_IN_VIVO = re.compile(r"in[\s-]?vivo|\bATG\b|thymoglobulin|grafalon|alemtuzumab|campath", re.IGNORECASE)
_UNCHANGED = re.compile(
    r"unmanipulat|T[\s-]*cell[\s-]*replete|unmanipuliert|nicht[\s-]*manipuliert|ohne in-?vitro", re.IGNORECASE
)
_TBI = re.compile(r"\bF?TBI\b|total[\s-]*body[\s-]*irrad|ganzkörper[\s-]*bestrahl", re.IGNORECASE)
_NO_TBI = re.compile(
    r"\b(?:no|non|without|ohne|kein\w*)[\s-]*TBI\b|TBI[\s-]*(?:free|frei)|\bBu\w*\s*/\s*Cy\w*|\bFlu\w*\s*/\s*(?:Mel|Bu|Treo)\w*|\bTreo\w*\s*/\s*Flu"
    r"|\bThio\w*\s*/|\bFTT\b|\bFTBu\b|\bFluBu\b",
    re.IGNORECASE,
)
_CHEMO = frozenset({"busulfan", "treosulfan", "melphalan", "thiotepa"})
_BEFORE_GRAFT = timedelta(days=30)
_DEPLETION = re.compile(r"lympho-?(?:zyten-?)?deplet", re.IGNORECASE)
_CAR = re.compile(
    r"\bCAR[\s-]*T|chimeric|tisagenlecleucel|brexucabtagene|obecabtagene|kymriah|tecartus|aucatzyl", re.IGNORECASE
)
_TOGETHER, _BEFORE_CELLS, _LATELY = timedelta(days=7), timedelta(days=30), timedelta(days=60)


@provides("conditioning", "graft_processing")
def preparation(facts: Facts) -> Iterator[Fact]:
    """Conditioning and processing of the graft, of the latest or the planned transplant."""
    if facts.record is None:
        return
    rows = list(_about_transplant(facts.record, facts.as_of))
    yield _either(facts, "conditioning", rows, ("myeloablative", _MYELOABLATIVE), ("reduced-intensity", _REDUCED))
    coded = [
        (said, seen_in(e, e.text or None))
        for e in facts.record.about("course.allo_hct", "course.auto_hct", "course.graft", types=("Procedure",))
        if (said := facts.record.means(e, "graft")) in ("t-cell-depleted", "unprocessed")
    ]
    depleted = [p for said, p in coded if said == "t-cell-depleted"]
    if depleted:
        yield known("graft_processing", "in-vitro-t-cell-depletion", *depleted)
    elif coded:
        yield known("graft_processing", "none", *(p for _, p in coded))
    else:
        rows = [(e, text) for e, text in rows if not _IN_VIVO.search(text)]
        yield _either(facts, "graft_processing", rows, ("in-vitro-t-cell-depletion", _DEPLETED), ("none", _UNCHANGED))


def _either(facts: Facts, name: str, rows: list[tuple[Entry, str]], *words: tuple[str, re.Pattern[str]]) -> Fact:
    found = {value: [seen_in(e, t, from_text=True) for e, t in rows if states(t, pattern)] for value, pattern in words}
    told = [value for value, seen in found.items() if seen]
    if len(told) == 1:
        return known(name, told[0], *found[told[0]])
    if told:
        return unknown(name, Reason.CONFLICTING, "the record says both", (p for seen in found.values() for p in seen))
    return absent(facts, name, "Procedure", "CarePlan", what=name.replace("_", " "))


def _about_transplant(record: PatientRecord, as_of: date) -> Iterator[tuple[Entry, str]]:
    """Texts of transplants, of procedures of conditioning, and of plans; not those of an earlier transplant."""
    last = _last(record, as_of)
    since = last.when.start - _BEFORE_GRAFT if last is not None and last.when is not None else date.min
    for entry in record.of_type("Procedure", "ServiceRequest", "CarePlan"):
        text = _said(entry)
        if _CONTEXT.search(text) and (entry.when is None or entry.when.end >= since):
            yield entry, text


def _said(entry: Entry) -> str:
    reasons = (concept_text(c) for c in as_list(entry.resource.get("reasonCode")))
    head = plan_text(entry) if entry.type == "CarePlan" else entry.text
    return "; ".join(part for part in (head, *reasons, notes_of(entry.resource)) if part)


def _last(record: PatientRecord, as_of: date) -> Infusion | None:
    return next((t for t in transplants(record, as_of) if t.when is not None), None)


@provides("hct_conditioning")
def tbi(facts: Facts) -> Iterator[Fact]:
    """Whether the latest transplant was conditioned with TBI: said, or given within the month before. "Non-TBI" where another
    conditioning is named, or its drugs were given and complete procedures show no radiation in that month.
    """
    if facts.record is None:
        return
    name = "hct_conditioning"
    last = _last(facts.record, facts.as_of)
    if last is None or last.when is None:
        yield absent(facts, name, "Procedure", what="the conditioning of a transplant")
        return
    month = When(last.when.start - _BEFORE_GRAFT, last.when.end)
    rows = [(e, _said(e)) for e in facts.record.of_type("Procedure") if e is last.entry or _in(e.when, month)]
    radiated = [seen_in(e, t, from_text=True) for e, t in rows if states(t, _TBI) and not _NO_TBI.search(t)]
    spared = [seen_in(e, t, from_text=True) for e, t in rows if _NO_TBI.search(t)]
    given = [e for e in exposures(facts.record, facts.as_of).given(*_CHEMO) if _in(e.start, month)]
    if radiated and not spared:
        yield known(name, "TBI", *radiated)
    elif spared and not radiated:
        yield known(name, "non-TBI", *spared)
    elif given and not radiated and complete_list(facts, "Procedure"):
        yield known(
            name,
            "non-TBI",
            *(e.seen("given before the transplant, without radiation", inferred=True) for e in given[:3]),
        )
    else:
        yield unknown(name, Reason.NOT_DECIDED, "whether TBI was part of the conditioning is not said", (last.seen(),))


def _in(when: When | None, span: When) -> bool:
    return when is not None and span.start <= when.start and when.end <= span.end


@provides("lymphodepletion_started", "days_since_lymphodepletion_end")
def lymphodepletion(facts: Facts) -> Iterator[Fact]:
    """Lymphodepletion of the last two months, by name, or by fludarabine with cyclophosphamide that something ties to CAR-T
    cells: a word beside them, cells infused within a month after, or cells ordered. It is over once all its drugs are.
    """
    if facts.record is None:
        return
    started, ended = "lymphodepletion_started", "days_since_lymphodepletion_end"
    found = exposures(facts.record, facts.as_of)
    drugs = _pair(found, facts.as_of)
    named = [e for e in facts.record.of_type("Procedure") if _is_depletion(e, facts.as_of)]
    if not _tied(facts.record, found, drugs, facts.as_of):
        drugs = []
    spans = [(e.start, e.end, e.ongoing, e.seen("lymphodepletion by its drugs", inferred=True)) for e in drugs]
    spans += [(e.when, e.until or e.when, e.status == "in-progress", seen_in(e, e.text, from_text=True)) for e in named]
    if not spans:
        for name in (started, ended):
            yield absent(facts, name, "MedicationAdministration", "Procedure", what="lymphodepletion")
        return
    seen = tuple(p for *_, p in spans)
    yield known(started, True, *seen)
    last = [end for _, end, _, _ in spans if end is not None]
    if len(last) < len(spans) or any(ongoing for _, _, ongoing, _ in spans):
        yield unknown(ended, Reason.NOT_DECIDED, "lymphodepletion is not known to be over", seen)
        return
    end = max(last, key=lambda when: when.end)
    low, high = float((facts.as_of - end.end).days), float((facts.as_of - end.start).days)
    if low < 0:
        yield unknown(ended, Reason.NOT_DECIDED, "lymphodepletion ends after the day of judgement", seen)
    else:
        yield known(ended, low if low == high else Interval(low, high), *seen)


def _pair(found: Exposures, as_of: date) -> list[Exposure]:
    """Fludarabine and cyclophosphamide begun within a week of each other, lately."""
    rows = [
        e
        for e in found.given("fludarabine", "cyclophosphamide")
        if e.start is not None and e.start.end >= as_of - _LATELY
    ]
    starts = {
        drug: [e.start for e in rows if e.drug == drug and e.start] for drug in ("fludarabine", "cyclophosphamide")
    }
    near = any(abs(a.start - b.start) <= _TOGETHER for a in starts["fludarabine"] for b in starts["cyclophosphamide"])
    return rows if near else []


def _tied(record: PatientRecord, found: Exposures, drugs: list[Exposure], as_of: date) -> bool:
    """Whether the drugs are lymphodepletion rather than conditioning or chemotherapy."""
    if not drugs:
        return False
    if any(states(text, _DEPLETION) or states(text, _CAR) for e in drugs for text in (_said(e.entry),)):
        return True
    last = max(e.start.start for e in drugs if e.start is not None)
    cells = [i.when for i in infusions(record, as_of) if i.kind == "CAR-T" and i.when is not None]
    if any(last <= when.start <= last + _BEFORE_CELLS for when in cells):
        return True
    return any(
        "CAR-T" in (e.drug, *IMPLIES.get(e.drug, ())) and not e.given and e.entry.status == "active"
        for e in found.items
    ) or any(i.kind == "CAR-T" and i.planned for i in infusions(record, as_of))


def _is_depletion(entry: Entry, as_of: date) -> bool:
    done = entry.status in (None, "completed", "in-progress", "stopped")
    if not done or entry.when is None or not as_of - _LATELY <= entry.when.end or entry.when.start > as_of:
        return False
    return states(entry.text, _DEPLETION) and not NOT_TAKEN.search(entry.text)


PROVIDERS: tuple[Provider, ...] = (preparation, tbi, lymphodepletion)
