"""The site of a relapse in words, English and German."""

from __future__ import annotations

import re

from service.facts.course.text import molecular_relapse_in, says

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
