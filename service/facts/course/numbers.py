"""How many relapses there were: as numbered in words, else counted over the course."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from service.facts.absence import absent, complete_list
from service.facts.course.hct import infusions
from service.facts.course.state_text import many_relapses_in, state_in
from service.facts.course.statements import statements
from service.facts.course.text import relapse_number_in, remission_number_in
from service.facts.course.timeline import course
from service.facts.course.told import Told, course_words, noted_words, undated_words
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.model import Fact, Facts, Interval, Provenance, Provider, known, provides
from service.record.model import PatientRecord

_SAME = timedelta(days=60)
_TYPES = ("Condition", "Observation")
_COUNTED = "counted over the record; no other relapse is on the complete lists since diagnosis"


@provides("relapse_number", needs=("disease_state",))
def relapse_number(facts: Facts) -> Iterator[Fact]:
    """The number that words give ("second relapse"; the second remission follows one relapse), with dated relapses
    after them. What is only counted is exact on complete lists of a disease whose diagnosis is dated, and inferred;
    otherwise it is a lower bound. None on such lists in a remission is none at all.
    """
    record = facts.record
    if record is None:
        return
    words = course_words(record, facts.as_of)
    dated = course(record, facts.as_of).relapses
    numbered = list(_numbered(words))
    counted, sure = _count(facts, record, words)
    seen = (*(told.seen() for _, told in numbered), *(event.seen() for event in dated))
    if numbered:
        highest, where = max(numbered, key=lambda pair: pair[0])
        later = [r for r in dated if where.when is not None and r.when.start > where.when.end + _SAME]
        if counted <= highest and not later:
            yield known("relapse_number", float(highest), *seen)
        else:
            yield known("relapse_number", Interval(low=float(max(counted, highest + len(later)))), *seen)
    elif counted and sure:
        yield known("relapse_number", float(counted), *seen, Provenance("relapse_number", inferred=True, note=_COUNTED))
    elif counted:
        yield known("relapse_number", Interval(low=float(counted)), *seen)
    elif sure and _first_remission_lasts(facts, record):
        yield known("relapse_number", 0.0, Provenance("relapse_number", inferred=True, note=_COUNTED))
    else:
        yield absent(facts, "relapse_number", *_TYPES, what="a relapse")


def _numbered(words: tuple[Told, ...]) -> Iterator[tuple[int, Told]]:
    """Relapses numbered, or told by the number of a remission."""
    for told in words:
        number, remission = relapse_number_in(told.text), remission_number_in(told.text)
        found = max(number if number is not None else -1, remission - 1 if remission is not None else -1)
        if found > 0 or number is not None:
            yield found, told


def _count(facts: Facts, record: PatientRecord, words: tuple[Told, ...]) -> tuple[int, bool]:
    """How many relapses the record shows, and whether there can be no others."""
    found = course(record, facts.as_of)
    many = any(many_relapses_in(told.text) for told in words)
    undated = {s.entry.reference for s in statements(record, facts.as_of) if s.state == "relapsed" and s.when is None}
    vague = [_number_in(text) for text in undated_words(record)]
    vague += [1 for text in undated_words(record) if state_in(text) == "relapsed"]
    noted = max((_number_in(text) for text in noted_words(record, facts.as_of)), default=0)
    dated = max(len(found.relapses), 1 if undated else 0)
    least = max(dated, 2 if many else 0, noted, *vague, 0)
    diagnosed = diagnosis_date(record, facts.as_of)
    followed = complete_list(facts, *_TYPES) and diagnosed is not None and not diagnosed.at_latest
    alone = len(undated) <= 1 and not (undated and len(found.relapses) > 1)
    return least, followed and not many and not found.unsure and alone and not any(vague) and noted <= dated


def _number_in(text: str) -> int:
    """The highest number of a relapse in a text, or one less than that of a remission; 0 where it gives none."""
    return max(relapse_number_in(text) or 0, (remission_number_in(text) or 1) - 1)


def _first_remission_lasts(facts: Facts, record: PatientRecord) -> bool:
    """In remission, and without CAR-T cells, which are given after relapse or for resistance."""
    cells = any(i.kind == "CAR-T" and not i.planned for i in infusions(record, facts.as_of))
    return facts.value("disease_state") == "in-remission" and not cells


PROVIDERS: tuple[Provider, ...] = (relapse_number,)
