"""The MRD risk group, where a report names it.

Studies draw their groups at their own time points and limits, and the sources print no common one (NCCN 2015, discussion of
MRD in childhood ALL: "low risk" without a cut-off): it is read where it is stated and never derived.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.mrd.context import words
from service.facts.mrd.result import CONCEPTS
from service.facts.results.lookup import RESULTS, nothing
from service.record.text import states

_RISK = r"[- ]?(?:risk|risiko)\w*"
_GROUPS = {
    "low": re.compile(rf"\bMRD[- ]?(?:LR\b|low{_RISK}|niedrig{_RISK}|niedriges Risiko)|(?:low|niedriges)[- ](?:MRD )?ris[ik]\w* (?:by|nach) MRD", re.IGNORECASE),
    "intermediate": re.compile(rf"\bMRD[- ]?(?:IR\b|MR\b|intermediate{_RISK}|intermedi[äa]r\w*{_RISK}|mittleres Risiko)", re.IGNORECASE),
    "high": re.compile(rf"\bMRD[- ]?(?:HR\b|high{_RISK}|hoch{_RISK}|hohes Risiko)|(?:high|hohes)[- ](?:MRD )?ris[ik]\w* (?:by|nach) MRD", re.IGNORECASE),
}  # fmt: skip


@provides("mrd_risk")
def mrd_risk(facts: Facts) -> Iterator[Fact]:
    """The group the newest report names; a report that names two decides nothing. A standard risk group ("MRD-SR") is no
    low one in every study and is not read.
    """
    if facts.record is None:
        return
    for entry in facts.record.about(*CONCEPTS, types=RESULTS):
        text = f"{entry.text} | {words(entry.resource)}"
        named = [group for group, pattern in _GROUPS.items() if states(text, pattern)]
        if named:
            seen = seen_in(entry, " ".join(text.split()), from_text=True)
            several = len(named) > 1
            yield (
                unknown("mrd_risk", Reason.CONFLICTING, "several risk groups are named", (seen,))
                if several
                else known("mrd_risk", named[0], seen)
            )
            return
    yield nothing(facts, "mrd_risk", *RESULTS, concepts=CONCEPTS)


PROVIDERS: tuple[Provider, ...] = (mrd_risk,)
