"""HTTP with a server that exports: where may be asked, with a token where one may be sent, and again where that may help."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from ssl import SSLError
from typing import Any, Protocol, TypeVar

import requests
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from service.addresses import Base, parse_place
from service.population.bulk.problems import ExportProblem, Passing, Refused, issues, told

T = TypeVar("T")
TRIES = 6
_CHUNK = 1 << 16
_MOST = 50_000_000  # bytes of an answer that is no output file; a manifest may name thousands
_CONNECT = 15.0  # seconds
_LONGEST_WAIT = 3600.0
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_FAULTS = (requests.RequestException, HTTPError, HTTPException, ConnectionError, TimeoutError, SSLError)


class Tokens(Protocol):
    """Access tokens for a server."""

    def current(self) -> str:
        """A token that is still good for a while."""
        ...

    def renew(self) -> str:
        """Another token, since the server took the current one no more."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer with a status below 300. ``body``: parsed JSON, None where it is none."""

    status: int
    headers: Mapping[str, str]
    body: Any


class _Session(requests.Session):
    """Knows no redirects: a token must not follow one."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        return None


class Wire:
    """Asks one server. ``trusted``: origins that get its tokens. ``pause``: how to wait some seconds."""

    def __init__(
        self,
        trusted: frozenset[tuple[str, str, int]],
        verify: bool | str,
        silence: float,
        pause: Callable[[float], None],
    ):
        # The library logs addresses, which may hold the secret of a signed link.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        self.tokens: Tokens | None = None
        self._trusted, self._verify, self._silence, self._pause = trusted, verify, silence, pause
        self._session = _Session()
        self._session.trust_env = False  # no .netrc: it would put other credentials beside the token
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()

    def close(self) -> None:
        self._session.close()

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], *, form: Mapping[str, str] | None = None,
        token: bool = True, tries: int = TRIES,
    ) -> Reply:  # fmt: skip
        """One question, asked again within limits where the server is busy, fails or cannot be reached.

        Raises:
            Refused: a status that asking again does not change, or that did not change.
            ExportProblem: no answer, or an address that may not be asked.
        """

        def attempt() -> Reply:
            with self.open(method, url, headers, form=form, token=token) as answer:
                return Reply(answer.status_code, answer.headers, _json(answer))

        return self.persist(attempt, tries)

    def persist(self, attempt: Callable[[], T], tries: int = TRIES) -> T:
        """Try until it works; between tries wait as long as the server says, else longer each time."""
        for tried in range(1, tries + 1):
            try:
                return attempt()
            except Passing as error:
                if tried == tries:
                    cause = error.__cause__
                    if isinstance(cause, Refused):
                        raise cause from None
                    raise ExportProblem(f"{error} (tried {tries} times)") from None
                self._pause(2.0 ** (tried - 1) if error.wait is None else max(1.0, error.wait))
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def open(
        self, method: str, url: str, headers: Mapping[str, str], *, form: Mapping[str, str] | None = None,
        token: bool = True,
    ) -> Iterator[requests.Response]:  # fmt: skip
        """An answer with a status below 300, whose body is not yet read.

        Raises:
            Passing: what asking again may change, also while the body is read.
            Refused, ExportProblem: as `ask`.
        """
        place = _place(url)
        tokens = self.tokens if token else None
        if tokens is not None and place.origin not in self._trusted:
            raise ExportProblem(
                f"{shown(url)} wants the access token and is not the origin of the FHIR server. "
                "Where it belongs to the server, name it with --origin"
            )
        try:
            answer = self._send(method, url, headers, form, place, tokens.current() if tokens else None)
            if answer.status_code == 401 and tokens is not None:
                answer.close()
                answer = self._send(method, url, headers, form, place, tokens.renew())
            with answer:
                if answer.status_code >= 300:
                    raise _refusal(answer, url)
                yield answer
        except _FAULTS as error:
            if isinstance(error, requests.exceptions.SSLError):
                raise ExportProblem(f"{shown(url)}: its TLS certificate was not accepted") from None
            raise Passing(f"{shown(url)}: the connection failed ({type(error).__name__})") from None

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None, place: Base,
        token: str | None,
    ) -> requests.Response:  # fmt: skip
        sent = {"Accept-Encoding": "gzip", "User-Agent": "allcue", **headers}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return self._session.request(
            method, url, data=form, headers=sent, timeout=(_CONNECT, self._silence), verify=self._verify,
            allow_redirects=False, stream=True, proxies={} if place.loopback else dict(get_environ_proxies(url)),
        )  # fmt: skip


def unpacked(answer: requests.Response) -> Iterator[bytes]:
    """The body piece by piece.

    Raises:
        Passing: it ends before its end. A cut connection raises errors of the libraries, which `Wire.open` turns.
    """
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise ExportProblem("the answer is packed in a way that was not asked for")
    unpack = zlib.decompressobj(31) if "gzip" in coding else None
    while piece := answer.raw.read(_CHUNK, decode_content=False):
        if unpack is None:
            yield piece
            continue
        while piece:
            if unpack.eof:  # gzip may hold several parts one after the other
                unpack = zlib.decompressobj(31)
            try:
                yield unpack.decompress(piece, 1 << 20)
            except zlib.error:
                raise Passing("the answer could not be unpacked") from None
            piece = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if unpack is not None and not unpack.eof:
        raise Passing("the answer was cut off")


def shown(url: str) -> str:
    """An address without its query, which may be the secret of a signed link."""
    return url.partition("?")[0]


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After, at most an hour; None where nothing that can be read is said."""
    stated = headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdecimal():
        return min(float(stated[:9]), _LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(stated)
    except (ValueError, TypeError):
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT)


def _place(url: str) -> Base:
    place = parse_place(url)
    if place is None:
        raise ExportProblem(f"{shown(url)!r} is no address that can be asked")
    if place.scheme != "https" and not place.loopback:
        raise ExportProblem(f"{shown(url)} has no TLS. Allowed: https; http for this machine alone")
    return place


def _json(answer: requests.Response) -> Any:
    found, left = [], _MOST
    for piece in unpacked(answer):
        left -= len(piece)
        if left < 0:
            raise ExportProblem("the server's answer is too large for what was asked")
        found.append(piece)
    try:
        return json.loads(b"".join(found))
    except (ValueError, RecursionError):
        return None


def _refusal(answer: requests.Response, url: str) -> ExportProblem:
    """A status of 300 and more as an error, `Passing` where the next try may bring another."""
    status = answer.status_code
    if 300 <= status < 400:
        return Refused(status, f"{shown(url)} sends to another address, which is not followed (status {status})")
    body = _json(answer)
    words = told(body)
    codes = tuple(code for _, code, _ in issues(body))
    refused = Refused(status, f"{shown(url)} answered with status {status}{': ' + words if words else ''}", codes)
    if status not in _PASSING and "transient" not in codes:
        return refused
    passing = Passing(str(refused), wait_of(answer.headers))
    passing.__cause__ = refused
    return passing
