"""Measurable residual disease."""

from __future__ import annotations

from service.facts.vocabulary.base import Options, boolean, category, number

_G = "measurable residual disease"
_FRACTION: Options = {"unit": "of cells", "low": 0, "high": 1, "group": _G}
_TIMES = ("day-8", "day-14", "day-15", "day-29", "day-35", "end-of-induction", "end-of-consolidation", "pre-hct",
          "post-hct", "surveillance", "relapse", "end-of-reinduction")  # fmt: skip

TYPES = (
    number("mrd_fraction", "MRD", unit="of cells", low=0, high=1, group=_G, stale_after_days=90,
           codes=("mrd.flow", "mrd.pcr", "mrd.ngs"),
           read_from="newest marrow result in any form: %, fraction, 10^-4, cells per million, text"),
    category("mrd_status", "MRD status", "negative", "undetectable", "positive", "persistent", "progressive",
             "emergent", group=_G, stale_after_days=90,
             no_means="a result below 10^-4 by an assay that reaches 10^-4"),
    number("mrd_sensitivity", "sensitivity of the MRD assay", **_FRACTION),
    category("mrd_method", "MRD method", "flow", "pcr", "ngs", group=_G),
    category("mrd_specimen", "MRD specimen", "marrow", "peripheral-blood", group=_G,
             value_aliases={"blood": "peripheral-blood", "bone-marrow": "marrow"}),
    category("mrd_timepoint", "MRD timepoint", *_TIMES, group=_G),
    category("mrd_trend", "course of MRD", "falling", "slow", "persistent", "progressive", "emergent", group=_G),
    category("mrd_clearance", "MRD clearance", "complete", "slow", "incomplete", group=_G),
    boolean("mrd_persistent", "persistent MRD", group=_G),
    boolean("mrd_detectable", "MRD detectable", group=_G),
    boolean("mrd_reported_negative", "MRD reported as negative", group=_G),
    boolean("prior_mrd_negative", "earlier MRD-negative result", group=_G),
    category("mrd_target", "MRD target", "BCR::ABL1", "IG/TR", "immunophenotype", group=_G),
    number("bcr_abl1_ratio", "BCR::ABL1/ABL1 transcript ratio", low=0, high=100, group=_G, stale_after_days=90),
    boolean("bcr_abl1_transcript_detected", "BCR::ABL1 transcript detected", group=_G, stale_after_days=90),
    number("mrd_fraction_end_of_induction", "MRD at the end of induction", **_FRACTION),
    number("mrd_weeks_from_diagnosis", "weeks from diagnosis to the MRD result", unit="weeks", low=0, high=1000,
           group=_G),
    *(number(f"mrd_day{day}", f"MRD on day {day}", **_FRACTION) for day in (8, 11, 15, 19, 24, 29, 33, 36, 78)),
    *(number(f"mrd_week{week}", f"MRD in week {week}", **_FRACTION) for week in (14, 16)),
)  # fmt: skip
