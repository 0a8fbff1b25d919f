"""How many lines of therapy came before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import absent, seen_in
from service.facts.course.timeline import Relapse, relapses, statements
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, known, provides
from service.facts.therapy.exposure import Exposure, Exposures, exposures
from service.facts.therapy.lists import complete_drugs
from service.record.model import Entry, PatientRecord
from service.record.text import states
from service.record.values import all_text, as_float, quantity

_LINES = re.compile(
    r"(?:prior|previous) (?:lines?|(?:systemic )?therap\w+|treatments?|regimens?)|lines? of (?:prior |previous )?therapy|vortherapien"
    r"|therapielinien",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?P<n>\d{1,2}|one|two|three|four|five|eine[rm]?|zwei|drei|vier|fünf)\s+(?:prior|previous|vorangegangene[nr]?|vorherige[nr]?)\s*(?:systemic |chemo\w* )?"
    r"(?:lines?|therap\w+|treatments?|regimens?|therapielinien)\b|\b(?:nach|after)\s+(?P<m>\d{1,2}|zwei|drei|vier|two|three|four)\s+"
    r"(?:vortherapien|therapielinien|lines of therapy)",
    re.IGNORECASE,
)
_CYCLE = 28  # days within which a drug given in courses counts as being given
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "eine": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5}


@provides("prior_lines_count", needs=("relapse_number", "disease_state"))
def prior_lines(facts: Facts) -> Iterator[Fact]:
    """Lines of therapy so far: as counted in an observation or in words; none in a new diagnosis before any drug; at least
    one per relapse, as each came after one, and one more where drugs were begun after the last relapse and are over.

    Exactly one is concluded for a first relapse on complete lists that hold no drug since, where nothing was refractory
    before: treatment from induction to the end of maintenance, a transplant in first remission included, is one line.
    """
    if facts.record is None:
        return
    dated = relapses(facts.record, facts.as_of)
    counted = _counted(facts.record, dated)
    if counted is not None:
        yield known("prior_lines_count", counted[0], counted[1])
        return
    found = exposures(facts.record, facts.as_of)
    relapsed = facts.value("relapse_number")
    least = relapsed.low if isinstance(relapsed, Interval) else relapsed if isinstance(relapsed, float) else 0
    if least >= 1:
        yield _after_relapse(facts, facts.record, found, dated, float(least), relapsed == 1.0)
        return
    lists = complete_drugs(facts, found)
    if lists and facts.value("disease_state") == "new-diagnosis" and not found.leukemia():
        seen = Provenance("disease_state", inferred=True, note="new diagnosis, no antileukemic drug on record")
        yield known("prior_lines_count", 0.0, seen)
    elif facts.value("disease_state") == "refractory":
        seen = Provenance("disease_state", inferred=True, note="refractory to at least one line")
        yield known("prior_lines_count", Interval(low=1), seen)
    else:
        yield absent(facts, "prior_lines_count", "Observation", what="the number of prior lines")


def _after_relapse(
    facts: Facts, record: PatientRecord, found: Exposures, dated: tuple[Relapse, ...], least: float, only_one: bool
) -> Fact:
    seen = Provenance("relapse_number", inferred=True, note="each relapse came after at least one line")
    since = _begun_since(found, dated[-1]) if dated and len(dated) == int(least) else None
    if since and not any(e.within(facts.as_of, _CYCLE) or e.doubtful for e in since):  # else they are the present line
        more = since[-1].seen("begun after the latest relapse")
        return known("prior_lines_count", Interval(low=least + 1), seen, more)
    refractory = any(s.state == "refractory" for s in statements(record, facts.as_of))
    untold = [e for e in found.items if e.start is None and e.drug not in _BESIDE]
    if only_one and since == [] and complete_drugs(facts, found) and found.leukemia() and not refractory and not untold:
        note = "first relapse, no antileukemic drug since"
        return known("prior_lines_count", 1.0, Provenance("relapse_number", inferred=True, note=note))
    return known("prior_lines_count", Interval(low=least), seen)


_BESIDE = frozenset({"dexamethasone", "prednisone", "prednisolone", "methylprednisolone", "hydrocortisone"})


def _begun_since(found: Exposures, relapse: Relapse) -> list[Exposure]:
    """Antileukemic drugs begun after a relapse."""
    return [e for e in found.leukemia() if e.start is not None and e.start.start > relapse.when.end]


def _counted(record: PatientRecord, dated: tuple[Relapse, ...]) -> tuple[float | Interval, Provenance] | None:
    """As somebody counted them; a count from before the latest relapse is the least of today's."""
    for entry in record.of_type("Observation"):
        if entry.when is None or not _LINES.search(entry.text) or not states(entry.text, _LINES):
            continue
        number = quantity(entry.resource)
        count = as_float(number.value) if number is not None and number.comparator is None else None
        if count is not None and 0 <= count <= 30 and count == int(count):
            old = bool(dated) and entry.when.end < dated[-1].when.start
            return Interval(low=count) if old else count, seen_in(entry, number.text if number else None)
    for entry in record.about("response.disease_status", "diagnosis.all", types=("Observation", "Condition")):
        told = _in_words(entry)
        if told is not None:
            return told
    return None


def _in_words(entry: Entry) -> tuple[float, Provenance] | None:
    text = "; ".join(part for part in (entry.text, all_text(entry.resource)) if part)
    match = _COUNTED.search(text)
    if match is None or not states(text, _COUNTED) or (entry.type == "Observation" and entry.when is None):
        return None
    word = (match["n"] or match["m"]).lower()
    count = _WORDS.get(word) or _WORDS.get(word[:4]) or (int(word) if word.isdigit() else None)
    return None if count is None else (float(count), seen_in(entry, match.group(), from_text=True))


PROVIDERS: tuple[Provider, ...] = (prior_lines,)
