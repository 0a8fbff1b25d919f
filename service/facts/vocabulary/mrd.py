"""Measurable residual disease."""

from __future__ import annotations

from service.facts.vocabulary.base import Options, boolean, category, number

_G = "measurable residual disease"
_DAYS = (8, 11, 15, 19, 24, 29, 33, 36, 78)
_WEEKS = (14, 16)
_TIMES = (*(f"day-{day}" for day in (*_DAYS, 14, 35)), *(f"week-{week}" for week in _WEEKS), "end-of-induction", "end-of-consolidation", "pre-hct",
          "post-hct", "surveillance", "relapse", "end-of-reinduction")  # fmt: skip


def _fraction(read_from: str) -> Options:
    return {"unit": "of cells", "low": 0, "high": 1, "group": _G, "read_from": read_from}


TYPES = (
    number("mrd_fraction", "MRD", unit="of cells", low=0, high=1, group=_G, stale_after_days=90,
           codes=("mrd.flow", "mrd.pcr", "mrd.ngs", "mrd.value"),
           read_from="newest marrow result in any form: %, fraction, 10^-4, cells per million, text"),
    category("mrd_status", "MRD status", "negative", "undetectable", "positive", "persistent", "progressive",
             "emergent", group=_G, stale_after_days=90, no_means="a result below 10^-4 by an assay that reaches 10^-4",
             read_from="MRD result and the sensitivity of its assay"),
    number("mrd_sensitivity", "sensitivity of the MRD assay", **_fraction("report component or text")),
    category("mrd_method", "MRD method", "flow", "pcr", "ngs", group=_G, read_from="code or method of the MRD result"),
    category("mrd_specimen", "MRD specimen", "marrow", "peripheral-blood", group=_G,
             value_aliases={"blood": "peripheral-blood", "bone-marrow": "marrow"},
             read_from="specimen of the MRD result"),
    category("mrd_timepoint", "MRD timepoint", *_TIMES, group=_G,
             read_from="text, or inferred from the start of induction"),
    category("mrd_trend", "course of MRD", "falling", "slow", "persistent", "progressive", "emergent", group=_G,
             read_from="series of MRD results"),
    category("mrd_clearance", "MRD clearance", "complete", "slow", "incomplete", group=_G, read_from="course of MRD"),
    boolean("mrd_persistent", "persistent MRD", group=_G, read_from="course of MRD"),
    boolean("mrd_detectable", "MRD detectable", group=_G, read_from="MRD result"),
    boolean("mrd_reported_negative", "MRD reported as negative", group=_G,
            read_from="text or interpretation of the MRD result"),
    boolean("prior_mrd_negative", "earlier MRD-negative result", group=_G, read_from="earlier MRD results"),
    category("mrd_target", "MRD target", "BCR::ABL1", "IG/TR", "immunophenotype", group=_G,
             read_from="code of the MRD result"),
    number("bcr_abl1_ratio", "BCR::ABL1/ABL1 transcript ratio", low=0, high=100, group=_G, stale_after_days=90,
           read_from="newest transcript ratio of the last 90 days", codes=("mrd.bcr_abl1",)),
    boolean("bcr_abl1_transcript_detected", "BCR::ABL1 transcript detected", group=_G, stale_after_days=90,
            read_from="transcript result", codes=("mrd.bcr_abl1", "genetics.bcr_abl1_presence")),
    number("mrd_fraction_end_of_induction", "MRD at the end of induction",
           **_fraction("MRD result at the end of induction")),
    number("mrd_fraction_end_of_consolidation", "MRD at the end of consolidation",
           **_fraction("MRD result at the end of consolidation")),
    number("mrd_weeks_from_diagnosis", "weeks from diagnosis to the MRD result", unit="weeks", low=0, high=1000,
           group=_G, read_from="dates of diagnosis and MRD sample"),
    *(number(f"mrd_day{day}", f"MRD on day {day}", **_fraction("MRD result of that day")) for day in _DAYS),
    *(number(f"mrd_week{week}", f"MRD in week {week}", **_fraction("MRD result of that week"))
      for week in _WEEKS),
)  # fmt: skip
