"""Numbers in the text of an MRD result: as a fraction of cells, each with what it is (value, sensitivity, cut-off)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Role(StrEnum):
    VALUE = "value"
    SENSITIVITY = "sensitivity"  # limit of detection
    QUANTIFIABLE = "quantifiable"  # limit of quantification, quantitative range
    CUT_OFF = "cut-off"  # a threshold or reference limit: not about this patient
    PART = "part"  # a share of some of the cells only (lymphocytes, B cells, blasts): no share of all


@dataclass(frozen=True, slots=True)
class Amount:
    """One number of a text. ``low`` and ``high`` are fractions (0.02 % is 0.0002), equal unless it is a range.

    ``scaled`` is false for a bare number: nobody said whether it is a fraction or a percentage.
    """

    low: float
    high: float
    start: int
    end: int
    comparator: str | None = None
    role: Role = Role.VALUE
    scaled: bool = True
    international: bool = False  # BCR::ABL1 on the International Scale


_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "×": "x", "∙": "·", "⋅": "·", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "％": "%"}
)
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUPERSCRIPT = re.compile(r"(?<=10)\s?([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


_BETWEEN = re.compile(r"\b(?:between|zwischen)\s+([\d.,x*^E() %-]{1,15}?)\s*\b(?:and|und)\s+(?=\d)", re.IGNORECASE)


def plain(text: str) -> str:
    """Typographic signs as keyboard signs, one way to write a range: ``2,3 × 10⁻⁴`` becomes ``2,3 x 10^-4``."""
    text = _SUPERSCRIPT.sub(lambda m: "^" + m[1].translate(_SUPER), text)
    return _BETWEEN.sub(r"\1 to ", text.translate(_SIGNS).replace("≤", "<=").replace("≥", ">="))


# What looks like a number but tells a date, a time point, a marker or a gene.
_OTHER = re.compile(
    r"""\b\d{4}-\d{2}(?:-\d{2})?(?:T[\d:.Z+-]+)?\b | \b\d{1,2}[./]\d{1,2}[./](?:19|20)?\d{2}\b
      | \b(?:days?|d|tag|weeks?|wk|woche|months?|monat|cycle|zyklus|course|block|visit|age|tp|v)\s?[+#.]?\s?\d{1,3}\b
      | \b(?:cd|p|hla|nct|aall|uk|nopho|tube|clone|klon|marker)[ -]?\d+[a-z]?\b | \bt\([^)]*\) | \be\d+a\d+\b
      | \b\d+\s?[- ]?(?:colou?r|years?|months?|weeks?|days?|jahre|monate|wochen|tage|ml|mg|ct)\b
      | \b\d(?:[.,]\d+)?[- ]?(?:log\b|fold) | [(\[](?:range|CI|KI|95\s?%)[^)\]]*[)\]]
      | (?:\b95\s?%[ -]*)?\b(?:CI|KI|confidence\ interval|konfidenzintervall)\b[\s:=]*[\d.,]+\s?%?\s?(?:-|to|bis)\s?[\d.,]+\s?%?""",
    re.IGNORECASE | re.VERBOSE,
)
_DECIMAL = r"(?:\d+(?:[.,]\d+)?|[.,]\d+)"
_PERCENT = r"\s?(?:%|\(%\)|\[%\]|per ?cent\b|prozent\b)"
_GROUPED = r"[1-9]\d{0,2}(?:[ .,']\d{3})+(?!\d)|[1-9]000(?:0*)\b|[1-9]\d{4,}\b"
_AMOUNT = re.compile(
    rf"""(?:(?P<cmp><=|>=|<|>|\b(?:below|less\ than|under|unter|kleiner(?:\ als)?|at\ most|above|greater\ than|more\ than|over|über)\b)\s{{0,6}})?
    (?<![\w.,^])(?:
      (?P<top>\d{{1,3}}(?:[ .,']\d{{3}})+(?![.,]?\d)|{_DECIMAL})(?P<what>(?:\s{{1,30}}(?!in\b|per\b|of\b|pro\b)[a-z-]+){{0,4}})\s{{0,30}}(?:\bin\b|\bper\b|\bpro\b|\bauf\b|\b(?:out\s)?of\b|\bvon\b|/|:)\s{{0,6}}
          (?:(?P<bottom>{_GROUPED})|10\s?[*^]?\s?(?P<power>[3-7])(?!\d)|(?P<million>million\b|mio\b))
      |(?:(?:(?P<least>{_DECIMAL})\s?(?:-|to\b|bis\b)\s?)?(?P<mantissa>{_DECIMAL})(?P<times>\s{{0,6}}[x·*]\s{{0,6}}|\s{{1,6}}(?=10[*^])))?10\s?(?P<mark>\^|\*{{1,2}}|e)?\s?\(?(?P<exponent>-\s?\d{{1,2}})(?![\d/-]|[.,]\d)\)?
      |(?P<digits>{_DECIMAL})\s?e\s?(?P<e>-\s?\d{{1,2}})(?!\d)
      |(?P<from>{_DECIMAL}){_PERCENT}?\s?(?:-|to|bis)\s?(?P<to>{_DECIMAL})(?={_PERCENT})
      |(?P<simple>{_DECIMAL})(?={_PERCENT})
    )(?P<percent>{_PERCENT})?(?P<scale>\s?[(\[]?\s?IS\b\s?[)\]]?)?""",
    re.IGNORECASE | re.VERBOSE,
)
# Behind a percentage: the cells it is a share of, if these are only some ("% of CD19+ cells", "% der Lymphozyten").
_PART = re.compile(
    r"\s*(?:of|der|von|among|aller)\s+(?:the\s+|all\s+|total\s+|gated\s+|viable\s+)*(?:CD(?!45)\d+|[BT][- ]?(?:cell|lineage|zell|lymph)"
    r"|lymph(?!obl)|mature|plasma|granulo|monocyt|monozyt|blasts?\b|blasten\b)",
    re.IGNORECASE,
)
_BARE = re.compile(rf"\s*(?:MRD)?\s*[:=]?\s*(<=|>=|<|>)?\s*({_DECIMAL})\s*", re.IGNORECASE)
_BARE_AT_MOST = 40
_COMPARATORS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "at most": "<="}
_MORE = ("above", "greater", "more", "over", "über")

_LIMIT_WORDS = (
    (Role.SENSITIVITY, re.compile(
        r"\buMRD\b|sensitivit\w*|\bsens\b\.?|\bempf\b\.?|empfindlichkeit|\bLL?OD\b|(?:limit|level|threshold) of detection"
        r"|detection (?:limit|threshold|level)|nachweisgrenze|detektionsgrenze"
        r"|\bno\b[^.;,\d]{0,40}?(?:detect\w*|identif\w*|seen|found|evident|nachweisbar)\s+(?:at|above|bei|oberhalb)\b"
        r"|(?:not detect\w+|negativ\w*|undetect\w+|nicht nachweisbar) (?:down )?(?:at|to|bis|bei)\b", re.IGNORECASE)),
    (Role.QUANTIFIABLE, re.compile(
        r"\bLL?OQ\b|(?:not|nicht|non|un)[ -]?(?:\w+ )?quantif\w+|limit of quanti\w+|quantitation|quanti\w+ (?:limit|range|bereich|messbereich)"
        r"|quantifi\w+grenze|\bQR\b|bestimmungsgrenze", re.IGNORECASE)),
    (Role.CUT_OFF, re.compile(
        r"cut-?off|threshold|reference|referenz\w*|normal range|grenzwert|schwelle\w*|considered|defined as|definiert"
        r"|expected|positivity", re.IGNORECASE)),
)  # fmt: skip
_NUMBER_NEXT = re.compile(r"\s*(?:of|is|was|level|von|:|=|\()*\s*[<>]?=?\s*\d")
_BREAK = re.compile(r"[;\n]|\.\s")
_OPENS = re.compile(r"\s*(?:level|assay|as|the|\s)*\s*", re.IGNORECASE)
_BACK = 48


def amounts(text: str) -> tuple[Amount, ...]:
    """The numbers of a text (already `plain`) that may be shares of cells, with their roles, in order.

    Days, dates, markers and cell counts are passed over. A bare number counts only if it is all there is.

    >>> [(a.low, a.role.value) for a in amounts("0.02 % (sensitivity 1E-5)")]
    [(0.0002, 'value'), (1e-05, 'sensitivity')]
    """
    alone = text.strip()
    bare = _BARE.fullmatch(alone) if len(alone) < _BARE_AT_MOST else None  # blanks in a row cost time out of proportion
    if bare:
        number, skipped = _float(bare[2]), len(text) - len(text.lstrip())
        return (Amount(number, number, skipped + bare.start(2), skipped + bare.end(2), bare[1], scaled=False),)
    cleaned = _OTHER.sub(lambda m: " " * len(m[0]), text)
    found: list[Amount] = []
    after = 0
    for match in _AMOUNT.finditer(cleaned):
        low, high = _bounds(match)
        if match["percent"]:
            low, high = low / 100, high / 100
        role = _role(cleaned, after, match.start(), match.end())
        if role is Role.VALUE and match["percent"] and _PART.match(text, match.end()):
            role = Role.PART
        amount = Amount(
            _tidy(low), _tidy(high), match.start(), match.end(), _comparator(match["cmp"]), role, True,
            bool(match["scale"]),
        )  # fmt: skip
        if found and _spans(cleaned, found[-1], amount):
            amount = replace(amount, low=found.pop().low, start=amount.start)
        found.append(amount)
        after = match.end()
    return tuple(found)


def _spans(text: str, first: Amount, second: Amount) -> bool:
    """Whether two numbers are the ends of a range: ``1E-4 to 1E-3``."""
    between = text[first.end : second.start]
    joined = re.fullmatch(r"\s*(?:-|to|bis)\s*", between, re.IGNORECASE)
    exact = first.low == first.high and second.low == second.high and not (first.comparator or second.comparator)
    return bool(joined) and exact and first.low < second.high


def _bounds(match: re.Match[str]) -> tuple[float, float]:
    """The number of a match, before a percent sign is heeded."""
    if match["top"] is not None:
        if match["million"]:
            whole = 1e6
        elif match["power"]:
            whole = 10.0 ** int(match["power"])
        else:
            whole = float(re.sub(r"\D", "", match["bottom"]))
        fewest, most = _count(match["top"], "cells" if whole >= 1e6 else match["what"])
        return fewest / whole, most / whole
    if match["exponent"] is not None:
        power = 10.0 ** int(match["exponent"].replace(" ", ""))
        if match["mantissa"] is None and (match["mark"] or "").lower() == "e":
            return power, 10 * power  # "10E-4" is 10^-3 by the letter and 10^-4 by what many mean
        value = _float(match["mantissa"] or "1") * power
        least = _float(match["least"]) * power if match["least"] else value
        if least < value:
            return least, value
    elif match["digits"] is not None:
        value = _float(match["digits"]) * 10.0 ** int(match["e"].replace(" ", ""))
    elif match["from"] is not None:
        low, high = sorted((_float(match["from"]), _float(match["to"])))
        return low, high
    else:
        value = _float(match["simple"])
    return value, value


def _count(text: str, counted: str) -> tuple[float, float]:
    """A number of cells, lowest and highest reading. Blanks and repeated marks stand for thousands; a single comma or
    point before three digits does so where whole things are counted ("1,234 cells"), else it may be either.
    """
    groups = re.split(r"[ .,']", text)
    grouped = len(groups) > 1 and groups[0] != "0" and all(len(group) == 3 for group in groups[1:])
    if not grouped:
        return _float(text), _float(text)
    whole = float("".join(groups))
    if (
        len(groups) > 2
        or not re.search(r"[.,]", text)
        or re.search(r"cells?\b|zellen|events?\b|sequen|copies|kopien", counted, re.IGNORECASE)
    ):
        return whole, whole
    return _float(text), whole


def _float(text: str) -> float:
    return float(text.replace(",", "."))


def _tidy(value: float) -> float:
    """Without the dust of decimal division, so that 0.01 % is exactly 10^-4."""
    return float(f"{value:.12g}")


def _comparator(sign: str | None) -> str | None:
    if not sign:
        return None
    word = " ".join(sign.lower().split())
    return _COMPARATORS.get(word) or (">" if word.split()[0] in _MORE else "<")


def _role(text: str, after: int, start: int, end: int) -> Role:
    """What a number is, by the nearest limit word before it in its clause, or the word right behind it."""
    before = text[max(after, start - _BACK) : start]
    before = _BREAK.split(before)[-1]
    nearest: tuple[int, Role] | None = None
    for role, words in _LIMIT_WORDS:
        for match in words.finditer(before):
            if nearest is None or match.end() > nearest[0]:
                nearest = (match.end(), role)
    if nearest is not None:
        return nearest[1]
    opened = _OPENS.match(text, end)
    for role, words in _LIMIT_WORDS:
        behind = words.match(text, opened.end() if opened else end)
        if behind and not _NUMBER_NEXT.match(text, behind.end()):
            return role
    return Role.VALUE


_MR = re.compile(r"\bMR[\s_|^:=]*(?P<log>\d(?:[.,]\d+)?)(?!\d)(?:\s?\|\s?%\s?\(IS\))?(?!\s?%)", re.IGNORECASE)
_CLASSES = frozenset({2.0, 3.0, 4.0, 4.5, 5.0})


def molecular_responses(text: str) -> Iterator[tuple[float, bool, int, int]]:
    """Molecular responses named in a text: log value, whether it is a class (MR4.5: that or deeper), and its span.

    ``MR4.18`` is a measured value; ``MR4`` alone a class.
    """
    for match in _MR.finditer(text):
        log = _float(match["log"])
        yield log, log in _CLASSES and len(match["log"]) <= 3, match.start(), match.end()
