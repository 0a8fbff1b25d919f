"""Relapse and treatment: whether the first relapse came on therapy, and what the treatments before and after it reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import absent, complete_list
from service.facts.course.statements import statements
from service.facts.course.text import RELAPSE, says
from service.facts.course.timeline import Event, course
from service.facts.course.told import course_words
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.therapy.exposure import MEDICATIONS, exposures

_TYPES = ("Condition", "Observation")
_RELAPSE_WORD = r"(?:relapse\w*|rezidiv\w*)"
_ON = re.compile(
    rf"(?:on[\s-](?:therapy|treatment)[\s-]+{_RELAPSE_WORD}|{_RELAPSE_WORD}[^,;.\n]{{0,30}}\b(?:on (?:therapy|treatment)|during (?:\w+ )?(?:therapy|treatment"
    rf"|induction|consolidation|maintenance|chemotherapy)|on maintenance|unter (?:\w*therapie|\w*behandlung|erhaltung\w*)|während (?:der )?\w*therapie))",
    re.IGNORECASE,
)
_OFF = re.compile(
    rf"off[\s-](?:therapy|treatment)[\s-]+{_RELAPSE_WORD}|{_RELAPSE_WORD}[^,;.\n]{{0,30}}\b(?:off[\s-](?:therapy|treatment)|after (?:the )?(?:end|completion) of"
    r" (?:therapy|treatment|maintenance)|nach (?:therapieende|ende der \w*therapie))",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"\b(?:primary )?induction[\s-]+failure|fail(?:ed|ure)\s+(?:of\s+)?(?:primary |initial |first )?induction|induktionsversag\w*",
    re.IGNORECASE,
)
_BETWEEN_DOSES = timedelta(days=28)  # a cycle of maintenance
_INDUCTION = timedelta(days=120)  # the response to induction is known by then


@provides("relapse_on_therapy", needs=("relapse_number",))
def relapse_on_therapy(facts: Facts) -> Iterator[Fact]:
    """As said of the relapse; else whether a frontline drug was being given on the day of the first relapse, by complete
    lists (on therapy: NCCN ALL 2015, transplant in second remission, sets it against the months after its end). A last
    drug within four weeks of the relapse leaves it open: a pause between doses, or stopped because of the relapse.
    """
    record, name = facts.record, "relapse_on_therapy"
    if record is None:
        return
    for told in course_words(record, facts.as_of):
        if says(told.text, RELAPSE):
            on, off = says(told.text, _ON), says(told.text, _OFF)
            if on != off:
                yield known(name, on, told.seen())
                return
    first = _first(facts)
    if first is None or first.at_latest:
        yield absent(facts, name, *_TYPES, what="a dated first relapse")
        return
    found = exposures(record, facts.as_of)
    before = [e for e in found.leukemia() if e.start is not None and e.start.end < first.when.start]
    if not before or found.nameless or not complete_list(facts, *MEDICATIONS):
        yield unknown(name, Reason.INCOMPLETE, "the medication lists do not cover frontline therapy", (first.seen(),))
        return
    running = [e for e in before if e.end is not None and e.end.start >= first.when.end]
    if running:
        yield known(name, True, first.seen(), running[0].seen("given on the day of the relapse"))
    elif all(e.end is not None and e.end.end < first.when.start for e in before):
        last = max(before, key=lambda e: e.end.end if e.end else first.when.start)
        seen = (first.seen(), last.seen("last drug before the relapse"))
        if last.end is not None and last.end.end >= first.when.start - _BETWEEN_DOSES:
            detail = "the last drug ended within four weeks of the relapse: it may have been stopped for it"
            yield unknown(name, Reason.NOT_DECIDED, detail, seen)
        else:
            yield known(name, False, *seen)
    else:
        yield unknown(name, Reason.UNDATED, "a frontline drug has no last day", (first.seen(),))


@provides("induction_failure")
def stated_induction_failure(facts: Facts) -> Iterator[Fact]:
    """Failure of the induction by that name. That it is denied says nothing of a later induction."""
    for told in course_words(facts.record, facts.as_of) if facts.record else ():
        if says(told.text, _FAILED):
            yield known("induction_failure", True, told.seen())
            return


def _first(facts: Facts) -> Event | None:
    """The first relapse, if no earlier one than the dated ones is known of."""
    assert facts.record is not None
    dated, number = course(facts.record, facts.as_of).relapses, facts.value("relapse_number")
    more = isinstance(number, float) and number > len(dated)
    return dated[0] if dated and not more else None


@provides("prior_induction_response", needs=("relapse_number",))
def prior_induction_response(facts: Facts) -> Iterator[Fact]:
    """What the first induction reached: a remission within four months of diagnosis, stated or by the marrow; less, where
    the disease was called refractory then. Only for a disease that came back or did not respond, whose next induction is
    the question (Frey & Luger, Blood 2015).
    """
    record, name = facts.record, "prior_induction_response"
    if record is None:
        return
    diagnosed, first = diagnosis_date(record, facts.as_of), _first(facts)
    if diagnosed is None or diagnosed.at_latest or first is None:
        yield absent(facts, name, *_TYPES, what="diagnosis and relapse with their dates")
        return
    until = diagnosed.when.end + _INDUCTION
    for event in course(record, facts.as_of).events:
        if event.state == "in-remission" and event.when.end <= min(until, first.when.start):
            yield known(name, "CR", event.seen())
            return
    failed = [s for s in statements(record, facts.as_of) if s.state == "refractory" and s.when and s.when.end <= until]
    if failed:
        yield known(name, "less-than-CR", failed[-1].seen())
    else:
        yield absent(facts, name, *_TYPES, what="the response to the first induction")


@provides("response_to_rr_therapy", needs=("response", "disease_state"))
def response_to_rr_therapy(facts: Facts) -> Iterator[Fact]:
    """What treatment of the last relapse reached: the response, if it is newer than the relapse; no response, if the
    disease was called refractory after it.
    """
    record, name = facts.record, "response_to_rr_therapy"
    if record is None:
        return
    dated = course(record, facts.as_of).relapses
    last = dated[-1] if dated else None
    if last is None:
        yield absent(facts, name, *_TYPES, what="a dated relapse")
        return
    response = facts["response"]
    day = max((p.date for p in response.provenance if p.date), default=None)
    since = day is not None and day[:10] > last.when.end.isoformat()
    resistant = [
        s
        for s in statements(record, facts.as_of)
        if s.state == "refractory" and s.when and s.when.start > last.when.end
    ]
    if since and response.value in ("CR", "CRi") and facts.value("disease_state") == "in-remission":
        yield known(name, str(response.value), last.seen(), *response.provenance)
    elif resistant and facts.value("disease_state") in ("refractory", "relapsed"):
        yield known(name, "no-response", last.seen(), resistant[0].seen())
    else:
        yield absent(facts, name, *_TYPES, what="a response since the last relapse")


PROVIDERS: tuple[Provider, ...] = (
    relapse_on_therapy,
    stated_induction_failure,
    prior_induction_response,
    response_to_rr_therapy,
)
