"""The lineage by the markers of the blasts, where the diagnosis does not say it."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.disease.diagnosis import served
from service.facts.immunophenotype.lineage import lineage_from_markers, lineages_seen
from service.facts.immunophenotype.results import Panel, called, panels, results
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, known, provides, unknown


@provides("lineage")
def lineage_by_markers(facts: Facts) -> Iterator[Fact]:
    """B, T or mature B by unambiguous markers of ALL or lymphoblastic lymphoma, at any time: the lineage does not change,
    while single markers may be lost. Where Conditions say a lineage, or contradict each other in it, the markers do not
    step in. Defining markers of two lineages on one sample leave it open: mixed phenotype has to be considered.
    """
    if facts.record is None:
        return
    own = served(facts.record, facts.as_of)
    if not own or any(d.lineage is not None or d.diagnosis not in ("ALL", "LL") for d in own):
        return
    found = panels(facts.record)
    by_lineage: dict[str, Panel] = {}
    for panel in (*found, results(facts.record)):
        lineage = lineage_from_markers(called(panel))
        if lineage is not None:
            by_lineage.setdefault(lineage, panel)
    mixed = next((panel for panel in found if len(lineages_seen(called(panel))) > 1), None)
    if mixed is not None:
        names = " and ".join(lineages_seen(called(mixed)))
        detail = f"markers of more than one lineage ({names}): mixed phenotype acute leukemia has to be considered"
        yield unknown("lineage", Reason.CONFLICTING, detail, _seen(mixed))
    elif len(by_lineage) > 1:
        where = [p for panel in by_lineage.values() for p in _seen(panel)]
        yield unknown(
            "lineage", Reason.CONFLICTING, f"markers of {' and '.join(sorted(by_lineage))} in different samples", where
        )
    elif by_lineage:
        lineage, panel = next(iter(by_lineage.items()))
        positive = sorted(name for name, is_positive in called(panel).items() if is_positive)
        note = f"by the markers {', '.join(positive)}"
        yield known("lineage", lineage, *_seen(panel), Provenance("immunophenotype", inferred=True, note=note))


def _seen(panel: Panel) -> tuple[Provenance, ...]:
    """The positive markers of a panel."""
    return tuple(
        seen_in(r.entry, name, from_text=r.from_text, inferred=True) for name, r in panel.items() if r.marker.positive
    )


PROVIDERS: tuple[Provider, ...] = (lineage_by_markers,)
