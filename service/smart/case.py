"""One patient as the pages show one: the question to the engine, its facts and its answer, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from service.advice.engine import Answer, Engine, Question
from service.facts.model import Fact, Facts
from service.record.model import Coverage, PatientRecord


@dataclass(frozen=True, slots=True)
class Unread:
    """Resource types of which not all came, and why; ``why`` holds no patient values."""

    types: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Case:
    """One patient, read and judged.

    ``read_at``: when the record was read (aware). ``assumed``: facts that somebody supposed for the sake of a what-if;
    they win over the record and are empty for the patient as recorded. ``source``: where the record is from, for people.
    """

    engine: Engine
    question: Question
    facts: Facts
    answer: Answer
    read_at: datetime
    unread: tuple[Unread, ...] = ()
    assumed: Mapping[str, Fact] | None = None
    source: str = ""

    @property
    def record(self) -> PatientRecord:
        return self.question.record

    @property
    def as_of(self) -> date:
        return self.question.as_of

    @property
    def has_advice(self) -> bool:
        """Whether the engine had something to judge: not for patients without ALL, nor for those who died."""
        return self.answer.facts is not None

    def lacking(self, *types: str) -> tuple[str, ...]:
        """Those of some resource types that were not asked for, not sent or not read to the end: where nothing of them is
        shown, there may be something all the same.
        """
        whole = (Coverage.COMPLETE, Coverage.EMPTY)
        return tuple(kind for kind in types if self.record.coverage.get(kind, Coverage.ABSENT) not in whole)

    def assuming(self, *facts: Fact) -> Case:
        """The same patient if these facts were so."""
        stated = {**self.question.stated, **{fact.name: fact for fact in facts}}
        question = replace(self.question, stated=stated)
        assumed = {**(self.assumed or {}), **{fact.name: fact for fact in facts}}
        return replace(_judged(self.engine, question, self), assumed=assumed)


def case_of(
    engine: Engine, question: Question, read_at: datetime, unread: tuple[Unread, ...] = (), source: str = ""
) -> Case:
    """A patient judged as the chart-open service does, whatever is silenced for this patient there."""
    answer = engine.answer(question)
    facts = answer.facts if answer.facts is not None else engine.facts(question)
    return Case(engine, question, facts, answer, read_at, unread, None, source)


def _judged(engine: Engine, question: Question, before: Case) -> Case:
    return case_of(engine, question, before.read_at, before.unread, before.source)
