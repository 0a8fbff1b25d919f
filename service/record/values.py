"""Tolerant readers of FHIR values. They never raise: what is misshapen is absent."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.record.terminology import Terminology
from service.record.text import Mention, mention_of

_NUMBER = r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?"
_NUMBER_TEXT = re.compile(rf"^\s*(?P<cmp><=|>=|<|>|≤|≥)?\s*(?P<num>{_NUMBER})\s*(?P<unit>[^\d\s<>].*)?$", re.DOTALL)
_COMPARATORS = {"≤": "<=", "≥": ">=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_POSITIVE_INTERPRETATION = frozenset({"POS", "DET", "E"})
_NEGATIVE_INTERPRETATION = frozenset({"NEG", "ND", "NR"})
_INDETERMINATE = re.compile(r"(?i)indetermin|inconclusive|equivocal|fraglich|nicht beurteilbar|no result|failed")
_POSITIVE_WORDS = re.compile(r"(?i)\b(positiv\w*|detected|present|nachweisbar|nachgewiesen|rearranged)\b")
_NEGATIVE_WORDS = re.compile(
    r"(?i)\b(negativ\w*|absent|undetect\w+|normal|not rearranged)\b|not detected|nicht nachweisbar|kein\w* nachweis"
    r"|no evidence|not present|nicht nachgewiesen"
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
    """A finite number from a number or a numeric string (decimal comma allowed)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value.strip().replace(",", "."))
        except ValueError:
            return None
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def codings_of(concept: object) -> list[tuple[str, str]]:
    """(system, code) pairs of a CodeableConcept or Coding, as found."""
    element = as_dict(concept)
    rows = as_list(element.get("coding")) or ([element] if "code" in element else [])
    found = []
    for row in rows:
        code = as_dict(row).get("code")
        if isinstance(code, int) and not isinstance(code, bool):
            code = str(code)
        if isinstance(code, str) and code.strip():
            found.append((as_text(as_dict(row).get("system")).strip(), code.strip()))
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
        value = as_float(raw.get("value"))
        unit = as_text(raw.get("code")) or as_text(raw.get("unit"))
        comparator = _COMPARATORS.get(as_text(raw.get("comparator")))
        if value is None and isinstance(raw.get("value"), str):
            inner = parse_number(raw["value"])
            return None if inner is None else Quantity(inner.value, unit or inner.unit, inner.comparator, raw["value"])
        if value is None:
            return None
        if "<" in unit or ">" in unit:  # comparators hide in units: "% <"
            comparator = comparator or ("<" if "<" in unit else ">")
            unit = unit.replace("<", "").replace(">", "").strip()
        shown = f"{comparator or ''}{value:g} {as_text(raw.get('unit')) or unit}".strip()
        return Quantity(value, unit or None, comparator, shown)
    for key in ("valueInteger", "valueDecimal"):
        value = as_float(element.get(key))
        if value is not None:
            return Quantity(value, None, None, f"{value:g}")
    ratio = as_dict(element.get("valueRatio"))
    if ratio:
        top = as_float(as_dict(ratio.get("numerator")).get("value"))
        bottom = as_float(as_dict(ratio.get("denominator")).get("value"))
        if top is None or not bottom:
            return None
        comparator = _COMPARATORS.get(as_text(as_dict(ratio.get("numerator")).get("comparator")))
        return Quantity(top / bottom, "1", comparator, f"{top:g}/{bottom:g}")
    return parse_number(as_text(element.get("valueString")))


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
            if code.upper() in _POSITIVE_INTERPRETATION:
                return "positive"
            if code.upper() in _NEGATIVE_INTERPRETATION:
                return "negative"
            said = terminology.meaning(terminology.canonical(system), code).get("qualitative")
            if said:
                return said
        said = qualitative_text(concept_text(interpretation))
        if said:
            return said
    return None


def qualitative_text(text: str) -> str | None:
    """The same from words, English and German."""
    if not text:
        return None
    if _INDETERMINATE.search(text):
        return "indeterminate"
    if _NEGATIVE_WORDS.search(text):
        return "negative"
    if _POSITIVE_WORDS.search(text):
        mention = mention_of(text, _POSITIVE_WORDS)
        return "positive" if mention is Mention.PRESENT else "negative" if mention is Mention.NEGATED else None
    return None
