"""The HTTP endpoints of CDS Hooks: discovery and service calls, and what operators ask of a running service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from flask import Blueprint, Response, request

from service.hooks import caller, calls
from service.hooks.again import Again, Given, Key
from service.hooks.body import receive
from service.hooks.contract import Decide, Invocation, ServiceDefinition
from service.hooks.cut import Cut, cut, is_plain
from service.hooks.discovery import check_services, discovery
from service.hooks.envelope import may_use, read_envelope
from service.hooks.errors import HookError, Issue, bad_request
from service.hooks.fhir_access import FhirClient, Limits
from service.hooks.gather import gather
from service.hooks.limits import BodyLimits
from service.hooks.named import Named
from service.hooks.profiles import Profile, ProfileOf, shape, shape_discovery, unshaped
from service.hooks.servers import AllowedServers
from service.hooks.unread import split
from service.hooks.watching import UNWATCHED, Watch
from service.hooks.wire import clean, dump, reply

UNREACHABLE = "unreachable"


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
    again: Again | None = None,
    watch: Watch = UNWATCHED,
) -> Blueprint:
    """GET /cds-services and POST /cds-services/{id}.

    Args:
        decide: answers a checked call.
        servers: FHIR servers that may be read for what prefetch left out, within ``limits``, for callers that are
            registered with none of their own.
        body_limits: what a body may hold.
        now: the aware time at which a call came.
        profile_of: what the answers for a client look like, by the profile it is registered with.
        again: answers that may be given again; nothing is kept if not given.

    Raises:
        ValueError: the definitions contradict themselves.
    """
    by_id = check_services(services)
    most = body_limits or BodyLimits()
    again = again or Again(0)
    reader = lru_cache(maxsize=64)(partial(FhirClient, limits=limits, watch=watch))  # one for each list of servers
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
        body = receive()
        parts = cut(body)
        key = _key(service, parts, received_at) if parts is not None else None
        given = again.find(key) if key is not None else None
        if given is not None and parts is not None and may_use(given.envelope, parts.access):
            record.hook_instance, record.prefetched, record.remarks = parts.hook_instance, given.states, given.remarks
            record.cards, record.cleaned = given.cards, given.cleaned
            return Response(given.to(parts.hook_instance), mimetype="application/json")
        envelope = read_envelope(split(body, most), service)
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
        text = _answer(decide(invocation), record, profile_of(caller.current().profile))
        repeat = invocation.repeat
        may = repeat.allowed and not repeat.barred and not prefetched.has_asked
        # What was cut out of it must be what was read, or another piece in its place would make no JSON of a body.
        if may and key is not None and parts is not None and is_plain(body) and may_use(envelope, parts.access):
            again.keep(key, Given.of(text, envelope, repeat, record))
        return Response(text, mimetype="application/json")

    return blueprint


def operations(
    named: Named,
    base_url: str,
    ready: Callable[[], bool],
    surface: Mapping[str, Any] | None = None,
    store: Callable[[], str] | None = None,
) -> Blueprint:
    """GET / (where to go from here), /health (the process lives), /ready (all it needs is there; else 503), /openapi.json.

    Args:
        store: how it is with what is kept, in a word that /ready tells. ``UNREACHABLE`` makes it 503, except for who
            asks with ``?store=optional``: advice needs no store, so that is what to route calls by.
        named: what the service says it is.
        base_url: the public address, without a slash at its end; empty for links relative to the host.
        surface: the OpenAPI document of all that is served.
    """
    blueprint = Blueprint("operations", __name__)
    links = {
        place: f"{base_url}/{place}"
        for place in ("cds-services", "health", "ready", *(["openapi.json"] if surface else []))
    }
    landing = dump({**named.told(), "links": links})

    @blueprint.get("/")
    def home() -> Response:
        return Response(landing, mimetype="application/json")

    @blueprint.get("/health")
    def health() -> Response:
        return reply({"status": "ok"})

    @blueprint.get("/ready")
    def readiness() -> Response:
        asked = request.args.get("store", "required")
        if asked not in ("required", "optional"):
            raise bad_request("value", "The parameter store may be required (as without it) or optional.")
        loaded, word = ready(), store() if store is not None else "none"
        there = loaded and (asked == "optional" or word != UNREACHABLE)
        checks = {"content": "loaded" if loaded else "none", "store": word}
        return reply({"status": "ready" if there else "not ready", **checks}, 200 if there else 503)

    if surface:
        described = dump(surface)

        @blueprint.get("/openapi.json")
        def openapi() -> Response:
            return Response(described, mimetype="application/json")

    return blueprint


def _key(service: ServiceDefinition, parts: Cut, received_at: datetime) -> Key:
    """All that the answer to a call rests on, as long as no FHIR server is asked."""
    who = caller.current()
    environ = (
        request.environ
    )  # the address that is called may stand in a link on a card; the type tells how to read the body
    told = environ.get("HTTP_HOST"), environ.get("CONTENT_TYPE")
    return Key((service.id, who.client, who.issuer, who.tenant, who.profile, received_at.date(), *told), parts.rest)


def _answer(answer: Mapping[str, Any], record: calls.Call, profile: Profile) -> bytes:
    cards = answer.get("cards")
    if not isinstance(cards, list | tuple):
        raise TypeError("the engine's answer has no list of cards")
    cleaned, removed = clean(answer)
    record.cards, record.cleaned = len(cleaned["cards"]), len(removed)
    return dump(shape(profile, record.hook, cleaned))
