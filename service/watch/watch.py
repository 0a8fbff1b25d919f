"""What happens, told by requests for next to nothing, and counted behind them.

A request appends a small tuple to a queue. A thread of each process, begun after the fork, counts once a second what
stands there; so does whoever asks for the metrics. Answers bring a tally that was made when they were worked out.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from service.hooks.deadline import uninterrupted
from service.watch import catalogue as of
from service.watch.catalogue import Metric
from service.watch.tally import Tally
from service.watch.usage import usage

if TYPE_CHECKING:
    from service.watch.meters import Meters, Told
    from service.watch.tracing import Tracing

log = logging.getLogger("allcue.watch")
EVERY_S = 1.0
MOST = 50_000  # events that may wait: seconds of the busiest process
_NOTHING = nullcontext()
_NO_HEADERS: Mapping[str, str] = {}
_ENDPOINTS = {
    "cds_services.call": "call", "cds_services.discover": "discovery", "feedback.tell": "feedback",
    "operations.home": "home", "operations.health": "health", "operations.readiness": "ready",
    "operations.openapi": "openapi", "metrics.tell": "metrics", None: "none",
}  # fmt: skip
_CALLED, _ANSWERED = object(), object()  # events of which many are alike
_PAGE = "page"  # whatever else there is, is for people

Counts = Counter[tuple[Metric, tuple[str, ...]]]


class Watching:
    """A `service.hooks.watching.Watch`, which counts; and what the clinical side tells.

    ``traces_of``: how many answers wait for the database, have been given up, and how often writing failed so far.
    """

    def __init__(self, meters: Meters | None, tracing: Tracing | None = None, *, waits: bool = False):
        """Counts from the first event on.

        Args:
            meters: None where nothing is counted.
            waits: count nothing before `begin`, in a process that is there to be forked: a lock that is held at that
                moment would be held for good in its children.
        """
        self.tracing = tracing
        self._waits = waits or meters is None
        self.told: Told = tuple
        self.traces_of: Callable[[], tuple[int, int, int]] | None = None
        self._counted = meters
        self._events: deque[tuple[Any, ...]] = deque(maxlen=MOST)
        self._busy: dict[int, bool] = {}  # by thread, which answers one request at a time
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self._folding = threading.Lock()
        self._stays = False
        self._before: dict[Metric, float] = {}  # of counts that are kept elsewhere

    # What requests tell

    def arrived(self) -> None:
        self._busy[threading.get_ident()] = True

    def left(self, endpoint: str | None, status: int) -> None:
        self._busy.pop(threading.get_ident(), None)
        self._tell((self._left, endpoint, status))

    def called(
        self,
        service: str,
        hook: str,
        client: str,
        status: int,
        seconds: float,
        states: Mapping[str, str],
        remarks: Mapping[str, Any],
    ) -> None:
        """A call, as `service.hooks.watching.Watch` says."""
        silenced, ahead, again = remarks.get("silenced", 0), remarks.get("run_ahead"), remarks.get("again", False)
        self._tell((_CALLED, seconds, service, hook, client, status, states, silenced, ahead, again))

    def answered(self, hook: str, tally: Tally) -> None:
        """The engine's answer to a call, or one that was remembered: ``tally`` is what `tally_of` made of it, once."""
        self._tell((_ANSWERED, hook, tally))

    def asked_fhir(self, outcome: str, seconds: float) -> None:
        self._tell((self._asked_fhir, outcome, seconds))

    def fetched_keys(self, outcome: str) -> None:
        self._tell((self._count, of.KEY_FETCHES, outcome))

    def count(self, metric: Metric, *labels: str) -> None:
        """Something happened once. ``labels``: values of a fixed list each, never what somebody sent."""
        self._tell((self._count, metric, *labels))

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[Any]:
        return self.tracing.span(name, attributes) if self.tracing is not None else _NOTHING

    def onward(self) -> Mapping[str, str]:
        return self.tracing.onward() if self.tracing is not None else _NO_HEADERS

    @property
    def counts(self) -> bool:
        """Whether anything is counted."""
        return self._counted is not None

    @property
    def _meters(self) -> Meters:
        assert self._counted is not None  # who counts has it
        return self._counted

    def _tell(self, event: tuple[Any, ...]) -> None:
        if self._thread is None or self._process != os.getpid():
            if self._waits:
                return
            self._begin()
        self._events.append(event)

    # Counting

    def expect(self, metric: Metric, *labels: str) -> None:
        """Tell a metric from now on, as 0 until it happens."""
        if self._counted is not None:
            self._counted.of(metric, labels)

    def begin(self) -> None:
        """Count in this process for as long as it lives, whether or not anything happens: of a worker, after the fork."""
        if self._counted is None:
            return
        self._stays, self._waits = True, False
        self._begin()
        self._meters.of(of.WORKERS, ()).set(1)
        self.count(of.STARTS)

    def _begin(self) -> None:
        if self._process != os.getpid():  # threads do not survive a fork, and the parent counts its own
            self._process, self._thread, self._folding = os.getpid(), None, threading.Lock()
            self._events.clear()
            self._busy.clear()
            self._before.clear()
        with uninterrupted(), self._folding:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="allcue-watch", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        idle = 0
        while self._stays or idle < 2:  # the thread of an application that nobody calls any more ends
            time.sleep(EVERY_S)
            idle = 0 if self._events else idle + 1
            try:
                self.fold()
            except Exception as error:  # a full disk must not end the counting; the text of an error may hold values
                log.error("not counted: unexpected %s", type(error).__name__)
        self._thread = None

    def reloaded(self, *, good: bool) -> None:
        """The first process of a service was told to read its content anew. Counted at once: it has no thread for it."""
        if self._counted is not None:
            self._counted.of(of.RELOADS, ("ok" if good else "refused",)).inc()

    def fold(self) -> None:
        """Count what was told up to now."""
        if self._counted is None:
            return
        with self._folding:
            counts: Counts = Counter()
            answers: Counter[tuple[str, int]] = Counter()
            tallies: dict[int, Tally] = {}
            calls: Counter[tuple[Any, ...]] = Counter()
            waiting = len(self._events)
            if waiting == MOST:
                counts[of.LOST, ()] += 1
            for _ in range(waiting):
                handle, *told = self._events.popleft()
                if handle is _ANSWERED:  # the same tally may come a thousand times, and calls that are all alike
                    hook, tally = told
                    answers[hook, id(tally)] += 1
                    tallies[id(tally)] = tally
                elif handle is _CALLED:
                    seconds, (service, hook, client, status, states, *rest) = told[0], told[1:]
                    self._meters.of(of.CALL_SECONDS, (service, hook, f"{status // 100}xx")).observe(seconds)
                    calls[service, hook, client, status, tuple(states.items()), *rest] += 1
                else:
                    handle(counts, *told)
            for call, times in calls.items():
                self._called(counts, call, times)
            for (hook, key), times in answers.items():
                self._answered(counts, hook, tallies[key], times)
            self._of_process(counts)
            for (metric, labels), count in counts.items():
                if count > 0:
                    self._meters.of(metric, labels).inc(count)

    def _count(self, counts: Counts, metric: Metric, *labels: str) -> None:
        counts[metric, labels] += 1

    def _left(self, counts: Counts, endpoint: str | None, status: int) -> None:
        counts[of.REQUESTS, (_ENDPOINTS.get(endpoint, _PAGE), str(status))] += 1

    def _called(self, counts: Counts, call: tuple[Any, ...], times: int) -> None:
        service, hook, client, status, states, silenced, ahead, again = call
        counts[of.CALLS, (service, hook, client, str(status))] += times
        for key, state in states:
            counts[of.KEYS, (key, str(state))] += times
        if silenced:
            counts[of.SILENCED, (hook,)] += silenced * times
        if again:
            counts[of.REMEMBERED, (service,)] += times
        elif ahead is not None:
            counts[of.AHEAD, ("used" if ahead else "worked-out",)] += times
        if status == 503:  # a call is answered with it for no other reason
            counts[of.STOPS, (service,)] += times

    def _answered(self, counts: Counts, hook: str, tally: Tally, times: int) -> None:
        for (metric, labels), count in tally.of_hook:
            counts[metric, (hook, *labels)] += count * times
        for key, count in tally.rest:
            counts[key] += count * times

    def _asked_fhir(self, counts: Counts, outcome: str, seconds: float) -> None:
        counts[of.FHIR_REQUESTS, (outcome,)] += 1
        self._meters.of(of.FHIR_SECONDS, ()).observe(seconds)

    def _of_process(self, counts: Counts) -> None:
        self._meters.of(of.IN_FLIGHT, ()).set(len(self._busy))
        used = usage()
        self._meters.of(of.MEMORY, ()).set(used.resident)
        self._meters.of(of.FILES, ()).set(used.files)
        self._more(counts, of.CPU, (), used.cpu)
        if self.traces_of is not None:
            waiting, given_up, failures = self.traces_of()
            self._meters.of(of.TRACES_WAITING, ()).set(waiting)
            self._more(counts, of.TRACES_GIVEN_UP, (), given_up)
            self._more(counts, of.STORE_FAILURES, ("traces",), failures)

    def _more(self, counts: Any, metric: Metric, labels: tuple[str, ...], total: float) -> None:
        counts[metric, labels] += max(0, total - self._before.get(metric, 0))
        self._before[metric] = total

    def exposed(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics of all processes as text, with its content type."""
        self.fold()
        return self._meters.exposed(accept, self.told)
