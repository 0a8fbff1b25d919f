"""Failure of intrathecal therapy, where it is said in words: no source prints how many doses make one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, seen_in
from service.facts.model import Fact, Facts, Provider, known, provides
from service.record.text import states
from service.record.values import all_text

_GIVEN = r"(?:(?:triple\s+)?intrathe[ck]al\w*|intrathekale?\w*|(?-i:IT\b)|i\.?th?\.)(?:\s+(?:chemo\w*|therap\w+|treatment|MTX|methotrexate?))?"
_FAILED = re.compile(
    rf"(?:fail\w*|refractory|refraktär\w*|resistan\w*|resistent|persist\w*|progress\w*|progredien\w*|no response|kein ansprechen|nichtansprechen)"
    rf"[\w\s-]{{0,30}}?\b(?:to|of|on|after|despite|auf|unter|nach|trotz|gegen)\s+(?:\w+\s+){{0,2}}?{_GIVEN}"
    rf"|{_GIVEN}\s+(?:\w+\s+){{0,2}}?(?:failed|failure|ineffective|unwirksam|versag\w*|ohne erfolg)|versagen (?:der |einer )?{_GIVEN}",
    re.IGNORECASE,
)


@provides("it_therapy_failed")
def failed(facts: Facts) -> Iterator[Fact]:
    """Said of the leukemia, its state or its disease of the CNS."""
    if facts.record is None:
        return
    about = ("diagnosis.all", "diagnosis.lbl", "diagnosis.cns_disease", "response.disease_status")
    told = []
    for entry in facts.record.about(*about, types=("Condition", "Observation")):
        text = "; ".join(part for part in (entry.text, all_text(entry.resource)) if part)
        if states(text, _FAILED):
            told.append(seen_in(entry, text, from_text=True))
    if told:
        yield known("it_therapy_failed", True, *told)
    else:
        yield absent(facts, "it_therapy_failed", "Condition", "Observation", what="failure of intrathecal therapy")


PROVIDERS: tuple[Provider, ...] = (failed,)
