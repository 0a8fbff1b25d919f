"""Names of regimens in words."""

from __future__ import annotations

import re

from service.record.text import states

# name in the vocabulary, pattern, name among the treatments given (where the vocabulary lists one). First match wins,
# so the particular stands before the general ("mini-hyper-CVD" before "hyper-CVAD").
_MINI = r"mini[\s-]*hyper[\s-]*C-?VD"
_REGIMENS: tuple[tuple[str, re.Pattern[str], str | None], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE), treatment)
    for name, pattern, treatment in (
        ("InO + mini-hyperCVD", rf"(?:inotuzumab|\bInO\b|besponsa).*{_MINI}|{_MINI}.*(?:inotuzumab|\bInO\b)", "mini-hyper-CVD"),
        ("Mini-hyperCVD + venetoclax", rf"venetoclax.*{_MINI}|{_MINI}.*venetoclax", "mini-hyper-CVD"),
        ("Mini-hyperCVD", _MINI, "mini-hyper-CVD"),
        ("augmented hyper-CVAD", r"augmented[\s-]*hyper[\s-]*C-?VAD", "augmented-hyper-CVAD"),
        ("HyperCVAD", r"hyper[\s-]*C-?VAD", "hyper-CVAD"),
        ("CALGB 10403", r"(?:CALGB|C)[\s-]*10403\b", None),
        ("CALGB 9111", r"CALGB[\s-]*9111\b", None),
        ("CALGB-8811-Larson", r"CALGB[\s-]*8811\b|\bLarson\b", "CALGB-8811-Larson"),
        *((f"AALL{number}", rf"\bAALL[\s-]*{number}", None) for number in (
            "0232", "0434", "0932", "1131", "1231", "1521", "1631", "1731", "1732")),
        ("ALL-INITIAL-1", r"ALL-INITIAL-1", None),
        ("ALLIANCE A041703", r"\bA041703\b", None),
        ("ALLOLD07", r"\bALLOLD[\s-]*07\b", None),
        ("DFCI 00-01", r"DFCI[\s-]*00-001|DFCI[\s-]*00-01", None),
        ("DFCI-11-001", r"DFCI[\s-]*11-001", None),
        ("DFCI-16-001", r"DFCI[\s-]*16-001", None),
        ("Modified DFCI 91-01", r"DFCI[\s-]*91-01", None),
        ("ECOG 1910", r"(?:ECOG[\s-]*|\bE)1910\b", None),
        ("EWALL", r"\bEWALL\b", None),
        ("GRAALL", r"\bGRAALL", None),
        ("GMALL", r"\bGMALL\b", None),
        ("MSKCC CCG-1882", r"\bCCG[\s-]*1882\b", None),
        ("POMP", r"\bPOMP\b", None),
        ("Total-XVII", r"\bTotal(?: therapy)?[\s-]*(?:XVII|17)\b", None),
        ("Total-XVI", r"\bTotal(?: therapy)?[\s-]*(?:XVI|16)\b", None),
        ("FLAG-IDA", r"\bFLAG[\s-]*IDA", None),
        ("FLAM", r"\bFLAM\b", None),
        ("MOpAD", r"\bMOpAD\b", None),
        ("BFM-like", r"\b(?:AIEOP-?)?(?:ALL-?)?BFM\b", "BFM-like"),
    )
)  # fmt: skip


def regimen_in(text: str) -> tuple[str, str | None] | None:
    """The regimen a text names, with its name among the treatments given.

    >>> regimen_in("R-Hyper-CVAD cycle 1A"), regimen_in("GMALL 08/2013 Induktion I")
    (('HyperCVAD', 'hyper-CVAD'), ('GMALL', None))
    """
    for name, pattern, treatment in _REGIMENS:
        if pattern.search(text) and states(text, pattern):
            return name, treatment
    return None
