"""Whether the blasts are lymphoblasts or myeloblasts: asked of a blast phase of CML, and of a relapse that changed its lineage."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, seen_in
from service.facts.disease.conditions import words_of
from service.facts.disease.diagnosis import diseases
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, Reason, known, provides, unknown
from service.facts.response.marrow import marrow_results
from service.facts.results.lookup import RESULTS, full_text, latest_first, measured
from service.record.model import Entry, PatientRecord
from service.record.text import states
from service.record.values import components, concept_text

_NAME = "blast_lineage"
_BLOOD = "labs.blood_blasts"
_GROUPS = ("diagnosis.all", "diagnosis.lbl", "diagnosis.bp_cml", "diagnosis.other_leukemia")
_LONGEST = 4000  # characters of a report that are looked through
_EXCESS = 5  # percent: a healthy marrow holds fewer
_OF_DISEASE = {"ALL": "lymphoblast", "LL": "lymphoblast", "AML": "myeloblast"}


def _words(stem: str, german: str) -> re.Pattern[str]:
    return re.compile(
        rf"\b(?:[BT]-)?{stem}o-?blast(?:s|en)?\b|\b{stem}oid\s(?:lineage\s)?blast|\bblasts?\sof\s{stem}oid\s|\b{german}\w*\sblast"
        rf"|\bblasten\s{german}\w*",
        re.IGNORECASE,
    )


_LINEAGES = {"lymphoblast": _words("lymph", "lymphatisch"), "myeloblast": _words("myel", "myeloisch")}
_FEW = re.compile(
    r"(?:<\s?5|(?<![\d.,])[0-4](?:[.,]\d+)?)\s?%\s(?:[BT]-)?(?:lymph|myel)o-?blast\w*|(?:lymph|myel)o-?blast\w*[\s:(]{1,3}(?:<\s?5|[0-4](?:[.,]\d+)?)\s?%",
    re.IGNORECASE,
)


@provides(_NAME)
def blast_lineage(facts: Facts) -> Iterator[Fact]:
    """As the newest report of marrow or blood with blasts names them, and as the diagnosis does (lymphoblasts of ALL and
    lymphoblastic lymphoma, myeloblasts of AML, as stated of a blast phase). Blasts below 5 %, as every marrow holds them,
    name no lineage of a disease. Where report and diagnosis differ it is conflicting: the lineage may have changed.
    """
    if facts.record is None:
        return
    told = [row for row in (_in_reports(facts.record), _in_diagnosis(facts, facts.record)) if row is not None]
    lineages = {lineage for found, _ in told for lineage in found}
    seen = tuple(provenance for _, provenance in told)
    if len(lineages) == 1:
        yield known(_NAME, lineages.pop(), *seen)
    elif told:
        yield unknown(_NAME, Reason.CONFLICTING, "lymphoblasts and myeloblasts are both named", seen)
    else:
        yield absent(facts, _NAME, "Condition", *RESULTS, what="the lineage of the blasts")


def _in_reports(record: PatientRecord) -> tuple[set[str], Provenance] | None:
    results = dict.fromkeys((*marrow_results(record), *record.about(_BLOOD, types=RESULTS)))
    for entry in latest_first(results):
        found = {lineage for lineage, pattern in _LINEAGES.items() if _shows(entry, pattern)}
        if found and entry.when is not None:
            return found, seen_in(entry, " ".join(full_text(entry)[:_LONGEST].split())[:200], from_text=True)
    return None


def _shows(entry: Entry, pattern: re.Pattern[str]) -> bool:
    """Whether a result counts blasts of a lineage, by its name or a component's, or states them in words."""
    for element, name in (
        (entry.resource, entry.text),
        *((part, concept_text(part.get("code"))) for part in components(entry.resource)),
    ):
        if pattern.search(name[:_LONGEST]):
            number = measured(element, "percent")
            if number is not None and number.value is not None:
                value = number.value if isinstance(number.value, Interval) else Interval(number.value, number.value)
                if value.at_least(_EXCESS):
                    return True
    said = full_text(entry)[:_LONGEST].removeprefix(entry.text)
    return states(_FEW.sub(" ", said), pattern)


def _in_diagnosis(facts: Facts, record: PatientRecord) -> tuple[set[str], Provenance] | None:
    found: set[str] = set()
    seen: Provenance | None = None
    for disease in diseases(record, facts.as_of):
        if disease.past:
            continue
        words, coded = words_of(disease.entry)[:_LONGEST], record.means(disease.entry, _NAME)
        said = {coded} if coded else {lineage for lineage, pattern in _LINEAGES.items() if states(words, pattern)}
        if not said and disease.diagnosis in _OF_DISEASE:
            said = {_OF_DISEASE[disease.diagnosis]}
        if said and seen is None:
            seen = seen_in(disease.entry, disease.entry.text or None, from_text=disease.from_text)
        found |= said
    return (found, seen) if seen is not None else None


PROVIDERS: tuple[Provider, ...] = (blast_lineage,)
