"""The phase of treatment in words, English and German, with the names of protocol elements.

BFM protocols name phases by letter: protocol Ia is induction, Ib and M are consolidation, II and III (in German also
"Reinduktion") the delayed intensification; HR blocks are consolidation. Interim maintenance is no maintenance, and
the guidelines have no name for it.
"""

from __future__ import annotations

import re

from service.facts.course.text import says

INTERIM = "interim maintenance"
_TRANSPLANT = r"(?:\w*(?:hct|hsct|sct|bmt|szt|kmt)\b|\w*transplant\w*)"
_INDUCTION = r"(?:remissions?[\s-]?)?(?:induction|induktion)(?:s(?:therapie|phase|chemotherapie))?"
_REINDUCTION = r"re-?(?:induction|induktion)(?:s(?:therapie|phase))?"
_CONSOLIDATION = r"(?:consolidation|konsolidierung|konsolidation)(?:s(?:therapie|phase))?"
_END = r"(?:end[\s-]of[\s-](?:the )?|ende (?:der )?|post[\s-]?|after |nach (?:der )?|completed )"
_DONE = r"[\s:,-]*(?:therapy |phase |chemotherapy )?(?:is |was |wurde |ist )?(?:complete[d]?\b|finished|done\b|abgeschlossen|beendet|ended)"
_PROTOCOL = r"\b(?:proto[ck]oll?|prot\.?|P)\s*"


def _end_of(phase: str) -> str:
    return rf"{_END}{phase}|{phase}{_DONE}|{phase.split('(?:s(')[0]}s?-?ende\b"


_PHASES = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("post-hct", rf"(?:post|status post|s/p|after|following|nach|z\.\s?n\.)[\s-]*(?:der |the |an? )?(?:[^\W\d]+[\s-]+)?{_TRANSPLANT}"
                     r"(?:[\s\w-]{0,20}(?:follow[\s-]?up|nachsorge))?"),
        ("end-of-reinduction", _end_of(_REINDUCTION)),
        ("reinduction", _REINDUCTION),
        ("end-of-induction", rf"{_end_of(_INDUCTION)}|(?-i:\bEOI\b)"),
        ("end-of-consolidation", rf"{_end_of(_CONSOLIDATION)}|(?-i:\bEOC\b)"),
        (INTERIM, r"interim[\s-]maintenance|zwischenphase|(?-i:\bIM\s?[12]\b(?![.,]\d))"),
        ("intensification", rf"(?:delayed |late |re-?)?(?:intensification|intensivierung)|{_PROTOCOL}I{{2,3}}\b|(?-i:\bDI\s?[12]\b(?![.,]\d))"),
        ("maintenance", r"maintenance|erhaltungs\w*|\berhaltung\b|dauertherapie|continuation (?:therapy|phase|chemotherapy)"),
        ("consolidation", rf"{_CONSOLIDATION}|post-?remission therapy|{_PROTOCOL}(?:I\s?b\b|m?M\b)|\bHR[\s-]?[1-3]?['´]?[\s-]?block"),
        ("induction", rf"{_INDUCTION}|{_PROTOCOL}I\s?a\b"),
        ("pre-treatment", r"\bpre-?phase\b|\bvorphase\w*|cytoreductive prephase"),
        ("surveillance", r"surveillance|follow[\s-]?up|nachsorge\w*|off[\s-](?:therapy|treatment)|(?:therapy|treatment) completed"
                         r"|completed (?:therapy|treatment)|(?:therapie|behandlungs)ende|end of (?:all )?(?:therapy|treatment)|therapie beendet"),
    )
)  # fmt: skip
_FRONTLINE = re.compile(
    rf"\b(?:GMALL|(?:AIEOP-?)?(?:ALL-?)?BFM|CoALL|DCOG|AALL\d+)\b|{_PROTOCOL}I{{1,3}}\b", re.IGNORECASE
)
_SALVAGE = re.compile(r"\bREZ\b|rezidiv|relaps|IntReALL|salvage|refra[ck]t", re.IGNORECASE)
_AHEAD = re.compile(
    r"(?<![^,;.\n])[^,;.\n]*\b(?:planned|geplant\w*|vorgesehen\w*|scheduled|intended|awaiting|pending)\b[^,;.\n]*"
    r"|\b(?:before|prior to|next|vor der|in preparation for|bridge to|bridging to)\b[^,;.\n]*",
    re.IGNORECASE,
)


def phase_in(text: str) -> str | None:
    """The phase of treatment that a text names, or ``None`` where it names none or several. A phase that is over says
    nothing where another is named beside it, and maintenance after a transplant is a phase after it.

    >>> phase_in("GMALL 08/2013 Induktion I"), phase_in("Protokoll II (Reinduktion)"), phase_in("Interim Maintenance I")
    ('induction', 'intensification', 'interim maintenance')
    """
    text = _AHEAD.sub(" ", text)
    if _FRONTLINE.search(text) and not _SALVAGE.search(text):
        text = re.sub(_REINDUCTION, "intensification", text, flags=re.IGNORECASE)
    found = set()
    for phase, pattern in _PHASES:
        if says(text, pattern):
            found.add(phase)
        text = pattern.sub(" ", text)
    if "post-hct" in found and found <= {"post-hct", "maintenance", "surveillance"}:
        return "post-hct"
    over = {phase for phase in found if phase.startswith("end-of-")}
    found -= {phase.removeprefix("end-of-") for phase in over}
    if len(found - over) == 1:
        found -= over
    return next(iter(found)) if len(found) == 1 else None
