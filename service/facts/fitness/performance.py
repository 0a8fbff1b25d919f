"""Performance status as ECOG 0 to 5.

LOINC 89247-1 (ECOG), 89243-0 (Karnofsky), NCIt C38144 (Lansky), SNOMED CT and the German oncology data set, whose one element
holds either an ECOG digit or a Karnofsky percentage. Karnofsky and, for children, the Lansky play scale become ECOG by the
table of the Children's Oncology Group: 100-90 is 0, 80-70 is 1, 60-50 is 2, 40-30 is 3, 20-10 is 4, 0 is 5; the fact names
the scale.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, fresh, seen_in
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import full_text, latest_first, results_about
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry
from service.record.values import all_text, as_float, as_list, codings_of, concept_text, quantity, value_text

# ECOG 0-5: LOINC answers of 89247-1, SNOMED CT findings.
_ECOG_CODES = {
    "LA9622-7": 0, "LA9623-5": 1, "LA9624-3": 2, "LA9625-0": 3, "LA9626-8": 4, "LA9627-6": 5,
    "425389002": 0, "422512005": 1, "422894000": 2, "423053003": 3, "423237006": 4, "423409001": 5,
}  # fmt: skip
_UPTO = r"(?:\s*(?:-|–|/|to|bis|oder|or)\s*"
_ECOG_TEXT = re.compile(
    rf"(?:ECOG|zubrod|WHO|performance status|leistungszustand|\bPS\b)[^\d\n%]{{0,30}}([0-5])(?!\d|[.,]\d|\s?%|\s?/\s?[1-9]\d){_UPTO}([0-5])(?![\d%]|\s?%))?",
    re.IGNORECASE,
)
_ALONE = re.compile(
    rf"\s*(?:grade|grad|score|stage|PS)?[\s:=]*([0-5]){_UPTO}([0-5]))?\s*(?:\D.*)?", re.IGNORECASE | re.DOTALL
)
_HUNDRED = r"(100|[1-9]0|0)"
_KARNOFSKY_TEXT = re.compile(
    rf"(?:karnofsky|lansky|\bKPS\b|\bKI\b|\bLPS\b)[^\d\n]{{0,30}}{_HUNDRED}(?!\d)\s*%?{_UPTO}{_HUNDRED}(?!\d)\s*%?)?",
    re.IGNORECASE,
)
_PERCENT_ALONE = re.compile(rf"\s*{_HUNDRED}\s*%?(?:\s*(?:-|–|to|bis)\s*{_HUNDRED}\s*%?)?\s*")
_GROUPS = ("fitness.ecog", "fitness.karnofsky_lansky")
_WRITTEN = re.compile(r"\bECOG\b|karnofsky|lansky|\bKPS\b", re.IGNORECASE)
Score = float | Interval


@provides("ecog")
def ecog(facts: Facts) -> Iterator[Fact]:
    """The newest score of the last 60 days, ECOG before another scale of the same day."""
    if facts.record is None:
        return
    limit = VOCABULARY.lookup("ecog").stale_after_days
    reasons: list[Fact] = []
    for entry, own in _entries(facts):
        value, scale = _score(entry, own)
        note = None if scale is None else f"from {scale}"
        shown = all_text(entry.resource) or _shown(entry) or entry.text
        seen = seen_in(entry, shown if own else (full_text(entry)[:120]), from_text=not own, note=note)
        recent = fresh(entry.when, facts.as_of, limit)
        if value is None:
            if own:
                reasons.append(unknown("ecog", Reason.UNREADABLE, "the score cannot be read", (seen,)))
        elif isinstance(value, float) and not 0 <= value <= 5:
            reasons.append(unknown("ecog", Reason.IMPLAUSIBLE, "outside 0 to 5: shown, not used", (seen,)))
        elif recent:
            yield known("ecog", value, seen)
            return
        elif recent is None:
            reasons.append(unknown("ecog", Reason.UNDATED, "its date is missing or too vague", (seen,)))
        else:
            reasons.append(unknown("ecog", Reason.STALE, f"the newest score is older than {limit} days", (seen,)))
    yield reasons[0] if reasons else absent(facts, "ecog", "Observation", what="a performance status")


def _entries(facts: Facts) -> list[tuple[Entry, bool]]:
    """Scores, newest first, ECOG first within a day; then, where there are none, notes and reports that write one."""
    assert facts.record is not None
    scored = results_about(facts.record, *_GROUPS, fluids=True)
    scored.sort(key=lambda e: (-(e.when.end.toordinal() if e.when else 0), "fitness.ecog" not in e.concepts))
    written = (e for e in facts.record.of_type("DiagnosticReport", "Condition") if _WRITTEN.search(full_text(e)))
    return [*((e, True) for e in scored), *((e, False) for e in latest_first(written))]


def _shown(entry: Entry) -> str | None:
    number = quantity(entry.resource)
    return number.text if number is not None else None


def _score(entry: Entry, own: bool) -> tuple[Score | None, str | None]:
    """The ECOG score, and the name of the scale it was converted from."""
    if not own:
        return _in_words(full_text(entry))
    percent = "fitness.ecog" not in entry.concepts
    number = quantity(entry.resource)
    if number is not None:
        if number.comparator is not None:
            return None, None
        if percent or ((number.unit == "%" or number.value > 5) and number.value % 10 == 0):
            return _from_percent(number.value), _scale(entry)
        return (number.value if number.value == int(number.value) else None), None
    for concept in (entry.resource.get("valueCodeableConcept"), *as_list(entry.resource.get("interpretation"))):
        for _, code in codings_of(concept):
            if code in _ECOG_CODES:
                return float(_ECOG_CODES[code]), None
            if not percent and re.fullmatch("[0-5]", code.strip()):  # the score itself, as in the German data set
                return float(code), None
            if re.fullmatch(rf"{_HUNDRED}\s?%", code.strip()) or (percent and re.fullmatch(_HUNDRED, code.strip())):
                return _from_percent(float(code.strip().rstrip("% "))), _scale(entry)
    text = value_text(entry.resource)
    for part in (text, *text.split("|")):
        alone = (_PERCENT_ALONE if percent else _ALONE).fullmatch(part)
        if alone and not percent and not _KARNOFSKY_TEXT.search(part):
            return _span(float(alone[1]), float(alone[2] or alone[1])), None
        if alone and percent:
            return _of_percents(alone[1], alone[2]), _scale(entry)
    return _in_words("\n".join((all_text(entry.resource), entry.text if not text else "")))


def _in_words(text: str) -> tuple[Score | None, str | None]:
    found = _ECOG_TEXT.search(text)
    if found:
        return _span(float(found[1]), float(found[2] or found[1])), None
    found = _KARNOFSKY_TEXT.search(text)
    if found:
        return _of_percents(found[1], found[2]), "Lansky" if "lansky" in found.group().lower() else "Karnofsky"
    return None, None


def _scale(entry: Entry) -> str:
    words = " ".join((entry.text, concept_text(entry.resource.get("valueCodeableConcept")))).lower()
    lansky = "lansky" in words or any(code == "C38144" for _, code in entry.codings)
    return "Karnofsky or Lansky" if lansky and "karnofsky" in words else "Lansky" if lansky else "Karnofsky"


def _of_percents(first: str, second: str | None) -> Score | None:
    one, other = _from_percent(as_float(first)), _from_percent(as_float(second or first))
    return None if one is None or other is None else _span(one, other)


def _span(one: float, other: float) -> Score:
    return one if one == other else Interval(min(one, other), max(one, other))


def _from_percent(value: float | None) -> float | None:
    if value is None or not 0 <= value <= 100 or value % 10:
        return None
    return float(5 if value == 0 else 4 - (int(value) // 10 - 1) // 2)


PROVIDERS: tuple[Provider, ...] = (ecog,)
