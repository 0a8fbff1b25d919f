"""Ejection fraction and QTc, from measurements and from what reports of echocardiography and ECG say in words.

LOINC 10230-1, 18043-0, 8806-2 (LVEF) and 8636-3 (QTc); 8634-8 is the uncorrected QT. A bare number is taken where only one
unit is possible: an LVEF of 55 is percent and of 0.55 a fraction, a QTc of 480 is milliseconds. Words follow the
categories of the ESC 2021 heart failure guideline: preserved is 50 % or more, mildly reduced 41-49 %, reduced 40 % or less;
"reduced" alone is any of the latter two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.facts.model import Fact, Facts, Interval, Provider, Reason, provides
from service.facts.results.lookup import full_text, judged, latest_first, nothing, results_about
from service.facts.results.measured import Measured, measured
from service.record.model import Entry, PatientRecord
from service.record.text import states
from service.record.values import all_text, as_float, quantity

_N = r"(\d{1,3}(?:[.,]\d+)?)"
_LVEF = re.compile(
    r"(?<!RV)(?<!RV-)(?:LV[\s-]?EF|\bEF|ejection fraction|ejektionsfraktion|auswurffraktion)\b(?![^.;\n]{0,15}(?:right|rechts))"
    r"[^\d.;\n]{0,40}?" + _N + r"\s*(?:%|percent|prozent)?\s*(?:(?:-|–|to|bis)\s*" + _N + r")?\s*(%|percent|prozent)?",
    re.IGNORECASE,
)
_QTC = re.compile(
    r"\bQTc\w?\b[^\d.;\n]{0,25}?(\d{3})(?!\d)(?:\s*(?:-|–|to|bis)\s*(\d{3}))?\s*(?:ms\w*)?", re.IGNORECASE
)
# Machines print both intervals together: "QT/QTc 380/452 ms".
_BOTH = re.compile(r"\bQT\s*/\s*QTc\w?\b[^\d.;\n]{0,15}\d{3}\s*(?:ms)?\s*/\s*(?=\d{3})", re.IGNORECASE)
_NAMED = (
    r"(?:LV[\s-]?EF|\bEF|ejection fraction|ejektionsfraktion|LV[\s-]?(?:function|funktion|pumpfunktion)|pumpfunktion)"
)
_MILD = r"(?:mild(?:ly)?|slightly|leicht(?:gradig)?(?: bis mäßig)?|gering(?:gradig)?)"
_LOW = r"(?:reduced|impaired|depressed|reduziert\w*|eingeschränkt\w*|vermindert\w*)"
_WORDS: tuple[tuple[re.Pattern[str], Interval], ...] = tuple(
    (re.compile(rf"{_NAMED}\W[^.;\n]{{0,25}}?\b{words}|\b{words}\W+(?:\w+\W+){{0,2}}?{_NAMED}", re.IGNORECASE), span)
    for words, span in (
        (rf"{_MILD}\s+{_LOW}", Interval(41, 50, high_open=True)),
        (rf"(?:moderate(?:ly)?|severe(?:ly)?|mittelgradig|hochgradig|schwer)\s+{_LOW}", Interval(5, 40)),
        (_LOW, Interval(5, 50, high_open=True)),
        (r"(?:preserved|normal\w*|erhalten\w*|gut\w*|unauffällig\w*)", Interval(50, 100)),
    )
)
_UNCORRECTED = "8634-8"


@dataclass(frozen=True, slots=True)
class _Test:
    fact: str
    group: str
    kind: str
    in_words: re.Pattern[str]
    name: str
    low: float  # below, a number is no result of this test

    def bare(self, value: float) -> float | None:
        """A number without unit, where only one unit is possible."""
        if self.kind == "percent":
            return value * 100 if 0.1 <= value < 1 else value if self.low <= value <= 100 else None
        return value if 200 <= value <= 900 else value * 1000 if 0.2 <= value <= 0.9 else None


_TESTS = (
    _Test("lvef_percent", "fitness.lvef", "percent", _LVEF, "LVEF", 5),
    _Test("qtc_ms", "fitness.qtc", "milliseconds", _QTC, "QTc", 200),
)


@provides("lvef_percent", "qtc_ms")
def heart(facts: Facts) -> Iterator[Fact]:
    """The newest LVEF and QTc, measured or written."""
    if facts.record is None:
        return
    for test in _TESTS:
        for entry in latest_first(_candidates(facts.record, test)):
            found = _read(entry, test)
            if found is not None:
                yield judged(facts, test.fact, entry, found)
                break
        else:
            yield nothing(facts, test.fact, concepts=(test.group,))


def _candidates(record: PatientRecord, test: _Test) -> list[Entry]:
    measurements = [e for e in results_about(record, test.group) if not any(c == _UNCORRECTED for _, c in e.codings)]
    reports = [e for e in record.of_type("DiagnosticReport") if _speaks(test, full_text(e))]
    studies = [e for e in record.of_type("Observation") if "valueString" in e.resource and _speaks(test, full_text(e))]
    return list(dict.fromkeys((*measurements, *reports, *studies)))


def _speaks(test: _Test, text: str) -> bool:
    if test.in_words.search(text):
        return True
    return test.kind == "percent" and any(pattern.search(text) for pattern, _ in _WORDS)


def _read(entry: Entry, test: _Test) -> Measured | None:
    own = test.group in entry.concepts
    found = measured(entry.resource, test.kind) if own else None
    if found is not None and found.value is not None:
        # a fraction of 1 that came with the unit of percent
        low = found.value.low if isinstance(found.value, Interval) else found.value
        if test.kind == "percent" and 0 < low < 1:
            detail = "outside the plausible range: shown, not used"
            return Measured(None, found.found, Reason.IMPLAUSIBLE, detail)
        return found
    number = quantity(entry.resource) if own else None
    if number is not None and number.unit is None and number.comparator is None:
        value = test.bare(number.value)
        if value is not None:
            return Measured(float(f"{value:.12g}"), number.text)
    # a value such as "preserved" says of what only in the name of its test
    text = f"{test.name}: {all_text(entry.resource)}" if own else full_text(entry)
    return _in_words(text, test) or found


def _in_words(text: str, test: _Test) -> Measured | None:
    match = test.in_words.search(_BOTH.sub("QTc ", text))
    if match:
        ends = [as_float(part) for part in match.groups()[:2] if part]
        values = [v for end in ends if end is not None and (v := test.bare(end)) is not None]
        if len(values) == len(ends) and values:
            low, high = min(values), max(values)
            return Measured(low if low == high else Interval(low, high), " ".join(match.group().split()))
    if test.kind == "percent":
        for pattern, span in _WORDS:
            found = pattern.search(text)
            if found and states(text, pattern):
                return Measured(span, " ".join(found.group().split()))
    return None


PROVIDERS: tuple[Provider, ...] = (heart,)
