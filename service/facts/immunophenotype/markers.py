"""Surface and cytoplasmic markers in the text of flow cytometry reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.facts.vocabulary.immunophenotype import MARKERS
from service.record.text import clauses

_BY_FOLD = {name.lower(): name for name in MARKERS} | {
    "cycd3": "cCD3", "cytcd3": "cCD3", "icd3": "cCD3", "cycd22": "cCD22", "cytcd22": "cCD22", "cycd79a": "cCD79a",
    "cytcd79a": "cCD79a", "smcd3": "sCD3", "smcd22": "sCD22", "smig": "sIg", "hladr": "HLA-DR", "hla dr": "HLA-DR",
    "cytmu": "cyt-mu", "cyt mu": "cyt-mu", "cµ": "cyt-mu", "kappa": "sIg", "lambda": "sIg",
}  # fmt: skip
_MARKER = re.compile(
    r"(?<![\w-])(?P<where>(?:cy(?:to?)?|cyt|sm|s|c|i)\.?\s?-?|(?:cyto?plasmic|intracellular|surface|zytoplasmatisch\w*)\s+)?"
    r"(?P<name>CD\s?(?:1a|66c|79a|\d{1,3})|TdT|MPO|PAX-?5|HLA[- ]?DR|(?<=s)Ig|(?<=sm)Ig|mu)(?=[^a-z0-9]|$|dim|low|weak|bright|strong|part|pos|neg)"
    r"(?P<after>\s*(?:\(\s*)?(?:\+{1,3}(?!\d)|(?:-|−|–)(?=\s*(?:$|[,;.()/|]|\s(?!\s*(?:pos|neg))))|(?:-|\s|:|=)*(?:dim|weak\w*|low|partial\w*"
    r"|bright|strong\w*|subset|variable|heterogen\w*|schwach\w*|stark\w*|partiell\w*|pos(?:itive?)?\b|neg(?:ative?)?\b|positiv\w*|negativ\w*"
    r"|lost|loss|absent|[<>]?\s?\d{1,3}(?:[.,]\d+)?\s?%)))?(?P<more>[\s(]*[<>]?\s?\d{1,3}(?:[.,]\d+)?\s?%)?",
    re.IGNORECASE,
)
_TARGETED = re.compile(
    r"(?:anti-?\s?$)|(?:α-?$)", re.IGNORECASE
)  # in front of a marker: an antibody, not a finding on the blasts
_TARGETED_AFTER = re.compile(
    r"^\s?(?:-?\s?(?:directed|targeted|target(?:ing)?|gerichtet\w*|specific|CAR)\b|\s?[x/×]\s?CD3\b|\s?-?\s?CAR\b"
    r"|\s?(?:gate|gating|aplasia|B[- ]cell))",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"(?i)neg|lost|loss|absent|^[\s(:=]*[-−–]$")
_PERCENT = re.compile(r"([<>])?\s?(\d{1,3}(?:[.,]\d+)?)\s?%")
_PHRASE = re.compile(
    r"(?P<no>\bnegativ\w*|\bneg\b|\black(?:s|ing)?\b|\bloss of\b|\bwithout\b|\babsent\b|\babsence\b|\bdo(?:es)? not express\b|\bno expression\b"
    r"|\bnot expressed\b|\bno\b|\bkeine?\b|\bnicht\b|\bohne\b|\bfehlend\w*)|(?P<yes>\bpositiv\w*|\bpos\b|\bexpress\w*|\bcoexpress\w*|\bpresent\b"
    r"|\bdetected\b|\bexprimier\w*|\bbright\b|\bdim\b|\bpartial\w*)",
    re.IGNORECASE,
)
POSITIVE_FROM = 20.0  # percent of blasts (EGIL 1995); 10 for the lineage markers inside the cell
_LOWER_LIMIT = frozenset({"MPO", "cCD3", "CD3", "CD79a", "cCD79a", "TdT"})


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker on the blasts. ``percent`` of blasts where the report gives one; ``positive`` ``None``: no call."""

    name: str
    positive: bool | None
    percent: float | None = None


def marker_named(text: str) -> str | None:
    """The marker a name speaks of ("CD20 blasts/100 blasts in Blood" is CD20); ``None`` for none or several."""
    names = {_canonical(m) for m in _MARKER.finditer(text)} - {None}
    return names.pop() if len(names) == 1 else None


