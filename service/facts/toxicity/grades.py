"""The grade of a toxicity, wherever a record says it: code, extension, value, component, stage, severity or words.

CTCAE grades 1 to 5; CRS and ICANS are graded by ASTCT (Lee 2019, Biol Blood Marrow Transplant 25:625) on the same numbers,
as are the older CRS scales, which are not told apart. An ICE score is no grade: it sets the least ASTCT grade of ICANS, as
seizures, edema and consciousness may raise it. The German oncology data set (oBDS) writes K for none and U for unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from service.facts.model import Interval
from service.record.model import Entry, PatientRecord, Resource
from service.record.values import (
    all_text,
    as_dict,
    as_float,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    quantity,
)

Grade = float | Interval
UNGRADED = Interval(1, 5)
_ONE = r"([0-5]|IV|I{1,3}|V)"
_UPTO = rf"(?:\s*(?:-|–|/|to|bis|or|oder)\s*(?:grade |grad )?{_ONE})?"
_END = r"(?![\w]|[.,]\d)"
_GRADE = re.compile(
    rf"(?:\b(?:toxizitäts)?(?:grade|grad)|\bgr\.|°|\bCTC(?:AE)?[\s-]+G(?=[1-5])|\bG(?=[1-5]\b))[\s:=°()]*{_ONE}{_UPTO}{_END}"
    rf"|(?<![\w.,]){_ONE}{_UPTO}\s?(?:°(?!\s?[CF])|\.\s?grade?s?\b)",
    re.IGNORECASE,
)
_CTCAE = re.compile(rf"\b(?:NCI-?\s?)?CTC(?:AE)?(?:\s*v?\s*\d\.\d+)?[\s:=-]*{_ONE}{_UPTO}{_END}", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:no|not|without|kein\w*|ohne|nicht|never|exclud\w*|>=?|<=?|≥|≤|above|below|mindestens|max\w*)\s*$", re.I
)
_BARE = re.compile(rf"\s*(?:grade|grad|ctc(?:ae)?|G)?[\s_-]*{_ONE}\s*", re.IGNORECASE)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}
_CODES: Mapping[str, float] = {  # NCIt grades of adverse events; oBDS K: none; SNOMED CT severities that are one grade
    "C41338": 1.0, "C41339": 2.0, "C41340": 3.0, "C41337": 4.0, "C48275": 5.0, "K": 0.0, "442452003": 4.0, "399166001": 5.0,
}  # fmt: skip
# Severity in words, as CTCAE itself defines grades 1 to 3: mild, moderate, severe (which may also be 4 or 5).
_SEVERITY: Mapping[str, Grade] = {
    **dict.fromkeys(("mild", "255604002", "leicht", "gering"), 1.0),
    **dict.fromkeys(("moderate", "6736007", "mittel", "mittelschwer", "mäßig", "moderat"), 2.0),
    **dict.fromkeys(("severe", "24484000", "schwer"), Interval(3, 5)),
    **dict.fromkeys(("life-threatening", "life threatening", "lebensbedrohlich"), 4.0),
    **dict.fromkeys(("fatal", "tödlich", "death"), 5.0),
}
ICE = re.compile(
    r"(?-i:\bICE)\b[\s-]?(?:score|punkt|test|assessment)?(?=\W|$)|\bCARTOX|effector cell.{0,12}encephalopathy", re.I
)
_ICE_LEAST = ((3, 3.0), (7, 2.0), (10, 1.0))  # below: grade at least


def grade_of(record: PatientRecord, entry: Entry) -> Grade | None:
    """The grade of an entry; ``None`` where none is given. Several grades in one text are told as their span."""
    coded = record.means(entry, "grade")
    if coded is not None:
        return float(coded)
    if entry.type == "AdverseEvent" and "fatal" in _words(entry.resource.get("outcome")):
        return 5.0
    for extension in as_list(entry.resource.get("extension")):
        url = as_text(as_dict(extension).get("url")).lower()
        if "grade" in url or "ctcae" in url:
            found = _of_element(as_dict(extension))
            if found is not None:
                return found
    if entry.type == "Observation":
        return _of_ice(entry) if ICE.search(entry.text) else _of_observation(entry)
    stages = [as_dict(stage).get("summary") for stage in as_list(entry.resource.get("stage"))]
    for concept in (*stages, entry.resource.get("severity")):
        found = _of_concept(concept)
        if found is not None:
            return found
    for text in (entry.text, all_text(entry.resource)):
        found = in_words(text)
        if found is not None:
            return found
    words = _words(entry.resource.get("severity"))
    return next((grade for word, grade in _SEVERITY.items() if word in words), None)


def _words(concept: object) -> set[str]:
    return {code.lower() for _, code in codings_of(concept)} | {
        w.strip().lower() for w in concept_text(concept).split("|")
    }


def _of_ice(entry: Entry) -> Grade | None:
    """The least grade of ICANS by an ICE score; a full score of 10 says nothing of the rest."""
    number = quantity(entry.resource)
    text = re.match(r"\s*(\d{1,2})\s*(?:/\s*10|\b)", as_text(entry.resource.get("valueString")))
    value = number.value if number is not None else float(text[1]) if text else None
    if value is None or not 0 <= value <= 10:
        return None
    least = next((grade for below, grade in _ICE_LEAST if value < below), None)
    return Interval(least, 4) if least is not None else None


def _of_observation(entry: Entry) -> Grade | None:
    own = _of_element(entry.resource)
    if own is not None:
        return own
    for component in components(entry.resource):
        if re.search(r"grade|grad\b|ctcae|severity|schweregrad", concept_text(component.get("code")), re.IGNORECASE):
            found = _of_element(component)
            if found is not None:
                return found
    return in_words(all_text(entry.resource))


def _of_element(element: Resource) -> Grade | None:
    """A grade in a value: a whole number from 0 to 5, or a concept or text that holds one."""
    number = quantity(element)
    if number is not None:
        plain = number.unit in (None, "1", "{grade}", "{score}", "grade", "Grad") and number.comparator is None
        return _whole(number.value) if plain else None
    for key in ("valueCodeableConcept", "valueCoding", "valueString", "valueCode"):
        found = _of_concept(element.get(key))
        if found is not None:
            return found
    return None


def _whole(value: float | None) -> float | None:
    return value if value is not None and value in (0, 1, 2, 3, 4, 5) else None


def _of_concept(concept: object) -> Grade | None:
    """A grade in a CodeableConcept, Coding or text: the code "3", the words "Grade 3"."""
    for _, code in codings_of(concept):
        found = _CODES.get(code, _whole(as_float(code)) if len(code) == 1 else None)
        bare = _BARE.fullmatch(code) if found is None and len(code) > 1 else None
        if found is None and bare is not None and not code.upper().isalpha():
            found = _number(bare[1])
        if found is not None:
            return found
    text = concept_text(concept)
    for part in text.split("|"):
        bare = _BARE.fullmatch(part)
        if bare:
            return _number(bare[1])
    return in_words(text)


def in_words(text: str) -> Grade | None:
    """The grade a text names: "grade 3", "Grad III", "III°", "CTCAE 4"; a span for "grade 2-3" and for several.

    >>> in_words("Pankreatitis CTCAE v5.0 Grad III"), in_words("no grade 3 toxicity")
    (3.0, None)
    """
    for pattern in (_GRADE, _CTCAE):
        found = [
            _number(part)
            for match in pattern.finditer(text)
            if not _DENIED.search(text[: match.start()])
            for part in match.groups()
            if part
        ]
        if found:
            low, high = min(found), max(found)
            return low if low == high else Interval(low, high)
    return None


def _number(word: str) -> float:
    return float(_ROMAN.get(word.upper()) or word)
