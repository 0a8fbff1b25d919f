"""The lineage by the markers of the blasts, or as reports name it, where the diagnosis does not say it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.disease.diagnosis import lineage_said, served
from service.facts.immunophenotype.lineage import lineage_from_markers, lineages_seen
from service.facts.immunophenotype.results import Panel, called, panels, results
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, known, provides, unknown
from service.facts.response.marrow import marrow_results
from service.facts.results.lookup import RESULTS, full_text
from service.record.model import PatientRecord
from service.record.text import states

# Lymphocytes are in every report; the disease or its blasts have to be named.
_DISEASE = r"(?:(?:cell|lineage|precursor|acute)[\s-]+){0,3}(?:(?-i:ALL|LBL)\b|lymphoblast\w*)"
_NAMED = {
    "B": re.compile(rf"\b(?:pre-?|pro-?)?B[\s-]+{_DISEASE}", re.IGNORECASE),
    "T": re.compile(rf"(?<!CAR[ -])\b(?:pre-?|pro-?|early )?T[\s-]+{_DISEASE}", re.IGNORECASE),
}
_WEIGHED = re.compile(
    r"mixed[\s-]phenotype|biphenotyp|bilineal|ambiguous lineage|\bMPAL\b|differential diagnos|\bversus\b|\bvs\b|suspicious|suggest"
    r"|\bfavou?r|(?:not|cannot)\s+(?:be\s+)?(?:\w+\s+)?(?:exclu|ruled)|rule out|nicht (?:sicher )?(?:auszuschl|ausgeschl)|verdacht",
    re.IGNORECASE,
)
_LONGEST = 4000  # characters of a report that are looked through


@provides("lineage")
def lineage_by_markers(facts: Facts) -> Iterator[Fact]:
    """B, T or mature B by unambiguous markers of ALL or lymphoblastic lymphoma, at any time: the lineage does not change,
    while single markers may be lost; else by the name that reports of marrow and flow cytometry give the disease. Where Conditions say
    a lineage, or contradict each other in it, neither steps in. Defining markers of two lineages on one sample leave it open: mixed phenotype has to be considered.
    """
    if facts.record is None:
        return
    own = served(facts.record, facts.as_of)
    if not own or any(d.diagnosis not in ("ALL", "LL") for d in own) or lineage_said(facts.record, facts.as_of):
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
    else:
        yield from _by_reports(facts.record)


def _by_reports(record: PatientRecord) -> Iterator[Fact]:
    """The lineage as reports of marrow and flow cytometry name the disease, where all that name one agree."""
    about = dict.fromkeys((*marrow_results(record), *record.about("immunophenotype.markers", types=RESULTS)))
    told = [(entry, said) for entry in about if (said := _named_in(full_text(entry)[:_LONGEST])) is not None]
    if len({said for _, said in told}) == 1:
        yield known("lineage", told[0][1], *(seen_in(entry, entry.text, from_text=True) for entry, _ in told))


def _named_in(text: str) -> str | None:
    """The one lineage of lymphoblasts that a report states; none where it weighs one against another."""
    found = [letter for letter, pattern in _NAMED.items() if pattern.search(text) and states(text, pattern)]
    return found[0] if len(found) == 1 and not _WEIGHED.search(text) else None


def _seen(panel: Panel) -> tuple[Provenance, ...]:
    """The positive markers of a panel."""
    return tuple(
        seen_in(r.entry, name, from_text=r.from_text, inferred=True) for name, r in panel.items() if r.marker.positive
    )


PROVIDERS: tuple[Provider, ...] = (lineage_by_markers,)
