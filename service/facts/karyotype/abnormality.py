"""One abnormality of a karyotype, by the grammar of ISCN 2024 and the forms laboratories make of it.

The grammar, read by recursive descent (`read_one`); blanks are allowed between all parts, case does not matter::

    abnormality  = { sign | "?" } ( structural | marker | whole | arm | variant ) { tail }
    structural   = kind [ "?" ] "(" chromosomes ")" [ "(" bands ")" ] { structural }     recursion in der, dic, i, r, ...
    chromosomes  = chromosome { ";" chromosome }            chromosome = [ "?" ] ( 1 .. 22 | "X" | "Y" | "?" ) [ band ]
    bands        = band { ";" band } | band band | junctions      junctions = "9pter->9q34::22q11->22qter"
    marker       = [ number [ "~" number ] ] ( "mar" | "r" | "dmin" | "min" | "ace" ) [ digits ]
    whole        = chromosome                               with a sign: a gain or loss; "?16" a doubtful gain
    arm          = chromosome ( "p" | "q" ) ( "+" | "-" )   the short form "5q-"
    variant      = chromosome ( "qh" | "ps" | "pstk" | "cenh" ... ) [ "+" | "-" ]      a heteromorphism
    tail         = "x" number [ "~" number ] | "c" | "mat" | "pat" | "dn" | "inh" | "[" number "]"

Separators are forgiven (":" and "," for ";", a missing bracket at the end), question marks are kept. A hand-written
reader and no parser generator, because what laboratories send is at every point allowed to be a little wrong, and the
reader must go on behind it; `tests/facts/test_karyotype_grammar.py` makes sentences of the grammar and reads them back.
"""

from __future__ import annotations

import re
from dataclasses import replace

from service.facts.karyotype.model import Abnormality

_NAMES = (
    "psu idic|psu dic|dir ins|inv ins|dir dup|inv dup|dic r|idic|ider|dic|der|del|dup|add|ins|inv|iso|rec|trp|qdp|trc|tas"
    "|hsr|fis|rob|fra|neo|upd|r|t|i"
).replace(" ", r"\s?")
_CHROMOSOMES = r"2[0-2]|1\d|[1-9]|[XY]"
_SIGN = r"(?P<q0>\?)?(?P<sign>[+-])?\s*(?P<q>\?)?\s*"  # both "+?8" and "?+8" are printed
_HEAD = re.compile(rf"{_SIGN}(?P<name>{_NAMES})\s*(?P<q2>\?)?\s*(?=\()", re.IGNORECASE)
_WHOLE = re.compile(rf"{_SIGN}(?P<chr>{_CHROMOSOMES})(?P<q2>\?)?(?![\dpq])", re.IGNORECASE)
_PLAIN = re.compile(rf"(?P<sign>[+-])(?P<chr>{_CHROMOSOMES})(?=,|$)")  # most of what is printed, and quickly read
_MARKER = re.compile(
    rf"{_SIGN}(?:[~±]\s?)?(?:(?P<low>\d{{1,3}})(?:\s?[-~]\s?(?P<high>\d{{1,3}}))?\s?)?"
    r"(?P<name>mar|dmin|min|ace|r)(?P<label>\d*)s?(?![a-wyz(])",
    re.IGNORECASE,
)
_ARM = re.compile(rf"(?P<sign>[+-])?(?P<q>\?)?(?P<chr>{_CHROMOSOMES})(?P<arm>[pq])(?P<dir>[+-])(?!\w)", re.IGNORECASE)
_VARIANT = re.compile(
    rf"(?P<chr>{_CHROMOSOMES})(?:(?:[pq]|cen)?h|[pq]?stk|[pq]ss?|[pq]?var)[+-]*(?![\w(])", re.IGNORECASE
)
# Pericentric inversions that healthy people carry: with these breakpoints they are no change of the leukemia (ISCN 2024,
# heteromorphisms), whether or not the laboratory adds its "c".
_CARRIED = {
    "2": re.compile(r"p11(?:\.\d+)?q13"),
    "9": re.compile(r"p1[12](?:\.\d+)?q1[123](?:\.\d+)?"),
    "Y": re.compile(r"p11(?:\.\d+)?q1[12](?:\.\d+)?"),
}
_TAIL = re.compile(
    r"\s?x\s?(?P<x>\d{1,2})(?:\s?[-~/]\s?(?P<xx>\d{1,2}))?(?!\d)|(?P<c>\??c\??)(?![a-z])"
    r"|\s?\[\s?(?:cp)?\s?[\d?]*\s?%?\s?\]|(?P<origin>mat|pat|dn|inh)(?![a-z])",
    re.IGNORECASE,
)
_COMPOUND = frozenset({"der", "ider", "dic", "idic", "rec", "r", "i", "psudic", "psuidic", "dicr"})
_CHROMOSOME = re.compile(r"\s*(\??)\s*(2[0-2]|1\d|[1-9]|[XY]|\?)?(\??)\s*([pq].*)?\s*", re.IGNORECASE)
_JUNCTION = re.compile(
    r"(?:(?P<a>2[0-2]|1\d|[1-9]|[XY])?(?P<aa>[pq][\d.]+))\s?::\s?(?:(?P<b>2[0-2]|1\d|[1-9]|[XY])?(?P<bb>[pq][\d.]+))",
    re.IGNORECASE,
)
_ARROW = re.compile(r"->|→|::")


