"""The envelope of a service call, checked with pydantic. FHIR payloads inside it stay plain dicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, StrictStr, ValidationError

from service.hooks.contract import NOTHING, ServiceDefinition
from service.hooks.errors import HookError, Issue, bad_request
from service.hooks.library import HOOKS
from service.hooks.servers import parse_base
from service.hooks.tokens import reference
from service.hooks.unread import ROOT, Split

# FHIR's ids have letters, digits, "-" and "."; real ones a little more. Never markup: the id goes back out in suggestions.
ID_CHARACTERS = "A-Za-z0-9._~:+=@|$,;*!%^#?-"
_ID = re.compile(f"[{ID_CHARACTERS}]{{1,256}}")


class _Part(BaseModel):
    """Unknown members are left where they are: extensions and newer versions must not break a call."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Authorization(_Part):
    """``fhirAuthorization``. Only the token is needed; what else a client leaves out costs nobody an answer."""

    access_token: SecretStr
    token_type: StrictStr = "Bearer"  # noqa: S105 - the scheme, not a token
    patient: Any = None
    scope: Any = None
    expires_in: Any = None


class HookRequest(_Part):
    """A request as sent. ``prefetch`` keeps the difference between a missing key and null; see `Values`."""

    hook: StrictStr
    hook_instance: UUID = Field(alias="hookInstance")
    context: dict[str, Any]
    fhir_server: StrictStr | None = Field(None, alias="fhirServer")
    authorization: Authorization | None = Field(None, alias="fhirAuthorization")
    prefetch: dict[str, Any] | None = None
    _unread: Mapping[str, Any] | None = PrivateAttr(None)

    @property
    def sent(self) -> Mapping[str, Any]:
        """The prefetch values that came, by key."""
        if self._unread is not None:
            return self._unread
        return self.prefetch if self.prefetch is not None else NOTHING

    def of_any_call(self) -> HookRequest:
        """The same without prefetch and access token."""
        return HookRequest.model_construct(
            hook=self.hook, hook_instance=self.hook_instance, context=self.context, fhir_server=self.fhir_server
        )

    @property
    def token(self) -> str | None:
        """The bearer token for the FHIR server."""
        return self.authorization.access_token.get_secret_value() if self.authorization else None

    @property
    def scope(self) -> Any:
        """What the token may read, as sent."""
        return self.authorization.scope if self.authorization else None

    @property
    def expires_in(self) -> float | None:
        """Seconds that the token lives from now; None where it is not said in numbers."""
        stated = self.authorization.expires_in if self.authorization else None
        if isinstance(stated, str) and stated.strip().isascii() and stated.strip().isdecimal():
            stated = int(stated[:12])
        if isinstance(stated, int | float) and not isinstance(stated, bool) and isfinite(stated):
            return float(stated)
        return None


_SHAPES = {
    "hook": "the name of the hook as a string",
    "hookInstance": "a UUID",
    "context": "an object",
    "fhirServer": "a string",
    "fhirAuthorization": "an object",
    "access_token": "a string",
    "token_type": "a string",
    "prefetch": "an object",
}


def read_envelope(body: Split, service: ServiceDefinition) -> HookRequest:
    """Check a body as a call of this service; the context's ``patientId`` comes back as a bare id.

    Raises:
        HookError: 400, with one issue for each thing wrong, pointing at its element.
    """
    try:
        request = HookRequest.model_validate(body.members)
    except ValidationError as error:
        raise HookError(400, *(_issue(found["loc"], found["type"]) for found in error.errors())) from None
    if request.hook != service.hook:
        words = f"This service answers the hook {service.hook}, not the one that was sent."
        raise bad_request("value", words, f"{ROOT}.hook")
    context = _context(request.context, service.hook)
    _check_access(request, context)
    checked = request.model_copy(update={"context": context})
    checked._unread = body.prefetch
    return checked


def may_use(envelope: HookRequest, access: bytes | None) -> bool:
    """Whether a call would be accepted that differs from an accepted one by its ``fhirAuthorization``.

    Args:
        envelope: of the accepted one.
        access: the text of the other's; None if it has none.
    """
    if access is None:
        return True
    try:
        told = Authorization.model_validate(orjson.loads(access))
        _check_access(envelope.model_copy(update={"authorization": told}), envelope.context)
    except (orjson.JSONDecodeError, ValidationError, HookError):
        return False
    return True


def _issue(location: tuple[int | str, ...], kind: str) -> Issue:
    expression = ".".join((ROOT, *map(str, location)))
    shape = _SHAPES.get(str(location[-1]), "of another type")
    if kind == "missing":
        return Issue("required", f"{expression} is missing: it must be {shape}.", expression)
    return Issue("value", f"{expression} must be {shape}.", expression)


def _context(context: Mapping[str, Any], hook_name: str) -> dict[str, Any]:
    hook = HOOKS[hook_name]
    issues = []
    found = dict(context)
    for name, kind in hook.fields.items():
        at = f"{ROOT}.context.{name}"
        if found.get(name) is None:
            found.pop(name, None)
            formerly = hook.formerly.get(name)
            if name in hook.required and not (formerly is not None and context.get(formerly)):
                issues.append(Issue("required", f"{at} is missing: the hook {hook_name} needs {kind.value}.", at))
        elif not kind.fits(found[name]):
            issues.append(Issue("value", f"{at} must be {kind.value}.", at))
    if not issues:
        issues.extend(_normalise_patient(found))
    if issues:
        raise HookError(400, *issues)
    return found


def _normalise_patient(context: dict[str, Any]) -> list[Issue]:
    kind, identifier = reference(context["patientId"])
    usable = _ID.fullmatch(identifier) is not None
    if kind not in (None, "Patient") or not usable or (kind is None and "/" in str(context["patientId"]).strip()):
        at = f"{ROOT}.context.patientId"
        return [Issue("value", f"{at} must be the id of a Patient.", at)]
    context["patientId"] = identifier
    return []


def _check_access(request: HookRequest, context: Mapping[str, Any]) -> None:
    server = f"{ROOT}.fhirServer"
    if request.fhir_server and parse_base(request.fhir_server) is None:
        raise bad_request(
            "value", f"{server} must be the absolute http or https base address of a FHIR server.", server
        )
    if request.authorization is None:
        return
    at = f"{ROOT}.fhirAuthorization"
    if not request.fhir_server:
        raise bad_request("required", f"{server} is missing: it is required beside fhirAuthorization.", server)
    token = request.token or ""
    if not token or not (token.isascii() and token.isprintable()) or " " in token:
        raise bad_request("value", f"{at}.access_token must be a bearer token.", f"{at}.access_token")
    if request.authorization.token_type.casefold() != "bearer":
        raise bad_request("value", f"{at}.token_type must be Bearer.", f"{at}.token_type")
    patient = request.authorization.patient
    if patient and reference(patient)[1] != context["patientId"]:
        words = "The access token is for another patient than the context: nothing was read."
        raise bad_request("value", words, f"{at}.patient")
