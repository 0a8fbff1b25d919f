"""The engine without a call: records, facts, verdicts and advice of patients of a cohort on any day."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from service.advice.engine import Answer, Engine, Question
from service.content import read_content, read_terminology
from service.facts.disease.diagnosis import diagnosis_date, has_all
from service.facts.disease.identity import is_deceased
from service.facts.model import Facts, Site
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.population.known import as_known
from service.population.patients import Patient
from service.record.build import READ, build_record
from service.record.model import Coverage, PatientRecord
from service.rules.compile import Evaluator
from service.rules.editions import Speaking, by_policy, every_rule, of_sources
from service.rules.verdict import Verdict

HOOK = "patient-view"
CALL = "population"  # names no call: cards of a cohort are not shown in an EHR


@dataclass(frozen=True, slots=True)
class Asking:
    """What a cohort is asked with. Plain values, so that it can be sent to other processes.

    ``sources``: ids or aliases of sources that alone are asked; empty: those the policy has in force on the day.
    ``content``: folder of other content; ``site``: of a site's own. ``data_day``: of which day the data are; on a day before
    it only what was known then is seen (`service.population.known`). None: every day sees all that is not dated later.
    """

    sources: tuple[str, ...] = ()
    region: str | None = None
    care_setting: str | None = None
    content: Path | None = None
    site: Path | None = None
    data_day: date | None = None


class Asker:
    """Asks the engine about patients. Building one loads all content, so that a process has one.

    Raises:
        service.rules.editions.UnknownSource: a source that the content does not have.
        service.content.NoContent: no such content folder.
        service.rules.load.ContentProblems: content that must not be used.
    """

    def __init__(self, asking: Asking):
        content = read_content(asking.content, asking.site)
        about = Site(region=asking.region or content.policy.region, care_setting=asking.care_setting)
        self.engine = Engine(content, VOCABULARY, REGISTRY, has_all, is_deceased, about, asking.sources)
        self.terminology = read_terminology()
        self._data_day = asking.data_day
        self._pinned = Speaking(of_sources(content, asking.sources)) if asking.sources else None
        self._evaluator = Evaluator(every_rule(content))
        self._by_policy = lru_cache(maxsize=4096)(lambda day: by_policy(content, day))

    def of_data(self, day: date) -> Asker:
        """The same, asking data of a day; shares the engine."""
        made = copy(self)
        made._data_day = day
        return made

    def record(self, patient: Patient, as_of: date) -> PatientRecord:
        """A patient's record on a day; later results are not seen."""
        if self._data_day is not None and as_of < self._data_day:
            patient = self._as_then(patient, as_of, self._data_day)
        return self._record(patient, as_of)

    def _as_then(self, patient: Patient, day: date, data_day: date) -> Patient:
        diagnosed = diagnosis_date(self._record(patient, data_day), data_day)
        since = diagnosed.when.end if diagnosed is not None else None
        return patient.with_only(as_known(patient.resources, day, since))

    def _record(self, patient: Patient, as_of: date) -> PatientRecord:
        return build_record(
            ((None, resource) for resource in patient.resources),
            patient_id=patient.id,
            coverage=_coverage(patient),
            as_of=as_of,
            terminology=self.terminology,
        )

    def facts(self, record: PatientRecord, as_of: date) -> Facts:
        """The facts of a record, read as they are asked for."""
        return self.engine.facts(Question(HOOK, CALL, as_of, record))

    def speaking(self, facts: Facts, sources: tuple[str, ...] = ()) -> Speaking:
        """The rules that may speak on the day of the facts: of named sources, else as this asks.

        Raises:
            service.rules.editions.UnknownSource: a source that the content does not have.
        """
        if sources:
            return Speaking(of_sources(self.engine.content, sources))
        return self._pinned or self._by_policy(facts.as_of)

    def verdicts(self, facts: Facts, sources: tuple[str, ...] = ()) -> tuple[Verdict, ...]:
        """What each rule says that speaks for this patient on that day."""
        speaking = self.speaking(facts, sources)
        return tuple(self._evaluator.verdicts(speaking.to(facts), facts))

    def answer(self, record: PatientRecord, as_of: date, hook: str = HOOK) -> Answer:
        """The cards and advice of a day, as a chart that is opened would show them."""
        return self.engine.answer(Question(hook, CALL, as_of, record))


def _coverage(patient: Patient) -> Mapping[str, Coverage]:
    """A type that was exported but of which the patient has none is empty. Of one that was not exported, or not as a whole,
    what came is a part and what did not come is unknown.
    """
    there = {str(resource.get("resourceType")) for resource in patient.resources}
    came = patient.types
    return {
        kind: (Coverage.COMPLETE if kind in there else Coverage.EMPTY) if kind in patient.provided
        else Coverage.COMPLETE if kind == "Patient" and kind in there
        else Coverage.PARTIAL if kind in came
        else Coverage.ABSENT
        for kind in READ | {"Patient"}
    }  # fmt: skip
