"""Reading the abnormalities of one clone from left to right, whatever separates them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from service.facts.karyotype.model import Abnormality, Unread

_NAMES = (
    "psu idic|psu dic|dir ins|inv ins|dir dup|inv dup|idic|ider|dic|der|del|dup|add|ins|inv|iso|rec|trp|qdp|trc|tas|hsr"
    "|fis|rob|fra|neo|r|t|i"
).replace(" ", r"\s?")
_HEAD = re.compile(rf"(?P<sign>[+-])?\s*(?P<q>\?)?\s*(?P<name>{_NAMES})\s*(?P<q2>\?)?\s*(?=\()", re.IGNORECASE)
_WHOLE = re.compile(r"(?P<sign>[+-])\s*(?P<q>\?)?\s*(?P<chr>2[0-2]|1\d|[1-9]|[XY])(?P<q2>\?)?(?![\dpq])", re.IGNORECASE)
_MARKER = re.compile(
    r"(?P<sign>[+-])?\s*(?P<q>\?)?\s*(?:(?P<low>\d{1,3})(?:\s?[-~]\s?(?P<high>\d{1,3}))?\s?)?"
    r"(?P<name>mar|dmin|min|ace|r)(?P<label>\d*)(?![a-wyz(])",
    re.IGNORECASE,
)
_ARM = re.compile(
    r"(?P<sign>[+-])?(?P<q>\?)?(?P<chr>2[0-2]|1\d|[1-9]|[XY])(?P<arm>[pq])(?P<dir>[+-])(?!\w)", re.IGNORECASE
)
_INHERIT = re.compile(r"(?P<name>idem|sdl|sl)(?P<n>\d?)(?:\s*x\s*(?P<times>\d))?(?![a-z(])", re.IGNORECASE)
_INCOMPLETE = re.compile(r"\??inc\b", re.IGNORECASE)
_OR = re.compile(r"\s*\bor\b\s*", re.IGNORECASE)
_SKIP = re.compile(r"[\s,;.]+")
_TAIL = re.compile(
    r"\s?x\s?(?P<x>\d{1,2})(?:[-~](?P<xx>\d{1,2}))?(?!\d)|(?P<c>\??c)(?![a-z])|\s?\[\s?(?:cp)?\s?\d*\s?%?\s?\]"
    r"|(?P<origin>mat|pat|dn|inh)(?![a-z])",
    re.IGNORECASE,
)
_COMPOUND = frozenset({"der", "ider", "dic", "idic", "rec", "r", "i", "iso", "psudic", "psuidic"})
_CHROMOSOME = re.compile(r"\s*(\??)\s*(2[0-2]|1\d|[1-9]|[XY]|\?)?(\??)\s*([pq].*)?\s*", re.IGNORECASE)


@dataclass(slots=True)
class Scan:
    """What one clone's text holds behind number and sex."""

    items: list[Abnormality] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    inherits: str | None = None  # "idem", "sl", "sdl", "sdl2"
    times: int = 1
    incomplete: bool = False


def scan(text: str, offset: int = 0) -> Scan:
    """Read a list of abnormalities. ``offset``: where the text begins in the whole formula, for `Unread.position`."""
    out, at, alternative = Scan(), 0, False
    while at < len(text):
        if skipped := _SKIP.match(text, at):
            at = skipped.end()
            continue
        if (either := _OR.match(text, at)) and out.items:
            out.items[-1] = replace(out.items[-1], uncertain=True)
            at, alternative = either.end(), True
            continue
        if inherited := _INHERIT.match(text, at):
            out.inherits = (inherited["name"] + inherited["n"]).lower()
            out.times = int(inherited["times"] or 1)
            at = inherited.end()
        elif incomplete := _INCOMPLETE.match(text, at):
            out.incomplete, at = True, incomplete.end()
        elif found := read_one(text, at):
            item, at = found
            if alternative:  # "+8 or +9": one of the two, so the second adds nothing that is certain
                item, alternative = replace(item, uncertain=True, copies=(0, 0)), False
            out.items.append(item)
        else:
            end = _next(text, at)
            if re.search(r"\w|\?", text[at:end]):  # a stray hyphen or bracket is no abnormality
                out.unread.append(Unread(offset + at, text[at:end].strip()))
            at = end
    return out


