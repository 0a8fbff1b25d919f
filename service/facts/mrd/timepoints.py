"""When in the course an MRD sample was taken, as its text names it: a phase, a protocol day or week.

Days and weeks count from the start of induction only where no other anchor stands beside them: "day 28 after CAR-T",
"day 29 of blinatumomab cycle 1" and "day +100" count from something else. TP1 and TP2 are the end of induction and of
consolidation in the BFM and ALLTogether protocols; they are marked as inferred, other groups number differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PROTOCOL_DAYS = (8, 11, 15, 19, 24, 29, 33, 36, 78)
PROTOCOL_WEEKS = (14, 16)
_DAYS = frozenset((*PROTOCOL_DAYS, 14, 35))
INDUCTION_ENDS = range(28, 46)  # days from the first drug, as the calendar is read (`readers`)

_HCT = r"(?:allo\w*|auto\w*|hs?ct|sct|h?szt|kmt|bmt|transplant\w*|stammzell\w*|stem cell|knochenmarktransplant\w*)"
_HCT_FIRST = rf"(?:allo(?:gene\w*|geneic|genic)?[- ]*)?{_HCT}"
_PHASES = (
    ("diagnosis", r"\bat (?:initial |first |primary )?diagnosis\b|\bbei (?:erst)?diagnose\b|\berstdiagnose\b|\bdiagnostic sample\b|\bbaseline\b"
                  r"|\bscreening sample\b|\bclonality \(?id\)?|\bpre-?treatment\b|\binitial(?:befund|probe)\b"),
    ("post-hct", rf"(?:\bpost|after|following|nach)[- ](?:der |dem )?{_HCT_FIRST}|\bpost-?(?:hs?ct|sct|bmt|transplant)"),
    ("pre-hct", rf"(?:\bpre|before|prior to|vor)[- ](?:der |dem )?{_HCT_FIRST}|\bpre-?(?:hs?ct|sct|bmt|transplant)"),
    ("end-of-reinduction", r"end[- ]of[- ]re-?induction|ende der re-?induktion|\bEO ?RI\b|(?:post|after|nach)[- ]re-?indu[ck]tion"),
    ("end-of-induction", r"end[- ](?:of[- ])?(?:the )?(?:induction|protocol I ?A\b|I ?A\b)|\bEOI\b|ende (?:der )?induktion|induktionsende|(?:post|after)[- ]induction(?! ?(?:II|2)\b)"
                         r"|nach (?:der )?induktion(?! ?(?:II|2)\b)|ende (?:von )?(?:protokoll )?I ?A\b"),
    ("end-of-consolidation", r"end[- ](?:of[- ])?(?:the )?(?:consolidation|protocol I ?B\b|I ?B\b)|\bEOC\b|ende (?:der )?konsolidierung|(?:post|after)[- ]consolidation"
                             r"|nach (?:der )?konsolidierung|ende (?:von )?(?:protokoll )?I ?B\b"),
    ("relapse", r"\bat (?:the time of )?(?:first |second |1st |2nd )?relapse\b|\bbei (?:erst)?rezidiv\b|\brezidivdiagnose\b|\brelapse sample\b"),
)  # fmt: skip
_SURVEILLANCE = re.compile(r"surveillance|follow-?up|nachsorge", re.IGNORECASE)
# Anchors the vocabulary has no name for. Days beside them do not count from the start of induction.
_DRUG = r"(?:blina\w*|(?:CD\d\d[- ])?CAR\b|tisagen\w*|brexu\w*|obe-?cel|obecabtagen\w*|inotuzumab|InO\b)"
_ELSEWHERE = re.compile(
    rf"(?:after|post|nach|following|during|under|unter|before|prior to|vor|on|of|von)[- ](?:[\w.]+[- ]){{0,4}}?{_DRUG}|\b{_DRUG}[- ](?:T[- ])?(?:day|tag|cycle|zyklus|C\d)"
    r"|re-?indu[ck]tion|indu[ck]tion (?:II|2)\b|\bblock\s?[A-Z0-9]\b|salvage|\b(?:pre-?phase|vorphase|maintenance|erhaltung)|intensifi[ck]ation"
    r"|\b(?:during|während(?: der)?|mid[- ]?)\s?(?:consolid|konsolid)|\b(?:cycle|course|zyklus|kurs)\s?\d|\b\d\.?\s?(?:cycles?|zykl\w+|courses?|kurse?)\b"
    r"|(?:day|tag|\bd)\s?\+\s?\d|\b(?:months?|monate?)\s\d|\b\d+\s?(?:months|monate)\b",
    re.IGNORECASE,
)
_PHASE = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PHASES)
_TP = re.compile(r"\bTP\s?-?([12])\b(?!\.)", re.IGNORECASE)
_DAY = re.compile(r"\b(?:day|tag|d)\s?(\d{1,3})\b", re.IGNORECASE)
_WEEK = re.compile(r"\b(?:week|woche|wk)\s?(\d{1,2})\b|\bW(\d{2})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Timepoint:
    """A time point named in a text. ``name``: as the vocabulary has it; ``None`` with ``elsewhere``: another one.

    ``day`` and ``week`` count from the start of induction.
    """

    name: str | None = None
    day: int | None = None
    week: int | None = None
    elsewhere: bool = False  # tied to something the vocabulary has no name for: the calendar must not guess
    inferred: str | None = None  # what the name was concluded from

    @property
    def told(self) -> bool:
        """Whether the text names any time point, in the vocabulary or not."""
        return self.name is not None or self.elsewhere or self.day is not None or self.week is not None


NOTHING = Timepoint()


def timepoint(text: str) -> Timepoint:
    """The time point a text names: a phase before a bare day or week.

    >>> timepoint("MRD day 33").day, timepoint("MRD day 28 after CAR-T").day
    (33, None)
    """
    phase = next((name for name, pattern in _PHASE if pattern.search(text)), None)
    if phase not in (None, "end-of-induction", "end-of-consolidation"):
        return Timepoint(phase)
    if phase is None and _ELSEWHERE.search(text):
        return Timepoint(elsewhere=True)
    day, week = _one(_DAY, text), _one(_WEEK, text)
    numbered = _TP.findall(text)
    if phase is None and len(set(numbered)) == 1:
        name = "end-of-induction" if numbered[0] == "1" else "end-of-consolidation"
        return Timepoint(name, day, week, inferred=f"TP{numbered[0]} taken as the {name.replace('-', ' ')}")
    if phase is None and day in _DAYS:
        phase = f"day-{day}"
    if phase is None and week in PROTOCOL_WEEKS:
        phase = f"week-{week}"
    if phase is None and _SURVEILLANCE.search(text):
        phase = "surveillance"
    return Timepoint(phase, day, week)


def _one(pattern: re.Pattern[str], text: str) -> int | None:
    """The number, if the text names just one."""
    found = {int(next(filter(None, match.groups()))) for match in pattern.finditer(text)}
    return found.pop() if len(found) == 1 else None
