"""What is not trusted: one test for each way to be wrong, over HTTP, with the same bare 401 and its reason in the log."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm
from jwt.api_jws import PyJWS
from jwt.utils import base64url_encode

from service.hooks.trust.keys import read_key
from service.hooks.trust.sign import new_key, public_part, sign
from service.hooks.trust.verify import Refused
from tests.hooks.support import Recorder, body, issue_of
from tests.hooks.trust.support import (
    DISCOVERY,
    ISS,
    JWKS,
    NOW,
    Trust,
    bearer,
    claims,
    client_of,
    dumped,
    given_keys,
    key_of,
    trust,
)

OTHER = "https://evil.example.net/jwks"


def raw(header: Any, payload: Any, signature: bytes = b"\x00" * 96) -> str:
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    return "Bearer " + ".".join(base64url_encode(part).decode() for part in (*parts, signature))


def hs256_with_the_public_key() -> str:
    """The classic: an HMAC whose secret is the public key that everybody knows."""
    public = read_key(public_part(key_of())).public
    header = {"alg": "HS256", "typ": "JWT", "kid": "k1"}
    signed = b".".join(base64url_encode(json.dumps(part).encode()) for part in (header, claims()))
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.new(pem, signed, hashlib.sha256).digest()
    return f"Bearer {(signed + b'.' + base64url_encode(mac)).decode()}"


HEADER = {"alg": "ES384", "typ": "JWT", "kid": "k1"}
DEEP = b'{"iss":' + b"[" * 1500 + b"]" * 1500 + b"}"
REFUSED: dict[str, tuple[str | None, str]] = {
    "no token": (None, "no token"),
    "empty": ("", "no token"),
    "another scheme": ("Basic dXNlcjpwYXNz", "not Bearer"),
    "Bearer alone": ("Bearer", "not Bearer"),
    "garbage": ("Bearer \x7f%%%", "not Bearer"),
    "two parts": ("Bearer YQ.YQ", "not Bearer"),
    "three parts of nothing": ("Bearer YQ.YQ.YQ", "cannot be read"),
    "two tokens": (bearer() + ", " + bearer(), "not Bearer"),
    "huge": ("Bearer " + "a" * 9000, "more than 8192 characters"),
    "header that is a list": (raw([1], claims()), "cannot be read"),
    "deep header": (raw(b"[" * 1500, claims()), "cannot be read"),
    "deep claims": (raw(HEADER, DEEP), "cannot be read"),
    "claims that are a list": (raw(HEADER, [1]), "not a JSON object"),
    "claims that are NaN": (raw(HEADER, b'{"iss": NaN}'), "cannot be read"),
    "alg none": (raw({**HEADER, "alg": "none"}, claims()), "alg 'none' is not allowed"),
    "alg none, unsigned": (raw({**HEADER, "alg": "none"}, claims(), b"").rstrip(".") + ".", "not Bearer"),
    "alg None": (raw({**HEADER, "alg": "None"}, claims()), "alg 'None' is not allowed"),
    "alg missing": (raw({"typ": "JWT", "kid": "k1"}, claims()), "alg that is no text but NoneType is not allowed"),
    "alg a list": (raw({**HEADER, "alg": ["ES384"]}, claims()), "alg that is no text but list is not allowed"),
    "HS256 with the public key": (hs256_with_the_public_key(), "alg 'HS256' is not allowed"),
    "another algorithm of elliptic curves": (raw({**HEADER, "alg": "ES256"}, claims()), "alg 'ES256' is not allowed"),
    "signature of zeros": (raw(HEADER, claims()), "the signature is not that of key 'k1'"),
    "signature of another key": (bearer(key=new_key("ES384", "k1")), "the signature is not that of key 'k1'"),
    "unknown kid": (bearer(key=new_key("ES384", "k2")), "key 'k2' is not among the published"),
    "no kid": (bearer(kid=None), "kid is missing"),
    "kid a number": (raw({**HEADER, "kid": 5}, claims()), "cannot be read"),
    "foreign jku": (bearer(jku=OTHER), f"jku '{OTHER}' is not registered"),
    "jku longer than the registered": (bearer(jku=f"{JWKS}/../x"), "is not registered for this issuer"),
    "jku a list": (bearer(jku=[JWKS]), "is not registered for this issuer"),
    "crit": (bearer(crit=["exp"]), "cannot be read"),
    "b64": (raw({**HEADER, "b64": True}, claims()), "demands extensions"),
    "typ of an access token": (bearer(typ="at+jwt"), "typ is not JWT"),
    "wrong iss": (bearer(claims(iss="https://evil.example.net")), "'https://evil.example.net' is not registered (iss)"),
    "iss with a slash more": (bearer(claims(iss=ISS + "/")), "is not registered (iss)"),
    "iss a list": (bearer(claims(iss=[ISS])), "is not registered (iss)"),
    "iss nested deeper than it can be written out": (
        raw(HEADER, b'{"iss":' + b"[" * 1020 + b"]" * 1020 + b"}"),
        "no text but list",
    ),
    "no iss": (bearer(claims(iss=None)), "iss is missing"),
    "aud of another service": (bearer(claims("https://cds.example.org/allcue/cds-services/x")), "aud is"),
    "aud of the address behind the proxy": (bearer(claims("http://localhost/cds-services")), "aud is"),
    "aud of the base only": (bearer(claims("https://cds.example.org/allcue")), "aud is"),
    "aud list without ours": (bearer(claims(["a", "b"])), "aud is 'a, b'"),
    "aud an empty list": (bearer(claims([])), "aud is missing"),
    "aud with a number": (bearer(claims([DISCOVERY, 5])), "aud is missing or neither"),
    "no aud": (bearer(claims(None)), "aud is missing"),
    "expired": (bearer(claims(exp=NOW - 60)), "expired 60 s ago"),
    "exp missing": (bearer(claims(exp=None)), "exp is missing"),
    "exp a text": (bearer(claims(exp=str(NOW + 9))), "exp is missing or not a number"),
    "exp true": (bearer(claims(exp=True)), "exp is missing or not a number"),
    "exp far beyond": (bearer(claims(exp=10**30)), "exp is missing or not a number"),
    "exp before iat": (bearer(claims(iat=NOW, exp=NOW - 1)), "valid for -1 s"),
    "iat missing": (bearer(claims(iat=None)), "iat is missing"),
    "iat in the future": (bearer(claims(iat=NOW + 61, exp=NOW + 300)), "61 s in the future"),
    "not yet valid": (bearer(claims(nbf=NOW + 61)), "not valid for another 61 s"),
    "nbf a text": (bearer(claims(nbf="now")), "nbf is missing or not a number"),
    "good for too long": (bearer(claims(exp=NOW + 3601)), "valid for 3601 s (iat to exp), allowed are at most 3600 s"),
    "no jti": (bearer(claims(jti=None)), "jti is missing"),
    "empty jti": (bearer(claims(jti="")), "jti is missing"),
    "long jti": (bearer(claims(jti="j" * 257)), "jti is missing"),
    "jti a number": (bearer(claims(jti=5)), "jti is missing"),
    "tenant a number": (bearer(claims(tenant=5)), "tenant is not a text"),
}


def ask(found: Trust, authorization: str | None, request_id: str = "r1") -> Any:
    headers = {"X-Request-ID": request_id}
    if authorization is not None:
        headers["Authorization"] = authorization
    return found.app().test_client().get("/cds-services", headers=headers)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_without_a_reason_which_is_in_the_log(case: str, caplog: pytest.LogCaptureFixture) -> None:
    authorization, reason = REFUSED[case]
    with caplog.at_level(logging.INFO, "allcue"):
        response = ask(trust(), authorization)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert issue_of(response) == {
        "severity": "error",
        "code": "login",
        "diagnostics": "This service asks for a valid token.",
    }
    line = json.loads(caplog.records[-1].getMessage())
    assert (line["event"], line["request_id"], line["path"]) == ("refused", "r1", "/cds-services")
    assert reason in line["reason"]
    if authorization:
        secrets = [part for part in authorization.removeprefix("Bearer").split(".") if len(part.strip()) > 8]
        assert not [part for part in secrets if part.strip() in caplog.text]


def test_every_refusal_looks_the_same() -> None:
    answers = {
        (response.status_code, response.data, tuple(sorted(response.headers.items())))
        for response in (ask(trust(), authorization) for authorization, _ in REFUSED.values())
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    "path", ["/cds-services", "/cds-services/view", "/cds-services/view/feedback", "/later", "/cds-services//view"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE"])
def test_everything_is_closed_without_a_token(path: str, method: str) -> None:
    engine = Recorder()
    response = trust().app(engine).test_client().open(path, method=method, json=body() if method == "POST" else None)
    assert response.status_code == 401
    assert not engine.asked


def test_a_call_without_a_token_never_reaches_the_engine() -> None:
    engine = Recorder()
    client = trust().app(engine).test_client()
    assert client.post("/cds-services/view", data=dumped(body()), content_type="application/json").status_code == 401
    assert not engine.asked


def test_a_token_is_good_once() -> None:
    found = trust()
    token = bearer()
    client = found.app().test_client()
    statuses = [client.get("/cds-services", headers={"Authorization": token}).status_code for _ in range(3)]
    assert statuses == [200, 401, 401]


def test_a_refused_token_is_not_used_up() -> None:
    """Or else who sees a jti, or guesses it, could have the client's own call refused."""
    found = trust()
    good = claims()
    with pytest.raises(Refused, match="signature"):
        found.verifier.verify(bearer(good, new_key("ES384", "k1")), "/cds-services")
    with pytest.raises(Refused, match="aud"):
        found.verifier.verify(bearer(good), "/cds-services/view")
    assert found.verifier.verify(bearer(good), "/cds-services").client == "ehr"


