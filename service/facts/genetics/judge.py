"""What the words of a report say of a finding that they name: found, not found, left open, or nothing at all.

A finding is judged by the words of its own part of the clause ("BCR::ABL1 negative, ETV6::RUNX1 positive"). Where that
part holds none, the heading of the list it stands in speaks for it ("no evidence of BCR::ABL1, KMT2A rearrangement"),
or the word at the end of the list ("BCR::ABL1 and KMT2A rearrangements were not detected"); the word of one neighbour
("IKZF1 deletion, PAX5 normal") does not. What begins with a denial is denied to the end of its list. Cut-offs are the laboratory's own: percentages below the stated one are 0 %.
"""

from __future__ import annotations

import re

from service.facts.genetics.names import GENE_NAME

_NOTHING_PERCENT = r"(?<![\d.,])0(?:[.,]0+)?\s?%"
_COUNT = r"(?<![\d.,/])[1-9]\d*\s*(?:/|of|von|aus|out of)\s*[1-9]\d*"
_SHARE = r"\d{1,3}(?:[.,]\d+)?\s?%"
_COUNTED = re.compile(_COUNT, re.IGNORECASE)
_NORMAL_PATTERN = r"\b2[RGOABY]\s?2[RGOABY]\b|(?<!\w)2F\b"  # signals of dual-fusion and of break-apart probes
_NONE_OF = r"(?<![\d.,/])0\s*(?:/|of|von|aus|out of)\s*[1-9]\d*"
_NEGATIVE = re.compile(
    r"\bno\b|\bnot\b|\bneither\b|\bweder\b|\bnegativ\w*|\bneg\b|\bwithout\b|\babsent\b|\babsence\b|\bundetect\w*|\bexcluded\b|\bruled out\b|\black\w*\b"
    rf"|\bkein\w*|\bnicht\b|\bohne\b|\bun-?rearran\w+|{_NORMAL_PATTERN}|{_NOTHING_PERCENT}|{_NONE_OF}|\bausgeschlossen\b|\bunauffällig\w*|\bintact\b|\bintakt\w*"
    r"|\bwild[- ]?typ\w*|\bnormal\w*|\bdeni\w+|\bnone\b|\bnein\b|\bgerm-?line\b|\bkeimbahn\w*",
    re.IGNORECASE,
)
_OF_ITS_OWN_GENE = re.compile(r"unauffällig|inta[ck]t|wild|normal|germ|keimbahn", re.IGNORECASE)
_ANY_SHARE = re.compile(rf"{_SHARE}|{_COUNT}(?:\s*\w+)?", re.IGNORECASE)
_FOUND = (
    r"(?:detect\w*|present|seen|found|identified|observed|nachweis\w*|nachgewiesen|rearranged|rearrangiert\w*|umgelagert|positiv\w*|evidence"
    r"|amplified|split[- ]?signal\w*)"
)
_DENIED = re.compile(
    rf"\b(?:no|not|nor|neither|without|kein\w*|nicht|ohne|weder|noch)\b[^.;,]{{0,60}}?\b{_FOUND}|{_NOTHING_PERCENT}\s+(?:\w+\s+){{0,4}}?(?:positiv\w*|rearranged)"
    rf"|(?:{_NORMAL_PATTERN})[^.;,%]{{0,25}}?(?:{_COUNT}|{_SHARE})|(?:{_COUNT}|{_SHARE})[^.;,%]{{0,25}}?(?:{_NORMAL_PATTERN})"
    r"|\b(?:zeig\w*|show\w*|fand\w*)\s+(?:sich\s+)?(?:\w+\s+){0,2}?(?:no|kein\w*)\b"
    rf"|\b(?:negativ\w*|neg|normal\w*|unauffällig\w*)\b[^.;,%]{{0,25}}?(?:{_COUNT}|{_SHARE})"
    rf"|\b(?:detected|seen|found|observed|nachgewiesen|nachweisbar|present)\s+(?:in|bei)\s+(?:{_NOTHING_PERCENT}|{_NONE_OF})",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"\bpositiv\w*|\bpos\b|(?<!un)\bdetected\b|\bpresent\b|\bnachweis(?:bar)?\b|\bnachgewiesen\b|\brearranged\b|\brearrangiert\w*"
    r"|\bumgelagert\b|\bseen\b|\bfound\b|\bidentified\b|\bobserved\b|\bshow(?:s|ed|ing)\b|\bzeigt\w*\b|\bharbo\w+\b|\bconfirm\w*\b"
    r"|\bconsistent with\b|\bpasst zu\b|\bvereinbar mit\b|\bbestätigt\b|\byes\b|\bja\b|\b(?:hetero|homo|hemi)zygo\w+|\b(?:mono|bi)alleli\w+|\bdeleted\b|\bdeletiert\w*|\bsplit[- ]?signal\w*|\bvorhanden\b"
    r"|(?<![\d.,])(?:[1-9]\d*(?:[.,]\d+)?|0[.,]0*[1-9]\d*)\s?%|" + _COUNT + r"\s*\w*\s*"
    r"(?:nuclei|cells|zellen|\w*kernen?|metaphas\w+)|\b(?:above|over|exceed\w*|über)\s+(?:the\s+|dem\s+)?(?:cut-?off|threshold|grenzwert)",
    re.IGNORECASE,
)
_ABNORMAL = re.compile(r"\babnormal\w*|\bauffällig\w*|\bpathologisch\w*|\batypical\b|\batypisch\w*", re.IGNORECASE)
_SHOWS = re.compile(
    r"\bseen\b|\bfound\b|\bidentified\b|\bobserved\b|\bshow(?:s|ed|ing)\b|\bzeigt\w*\b|\bdetected\b|\bpresent\b",
    re.IGNORECASE,
)
# "No other mutation" confirms the one just named, and a cut-off is no result.
_ASIDE = re.compile(
    r"\b(?:no|kein\w*|without|ohne)\s+(?:other|further|additional|weitere\w*|zusätzliche\w*|andere\w*)\b[^.;]*"
    r"|\b(?:cut-?off|threshold|grenzwert|sensitivity|sensitivität|reference|referenz\w*|nachweisgrenze|LOD|LLOD)\b[^.;,)(]{0,25}%"
    r"|\b(?:normal\w*|norm|nl|ref)\b\.?(?:\s+(?:range|value|limit))?\s*[:=]?\s*(?:[<≤]|up to|bis|0\s?[-–])[^;)]{0,12}%"
    r"|\bcut-?off\b[^.;)]{0,6}\d+(?:[.,]\d+)?\s?%|\bpurity\b[^.;,)]{0,20}%",
    re.IGNORECASE,
)
_TITLE = re.compile(r"\b(?:nachweis|detection|presence)\b(?=[^.;,]{0,40}(?<!:):(?!:))", re.IGNORECASE)
_LIMIT = re.compile(
    r"\b(?:cut-?off|threshold|grenzwert|normal\w*|norm|nl|ref(?:eren[cz]e?\w*)?|lod)\b\.?[^.;,()%\d]{0,20}(?:0\s?[-–]\s?)?(\d{1,2}(?:[.,]\d+)?)\s?%",
    re.IGNORECASE,
)
_LIMIT_WORD = r"(?:cut-?off\w*|threshold|reference\w*|grenzwert\w*|limit of detection|nachweisgrenze|LOD|background|normal (?:range|limits?)|schwelle\w*)"
_WITHIN_NORMAL = re.compile(
    rf"within (?:the )?normal|(?:below|under)\s+(?:the\s+)?(?:\w+\s+)?{_LIMIT_WORD}|unter(?:halb)?\s+(?:de[srm]\s+)?(?:\w+\s+)?{_LIMIT_WORD}"
    r"|im normbereich|innerhalb der norm\w*",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?<![\d.,<>≤])(\d{1,2}(?:[.,]\d+)?)(?=\s?%)")
