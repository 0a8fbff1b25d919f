"""What the clinic remembers beyond a call: how each card came about, and what was overridden for this patient.

Neither may cost the advice: what cannot be read silences nothing, and what cannot be written is logged.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Protocol

from service import __version__
from service.advice.basis import Basis
from service.advice.decision import decision
from service.advice.engine import Answer, Engine
from service.hooks.contract import Invocation
from service.hooks.deadline import uninterrupted
from service.hooks.servers import parse_base
from service.store.secret import Pseudonyms
from service.store.traces import CardTrace
from service.watch.ports import Overrides

log = logging.getLogger("allcue.store")
REST_S = 30.0  # without asking, after the database did not answer


class TraceLog(Protocol):
    """Keeps decision traces."""

    def remember(self, traces: Sequence[CardTrace]) -> None:
        """Have the traces of one answer saved. Returns at once and never raises."""
        ...


class Memory:
    """Remembers answers and overrides under keyed hashes.

    Without ``pseudonyms`` no patient can be told from another: then traces name none, and nothing is silenced.
    """

    def __init__(
        self,
        traces: TraceLog,
        suppressions: Overrides | None = None,
        pseudonyms: Pseudonyms | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._traces, self._suppressions, self._pseudonyms, self._clock = traces, suppressions, pseudonyms, clock
        self._rests_until = float("-inf")

    def silenced(self, invocation: Invocation, as_of: date, content: str) -> Callable[[Basis], bool] | None:
        """Whether advice was overridden for this patient while it rested on the same facts; None: nothing was.

        What is held back is remembered too, without the patient.

        Args:
            content: digest of the content that speaks.
        """
        names, known = self._pseudonyms, self._suppressions
        if names is None or known is None:
            return None
        client, patient = invocation.client, _patient(names, invocation)
        invocation.repeat.stands = lambda: not self._overridden(known, client, patient)
        found = self._overridden(known, client, patient)
        if not found:
            return None
        invocation.repeat.barred = True

        def is_silenced(basis: Basis) -> bool:
            silenced = basis.key in found and found[basis.key] == _facts(names, basis)
            if silenced:
                invocation.remarks["silenced"] = invocation.remarks.get("silenced", 0) + 1
                self._hold_back(invocation, as_of, content, basis)
            return silenced

        return is_silenced

    def _overridden(self, known: Overrides, client: str, patient: str) -> Mapping[str, str]:
        """What was overridden for a patient; nothing while the database does not answer."""
        if self._clock() < self._rests_until:
            return {}
        try:
            with uninterrupted():  # connections are shared
                return known.of(client, patient)
        except OSError as error:
            self._rests_until = self._clock() + REST_S
            log.error("overrides cannot be read, so nothing is silenced: %s", error)
            return {}

    def _hold_back(self, invocation: Invocation, as_of: date, content: str, basis: Basis) -> None:
        """Count advice that was not shown. It has no card, so the id is any."""
        trace = _trace(invocation, as_of, content, basis, str(uuid.uuid4()), "")
        self._traces.remember([replace(trace, held_back=True)])

    def remember(self, invocation: Invocation, as_of: date, answer: Answer, engine: Engine) -> None:
        """Have the traces of an answer saved. Never raises."""
        try:
            traces = self._traced(invocation, as_of, answer, engine)
            self._save(traces)
            if traces:
                invocation.repeat.tell = partial(self._again, traces)
        except Exception as error:  # the advice is worth more than its trace; the text of an error may hold values
            invocation.repeat.barred = True  # given again, it would have no trace either; worked out anew it may
            log.error("no trace of an answer: unexpected %s", type(error).__name__)

    def _save(self, traces: Sequence[CardTrace]) -> None:
        with uninterrupted():  # the queue is shared
            self._traces.remember(traces)

    def _again(self, traces: Sequence[CardTrace], ids: Mapping[str, str]) -> None:
        """Have the traces of an answer saved that is given once more, under the new ids of its cards."""
        self._save([replace(trace, card=ids[trace.card]) for trace in traces])

    def _traced(self, invocation: Invocation, as_of: date, answer: Answer, engine: Engine) -> list[CardTrace]:
        facts = answer.facts
        if facts is None:
            return []
        names = self._pseudonyms
        patient = _patient(names, invocation) if names is not None else None
        found = []
        # Cards beyond the advice say that something could not be read.
        for card, advice in zip(answer.cards, answer.advice, strict=False):
            basis = engine.basis(advice, facts)
            trace = _trace(invocation, as_of, engine.content.digest, basis, card["uuid"], card["indicator"])
            found.append(
                replace(
                    trace,
                    patient=patient,
                    basis=_facts(names, basis) if names is not None and basis.quietable else None,
                    decision=json.dumps(decision(basis, engine.vocabulary), separators=(",", ":")),
                )
            )
        return found


def _trace(invocation: Invocation, as_of: date, content: str, basis: Basis, card: str, indicator: str) -> CardTrace:
    return CardTrace(
        client=invocation.client,
        card=card,
        service=invocation.service.id,
        hook=invocation.hook,
        as_of=as_of,
        version=__version__,
        content=content,
        advice=basis.key,
        indicator=indicator,
        rules=basis.rules,
    )


def patient_name(names: Pseudonyms, client: str, tenant: str, fhir_server: str, patient: str) -> str:
    """A patient as a keyed hash. An id says who it is only within one FHIR server, of one tenant, of one client."""
    base = parse_base(fhir_server)
    where = "" if base is None else f"{base.scheme}://{base.host}:{base.port}{base.path}"
    return names.of("patient", client, tenant, where, patient)


def _patient(names: Pseudonyms, invocation: Invocation) -> str:
    patient = str(invocation.context["patientId"])
    return patient_name(names, invocation.client, invocation.tenant or "", invocation.fhir_server or "", patient)


def _facts(names: Pseudonyms, basis: Basis) -> str:
    return names.of("facts", basis.facts)
