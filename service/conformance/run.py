"""One examination of a service: the calls that the checks share, and what each check finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from service.conformance.examples import Json, Patient, request
from service.conformance.model import CHECKS, Check, Outcome, Result, Skip
from service.conformance.target import Answer, Target

_SHOWN = 3  # problems of one check that are told; the others are counted
Placed = tuple[str, Json]
"""Where something stands in an answer, and what."""


@dataclass(frozen=True)
class Called:
    """One good call and its answer."""

    service: Json
    patient: Patient
    request: Json
    answer: Answer

    @property
    def place(self) -> str:
        return f"{self.service['id']} ({self.patient.name})"

    @property
    def body(self) -> Json:
        """The answer's object; empty where there is none."""
        found = self.answer.json if self.answer.status == 200 else None
        return found if isinstance(found, dict) else {}

    @property
    def cards(self) -> list[Any]:
        found = self.body.get("cards")
        return found if isinstance(found, list) else []


class Run:
    """What the checks look at. Every call is made once, when a check first asks for it.

    Args:
        patients: with whom the services are called.
        origin: of a browser client.
    """

    def __init__(self, target: Target, patients: Sequence[Patient], origin: str = "https://sandbox.cds-hooks.org"):
        self.target = target
        self.patients = patients
        self.origin = origin
        self.notes: list[str] = []

    @cached_property
    def discovery(self) -> Answer:
        return self.target.get(self.target.discovery_url)

    @property
    def listed(self) -> list[Any]:
        """What stands in the discovery document's list, whatever it is."""
        found = self.discovery.json if self.discovery.status == 200 else None
        services = found.get("services") if isinstance(found, dict) else None
        return services if isinstance(services, list) else []

    @property
    def services(self) -> list[Json]:
        """The services that can be called: with the id and hook that this takes. Raises Skip if there is none."""
        usable = [s for s in self.listed if isinstance(s, dict) and _text(s.get("id")) and _text(s.get("hook"))]
        if not usable:
            raise Skip("no service is listed that could be called")
        return usable

    @cached_property
    def called(self) -> list[Called]:
        """Every service called with every patient."""
        found = []
        for service in self.services:
            for patient in self.patients:
                body = request(service, patient)
                found.append(Called(service, patient, body, self.call(service, body)))
        return found

    @property
    def answered(self) -> Called:
        """A call that brought cards, else one that was answered. Raises Skip if none was."""
        good = [called for called in self.called if called.answer.status == 200]
        if not good:
            raise Skip("no call was answered with 200")
        return next((called for called in good if called.cards), good[0])

    def call(self, service: Json, body: Any, **more: Any) -> Answer:
        return self.target.post(self.target.service_url(service["id"]), body, **more)

    def cards(self) -> list[Placed]:
        """Every card that came. Raises Skip if none did."""
        return self._some("card", self._cards())

    def parts(self, name: str) -> list[Placed]:
        """Every object in a list of the cards, such as ``suggestions``. Raises Skip if none came."""
        return self._some(f"one of {name}", self._parts(name))

    def actions(self) -> list[Placed]:
        """Every action of suggestions and, among systemActions, of the answer. Raises Skip if none came."""
        return self._some("action", self._actions())

    def codings(self) -> list[Placed]:
        """Every topic and override reason. Raises Skip if none came."""
        topics = ((f"{at}.source.topic", card["source"]["topic"]) for at, card in self._cards()
                  if isinstance(card.get("source"), dict) and isinstance(card["source"].get("topic"), dict))  # fmt: skip
        return self._some("coding", (*topics, *self._parts("overrideReasons")))

    def _some(self, what: str, found: Any) -> list[Placed]:
        listed = list(found)
        if not listed:
            raise Skip(f"no {what} came in any answer" if not what.startswith("one of") else f"{what[7:]}: none came")
        return listed

    def _cards(self) -> Iterator[Placed]:
        for called in self.called:
            for i, card in enumerate(called.cards):
                yield f"{called.place} cards[{i}]", card if isinstance(card, dict) else {}

    def _parts(self, name: str) -> Iterator[Placed]:
        for at, card in self._cards():
            yield from _objects(at, card, name)

    def _actions(self) -> Iterator[Placed]:
        for at, suggestion in self._parts("suggestions"):
            yield from _objects(at, suggestion, "actions")
        for called in self.called:
            yield from _objects(called.place, called.body, "systemActions")

    def examine(self, checks: Sequence[Check] | None = None) -> list[Result]:
        """Make the checks, all if not said which."""
        return [self._one(check) for check in (CHECKS.values() if checks is None else checks)]

    def _one(self, check: Check) -> Result:
        self.notes = []
        found: dict[str, None] = {}
        try:
            for problem in check.run(self):
                found[problem] = None
        except Skip as reason:
            if not found:  # what was found before stays found
                return Result(check, Outcome.SKIPPED, (str(reason),))
        problems = list(found)
        if not problems:
            return Result(check, Outcome.PASSED, tuple(self.notes))
        more = len(problems) - _SHOWN
        told = (*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else []))
        return Result(check, Outcome.FAILED, told)


def _objects(at: str, holder: Json, name: str) -> Iterator[Placed]:
    found = holder.get(name)
    for i, item in enumerate(found if isinstance(found, list) else ()):
        yield f"{at}.{name}[{i}]", item if isinstance(item, dict) else {}


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