_BELOW_LIMIT = re.compile(r"(?<![\w.,])[<≤]\s?\d{1,2}(?:[.,]\d+)?\s?%")
_WINDOW = 300  # characters on either side of a finding that can speak of it
_NOISE = 5.0  # percent of nuclei that "within normal limits" can mean where no limit is stated
# What would be, and what an assay could find, is no result; nor is what a relative has.
_IF = re.compile(r"\b(?:if|falls|sofern|wenn|in case of|im falle?)\b[^,;]*$", re.IGNORECASE)
_COULD = re.compile(
    r"\b(?:assay|test|panel|method\w*|verfahren|probes?|sonden?)\b\s+(?:can\s+|is\s+designed\s+to\s+|is\s+able\s+to\s+|used\s+to\s+|zum\s+)?"
    r"(?:detects?|covers?|includes?|identif\w+|targets?|erfasst|umfasst|nachweis)\b[^;]*$",
    re.IGNORECASE,
)
_KIN = re.compile(
    r"\b(?:mother|father|brother|sister|sibling|mutter|vater|bruder|schwester|family history|familienanamnese)\b",
    re.IGNORECASE,
)
_DISEASE_WITH = re.compile(
    r"\b(?:ALL|\w*leuk\w+|\w*lymphom\w*|LBL)\b[^.;]{0,30}\b(?:with|mit)\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_PARTNER = re.compile(
    r"\b(?:fusion ?)?partner(?:s|gen\w*| genes?)?\b", re.IGNORECASE
)  # it is named where a fusion was found
_OPEN = re.compile(
    r"cannot (?:be )?(?:exclude|ruled)|can ?not exclude|not (?:be )?exclud|possible|possibly|suspect|suspicious|equivocal|indetermin"
    r"|inconclusive|verdacht|v\.\s?a\.|fraglich|\br/o\b|zum ausschlu|frage nach|\?\s*$|nicht (?:sicher )?(?:auszuschlie|beurteil|auswert|ausgeschlossen)|rule out|pending"
    r"|fail|insufficient|to follow|requested|angefordert|ausstehend|steht aus|borderline|grenzbereich|grenzwertig|unclear|unklar"
    r"|\b(?:not|nicht)\s+(?:yet\s+|noch\s+)?(?:tested|performed|done|analy[sz]ed|assessed|evaluated|evaluable|available|examined|ordered"
    r"|informative|getestet|untersucht|durchgeführt|bestimmt|analysiert|erfolgt|vorliegend|eindeutig)|\b(?:not |un)known\b|\bunbekannt\b|\bnicht bekannt\b|\bsuggest\w*|\bhinweisend\b|\bn\.\s?d\."
    r"|\bno (?:result|data|material|growth)\b|\bkeine? (?:ergebnis|material|daten|aussage)\w*|\bsee (?:report|attach)|\bsiehe\b|\bn/a\b",
    re.IGNORECASE,
)
_NOT_A_RESULT = re.compile(
    r"\bprobes?\b|\bsonden?\b|\bassay\b|\bpanel\b|\btests?\b|\bmethod\w*\b|\btested for\b|\buntersuch\w*|\bindi[ck]ation\b|\brequest\w*",
    re.IGNORECASE,
)
_SIGNS = (
    (re.compile(r"\(\s?\+{1,3}\s?\)|(?<=[:=])\s*\+{1,3}(?=\s*(?:$|[,;]))"), " positive "),
    (re.compile(r"\(\s?[-–−]\s?\)|(?<=[:=])\s*[-–−]{1,3}(?=\s*(?:$|[,;]))"), " negative "),
)
# A line break that got lost begins a new part: "BCR::ABL1: negative KMT2A: positive".
_PIECE = re.compile(
    r",(?!\d)|\b(?:and|und|sowie|while|whereas)\b"
    r"|(?:(?<=ative)|(?<=itive)|(?<=ected)|(?<=gativ)|(?<=sitiv)|(?<=isbar)|(?<=iesen))\s+(?=[A-Z][A-Za-z0-9]+[^.;:,]{0,30}(?<!:):(?!:))",
    re.IGNORECASE,
)
_AND = re.compile(r"\b(?:and|und|sowie)\b", re.IGNORECASE)
_OR = re.compile(r"\b(?:n?or|oder|noch)\b(?!\s+(?:more|mehr|less|weniger|greater)\b)", re.IGNORECASE)
_QUERIED = re.compile(r"[^\s,;?]*(?:\s?\([^)]*\))?\s?\?")
_PLURAL = re.compile(
    r"\b(?:were|are|wurden|sind|waren|konnten|each|jeweils|both|beide|all|alle)\b|(?<!:):(?!:)", re.IGNORECASE
)
_SEVERAL = re.compile(
    r"\b(?:\w*transkripte|transcripts|\w*re-?arrangements|fusions|\w*fusionen|\w*umlagerungen|translo[ck]ation(?:s|en)|\w*mutation(?:s|en)"
    r"|deletion(?:s|en))\b",
    re.IGNORECASE,
)
_WHOLE_FINDING = re.compile(
    r"\b(?:del\w*|loss|verlust|re-?arr\w*|umlagerung\w*|mutation\w*|fusion\w*|amplif\w*|translo[ck]\w*)", re.IGNORECASE
)