def test_the_same_jti_of_another_issuer_is_another_token() -> None:
    other = {**key_of(), "kid": "k9"}
    found = trust(
        client_of(), client_of(name="other", iss="https://other.example.org", jwks_urls=[], **given_keys(other))
    )
    first, second = claims(jti="same"), claims(jti="same", iss="https://other.example.org")
    assert found.verifier.verify(bearer(first), "/cds-services").client == "ehr"
    assert found.verifier.verify(bearer(second, other), "/cds-services").client == "other"


def test_a_key_is_good_for_its_own_issuer_only() -> None:
    other = key_of(kid="k9")
    found = trust(
        client_of(), client_of(name="other", iss="https://other.example.org", jwks_urls=[], **given_keys(other))
    )
    with pytest.raises(Refused, match="key 'k9' is not among"):
        found.verifier.verify(bearer(claims(), other), "/cds-services")


def test_an_address_that_a_token_names_is_not_fetched() -> None:
    found = trust()
    found.keys.publish(key_of(), url=OTHER)
    assert ask(found, bearer(jku=OTHER)).status_code == 401
    assert found.keys.asked == []


def test_an_algorithm_must_be_registered_even_if_the_key_could() -> None:
    rsa = key_of("RS256", "r1")
    without_alg = {name: value for name, value in public_part(rsa).items() if name != "alg"}
    token = bearer(key=rsa)
    with pytest.raises(Refused, match=r"alg 'RS256' is not allowed for key 'r1'; allowed: RS384"):
        trust(client_of(keys=[without_alg])).verifier.verify(token, "/cds-services")
    allowed = client_of(keys=[without_alg], algorithms=["RS256"])
    assert trust(allowed).verifier.verify(token, "/cds-services").client == "ehr"


