"""Patients of the demo: examples, moved so that their day is today, and patients that were pasted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from fhir_examples import request as examples
from service.bundles import Unreadable, invocation_of
from service.hooks.contract import Invocation
from service.smart.demo.pasted import Pasted
from service.smart.ports import CannotShow, Trouble

EXAMPLE, PASTED = "example", "pasted"  # what `Opened.given` begins with


def today() -> date:
    """The day of the machine's own clock, as everywhere in the demo."""
    return date.today()  # noqa: DTZ011 - see above


class GivenPatients:
    """Patients by what a session names them with: ``example:{name}``, ``pasted:{what Pasted.keep said}``."""

    def __init__(self, pasted: Pasted, day: Callable[[], date] = today):
        """``day``: the day of judgement."""
        self.pasted, self._day = pasted, day

    def invocation(self, given: str) -> Invocation:
        """The patient as a call.

        Raises:
            CannotShow: there is none, or no more.
        """
        kind, _, what = given.partition(":")
        raw = None
        if kind == EXAMPLE and what in examples.names():
            raw = example(what, self._day())
        elif kind == PASTED:
            raw = self.pasted.read(what)
        if raw is None:
            raise CannotShow(Trouble.NO_PATIENT, "given")
        try:
            return invocation_of(raw, self._day())
        except Unreadable as problem:
            raise CannotShow(Trouble.NO_PATIENT, str(problem)) from None


def example(name: str, day: date) -> dict[str, Any]:
    """An example's Bundle, moved so that the day of its story is ``day``."""
    found: dict[str, Any] = shifted(_read(f"{name}.json"), name, day)
    return found


def shifted(raw: Any, name: str, day: date) -> Any:
    """Any FHIR of an example's story, moved in the same way."""
    return examples.moved(raw, day - examples.day_of(name))


@lru_cache(maxsize=64)
def _read(name: str) -> Any:
    return json.loads((examples.FOLDER / name).read_text(encoding="utf-8"))