def read_one(text: str, at: int) -> tuple[Abnormality, int] | None:
    """The abnormality that begins at a place, and where it ends; ``None`` if none begins there."""
    if plain := _PLAIN.match(text, at):
        sign = _sign(plain["sign"])
        return Abnormality(plain.group(), "gain" if sign > 0 else "loss", (plain["chr"],), sign=sign), plain.end()
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
        return Abnormality("", m["name"].lower(), (), (), _sign(m["sign"]), _doubted(m), copies=copies), m.end()
    if m := _VARIANT.match(text, at):
        return Abnormality("", "variant", (m["chr"].upper(),), constitutional=True), m.end()
    if m := _ARM.match(text, at):  # the short form 5q-: a deletion; 14q+: added material
        kind = "del" if m["dir"] == "-" else "add"
        parts = (m["chr"].upper(),), (m["arm"].lower(),)
        return Abnormality("", kind, *parts, _sign(m["sign"]), bool(m["q"])), m.end()
    if (m := _WHOLE.match(text, at)) and (m["sign"] or m["q0"] or m["q"]):
        sign = _sign(m["sign"]) or 1  # "?16" in a list of gains
        doubted = _doubted(m) or bool(m["q2"])
        return Abnormality("", "gain" if sign > 0 else "loss", (m["chr"].upper(),), (), sign, doubted), m.end()
    return None


def _structural(text: str, at: int, *, part_of_another: bool = False) -> tuple[Abnormality, int] | None:
    """A structural abnormality; what follows it without a comma belongs to the outermost one."""
    head = _HEAD.match(text, at)
    if head is None:
        return None
    kind = re.sub(r"\s", "", head["name"].lower())
    kind = {"iso": "i"}.get(kind, kind)
    groups, end = _groups(text, head.end())
    detailed = groups.pop() if len(groups) > 1 and _ARROW.search(groups[-1]) else ""
    chromosomes, bands, unsure = _arguments(groups)
    parts: list[Abnormality] = [*_junctions(detailed, chromosomes)] if kind in _COMPOUND else []
    if kind == "t" and detailed:
        joined = _junctions(detailed, chromosomes)
        bands = _bands_of(chromosomes, joined)
    while kind in _COMPOUND and not part_of_another:
        place = end
        if not parts and len(groups) == 1:  # a slip of the pen: der(22) t(9;22)
            place += len(text[end:]) - len(text[end:].lstrip(" "))
        born = text[place : place + 1].lower() == "c" and _HEAD.match(text, place + 1) is not None
        place += born  # "der(9)inv(9)(p11q12)ct(9;22)": born with the inversion, then translocated
        if born and parts:
            parts[-1] = replace(parts[-1], constitutional=True)
        part = _structural(text, place, part_of_another=True) if text[place : place + 1] not in ("+", "-") else None
        if part is None:
            break
        parts.append(replace(part[0], text=text[place : part[1]]))
        end = part[1]
    carried = (
        kind == "inv" and chromosomes and (fits := _CARRIED.get(chromosomes[0])) and fits.fullmatch("".join(bands))
    )
    return (
        Abnormality(
            "", kind, chromosomes, bands, _sign(head["sign"]), unsure or _doubted(head) or bool(head["q2"]),
            constitutional=bool(carried), parts=tuple(parts),
        ),
        end,
    )  # fmt: skip


def _groups(text: str, at: int) -> tuple[list[str], int]:
    """The bracket groups that follow one another: ``(9;22)(q34;q11)``. A missing last bracket is forgiven."""
    groups: list[str] = []
    while len(groups) < 3:
        start = at
        while text[start : start + 1] == " ":
            start += 1
        if text[start : start + 1] != "(":
            break
        if groups and _begins_anew(text[start : start + 60]):
            break
        depth, end = 0, start
        for end in range(start, len(text)):
            depth += (text[end] == "(") - (text[end] == ")")
            if depth == 0:
                break
        groups.append(text[start + 1 : end if depth == 0 else end + 1])
        at = end + 1
    return groups, at


_ANEW = re.compile(r"\(\s*\??(?:[\dXY]|wcp)", re.IGNORECASE)


def _begins_anew(text: str) -> bool:
    """Whether a further bracket holds no bands of what stands before it: a list of probes, not of breakpoints."""
    inside = text.partition(")")[0]
    return _ANEW.match(text) is not None and "q" not in inside and "p" not in inside.replace("wcp", "")


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


def _junctions(detailed: str, chromosomes: tuple[str, ...]) -> list[Abnormality]:
    """Joins of the detailed form, as translocations: ``9pter->9q34::22q11->22qter`` joins 9q34 to 22q11."""
    home = chromosomes[0] if len(chromosomes) == 1 and chromosomes[0] != "?" else None
    found = []
    for m in _JUNCTION.finditer(detailed):
        one, other = (m["a"] or home), (m["b"] or home)
        if one and other and one.upper() != other.upper():
            rows = sorted(((one.upper(), m["aa"].lower()), (other.upper(), m["bb"].lower())), key=_karyotype_order)
            found.append(Abnormality(m.group(), "t", (rows[0][0], rows[1][0]), (rows[0][1], rows[1][1])))
    return found


def _karyotype_order(row: tuple[str, str]) -> int:
    """Sex chromosomes come first, then the autosomes by number (ISCN)."""
    return int(row[0]) if row[0].isdigit() else {"X": -2, "Y": -1}.get(row[0], 99)


def _bands_of(chromosomes: tuple[str, ...], joined: list[Abnormality]) -> tuple[str, ...]:
    bands = {name: band for part in joined for name, band in zip(part.chromosomes, part.bands, strict=True)}
    return tuple(bands.get(name, "") for name in chromosomes)


def _doubted(found: re.Match[str]) -> bool:
    return bool(found["q0"] or found["q"])


def _sign(sign: str | None) -> int:
    return {"+": 1, "-": -1}.get(sign or "", 0)
