"""Traces are written behind the answer: no call waits for the disk, and none fails because of it."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence

from service.store.clock import steady
from service.store.database import Database, StoreUnavailable
from service.store.traces import CardTrace, Traces, purge

log = logging.getLogger("allcue.store")
WAITING_MOST = 2000  # answers whose traces wait for the database; further ones are given up
AT_ONCE = 100  # answers a transaction
GATHER_S = 0.1  # at least between two transactions, unless somebody waits: most of their cost is not that of the rows
SLICE_S = 0.01  # after which who gathers looks whether somebody waits
PAUSE_S = 5.0  # after a failure
PURGE_S = 3600.0
AT_EXIT_S = 3.0  # that a process waits at its end for what is still to be written


class TraceWriter:
    """Writes traces in a thread of its own. While the database is away they wait; what waits when the process is
    killed is lost, and what has no room is given up and counted in the log."""

    def __init__(
        self,
        database: Database,
        keep_days: int,
        now: Callable[[], float] = time.time,
        purge_now: Callable[[], float] | None = None,
        pause: float = PAUSE_S,
        room: int = WAITING_MOST,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._database, self._traces, self._now = database, Traces(database), now
        self._purge_now = purge_now or (steady() if now is time.time else now)
        self._keep_days, self._pause, self._room, self._clock = keep_days, pause, room, clock
        self._lock = threading.Lock()
        self._process = 0
        self._start_anew()

    def _start_anew(self) -> None:
        self._queue: queue.Queue[Sequence[CardTrace]] = queue.Queue(self._room)
        self._stopping, self._hurried = threading.Event(), threading.Event()
        self._wrote = float("-inf")  # when the last transaction ended
        self._thread: threading.Thread | None = None
        self._given_up = 0
        self._lost = self._failures = 0  # in all, for who watches
        self._purged = float("-inf")

    def remember(self, traces: Sequence[CardTrace]) -> None:
        """Have the traces of one answer written, if there are any. Returns at once and never raises.

        The first answer starts the thread, which deletes what is too old even where no card is shown for long.
        """
        with self._lock:
            if self._process != os.getpid():  # threads do not survive a fork, and half a queue is the parent's
                self._process = os.getpid()
                self._start_anew()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="allcue-traces", daemon=True)
                self._thread.start()
                atexit.unregister(self.close)
                atexit.register(self.close)
        if not traces:
            return
        try:
            self._queue.put_nowait(traces)
        except queue.Full:
            if self._given_up == 0:
                log.error("traces are given up: the database does not take them")
            self._given_up += 1
            self._lost += 1

    def account(self) -> tuple[int, int, int]:
        """Of this process: answers whose traces wait, those given up so far, and how often writing failed so far."""
        if self._process != os.getpid():
            return 0, 0, 0
        return self._queue.unfinished_tasks, self._lost, self._failures

    def flush(self, seconds: float = AT_EXIT_S) -> bool:
        """Wait until all is written; whether it is."""
        if self._process != os.getpid() or not self._queue.unfinished_tasks:
            return True
        end = time.monotonic() + seconds
        self._hurried.set()
        while self._queue.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.005)
        self._hurried.clear()
        return not self._queue.unfinished_tasks

    def close(self) -> None:
        """Write what waits, for a short time, and stop."""
        if self._process != os.getpid() or self._thread is None:
            return
        if not self.flush():
            log.error("stopped with the traces of %s answers unwritten", self._queue.unfinished_tasks)
        self._stopping.set()
        self._thread.join(AT_EXIT_S)

    def _work(self) -> None:
        failing = False
        while not self._stopping.is_set():
            batch = self._batch()
            if not batch:
                self._tidy_idle()
            while batch and not self._stopping.is_set():
                try:
                    self._traces.save((trace for traces in batch for trace in traces), int(self._now()))
                    self._tidy()
                except StoreUnavailable as error:
                    self._failures += 1
                    if not failing:
                        log.error("traces wait: %s", error)
                    failing = True
                    self._stopping.wait(self._pause)
                    continue
                except Exception as error:  # a fault of ours must not end the thread; its text may hold values
                    log.error("traces of %s answers not written: unexpected %s", len(batch), type(error).__name__)
                if failing:
                    log.info("traces are written again; given up in between: %s answers", self._given_up)
                    failing, self._given_up = False, 0
                self._wrote = time.monotonic()
                for _ in batch:
                    self._queue.task_done()
                batch = []

    def _batch(self) -> list[Sequence[CardTrace]]:
        try:
            found = [self._queue.get(timeout=0.5)]
        except queue.Empty:
            return []
        until = self._wrote + GATHER_S  # after a while without answers the first is written at once
        while len(found) < AT_ONCE:
            left = 0.0 if self._hurried.is_set() else max(0.0, until - time.monotonic())
            try:
                found.append(self._queue.get(timeout=min(left, SLICE_S)) if left else self._queue.get_nowait())
            except queue.Empty:
                if not left:
                    break
        return found

    def _tidy_idle(self) -> None:
        """The same while there is nothing to write; where the database is away it is tried again an hour later."""
        try:
            self._tidy()
        except StoreUnavailable as error:
            log.error("what is too old cannot be deleted now: %s", error)
        except Exception as error:  # as above
            log.error("what is too old cannot be deleted: unexpected %s", type(error).__name__)

    def _tidy(self) -> None:
        """Delete what is too old, once an hour."""
        if self._clock() - self._purged > PURGE_S:
            self._purged = self._clock()
            purge(self._database, int(self._purge_now()), self._keep_days)
