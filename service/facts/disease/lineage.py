"""The lineage by the markers of the blasts, where the diagnosis does not say it."""

from __future__ import annotations

from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.disease.diagnosis import served
from service.facts.immunophenotype.markers import lineage_from_markers
from service.facts.immunophenotype.reader import results
from service.facts.model import Fact, Facts, Provenance, Provider, known, provides


@provides("lineage")
def lineage_by_markers(facts: Facts) -> Iterator[Fact]:
    """B or T by unambiguous markers of ALL or lymphoblastic lymphoma, at any time: the lineage does not change. Where
    Conditions say a lineage, or contradict each other in it, the markers do not step in.
    """
    if facts.record is None:
        return
    own = served(facts.record, facts.as_of)
    if not own or any(d.lineage is not None or d.diagnosis not in ("ALL", "LL") for d in own):
        return
    found = {name: r for name, r in results(facts.record).items() if r.marker.positive is not None}
    lineage = lineage_from_markers({name: bool(r.marker.positive) for name, r in found.items()})
    if lineage is not None:
        positive = [name for name, r in found.items() if r.marker.positive]
        note = f"by the markers {', '.join(sorted(positive))}"
        seen = (seen_in(found[name].entry, name, from_text=found[name].from_text, inferred=True) for name in positive)
        yield known("lineage", lineage, *seen, Provenance("immunophenotype", inferred=True, note=note))


PROVIDERS: tuple[Provider, ...] = (lineage_by_markers,)
