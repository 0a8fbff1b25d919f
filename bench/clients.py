"""Clients that call and tell feedback all the time, and keep account of what they were told: for the tests of faults."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fhir_examples.request import FOLDER, request_of
from service.hooks.trust.sign import claims_for, sign

CALL = "/cds-services/allcue-patient-view"
FEEDBACK = f"{CALL}/feedback"
PATIENT = "relapsed-ph-positive-t315i"
Json = dict[str, Any]


def call_body(patient: str = PATIENT, **more: Any) -> bytes:
    """A call about an example patient; ``more`` are further members of the request."""
    bundle = json.loads((FOLDER / f"{patient}.json").read_text(encoding="utf-8"))
    return json.dumps({**request_of(bundle, patient), **more}).encode()


def feedback_body(card: str) -> bytes:
    """Feedback to one card."""
    item = {"card": card, "outcome": "accepted", "acceptedSuggestions": [{"id": str(uuid.uuid4())}]}
    return json.dumps({"feedback": [{**item, "outcomeTimestamp": "2026-03-02T10:00:00Z"}]}).encode()


@dataclass(frozen=True)
class Signer:
    """A registered client. ``now``: its clock."""

    key: Json
    iss: str
    base: str
    now: Callable[[], float] = time.time

    def header(self, path: str) -> dict[str, str]:
        """A token for one request."""
        claims = claims_for(self.iss, self.base + path, now=self.now())
        return {"Authorization": f"Bearer {sign(self.key, claims)}"}


@dataclass
class Account:
    """What clients were told. ``acknowledged``: cards whose feedback was answered with 200; ``lost``: requests whose
    connection broke before the answer; ``unreached``: tries to connect while nobody listened; ``longest``: seconds for one answer; ``silent``: 200 without cards."""

    calls: Counter[int] = field(default_factory=Counter)
    feedback: Counter[int] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    lost: int = 0
    unreached: int = 0
    silent: int = 0
    longest: float = 0.0
    unclear: list[str] = field(default_factory=list)  # refusals that do not say why
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def sent(self) -> int:
        return self.calls.total() + self.feedback.total() + self.lost

    @property
    def refused(self) -> dict[str, int]:
        found = Counter({f"call {status}": count for status, count in self.calls.items() if status != 200})
        found.update({f"feedback {status}": count for status, count in self.feedback.items() if status != 200})
        return dict(found)


def ask(port: int, path: str, body: bytes, header: dict[str, str] | None = None) -> tuple[int, Json]:
    """One POST on a connection of its own: status and JSON. Raises OSError or HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        return _ask(connection, path, body, header)
    finally:
        connection.close()


def _ask(connection: http.client.HTTPConnection, path: str, body: bytes, header: Any) -> tuple[int, Json]:
    connection.request("POST", path, body, {"Content-Type": "application/json", **(header or {})})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def _turns(port: int, account: Account, stop: threading.Event, body: bytes, signer: Signer | None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    call_next = True
    while not stop.is_set():
        card = str(uuid.uuid4())
        path, data = (CALL, body) if call_next else (FEEDBACK, feedback_body(card))
        started = time.perf_counter()
        try:
            status, told = _ask(connection, path, data, signer.header(path) if signer else None)
        except ConnectionRefusedError:
            connection.close()
            with account.lock:
                account.unreached += 1
            time.sleep(0.05)
            continue
        except (OSError, http.client.HTTPException):
            connection.close()
            with account.lock:
                account.lost += 1
            time.sleep(0.05)
            continue
        with account.lock:
            account.longest = max(account.longest, time.perf_counter() - started)
            (account.calls if call_next else account.feedback)[status] += 1
            if status != 200 and told.get("resourceType") != "OperationOutcome":
                account.unclear.append(f"{path} {status}")
            if call_next and status == 200 and not told["cards"]:
                account.silent += 1
            if not call_next and status == 200:
                account.acknowledged.add(card)
        call_next = not call_next
    connection.close()


@contextmanager
def clients(port: int, number: int = 8, body: bytes | None = None, signer: Signer | None = None) -> Iterator[Account]:
    """That many clients in turns of call and feedback, until the block ends."""
    account, stop = Account(), threading.Event()
    given = (port, account, stop, body or call_body(), signer)
    threads = [threading.Thread(target=_turns, args=given) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield account
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def until(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so. Raises AssertionError if it does not become so."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
