"""Dose, schedule and reason of one order, as they are written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from service.facts.therapy.route_words import route as route
from service.facts.therapy.routes import dosage_texts, dosages
from service.record.model import Resource
from service.record.values import as_dict, as_float, as_list, as_text, codings_of, concept_text

_ANTIEMETIC = re.compile(r"nausea|vomit|emesis|emeti[ck]|übelkeit|erbrechen", re.IGNORECASE)
_ANTILEUKEMIC = re.compile(r"leuk[aä]?e?mi|lymphoblast|\bALL\b|induction|consolidation|maintenance", re.IGNORECASE)
# Words of an instruction that a single dose goes before another drug, blood or an infusion.
_PREMEDICATION = re.compile(
    r"pre-?med|prämedi|\b(?:before|prior to|pre|vor)\b[\s-]*(?:(?:each|every|the|start of|first|dose of|der|jeder)\s+)*"
    r"(?:blina|blincyto|inotuzumab|besponsa|rituximab|infusion|transfusion|platelet|(?:red )?(?:blood )?cells|blood products?|pegaspar|oncaspar"
    r"|calaspar|asparaginase|rylaze|ATG|thymoglobulin|CAR[\s-]?T)",
    re.IGNORECASE,
)
_WEEKLY = re.compile(
    r"\bweekly\b|\b(?:once|1\s?x?)\s*(?:a|per|pro|/)\s*(?:week|woche)|wöchentlich|every 7 days|every week|\bq7d\b|\bqwk\b",
    re.IGNORECASE,
)
_DAILY = re.compile(
    r"\bdaily\b|täglich|\btgl\b|\b(?:once|twice|three times) a day\b|\b(?:QD|BID|TID|QID)\b|\bq(?:4|6|8|12|24)h\b|\b\d-\d-\d(?:-\d)?\b|every day",
    re.IGNORECASE,
)
_NOT_EVERY = re.compile(
    r"\b(?:bi|zwei|drei|vier|2|3|4|two|three|four|six)[\s-]*-?\s*(?:weekly|wöchentlich)|twice (?:a|per) week|2\s?x",
    re.IGNORECASE,
)


def dose(resource: Resource) -> str | None:
    """The dose as it is written, structured or in the text of the dosage; of several instructions all that differ."""
    found = [said for dosage in dosages(resource) if (said := _measured(dosage)) is not None]
    found = found or [text.strip() for text in dosage_texts(resource) if re.search(r"\d", text)]
    return "; ".join(dict.fromkeys(found)) or None


def _measured(dosage: Resource) -> str | None:
    for element in as_list(dosage.get("doseAndRate")) or [dosage]:
        measured = as_dict(as_dict(element).get("doseQuantity"))
        value = as_float(measured.get("value"))
        if value is not None:
            return f"{value:g} {as_text(measured.get('unit')) or as_text(measured.get('code'))}".strip()
        span = as_dict(as_dict(element).get("doseRange"))
        low, high = as_dict(span.get("low")), as_dict(span.get("high"))
        if as_float(low.get("value")) is not None and as_float(high.get("value")) is not None:
            unit = as_text(high.get("unit")) or as_text(high.get("code"))
            return f"{as_float(low.get('value')):g}-{as_float(high.get('value')):g} {unit}".strip()
    return None


def indication(resource: Resource) -> str | None:
    """What the order is for, by its reasons; where none is stated, an instruction says so of what is given against nausea or
    before another drug.
    """
    reasons = [concept_text(r) for name in ("reasonCode", "reasonCodeableConcept") for r in as_list(resource.get(name))]
    reasons += [as_text(as_dict(link).get("display")) for link in as_list(resource.get("reasonReference"))]
    for part in map(as_dict, as_list(resource.get("reason"))):
        reasons += [concept_text(part.get("concept")), as_text(as_dict(part.get("reference")).get("display"))]
        reasons.append("" if "concept" in part else concept_text(part))
    text = "; ".join(filter(None, reasons))
    if not text.strip("; "):
        said = "; ".join(dosage_texts(resource))
        return "antiemetic" if _ANTIEMETIC.search(said) else "other" if _PREMEDICATION.search(said) else None
    if _ANTIEMETIC.search(text):
        return "antiemetic"
    return "antileukemic" if _ANTILEUKEMIC.search(text) else "other"


def schedule(resource: Resource) -> str | None:
    """Daily or weekly: once or more a day, once a week; any other timing is "other". ``None`` where instructions differ."""
    found = {name for dosage in dosages(resource) if (name := _scheduled(dosage)) is not None}
    return found.pop() if len(found) == 1 else None


def _scheduled(dosage: Resource) -> str | None:
    timing = as_dict(dosage.get("timing"))
    found = _repeated(as_dict(timing.get("repeat"))) or _worded(
        [concept_text(timing.get("code")), *(code for _, code in codings_of(timing.get("code")))]
    )
    return found or _worded([as_text(dosage.get("text"))])


def _repeated(repeat: Resource) -> str | None:
    unit = as_text(repeat.get("periodUnit")) or as_text(repeat.get("periodUnits"))  # the latter: DSTU2
    every = as_float(repeat.get("period"))
    if not unit or every is None:
        return None
    days = len(as_list(repeat.get("dayOfWeek"))) or (as_float(repeat.get("frequency")) or 1)
    if unit == "wk" and every == 1:
        return "weekly" if days == 1 else "daily" if days == 7 else "other"
    if unit == "d" and every in (1, 7):
        return "daily" if every == 1 else "weekly" if days == 1 else "other"
    return "daily" if unit == "h" and every <= 24 else "other"


def _worded(texts: Collection[str] | Iterator[str]) -> str | None:
    """The same in words. A text that says both, or neither, says nothing."""
    text = " ; ".join(texts)
    weekly, daily = _WEEKLY.search(text) is not None, _DAILY.search(text) is not None
    if _NOT_EVERY.search(text) or weekly == daily:
        return None
    return "weekly" if weekly else "daily"
