"""Tokens of clients (CDS Hooks 2.0 "Trusting CDS Clients"). Only made with a key of a registered client."""

from __future__ import annotations

import time
from collections.abc import Callable

from service.conformance.examples import request
from service.conformance.keyserver import published
from service.conformance.model import Problems, Skip, check
from service.conformance.run import Run
from service.conformance.signing import LIFE_S, Signer
from service.conformance.target import UNSIGNED, Answer

_LONG = 2 * 60 * 60  # seconds; beyond any leeway for clocks


@check("a call with a registered client's token is answered")
def jwt_accepted(run: Run) -> Problems:
    yield from _welcome(_call(run, lambda signer, url: signer.token(url)))


@check("a token whose aud is an array that holds the address is accepted", "aud is text or array")
def jwt_audience_list(run: Run) -> Problems:
    yield from _welcome(_call(run, lambda signer, url: signer.token(["https://other.example.org", url])))


@check("discovery takes a token made for it", "tokens on every call")
def jwt_discovery(run: Run) -> Problems:
    signer, url = _signer(run), run.target.discovery_url
    yield from _welcome(run.target.get(url, signer.token(url)))


@check("without a token: 401")
def auth_required(run: Run) -> Problems:
    yield from _refused(_call(run, lambda *_: UNSIGNED))


@check("a token of the algorithm none is refused")
def jwt_none(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.unsigned(url)))


@check("a token signed by HMAC, with the public key as the secret, is refused")
def jwt_symmetric(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.symmetric(url)))


@check("a token signed with another key under the same names is refused")
def jwt_foreign_key(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.stranger().token(url)))


@check("a token of an issuer that is not registered is refused")
def jwt_unknown_issuer(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.token(url, iss="https://unknown.invalid")))


@check("a token that names a jku which is not registered is refused")
def jwt_foreign_jku(run: Run) -> Problems:
    stranger = _signer(run).stranger()
    if not run.target.is_loopback:  # it could not reach a key set on this machine
        false = {"jku": "https://unknown.invalid/jwks.json"}
        run.notes.append("only of a service on this machine it is seen whether it fetches such an address")
        yield from _refused(_call(run, lambda _, url: stranger.token(url, header=false)))
        return
    with published(stranger.key_set()) as bait:
        yield from _refused(_call(run, lambda _, url: stranger.token(url, header={"jku": bait.url})))
        if bait.fetched:
            yield "the service fetched an address that only a token named"


@check("a token with an unknown kid is refused", "key selection")
def jwt_unknown_kid(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.token(url, header={"kid": "no-such-key"})))


@check("a token made for another address is refused", "claim aud")
def jwt_wrong_audience(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, _: signer.token("https://other.example.org/cds-services/x")))


@check("an expired token is refused", "claim exp")
def jwt_expired(run: Run) -> Problems:
    then = int(time.time()) - _LONG
    yield from _refused(_call(run, lambda signer, url: signer.token(url, iat=then, exp=then + LIFE_S)))


@check("a token made in the future is refused", "claim iat")
def jwt_future(run: Run) -> Problems:
    then = int(time.time()) + _LONG
    yield from _refused(_call(run, lambda signer, url: signer.token(url, iat=then, exp=then + LIFE_S)))


@check("a token without exp is refused", "claim exp")
def jwt_no_expiry(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.token(url, exp=None)))


@check("a token without jti is refused", "claim jti")
def jwt_no_id(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.token(url, jti=None)))


@check("a token that was used is refused the second time", "claim jti")
def jwt_replay(run: Run) -> Problems:
    tokens: dict[str, str] = {}
    once = lambda signer, url: tokens.setdefault(url, signer.token(url))  # noqa: E731 - the same token each time
    yield from _welcome(_call(run, once))
    yield from _refused(_call(run, once))


@check("a damaged token and another scheme are refused", "bearer tokens")
def jwt_damaged(run: Run) -> Problems:
    yield from _refused(_call(run, lambda signer, url: signer.token(url)[:-8]))
    yield from _refused(_call(run, lambda *_: "not.a.token"))


@check("the answer 401 does not say what was wrong with the token", "practice")
def auth_quiet(run: Run) -> Problems:
    bodies = {
        _call(run, lambda *_: UNSIGNED).content,
        _call(run, lambda signer, url: signer.stranger().token(url)).content,
        _call(run, lambda signer, url: signer.token(url, iss="https://unknown.invalid")).content,
    }
    if len({len(body) for body in bodies}) > 1:
        yield "different faults of a token get different answers"


def _signer(run: Run) -> Signer:
    if run.target.signer is None:
        raise Skip("no key was given (--key, --issuer, --kid)")
    return run.target.signer


def _call(run: Run, make: Callable[[Signer, str], str]) -> Answer:
    signer = _signer(run)
    service = run.services[0]
    url = run.target.service_url(service["id"])
    return run.call(service, request(service, run.patients[0]), token=make(signer, url))


def _welcome(answer: Answer) -> Problems:
    if answer.status != 200:
        yield f"{answer.words}, not 200"


def _refused(answer: Answer) -> Problems:
    if answer.status != 401:
        yield f"{answer.words}, not 401"