def read_one(text: str, at: int) -> tuple[Abnormality, int] | None:
    """The abnormality that begins at a place, and where it ends."""
    found = _structural(text, at) or _simple(text, at)
    if found is None:
        return None
    item, end = found
    copies, constitutional = item.copies, item.constitutional
    while tail := _TAIL.match(text, end):
        end = tail.end()
        if tail["x"]:
            copies = (int(tail["x"]), int(tail["xx"] or tail["x"]))
        constitutional = constitutional or bool(tail["c"] or tail["origin"])
    return replace(item, text=text[at:end].strip(), copies=copies, constitutional=constitutional), end


def _simple(text: str, at: int) -> tuple[Abnormality, int] | None:
    if m := _MARKER.match(text, at):
        low = int(m["low"] or 1)
        copies = (low, int(m["high"] or low))
        return Abnormality("", m["name"].lower(), (), (), _sign(m["sign"]), bool(m["q"]), copies=copies), m.end()
    if m := _ARM.match(text, at):  # the short form 5q-: a deletion; 14q+: added material
        kind = "del" if m["dir"] == "-" else "add"
        parts = (m["chr"].upper(),), (m["arm"].lower(),)
        return Abnormality("", kind, *parts, _sign(m["sign"]), bool(m["q"])), m.end()
    if m := _WHOLE.match(text, at):
        sign = _sign(m["sign"])
        unsure = bool(m["q"] or m["q2"])
        return Abnormality("", "gain" if sign > 0 else "loss", (m["chr"].upper(),), (), sign, unsure), m.end()
    return None


def _structural(text: str, at: int) -> tuple[Abnormality, int] | None:
    head = _HEAD.match(text, at)
    if head is None:
        return None
    kind = re.sub(r"\s", "", head["name"].lower())
    kind = {"iso": "i"}.get(kind, kind)
    groups, end = _groups(text, head.end())
    chromosomes, bands, unsure = _arguments(groups)
    parts: list[Abnormality] = []
    while kind in _COMPOUND:
        place = end
        if not parts and len(groups) == 1:  # a slip of the pen: der(22) t(9;22)
            place += len(text[end:]) - len(text[end:].lstrip(" "))
        part = _structural(text, place) if text[place : place + 1] not in "+-" else None
        if part is None:
            break
        parts.append(replace(part[0], text=text[place : part[1]]))
        end = part[1]
    unsure = unsure or bool(head["q"] or head["q2"])
    return Abnormality("", kind, chromosomes, bands, _sign(head["sign"]), unsure, parts=tuple(parts)), end


def _groups(text: str, at: int) -> tuple[list[str], int]:
    """The bracket groups that follow one another: ``(9;22)(q34;q11)``. A missing last bracket is forgiven."""
    groups: list[str] = []
    while len(groups) < 3:
        start = at
        while text[start : start + 1] == " ":
            start += 1
        if text[start : start + 1] != "(":
            break
        if (
            groups
            and re.match(r"\(\s*\??(?:[\dXY]|wcp)", text[start:], re.IGNORECASE)
            and "q" not in text[start : start + 9]
        ):
            break
        depth, end = 0, start
        for end in range(start, len(text)):
            depth += (text[end] == "(") - (text[end] == ")")
            if depth == 0:
                break
        groups.append(text[start + 1 : end if depth == 0 else end + 1])
        at = end + 1
    return groups, at


def _arguments(groups: list[str]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Chromosomes, bands, and whether a chromosome is doubtful."""
    chromosomes: list[str] = []
    inline: list[str] = []
    unsure = False
    for piece in re.split(r"[;:,]", groups[0] if groups else ""):
        m = _CHROMOSOME.fullmatch(piece)
        name = (m[2] or "?").upper() if m else "?"
        chromosomes.append(name)
        unsure = unsure or name == "?" or bool(m and (m[1] or m[3]))
        if m and m[4]:
            inline.append(m[4].strip().lower())
    printed = groups[1] if len(groups) > 1 else ";".join(inline)
    if len(chromosomes) > 1:
        bands = [piece.strip().lower() for piece in re.split(r"[;:,]", printed)] if printed else []
    else:
        bands = [piece.lower() for piece in re.findall(r"\??[pq][^pqPQ;]*|\?", printed, re.IGNORECASE)]
    return tuple(chromosomes), tuple(bands), unsure


def _sign(sign: str | None) -> int:
    return {"+": 1, "-": -1}.get(sign or "", 0)


def _next(text: str, at: int) -> int:
    """The next comma or space outside brackets."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] in "([") - (text[end] in ")]")
        if end > at and depth <= 0 and text[end] in ", ":
            return end
    return len(text)
