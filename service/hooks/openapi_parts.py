"""The parts of the OpenAPI document that do not depend on the services: answers and the schemas of CDS Hooks."""

from __future__ import annotations

from typing import Any, Final

from service.hooks.envelope import ID_CHARACTERS
from service.hooks.feedback_body import COMMENT_MOST, ITEMS_MOST, NAME_MOST, SUGGESTIONS_MOST, UNSEEN

_TEXT: Final = {"type": "string", "minLength": 1}


_NAME: Final = {"type": "string", "minLength": 1, "maxLength": NAME_MOST, "pattern": f"^[^{UNSEEN}]+$"}
_CODED: Final = {"type": "string", "maxLength": NAME_MOST, "pattern": f"^[^{UNSEEN}]*$"}


def or_null(schema: Any) -> dict[str, Any]:
    """A schema that null fits too: clients send it for what they leave out."""
    return {"anyOf": [schema, {"type": "null"}]}


def _object(required: str, more: bool = True, **properties: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "required": required.split(), "properties": properties}
    return found if more else {**found, "additionalProperties": False}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


def _schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


ANSWERS: dict[str, str] = {
    "400": "Malformed JSON, a missing or wrong member, the hook of another service",
    "401": "No valid token; the reason stands in the log of the service",
    "403": "The service, or its metrics, are open to its own machine or network only",
    "408": "The body did not arrive in time",
    "412": "Required data cannot be had; the diagnostics name the prefetch key",
    "413": "The body is too large, or has too many resources, entries or objects, or too long a string",
    "415": "Not JSON, or compressed",
    "422": "The body is nested too deep",
    "429": "Too many calls of this client; Retry-After says when to come again",
    "500": "A fault of the service; the diagnostics hold the request id to quote",
    "503": "No answer within the time limit, or feedback that could not be saved",
}

SCHEMAS: dict[str, Any] = {
    "Anything": {"type": "object"},
    "Landing": _object(
        "name version links", name=_TEXT, version=_TEXT, links={"type": "object"},
        content=_object("version digest", version=_TEXT, digest=_TEXT),  # semantic version; digest, as traces carry it
    ),
    "Status": _object("status", status=_TEXT),
    "Readiness": _object(
        "status content store",
        status={"enum": ["ready", "not ready"]},
        content={"enum": ["loaded", "none"]},
        store={"enum": ["none", "reachable", "unreachable"]},
    ),
    "Keys": _object("keys", keys={"type": "array", "items": {"type": "object"}}),  # RFC 7517, section 5
    "PatientId": {
        "type": "string",
        "description": "The id of a Patient, also as Patient/id",
        "pattern": rf"^ *(([^\s]*/)?Patient/[{ID_CHARACTERS}]{{1,256}}/*|[{ID_CHARACTERS}]{{1,256}}) *$",
    },
    "FhirAuthorization": _object(
        "access_token",
        access_token={"type": "string", "pattern": "^[!-~]+$"},
        token_type={"enum": ["Bearer"]},
        # Told by clients and not used: whatever they are, they cost nobody an answer.
        expires_in={},
        scope={},
        subject={},
    ),
    "Nothing": {"type": "object", "additionalProperties": False},
    "Feedback": _object(
        "feedback",
        feedback={
            **_list(
                _object(
                    "card outcome outcomeTimestamp",
                    card=_NAME,
                    outcome={"enum": ["accepted", "overridden"]},
                    outcomeTimestamp={"type": "string", "format": "date-time", "maxLength": 64},
                    acceptedSuggestions=or_null(
                        {"type": "array", "maxItems": SUGGESTIONS_MOST, "items": _object("id", id=_NAME)}
                    ),
                    overrideReason=or_null(
                        _object(
                            "",
                            reason=or_null(_object("", code=_CODED, system=_CODED)),
                            userComment=or_null({"type": "string", "maxLength": COMMENT_MOST}),
                        )
                    ),
                )
            ),
            "maxItems": ITEMS_MOST,
        },
    ),
    "PrefetchValue": {
        "description": "A FHIR resource or a searchset Bundle; null where a search found nothing",
        "type": ["object", "null"],
    },
    "OperationOutcome": _object(
        "resourceType issue",
        more=False,
        resourceType={"const": "OperationOutcome"},
        issue=_list(
            _object(
                "severity code diagnostics",
                more=False,
                severity={"const": "error"},
                code=_TEXT,
                diagnostics=_TEXT,
                expression=_list(_TEXT),
            )
        ),
    ),
    "Discovery": _object(
        "services",
        more=False,
        services={
            "type": "array",
            "items": _object(
                "hook title description id",
                more=False,
                hook=_TEXT,
                title=_TEXT,
                description=_TEXT,
                id=_TEXT,
                version=_TEXT,
                hookVersion=_TEXT,
                prefetch={"type": "object", "minProperties": 1, "additionalProperties": _TEXT},
                usageRequirements=_TEXT,
            ),
        },
    ),
    "Answer": _object("cards", more=False, cards={"type": "array", "items": _schema("Card")}, systemActions=_list(_schema("Action"))),
    "Card": _object(
        "summary indicator source",
        more=False,
        uuid={"type": "string", "format": "uuid"},
        summary={"type": "string", "minLength": 1, "maxLength": 139},
        detail=_TEXT,
        indicator={"enum": ["info", "warning", "critical"]},
        source=_object("label", more=False, label=_TEXT, url={"type": "string", "format": "uri"}, topic=_schema("Coding")),
        suggestions=_list(_schema("Suggestion")),
        selectionBehavior={"enum": ["at-most-one", "any"]},
        overrideReasons=_list(_schema("Coding")),
        links=_list(_object("label url type", label=_TEXT, url={"type": "string", "format": "uri"}, type={"enum": ["absolute", "smart"]})),
        extension={"type": "object", "minProperties": 1},
    ),
    "Coding": _object("code system", more=False, code=_TEXT, system=_TEXT, display=_TEXT),
    "Suggestion": _object(
        "label", more=False, label=_TEXT, uuid={"type": "string", "format": "uuid"}, isRecommended={"type": "boolean"},
        actions=_list(_schema("Action")),
    ),
    "Action": _object(
        "type", more=False, type={"enum": ["create", "update", "delete"]}, description=_TEXT, resource={"type": "object"},
        resourceId=_TEXT, extension={"type": "object"},
    ),
}  # fmt: skip
