"""From a formula to clones: numbers, sex chromosomes, cell counts, inheritance and copy numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.facts.karyotype.model import AUTOSOMES, Abnormality, Clone, Unread
from service.facts.karyotype.scan import Scan, scan

_HEAD = re.compile(
    r"""\s*(?:(?:mos|chi)\s+)?(?:(?P<q>\?)?(?P<low>\d{2,3})(?:\s?[-~]\s?\??(?P<high>\d{2,3}))?|\?\?)
        (?:\s?<\s?(?P<level>\d)\s?n\s?[+-]?\s?>)?\s*[,.;]?\s*
        (?:(?P<sex>X\sor\sY|\??[XYU?][XYU0O?]*(?:,\?[XY](?=\s*[,\[]|\s*$))?)(?P<c>\??c\??)?(?![A-BD-Z])(?![a-z]{3}))?""",
    re.VERBOSE | re.IGNORECASE,
)
_CELLS = re.compile(
    r"\s*\[\s*(?P<cp>cp)?\s*(?P<n>\d+)?\s*\??(?:/\s*\d+)?\s*(?:cells|metaphases)?\s*\]\s*(?:\([^()]*\))?\s*[.,;]?\s*$",
    re.IGNORECASE,
)
_NEXT_CLONE = re.compile(r"\s*\??\d{2}(?:[-~]\d{2})?\s*,\s*(?:[XY?]|idem|sd?l|inc)", re.IGNORECASE)
_UNIT = 22  # autosomes of a haploid set
_MISCOUNT = 3  # chromosomes by which a printed number and its list may differ and still be of one level


@dataclass(frozen=True, slots=True)
class _Levels:
    """Against how many haploid sets a clone is written, and whether the printed number agrees."""

    level: int
    adds_up: bool


def read_clones(text: str, offset: int = 0) -> tuple[tuple[Clone, ...], tuple[Unread, ...]]:
    """The clones of one individual, in order, each with what it inherits."""
    clones: list[Clone] = []
    unread: list[Unread] = []
    for start, piece in split_clones(text):
        if not piece.strip():
            continue
        clone, left = _read_clone(piece, offset + start, clones)
        clones.append(clone)
        unread.extend(left)
    return tuple(clones), tuple(unread)


def split_clones(text: str) -> list[tuple[int, str]]:
    """Pieces between slashes outside brackets, with their places. An unclosed bracket does not swallow a clone, and
    where the slash behind a number of cells is missing (``[6] 46,XY[9]``) the next clone begins all the same."""
    cuts, depth = [], 0
    for at, char in enumerate(text):
        depth = max(depth + (char in "([") - (char in ")]"), 0)
        if (char == "/" and (depth == 0 or _NEXT_CLONE.match(text, at + 1))) or (
            char == " " and text[at - 1] in "];" and depth == 0 and _NEXT_CLONE.match(text, at + 1)
        ):
            cuts.append(at)
            depth = 0
    starts = [0, *(cut + 1 for cut in cuts)]
    return [(start, text[start:end]) for start, end in zip(starts, [*cuts, len(text)], strict=True)]


def _read_clone(text: str, offset: int, before: Sequence[Clone]) -> tuple[Clone, list[Unread]]:
    cells = _CELLS.search(text)
    body = text[: cells.start()] if cells else text
    head = _HEAD.match(body)
    found = scan(body[head.end() :], offset + head.end()) if head else scan(body, offset)
    number = (int(head["low"]), int(head["high"] or head["low"])) if head and head["low"] else None
    sex = (_sex(head["sex"]) if head else "") or found.sex
    own = list(found.items)
    if head and head["c"]:
        own.insert(0, Abnormality(f"{sex}c", "sex", (), constitutional=True, copies=(0, 0)))
    parent = _parent(found, before)
    inherited: tuple[Abnormality, ...] = before[parent].abnormalities if parent is not None else ()
    if parent is not None and not sex:
        sex = before[parent].sex
    levels = None
    if parent is None:
        levels = _levels(number, sex, found, bool(cells and cells["cp"]), head["level"] if head else None)
    copies = dict(before[parent].copies) if parent is not None else _haploid_sets(levels.level if levels else 2, sex)
    if parent is not None:
        copies = {name: n * found.times for name, n in copies.items()}
    for item in own:
        if item.numerical and not item.uncertain and (parent is not None or not _sex_loss(item)):
            (name,) = item.chromosomes
            copies[name] = max(copies.get(name, 0) + item.sign * item.copies[0], 0)
    doubtful = {c for item in own if item.numerical and _doubtful(item) for c in item.chromosomes}
    if parent is not None:
        doubtful |= before[parent].undetermined
    clone = Clone(
        text.strip(),
        number,
        sex,
        int(cells["n"]) if cells and cells["n"] else None,
        bool(cells and cells["cp"]),
        found.incomplete or (parent is not None and before[parent].incomplete),
        found.times > 1 or (parent is not None and before[parent].doubled),
        parent,
        levels.level if levels else (before[parent].level if parent is not None else 2),
        levels.adds_up if levels else True,
        _inherit(inherited, own),
        copies,
        frozenset(doubtful),
    )
    return clone, found.unread


def _sex(printed: str | None) -> str:
    """Sex chromosomes with question marks for what is not known: "X or Y" is one of unknown kind, "X0" a missing one."""
    plain = (printed or "").upper()
    if " " in plain:
        return "?"
    return plain.replace(",", "").replace("O", "0").replace("U", "?")


def _sex_loss(item: Abnormality) -> bool:
    return item.kind == "loss" and item.chromosomes[0] in ("X", "Y")


def _doubtful(item: Abnormality) -> bool:
    return item.uncertain or item.copies[0] != item.copies[1]


def _parent(found: Scan, before: Sequence[Clone]) -> int | None:
    """Which earlier clone is inherited: ``idem`` and ``sl`` the stemline, ``sdl`` a sideline (``sdl2`` the second).

    The stemline is the first abnormal clone, because some laboratories print normal cells first.
    """
    if found.inherits is None or not before:
        return None
    abnormal = [n for n, clone in enumerate(before) if clone.abnormal] or [0]
    if found.inherits in ("idem", "sl"):
        return abnormal[0]
    nth = found.inherits.removeprefix("sdl").removeprefix("sl")
    return abnormal[min(int(nth), len(abnormal) - 1)] if nth.isdigit() else len(before) - 1


def _inherit(inherited: tuple[Abnormality, ...], own: Iterable[Abnormality]) -> tuple[Abnormality, ...]:
    """Inherited and own abnormalities; what the clone lost again or gained back is taken out.

    A structural one is lost by name (``-der(9)t(1;9)``, bands left out or not), a whole chromosome by its opposite.
    """
    kept = list(inherited)
    added = []
    for item in own:
        gone = _undone(item, kept)
        if gone is None:
            added.append(item)
        else:
            kept.remove(gone)
    return (*kept, *added)


def _undone(item: Abnormality, kept: Sequence[Abnormality]) -> Abnormality | None:
    """The inherited abnormality that an abnormality of the sideline takes back."""
    if item.constitutional or item.uncertain:
        return None
    if item.numerical:
        opposite = {"gain": "loss", "loss": "gain"}[item.kind]
        same = [i for i in kept if (i.kind, i.chromosomes, i.copies) == (opposite, item.chromosomes, item.copies)]
    elif item.sign < 0:
        same = [i for i in kept if i.kind == item.kind and i.chromosomes == item.chromosomes]
        same = [i for i in same if i.bands == item.bands] or same
    else:
        return None
    return next((i for i in same if not i.constitutional), None)


def _levels(number: tuple[int, int] | None, sex: str, found: Scan, composite: bool, printed: str | None) -> _Levels:
    """The ploidy level that makes the list add up to the number.

    ``58,XX,+X,+4,...`` counts up from two sets and ``58,XXY,-1,-2,...`` down from three: the number of chromosomes
    equals 22 autosomes per set, the sex chromosomes and all changes, and at most one level does that. An abnormal sex
    chromosome stands among the changes and not with the normal ones (``46,X,t(X;14)``), and a lost one is missing from
    those already, unless the laboratory printed them all the same: both are tried. If no level adds up, the printed
    ``<2n>`` counts, then the level that misses by three or fewer in a complete list, then the level that ISCN gives to
    the number (up to 34 haploid, 35-57 diploid, 58-80 triploid, above tetraploid) if the sex chromosomes agree, else two.
    """
    if printed:
        return _Levels(int(printed), True)
    if number is None:
        return _Levels(2, False)
    sexes = len(sex.replace("0", "")) or 2
    changes = [item.change for item in found.items if not _sex_loss(item)]
    lost = [item.change for item in found.items if _sex_loss(item)]
    abnormal = sum(_abnormal_sexes(item) for item in found.items)
    missed: list[tuple[int, int]] = []
    for extra in dict.fromkeys((abnormal, 0)):
        for rows in (changes, [*changes, *lost]):
            low, high = (sexes + extra + sum(row[n] for row in rows) for n in (0, 1))
            for level in (2, 1, 3, 4):
                if low + _UNIT * level <= number[1] and number[0] <= high + _UNIT * level:
                    return _Levels(level, True)
                missed.append((max(low + _UNIT * level - number[1], number[0] - high - _UNIT * level), level))
    least, nearest = min(missed, key=lambda row: row[0])
    if least <= _MISCOUNT and not composite and not found.incomplete:
        return _Levels(nearest, False)
    usual = 1 if number[1] <= 34 else 2 if number[0] <= 57 else 3 if number[0] <= 80 else 4
    return _Levels(usual if usual == sexes else 2, False)


def _abnormal_sexes(item: Abnormality) -> int:
    """Abnormal sex chromosomes that an unsigned abnormality names in place of normal ones."""
    if item.sign or item.numerical or item.constitutional:
        return 0
    return item.copies[0] * sum(name in ("X", "Y") for name in item.chromosomes)


def _haploid_sets(level: int, sex: str) -> dict[str, int]:
    copies: Mapping[str, int] = dict.fromkeys(AUTOSOMES, level)
    return {**copies, "X": sex.count("X"), "Y": sex.count("Y")}
