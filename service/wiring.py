"""Where the protocol meets the clinic: how a call of a service becomes a question to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

from service.advice.engine import Answer, Engine, Question
from service.advice.ordering.assessment import Assessment
from service.ahead import Ahead
from service.content import read_content, read_terminology
from service.facts.disease.diagnosis import has_all
from service.facts.disease.identity import is_deceased
from service.facts.model import Site
from service.facts.orders import stated_orders
from service.facts.orders.shelf import kind_of
from service.facts.registry import REGISTRY
from service.facts.toxicity.hypersensitivity import concerns_asparaginase
from service.facts.vocabulary import VOCABULARY
from service.hooks.contract import Decide, Invocation, KeyState, Prefetched, ServiceDefinition
from service.memory import Memory
from service.occasion import ORDER_HOOKS, Entered, Ordered, entered, ordered
from service.record.build import Raw, build_record
from service.record.model import Coverage, PatientRecord
from service.record.terminology import Terminology
from service.record.whose import ANOTHER, id_of
from service.services import SERVICES
from service.watch.tally import tally_of
from service.watch.watch import Watching

__all__ = ["SERVICES", "Clinic", "build_clinic", "coverage_of", "decide_with"]

_COVERAGE = {
    KeyState.PROVIDED: Coverage.COMPLETE,
    KeyState.EMPTY: Coverage.EMPTY,
    KeyState.ABSENT: Coverage.ABSENT,
    KeyState.FAILED: Coverage.FAILED,
    KeyState.PARTIAL: Coverage.PARTIAL,
}


_WEAKEST_FIRST = (Coverage.ABSENT, Coverage.FAILED, Coverage.PARTIAL, Coverage.EMPTY, Coverage.COMPLETE)


@dataclass(frozen=True, slots=True)
class Worked:
    """What was worked out about the orders of a call. Its facts are read as they are asked for, so that one call at a time
    may use it: ``in_use``.
    """

    record: PatientRecord
    assessment: Assessment
    in_use: Lock = field(default_factory=Lock, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Clinic:
    """The engine with what it needs to read a call."""

    engine: Engine
    terminology: Terminology
    as_of: date | None = None  # a fixed day of judgement, for demonstrations; None: the day of the call
    memory: Memory | None = None  # what outlives a call
    ahead: Ahead[Worked] = field(default_factory=Ahead, repr=False, compare=False)
    watch: Watching | None = field(default=None, repr=False, compare=False)

    def day(self, invocation: Invocation) -> date:
        """The day of judgement."""
        return self.as_of or invocation.received_at.date()

    def record(
        self, invocation: Invocation, keys: Iterable[str], without: frozenset[tuple[str, str]] = frozenset()
    ) -> PatientRecord:
        """The patient's record out of some prefetch keys, with what the call is about to enter.

        Args:
            without: (type, id) of orders that the question is about, so that they are no history.
        """
        prefetched = {key: invocation.prefetched[key] for key in keys}
        rows = _resources(prefetched.values())
        if without:
            rows = (row for row in rows if (kind_of(row[1]), id_of(row[1])) not in without)
        new = entered(invocation)
        with self.watch.span("read record") if self.watch is not None else nullcontext():
            return build_record(
                rows,
                patient_id=str(invocation.context["patientId"]),
                coverage=_with_entered(coverage_of(invocation.service, prefetched), new),
                as_of=self.day(invocation),
                terminology=self.terminology,
                entered=new.resources if new else (),
            )

    def question(self, invocation: Invocation) -> Question:
        """The call as a question to the engine."""
        orders = ordered(invocation)
        record = self.record(invocation, invocation.prefetched, orders.judged if orders else frozenset())
        asked = Question(invocation.hook, invocation.hook_instance, self.day(invocation), record)
        if orders is None:
            return asked
        if invocation.hook in ORDER_HOOKS:
            return _with_orders(asked, orders)
        facts = stated_orders((*orders.orders, *(None for _ in orders.missing)), self.terminology, record)
        return replace(asked, stated={fact.name: fact for fact in facts})

    def concerns(self, invocation: Invocation) -> bool:
        """Whether what is about to be entered may concern the disease or its treatment; always true of other calls.

        What cannot be read may; what belongs to another patient does not.
        """
        new = entered(invocation)
        if new is None:
            return True
        record = build_record(
            _resources([invocation.prefetched["patient"]]),
            patient_id=str(invocation.context["patientId"]),
            coverage={new.kind: Coverage.COMPLETE},
            as_of=self.day(invocation),
            terminology=self.terminology,
            entered=new.resources,
        )
        others = [aside for aside in record.set_aside if aside.type == new.kind and aside.reason == ANOTHER]
        if len(others) == len(new.resources):
            return new.unreadable
        found = has_all(record) if new.kind == "Condition" else concerns_asparaginase(record)
        return found is not False or new.unreadable

    def answer(self, invocation: Invocation) -> Answer:
        """The engine's answer to a call. Most patients have no ALL: for them only the required keys are read."""
        if not self.concerns(invocation) or has_all(self.record(invocation, invocation.service.required)) is False:
            return Answer(())
        if invocation.hook in ORDER_HOOKS:
            return self._about_orders(invocation, ordered(invocation) or Ordered())
        return self.engine.answer(self._asked(self.question(invocation), invocation))

    def _asked(self, question: Question, invocation: Invocation) -> Question:
        """The question with what this patient's clinicians have overridden."""
        if self.memory is None:
            return question
        silenced = self.memory.silenced(invocation, question.as_of, self.engine.content.digest)
        return replace(question, silenced=silenced)

    def _about_orders(self, invocation: Invocation, orders: Ordered) -> Answer:
        """The answer about orders; what an earlier call worked out is used again if it rests on the same input."""
        digest = self._digest(invocation, orders)
        kept = self.ahead.get(digest) if digest is not None else None
        invocation.remarks.update({"input": digest, "run_ahead": kept is not None})
        if kept is not None:
            asked = Question(invocation.hook, invocation.hook_instance, self.day(invocation), kept.record)
            with kept.in_use:
                return self.engine.answer(self._asked(_with_orders(asked, orders), invocation), kept.assessment)
        asked = self._asked(self.question(invocation), invocation)
        answer = self.engine.answer(asked)
        if digest is not None and answer.assessment is not None:
            self.ahead.keep(digest, Worked(asked.record, answer.assessment))
        return answer

    def _digest(self, invocation: Invocation, orders: Ordered) -> str | None:
        """The hash of all that an assessment of orders rests on; ``None`` where the input cannot be hashed.

        Neither which of the drafts were just chosen nor the hook is part of it: they decide only what is said.
        """
        rests_on: list[object] = [
            self.engine.content.digest, self.day(invocation).isoformat(), str(invocation.context["patientId"]),
            sorted(orders.judged), orders.orders,
        ]  # fmt: skip
        for key, found in invocation.prefetched.items():
            rests_on.append([key, str(found.state), found.full_urls, found.resources])
        try:
            return self.ahead.digest(rests_on)
        except TypeError:  # numbers beyond what JSON writers take
            return None

    def decide(self, invocation: Invocation) -> Mapping[str, Any]:
        """The CDS Hooks response to a call. How it came about is remembered, whatever becomes of that."""
        answer = self.answer(invocation)
        repeat = invocation.repeat
        if answer.ids is not None:
            repeat.ids, repeat.again = answer.ids.made, answer.ids.again
        if self.memory is not None:
            self.memory.remember(invocation, self.day(invocation), answer, self.engine)
        if self.watch is not None:
            self._count(self.watch, invocation, answer)
        repeat.allowed = True
        return {"cards": list(answer.cards)}

    @staticmethod
    def _count(watch: Watching, invocation: Invocation, answer: Answer) -> None:
        """Count what was answered, also each time it is given again."""
        tally, hook, tell = tally_of(answer), invocation.hook, invocation.repeat.tell
        watch.answered(hook, tally)

        def told(ids: Mapping[str, str]) -> None:
            tell(ids)
            watch.answered(hook, tally)

        invocation.repeat.tell = told


