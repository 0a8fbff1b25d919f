"""What one call may hold, how long its answer may take, and how often a client may call."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from typing import Any

import pytest

from service.hooks.contract import Invocation
from service.hooks.deadline import uninterrupted, within
from service.hooks.errors import HookError
from service.hooks.limits import BodyLimits, find
from service.hooks.throttle import TokenBuckets
from service.settings import Settings
from tests.hooks.support import PATIENT, Recorder, app_of, body, issue_of, post, searchset

SMALL = BodyLimits(depth=12, nodes=60, resources=6, entries=10, string=50)


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


# What is read of the body of `body()` has 1 resource, the Patient. What is added comes into the context, which is always read.
BEYOND: dict[str, tuple[Any, int, str, str]] = {
    "depth": (nested(12), 422, "structure", "ALLCUE_MAX_DEPTH"),
    "nodes": ([[[], [], [], [], []] for _ in range(10)], 413, "too-costly", "ALLCUE_MAX_NODES"),
    "resources": ([PATIENT] * 6, 413, "too-costly", "ALLCUE_MAX_RESOURCES"),
    "entries": (list(range(11)), 413, "too-costly", "ALLCUE_MAX_ENTRIES"),
    "string": ({"a": "SENT" * 13}, 413, "too-long", "ALLCUE_MAX_STRING"),
    "string in an array": (["SENT" * 13], 413, "too-long", "ALLCUE_MAX_STRING"),
    "name": ({"SENT" * 13: 1}, 413, "too-long", "ALLCUE_MAX_STRING"),
}
WITHIN: dict[str, Any] = {
    "depth": nested(11),
    "resources": [PATIENT],
    "entries": list(range(10)),
    "string": {"a": "x" * 50},
    "base64": {"data": "x" * 500},
}


@pytest.mark.parametrize(("more", "status", "code", "setting"), BEYOND.values(), ids=BEYOND.keys())
def test_a_body_beyond_a_limit_is_refused_by_its_name(more: Any, status: int, code: str, setting: str) -> None:
    engine = Recorder()
    sent = body(context={**body()["context"], "more": more})
    response = post(app_of(engine, Settings(body=SMALL)), sent)
    assert response.status_code == status
    assert issue_of(response)["code"] == code
    assert setting in issue_of(response)["diagnostics"]
    assert "SENT" not in response.text
    assert engine.asked == []
    assert post(app_of(), sent).status_code == 200, "by default it is within"


@pytest.mark.parametrize(("more", "status", "code", "setting"), BEYOND.values(), ids=BEYOND.keys())
def test_a_value_is_held_against_the_limits_when_it_is_asked_for(
    more: Any, status: int, code: str, setting: str
) -> None:
    def reads(invocation: Invocation) -> Any:
        assert invocation.prefetched["conditions"]
        pytest.fail("it was read")

    sent = body(prefetch={**body()["prefetch"], "conditions": {**searchset(), "more": [more, [[], [], []]]}})
    response = post(app_of(reads, Settings(body=SMALL)), sent)
    assert response.status_code == status
    assert issue_of(response)["code"] == code
    assert "SENT" not in response.text
    assert post(app_of(lambda _: {"cards": []}, Settings(body=SMALL)), sent).status_code == 200, "nobody asks for it"


@pytest.mark.parametrize("more", WITHIN.values(), ids=WITHIN.keys())
def test_a_body_at_a_limit_is_answered(more: Any) -> None:
    sent = body(context={**body()["context"], "more": more})
    assert post(app_of(settings=Settings(body=SMALL)), sent).status_code == 200


def test_the_limits_are_read_without_recursion() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": [deep]}
    found = find(deep, 10, BodyLimits())
    assert found is not None
    assert found[0] == 422
    while deep:  # taken apart from outside, since to free it is a recursion too
        deep = deep["a"].pop()


@pytest.mark.parametrize("value", [None, 1, "x", [], {}])
def test_small_values_are_within(value: Any) -> None:
    assert find(value, 10, BodyLimits()) is None


class Endless:
    """An engine that never answers; ``stopped`` is set once it was made to end."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def __call__(self, invocation: Invocation) -> Any:
        try:
            while True:
                try:
                    sum(range(1000))
                except Exception:
                    continue
        finally:
            self.stopped.set()


