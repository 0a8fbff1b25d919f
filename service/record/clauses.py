"""A clinical text cut where a new statement begins, after what its way through systems did to it is undone.

Undone are the mark-up of narratives (``<div>``, ``&lt;``), the escapes of HL7 v2 (``\\.br\\``, chapter 2.7), dashes and
blanks of typesetting, letters s p a c e d for emphasis, boxes to tick, and lines broken in the middle of a phrase. A
heading on a line of its own ("Family history:") is said again before each line it covers.
"""

from __future__ import annotations

import html
import re
import unicodedata

_IGNORE = re.IGNORECASE
# One look tells whether there is anything to undo; most texts have nothing.
_ODD = re.compile(
    "[<&\\\\\u00a0\u00ad\u0300-\u036f\u2000-\u206f\u2212\ufb00-\ufb06\ufeff☐□☒☑✓✔■]"
    r"|[(\[]\s?[xX]?\s?[)\]]|(?<!\w)[^\W\d_] [^\W\d_] [^\W\d_] [^\W\d_](?!\w)"
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,10});")
_BREAKS = re.compile(
    r"\\(?:\.(?:br|sp|in|ti|fi|nf|ce)[+\-\d]{0,4}|X0[AD](?:0[AD])?)\\"
    r"|</?(?:br|p|div|li|ul|ol|tr|table|tbody|thead|h\d|dd|dt|dl|section)\b[^<>]{0,200}>",
    _IGNORE,
)
_CELLS = re.compile(r"</t[dh]>\s*<t[dh]\b[^<>]{0,200}>", _IGNORE)
_TAGS = re.compile(
    r"</?(?:a|b|i|u|em|strong|span|font|sub|sup|small|big|pre|code|tt|td|th|caption|html|body)\b[^<>]{0,200}>|\\[HN]\\",
    _IGNORE,
)
_ESCAPED = re.compile(r"\\([TRFSE])\\")
_ESCAPES = {"T": "&", "R": "~", "F": "|", "S": "^", "E": "\\"}
_SIGNS = {
    **dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"), " "),
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e"), '"'),
    **dict.fromkeys(map(ord, "\u2028\u2029"), "\n"),
    ord("\ufb00"): "ff", ord("\ufb01"): "fi", ord("\ufb02"): "fl", ord("\ufb03"): "ffi", ord("\ufb04"): "ffl",
    ord("\u2026"): "...",
}  # fmt: skip
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_] ){3,40}[^\W\d_](?!\w)")

# Not "[]" right behind a word or bracket: an empty count of cells in a karyotype.
_OPEN_BOX = r"(?:(?<![\w)\]])(?:\[\s?\]|\(\s\))|[☐□])"
_TICKED = r"(?:(?<![\w)\]])(?:\[\s?[xX]\s?\]|\(\s?[xX]\s?\))|[☒☑✓✔■])"
_BOX = re.compile(rf"{_OPEN_BOX}|{_TICKED}")
_OPEN = re.compile(_OPEN_BOX)
_BOX_FIRST = re.compile(rf"(?:^|[:;,\-])\s*(?:{_OPEN_BOX}|{_TICKED})")

_BULLET = re.compile(r"(?:[-*•·+▪●►‣]|\d{1,2}[.)])\s+(?=\S)")
_HEADED = re.compile(r"[^\W\d][^:\n]{1,40}:(?!:)(?=\s|$)")
_LONG = 50  # characters: a line this long that ends without a point goes on in the next
_ENDS_OPEN = re.compile(
    r"(?<![:?\-])(?<![:?\-] )\b(?:of|for|no|not|an?|the|and|or|with|without|by|von|auf|für|kein\w*|ohne|nicht|und|oder|eine[sr]?"
    r"|de[sr]|mit)$",
    _IGNORE,
)
_GOES_ON = re.compile(
    r"(?:of|for|or|and|nor|von|auf|für|oder|und|noch)\b"
    r"|(?:(?:is|was|were|are|has|have|ist|war|waren|wurden?|konnten?)\s+)?(?:not|nicht|no longer|neg(?:ativ\w*)?|pos(?:itiv\w*)?"
    r"|undetect\w*|(?:un)?detected|absent|present|nachweisbar|nachgewiesen)\b(?![^:]{0,30}:)",
    _IGNORE,
)
# Capital words that a new statement begins with, not the rest of a broken line.
_BEGINS = re.compile(
    r"(?:No|Not|None|Negative|Positive|Normal\w*|There|The|This|These|Evidence|Without|Abnormal|Consistent|Impression|Comment"
    r"|Kein\w*|Ohne|Nachweis|Nicht|Unauffällig\w*|Es|Die|Der|Das|Ein\w*|Somit|Damit|Befund|Beurteilung)\b"
)

