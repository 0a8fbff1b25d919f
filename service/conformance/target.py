"""The service under test, reached by HTTP and nothing else."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from service.conformance.signing import Signer

_MOST = 20_000_000  # bytes of an answer that are read
UNSIGNED = ""


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` 0: nothing did, and ``error`` says why. ``headers`` in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    seconds: float = 0.0
    error: str = ""

    @property
    def words(self) -> str:
        """What came, for a report."""
        return f"answered {self.status}" if self.status else f"gave no answer ({self.error})"

    @property
    def is_json(self) -> bool:
        """Whether the answer calls itself JSON and is."""
        kind = self.headers.get("content-type", "").split(";")[0].strip().lower()
        return (kind == "application/json" or kind.endswith("+json")) and self.json is not None

    @cached_property
    def json(self) -> Any:
        """The parsed body; None where it is no JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None


def _is_base(base: str) -> bool:
    try:
        parts = urlsplit(base)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port beyond 65535, half an IPv6 address
        return False
    return named and not (parts.query or parts.fragment or parts.username or parts.password)


def _without_user(base: str) -> str:
    """An address as it may be printed: a password in it is not."""
    return re.sub(r"//[^/]*@", "//...@", base)


_REASONS = (
    ("NameResolutionError", "no host of this name"),
    ("Connection refused", "connection refused"),
    ("Network is unreachable", "network unreachable"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted here"),
    ("SSL", "no TLS there"),
    ("timed out", "timed out"),
    ("Connection aborted", "connection closed"),
)


def _why(error: requests.RequestException) -> str:
    """Why nothing came, in words of a reader; what the library says at least."""
    if isinstance(error, requests.Timeout):
        return "timed out"
    text = repr(error)
    return next((words for mark, words in _REASONS if mark in text), type(error).__name__)


class Target:
    """A base address, with what signs calls of it.

    Args:
        base: address under which ``/cds-services`` stands; that ending may be given too.
        timeout: seconds for one answer.

    Raises:
        ValueError: no http(s) address.
    """

    def __init__(self, base: str, signer: Signer | None = None, timeout: float = 30.0):
        if not _is_base(base):
            raise ValueError(f"{_without_user(base)!r} is no address of a service, such as https://cds.example.org")
        self.base = base.rstrip("/").removesuffix("/cds-services").rstrip("/")
        self.signer = signer
        self.timeout = timeout
        self.answers: list[tuple[str, Answer]] = []
        self._session = requests.Session()
        self._session.auth = lambda request: request  # no password of a netrc file in place of the token

    @property
    def is_loopback(self) -> bool:
        """Whether the service is on this machine."""
        host = urlsplit(self.base).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")

    @property
    def discovery_url(self) -> str:
        return f"{self.base}/cds-services"

    def service_url(self, service_id: str) -> str:
        return f"{self.discovery_url}/{quote(service_id, safe='')}"

    def get(self, url: str, token: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET; ``token`` None: one is made if there is a key, UNSIGNED: none is sent."""
        return self.send("GET", url, None, token, headers)

    def post(self, url: str, body: Any, token: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """POST of a JSON value, or of bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return self.send("POST", url, data, token, {"Content-Type": "application/json", **(headers or {})})

    def send(self, method: str, url: str, data: bytes | None, token: str | None = None,
             headers: Mapping[str, str] | None = None, timeout: float | None = None) -> Answer:  # fmt: skip
        """One request; redirects are not followed, and what goes wrong comes back as status 0."""
        # A connection for each request: what one refused request leaves unread must not spoil the next.
        sent = {"Accept": "application/json", "Connection": "close", **(headers or {})}
        if token is None and self.signer is not None:
            token = self.signer.token(url)
        if token:
            sent["Authorization"] = f"Bearer {token}"
        prepared = self._session.prepare_request(requests.Request(method, url, data=data))
        prepared.headers.update(sent)  # after preparing, so that a false Content-Length stays
        started = time.perf_counter()
        try:
            answer = self._read(prepared, timeout or self.timeout, started)
        except requests.RequestException as error:
            answer = Answer(0, seconds=time.perf_counter() - started, error=_why(error))
        self.answers.append((f"{method} {url.removeprefix(self.base)}", answer))
        return answer

    def _read(self, prepared: requests.PreparedRequest, timeout: float, started: float) -> Answer:
        settings = self._session.merge_environment_settings(prepared.url, {}, True, None, None)
        with self._session.send(prepared, timeout=timeout, allow_redirects=False, **settings) as found:
            content = b""
            for chunk in found.iter_content(65536):
                content += chunk
                if len(content) > _MOST:
                    break
            headers = {name.lower(): value for name, value in found.headers.items()}
            return Answer(found.status_code, headers, content, time.perf_counter() - started)
