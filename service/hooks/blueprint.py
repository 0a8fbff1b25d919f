"""The HTTP endpoints of CDS Hooks: discovery and service calls, and what operators ask of a running service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from service.hooks import calls
from service.hooks import limits as bounds
from service.hooks.contract import Decide, Invocation, ServiceDefinition
from service.hooks.discovery import check_services, discovery
from service.hooks.envelope import ROOT, read_envelope
from service.hooks.errors import HookError, Issue, bad_request
from service.hooks.fhir_access import Limits
from service.hooks.gather import gather
from service.hooks.servers import AllowedServers
from service.hooks.wire import Unreadable, clean, dump, parse, reply

# JSON is UTF-8 (RFC 8259); other names come from old clients. None: read as it is.
_CHARSETS = {"utf-8": None, "utf8": None, "us-ascii": None, "utf-16": "utf-16", "iso-8859-1": "latin-1"}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def cds_services(
    services: Sequence[ServiceDefinition],
    decide: Decide,
    servers: AllowedServers,
    limits: Limits,
    body_limits: bounds.BodyLimits | None = None,
    now: Callable[[], datetime] = _utc_now,
) -> Blueprint:
    """GET /cds-services and POST /cds-services/{id}.

    Args:
        decide: answers a checked call.
        servers: FHIR servers that may be read for what prefetch left out, within ``limits``.
        body_limits: what a body may hold.
        now: the aware time at which a call came.

    Raises:
        ValueError: the definitions contradict themselves.
    """
    by_id = check_services(services)
    document = dump(discovery(services))
    most = body_limits or bounds.BodyLimits()
    blueprint = Blueprint("cds_services", __name__)

    @blueprint.get("/cds-services", strict_slashes=False)
    def discover() -> Response:
        return Response(document, mimetype="application/json")

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
        envelope = read_envelope(_body(most), service)
        record.hook_instance = str(envelope.hook_instance)
        prefetched = gather(service, envelope, servers, limits)
        record.prefetched = prefetched.so_far()  # grows as keys are asked for
        invocation = Invocation(
            service=service,
            hook=service.hook,
            hook_instance=record.hook_instance,
            context=envelope.context,
            prefetched=prefetched,
            fhir_server=envelope.fhir_server,
            received_at=received_at,
        )
        record.remarks = invocation.remarks  # filled while it is decided
        answer = decide(invocation)
        return _answer(answer, record)

    return blueprint


def operations(
    name: str, version: str, base_url: str, ready: Callable[[], bool], surface: Mapping[str, Any] | None = None
) -> Blueprint:
    """GET / (where to go from here), /health (the process lives), /ready (it can answer; else 503), /openapi.json.

    Args:
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
        return reply({"status": "ready"}) if ready() else reply({"status": "not ready"}, 503)

    if surface:
        described = dump(surface)

        @blueprint.get("/openapi.json")
        def openapi() -> Response:
            return Response(described, mimetype="application/json")

    return blueprint


def _body(most: bounds.BodyLimits) -> Any:
    """The request body as JSON. Raises HookError 400, 408, 413, 415 or 422; the framework raises 413 by the bytes."""
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HookError(415, Issue("not-supported", "The body must be JSON: Content-Type application/json."))
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HookError(415, Issue("not-supported", "The body must not be compressed."))
    try:
        body = request.get_data(cache=False)
        if _goes_on(body):
            raise RequestEntityTooLarge
    except (ClientDisconnected, OSError):  # the server gives up on a body that comes too slowly
        raise RequestTimeout from None
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in _CHARSETS:
        raise HookError(415, Issue("not-supported", "The body must be in UTF-8."))
    try:
        if codec := _CHARSETS[charset]:
            body = body.decode(codec).encode()
        value = parse(body)
    except Unreadable as error:
        raise bad_request("structure", f"{str(error)[:1].upper()}{str(error)[1:]}.", ROOT) from None
    except UnicodeError:
        raise bad_request("structure", "The body is not in the charset that its Content-Type names.", ROOT) from None
    bounds.check(value, len(body), most)
    return value


def _goes_on(body: bytes) -> bool:
    """Whether a body of unknown length was cut off at the limit, where the framework stops reading without a word."""
    limit = request.max_content_length
    cut = request.content_length is None and limit is not None and len(body) >= limit
    return cut and bool(request.environ["wsgi.input"].read(1))


def _answer(answer: Mapping[str, Any], record: calls.Call) -> Response:
    cards = answer.get("cards")
    if not isinstance(cards, list | tuple):
        raise TypeError("the engine's answer has no list of cards")
    cleaned, removed = clean(answer)
    record.cards, record.cleaned = len(cleaned["cards"]), len(removed)
    return reply(cleaned)
