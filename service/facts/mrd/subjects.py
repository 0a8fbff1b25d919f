"""Which sentences of a text tell of leukemic cells, and which of a fusion transcript.

A report of Ph-positive disease often gives both: IG/TR or flow MRD (a share of cells) and BCR::ABL1 (a ratio to a
control transcript). Neither may become the other. The name of a disease ("BCR::ABL1-positive ALL") tells of neither.
"""

from __future__ import annotations

import re

_BCR = r"BCR[\s:/-]{0,3}ABL1?"
_STATUS = r"[\s-]*(?:\+|pos(?:itive?[rsn]?)?\b\.?|neg(?:ative?[rsn]?)?\b\.?|like\b)"
_DISEASE = re.compile(
    rf"\b{_BCR}{_STATUS}[\s-]*(?:[BT][- ]?)?(?:cell |precursor |acute |akute |lymph\w+ )*(?:ALL\b|leuk[aä]?e?mi\w*|disease|erkrankung)"
    rf"|\bPh(?:iladelphia)?(?:[- ]chromosom\w*)?(?:{_STATUS}|-(?=\s))",
    re.IGNORECASE,
)
_TRANSCRIPT = re.compile(
    rf"{_BCR}|ABL1?\b.{{0,12}}transcri|fusion transcript|transkript|international scale|\(IS\)|%\s?IS\b|\bIS\s?%|cop(?:y|ies)\b|kopien"
    r"|\b[A-Z][A-Z0-9]{2,7}::[A-Z][A-Z0-9]{2,7}|ETV6[-/]RUNX1|TEL[-/]AML1|(?:KMT2A|MLL)[-/](?:AF\w+|MLLT\d+)|TCF3[-/]PBX1|E2A[-/]PBX1",
    re.IGNORECASE,
)
_INTERNATIONAL = re.compile(
    r"international (?:reporting )?scale|internationale\w* skala|\(IS\)|%\s?IS\b|\bIS\s?%", re.IGNORECASE
)
_CELLS = re.compile(
    r"\bMRD\b|\bIG/?TR?\b|\bIG[HKL]\b|\bTR[ABDG]\b|\bTCR|immunoglobulin|flow|zytometr|cytometr|residual|clono ?seq|rest(?:erkrankung|leuk)",
    re.IGNORECASE,
)
_BCR_ABL1 = re.compile(_BCR, re.IGNORECASE)
_SENTENCE = re.compile(r"[;\n|]+|\.(?=\s|$)|,\s(?=(?:BCR|MRD|IG/?TR?\b|flow\b))", re.IGNORECASE)


def without_disease(text: str) -> str:
    """A text without the names of diseases called after a fusion, blanked so that positions stay."""
    return _DISEASE.sub(lambda m: " " * len(m[0]), text)


def names_international(text: str) -> bool:
    """Whether a text, the name of a test, says that its ratio is on the International Scale."""
    return bool(_INTERNATIONAL.search(text))


def names_bcr_abl1(text: str) -> bool:
    """Whether a text speaks of the transcript BCR::ABL1, not only of a disease called after it."""
    return bool(_BCR_ABL1.search(without_disease(text)))


def names_transcript(text: str) -> bool:
    """Whether a text speaks of a fusion transcript of any kind."""
    return bool(_TRANSCRIPT.search(without_disease(text)))


def split(text: str) -> tuple[str, str]:
    """What a text says of cells, and what of a fusion transcript. A sentence that names neither goes with the one before
    it; text of one kind only stays whole.
    """
    if not names_transcript(text):
        return text, ""
    cells: list[str] = []
    transcripts: list[str] = []
    waiting: list[str] = []
    now: list[str] | None = None
    for sentence in _SENTENCE.split(text):
        if not sentence.strip():
            continue
        if names_transcript(sentence):
            now = transcripts
        elif _CELLS.search(sentence):
            now = cells
        if now is None:
            waiting.append(sentence)
            continue
        now.extend((*waiting, sentence))
        waiting = []
    if not cells:
        return "", text
    return "; ".join(cells), "; ".join(transcripts)
