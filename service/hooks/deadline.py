"""A limit to the time one answer may take: whatever is slow, the client hears so, and the work is stopped.

The engine is pure Python and knows no clock. So it runs in a thread of its own; at the end of its time the call is
answered with 503 and an exception is raised in that thread, which ends it at its next step. What hangs within a single
step of C code (one regular expression) is beyond that: there the server's own watchdog ends the process
(``allcue serve``: after 30 seconds without a sign of life).
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
        self._work = (contextvars.copy_context(), decide, invocation)
        self.answer: Mapping[str, Any] | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        context, decide, invocation = self._work
        try:
            self.answer = context.run(decide, invocation)
        except BaseException as error:
            self.error = error

    def stop(self) -> bool:
        """End it at its next step; whether it ended."""
        if self.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(_Stopped))
        self.join(_GRACE_S)
        return not self.is_alive()


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
