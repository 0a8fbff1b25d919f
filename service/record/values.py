"""Tolerant readers of FHIR values. They never raise: what is misshapen is absent."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.record.terminology import Terminology
from service.record.text import Mention, mention_of

_NUMBER = r"[-+]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][-+]?\d+)?"
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")
_NUMBER_TEXT = re.compile(rf"^\s*(?P<cmp><=|>=|<|>|≤|≥)?\s*(?P<num>{_NUMBER})\s*(?P<unit>[^\d\s<>].*)?$", re.DOTALL)
_COMPARATORS = {"≤": "<=", "≥": ">=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
# HL7 v3 ObservationInterpretation
_INTERPRETATIONS = {
    **dict.fromkeys(("POS", "DET", "RR", "WR"), "positive"),
    **dict.fromkeys(("NEG", "ND", "NR"), "negative"),
    **dict.fromkeys(("E", "IND"), "indeterminate"),
}
_BRACES = re.compile(r"\{[^}]*\}")
_INDETERMINATE = re.compile(
    r"(?i)indetermin|inconclusive|equivocal|borderline|grenzwertig|fraglich|nicht beurteilbar|no result|failed"
)
_POSITIVE_WORDS = re.compile(
    r"(?i)\b(positiv\w*|pos|detected|detectable|present|nachweisbar|nachgewiesen|rearranged|rearrangiert|reactive|reaktiv(?=\s*(?:$|[.,;(])))\b"
)
_NEGATIVE_WORDS = re.compile(
    r"(?i)\b(negativ\w*|neg|absent|undetect\w+|normal|unauffällig|(?:not|non|none|nil)[ -]?(?:re)?"
    r"(?:arranged|active|detect\w+|present))\b"
    r"|(?:nicht|non)[ -]?reaktiv|nicht (?:nachweisbar|nachgewiesen|detektiert|gefunden)|kein\w* nachweis|no evidence"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and comparator as found. ``text``: the value as it stood."""

    value: float
    unit: str | None = None
    comparator: str | None = None
    text: str = ""


def as_list(value: object) -> list[Any]:
    """A list as it is, one object as a list of one, nothing as an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_dict(value: object) -> Mapping[str, Any]:
    """A mapping as it is; the first of a list; else empty."""
    if type(value) is dict:  # nearly always; an abstract check costs ten times as much
        return value
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, Mapping) else {}


def as_text(value: object) -> str:
    """A string as it is; anything else is no text."""
    return value if isinstance(value, str) else ""


def as_float(value: object) -> float | None:
    """A finite number from a number or a numeric string (decimal comma allowed).

    One comma before three digits ("12,000") may be a decimal comma or a mark of thousands, which differ by a factor of
    1000: no number. Two of them can only be marks of thousands.
    """
    if isinstance(value, str):
        value = value.strip()
        if _THOUSANDS.fullmatch(value):
            value = value.replace(",", "") if value.count(",") > 1 else ""
        value = value.replace(",", ".")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):  # OverflowError: an integer of more than 308 digits
        return None
    return number if math.isfinite(number) else None


def codings_of(concept: object) -> list[tuple[str, str]]:
    """(system, code) pairs of a CodeableConcept or Coding, as found."""
    element = as_dict(concept)
    rows = element.get("coding")
    if not rows:
        rows = [element] if "code" in element else []
    elif not isinstance(rows, list):
        rows = [rows]
    found = []
    for raw in rows:
        row = as_dict(raw)
        code = row.get("code")
        if isinstance(code, int) and not isinstance(code, bool):
            code = str(code)
        if isinstance(code, str) and (code := code.strip()):
            found.append((as_text(row.get("system")).strip(), code))
    return found


def concept_text(concept: object) -> str:
    """``text`` and displays of a CodeableConcept, joined."""
    if isinstance(concept, str):
        return concept
    element = as_dict(concept)
    parts = [
        as_text(element.get("text")),
        *(as_text(as_dict(c).get("display")) for c in as_list(element.get("coding"))),
    ]
    parts.append(as_text(element.get("display")))
    return " | ".join(dict.fromkeys(part for part in parts if part))


def parse_number(text: str) -> Quantity | None:
    """A number that stands alone in a text, with comparator and unit: ``<0,01 %``."""
    found = _NUMBER_TEXT.match(text)
    if not found:
        return None
    value = as_float(found["num"])
    if value is None:
        return None
    unit = (found["unit"] or "").strip() or None
    return Quantity(value, unit, _COMPARATORS.get(found["cmp"] or ""), text.strip())


def quantity(element: Mapping[str, Any]) -> Quantity | None:
    """The numeric value of an Observation or one of its components, in whichever form it came."""
    raw = as_dict(element.get("valueQuantity"))
    if raw:
        return _measured(raw)
    for key in ("valueInteger", "valueDecimal"):
        value = as_float(element.get(key))
        if value is not None:
            return Quantity(value, None, None, f"{value:g}")
    ratio = as_dict(element.get("valueRatio"))
    if ratio:
        return _divided(as_dict(ratio.get("numerator")), as_dict(ratio.get("denominator")))
    return parse_number(as_text(element.get("valueString")))


def _measured(raw: Mapping[str, Any]) -> Quantity | None:
    """A FHIR Quantity. A comparator this does not know leaves no number: what it limits is not said."""
    said = as_text(raw.get("comparator")).strip()
    comparator = _COMPARATORS.get(said)
    if said and comparator is None:
        return None
    code, name = as_text(raw.get("code")).strip(), as_text(raw.get("unit")).strip()
    for sign in ("<", ">"):  # comparators hide in units: "% <"
        if sign in code or sign in name:
            comparator = comparator or sign
            code, name = (part.replace(sign, "").replace("=", "").strip() for part in (code, name))
    unit = code or name or None
    value = as_float(raw.get("value"))
    if value is None:
        inner = parse_number(as_text(raw.get("value")))
        if inner is None:
            return None
        return Quantity(inner.value, unit or inner.unit, comparator or inner.comparator, as_text(raw.get("value")))
    return Quantity(value, unit, comparator, f"{comparator or ''}{value:g} {name or code}".strip())


def _divided(top: Mapping[str, Any], bottom: Mapping[str, Any]) -> Quantity | None:
    """A FHIR Ratio as a number, in the quotient of its units ("1" where they are the same)."""
    value, parts = as_float(top.get("value")), as_float(bottom.get("value"))
    if value is None or not parts or as_text(bottom.get("comparator")):
        return None
    over, under = (_BRACES.sub("", as_text(q.get("code")) or as_text(q.get("unit"))).strip() for q in (top, bottom))
    unit = "1" if over == under else f"{over}/{under}" if under and under != "1" else over or "1"
    return Quantity(value / parts, unit, _COMPARATORS.get(as_text(top.get("comparator"))), f"{value:g}/{parts:g}")


def value_text(element: Mapping[str, Any]) -> str:
    """The textual value of an Observation or component."""
    return as_text(element.get("valueString")) or concept_text(element.get("valueCodeableConcept"))


def notes_of(resource: Mapping[str, Any]) -> str:
    """Texts of notes and of a report's conclusion."""
    parts = [as_text(as_dict(note).get("text")) for note in as_list(resource.get("note"))]
    parts += [as_text(resource.get("conclusion")), as_text(resource.get("comment"))]
    return "\n".join(part for part in parts if part)


