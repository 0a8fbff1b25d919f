"""What a panel of markers says of lineage and subtype (NCCN ALL 2015, ALL-A; mixed phenotype after WHO 2008).

The patterns of ALL-A are typical, not exclusive: a subtype is named where its decisive markers were tested and no other
marker of its pattern speaks against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.facts.model import Interval

_B_COMPANY = ("CD10", "CD22", "cCD22", "sCD22", "CD79a", "cCD79a")
ETP_MARKERS = ("CD117", "CD34", "HLA-DR", "CD13", "CD33", "CD11b", "CD65")


def lineage_from_markers(markers: Mapping[str, bool]) -> str | None:
    """ "B", "T" or "mature-B" where markers are unambiguous, else ``None``.

    B: CD19 with CD10, CD22 or CD79a, and no CD3 and no MPO. T: CD3 (cytoplasmic or surface) without CD19 and without MPO.
    Mature B: surface immunoglobulin with a B-cell antigen and no TdT; with TdT untested it stays open.
    """
    if len(lineages_seen(markers)) > 1 or markers.get("MPO"):
        return None
    if _t_cell(markers):
        return None if markers.get("CD19") else "T"
    if markers.get("sIg"):
        b_cell = any(markers.get(name) for name in ("CD19", "CD20", "CD22", "CD79a", "cCD79a"))
        return "mature-B" if b_cell and markers.get("TdT") is False else None
    return "B" if _b_cell(markers) else None


def lineages_seen(markers: Mapping[str, bool]) -> tuple[str, ...]:
    """The lineages that have their defining marker: more than one means that mixed phenotype has to be considered.

    CD13 and CD33 are frequent in ALL and define nothing (ALL-A, footnote 1).
    """
    seen = (("B", _b_cell(markers)), ("T", _t_cell(markers)), ("myeloid", bool(markers.get("MPO"))))
    return tuple(name for name, found in seen if found)


def _t_cell(markers: Mapping[str, bool]) -> bool:
    return any(markers.get(name) for name in ("cCD3", "CD3", "sCD3"))


def _b_cell(markers: Mapping[str, bool]) -> bool:
    return bool(markers.get("CD19")) and any(markers.get(name) for name in _B_COMPANY)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One row of ALL-A: markers that must be known to be so, and markers that must not be known to be otherwise."""

    name: str
    decisive: Mapping[str, bool]
    typical: Mapping[str, bool]
    any_of: tuple[str, ...] = ()


# In this order: cytoplasmic mu makes a pre-B of what CD10 alone would call common.
_B_PATTERNS = (
    _Pattern("pre-B", {"cyt-mu": True}, {"sIg": False}),
    _Pattern("common-B", {"CD10": True}, {"cyt-mu": False, "sIg": False}),
    _Pattern("pro-B", {"CD10": False, "CD19": True}, {"CD79a": True, "CD22": True, "TdT": True, "cyt-mu": False, "sIg": False},
             ("CD79a", "CD22", "TdT")),
)  # fmt: skip
_T_PATTERNS = (
    _Pattern("cortical-T", {"CD1a": True}, {"CD7": True, "CD2": True, "CD4": True, "CD8": True, "CD34": False}),
    _Pattern("medullary-T", {"CD1a": False, "sCD3": True}, {"CD7": True, "CD2": True, "CD34": False}, ("CD4", "CD8")),
    _Pattern("pre-T", {"CD1a": False, "CD2": True}, {"CD7": True, "CD4": False, "CD8": False, "sCD3": False}),
    _Pattern("pro-T", {"CD1a": False, "CD2": False}, {"CD7": True, "CD4": False, "CD8": False, "sCD3": False}),
)  # fmt: skip


def subtype_from_markers(markers: Mapping[str, bool], lineage: str | None) -> str | None:
    """The subtype of ALL-A that the markers of a panel fit; ``None`` where they fit none or do not decide."""
    if lineage == "mature-B":
        return "mature-B"
    known = _merged(markers)
    for pattern in {"B": _B_PATTERNS, "T": _T_PATTERNS}.get(lineage or "", ()):
        decided = all(known.get(name) is value for name, value in pattern.decisive.items())
        against = any(known.get(name) is not value for name, value in pattern.typical.items() if name in known)
        supported = not pattern.any_of or any(known.get(name) for name in pattern.any_of)
        if decided and supported and not against:
            return pattern.name
    return None


def _merged(markers: Mapping[str, bool]) -> dict[str, bool]:
    """Markers with the names ALL-A prints: CD79a is inside the cell under either name, CD22 inside or on the surface, and
    CD3 without a place is what flow finds on the surface.
    """
    known = dict(markers)
    for name, others in (("CD79a", ("cCD79a",)), ("CD22", ("cCD22", "sCD22")), ("sCD3", ("CD3",))):
        if name not in known:
            said = [markers[other] for other in others if other in markers]
            if said:
                known[name] = any(said)
    return known


def etp_from_markers(markers: Mapping[str, bool], shares: Mapping[str, Interval]) -> bool | None:
    """Early T-cell precursor (ALL-A): no CD1a, no CD8, CD5 on fewer than 75 % of the blasts, and a myeloid or stem-cell
    marker on 25 % or more. Three-valued; one part known to fail settles "no". T lineage is the caller's to know.

    ``shares``: of the blasts, as far as known (`share_of`).
    """
    weak_cd5 = shares["CD5"].less_than(75) if "CD5" in shares else None
    high = highest(shares)
    stem = high.at_least(25) if high is not None else None
    parts = (_absent(markers, "CD1a"), _absent(markers, "CD8"), weak_cd5, stem)
    if False in parts:
        return False
    return None if None in parts else True


def highest(shares: Mapping[str, Interval]) -> Interval | None:
    """Bounds of the highest share among the myeloid and stem-cell markers; a marker not tested may be anything."""
    known = [shares[name] for name in ETP_MARKERS if name in shares]
    if not known:
        return None
    top = max(known, key=lambda share: share.high)
    open_end = len(known) < len(ETP_MARKERS)
    return Interval(
        max(share.low for share in known), 100.0 if open_end else top.high, high_open=top.high_open and not open_end
    )


def _absent(markers: Mapping[str, bool], name: str) -> bool | None:
    return not markers[name] if name in markers else None