def test_unregistered_tenants_are_refused() -> None:
    found = trust(client_of(tenants=["a", "b"]))
    for tenant, reason in (("c", "'c' is not registered"), (None, "tenant is missing")):
        with pytest.raises(Refused, match=reason):
            found.verifier.verify(bearer(claims(tenant=tenant)), "/cds-services")
    assert found.verifier.verify(bearer(claims(tenant="b")), "/cds-services").tenant == "b"


def test_nothing_of_a_token_breaks_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    forged = '\n{"event":"call"}\r\x1b[31m\ud800'
    token = raw(json.dumps({**HEADER, "kid": forged}).encode(), claims())
    for one in (token, bearer(claims(iss="a\nb\u2028c"))):
        assert ask(trust(), one).status_code == 401
        text = caplog.records[-1].getMessage()
        assert text.isprintable()
        assert json.loads(text)["event"] == "refused"


_TEXT = st.text(st.characters(max_codepoint=255), max_size=60)
_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | _TEXT, st.lists, max_leaves=4)
_HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "jku", "typ", "crit", "b64", "jwk"]), _JSON)
_CLAIMS = st.dictionaries(st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "tenant"]), _JSON | st.just(ISS))


@settings(max_examples=150, deadline=None)
@given(_TEXT | st.binary(max_size=90).map(lambda b: "Bearer " + base64.urlsafe_b64encode(b).decode()))
def test_no_header_gets_through_or_breaks(value: str) -> None:
    with pytest.raises(Refused):
        trust().verifier.verify(value, "/cds-services")


@settings(max_examples=150, deadline=None)
@given(_HEADERS, _CLAIMS)
def test_no_unsigned_token_gets_through_or_breaks(header: dict[str, Any], payload: dict[str, Any]) -> None:
    token = raw({**HEADER, **header}, {**claims(), **payload})
    with pytest.raises(Refused):
        trust().verifier.verify(token, "/cds-services")


@settings(max_examples=150, deadline=None)
@given(_CLAIMS)
def test_no_odd_claims_of_a_real_client_break(payload: dict[str, Any]) -> None:
    token = PyJWS().encode(json.dumps({**claims(), **payload}).encode(), _signer(), "ES384", {"kid": "k1"})
    try:
        assert trust().verifier.verify(f"Bearer {token}", "/cds-services").client == "ehr"
    except Refused:
        assert payload


def _signer() -> Any:
    return ECAlgorithm.from_jwk(dict(key_of()))


def test_the_helpers_sign_what_passes() -> None:
    """The counterpart of all refusals above: the same token with nothing wrong."""
    assert ask(trust(), bearer()).status_code == 200
    assert ask(trust(), f"Bearer {sign(key_of(), claims())}").status_code == 200
