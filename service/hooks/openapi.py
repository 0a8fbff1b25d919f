"""The HTTP surface as an OpenAPI 3.1 document, made from the services that are offered and the hook library.

FHIR payloads are described as objects: their shape is FHIR's, not ours. What is required here is what a call without is
refused for; members that are not named may come and are left alone (CDS Hooks 2.0, "Extensions").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.hooks.contract import ServiceDefinition
from service.hooks.library import HOOKS, Kind
from service.hooks.named import Named
from service.hooks.openapi_parts import ANSWERS, SCHEMAS, or_null

Json = dict[str, Any]
_KINDS: Mapping[Kind, Json] = {
    Kind.TEXT: {"type": "string", "minLength": 1, "pattern": "\\S"},
    Kind.LIST: {"type": "array"},
    Kind.RESOURCE: {"type": "object"},
}
# What a SMART app is registered with (SMART App Launch 2.2), by the names that registrations have for it
_SMART = {"initiate_login_uri": "/smart/launch", "redirect_uri": "/smart/callback", "jwks_uri": "/smart/jwks.json"}
_REFUSALS = ("400", "408", "412", "413", "415", "422", "429", "500", "503")


def document(
    services: Sequence[ServiceDefinition],
    named: Named,
    base_url: str = "",
    secured: bool = False,
    feedback: bool = False,
    metrics: bool = False,
    pages: bool = False,
) -> Json:
    """The document that GET /openapi.json answers.

    Args:
        named: what the service says it is.
        base_url: the public address; without one, addresses are relative to the host.
        secured: whether discovery, calls and feedback need a JWT.
        feedback: whether feedback is taken.
        metrics: whether there are metrics for who runs the service.
        pages: whether there is a SMART app. Its pages are for browsers and not described; its key set is, and the addresses
            that an EHR registers it with are told under ``x-smart``.
    """
    lock: list[Json] = [{"jwt": []}] if secured else []
    refused = {"401": _ref("responses", "401")} if secured else {"403": _ref("responses", "403")}
    paths: Json = {
        "/": {"get": _read("home", "Where to go from here", "Landing")},
        "/health": {"get": _read("health", "The process lives", "Status")},
        "/ready": {"get": _ready()},
        "/openapi.json": {"get": _read("openapi", "This document", "Anything")},
        "/cds-services": {
            "get": {**_read("discovery", "The services that are offered", "Discovery"), "security": lock}
        },
    }
    if metrics:
        paths["/metrics"] = {"get": _metrics()}
    for path, item in paths.items():
        if path not in ("/health", "/ready"):
            item["get"]["responses"].update({"429": _ref("responses", "429"), **refused})
    if pages:
        paths["/smart/jwks.json"] = {"get": _keys(secured)}
    for service in services:
        paths[f"/cds-services/{service.id}"] = {"post": {**_call(service, refused), "security": lock}}
        if feedback:
            paths[f"/cds-services/{service.id}/feedback"] = {"post": {**_feedback(service, refused), "security": lock}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": named.name,
            "version": named.version,
            "description": "CDS Hooks 2.0, with the additions of the 3.0 ballot",
            **({"x-content": named.told()["content"]} if named.content is not None else {}),
            **({"x-smart": {name: f"{base_url}{path}" for name, path in _SMART.items()}} if pages else {}),
        },
        "servers": [{"url": base_url or "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "responses": {status: _outcome(words) for status, words in ANSWERS.items()},
            "securitySchemes": {"jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def request_schema(service: ServiceDefinition) -> Json:
    """What a call of a service must look like not to be refused with 400."""
    hook = HOOKS[service.hook]
    context: Json = {
        "type": "object",
        "properties": {
            name: _KINDS[kind] if name in hook.required and name not in hook.formerly else or_null(_KINDS[kind])
            for name, kind in hook.fields.items()
        },
        "required": [name for name in hook.required if name not in hook.formerly],
    }
    context["properties"]["patientId"] = {"$ref": "#/components/schemas/PatientId"}
    if hook.formerly:
        context["anyOf"] = [
            {"required": [now], "properties": {now: _KINDS[hook.fields[now]]}} for now in hook.formerly
        ] + [{"required": [old], "properties": {old: _KINDS[Kind.TEXT]}} for old in hook.formerly.values()]
    return {
        "type": "object",
        "required": ["hook", "hookInstance", "context", *(["prefetch"] if service.required else [])],
        "properties": {
            "hook": {"const": service.hook},
            "hookInstance": {"type": "string", "format": "uuid"},
            "context": context,
            "prefetch": {
                "type": "object",
                "properties": {key: {"$ref": "#/components/schemas/PrefetchValue"} for key in service.prefetch},
                "required": sorted(service.required),
            },
            "fhirServer": or_null({"type": "string", "pattern": "^(https?://[a-z]+([.-][a-z]+)*(/[a-zA-Z0-9/-]*)?)?$"}),
            "fhirAuthorization": or_null({"$ref": "#/components/schemas/FhirAuthorization"}),
            "extension": {"description": "An object; whatever it is, it is left alone"},
        },
        "if": {"required": ["fhirAuthorization"], "properties": {"fhirAuthorization": {"type": "object"}}},
        "then": {"required": ["fhirServer"], "properties": {"fhirServer": {"type": "string", "minLength": 1}}},
    }


def _ready() -> Json:
    store = {"name": "store", "in": "query", "description": "optional: a store that is away does not count"}
    return {
        "operationId": "ready",
        "summary": "All that it needs is there",
        "parameters": [{**store, "schema": {"enum": ["required", "optional"]}}],
        "responses": {
            "200": _ok("All that it needs is there", "Readiness"),
            "400": _ref("responses", "400"),
            "503": _ok("Something is not; the members say what", "Readiness"),
        },
    }


def _metrics() -> Json:
    text = {"schema": {"type": "string"}}
    kinds = {"text/plain": text, "application/openmetrics-text": text}
    return {
        "operationId": "metrics",
        "summary": "Metrics for who runs the service, told in private networks only or for a token of their own",
        "responses": {
            "200": {"description": "In the text format of Prometheus", "content": kinds},
            "401": _ref("responses", "401"),
            "403": _ref("responses", "403"),
        },
    }


def _keys(secured: bool) -> Json:
    found = _read("keys", "The public keys of the SMART app, for servers that it logs in to", "Keys")
    refused = {} if secured else {"403": _ref("responses", "403")}
    return {**found, "responses": {**found["responses"], "429": _ref("responses", "429"), **refused}}


def _call(service: ServiceDefinition, refused: Json) -> Json:
    responses = {"200": _ok("The cards", "Answer"), **{status: _ref("responses", status) for status in _REFUSALS}}
    return {
        "operationId": service.id,
        "summary": service.title,
        "description": service.description,
        "requestBody": {"required": True, "content": {"application/json": {"schema": request_schema(service)}}},
        "responses": {**responses, **refused},
    }


def _feedback(service: ServiceDefinition, refused: Json) -> Json:
    responses = {
        "200": _ok("All of it is saved", "Nothing"),
        **{status: _ref("responses", status) for status in _REFUSALS if status != "412"},
    }
    schema = {"$ref": "#/components/schemas/Feedback"}
    return {
        "operationId": f"{service.id}-feedback",
        "summary": f"What became of the cards: {service.title}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {**responses, **refused},
    }


def _read(name: str, words: str, schema: str, *statuses: str) -> Json:
    found = {"200": _ok(words, schema), **{status: _ref("responses", status) for status in statuses}}
    return {"operationId": name, "summary": words, "responses": found}


def _ok(words: str, schema: str) -> Json:
    return {
        "description": words,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _outcome(words: str) -> Json:
    return _ok(words, "OperationOutcome")


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
