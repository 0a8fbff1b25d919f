"""Blasts in the marrow: every result of a record, the newest one, that of day 15, and the category it is stated to be.

Sources of a number: LOINC 11150-0 and reports of aspirates and biopsies. The categories M1 (below 5 %), M2 (5 to 25 %)
and M3 (above 25 %) are the marrow rating of the COG, which NCCN uses without printing the limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.model import Fact, Facts, Interval, Provider, known, provides
from service.facts.results.lookup import RESULTS, Measured, full_text, judged, latest_first, measured, nothing
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.text import Mention, mention_of
from service.record.values import as_text, components, concept_text

_MARROW = "response.marrow_blasts"
# A sentence on residual disease or flow cytometry counts other cells. "Residual leukemia, 22 % blasts" is no such
# disease: that many are seen under the microscope.
_WITHOUT_MRD = re.compile(
    r"(?:(?<=[.;\n])|^)(?:[^.;\n]|(?<=\d)\.(?=\d))*\b(?:MRD|residual(?![^.;\n]*(?<![\d.,])(?:[5-9]|[1-9]\d)(?:[.,]\d+)?\s?%)|resterkrankung|flow|FACS|\w*zytometri\w*|cytometr\w*)\b(?:[^.;\n]|\.(?=\d))*",
    re.IGNORECASE,
)
_MARROW_REPORT = re.compile(
    r"(?:(?:bone[\s-])?marrow|knochenmark\w*|\bBM\b|\bKM\b)[\s,-]*(?:aspir|biops|morpholog|zytolog|cytolog|histolog|punkt|smear|ausstrich|patholog"
    r"|report|befund|exam|kontroll|diagnos|untersuch)|(?:morpholog|zytolog|cytolog|histolog)\w*[\s,:-]*(?:de[sr]\s+|of\s+|aus\s+)?(?:bone marrow|knochenmark|\bKM\b)"
    r"|(?-i:\bKMP\b)|(?:beckenkamm|sternal)-?(?:biops|punkt|stanz)|h(?:a)?ematopatholog",
    re.IGNORECASE,
)
# A report that is called "Bone marrow" and no more, or a pathology report that is headed so.
_BARE_NAME = re.compile(
    r"\s*(?:bone marrow|marrow|BM|knochenmark|KM)(?: (?:x\d|bilateral|left|right))?\s*", re.IGNORECASE
)
_PATHOLOGY = re.compile(r"patholog|histolog|\bbiops|\bcytolog|\bzytolog|tissue exam", re.IGNORECASE)
_HEADED = re.compile(
    r"(?:^|\n)[\s\W]{0,5}(?:(?:final )?(?:pathologic(?:al)? )?diagnos[ie]s:?\s*)?(?:[A-Z1-9][.):]\s*)?(?:bone[ -]marrow|knochenmark\w*)\b",
    re.IGNORECASE,
)
_IN_MARROW = re.compile(r"marrow|knochenmark|\bKMP?\b|\bBM\b|beckenkamm|megakaryo|infiltr", re.IGNORECASE)
_SPINAL = re.compile(r"\bCSF\b|liquor|lumbar|cerebrospinal", re.IGNORECASE)
_NUMBER = r"(\d{1,3}(?:[.,]\d+)?)"
_SIGN = (
    r"([<>≤≥]=?|less than|fewer than|below|under|unter|weniger als|more than|over|über|mehr als|at least|mindestens)?"
)
_RANGE = rf"{_NUMBER}\s*(?:(?:-|–|to|bis)\s*{_NUMBER}\s*)?%"
_BLASTS = re.compile(
    rf"(?:blasts?|\w*blasten\w*|\w*lymphoblast\w*)\b[^.;\n%\d<>≤≥]{{0,40}}?{_SIGN}\s*{_RANGE}"
    rf"|{_SIGN}\s*{_RANGE}\s*(?:\w+\s+){{0,2}}?(?:blasts?|blasten|lymphoblast)",
    re.IGNORECASE,
)
_OF_CELLS = re.compile(
    r"(?:blasts?|blasten|lymphoblast\w*)\b[^.;\n\d]{0,15}?(\d{1,3})\s*(?:/|per|of|von|auf|pro)\s*(100|200|300|400|500|1000)\s*(?:\w+\s+)?"
    r"(?:cells|zellen)",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\b(?:ca|approx|circa|etwa|about|approximately|roughly|rund)\b\.?\s*|~\s*(?=\d)", re.IGNORECASE)
_PERCENT_WORD = re.compile(r"\s*(?:percent|per cent|prozent)\b", re.IGNORECASE)
_SENTENCES = 600
_LONGEST = 4000  # characters of a report that are looked through
_NAMED_BLASTS = re.compile(r"\bblasts?\b|\bblasten\b|\blymphoblast\w*", re.IGNORECASE)
_NO_EXCESS = re.compile(
    r"no (?:excess|increase)(?: of| in)? (?:\w+ )?blasts?|blasts? not increased|not? increased blasts"
    r"|remission(?:s|[\s-])?(?:mark|marrow)|kein\w* blasten(?:überschuss|exzess)|keine? (?:blastenvermehrung|vermehrung (?:der |von )?blasten)|blasten nicht vermehrt",
    re.IGNORECASE,
)
_CATEGORY = re.compile(r"(?<![\w-])M([123])(?:[- ]?(?:marrow|mark|knochenmark|status))?(?![\w/])")
_CATEGORY_SPANS = {"M1": Interval(0, 5, high_open=True), "M2": Interval(5, 25), "M3": Interval(25, 100, low_open=True)}


@once_per_record
def marrow_results(record: PatientRecord) -> list[Entry]:
    """Marrow findings, by code or as reports that are called so; a lumbar puncture filed under a marrow code is left
    out, and so are flow cytometry and MRD, which count other cells.
    """
    coded = record.about(_MARROW, types=RESULTS)
    named = (e for e in record.of_type(*RESULTS) if _is_named_marrow(e) and _of_marrow(e))
    return latest_first(e for e in dict.fromkeys((*coded, *named)) if not _is_tap(e))


def _is_tap(entry: Entry) -> bool:
    """Whether a result is of a lumbar puncture: called so, or about it with no word of the marrow. A marrow report may
    add what the fluid showed.
    """
    text = full_text(entry)
    return _SPINAL.search(entry.text) is not None or (
        _SPINAL.search(text) is not None
        and not _IN_MARROW.search(text.replace(entry.text, " ", 1) if entry.type == "Observation" else text)
    )


def _is_named_marrow(entry: Entry) -> bool:
    """Whether a result is a marrow report by its name, or a pathology report whose text opens with the marrow."""
    if _MARROW_REPORT.search(entry.text) or any(_BARE_NAME.fullmatch(name) for name in entry.text.split(" | ")):
        return True
    if entry.type != "DiagnosticReport" or not _PATHOLOGY.search(entry.text):
        return False
    return _HEADED.search(as_text(entry.resource.get("conclusion"))[:_LONGEST]) is not None


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
    text = _PERCENT_WORD.sub(" %", _ABOUT.sub("", text[:_LONGEST]))
    bare = re.fullmatch(rf"\s*([<>≤≥]=?)?\s*{_NUMBER}\s*(?:(?:-|–|to|bis)\s*{_NUMBER}\s*)?%\s*", text)
    match = bare or _BLASTS.search(text)
    if match:
        groups = match.groups() if bare or match[2] else match.groups()[3:]
        sign, low, high = groups[0], float(groups[1].replace(",", ".")), groups[2]
        if high is not None:
            return Interval(low, float(high.replace(",", ".")))
        return _signed((sign or "").strip().lower(), low)
    counted = _OF_CELLS.search(text)
    if counted and int(counted[1]) <= int(counted[2]):
        return int(counted[1]) * 100 / int(counted[2])
    if _NO_EXCESS.search(text):
        return _CATEGORY_SPANS["M1"]
    named = {f"M{m[1]}" for m in _CATEGORY.finditer(text)}
    if len(named) == 1:
        return _CATEGORY_SPANS[named.pop()]
    return 0.0 if not named and mention_of(text[:_SENTENCES], _NAMED_BLASTS) is Mention.NEGATED else None


def _signed(sign: str, value: float) -> float | Interval:
    if sign in ("<", "less than", "fewer than", "unter", "below", "under", "weniger als"):
        return Interval(0, value, high_open=True)
    if sign in ("<=", "≤", "≤="):
        return Interval(0, value)
    if sign in (">", "more than", "over", "über", "mehr als"):
        return Interval(value, 100, low_open=True)
    if sign in (">=", "≥", "≥=", "at least", "mindestens"):
        return Interval(value, 100)
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


@once_per_record
def marrow_series(record: PatientRecord) -> tuple[tuple[Entry, Measured], ...]:
    """All marrow results that say how many blasts there are, newest first."""
    return tuple((entry, found) for entry in marrow_results(record) if (found := _blasts_of(entry)) is not None)


@provides("marrow_blasts_percent", "marrow_category", "marrow_blasts_percent_day15")
def marrow(facts: Facts) -> Iterator[Fact]:
    """Blasts in the newest marrow, its category where one is stated, and blasts on day 15."""
    if facts.record is None:
        return
    found = marrow_series(facts.record)
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


PROVIDERS: tuple[Provider, ...] = (marrow,)