# Points that end no statement: "Z.n." (state after), "V.a." (suspected), "z.A." (to be excluded), "im 1. Rezidiv".
_POINTED = (
    r"\b(?:z\.\s?n|v\.\s?a|z\.\s?a|s\.\s?p|t\.\s?p|st\.\s?[pn]|zust\.\s?n|o\.\s?a\.\s?f|z\.\s?b|u\.\s?a|d\.\s?h|i\.\s?v|i\.\s?e|e\.\s?g"
    r"|o\.\s?b|n\.\s?n"
    r"|zn|va|vd|verd|st|zust|dd|dr|prof|pat|pt|susp|bzgl|evtl|ggf|bzw|ca|lt|hx|fhx|sig|vs|approx|incl|inkl|resp|v|z|o|a|s|t|e|n)\.(?=\s)"
    r"|\b(?:kein\w*|ohne|im|am|zum|beim|nach|vor|das|ein\w*|de[rms]|no)\s+[1-5]\.(?=\s)"
)
_CUT = re.compile(
    rf"(?P<keep>{_POINTED})|(?<!\.)\.{{1,3}}(?=\s|$)|;+(?=\s|$)(?![^()]{{0,120}}\))|[\n\r]+|\s\|\s"
    r"|\s(?:but|aber|however|jedoch|sondern|whereas|although|hingegen|dagegen|wohingegen|obwohl)\s"
    r"(?!(?:(?:was|were|is|are|war|wurden?) )?(?:not|nicht|never|no longer) (?:found|seen|detect|identif|present|nachweis|nachgew|gefunden))"
    r"|,\s(?=(?:but|with|mit|aber|positive|relapse|now|jetzt|nun|aktuell|currently|im|in|Z\.\s?n)\b)"
    r"|\s(?:and|und)\s(?=(?:positiv|negativ)e?\s+(?:for|für|fuer)\b)",
    _IGNORE,
)


def plain(text: str) -> str:
    """A text as it was meant, without what its way through systems added.

    >>> plain("BCR\u2013ABL1: <b>n e g a t i v</b>\\\\.br\\\\")
    'BCR-ABL1: negativ\\n'
    """
    if not _ODD.search(text):
        return text
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    if "<" in text or "\\" in text:
        text = _TAGS.sub("", _BREAKS.sub("\n", _CELLS.sub(": ", text)))
        text = _ESCAPED.sub(lambda match: _ESCAPES[match[1]], text)
    text = unicodedata.normalize("NFC", text.translate(_SIGNS))
    text = _SPACED.sub(lambda match: match[0].replace(" ", ""), text)
    return "\n".join(map(_ticked, text.split("\n"))) if _BOX.search(text) else text


def _ticked(line: str) -> str:
    """A line of a form with only what is ticked on it; a question mark where it cannot be told which box goes with what."""
    boxes = list(_BOX.finditer(line))
    if not boxes:
        return line
    any_ticked = any(not _OPEN.fullmatch(box[0]) for box in boxes)
    starts = [box.end() for box in boxes]
    if _BOX_FIRST.search(line):  # "[x] yes [ ] no"
        ends = [*(box.start() for box in boxes[1:]), len(line)]
        kept = [line[: boxes[0].start()]]
    elif line.rstrip().endswith(boxes[-1][0]):  # "yes [x] no [ ]"
        named = line.find(":") + 1
        starts, ends = [named, *starts[:-1]], [box.start() for box in boxes]
        kept = [line[:named]]
    else:
        return _BOX.sub("?", line)
    for box, start, end in zip(boxes, starts, ends, strict=True):
        if not _OPEN.fullmatch(box[0]):
            kept.append(line[start:end])
    return " ".join(kept) + ("" if any_ticked else "____")


def clauses(text: str) -> list[str]:
    """A text cut where a new statement begins.

    >>> clauses("Z.n. ALL. Kein Rezidiv")
    ['Z.n. ALL', ' Kein Rezidiv']
    """
    text = plain(text)
    lines = _lines(text) if "\n" in text or "\r" in text else [text]
    return [clause for line in lines for clause in _cut(line)]


def _cut(line: str) -> list[str]:
    parts, last = [], 0
    for match in _CUT.finditer(line):
        if match["keep"] is None:
            parts.append(line[last : match.start()])
            last = match.end()
    parts.append(line[last:])
    return [part for part in parts if part and not part.isspace()]


def _lines(text: str) -> list[str]:
    """Lines as they were meant: broken ones joined, and those below a heading with it before them."""
    found: list[str] = []
    heading, used, before = "", True, ""  # ``before``: the line before, if this one may go on from it
    for raw in [*text.splitlines(), ""]:
        line = raw.strip()
        bullet = _BULLET.match(line)
        own = line[bullet.end() :] if bullet else line
        if heading and (not line or (used and not bullet and _HEADED.match(line))):
            if not used:
                found.append(heading)
            heading, before = "", ""
        if not line:
            before = ""
        elif not bullet and before and _continues(before, line):
            found[-1] += f" {line}"
            before = line
        elif line.endswith(":") and not line.endswith("::") and len(line) <= 60:
            if heading and not used:
                found.append(heading)
            heading, used, before = own, False, ""
        else:
            found.append(f"{heading} {own}" if heading else own)
            used, before = True, line
            if heading and line.endswith("."):  # a sentence: the heading covers no more
                heading = ""
    return found


def _continues(line: str, following: str) -> bool:
    """Whether a line goes on in the next: it breaks off, or the next one begins in the middle."""
    if line.endswith((".", ";", ":", "!", "?")):
        return False
    if _ENDS_OPEN.search(line) or _GOES_ON.match(following):
        return True
    if len(line) < _LONG:
        return False
    # German nouns are capital in the middle of a sentence, so a capital letter alone begins nothing.
    return following[0].islower() or (line.rpartition(" ")[2][:1].islower() and not _BEGINS.match(following))
