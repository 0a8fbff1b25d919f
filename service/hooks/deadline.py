"""A limit to the time one answer may take: whatever is slow, the client hears so, and the work is stopped.

The engine is pure Python and knows no clock. So it runs in a thread of its own; at the end of its time the call is
answered with 503 and an exception is raised in that thread, which ends it at its next step. What hangs within a single
step of C code (one regular expression) is beyond that: there the server's own watchdog ends the process
(``allcue serve``: after 30 seconds without a sign of life).

An exception from outside may strike between taking a lock and the block that gives it back, where the lock is one of
Python (a ``Condition``, a queue, a pool of connections): then it is never given back, and with it the process is lost.
So what uses things that calls share runs ``uninterrupted``, and is short by its own means. ``with`` on a plain
``threading.Lock`` needs no such care: nothing comes between.
"""

from __future__ import annotations

import contextvars
import ctypes
import logging
import threading
from collections.abc import Mapping
from typing import Any

from service.hooks.contract import Decide, Invocation
from service.hooks.errors import HookError, Issue

log = logging.getLogger("allcue.errors")
_GRACE_S = 1.0  # in which a stopped thread should have ended
RETRY_S = 30


class _Stopped(BaseException):
    """Raised in the thread of an answer that took too long; no ``except Exception`` holds it up."""


class _Run(threading.Thread):
    def __init__(self, decide: Decide, invocation: Invocation):
        super().__init__(name="answer", daemon=True)
        self.guard = threading.Lock()  # over the three below
        self.late = self.over = False
        self.shielded = 0  # blocks that are uninterrupted
        self._work = (contextvars.copy_context(), decide, invocation)
        self.answer: Mapping[str, Any] | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        context, decide, invocation = self._work
        try:
            try:
                self.answer = context.run(decide, invocation)
            except BaseException as error:
                self.error = error
            with self.guard:
                self.over = True
        except _Stopped:  # just as it ended
            pass

    def stop(self) -> bool:
        """End it at its next step, or behind what must not be interrupted; whether it ended."""
        with self.guard:  # while it lives: the id of a thread that ended may be another's by now
            self.late = True
            if not self.over and not self.shielded and self.ident is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(_Stopped))
        self.join(_GRACE_S)
        return not self.is_alive()


class uninterrupted:
    """A block that is not stopped halfway: an answer whose time is up ends behind it. Anywhere else it does nothing."""

    def __enter__(self) -> None:
        run = threading.current_thread()
        if isinstance(run, _Run):
            with run.guard:
                if run.late:
                    raise _Stopped
                run.shielded += 1

    def __exit__(self, *_: object) -> None:
        run = threading.current_thread()
        if isinstance(run, _Run):
            with run.guard:
                run.shielded -= 1
                ends = run.late and not run.shielded
            if ends:
                raise _Stopped


def within(seconds: float, decide: Decide) -> Decide:
    """The same engine, stopped after some seconds.

    The answer raises HookError 503 then, and what the engine itself raised otherwise.
    """

    def limited(invocation: Invocation) -> Mapping[str, Any]:
        run = _Run(decide, invocation)
        run.start()
        run.join(seconds)
        if run.is_alive():
            log.error("stopped after %g s: hook_instance=%s ended=%s", seconds, invocation.hook_instance, run.stop())
            words = (
                f"No answer within {seconds:g} seconds (ALLCUE_TIME_LIMIT_S): nothing was decided about this patient."
            )
            raise HookError(503, Issue("timeout", words), retry_after=RETRY_S)
        if run.error is not None:
            raise run.error
        assert run.answer is not None
        return run.answer

    return limited
