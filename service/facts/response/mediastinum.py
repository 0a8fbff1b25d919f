"""How a mediastinal mass changed: sizes in the words of images, and the response that follows (NCCN ALL 2015, ALL-E).

Sizes are compared by the sum of the products of the greatest perpendicular diameters (SPD). CR: complete resolution by
CT. CRu: more than 75 % less. PR: more than 50 % less. PD: more than 25 % more. Otherwise no response. Relapse is a mass
that comes back after CR or CRu.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.facts.absence import seen_in
from service.facts.model import Fact, Facts, Provenance, Provider, known, provides
from service.facts.results.lookup import full_text, latest_first, nothing
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.text import Mention, mention_of

_MASS = r"(?:mediastin\w*|thymus\w*|thymic)"
_NAMED = re.compile(rf"\b{_MASS}", re.IGNORECASE)
_GONE = re.compile(
    rf"complete (?:resolution|regression|disappearance) of (?:the )?(?:\w+ )?{_MASS}|{_MASS}[^.;\n]{{0,40}}(?:completely resolved|has resolved|no longer"
    rf"|nicht mehr|(?:komplett|vollständig)\w* (?:regredien\w*|rück\w*))|(?:komplette|vollständige)\w* (?:rückbildung|regression) de[sr] {_MASS}",
    re.IGNORECASE,
)
_BACK = re.compile(
    rf"(?:recurren\w*|relaps\w*|rezidiv\w*|re-?appear\w*)[^.;\n]{{0,25}}\b{_MASS}|\b{_MASS}\w*[\s-]*(?:recurrence|relapse|rezidiv)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"(?:SPD|sum of (?:the )?products?(?: of (?:the )?(?:greatest )?(?:perpendicular )?diameters)?)[^.;\n%]{0,60}?"
    r"(?:(?P<down>decreas\w*|regress\w*|reduc\w*|smaller|abnahme|rückgang|-)|(?P<up>increas\w*|larger|zunahme|\+))[^.;\n%\d]{0,20}(?P<n>\d{1,3}(?:[.,]\d+)?)\s*%",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"(\d{1,3}(?:[.,]\d+)?)\s*(cm|mm)?\s*(?:x|×|\*|by|mal)\s*(\d{1,3}(?:[.,]\d+)?)(?:\s*(?:x|×)\s*\d{1,3}(?:[.,]\d+)?)?\s*(cm|mm)\b",
    re.IGNORECASE,
)
_CT = re.compile(r"\bCT\b|computed tomograph|computertomogra", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Image:
    """One dated image that speaks of the mediastinum. ``area``: product of its two diameters in cm2; ``gone``: by CT."""

    entry: Entry
    area: float | None
    gone: bool
    change: float | None  # percent, as stated; negative for a decrease
    back: bool

    def seen(self, inferred: bool = False) -> Provenance:
        return seen_in(self.entry, " ".join(full_text(self.entry).split())[:200], from_text=True, inferred=inferred)


@once_per_record
def images(record: PatientRecord) -> tuple[Image, ...]:
    """Images of the mediastinum, oldest first."""
    found = []
    for entry in reversed(latest_first(record.of_type("Observation", "DiagnosticReport"))):
        text = full_text(entry)
        if entry.when is not None and _NAMED.search(text):
            found.append(_image(entry, text))
    return tuple(found)


def _image(entry: Entry, text: str) -> Image:
    gone = _GONE.search(text) is not None and _CT.search(text) is not None
    stated = _CHANGE.search(text)
    change = float(stated["n"].replace(",", ".")) * (-1 if stated["down"] else 1) if stated else None
    back = mention_of(text, _BACK) is Mention.PRESENT
    return Image(entry, None if gone else _area(text), gone, change, back)


def _area(text: str) -> float | None:
    """The product of two diameters, if just one such pair is given with the mediastinum in its sentence."""
    sentences = [part for part in re.split(r"[\n;]|\.\s", text) if _NAMED.search(part) and _SIZE.search(part)]
    sizes = [match for part in sentences for match in _SIZE.finditer(part)]
    if len(sizes) != 1:
        return None
    one, unit, other, last = sizes[0].groups()
    scale = {"mm": 0.1, "cm": 1.0}
    return (
        float(one.replace(",", "."))
        * scale[(unit or last).lower()]
        * float(other.replace(",", "."))
        * scale[last.lower()]
    )


def _changed(earlier: tuple[Image, ...], image: Image) -> tuple[float | None, Image | None]:
    """Percent by which the mass changed since the first measured image, and that image."""
    if image.gone:
        return -100.0, None
    if image.change is not None:
        return image.change, None
    first = next((i for i in earlier if i.area), None)
    if first is None or first.area is None or image.area is None:
        return None, None
    return float(f"{(image.area / first.area - 1) * 100:.9g}"), first


def _response(earlier: tuple[Image, ...], image: Image) -> str | None:
    change, _ = _changed(earlier, image)
    if image.gone:
        return "CR"
    if change is None:
        return None
    if change > 25:
        return "PD"
    return "CRu" if change < -75 else "PR" if change < -50 else "no-response"


@provides(
    "mediastinal_change", "spd_decrease_percent", "spd_increase_percent", "response_mediastinal",
    "response_mediastinal_prior", "mediastinal_recurrence",
)  # fmt: skip
def mediastinum(facts: Facts) -> Iterator[Fact]:
    """The change from the first measured image to the newest, the response now and before, and a mass that came back.

    One of decrease and increase is zero. Growth from the smallest size on, which PD may also mean, is left out: the
    source compares with no named image.
    """
    if facts.record is None:
        return
    found = images(facts.record)
    if not found:
        for name in ("mediastinal_change", "response_mediastinal"):
            yield nothing(facts, name, "Observation", "DiagnosticReport")
        return
    newest, earlier = found[-1], found[:-1]
    change, first = _changed(earlier, newest)
    seen = (newest.seen(inferred=first is not None), *((first.seen(),) if first else ()))
    if newest.gone:
        yield known("mediastinal_change", "complete-resolution-ct", *seen)
    if change is not None:
        yield known("spd_decrease_percent", max(-change, 0.0), *seen)
        yield known("spd_increase_percent", max(change, 0.0), *seen)
    response = _response(earlier, newest)
    if response is not None:
        yield known("response_mediastinal", response, *seen)
    before = [
        (answer, at)
        for at, image in enumerate(earlier)
        if (answer := _response(found[:at], image)) in ("CR", "CRu", "PR")
    ]
    if before:
        answer, at = before[-1]
        yield known("response_mediastinal_prior", answer or "", found[at].seen())
    cleared = any(answer in ("CR", "CRu") for answer, _ in before)
    if newest.back or (cleared and found[before[-1][1]].gone and newest.area):
        yield known("mediastinal_recurrence", True, newest.seen(inferred=not newest.back))
    elif newest.gone:
        yield known("mediastinal_recurrence", False, newest.seen())


PROVIDERS: tuple[Provider, ...] = (mediastinum,)
