"""The access token: asked for with the code that the browser brought, and what came of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from service.smart.launch.registrations import Registered
from service.smart.launch.server import Configuration
from service.smart.ports import CannotShow, Trouble, Web

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ID = re.compile(r"(?:Patient/)?((?!\.+$)[A-Za-z0-9.-]{1,64})")  # FHIR R4, datatype id; dots alone would lead upwards
_TOKEN = re.compile(r"[\x21-\x7e]{1,16000}")
_SCOPE = re.compile(r"[\x20-\x7e]{0,8000}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY_S = 86_400
# RFC 6749, sections 4.1.2.1 and 5.2; RFC 9126. What a server says beyond these is not repeated.
_ERRORS = frozenset(
    {
        "access_denied", "invalid_client", "invalid_grant", "invalid_request", "invalid_scope", "server_error",
        "temporarily_unavailable", "unauthorized_client", "unsupported_grant_type", "unsupported_response_type",
        "login_required", "interaction_required", "consent_required", "account_selection_required",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Granted:
    """``expires_in``: seconds, 0 if not told. ``scope``: as granted. ``card``: the uuid of a card, if the EHR gave one."""

    token: str = field(repr=False)
    patient: str
    scope: str
    expires_in: int
    card: str


def error_word(value: object) -> str:
    """The code of an error, if it is one of those that there are."""
    return str(value) if isinstance(value, str) and value in _ERRORS else "an unknown error"


def card_of(value: object) -> str:
    """The uuid of a card out of ``appContext``; empty for whatever else stands there."""
    found = value.strip().lower() if isinstance(value, str) else ""
    return found if _UUID.fullmatch(found) else ""


def exchange(
    web: Web, server: Configuration, registered: Registered, code: str, verifier: str, redirect: str, asked: str
) -> Granted:
    """The token for a code.

    Args:
        asked: the scopes that were asked for, which are granted where the answer does not say otherwise.

    Raises:
        CannotShow: there is none, or it cannot be used.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect,
        "code_verifier": verifier,
    }
    headers, more = _authentication(registered, server.token)
    try:
        reply = web.post(server.token, {**form, **more}, headers)
    except OSError as error:
        raise CannotShow(Trouble.LOGIN_FAILED, f"token endpoint: {error}") from None
    if reply.status != 200:
        said = reply.body.get("error") if isinstance(reply.body, Mapping) else None
        words = f" ({error_word(said)})" if said else ""
        raise CannotShow(Trouble.LOGIN_FAILED, f"token endpoint: status {reply.status}{words}")
    if not isinstance(reply.body, Mapping):
        raise CannotShow(Trouble.LOGIN_FAILED, "token endpoint: the answer is not a JSON object")
    return granted(reply.body, asked)


def granted(answer: Mapping[str, Any], asked: str) -> Granted:
    """What a token answer grants.

    Raises:
        CannotShow: no Bearer token, none that can be used, or none for a patient.
    """
    token, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise CannotShow(Trouble.LOGIN_FAILED, "token endpoint: access_token is missing, or no token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise CannotShow(Trouble.LOGIN_FAILED, "token endpoint: token_type is not Bearer")
    scope = answer.get("scope", asked)
    if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
        raise CannotShow(Trouble.LOGIN_FAILED, "token endpoint: scope is no list of scopes")
    patient = answer.get("patient")
    found = _ID.fullmatch(patient) if isinstance(patient, str) else None
    if found is None:
        said = "no patient" if patient is None else "a patient that is no FHIR id"
        raise CannotShow(Trouble.NO_CONTEXT, f"token endpoint: {said}")
    return Granted(token, found[1], scope, _seconds(answer.get("expires_in")), card_of(answer.get("appContext")))


def _seconds(value: object) -> int:
    """``expires_in``: some servers write it as text. A lifetime that is none ends the login."""
    if value is None:
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 1:
        raise CannotShow(Trouble.LOGIN_FAILED, "token endpoint: expires_in is no number of seconds")
    return int(min(value, 365 * _DAY_S))


def _authentication(registered: Registered, audience: str) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and members of the form that show who asks."""
    about = registered.registration
    if about.authentication == "client_secret_basic":
        pair = f"{quote_plus(about.client_id)}:{quote_plus(registered.secret)}"  # RFC 6749, 2.3.1
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"}, {}
    if registered.key is not None:
        assertion = registered.key.assertion(about.client_id, audience)
        return {}, {"client_assertion_type": _ASSERTION, "client_assertion": assertion}
    return {}, {"client_id": about.client_id}