def all_text(resource: Mapping[str, Any]) -> str:
    """Value, interpretation, notes and conclusion in one text."""
    parts = [value_text(resource), *(concept_text(i) for i in as_list(resource.get("interpretation")))]
    parts += [concept_text(code) for code in as_list(resource.get("conclusionCode"))]
    return "\n".join(part for part in [*parts, notes_of(resource)] if part)


def components(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The components of an Observation that are objects."""
    for component in as_list(resource.get("component")):
        if isinstance(component, Mapping):
            yield component


def qualitative(element: Mapping[str, Any], terminology: Terminology) -> str | None:
    """``positive``, ``negative`` or ``indeterminate``, from coded value, boolean, text value, or interpretation."""
    for system, code in codings_of(element.get("valueCodeableConcept")):
        said = terminology.meaning(terminology.canonical(system), code).get("qualitative")
        if said:
            return said
    if isinstance(element.get("valueBoolean"), bool):
        return "positive" if element["valueBoolean"] else "negative"
    said = qualitative_text(value_text(element))
    if said:
        return said
    for interpretation in as_list(element.get("interpretation")):
        for system, code in codings_of(interpretation):
            said = _INTERPRETATIONS.get(code.upper())
            said = said or terminology.meaning(terminology.canonical(system), code).get("qualitative")
            if said:
                return said
        said = qualitative_text(concept_text(interpretation))
        if said:
            return said
    return None


def qualitative_text(text: str) -> str | None:
    """The same from words, English and German. A text that says both is of two findings and settles neither.

    >>> qualitative_text("none detected"), qualitative_text("KMT2A negative, BCR::ABL1 positive")
    ('negative', None)
    """
    if not text:
        return None
    if _INDETERMINATE.search(text):
        return "indeterminate"
    mention = mention_of(text, _POSITIVE_WORDS)
    if _NEGATIVE_WORDS.search(text):
        return None if mention is Mention.PRESENT else "negative"
    return {Mention.PRESENT: "positive", Mention.NEGATED: "negative", Mention.UNCERTAIN: "indeterminate"}.get(
        mention or Mention.HISTORY
    )
