"""Reading the abnormalities of one clone from left to right, whatever separates them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from service.facts.karyotype.abnormality import read_one
from service.facts.karyotype.model import Abnormality, Unread

_INHERIT = re.compile(r"(?P<name>idem|sdl|sl)(?P<n>\d?)(?:\s*x\s*(?P<times>\d))?(?![a-z(])", re.IGNORECASE)
_INCOMPLETE = re.compile(r"\??(?:inc|cx)\b", re.IGNORECASE)
_OR = re.compile(r"\s*\bor\b\s*", re.IGNORECASE)
_BARE = re.compile(r"(?P<chr>2[0-2]|1\d|[1-9]|[XY])(?![\w.(])", re.IGNORECASE)
_SEX = re.compile(r"[XY]{1,4}(?=c?\s*(?:,|$))")
_CELLS = re.compile(r"\[\s?(?:cp)?\s?[\d?]*\s?\]", re.IGNORECASE)
_REMARK = re.compile(r"\((?![^()]*[;:])[^()]*[A-Za-z]{3,}[^()]*\)")  # "(only 7 metaphases available)"
_SKIP = re.compile(r"[\s,;.]+")


@dataclass(slots=True)
class Scan:
    """What one clone's text holds behind number and sex."""

    items: list[Abnormality] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    inherits: str | None = None  # "idem", "sl", "sdl", "sdl2"
    times: int = 1
    incomplete: bool = False
    sex: str = ""  # sex chromosomes printed among the changes: "53,add(X)(q?),Y,+der(X)"


def scan(text: str, offset: int = 0) -> Scan:
    """Read a list of abnormalities. ``offset``: where the text begins in the whole formula, for `Unread.position`."""
    out, at, alternative = Scan(), 0, False
    while at < len(text):
        if skipped := _SKIP.match(text, at) or _CELLS.match(text, at) or _REMARK.match(text, at):
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
        elif found := read_one(text, at) or (_bare(text, at) if alternative else None):
            item, at = found
            if alternative:  # "+8 or +9": one of the two, so the second adds nothing that is certain
                item, alternative = replace(item, uncertain=True, copies=(0, 0)), False
            out.items.append(item)
        elif sex := _SEX.match(text, at):
            out.sex, at = out.sex + sex.group(), sex.end() + (text[sex.end() : sex.end() + 1] == "c")
        else:
            end = _next(text, at)
            if re.search(r"\w|\?", text[at:end]):  # a stray hyphen or bracket is no abnormality
                out.unread.append(Unread(offset + at, text[at:end].strip()))
            at = end
    return out


def _bare(text: str, at: int) -> tuple[Abnormality, int] | None:
    """The second of two chromosomes of which one was gained, printed without its sign: "+14 or 18"."""
    m = _BARE.match(text, at)
    return (Abnormality(m.group(), "gain", (m["chr"].upper(),), sign=1), m.end()) if m else None


def _next(text: str, at: int) -> int:
    """The next comma or space outside brackets."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] in "([") - (text[end] in ")]")
        if end > at and depth <= 0 and text[end] in ", ":
            return end
    return len(text)
