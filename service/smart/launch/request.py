"""What is asked of an authorization server: PKCE (RFC 7636), scopes, and the address the browser is sent to."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlencode

from service.smart.launch.registrations import Registration
from service.smart.launch.server import Configuration


def new_secret() -> str:
    """Text that nobody can guess (256 bits), for ``state`` and for the code verifier."""
    return secrets.token_urlsafe(32)


def challenge(verifier: str) -> str:
    """The S256 challenge of a code verifier.

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")  # RFC 7636, appendix B
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return base64.urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def scopes(registration: Registration, server: Configuration, types: Iterable[str], *, standalone: bool) -> str:
    """What to ask for: the patient, and to read and search the types that a chart is drawn from; nothing else.

    Neither who the user is (``openid``) nor access beyond the session (``offline_access``) is asked for.
    """
    context = "launch/patient" if standalone else "launch"
    acts = "read" if server.first_version else "rs"
    usual = registration.scopes or tuple(f"patient/{kind}.{acts}" for kind in types)
    return " ".join(dict.fromkeys((context, *usual, *registration.extra_scopes)))


def authorize_url(
    server: Configuration, client: str, redirect: str, scope: str, state: str, verifier: str, aud: str, launch: str
) -> str:
    """Where the browser goes. ``aud``: the FHIR server; ``launch``: as the EHR gave it, empty for a standalone launch."""
    query = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": redirect,
        "scope": scope,
        "state": state,
        "aud": aud,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        **({"launch": launch} if launch else {}),
    }
    return f"{server.authorize}{'&' if '?' in server.authorize else '?'}{urlencode(query)}"
