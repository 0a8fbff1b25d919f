"""Markers in the words of flow cytometry reports, English and German.

Cells that are not the leukemia's stand in the same reports: normal B cells, hematogones, T cells, CAR T cells. What is
said of them does not count; a list goes with the cells named last before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from service.facts.immunophenotype.markers import NAME, Marker, by_percent, canonical
from service.facts.model import Interval
from service.record.text import clauses

_NUMBER = r"\d{1,3}(?:[.,]\d+)?"
_SHARE = rf"(?:[<>]=?|ca\.?|~|approx\w*\.?|etwa)?\s?{_NUMBER}(?:\s?%?\s?(?:-|to|bis)\s?{_NUMBER})?\s?%"
_MARKER = re.compile(
    rf"{NAME}(?P<share>[\s(:=]*{_SHARE}\)?)?"
    r"(?P<after>[\s(:=]*(?:\+/-|-/\+|±|\+{1,3}(?!\d)|-(?=\s*(?:$|[,;.()/|]|\s(?!\s*(?:pos|neg))))|(?:-|\s|:|=|\()*(?:dim|weak\w*|low|partial\w*|bright"
    r"|strong\w*|subset|variab\w*|heterogen\w*|schwach\w*|stark\w*|partiell\w*|teilweise\w*|decreas\w*|diminish\w*|reduc\w*|vermindert\w*|reduziert\w*"
    r"|pos(?:itive?)?\b|neg(?:ative?)?\b|positiv\w*|negativ\w*|lost|loss|absent|retained|preserved|erhalten)))?"
    r"(?P<also>(?:\s*(?:/|\b(?:to|bis|or|oder)\b|-|\()\s*|(?<=[a-z])\s+)(?:dim|weak\w*|bright|strong\w*|stark\w*|partial\w*|partiell\w*|schwach\w*|loss|lost|verlust"
    r"|pos(?:itive?|itiv\w*)?\b|neg(?:ative?|ativ\w*)?\b)(?!\s*(?:for|für)\b)\)?)?"
    rf"(?P<more>[\s,(]*(?:(?:is |was |wird )?(?:expressed |exprimiert )?(?:on|in|by|auf|bei|subset,?)\s+)?{_SHARE})?",
    re.IGNORECASE,
)
_TARGETED = re.compile(r"(?:anti-?\s?$)|(?:α-?$)", re.IGNORECASE)  # an antibody, not a finding on the blasts
_TARGETED_AFTER = re.compile(
    r"^\s?(?:-?\s?(?:directed|targeted|target(?:ing)?|gerichtet\w*|specific|CAR)\b|\s?[x/×]\s?CD3\b|\s?-?\s?CAR\b"
    r"|\s?(?:gate|gating|aplasia|B[- ]cell)|\+?\s?(?:gated|cells? gated))",
    re.IGNORECASE,
)
_BLASTS = re.compile(
    r"blast|leuk[aä]?e?mi|\bALL\b|malign|neoplast|\btumou?r|abnormal|aberrant (?:population|cell|phenotype|B|T)|pathologisch|atypisch|\bLAIP\b"
    r"|\bclonal\b|\bklonal",
    re.IGNORECASE,
)
_PERHAPS = re.compile(r"immature|precursor|vorläufer|immuno?ph[äae]+notyp", re.IGNORECASE)  # unless others are named
_OTHERS = re.compile(
    r"\bnormal|\bmature\b|\breife[nrs]?\b|h[aäe]+matogon|background|hintergrund|\bpolyclonal|polyklonal|(?<!directed )\bCAR[- ]?T?[- ]?(?:cells?|zellen)|plasma[- ]?(?:cells|zellen)"
    r"|\b[TB][- ]?(?:cells?|zellen|lymphocytes?|lymphozyten)\b(?![- ]*(?:ALL|acute|leuk|lymphoblast|precursor|lineage|marker|antigen|receptor|phenotyp|population))"
    r"|\bNK[- ]?(?:cells?|zellen)|lymphocytes?\b|lymphozyten|monocyt|monozyt|granulocyt|granulozyt|regenerat\w+|myeloid (?:cells|precursors|elements)|granulopo|chim[aäe]+r\w+|\bdonor|spender|(?:B-?cell |B-Zell-?)aplasi",
    re.IGNORECASE,
)
_PART = re.compile(r"(?<=,)\s|\s(?=(?:while|whereas|with|während|wobei)\s)", re.IGNORECASE)
_OPEN = (
    r"(?:not|nicht)\s+(?:be\s+)?(?:tested|done|assess\w*|evaluated|performed|determined|available|reported|bestimmt|getestet|untersucht|beurteil\w*|durchgeführt)"
    r"|pending|ausstehend|equivocal|fraglich|cannot|indetermin\w+|unclear|unklar|n\.?\s?d\.?(?=\W|$)"
)
_SAID = r"(?:(?:co|ko)-?)?(?:express\w*|exprimier\w*)|nachweis\w*|nachgewiesen|detect\w*|evidence|hinweis\w*|present|positiv\w*|seen|found"
_PHRASE = re.compile(
    rf"\b(?:(?P<open>{_OPEN})|(?P<kept>(?:no|without|kein\w*|ohne)\s+(?:\w+\s+)?(?:loss|verlust))"
    rf"|(?P<no>(?:no|not|without|lack(?:s|ing)?|los[st]|absent|absence|negativ\w*|neg|kein\w*|nicht|ohne|fehl(?:t|en\w*)|verlust)(?:\s+(?:\w+\s+)?(?:{_SAID}))?)"
    rf"|(?P<yes>pos|{_SAID}|bright|dim|partial\w*|aberrant\w*|retained|preserved|erhalten))\b",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"(?i)neg|lost|loss|absent|verlust|^[\s(:=]*-$")
_VARIABLE = re.compile(r"(?i)\+/-|-/\+|±|variab")
_GRADES = (
    ("dim", re.compile(r"dim|weak|low|schwach|decreas|diminish|reduc|vermindert|reduziert", re.IGNORECASE)),
    ("partial", re.compile(r"part|subset|heterogen|teilweise", re.IGNORECASE)),
)
_OF_PART = re.compile(
    r"(?:subset|subpopulation|partially|partly|teilweise|partiell|teil der|minor(?:ity)?)\W+(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)
_NEARLY_ALL = 80  # percent of blasts without a marker from which on it is negative as a whole
_PART_BEHIND = re.compile(r"\W*(?:subset|subpopulation|fraction|teilpopulation|minor)", re.IGNORECASE)
_PERCENT = re.compile(
    rf"(?P<sign>[<>]=?)?[^\d<>]{{0,8}}?(?P<low>{_NUMBER})(?:\s?%?\s?(?:-|to|bis)\s?(?P<high>{_NUMBER}))?\s?%",
    re.IGNORECASE,
)
_LEADING = re.compile(
    rf"(?P<low>{_NUMBER})\s?%\s+(?:of|der)\s+(?:the\s+)?(?:\w+\s+)?(?:blasts?|blasten)\s+(?:are|is|express\w*|show|exprimieren|sind|zeigen)\s*(?:positiv\w* (?:for|für)\s*)?$",
    re.IGNORECASE,
)


def markers_in(text: str, *, of_blasts: bool = False) -> tuple[Marker, ...]:
    """Markers that a text calls positive or negative, each once; contradictory calls give no call.

    A sign of its own decides ("CD19+", "CD20dim", "CD22-", "CD22: 98 %"); else the phrase before it in the sentence
    ("positive for CD10, CD19; negative for CD20"), else the phrase behind it ("CD19 and CD22 are positive").
    Antibodies and treatments that carry a marker's name ("anti-CD19", "CD19-directed CAR T cells") do not count.
    ``of_blasts``: only where the text names the leukemic cells, for reports about more than these.

    >>> [(m.name, m.positive) for m in markers_in("CD19+, CD20dim, CD22-")]
    [('CD19', True), ('CD20', True), ('CD22', False)]
    """
    found: dict[str, Marker] = {}
    for piece in _of_leukemia(text, not of_blasts):
        for marker in _in_piece(piece):
            before = found.get(marker.name)
            agree = before is None or before.positive == marker.positive
            contrary = before is not None and None not in (before.positive, marker.positive)
            found[marker.name] = marker if agree else Marker(marker.name, None, contradictory=contrary)
    return _light_chains(found)


def _of_leukemia(text: str, blasts: bool) -> Iterator[str]:
    """The parts of a text that speak of the leukemia; what names no cells goes with the part before it."""
    for clause in clauses(text.replace("−", "-").replace("–", "-").replace("≥", ">=").replace("≤", "<=")):
        parts = _PART.split(clause) if _OTHERS.search(clause) else [clause]
        made = ""
        for part in parts:
            named = _whose(part)
            if named is not None and named != blasts:
                if made and blasts:
                    yield made
                made, blasts = "", named
            made = f"{made} {part}"
        if blasts:
            yield made


def _whose(part: str) -> bool | None:
    """Whether a part of a text speaks of the leukemia, of other cells, or names none."""
    if _BLASTS.search(part):
        return True
    if _OTHERS.search(part):
        return False
    return True if _PERHAPS.search(part) else None


def _in_piece(piece: str) -> Iterator[Marker]:
    phrases = list(_PHRASE.finditer(piece))
    for match in _MARKER.finditer(piece):
        name = canonical(match)
        if name is None or _is_target(piece, match):
            continue
        marker = _read(name, match, piece, phrases)
        if marker is not None:
            yield marker


def _light_chains(found: dict[str, Marker]) -> tuple[Marker, ...]:
    """Surface immunoglobulin by its light chains: present with one of them, absent without either."""
    chains = [marker for name in ("kappa", "lambda") if (marker := found.pop(name, None)) is not None]
    if "sIg" not in found and chains:
        if any(chain.positive for chain in chains):
            found["sIg"] = Marker("sIg", True)
        elif len(chains) == 2 and all(chain.positive is False for chain in chains):
            found["sIg"] = Marker("sIg", False)
    return tuple(found.values())


def _is_target(piece: str, match: re.Match[str]) -> bool:
    stop = match.end("name")
    return bool(_TARGETED.search(_before(piece, match)) or _TARGETED_AFTER.search(piece[stop : stop + 40]))


def _before(piece: str, match: re.Match[str]) -> str:
    """The words right before a marker; a whole report would make each look at it as long as the report."""
    return piece[max(0, match.start() - 80) : match.start()]


def _read(name: str, match: re.Match[str], piece: str, phrases: list[re.Match[str]]) -> Marker | None:
    after = (match["after"] or "").strip(" (:=\t")
    also = match["also"] or ""
    share = _share(match["share"] or match["more"] or "")
    if share is None and (leading := _LEADING.search(_before(piece, match))):
        share = float(leading["low"].replace(",", "."))
    if isinstance(share, str):
        return None
    grade = next((grade for grade, pattern in _GRADES if pattern.search(f"{after} {also}")), None)
    if after or also.strip(" ,()"):
        said = _sign(after, also)
        if said is False and (_OF_PART.search(_before(piece, match)) or _PART_BEHIND.match(piece, match.end())):
            return Marker(name, None)  # lost on some of the blasts: neither positive nor negative as a whole
        if said is False and isinstance(share, float) and by_percent(name, share):
            return Marker(
                name, False if share >= _NEARLY_ALL else None
            )  # "absent on 90 %": the share is of those without
        return Marker(name, said, share, grade)
    if share is not None:
        called = by_percent(name, share)
        return Marker(name, called, share)
    before = [phrase for phrase in phrases if phrase.end() <= match.start()]
    behind = [phrase for phrase in phrases if phrase.start() >= match.end()]
    closest = behind[0] if behind and (not before or behind[0]["open"]) else before[-1] if before else None
    if closest is None or closest["open"]:
        return None
    return Marker(name, closest["no"] is None)


def _sign(after: str, also: str) -> bool | None:
    """What the sign and the words right behind a marker say; ``None`` for "+/-", "dim to negative", "partial loss"."""
    if _VARIABLE.search(after):
        return None
    first = _NEGATIVE.search(after) is None if after else None
    second = _NEGATIVE.search(also) is None if also.strip(" ,()") else None
    if first is None or second is None:
        return first if second is None else second
    return first if first == second else None


def _share(text: str) -> float | Interval | str | None:
    """The percentage of a text; bounds where it is one or a range, a word where it cannot be a share of blasts."""
    found = _PERCENT.search(text)
    if found is None:
        return None
    low = float(found["low"].replace(",", "."))
    high = float(found["high"].replace(",", ".")) if found["high"] else low
    if max(low, high) > 100:
        return "more than all"
    match found["sign"]:
        case "<" | "<=":
            return Interval(0, high, high_open=found["sign"] == "<")
        case ">" | ">=":
            return Interval(low, 100, low_open=found["sign"] == ">")
        case _:
            return low if low == high else replace(Interval(), low=min(low, high), high=max(low, high))
