"""The site of a relapse in words, English and German."""

from __future__ import annotations

import re
from datetime import date

from service.facts.course.dated_words import dated_words
from service.facts.course.text import RELAPSE, molecular_relapse_in, relapse_number_in, says

_SITES = {
    "marrow": re.compile(
        r"bone marrow|\bmarrow|knochenmark\w*|(?<!extra)(?<!extra[\s-])medull\w*|h(?:a)?ematologic\w*|hämatologisch\w*|(?-i:\bBM\b|\bKM\b)",
        re.IGNORECASE,
    ),
    "CNS": re.compile(
        r"central nervous|\w*mening\w*|\bliquor\w*|(?-i:\bCNS|\bZNS|\bCSF\b)|zentralnerv\w*|intra[ck]rani\w*|leptomening\w*",
        re.IGNORECASE,
    ),
    "testicular": re.compile(r"testic\w*|testis|testes|hoden\w*", re.IGNORECASE),
    "extramedullary": re.compile(
        r"extra[\s-]?medull\w*|mediastin\w*|lymph ?nod\w*|nodal\b|lymphknoten\w*|\bskin\b|\bhaut\b|cutan\w*|kutan\w*|cutis|soft[\s-]tissue"
        r"|weichteil\w*|\bovar\w*|\bbreast\b|\bmamma\b|\bkidneys?\b|\brenal\b|\bniere\w*|\borbit\w*|\bocular\b|\bretina\w*|\bbone\b(?![\s-]+marrow)",
        re.IGNORECASE,
    ),
}  # fmt: skip
_ISOLATED = re.compile(r"isolat\w*|isoliert\w*|\bonly\b|\bnur\b|\bsolitary\b", re.IGNORECASE)
_COMBINED = re.compile(r"combin\w*|kombinier\w*", re.IGNORECASE)


_NEXT_RELAPSE = re.compile(
    r"[;\n]|,\s(?=(?:first|second|third|fourth|[1-5](?:st|nd|rd|th|\.)|erst\w*|zweit\w*|dritt\w*|\d{4}|relapse|rezidiv)\b)",
    re.IGNORECASE,
)


def last_relapse_in(text: str) -> str:
    """The part of a text that tells of the last of several relapses, by date or else by number; all of it where it tells
    of one.

    >>> last_relapse_in("1. Rezidiv 11/2021 (KM); 2. Rezidiv 09/2024 (ZNS)").strip()
    '2. Rezidiv 09/2024 (ZNS)'
    """
    parts = [part for part in _NEXT_RELAPSE.split(text) if says(part, RELAPSE)]
    if len(parts) < 2:
        return text
    dates = [
        max((w.when.end for w in dated_words(part) if w.when and w.state == "relapsed"), default=None) for part in parts
    ]
    if all(day is not None for day in dates):
        return max(zip(parts, dates, strict=True), key=lambda pair: pair[1] or date.min)[0]
    numbers = [relapse_number_in(part) for part in parts]
    if all(number is not None for number in numbers):
        return max(zip(parts, numbers, strict=True), key=lambda pair: pair[1] or 0)[0]
    return text


def sites_in(text: str) -> frozenset[str]:
    """Sites that a text states: marrow, CNS, testicular, extramedullary."""
    return frozenset(site for site, pattern in _SITES.items() if says(text, pattern))


def relapse_site_in(text: str) -> str | None:
    """The site of a relapse where the text settles it: called isolated, combined or molecular, or marrow with another.

    >>> relapse_site_in("isolated CNS relapse"), relapse_site_in("marrow and CNS relapse"), relapse_site_in("CNS relapse")
    ('isolated-CNS', 'combined', None)
    """
    if molecular_relapse_in(text):
        return "molecular"
    sites = sites_in(text)
    if ("marrow" in sites and len(sites) > 1) or says(text, _COMBINED):
        return "combined"
    if not says(text, _ISOLATED):
        return None
    if len(sites) == 1:
        return f"isolated-{next(iter(sites))}"
    return "isolated-extramedullary" if "extramedullary" in sites else None