def judge(clause: str, at: int, naming: bool, *, bare: bool = False) -> str:
    """ "yes", "no", "open", or "nothing" for a mention at a place of a clause.

    ``naming``: a bare name counts as a statement. ``bare``: it never does, a word of its own part has to say it.
    """
    if len(clause) > 2 * _WINDOW:  # a text without a stop: what stands far away says nothing of this finding
        start = max(0, at - _WINDOW)
        clause, at = clause[start : at + _WINDOW], at - start
    before = clause[:at]
    if _KIN.search(clause) or _IF.search(before):
        return "nothing"
    if _COULD.search(before) and "%" not in _ASIDE.sub(" ", clause):
        return "nothing"
    if before.rstrip().endswith("?") or _QUERIED.match(clause, at):
        return "open"
    clause = _without_noise(clause)
    starts = [0, *(cut.end() for cut in _PIECE.finditer(clause))]
    ends = [*(cut.start() for cut in _PIECE.finditer(clause)), len(clause)]
    pieces = [clause[start:end] for start, end in zip(starts, ends, strict=True)]
    mine = max(n for n, start in enumerate(starts) if start <= at)
    said = polarity(pieces[mine]) or _from_heading(pieces, mine)
    if said == "yes" and mine:
        said = _denied_list(clause, pieces, starts, mine) or said
    if said is None and not bare:
        said = _from_end(clause, pieces, starts, mine)
    if said is not None:
        return said
    naming = not bare and (naming or _DISEASE_WITH.search(before) is not None or _PARTNER.search(before) is not None)
    return "yes" if naming and not _NOT_A_RESULT.search(clause) else "nothing"


