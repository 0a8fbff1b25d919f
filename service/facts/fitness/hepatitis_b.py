"""Hepatitis B serology: positive by HBsAg, anti-HBc or viral DNA, or by a diagnosis of hepatitis B; negative only by both
HBsAg and anti-HBc. Anti-HBs alone is vaccination, and anti-HBc IgM alone excludes no past infection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, seen_in
from service.facts.disease.conditions import in_icd, is_differential, names
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import full_text, results_about
from service.facts.results.ranges import against_range
from service.record.model import Entry, PatientRecord
from service.record.text import Mention, mention_of
from service.record.values import all_text, qualitative, quantity

_HBSAG_CODES, _ANTI_HBC_CODES = frozenset({"5195-3", "63557-3", "5196-1"}), frozenset({"13952-7", "16933-4", "22316-4"})
_HBSAG = re.compile(
    r"(?<!anti-)(?<!anti )\bHBs[\W_]?(?:Ag|Antigen)\b|hep(?:atitis|\.)?[\s-]*B\b.{0,16}(?:surface|s)[\s-]*(?:Ag\b|antigen)",
    re.I,
)
_ANTI_HBC = re.compile(
    r"(?:anti[- ]?HBc\b|\bHBc[\W_]?(?:Ab|Ak|Antik\w*|antibod\w*)\b|hep(?:atitis|\.)?[\s-]*B\b.{0,16}(?:core|c)[\s-]*(?:total |gesamt |IgG )?(?:Ab\b|Ak\b|antibod|antik))"
    r"(?!.{0,12}\bIgM\b)",
    re.I,
)
_DNA = re.compile(r"\bHBV[\s-]*(?:DNA|PCR|viral load|viruslast)|hepatitis B.{0,12}DNA", re.I)
_ANY = re.compile(f"{_HBSAG.pattern}|{_ANTI_HBC.pattern}|{_DNA.pattern}|anti[- ]?HBc", re.I)
_CHRONIC = re.compile(
    r"(?:chron\w*|persist\w*|acute?|akute|occult|inactive|reactivated)\W+(?:\w+\W+){0,2}hepatitis[\s-]*B\b|\bhepatitis[\s-]*B\b(?!.{0,25}(?:vac|impf|immun|surface|core|screen|non))|HBV[\s-]*(?:carrier|träger|infe[ck]tion)",
    re.I,
)
_ICD = ("B16", "B18.0", "B18.1", "B19.1", "Z22.51")
_NAME = "hbv_serology_positive"


@provides(_NAME)
def hepatitis_b(facts: Facts) -> Iterator[Fact]:
    """Any positive marker says yes, however old; no needs both tests."""
    record = facts.record
    if record is None:
        return
    negative: dict[str, Entry] = {}
    for entry in _entries(record):
        found = _result(record, entry)
        if found == "positive":
            shown = all_text(entry.resource) or (q.text if (q := quantity(entry.resource)) else None) or entry.text
            yield known(_NAME, True, seen_in(entry, shown or None))
            return
        codes = {code for _, code in entry.codings}
        for test, own, words in (("HBsAg", _HBSAG_CODES, _HBSAG), ("anti-HBc", _ANTI_HBC_CODES, _ANTI_HBC)):
            if found == "negative" and (codes & own or words.search(entry.text)):
                negative.setdefault(test, entry)
    for entry in record.of_type("DiagnosticReport"):
        text = full_text(entry)
        for test, words in (("HBsAg", _HBSAG), ("anti-HBc", _ANTI_HBC)):
            said = _in_words(text, words) if words.search(text) else None
            if said == "positive":
                yield known(_NAME, True, seen_in(entry, text[:120], from_text=True))
                return
            if said == "negative":
                negative.setdefault(test, entry)
    seen = tuple(seen_in(entry, f"{test} negative") for test, entry in negative.items())
    if len(negative) == 2:
        yield known(_NAME, False, *seen)
    elif negative:
        yield unknown(_NAME, Reason.NOT_DECIDED, f"only {next(iter(negative))} was tested", seen)
    else:
        yield absent(facts, _NAME, "Observation", what="hepatitis B serology")


def _entries(record: PatientRecord) -> list[Entry]:
    coded = [*record.about("fitness.hbv"), *results_about(record, "fitness.hbv")]
    named = [
        e
        for e in record.of_type("Observation", "Condition")
        if _ANY.search(e.text) or (e.type == "Condition" and _is_diagnosis(e))
    ]
    return list(dict.fromkeys((*coded, *named)))


def _is_diagnosis(entry: Entry) -> bool:
    return in_icd(entry, _ICD) or names(entry, _CHRONIC)


def _result(record: PatientRecord, entry: Entry) -> str | None:
    if entry.type == "Condition":
        if is_differential(entry):
            return None
        return "positive" if record.means(entry, "hbv") == "positive" or _is_diagnosis(entry) else None
    if entry.type != "Observation" or re.search(
        r"anti[- ]?HBs\b(?!.{0,3}Ag)|surface (?:Ab\b|antibod)|\bIgM\b", entry.text, re.I
    ):
        return None
    found = qualitative(entry.resource, record.terminology)
    if found is not None:
        return found
    return {"high": "positive", "normal": "negative"}.get(against_range(entry.resource) or "")


_POSITIVE = re.compile(
    r"^\W*(?:ist |is |was |war )?(?:positiv\w*|pos\b|reactive|reaktiv|detected|nachweisbar|\+)", re.I
)
_NEGATIVE = re.compile(
    r"^\W*(?:ist |is |was |war )?(?:negativ\w*|neg\b|non-?\s?reactive|nicht reaktiv|not detected|nicht nachweisbar|-)",
    re.I,
)


def _in_words(text: str, words: re.Pattern[str]) -> str | None:
    """What a report says of a test right behind its name."""
    found = words.search(text)
    if found is None:
        return None
    rest = text[found.end() : found.end() + 40]
    if _NEGATIVE.search(rest) or mention_of(text, words) is Mention.NEGATED:
        return "negative"
    return "positive" if _POSITIVE.search(rest) else None


PROVIDERS: tuple[Provider, ...] = (hepatitis_b,)
