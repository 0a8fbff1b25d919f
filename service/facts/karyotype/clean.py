"""Finding the formula in what laboratories send: escapes, headings, sentences, amendments, wrapped lines."""

from __future__ import annotations

import re

_HL7 = {r"\R\\": "~", r"\T\\": "&", r"\S\\": "^", r"\F\\": "|", r"\E\\": "\\", r"\.br\\": "\n"}
_HL7_ESCAPE = re.compile(r"\\(R|T|S|F|E|\.br)\\", re.IGNORECASE)
_TYPOGRAPHY = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "x", "∼": "~", "～": "~", "；": ";", "，": ",", "（": "(",
     "）": ")", "′": "'", "’": "'", "‘": "'", "\u00a0": " ", "\u200b": ""}
)  # fmt: skip
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
# Runs of blanks are single by the time this is sought: a pattern that could take many would cost their square.
_AMENDMENT = re.compile(
    r" ?[-–(\[]? ?\b(?:amend(?:ment|ed)|correct(?:ion|ed)|korrigiert|korrektur)\b(?:\s*(?:on|am|vom)?[\s:]*\d[\d./-]*)?[)\]]?",
    re.IGNORECASE,
)
_NUMBER = r"(?:\??\d{2,3}(?:\s?[-~]\s?\??\d{2,3})?(?:\s?<\s?\d\s?n\s?[+-]?\s?>)?|\?\?(?=\s?,))"
_STRUCTURAL = r"(?:t|der|del|add|dup|inv|ins|i|dic|idic|ider|r|trp|hsr)"
_START = re.compile(
    rf"""(?<![\w.;:()/%<>^+-])(?:(?:mos|chi)\s+)?(?://\s*)?{_NUMBER}\s*
         (?:[,.;]\s*(?:\??[XYU?][XYUO0?]*c?(?![A-Za-z])|\??[XY]{{2,4}}|X\sor\sY|inc\b|(?:idem|sd?l\d?)(?:x\d)?\b|[+-]\s?\??[\dXY]
               |[+-]?\??{_STRUCTURAL}\(\??[\dXY])
           |\s?[XY]{{2,4}}c?(?=\s*(?:[,;.\[/+-]|$|\s|\b))|\s?X(?=\s*[,\[]))""",
    re.VERBOSE | re.IGNORECASE,
)
# Words that belong to a formula; the first other word of three letters ends it.
_SYMBOLS = (
    "idem ider idic dic der del dup ins inv inc mar add rec hsr dmin min ace trp qdp trc tas fis rob fra neo ish nuc con sep "
    "amp sdl wcp mos chi arr pat mat inh psu dir cen tel xcen ycen xter yter xtel ytel yqh xqh yqs yps pstk cenh mars upd"
)
_WORD = re.compile(
    rf"[\s,.:;-]+(?!(?:{'|'.join(_SYMBOLS.split())}|[xyo]+)(?:x?\d+)?c?(?![a-z]))[A-Za-zÄÖÜäöüß]{{3,}}", re.IGNORECASE
)
_FULL_STOP = re.compile(r"\.(?=\s|$)(?!\s*(?:nuc\s*)?(?:ish|arr)\b)", re.IGNORECASE)
_FAILED = re.compile(
    r"no (?:analy[sz]able |evaluable |dividing |suitable |assessable )*(?:metaphas|mitos|dividing cells|growth)"
    r"|(?:culture|karyotyp\w*|cytogenetic\w*|analysis)[^.]{0,30}\b(?:fail|unsuccessful)|failed (?:culture|karyotyp|cytogenet)"
    r"|insufficient (?:metaphas|mitos|material|cells|growth)|kein\w* (?:auswertbare\w* )?(?:metaphas|mitos|teilung)"
    r"|nicht auswertbar|nicht beurteilbar",
    re.IGNORECASE,
)
_NORMAL = re.compile(
    r"\b(?:normal\w*|unauffällig\w*)\s+(?:(?:fe)?male\s+|weiblich\w*\s+|männlich\w*\s+)?(?:karyotyp|chromosom)",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(r"\b(?:no|not|kein\w*|without|ohne)\b[^.]{0,20}$", re.IGNORECASE)
_COMPLEX = re.compile(r"\b(?:complex|komplex\w*)\s+(?:aberrant\w*\s+)?karyotyp", re.IGNORECASE)


def tidy(text: str) -> str:
    """Escapes of HL7 v2 and typography undone, amendment markers gone, spaces single, lines kept."""
    text = _HL7_ESCAPE.sub(lambda m: _HL7[rf"\{m[1] if m[1] == '.br' else m[1].upper()}\\"], text)
    text = _BLANKS.sub(" ", text.translate(_TYPOGRAPHY).replace("\r", "\n"))
    return _AMENDMENT.sub("", _LINES.sub("\n", text)).strip()


def formula_in(text: str) -> str | None:
    """The ISCN formula in a tidied text, from its chromosome number to the first word that is not ISCN."""
    joined = text.replace("\n", " ")
    start = _START.search(joined)
    if start is None:
        return None
    rest = joined[start.start() :]
    ends = [
        at
        for pattern in (_WORD, _FULL_STOP)
        for found in pattern.finditer(rest, 2)
        if _outside(rest, at := found.start())
    ]
    return rest[: min(ends, default=len(rest))].strip(" ,;.")


def without_formula(text: str) -> str:
    """A text with its formula taken out, so that only prose is left to read as prose."""
    clean = tidy(text)
    formula = formula_in(clean)
    return clean if formula is None else clean.replace("\n", " ").replace(formula, " ")


def _outside(text: str, at: int) -> bool:
    """Whether a place is outside round brackets (gene names stand inside); a bracket never closed does not count."""
    open_brackets = text.count("(", 0, at) - text.count(")", 0, at)
    return open_brackets <= 0 or ")" not in text[at:]


def failure_in(text: str) -> bool:
    """Whether a text says that there was nothing to karyotype."""
    return _FAILED.search(text) is not None


def statement_in(text: str) -> str | None:
    """ "normal" or "complex" where a text says so of the karyotype without a formula."""
    if found := _COMPLEX.search(text):
        return None if _NOT_BEFORE.search(text[: found.start()]) else "complex"
    return "normal" if _NORMAL.search(text) else None