def polarity(text: str) -> str | None:
    """What the words of a text say of what it names: "yes", "no", "open" (doubt, or both), ``None`` (nothing)."""
    plain = _TITLE.sub(" ", _ASIDE.sub(" ", text))
    if _OPEN.search(plain):
        return "open"
    below = _WITHIN_NORMAL.search(text) is not None
    negative = below or _NEGATIVE.search(plain) is not None
    if _ABNORMAL.search(plain):  # another signal pattern than the normal one need not be the fusion that was looked for
        plain = _ANY_SHARE.sub(" ", plain)
    positive = _POSITIVE.search(_BELOW_LIMIT.sub(" ", _DENIED.sub(" ", plain)) if negative else plain) is not None
    if negative and positive and not below and _OF_ITS_OWN_GENE.search(plain):
        positive = _POSITIVE.search(_SHOWS.sub(" ", _DENIED.sub(" ", plain))) is not None  # "showed a normal pattern"
    if negative and positive:
        return "open"
    return "no" if negative else "yes" if positive else "open" if _ABNORMAL.search(plain) else None


def signs_in_words(text: str) -> str:
    """A text with plus and minus signs that stand for a result written out."""
    if "+" in text or "-" in text or "–" in text:
        for pattern, word in _SIGNS:
            text = pattern.sub(word, text)
    return text


