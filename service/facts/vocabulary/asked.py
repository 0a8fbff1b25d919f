"""Facts that no reader gives, each with why: they are stated by the caller, or asked when they would change the answer.

A test ties this list to the readers: a fact that gets one has to leave it, a fact without one has to be here.
"""

from __future__ import annotations

from collections.abc import Mapping

_NOT_YET = "a record can hold it, but this version does not read it"
_PLANNED = "it is part of a plan that is rarely on record before it is carried out"

ASKED: Mapping[str, str] = {
    "on_intensive_pediatric_regimen_plus_tki": _NOT_YET,
    "myelosuppressive_block": _PLANNED,
    "anthracycline_maximum_reached": "cumulative doses are summed up by hand; single doses are too seldom all on record",
    "limited_performance_status": "no source says from which score on performance counts as limited",
}

_DRAFTS = "it is read from the draft orders of the call, not from the record"
_SUBJECT = "it is the subject of the advice: the draft order, or the option a card is about to name"

# What the call itself says: no reader of the record gives these, and nobody is asked for them.
FROM_THE_CALL: Mapping[str, str] = {
    "candidate_regimen": _SUBJECT,
    "candidate_regimen_is_multiagent": _SUBJECT,
    "regimen_contains": _SUBJECT,
    "ordered_drug": _SUBJECT,
    "ordered_drug_indication": _DRAFTS,
    "ordered_schedule": _DRAFTS,
    "ordered_test": _DRAFTS,
    "ordered_procedure": _DRAFTS,
    "ordered_dose": _DRAFTS,
    "ordered_route": _DRAFTS,
    "marrow_aspirate_planned": _DRAFTS,
    "transfusion_ordered": _DRAFTS,
    "transfusion_irradiated": _DRAFTS,
    "cytarabine_dose_level": _DRAFTS,
    "methotrexate_dose_level": _DRAFTS,
    "question": "it is the caller's own words",
}
