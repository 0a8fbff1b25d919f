"""Blasts in marrow and blood, and the response where it is stated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.course.text import in_pieces
from service.facts.findings.results import (
    RESULTS,
    Measured,
    full_text,
    judged,
    latest_first,
    measured,
    nothing,
    outdated,
    results_about,
)
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.text import Mention, mention_of
from service.record.values import as_text, codings_of, components, concept_text

_MARROW = "response.marrow_blasts"
# A sentence on residual disease or flow cytometry counts other cells.
_WITHOUT_MRD = re.compile(
    r"(?:(?<=[.;\n])|^)(?:[^.;\n]|(?<=\d)\.(?=\d))*\b(?:MRD|residual|resterkrankung|flow|FACS|\w*zytometri\w*|cytometr\w*)\b(?:[^.;\n]|\.(?=\d))*",
    re.IGNORECASE,
)
_MARROW_REPORT = re.compile(
    r"(?:bone marrow|knochenmark\w*|\bBM\b|\bKM\b)[\s,-]*(?:aspir|biops|morpholog|zytolog|cytolog|histolog|punkt|smear|ausstrich|patholog"
    r"|report|befund|exam)|beckenkammbiops|h(?:a)?ematopatholog",
    re.IGNORECASE,
)
_SPINAL = re.compile(r"\bCSF\b|liquor|lumbar|cerebrospinal", re.IGNORECASE)
_NUMBER = r"(\d{1,3}(?:[.,]\d+)?)"
_BLASTS = re.compile(
    rf"(?:blasts?|blasten\w*|lymphoblast\w*)\b[^.;\n%\d<>≤≥]{{0,40}}?([<>≤≥]=?)?\s*{_NUMBER}\s*(?:(?:-|–|to|bis)\s*{_NUMBER}\s*)?%"
    rf"|([<>≤≥]=?|less than |unter |below )?\s*{_NUMBER}\s*(?:(?:-|–|to|bis)\s*{_NUMBER}\s*)?%\s*(?:\w+\s+){{0,2}}?(?:blasts?|blasten|lymphoblast)",
    re.IGNORECASE,
)
_NO_EXCESS = re.compile(
    r"no (?:excess|increase)(?: of| in)? (?:\w+ )?blasts?|blasts? not increased|not? increased blasts"
    r"|keine? (?:blastenvermehrung|vermehrung (?:der |von )?blasten)|blasten nicht vermehrt",
    re.IGNORECASE,
)
_CATEGORY = re.compile(r"(?<![\w-])M([123])(?:[- ]?(?:marrow|mark|knochenmark|status))?(?![\w/])")
_CATEGORY_SPANS = {"M1": Interval(0, 5, high_open=True), "M2": Interval(5, 25), "M3": Interval(25, 100)}


@once_per_record
def _marrow_results(record: PatientRecord) -> list[Entry]:
    """Marrow findings, by code or as reports that are called so; a lumbar puncture filed under a marrow code is left
    out, and so are flow cytometry and MRD, which count other cells.
    """
    coded = record.about(_MARROW, types=RESULTS)
    named = (e for e in record.of_type(*RESULTS) if _MARROW_REPORT.search(e.text) and _of_marrow(e))
    return latest_first(e for e in dict.fromkeys((*coded, *named)) if not _SPINAL.search(full_text(e)))


def _of_marrow(entry: Entry) -> bool:
    other = ("mrd.", "immunophenotype.", "genetics.", "karyotype.", "labs.")
    return not any(concept.startswith(other) for concept in entry.concepts)


def read_blasts(text: str) -> float | Interval | None:
    """Percent of blasts from a text: ``blasts 3-4 %``, ``<5 % blasts``, ``no excess of blasts``, ``M1 marrow``.

    >>> read_blasts("blasts <5 %")
    Interval(low=0, high=5.0, low_open=False, high_open=True)
    """
    if not text.strip():
        return None
    bare = re.fullmatch(rf"\s*([<>≤≥]=?)?\s*{_NUMBER}\s*(?:(?:-|–|to|bis)\s*{_NUMBER}\s*)?%\s*", text)
    match = bare or _BLASTS.search(text)
    if match:
        groups = match.groups() if bare or match[2] else match.groups()[3:]
        sign, low, high = groups[0], float(groups[1].replace(",", ".")), groups[2]
        if high is not None:
            return Interval(low, float(high.replace(",", ".")))
        return _signed((sign or "").strip().lower(), low)
    if _NO_EXCESS.search(text):
        return _CATEGORY_SPANS["M1"]
    named = {f"M{m[1]}" for m in _CATEGORY.finditer(text)}
    return _CATEGORY_SPANS[named.pop()] if len(named) == 1 else None


def _signed(sign: str, value: float) -> float | Interval:
    if sign in ("<", "less than", "unter", "below"):
        return Interval(0, value, high_open=True)
    if sign in ("<=", "≤", "≤="):
        return Interval(0, value)
    if sign in (">", ">=", "≥", "≥="):
        return Interval(value, 100, low_open=sign == ">")
    return value


def _blasts_of(entry: Entry) -> Measured | None:
    """Marrow blasts of one result, from its number, a component, or its words."""
    number = measured(entry.resource, "percent")
    if number is not None and number.value is not None:
        return number
    for component in components(entry.resource):
        name = concept_text(component.get("code"))
        if re.search(r"blast", name, re.IGNORECASE) and not re.search(r"\bCD\s?\d", name):
            found = measured(component, "percent")
            if found is not None:
                return found
    value = read_blasts(_WITHOUT_MRD.sub(" ", full_text(entry)))
    if value is not None:
        return Measured(value, " ".join(full_text(entry).split())[:200])
    return number


@provides("marrow_blasts_percent", "marrow_category", "marrow_blasts_percent_day15")
def marrow(facts: Facts) -> Iterator[Fact]:
    """Blasts in the newest marrow, its category where one is stated, and blasts on day 15."""
    if facts.record is None:
        return
    found = [(e, m) for e in _marrow_results(facts.record) if (m := _blasts_of(e)) is not None]
    if not found:
        yield nothing(facts, "marrow_blasts_percent", *RESULTS, concepts=(_MARROW,))
        return
    entry, value = found[0]
    percent = judged(facts, "marrow_blasts_percent", entry, value)
    yield percent
    yield from _category(entry, percent)
    for earlier, amount in found:
        if re.search(r"\b(?:day|tag|d)\s?\+?15\b", full_text(earlier), re.IGNORECASE) and amount.value is not None:
            yield judged(facts, "marrow_blasts_percent_day15", earlier, amount)
            break


def _category(entry: Entry, percent: Fact) -> Iterator[Fact]:
    named = {f"M{m[1]}" for m in _CATEGORY.finditer(full_text(entry))}
    if percent.known and len(named) == 1:
        word = named.pop()
        yield known("marrow_category", word, seen_in(entry, word, from_text=True))


_SEEN_BLASTS = re.compile(r"blasts?\b|blasten\b|lymphoblast\w*", re.IGNORECASE)
_ANY = re.compile(
    r"\b(?:present|seen|detected|positive|yes|few|many|occasional|rare|nachweisbar|vorhanden)\b", re.IGNORECASE
)
_NONE = re.compile(
    r"\b(?:none|no|absent|negative|not (?:seen|detected|present)|nil|keine?r?|nicht nachweisbar)\b", re.IGNORECASE
)


_DOUBT = re.compile(
    r"possib|suspect|suspici|cannot|can not|indetermin|equivocal|fraglich|nicht auszuschlie|\?", re.IGNORECASE
)


def blasts_said(entry: Entry) -> bool | None:
    """Whether the words of a result on blasts say that there are any."""
    value = as_text(entry.resource.get("valueString")) or concept_text(entry.resource.get("valueCodeableConcept"))
    text = value or full_text(entry)
    if _DOUBT.search(text):
        return None
    mention = mention_of(text, _SEEN_BLASTS)
    if mention is Mention.PRESENT:
        return not _NONE.search(text) if value else None
    if mention is Mention.NEGATED:
        return False
    if mention is None and value:
        if _NONE.search(value):
            return False
        return True if _ANY.search(value) else None
    return None


def any_blasts(facts: Facts, name: str, entry: Entry) -> Fact | None:
    """Whether one result shows blasts, by number or words; ``None`` if it holds neither."""
    for kind in ("percent", "cells", "csf"):
        found = measured(entry.resource, kind)
        if found is not None and found.value is not None:
            break
    else:
        found = None
    said = blasts_said(entry) if found is None else None
    seen = seen_in(entry, found.found if found else " ".join(full_text(entry).split())[:200], from_text=found is None)
    if found is None and said is None:
        return None
    old = outdated(facts, name, entry, seen)
    if old is not None:
        return old
    if found is not None and found.value is not None:
        value = found.value if isinstance(found.value, Interval) else Interval(found.value, found.value)
        said = value.more_than(0)
    if said is None:
        return unknown(name, Reason.NOT_DECIDED, "below a limit: not said whether any were seen", (seen,))
    return known(name, said, seen)


@provides("circulating_blasts")
def circulating_blasts(facts: Facts) -> Iterator[Fact]:
    """Blasts in the blood: any in a result of the newest day. A missing row is not zero."""
    if facts.record is None:
        return
    told = [
        (e, f) for e in results_about(facts.record, "labs.blood_blasts")
        if (f := any_blasts(facts, "circulating_blasts", e)) is not None
    ]  # fmt: skip
    if not told:
        yield nothing(facts, "circulating_blasts")
        return
    newest = [f for e, f in told if _same_day(e, told[0][0])]
    yield next((f for f in newest if f.value is True), next((f for f in newest if not f.known), newest[0]))


def _same_day(one: Entry, other: Entry) -> bool:
    return (one.when.end if one.when else None) == (other.when.end if other.when else None)


_CODED = {
    "V": "CR", "R": "CR", "T": "less-than-CR", "K": "less-than-CR", "P": "less-than-CR",
    "550991000124107": "CR", "551001000124108": "less-than-CR",
}  # fmt: skip
_STATED = (
    ("CRi", r"\bCRi\b|\bCRh\b|\bCRp\b|(?:CR|complete (?:remission|response)) with incomplete (?:count|hemato|blood)\w*"
            r"|komplette remission mit unvollständiger"),
    ("less-than-CR", r"partial (?:remission|response)|partielle remission|teilremission|no (?:response|remission)\b"
                     r"|(?:not|nicht) in (?:complete |kompletter )?remission|less than (?:CR|complete)|keine remission"
                     r"|refract\w+|refraktär\w*|non-?respon\w+|induction failure|induktionsversagen"),
    ("CR", r"\bCR(?:[1-4])?\b(?!P)|complete (?:\w+ )?(?:remission|response)|komplette remission|vollremission|komplettremission"),
)  # fmt: skip
_RESPONSES = tuple((name, re.compile(pattern, re.IGNORECASE if name != "CRi" else 0)) for name, pattern in _STATED)
_MOLECULAR = re.compile(
    r"(?:complete )?(?:molecular|molekulare?|cytogenetic|metabolic) (?:remission|response)|CMR", re.IGNORECASE
)
_STATUS = ("response.disease_status", "response.obds")


def stated_response(text: str) -> str | None:
    """CR, CRi or less-than-CR where a text says so. "Improved" or "stable" say nothing of remission, and a molecular
    response is another thing.
    """
    text = in_pieces(_MOLECULAR.sub(" ", text))
    for name, pattern in _RESPONSES:
        mention = mention_of(text, pattern)
        if mention is Mention.PRESENT or (mention is Mention.NEGATED and name == "less-than-CR"):
            return name
        if mention is Mention.NEGATED and name == "CR":
            return "less-than-CR"
    return None


@provides("response", needs=("marrow_blasts_percent",))
def response(facts: Facts) -> Iterator[Fact]:
    """The newest stated response: a coded assessment, or words in a disease status or marrow report.

    Marrow blasts of 5 % or more on the same day or later contradict a stated remission.
    """
    record = facts.record
    if record is None:
        return
    entries = latest_first([*record.about(*_STATUS, types=RESULTS), *_marrow_results(record)])
    for entry in dict.fromkeys(entries):
        found = _response_of(entry)
        if found is None:
            continue
        value, seen = found
        marrow_now = facts["marrow_blasts_percent"]
        if value != "less-than-CR" and _contradicted(entry, marrow_now):
            detail = "a remission was stated, and marrow blasts are 5 % or more"
            yield unknown("response", Reason.CONFLICTING, detail, (seen, *marrow_now.provenance))
        else:
            yield known("response", value, seen)
        return
    yield nothing(facts, "response", *RESULTS, concepts=_STATUS)


def _response_of(entry: Entry) -> tuple[str, Provenance] | None:
    status = entry.concepts & set(_STATUS)
    if status:
        for _, code in codings_of(entry.resource.get("valueCodeableConcept")):
            if code in _CODED:
                return _CODED[code], seen_in(entry, code)
    text = full_text(entry)
    words = text if not status else text.replace(entry.text, " ", 1)
    said = stated_response(words)
    return (said, seen_in(entry, " ".join(words.split())[:200], from_text=True)) if said else None


def _contradicted(entry: Entry, marrow_now: Fact) -> bool:
    value = marrow_now.value
    raised = value.at_least(5) if isinstance(value, Interval) else isinstance(value, float) and value >= 5
    day = marrow_now.provenance[0].date if marrow_now.provenance else None
    return bool(raised) and day is not None and entry.when is not None and day[:10] >= entry.when.start.isoformat()


PROVIDERS: tuple[Provider, ...] = (marrow, circulating_blasts, response)
