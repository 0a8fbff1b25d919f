"""The SMART app and the demo page, put together from settings: patients read by the same readers as for the hooks."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint

from service.advice.engine import Question
from service.given import GivenPatients, today
from service.hooks.contract import Invocation, KeyState, Prefetched, ServiceDefinition
from service.hooks.envelope import HookRequest
from service.hooks.errors import HookError
from service.hooks.fhir_access import FhirClient
from service.hooks.gather import gather
from service.inside import Inside
from service.kept import Kept
from service.services import SERVICES
from service.settings import Settings
from service.smart.case import Case, Unread, case_of
from service.smart.demo.pages import demo
from service.smart.demo.pasted import Pasted
from service.smart.pages import Site, chart
from service.smart.ports import CannotShow, Trouble
from service.smart.render import Renderer
from service.smart.session import Opened, Seal
from service.store.database import StoreUnavailable
from service.store.story import Story, stories
from service.trial import Trials
from service.wiring import Clinic

DEADLINE_S = 10.0  # for all reads of a page: who opens it waits for it, unlike who opens a chart
KEPT_S = 120.0  # for which a record that was read is shown again, from page to page
_MOST_KEPT = 32
_CHART = next(service for service in SERVICES if service.hook == "patient-view")


class CompanionPatients:
    """Reads the patient of a session from the FHIR server, or, in the demo, from what was given.

    What was read is kept in memory for two minutes, so that going from page to page asks the server once. Facts are read
    anew for each page, since they are not made for several threads.
    """

    def __init__(
        self, clinic: Clinic, client: FhirClient, given: GivenPatients, clock: Callable[[], float] = time.monotonic
    ):
        self._clinic, self._client, self._given, self._clock = clinic, client, given, clock
        self._kept: OrderedDict[str, tuple[float, Question, datetime, tuple[Unread, ...], str]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, opened: Opened, *, anew: bool = False) -> Case:
        """As `service.smart.ports.Patients.read`."""
        key = sha256(json.dumps(astuple(opened)).encode()).hexdigest()
        found = None if anew else self._again(key)
        if found is None:
            found = self._read(opened)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        _, question, read_at, unread, source = found
        return case_of(self._clinic.engine, question, read_at, unread, source)

    def _again(self, key: str) -> tuple[float, Question, datetime, tuple[Unread, ...], str] | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None and self._clock() - found[0] > KEPT_S:
                del self._kept[key]
                return None
        return found

    def _read(self, opened: Opened) -> tuple[float, Question, datetime, tuple[Unread, ...], str]:
        if opened.given:
            invocation, source = self._given.invocation(opened.given), "demo"
        else:
            invocation, source = self._fetched(opened), opened.base
        try:
            question = self._clinic.question(invocation)
        except HookError as error:
            raise _no_patient(error) from None
        unread = tuple(_unread(invocation))
        return self._clock(), question, datetime.now(UTC).astimezone(), unread, source

    def _fetched(self, opened: Opened) -> Invocation:
        left = opened.expires - time.time() if opened.expires else None
        if left is not None and left <= 0:
            raise CannotShow(Trouble.TOKEN_EXPIRED)
        authorization: dict[str, Any] | None = None
        if opened.token:
            authorization = {"access_token": opened.token, "scope": opened.scope, "expires_in": left}
        asked = HookRequest.model_validate(
            {
                "hook": _CHART.hook,
                "hookInstance": str(uuid.uuid4()),
                "context": {"patientId": opened.patient, "userId": "Practitioner/unknown"},
                "fhirServer": opened.base,
                "fhirAuthorization": authorization,
            }
        )
        try:
            found = gather(_CHART, asked, self._client)
        except HookError as error:
            raise _no_patient(error) from None
        return Invocation(
            _CHART, _CHART.hook, str(asked.hook_instance), asked.context, found, opened.base, datetime.now(UTC)
        )


class KeptTraces:
    """How cards came about, from the store; nothing where there is none."""

    def __init__(self, kept: Kept | None, days: int):
        self._kept, self._days = kept, days

    def of(self, card: str) -> tuple[Story, ...]:
        """As `service.smart.ports.Traces.of`."""
        if self._kept is None:
            return ()
        try:
            return stories(self._kept.database, card, int(time.time()), self._days)
        except StoreUnavailable:
            return ()


def companion(
    settings: Settings, services: Sequence[ServiceDefinition], clinic: Clinic, kept: Kept | None
) -> tuple[Blueprint, ...]:
    """The blueprints of the SMART app and, where it is switched on, of the demo page."""
    renderer = Renderer(urlsplit(settings.public_base_url).path)
    site = Site(renderer, Seal(settings.site_secret), settings.public_base_url.startswith("https:"))
    client = FhirClient(settings.servers, replace(settings.fhir, deadline=DEADLINE_S))
    pasted = Pasted()

    def day() -> date:
        return settings.as_of or today()

    patients = CompanionPatients(clinic, client, GivenPatients(pasted, day))
    found = [chart(site, patients, KeptTraces(kept, settings.trace_days))]
    if settings.shows_demo:
        trials = Trials(settings, services, clinic, Inside(settings, services, clinic, kept), pasted, day)
        found.append(demo(site, trials, local_only=settings.local_only))
    return tuple(found)


def _unread(invocation: Invocation) -> Iterator[Unread]:
    for key, found in invocation.prefetched.items():
        if found.state in (KeyState.FAILED, KeyState.PARTIAL, KeyState.ABSENT) and invocation.service.expected(key):
            yield Unread(tuple(sorted(invocation.service.expected(key))), _why(found))


def _why(found: Prefetched) -> str:
    return found.detail or str(found.state)


_TROUBLES = (
    ("status 401", Trouble.TOKEN_EXPIRED),
    ("expired", Trouble.TOKEN_EXPIRED),
    ("status 403", Trouble.REFUSED),
    ("status 404", Trouble.NO_PATIENT),
    ("status 410", Trouble.NO_PATIENT),
)


def _no_patient(error: HookError) -> CannotShow:
    """Why patient and diagnosis could not be read."""
    words = "; ".join(issue.diagnostics for issue in error.issues)
    trouble = next((trouble for sign, trouble in _TROUBLES if sign in words), Trouble.SERVER_GONE)
    return CannotShow(trouble, words)