def by_percent(name: str, percent: float) -> bool | None:
    """Positive from 20 % of blasts (10 % for MPO, TdT, CD3 and CD79a), the EGIL convention; negative below."""
    return percent >= (10.0 if name in _LOWER_LIMIT else POSITIVE_FROM)


def markers_in(text: str) -> tuple[Marker, ...]:
    """Markers that a text calls positive or negative, each once; contradictory calls give no call.

    A sign of its own decides ("CD19+", "CD20dim", "CD22-", "CD22: 98 %"); else the phrase before it in the sentence
    ("positive for CD10, CD19; negative for CD20"), else the phrase behind it ("CD19 and CD22 are positive").
    Antibodies and treatments that carry a marker's name ("anti-CD19", "CD19-directed CAR T cells") do not count.

    >>> [(m.name, m.positive) for m in markers_in("CD19+, CD20dim, CD22-")]
    [('CD19', True), ('CD20', True), ('CD22', False)]
    """
    found: dict[str, Marker] = {}
    for clause in clauses(text):
        phrases = [(m.start(), m.end(), m["yes"] is not None) for m in _PHRASE.finditer(clause)]
        for match in _MARKER.finditer(clause):
            name = _canonical(match)
            if name is None or _is_target(clause, match):
                continue
            marker = _read(name, match, phrases)
            if marker is None:
                continue
            before = found.get(name)
            if before is not None and before.positive != marker.positive:
                marker = Marker(name, None)
            found[name] = marker
    return tuple(found.values())


def _canonical(match: re.Match[str]) -> str | None:
    name = re.sub(r"[\s-]", "", match["name"]).lower()
    where = re.sub(r"[\s.-]", "", match["where"] or "").lower()
    inside = where.startswith(("c", "i", "z"))
    for spelling in (("c" if inside else "s") + name if where else name, name):
        known = _BY_FOLD.get(spelling) or _BY_FOLD.get(spelling.replace("hladr", "hla-dr"))
        if known:
            return known
    return "cyt-mu" if name == "mu" and inside else None


def _is_target(clause: str, match: re.Match[str]) -> bool:
    stop = match.end("name")
    return bool(_TARGETED.search(clause[: match.start()]) or _TARGETED_AFTER.search(clause[stop:]))


def _read(name: str, match: re.Match[str], phrases: list[tuple[int, int, bool]]) -> Marker | None:
    own = (match["after"] or "") + (match["more"] or "")
    share = _PERCENT.search(own)
    number = float(share[2].replace(",", ".")) if share else 0.0
    if number > 100:
        return None
    bound = share[1] if share else None
    percent = number if share and not bound else None
    sign = _PERCENT.sub("", own).strip(" (:=\t")
    if sign:
        return Marker(name, _NEGATIVE.search(sign) is None, percent)
    if percent is not None:
        return Marker(name, by_percent(name, percent), percent)
    if bound:
        called = by_percent(name, number)
        return Marker(name, called) if called == (bound == ">") else None
    before = [said for _, end, said in phrases if end <= match.start()]
    behind = [said for start, _, said in phrases if start >= match.end()]
    if before or behind:
        return Marker(name, before[-1] if before else behind[0])
    return None


def lineage_from_markers(markers: Mapping[str, bool]) -> str | None:
    """ "B" or "T" where markers are unambiguous, else ``None``.

    B: CD19 with CD10, CD22 or CD79a, and no cytoplasmic CD3 and no MPO. T: CD3 (cytoplasmic or surface) without CD19 and
    without MPO. Surface immunoglobulin leaves it open (mature B-cell disease), and so does any mixture. After the WHO
    lineage criteria for acute leukemia.
    """
    t_cell = bool(markers.get("cCD3") or markers.get("CD3") or markers.get("sCD3"))
    cd19 = bool(markers.get("CD19"))
    if markers.get("MPO") or markers.get("sIg"):
        return None
    if t_cell:
        return None if cd19 else "T"
    company = any(markers.get(name) for name in ("CD10", "CD22", "cCD22", "sCD22", "CD79a", "cCD79a"))
    return "B" if cd19 and company else None
