"""A marker of the blasts: its names, and what counts as positive."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.facts.model import Interval
from service.facts.vocabulary.immunophenotype import MARKERS

POSITIVE_FROM = 20.0  # percent of blasts (EGIL 1995); 10 for the lineage markers inside the cell
_LOWER_LIMIT = frozenset({"MPO", "cCD3", "CD3", "CD79a", "cCD79a", "TdT"})
_BY_FOLD = {name.lower(): name for name in MARKERS} | {
    "smcd3": "sCD3", "smcd22": "sCD22", "smig": "sIg", "sigm": "sIg", "smigm": "sIg", "hladr": "HLA-DR",
    "cmu": "cyt-mu", "cigm": "cyt-mu", "kappa": "kappa", "lambda": "lambda",
}  # fmt: skip
_INSIDE = r"cyto?plasmic|intracellular|intracytoplasmic|(?:intra)?zytoplasmatisch\w*|intrazellul[äa]r\w*"
_OUTSIDE = r"surface|membrane|membranous|oberfl[äa]chen-?\w*|membranst[äa]ndig\w*"
NAME = (
    rf"(?<![\w-])(?P<where>(?:i\.?\s?c\.?\s?|(?:cy|zy)(?:to?|t)?\.?[\s-]?|sm\s?|[sci]-?)(?=CD|Ig|TdT|MPO|mu\b|[µμ])|(?:{_INSIDE}|{_OUTSIDE})[\s-]+)?"
    r"(?P<name>CD[\s-]?(?:1a|11b|66c|79a|\d{1,3})|TdT|MPO|PAX-?5|HLA[- ]?DR|IgM|(?<=s)Ig|(?<=sm)Ig|mu|[µμ]|kappa|lambda|immun[oe]?globulin\w*|light chains?"
    r"|leichtketten?)(?:[- ](?:heavy[- ]chain|kette|chain))?(?=[^a-z0-9]|$|dim|low|weak|bright|strong|part|pos|neg)"
    rf"(?P<behind>\s*\((?:{_INSIDE}|{_OUTSIDE}|cy|cyt)\))?"
)
_NAME = re.compile(NAME, re.IGNORECASE)
_IS_OUTSIDE = re.compile(_OUTSIDE, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker on the blasts.

    ``percent`` of blasts where the report gives one, as bounds where it gives only these. ``positive`` ``None``: no call,
    because the report calls it variable, or contradicts itself (``contradictory``). ``grade``: "dim", "partial".
    """

    name: str
    positive: bool | None
    percent: float | Interval | None = None
    grade: str | None = None
    contradictory: bool = False


def canonical(match: re.Match[str]) -> str | None:
    """The vocabulary's name of a matched `NAME`: where the antigen was looked for decides ("cyCD3" is cCD3)."""
    name = re.sub(r"[\s-]", "", match["name"]).lower().replace("µ", "mu").replace("μ", "mu")
    where = re.sub(r"[\s.()-]", "", (match["where"] or "") + (match["behind"] or "")).lower()
    outside = bool(where) and (where.startswith(("s", "m")) or bool(_IS_OUTSIDE.match(where)))
    if name.startswith(("immun", "light", "leicht")):
        return "sIg" if outside else None
    for spelling in (("s" if outside else "c") + name if where else name, name):
        known = _BY_FOLD.get(spelling) or _BY_FOLD.get(spelling.replace("hladr", "hla-dr"))
        if known:
            return known
    return None


def marker_named(text: str) -> str | None:
    """The marker a name speaks of ("CD20 blasts/100 blasts in Blood" is CD20); ``None`` for none or several."""
    names = {canonical(m) for m in _NAME.finditer(text)} - {None}
    return names.pop() if len(names) == 1 else None


def by_percent(name: str, percent: float | Interval) -> bool | None:
    """Positive from 20 % of blasts (10 % for MPO, TdT, CD3 and CD79a), the EGIL convention; negative below. ``None``:
    bounds on both sides of it.

    CD20 is positive above 20 % (NCCN 2025): exactly 20 % is left to the fact `cd20`.
    """
    span = percent if isinstance(percent, Interval) else Interval(percent, percent)
    if name == "CD20":
        return span.more_than(POSITIVE_FROM)
    return span.at_least(10.0 if name in _LOWER_LIMIT else POSITIVE_FROM)
