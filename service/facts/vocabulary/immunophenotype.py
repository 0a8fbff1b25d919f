"""Markers on the blasts."""

from __future__ import annotations

from service.facts.vocabulary.base import FactType, category, number, token_set

_G = "immunophenotype"
_FLOW = "flow cytometry: observations, panel components, text lists; the newest result"
MARKERS = (
    "CD1a", "CD2", "CD3", "CD4", "CD5", "CD7", "CD8", "CD10", "CD11b", "CD13", "CD15", "CD19", "CD20", "CD22", "CD24", "CD33",
    "CD34", "CD38", "CD45", "CD58", "CD65", "CD66c", "CD79a", "CD99", "CD117", "CD123", "HLA-DR", "MPO", "PAX5", "TdT",
    "cCD3", "cCD22", "cCD79a", "cyt-mu", "sCD3", "sCD22", "sIg",
)  # fmt: skip


def _marker(name: str, label: str) -> FactType:
    return category(name, label, "positive", "negative", group=_G, stale_after_days=90, read_from=_FLOW, codes=("immunophenotype.markers",),
                    value_aliases={"pos": "positive", "neg": "negative", "dim": "positive", "+": "positive",
                                   "-": "negative"})  # fmt: skip


TYPES = (
    *(_marker(f"cd{n}", f"CD{n} on the blasts") for n in (19, 20, 22)),
    number("cd19_percent_blasts", "blasts with CD19", unit="%", low=0, high=100, group=_G, stale_after_days=90,
           read_from="flow cytometry", codes=("immunophenotype.markers",)),
    number("cd20_percent_blasts", "blasts with CD20", unit="%", low=0, high=100, group=_G, stale_after_days=90,
           read_from="flow cytometry", codes=("immunophenotype.markers",)),
    number("cd22_percent_blasts", "blasts with CD22", unit="%", low=0, high=100, group=_G, stale_after_days=90,
           read_from="flow cytometry", codes=("immunophenotype.markers",)),
    number("cd5_percent", "blasts with CD5", unit="%", low=0, high=100, group=_G, read_from="flow cytometry",
           codes=("immunophenotype.markers",)),
    number("etp_myeloid_stem_marker_max_percent", "highest share of a myeloid or stem-cell marker", unit="%", low=0,
           high=100, group=_G, read_from="flow cytometry: CD117, CD34, HLA-DR, CD13, CD33, CD11b, CD65"),
    category("immunophenotype_subtype", "subtype by immunophenotype", "pro-B", "common-B", "pre-B", "mature-B", "ETP", "pro-T",
             "pre-T", "cortical-T", "medullary-T", group=_G, codes=("immunophenotype.markers",),
             read_from="lineage and marker panel, by the patterns of NCCN ALL 2015, ALL-A"),
    token_set("myeloid_markers", "myeloid markers", "CD13", "CD15", "CD33", "CD65", "CD117", "MPO", group=_G,
              read_from="markers found positive"),
    *(_marker(f"marker_{name}", f"{name} on the blasts") for name in MARKERS),
)  # fmt: skip
