"""One question to a FHIR server and its answer: what each status means, when to ask again, how much to take."""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from ssl import SSLCertVerificationError
from typing import Any

import requests
from urllib3.exceptions import HTTPError, ProtocolError

from service.hooks.connections import CheckedAdapter, Reachable
from service.hooks.lifeline import Lifeline, Unreachable
from service.hooks.prefetch import outcome_words
from service.hooks.watching import UNWATCHED, Watch
from service.hooks.wire import Unreadable, parse

_CHUNK = 65536
_MOST_TRIES = 3
_LONGEST_OUTCOME = 65536
_WORDS: Mapping[int, str] = {
    400: "it did not understand the question",
    401: "it did not accept the access token",
    403: "it does not allow this to be read",
    404: "it has no such resource or search",
    406: "it does not answer in FHIR JSON",
    408: "it gave up waiting",
    410: "it says that this was deleted",
    414: "the question was too long for it",
    429: "it takes no more questions for now",
    503: "it is not available",
    504: "what stands behind it did not answer in time",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What to send. ``form``: the body of a POST search; None for GET."""

    url: str
    form: str | None = None


class Refused(Unreachable):
    """Answered with a status other than 200."""

    def __init__(self, status: int, words: str):
        self.status = status
        super().__init__(words, _kind_of(status))


class _Session(requests.Session):
    """Knows no redirects. The library's own sessions read the whole body of one even where they do not follow it."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        return None


def new_session(reachable: Reachable, kept: int, verify: bool | str) -> requests.Session:
    """Connections for many calls. Holds neither tokens nor cookies, and knows no proxies and no .netrc."""
    # The library logs addresses, which hold ids of patients, and for bad headers does so as a warning.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    session = _Session()
    session.trust_env = False  # the token goes to the allowed server and nowhere else
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = verify
    session.headers.clear()
    for scheme in ("http://", "https://"):
        session.mount(scheme, CheckedAdapter(reachable, kept))
    return session


class Exchange:
    """Asks one server during one call.

    ``silence``: seconds it may be silent, within what the lifeline leaves.
    """

    def __init__(
        self,
        session: requests.Session,
        token: str | None,
        lifeline: Lifeline,
        silence: float,
        watch: Watch = UNWATCHED,
    ):
        self._session, self._lifeline, self._silence, self._watch = session, lifeline, silence, watch
        self._headers = {"Accept": "application/fhir+json, application/json;q=0.9", "Accept-Encoding": "gzip"}
        self._headers["User-Agent"] = "allcue"
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def read(self, ask: Ask, max_bytes: int) -> bytes:
        """The body of the answer, unpacked.

        Asks again where a kept connection turns out to be closed, and where the server says when to (429 and 503
        with Retry-After) and that is within the time left: reading twice changes nothing.

        Raises:
            Refused: another status than 200, which includes redirects.
            Unreachable: no answer, or one that is too large, too late or unreadable.
        """
        began, outcome = time.perf_counter(), "connection"
        try:
            with self._watch.span("FHIR read", server=self._lifeline.origin[1]):
                found = self._read(ask, max_bytes)
            outcome = "ok"
            return found
        except Unreachable as error:
            outcome = error.kind
            raise
        finally:
            self._watch.asked_fhir(outcome, time.perf_counter() - began)

    def _read(self, ask: Ask, max_bytes: int) -> bytes:
        with self._lifeline.exchange():
            for tried in range(1, _MOST_TRIES + 1):
                last = tried == _MOST_TRIES
                try:
                    with self._send(ask) as answer:
                        if answer.status_code == 200:
                            return b"".join(_unpacked(answer, max_bytes, self._lifeline))
                        refusal, wait = _refusal(answer, self._lifeline), _retry_after(answer)
                except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
                    self._lifeline.left()  # cut off because time is up
                    if last or not _dropped(error):
                        raise Unreachable(*_fault(error)) from None
                    continue
                if last or wait is None or wait >= self._lifeline.remaining():
                    raise refusal
                self._lifeline.pause(wait)
        raise AssertionError("the last try returns or raises")

    def _send(self, ask: Ask) -> requests.Response:
        return self._session.request(
            "GET" if ask.form is None else "POST",
            ask.url,
            data=ask.form,
            headers=self._headers
            | dict(self._watch.onward())
            | ({"Content-Type": "application/x-www-form-urlencoded"} if ask.form else {}),
            timeout=min(self._silence, self._lifeline.left()),
            allow_redirects=False,
            stream=True,
        )


def _unpacked(answer: requests.Response, max_bytes: int, lifeline: Lifeline) -> Iterator[bytes]:
    """The body piece by piece; never more than the limit is unpacked at once, whatever it is packed from."""
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise Unreachable("its answer is packed in a way that was not asked for", "unreadable")
    unpack = zlib.decompressobj(31) if coding != "identity" else None
    packed = left = max_bytes
    while piece := answer.raw.read1(_CHUNK, decode_content=False):
        lifeline.left()
        packed -= len(piece)
        if packed < 0:
            raise Unreachable("its answer is too large", "too-large")
        while piece:
            plain = piece
            if unpack is None:
                piece = b""
            else:
                if unpack.eof:  # gzip may hold several parts one after the other
                    unpack = zlib.decompressobj(31)
                try:
                    plain = unpack.decompress(piece, left + 1)
                except zlib.error:
                    raise Unreachable("its answer could not be unpacked", "unreadable") from None
                piece = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            left -= len(plain)
            if left < 0:
                raise Unreachable("its answer is too large", "too-large")
            yield plain
    if unpack is not None and not unpack.eof:
        raise Unreachable("its answer was cut off", "unreadable")


def _refusal(answer: requests.Response, lifeline: Lifeline) -> Refused:
    status = answer.status_code
    words = _WORDS.get(status, "it failed" if status >= 500 else "it answered otherwise than asked")
    if 300 <= status < 400:
        words = "it sent to another address, which is not followed"
    reported = _reported(answer, lifeline)
    return Refused(status, f"{words} (status {status}{reported})")


def _reported(answer: requests.Response, lifeline: Lifeline) -> str:
    """Severities and codes of an OperationOutcome that came with an error."""
    if "json" not in answer.headers.get("Content-Type", "").lower():
        return ""
    try:
        found = outcome_words(parse(b"".join(_unpacked(answer, _LONGEST_OUTCOME, lifeline))))
    except (Unreachable, Unreadable, HTTPError, HTTPException, OSError):
        return ""
    return f", {found}" if found else ""


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds to wait before asking again; None where the server does not say or it would not help."""
    stated = answer.headers.get("Retry-After", "").strip()
    if answer.status_code not in (429, 503) or not stated:
        return None
    if stated.isascii() and stated.isdecimal():
        return float(stated) if len(stated) < 7 else None
    try:
        when = parsedate_to_datetime(stated)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and those wrapped in it, some of which are only among its arguments."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [*found.args, found.__cause__, getattr(found, "reason", None)]


def _dropped(error: BaseException) -> bool:
    """Whether the connection was closed before an answer came, as happens to one that was kept too long."""
    wrapped = any(isinstance(found, ProtocolError) for found in _causes(error))
    return wrapped and any(isinstance(found, ConnectionError) for found in _causes(error))


def _kind_of(status: int) -> str:
    """A status other than 200, as one of a fixed list of words."""
    if status in (401, 403, 404, 429, 503):
        return str(status)
    return "redirect" if 300 <= status < 400 else "4xx" if 400 <= status < 500 else "5xx"


def _fault(error: BaseException) -> tuple[str, str]:
    """What went wrong: in words, and in one word."""
    if isinstance(error, requests.Timeout) or any(isinstance(found, TimeoutError) for found in _causes(error)):
        return "it did not answer in time", "timeout"
    if any(isinstance(found, SSLCertVerificationError) for found in _causes(error)):
        return "its TLS certificate was not accepted", "tls"
    if isinstance(error, requests.exceptions.SSLError):
        return "no TLS connection could be made", "tls"
    return f"the connection failed ({type(error).__name__})", "connection"