def test_an_answer_that_takes_too_long_is_stopped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    engine = Endless()
    with caplog.at_level(logging.INFO):
        response = post(app_of(engine, Settings(time_limit=0.05)), body())
    assert response.status_code == 503
    assert issue_of(response)["code"] == "timeout"
    assert int(response.headers["Retry-After"]) > 0
    assert engine.stopped.wait(30), "the work goes on"
    assert "p1" not in caplog.text
    assert '"status":503' in caplog.text


def test_millions_of_empty_arrays_are_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three bytes each, and many seconds of work for the process."""

    def read(_: bytes) -> Any:
        pytest.fail("it was read")

    monkeypatch.setattr("service.hooks.body.parse", read)
    monkeypatch.setattr("service.hooks.unread.parse", read)
    monkeypatch.setattr("service.hooks.unread._split", read)
    data = b'{"a":[' + b"[]," * 700_000 + b"[]]}"
    response = app_of().test_client().post("/cds-services/view", data=data, content_type="application/json")
    assert response.status_code == 413
    assert "ALLCUE_MAX_NODES" in issue_of(response)["diagnostics"]


class Queueing:
    """An engine that uses what calls share while its time runs out: ``shared`` is held by somebody else just then."""

    def __init__(self) -> None:
        self.shared: queue.Queue[str] = queue.Queue()
        self.went_on = threading.Event()
        self.ended = threading.Event()

    def __call__(self, _: Invocation) -> Any:
        try:
            with uninterrupted():
                self.shared.put_nowait("p1")
            self.went_on.set()
        finally:
            self.ended.set()
        return {"cards": []}


def test_an_answer_that_is_stopped_keeps_no_lock() -> None:
    """The lock of a queue is one of Python: an exception may strike between taking it and what gives it back."""
    engine = Queueing()
    with engine.shared.mutex:
        assert post(app_of(engine, Settings(time_limit=0.05)), body()).status_code == 503
    assert engine.ended.wait(30), "the work goes on"
    assert engine.shared.mutex.acquire(timeout=30), "the lock of what is shared was not given back"
    engine.shared.mutex.release()
    assert engine.shared.get_nowait() == "p1", "what must not be interrupted was"
    assert not engine.went_on.is_set(), "it went on after its time"


def test_many_answers_that_are_stopped_leave_what_is_shared_in_order() -> None:
    shared: queue.Queue[int] = queue.Queue()
    started = threading.Barrier(8)

    def work(_: Invocation) -> Any:
        while True:
            with uninterrupted():
                shared.put_nowait(1)
                shared.get_nowait()

    def ask() -> None:
        limited = within(0.05, work)
        started.wait(30)
        for _ in range(5):
            with pytest.raises(HookError):
                limited(invocation_of())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert shared.mutex.acquire(timeout=30)
    shared.mutex.release()
    assert shared.empty()


def invocation_of() -> Invocation:
    recorder = Recorder()
    post(app_of(recorder), body())
    return recorder.asked[0]


def test_what_the_engine_raises_comes_through() -> None:
    def fail(_: Invocation) -> Any:
        raise HookError(412)

    with pytest.raises(HookError) as caught:
        within(60, fail)(None)  # type: ignore[arg-type]
    assert caught.value.status == 412


def test_a_bucket_fills_with_time() -> None:
    clock = [0.0]
    buckets = TokenBuckets(2.0, 3, lambda: clock[0])
    assert [buckets.allow("a") for _ in range(4)] == [True, True, True, False]
    assert buckets.allow("b"), "another client has its own share"
    clock[0] = 0.4
    assert not buckets.allow("a")
    clock[0] = 0.5
    assert buckets.allow("a")
    assert not buckets.allow("a")
    clock[0] = 1000.0
    assert [buckets.allow("a") for _ in range(4)] == [True, True, True, False]
    clock[0] = 0.0  # a clock that went back takes nothing away
    assert not buckets.allow("a")


def test_clients_are_forgotten_in_the_end() -> None:
    buckets = TokenBuckets(1.0, 1)
    for number in range(10_100):
        buckets.allow(str(number))
    assert len(buckets) == 10_000


def test_buckets_count_across_threads() -> None:
    buckets = TokenBuckets(1e-9, 100)
    allowed: list[bool] = []
    threads = [threading.Thread(target=lambda: allowed.extend(buckets.allow("a") for _ in range(50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 100


RATED = Settings(rate_limit=0.001, rate_burst=2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("10.0.0.1:40000", "10.0.0.1:40001"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("a", "b"),
    ],
)
def test_another_address_of_the_same_place_has_no_share_of_its_own(one: str, other: str) -> None:
    app = app_of(settings=Settings(open_mode=True, rate_limit=0.001, rate_burst=1))
    assert post(app, body(), environ_overrides={"REMOTE_ADDR": one}).status_code == 200
    assert post(app, body(), environ_overrides={"REMOTE_ADDR": other}).status_code == 429
    assert post(app, body(), environ_overrides={"REMOTE_ADDR": "2001:db8:0:1::1"}).status_code == 200


def test_a_client_beyond_its_share_is_told_when_to_come_again() -> None:
    app = app_of(settings=RATED)
    assert [post(app, body()).status_code for _ in range(3)] == [200, 200, 429]
    response = post(app, body())
    assert issue_of(response)["code"] == "throttled"
    assert int(response.headers["Retry-After"]) == 1000
    client = app.test_client()
    assert client.get("/health").status_code == 200
    assert client.options("/cds-services/view").status_code == 200
    assert client.get("/cds-services").status_code == 429


def test_without_a_registered_client_the_address_counts() -> None:
    app = app_of(settings=Settings(open_mode=True, rate_limit=0.001, rate_burst=1))
    for address in ("10.0.0.1", "10.0.0.2"):
        environ = {"REMOTE_ADDR": address}
        assert post(app, body(), environ_overrides=environ).status_code == 200
        assert post(app, body(), environ_overrides=environ).status_code == 429


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [200, 429]), (1, [200, 200])])
def test_the_address_that_a_proxy_tells_counts_only_where_one_is_configured(proxies: int, statuses: list[int]) -> None:
    app = app_of(settings=Settings(open_mode=True, rate_limit=0.001, rate_burst=1, proxies=proxies))
    told = [{"X-Forwarded-For": f"192.0.2.1, 10.0.0.{number}"} for number in (1, 2)]
    assert [post(app, body(), headers=headers).status_code for headers in told] == statuses
    forged = {"X-Forwarded-For": "198.51.100.9, 10.0.0.1"}  # what the caller wrote before the proxy's own word
    assert post(app, body(), headers=forged).status_code == 429


def test_a_registered_client_counts_as_one_wherever_it_calls_from() -> None:
    app = app_of(settings=Settings(open_mode=True, rate_limit=0.001, rate_burst=1))

    def known() -> None:
        from flask import g

        g.client = "ehr-a"

    app.before_request_funcs[None].insert(0, known)
    assert post(app, body(), environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code == 200
    assert post(app, body(), environ_overrides={"REMOTE_ADDR": "10.0.0.2"}).status_code == 429


def test_this_machine_alone_has_no_rate_limit_unless_set() -> None:
    assert Settings().rate == 0
    assert Settings(open_mode=True).rate == 50
    assert (Settings(rate_limit=2.5).rate, Settings(rate_limit=2.5).burst) == (2.5, 10)
    assert Settings(open_mode=True, rate_limit=0).rate == 0


def test_a_deep_answer_of_a_normal_body_is_written() -> None:
    """The deepest body that is let in can be echoed in a card's resource."""
    deep = nested(97)
    response = post(app_of(Recorder({"cards": [{"resource": deep}]})), body(extension=deep))
    assert response.status_code == 200
    assert json.loads(response.data)["cards"][0]["resource"] == deep


def test_waiting_requests_do_not_wait_for_a_slow_one() -> None:
    slow = threading.Event()

    def engine(invocation: Invocation) -> Any:
        if invocation.context["patientId"] == "slow":
            slow.wait(30)
        return {"cards": []}

    app = app_of(engine)
    asked = {**body(), "context": {"patientId": "slow"}}
    other = threading.Thread(target=lambda: post(app, asked))
    other.start()
    time.sleep(0.01)
    assert post(app, body()).status_code == 200
    slow.set()
    other.join()


def test_a_searchset_of_many_entries_is_within_by_default() -> None:
    many = searchset(*({"resourceType": "Observation", "id": str(number)} for number in range(9000)))
    assert post(app_of(), body(prefetch={"patient": PATIENT, "observations": many})).status_code == 200
