"""The SMART app and the demo page, put together from settings: patients read by the same readers as for the hooks."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response

from service.advice.engine import Question
from service.given import GivenPatients, today
from service.hooks.contract import Invocation, KeyState, Prefetched, ServiceDefinition
from service.hooks.envelope import HookRequest
from service.hooks.errors import HookError
from service.hooks.fhir_access import FhirClient
from service.hooks.gather import Lacking, gather
from service.hooks.servers import AllowedServers
from service.inside import Inside
from service.kept import Kept
from service.launches import registrations_of
from service.memory import patient_name
from service.settings import Settings
from service.smart.case import Case, Unread, case_of
from service.smart.demo.pages import demo
from service.smart.demo.pasted import Pasted
from service.smart.launch.flow import Launches
from service.smart.launch.pages import launch
from service.smart.launch.registrations import Registrations
from service.smart.pages import Site, chart
from service.smart.ports import CannotShow, Trouble
from service.smart.render import Renderer
from service.smart.session import Opened, Seal
from service.store.database import StoreUnavailable
from service.store.secret import Pseudonyms
from service.store.story import Story, stories
from service.trial import Trials
from service.web import GuardedWeb
from service.wiring import Clinic

DEADLINE_S = 10.0  # for all reads of a page: who opens it waits for it, unlike who opens a chart
KEPT_S = 120.0  # for which a record that was read is shown again, from page to page
_MOST_KEPT = 32


class CompanionPatients:
    """Reads the patient of a session from the FHIR server, or, in the demo, from what was given.

    What was read is kept in memory for two minutes, so that going from page to page asks the server once. Facts are read
    anew for each page, since they are not made for several threads.
    """

    def __init__(
        self,
        clinic: Clinic,
        client: FhirClient,
        given: GivenPatients,
        chart: ServiceDefinition,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._clinic, self._client, self._given = clinic, client, given
        self._chart, self._clock = chart, clock
        self._kept: OrderedDict[str, tuple[float, Question, datetime, tuple[Unread, ...], str]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, opened: Opened, *, anew: bool = False) -> Case:
        """As `service.smart.ports.Patients.read`."""
        if self._left(opened) == 0:
            raise CannotShow(Trouble.TOKEN_EXPIRED)
        key = sha256(json.dumps(astuple(opened)).encode()).hexdigest()
        found = None if anew else self._again(key)
        if found is None:
            found = self._read(opened)
            with self._lock:
                self._forget()
                self._kept[key] = found
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        _, question, read_at, unread, source = found
        return case_of(self._clinic.engine, question, read_at, unread, source)

    def _left(self, opened: Opened) -> float | None:
        """Seconds that the token still lasts, 0 for none; None if that is not known."""
        return max(0.0, opened.expires - time.time()) if opened.expires else None

    def _again(self, key: str) -> tuple[float, Question, datetime, tuple[Unread, ...], str] | None:
        with self._lock:
            self._forget()
            return self._kept.get(key)

    def _forget(self) -> None:
        """Let go of what is too old, of any session: nobody may come for it again. The lock must be held."""
        now = self._clock()
        for key in [key for key, found in self._kept.items() if now - found[0] > KEPT_S]:
            del self._kept[key]

    def _read(self, opened: Opened) -> tuple[float, Question, datetime, tuple[Unread, ...], str]:
        if opened.given:
            invocation, source = self._given.invocation(opened.given), "demo"
        else:
            invocation, source = self._fetched(opened), opened.base
        question = self._clinic.question(invocation)
        unread = tuple(_unread(invocation))
        return self._clock(), question, datetime.now(UTC).astimezone(), unread, source

    def _fetched(self, opened: Opened) -> Invocation:
        authorization: dict[str, Any] | None = None
        if opened.token:
            authorization = {"access_token": opened.token, "scope": opened.scope, "expires_in": self._left(opened)}
        asked = HookRequest.model_validate(
            {
                "hook": self._chart.hook,
                "hookInstance": str(uuid.uuid4()),
                "context": {"patientId": opened.patient, "userId": "Practitioner/unknown"},
                "fhirServer": opened.base,
                "fhirAuthorization": authorization,
            }
        )
        try:
            found = gather(self._chart, asked, self._client)
        except Lacking as error:
            raise self._why(opened, error) from None
        except HookError as error:
            raise CannotShow(Trouble.UNREADABLE, _words(error)) from None
        return Invocation(
            self._chart,
            self._chart.hook,
            str(asked.hook_instance),
            asked.context,
            found,
            opened.base,
            datetime.now(UTC),
        )

    def _why(self, opened: Opened, error: Lacking) -> CannotShow:
        """Why patient and diagnosis could not be read."""
        lacking = error.keys[0]
        said = f"{lacking.key}: {lacking.detail}" if lacking.detail else lacking.key
        return CannotShow(Trouble.TOKEN_EXPIRED if self._left(opened) == 0 else _trouble(lacking), said)


class KeptTraces:
    """How cards came about, from the store; nothing where there is none.

    A trace is shown only if it names the patient of the session, under the keyed hash of the site's secret: without a
    secret no trace names anybody, and none is shown. The demo sees those of calls that no registered client made.
    """

    def __init__(self, kept: Kept | None, days: int, secret: str, registrations: Registrations):
        self._kept, self._days, self._registrations = kept, days, registrations
        self._names = Pseudonyms(secret) if secret else None

    def of(self, opened: Opened) -> tuple[Story, ...]:
        """As `service.smart.ports.Traces.of`."""
        if self._kept is None or not opened.card:
            return ()
        try:
            found = stories(self._kept.database, opened.card, int(time.time()), self._days)
        except StoreUnavailable:
            return ()
        return tuple(story for story in found if self._is_of(story, opened))

    def _is_of(self, story: Story, opened: Opened) -> bool:
        if opened.given:
            return not story.client
        if self._names is None or story.patient is None:
            return False
        registered = self._registrations.find(opened.base)
        tenants = {"", registered.registration.tenant if registered else ""}
        # A call without fhirServer names its patient by client and id alone.
        return story.patient in {
            patient_name(self._names, story.client, tenant, server, opened.patient)
            for tenant in tenants
            for server in ("", opened.base)
        }


@dataclass(frozen=True, slots=True)
class Pages:
    """``blueprints``: all pages. ``fault``: an error of them as a page, from its status and words."""

    blueprints: tuple[Blueprint, ...]
    fault: Callable[[int, str], Response]


def companion(
    settings: Settings,
    services: Sequence[ServiceDefinition],
    clinic: Clinic,
    kept: Kept | None,
    chart_service: ServiceDefinition,
) -> Pages:
    """The pages of the SMART app and, where it is switched on, of the demo page.

    Args:
        services: what is offered to clients, which the demo page can call.
        chart_service: whose prefetch templates tell what a chart is read from.

    Raises:
        SettingsError: the app cannot be launched as the settings want it.
    """
    renderer = Renderer(urlsplit(settings.public_base_url).path, settings.smart_frames)
    site = Site(renderer, Seal(settings.site_secret), settings.public_base_url.startswith("https:"))
    registrations = registrations_of(settings)
    servers = AllowedServers.of((one.registration.iss for one in registrations), open_loopback=settings.local_only)
    pasted = Pasted()

    def day() -> date:
        return settings.as_of or today()

    client = FhirClient(servers, replace(settings.fhir, deadline=DEADLINE_S))
    patients = CompanionPatients(clinic, client, GivenPatients(pasted, day), chart_service)
    traces = KeptTraces(kept, settings.trace_days, settings.site_secret, registrations)
    types = tuple(dict.fromkeys(kind for kinds in chart_service.resource_types.values() for kind in kinds))
    launches = Launches(registrations, GuardedWeb(settings.fhir), Seal(settings.site_secret, "launch"), types)
    found = [chart(site, patients, traces), launch(site, launches, settings.public_base_url)]
    if settings.shows_demo:
        trials = Trials(settings, services, clinic, Inside(settings, services, clinic, kept), pasted, day)
        found.append(demo(site, trials, local_only=settings.local_only))
    return Pages(tuple(found), site.fault)


def _unread(invocation: Invocation) -> Iterator[Unread]:
    for key, found in invocation.prefetched.items():
        if found.state in (KeyState.FAILED, KeyState.PARTIAL, KeyState.ABSENT) and invocation.service.expected(key):
            yield Unread(tuple(sorted(invocation.service.expected(key))), _why(found))


_NOT_WHOLE = {
    KeyState.ABSENT: "not asked for or not sent",  # "absent" would say that there are none
    KeyState.FAILED: "could not be read",
    KeyState.PARTIAL: "only a part arrived",
}


def _why(found: Prefetched) -> str:
    return found.detail or _NOT_WHOLE.get(found.state, str(found.state))


_TROUBLES = {401: Trouble.TOKEN_EXPIRED, 403: Trouble.REFUSED}
_GONE = (404, 410)


def _trouble(lacking: Prefetched) -> Trouble:
    """Why a key without which there is no chart could not be had, from the status of the FHIR server's answer."""
    if lacking.state is KeyState.ABSENT:
        return Trouble.REFUSED  # not asked for: the token does not cover it, or the server may not be read
    if lacking.status is None:
        return Trouble.SERVER_GONE
    if lacking.status in _GONE and lacking.key == "patient":
        return Trouble.NO_PATIENT
    return _TROUBLES.get(lacking.status, Trouble.SERVER_GONE if lacking.status >= 500 else Trouble.UNREADABLE)


def _words(error: HookError) -> str:
    return "; ".join(issue.diagnostics for issue in error.issues)
