"""Subtype and early T-cell precursor phenotype by the markers of one day, whenever that was: they do not change with time."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.derive.tools import word
from service.facts.immunophenotype.lineage import etp_from_markers, subtype_from_markers
from service.facts.immunophenotype.results import Panel, called, panels, seen, shares
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, known, provides, unknown


@provides("immunophenotype_subtype", "etp_phenotype", needs=("lineage",))
def subtype(facts: Facts) -> Iterator[Fact]:
    """Subtype of ALL-A and early T-cell precursor phenotype, by the earliest panel that decides: later ones may show
    what treatment has changed.
    """
    if facts.record is None:
        return
    lineage = word(facts, "lineage")
    found = panels(facts.record)
    if lineage is None or not found:
        return
    etp = etp_panel = None
    for panel in reversed(found) if lineage == "T" else ():
        etp = etp_from_markers(called(panel), shares(panel))
        if etp is not None:
            etp_panel = panel
            break
    if etp is not None and etp_panel is not None:
        yield known("etp_phenotype", etp, *_read_in(etp_panel))
    for panel in reversed(found):
        named = "ETP" if etp and panel is etp_panel else subtype_from_markers(called(panel), lineage)
        if named is not None:
            yield known("immunophenotype_subtype", named, *_read_in(panel))
            return
    detail = "the markers tested do not decide between the subtypes"
    yield unknown("immunophenotype_subtype", Reason.NOT_DECIDED, detail, _read_in(found[-1]))


def _read_in(panel: Panel) -> tuple[Provenance, ...]:
    return tuple(dict.fromkeys(seen(result, inferred=True) for result in panel.values()))


PROVIDERS: tuple[Provider, ...] = (subtype,)
