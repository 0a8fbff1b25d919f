"""The HTTP endpoints of CDS Hooks: discovery and service calls, and what operators ask of a running service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from flask import Blueprint, Response

from service.hooks import caller, calls
from service.hooks.body import read_body
from service.hooks.contract import Decide, Invocation, ServiceDefinition
from service.hooks.discovery import check_services, discovery
from service.hooks.envelope import read_envelope
from service.hooks.errors import HookError, Issue
from service.hooks.fhir_access import FhirClient, Limits
from service.hooks.gather import gather
from service.hooks.limits import BodyLimits
from service.hooks.profiles import Profile, ProfileOf, shape, shape_discovery, unshaped
from service.hooks.servers import AllowedServers
from service.hooks.wire import clean, dump, reply


def _utc_now() -> datetime:
    return datetime.now(UTC)


def cds_services(
    services: Sequence[ServiceDefinition],
    decide: Decide,
    servers: AllowedServers,
    limits: Limits,
    body_limits: BodyLimits | None = None,
    now: Callable[[], datetime] = _utc_now,
    profile_of: ProfileOf = unshaped,
) -> Blueprint:
    """GET /cds-services and POST /cds-services/{id}.

    Args:
        decide: answers a checked call.
        servers: FHIR servers that may be read for what prefetch left out, within ``limits``, for callers that are
            registered with none of their own.
        body_limits: what a body may hold.
        now: the aware time at which a call came.
        profile_of: what the answers for a client look like, by the profile it is registered with.

    Raises:
        ValueError: the definitions contradict themselves.
    """
    by_id = check_services(services)
    reader = lru_cache(maxsize=64)(partial(FhirClient, limits=limits))  # one for each list of servers
    plain = discovery(services)
    documents: dict[str, bytes] = {}
    blueprint = Blueprint("cds_services", __name__)

    @blueprint.get("/cds-services", strict_slashes=False)
    def discover() -> Response:
        profile = profile_of(caller.current().profile)
        if profile.name not in documents:
            documents[profile.name] = dump(shape_discovery(profile, plain))
        return Response(documents[profile.name], mimetype="application/json")

    # A client that was given the discovery address with a slash at its end may call with two.
    @blueprint.post("/cds-services//<service_id>", strict_slashes=False, merge_slashes=False)
    @blueprint.post("/cds-services/<service_id>", strict_slashes=False)
    def call(service_id: str) -> Response:
        received_at = now()
        service = by_id.get(service_id)
        if service is None:
            words = "There is no such service. GET /cds-services lists the services."
            raise HookError(404, Issue("not-found", words))
        record = calls.begin(service.id, service.hook)
        envelope = read_envelope(read_body(body_limits), service)
        record.hook_instance = str(envelope.hook_instance)
        prefetched = gather(service, envelope, reader(caller.current().servers or servers))
        record.prefetched = prefetched.so_far()  # grows as keys are asked for
        invocation = Invocation(
            service=service,
            hook=service.hook,
            hook_instance=record.hook_instance,
            context=envelope.context,
            prefetched=prefetched,
            fhir_server=envelope.fhir_server,
            received_at=received_at,
            client=caller.client(),
            tenant=caller.current().tenant,
        )
        record.remarks = invocation.remarks  # filled while it is decided
        answer = decide(invocation)
        return _answer(answer, record, profile_of(caller.current().profile))

    return blueprint


def operations(
    name: str,
    version: str,
    base_url: str,
    ready: Callable[[], bool],
    surface: Mapping[str, Any] | None = None,
    store: Callable[[], str] | None = None,
) -> Blueprint:
    """GET / (where to go from here), /health (the process lives), /ready (it can answer; else 503), /openapi.json.

    Args:
        store: how it is with what is kept, in a word that /ready tells. It does not change the status: advice needs
            no store, and an instance that is taken out of service for its sake gives none.
        base_url: the public address, without a slash at its end; empty for links relative to the host.
        surface: the OpenAPI document of all that is served.
    """
    blueprint = Blueprint("operations", __name__)
    links = {
        place: f"{base_url}/{place}"
        for place in ("cds-services", "health", "ready", *(["openapi.json"] if surface else []))
    }
    landing = dump({"name": name, "version": version, "links": links})

    @blueprint.get("/")
    def home() -> Response:
        return Response(landing, mimetype="application/json")

    @blueprint.get("/health")
    def health() -> Response:
        return reply({"status": "ok"})

    @blueprint.get("/ready")
    def readiness() -> Response:
        kept = {"store": store()} if store is not None else {}
        return reply({"status": "ready", **kept}) if ready() else reply({"status": "not ready", **kept}, 503)

    if surface:
        described = dump(surface)

        @blueprint.get("/openapi.json")
        def openapi() -> Response:
            return Response(described, mimetype="application/json")

    return blueprint


def _answer(answer: Mapping[str, Any], record: calls.Call, profile: Profile) -> Response:
    cards = answer.get("cards")
    if not isinstance(cards, list | tuple):
        raise TypeError("the engine's answer has no list of cards")
    cleaned, removed = clean(answer)
    record.cards, record.cleaned = len(cleaned["cards"]), len(removed)
    return reply(shape(profile, record.hook, cleaned))
