"""G6PD deficiency: by a diagnosis, or by the newest result of the enzyme's activity or of a screening test.

An activity below the laboratory's own range counts as deficient. A normal activity after a transfusion of red cells is the
donor's and says nothing of the patient; a deficiency found nevertheless stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, seen_in
from service.facts.disease.conditions import in_icd, is_differential, names
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import latest_first, results_about
from service.facts.results.ranges import against_range
from service.record.model import Entry
from service.record.text import Mention, mention_of
from service.record.values import all_text, notes_of, qualitative, quantity, value_text

_NAME = "g6pd_deficient"
_ICD = ("D55.0", "D75.A")
_ENZYME = r"(?:\bG-?6-?PDH?\b|gl[uy][ck]ose[\s-]*6[\s-]*phosphat\w*[\s-]*dehydrogenase)"
_LACK = r"(?:deficien\w*|[\s-]*mangel|defizi\w*)"
_DISEASE = re.compile(rf"{_ENZYME}.{{0,24}}{_LACK}|{_LACK}.{{0,12}}{_ENZYME}|\bfavism\w*", re.IGNORECASE)
_DEFICIENT = re.compile(
    rf"\b{_LACK}|mangel\b|(?:reduced|decreased|low|absent|no|vermindert\w*|erniedrigt\w*|keine)\W+(?:G-?6-?PD\W+)?(?:enzyme\W+)?"
    r"(?:activity|aktivität)|\b(?:low|reduced|decreased|vermindert|erniedrigt)\b",
    re.IGNORECASE,
)
_NORMAL = re.compile(
    r"\b(?:normal\w*|sufficient|not deficient|non-?deficient|unauffällig\w*|regelrecht\w*)\b", re.IGNORECASE
)
_NOT_TRANSFUSED = re.compile(
    r"\b(?:no|not|never|without|before|kein\w*|nicht|ohne|vor)\b[^.;\n]{0,30}transfu", re.IGNORECASE
)
_TRANSFUSED = re.compile(r"transfu[sn]|erythrozytenkonzentrat|packed red|\bEK-Gabe", re.IGNORECASE)


@provides(_NAME)
def g6pd(facts: Facts) -> Iterator[Fact]:
    """A diagnosis says yes whatever a later result says; without one the newest result that can be read decides."""
    record = facts.record
    if record is None:
        return
    for entry in record.of_type("Condition"):
        if not is_differential(entry) and (in_icd(entry, _ICD) or names(entry, _DISEASE, past_too=True)):
            yield known(_NAME, True, seen_in(entry, entry.text or None, from_text=not entry.codings))
            return
    open_: Fact | None = None
    results = latest_first(
        dict.fromkeys(
            (*results_about(record, "fitness.g6pd"), *record.about("fitness.g6pd", types=("DiagnosticReport",)))
        )
    )
    for entry in results:
        said = _said(facts, entry)
        text = all_text(entry.resource)
        seen = seen_in(entry, text.strip() or None)
        words = f"{notes_of(entry.resource)} {text}"
        if said is False and _TRANSFUSED.search(words) and not _NOT_TRANSFUSED.search(words):
            detail = "normal activity after a transfusion is the donor's"
            open_ = open_ or unknown(_NAME, Reason.NOT_DECIDED, detail, (seen,))
        elif said is not None:
            yield known(_NAME, said, seen)
            return
        else:
            detail = "the G6PD result says neither normal nor deficient"
            open_ = open_ or unknown(_NAME, Reason.UNREADABLE, detail, (seen,))
    yield open_ or absent(facts, _NAME, "Observation", what="a G6PD result")


def _said(facts: Facts, entry: Entry) -> bool | None:
    """What a result says: the laboratory's judgement first, then words, then whether a deficiency was asked for and found."""
    resource = entry.resource
    if quantity(resource) is not None:
        lies = against_range(resource)
        return None if lies is None else lies == "low"
    words = all_text(resource) if entry.type == "DiagnosticReport" else value_text(resource)
    mention = mention_of(words, _DEFICIENT) if words else None
    if mention in (Mention.PRESENT, Mention.HISTORY):
        return None if _NORMAL.search(words) else True
    if mention is Mention.NEGATED or (words and _NORMAL.search(words)):
        return False
    lies = against_range(resource)
    if lies is not None:
        return lies == "low"
    if _DISEASE.search(entry.text) and facts.record is not None:
        found = qualitative(resource, facts.record.terminology)
        return {"positive": True, "negative": False}.get(found or "")
    return None


PROVIDERS: tuple[Provider, ...] = (g6pd,)
