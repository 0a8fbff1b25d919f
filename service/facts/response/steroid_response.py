"""Response to a week of steroids, as BFM protocols judge it on day 8: blasts in the blood below 1.0 (10*9/L) are good.

NCCN Pediatric ALL 1.2026 (PEDALL-7) names a poor response for infants without the limit; it is that of the BFM group
(1000 blasts per microliter on day 8), and what is computed by it says so. Stated forms: "prednisone good responder",
"PGR", "PPR", "Prednison-Poor-Response".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import complete_list, seen_in
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import Measured, full_text, is_count, latest_first, measured, nothing, results_about
from service.facts.therapy.exposure import MEDICATIONS, exposures, is_steroid
from service.record.model import Entry, PatientRecord

_NAME = "steroid_day8_response"
_DRUG = r"(?:prednison\w*|prednisolon\w*|steroids?|cortico-?steroids?|dexamethason\w*|glu[ck]o[ck]ortikoid\w*)"
_STATED = tuple(
    (value, re.compile(pattern))
    for value, pattern in (
        ("good", rf"(?i:{_DRUG}[\s-]*(?:day[\s-]*8[\s-]*)?good[\s-]*respon\w*|good (?:early )?(?:response|responder) to {_DRUG})|\bPGR\b"),
        ("poor", rf"(?i:{_DRUG}[\s-]*(?:day[\s-]*8[\s-]*)?poor[\s-]*respon\w*|poor (?:early )?(?:response|responder) to {_DRUG}|{_DRUG}[\s-]*non-?respon\w*)|\bPPR\b"),
    )
)  # fmt: skip
_LIMIT = 1.0
_DAY8 = (timedelta(days=7), timedelta(days=8))  # counted from the first dose


@provides(_NAME)
def steroid_response(facts: Facts) -> Iterator[Fact]:
    """As stated; else by the blasts in the blood seven or eight days after the first steroid, on complete lists, where no
    other antileukemic drug but an intrathecal one came before.
    """
    record = facts.record
    if record is None:
        return
    said = [(value, e) for e in _texts(record) for value, pattern in _STATED if pattern.search(full_text(e))]
    if said:
        seen = tuple(seen_in(e, " ".join(full_text(e).split())[:200], from_text=True) for _, e in said)
        if len({value for value, _ in said}) == 1:
            yield known(_NAME, said[0][0], *seen)
        else:
            yield unknown(_NAME, Reason.CONFLICTING, "a good and a poor response are stated", seen)
        return
    yield _computed(facts, record) or nothing(facts, _NAME, "Observation", "Condition")


def _texts(record: PatientRecord) -> list[Entry]:
    kinds = ("Observation", "Condition", "DiagnosticReport")
    return latest_first(e for e in record.of_type(*kinds) if not is_count(e))


def _computed(facts: Facts, record: PatientRecord) -> Fact | None:
    found = exposures(record, facts.as_of)
    given = [e for e in found.leukemia(steroids=True) if e.start is not None]
    first = min((e.start for e in given if e.start and is_steroid(e.drug)), default=None)
    if first is None or not first.exact or found.nameless or not complete_list(facts, *MEDICATIONS):
        return None
    others = [
        e
        for e in given
        if not is_steroid(e.drug) and not e.intrathecal and e.start and e.start.start < first.start + _DAY8[0]
    ]
    if others:
        return None
    for entry in results_about(record, "labs.blood_blasts"):
        if (
            entry.when is None
            or not first.start + _DAY8[0] <= entry.when.start <= entry.when.end <= first.start + _DAY8[1]
        ):
            continue
        count = measured(entry.resource, "cells")
        if count is None or count.value is None:
            count = _of_differential(record, entry)
        if count is None or count.value is None:
            continue
        span = count.value if isinstance(count.value, Interval) else Interval(count.value, count.value)
        low = span.less_than(_LIMIT)
        if low is not None:
            note = "limit of the BFM group: 1.0 (10*9/L) blasts on day 8"
            seen = seen_in(entry, count.found, inferred=True, note=note)
            return known(_NAME, "good" if low else "poor", seen, Provenance("steroid", first.text, inferred=True))
    return None


def _of_differential(record: PatientRecord, entry: Entry) -> Measured | None:
    """Blasts per volume from their share and the WBC of the same day; as `anc` does it for neutrophils."""
    share = measured(entry.resource, "percent")
    if share is None or not isinstance(share.value, float) or entry.when is None:
        return None
    for white in results_about(record, "labs.wbc"):
        count = measured(white.resource, "cells")
        if white.when is None or white.when.end != entry.when.end or count is None:
            continue
        if isinstance(count.value, float):
            return Measured(round(count.value * share.value / 100, 6), f"{count.value:g} x {share.value:g} %")
    return None


PROVIDERS: tuple[Provider, ...] = (steroid_response,)
