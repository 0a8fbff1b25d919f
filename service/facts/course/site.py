"""Where the disease came back, from the words that tell of the last relapse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from service.facts.absence import absent
from service.facts.course.site_text import relapse_site_in, sites_in
from service.facts.course.text import RELAPSE, molecular_relapse_in, says
from service.facts.course.told import Told, course_words
from service.facts.disease.diagnosis import names_relapse
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.record.model import PatientRecord

_TYPES = ("Condition", "Observation")


@provides("relapse_site", "marrow_relapse", "cns_involvement_at_relapse")
def relapse_site(facts: Facts) -> Iterator[Fact]:
    """Where the last relapse was. One site named without "isolated" leaves open whether there was another."""
    if facts.record is None:
        return
    told = [
        w for w in _telling_of_relapse(facts.record, facts.as_of) if sites_in(w.text) or molecular_relapse_in(w.text)
    ]
    if not told:
        yield absent(facts, "relapse_site", *_TYPES, what="the site of the relapse")
        return
    last = told[0]
    sites, site = sites_in(last.text), relapse_site_in(last.text)
    if site is not None:
        yield known("relapse_site", site, last.seen())
    else:
        detail = f"{' and '.join(sorted(sites))} named, but not whether it was the only site"
        yield unknown("relapse_site", Reason.NOT_DECIDED, detail, (last.seen(),))
    if "marrow" in sites:
        yield known("marrow_relapse", True, last.seen())
    if "CNS" in sites:
        yield known("cns_involvement_at_relapse", True, last.seen())
    elif site is not None and site.startswith("isolated-"):
        yield known("cns_involvement_at_relapse", False, last.seen())


def _telling_of_relapse(record: PatientRecord, as_of: date) -> list[Told]:
    """Words about a relapse, those of the newest first; undated ones (the disease's own Condition) before all."""
    words = [w for w in course_words(record, as_of) if says(w.text, RELAPSE) or names_relapse(record, w.entry)]
    return sorted(words, key=_recency, reverse=True)


def _recency(words: Told) -> date:
    when = words.when or (words.entry.when if words.entry.type == "Condition" else None)
    return when.end if when is not None else date.max


PROVIDERS: tuple[Provider, ...] = (relapse_site,)