def build_clinic(
    content: Path | None = None,
    region: str | None = None,
    care_setting: str | None = None,
    as_of: date | None = None,
    site: Path | None = None,
    sources: tuple[str, ...] = (),
    memory: Memory | None = None,
    cache: Path | None = None,
    watch: Watching | None = None,
) -> Clinic:
    """Load content and terminology and build the engine; ``sources`` pins editions in place of the policy's.

    Args:
        site: folder with a site's own content.
        cache: folder where checked content is kept compiled.

    Raises:
        service.rules.editions.UnknownSource: no such source.
        service.content.NoContent: no such content folder.
        service.rules.load.ContentProblems: content that must not be served.
    """
    loaded = read_content(content, site, cache)
    about = Site(region=region or loaded.policy.region, care_setting=care_setting)
    engine = Engine(loaded, VOCABULARY, REGISTRY, has_all, is_deceased, about, sources)
    return Clinic(engine, read_terminology(), as_of, memory, watch=watch)


def _with_orders(asked: Question, orders: Ordered) -> Question:
    return replace(asked, orders=orders.orders, missing_orders=orders.missing, selections=orders.selections)


def decide_with(clinic: Clinic) -> Decide:
    """What the protocol side calls."""
    return clinic.decide


def coverage_of(service: ServiceDefinition, prefetched: Mapping[str, Prefetched]) -> dict[str, Coverage]:
    """Per resource type how much of it came: the weakest state of the keys that ask for it."""
    coverage: dict[str, Coverage] = {}
    for key, found in prefetched.items():
        for kind in service.resource_types.get(key, ()):
            now = _COVERAGE[found.state]
            coverage[kind] = min(now, coverage.get(kind, now), key=_WEAKEST_FIRST.index)
    return coverage


def _with_entered(coverage: dict[str, Coverage], new: Entered | None) -> dict[str, Coverage]:
    """A list is no longer empty, and not complete if something that is about to be entered cannot be read."""
    if new is not None and new.unreadable and coverage.get(new.kind) is not Coverage.FAILED:
        return {**coverage, new.kind: Coverage.PARTIAL}
    if new is not None and new.resources and coverage.get(new.kind) is Coverage.EMPTY:
        return {**coverage, new.kind: Coverage.COMPLETE}
    return coverage


def _resources(prefetched: Iterable[Prefetched]) -> Iterable[Raw]:
    for found in prefetched:
        urls = found.full_urls or (None,) * len(found.resources)
        yield from zip(urls, found.resources, strict=False)