def _from_heading(pieces: list[str], mine: int) -> str | None:
    """What stands before the first name of the list that a piece belongs to."""
    for piece in reversed(pieces[:mine]):
        said = polarity(piece)
        if said is None:
            continue
        gene = GENE_NAME.search(piece)
        return said if gene is None or polarity(piece[: gene.start()]) == said else None
    return None


def _denied_list(clause: str, pieces: list[str], starts: list[int], mine: int) -> str | None:
    """Whether "found" at the end of a list is denied by the word it begins with: "no KMT2A, BCR::ABL1 or TCF3::PBX1
    rearrangement detected". ``None`` where the piece stands for itself; "open" where a comma alone joins the two.
    """
    for n in range(mine - 1, -1, -1):
        said, gene = polarity(pieces[n]), GENE_NAME.search(pieces[n])
        if said is None and not _OR.search(pieces[n]):
            continue
        if said != "no" or gene is None or polarity(pieces[n][: gene.start()]) != "no" or _OR.search(pieces[n]):
            return None
        if _OR.search(pieces[mine]):
            return "no"
        joined = _AND.search(clause[starts[mine] - 5 : starts[mine]]) is not None
        if joined and _SEVERAL.search(pieces[mine]):
            return "no"
        return None if _WHOLE_FINDING.search(pieces[n][gene.end() :]) else "open"
    return None


def _from_end(clause: str, pieces: list[str], starts: list[int], mine: int) -> str | None:
    """What stands behind the last name of the list that a piece belongs to.

    A comma alone does not make a list of findings that are complete in themselves, nor is the last one's own condition
    ("PAX5 normal") that of the others: that leaves the matter open, or says nothing.
    """
    for n in range(mine + 1, len(pieces)):
        said = polarity(pieces[n])
        if said is None:
            continue
        gene = GENE_NAME.search(pieces[n])
        if gene is None:
            return said
        if polarity(pieces[n][: gene.start()]) is not None:
            return None  # the heading of the next list
        behind = pieces[n][gene.end() :]
        joined = _AND.search(clause[starts[n] - 5 : starts[n]]) is not None
        if _PLURAL.search(behind) or _SEVERAL.search(pieces[mine]) or _SEVERAL.search(behind):
            return said
        if _WHOLE_FINDING.search(pieces[mine]):
            return "open" if joined and said != "yes" else None
        return None if _OF_ITS_OWN_GENE.search(behind) and not joined else said
    return None


def _without_noise(clause: str) -> str:
    """A clause with every percentage below the limit that it states, or calls normal, written as 0 %."""
    if "%" not in clause:
        return clause
    stated = [float(m[1].replace(",", ".")) for m in _LIMIT.finditer(clause)]
    limit = min(stated, default=_NOISE if _WITHIN_NORMAL.search(clause) else 0.0)
    if not limit:
        return clause
    plain = _PERCENT.sub(lambda m: m[0] if float(m[1].replace(",", ".")) >= limit else re.sub(r"\d", "0", m[0]), clause)
    return plain if plain == clause else _COUNTED.sub(" ", plain)  # "5 of 200 nuclei (2.5 %)": the count is that share
