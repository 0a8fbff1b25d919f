"""The service called from within, for the demo page: the same endpoints with the same checks, without the token of a client.

A call goes through a WSGI application of its own that has the routes, limits and error handling of the real one and lacks only
what asks who calls. So what the page shows is what a client gets, also where the browser could have no token.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from service.advice.engine import Answer
from service.hooks import browser, calls, errors
from service.hooks.blueprint import cds_services
from service.hooks.caller import Caller, identify
from service.hooks.contract import Invocation, ServiceDefinition
from service.hooks.deadline import within
from service.hooks.feedback import feedback
from service.hooks.profiles import ProfileChoice
from service.hooks.servers import AllowedServers
from service.kept import Kept
from service.settings import Settings
from service.smart.demo.ports import Called
from service.wiring import Clinic

CLIENT = "allcue-demo"  # so that reports and overrides of clinics are not mixed with what was tried


@dataclass(slots=True)
class _Asked:
    """One call and, once it is decided, how that came about. The thread that decides has the same one."""

    profile: str
    remember: bool
    answer: Answer | None = None


_asked: ContextVar[_Asked] = ContextVar("allcue-demo-call")


class Inside:
    """Calls the service of some settings."""

    def __init__(self, settings: Settings, services: Sequence[ServiceDefinition], clinic: Clinic, kept: Kept | None):
        def decide(invocation: Invocation) -> Mapping[str, Any]:
            asked = _asked.get()
            answer = asked.answer = clinic.answer(invocation)
            if asked.remember and clinic.memory is not None:
                clinic.memory.remember(invocation, clinic.day(invocation), answer, clinic.engine)
            return {"cards": list(answer.cards)}

        # Nobody is asked who they are: then only what anybody could read anyway is read for them.
        servers = settings.servers if settings.local_only else AllowedServers()

        def tell() -> None:
            identify(Caller(CLIENT, profile=_asked.get().profile))

        app = Flask(__name__, static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = settings.max_body
        errors.install(app)
        calls.install(app)
        browser.install_security(app)
        app.before_request(tell)
        choice = ProfileChoice(settings.profile, settings.link_hosts)
        decide_in_time = within(settings.time_limit, decide)
        app.register_blueprint(
            cds_services(services, decide_in_time, servers, settings.fhir, settings.body, profile_of=choice.named)
        )
        if kept is not None:
            app.register_blueprint(feedback(frozenset(s.id for s in services), kept.feedback, settings.body))
        self._app, self._profile = app, settings.profile

    def post(self, path: str, body: str, profile: str = "", *, remember: bool = True) -> Called:
        """POST a JSON text to a path such as ``/cds-services/allcue-patient-view``."""
        asked = _Asked(profile or self._profile, remember)
        token = _asked.set(asked)
        try:
            builder = EnvironBuilder(path, method="POST", data=body.encode(), content_type="application/json")
            started = time.perf_counter()
            response = Response.from_app(self._app, builder.get_environ(), buffered=True)
            taken = (time.perf_counter() - started) * 1000
        finally:
            _asked.reset(token)
        return Called(
            response.status_code, round(taken, 1), tuple(response.headers.items()), response.get_data(as_text=True),
            asked.answer,
        )  # fmt: skip
