"""gunicorn's threaded worker with a limit to how long one client may hold a thread.

As gunicorn comes, a connection that sends the beginning of a request and then nothing, or a byte now and then, keeps
its thread for good: some of them and nobody else is answered. Here a connection waits outside the threads until its
first bytes are there, a request has some seconds to arrive whole, and an answer some seconds to be taken.

What stays possible is to hold all threads for that long, again and again. A proxy that takes requests in before it
passes them on (nginx: ``proxy_request_buffering on``, its default) is the protection against that.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker
from typing_extensions import Buffer

from service.hooks.browser import SECURITY
from service.hooks.errors import Issue, operation_outcome
from service.hooks.wire import dump

REQUEST_S = 10.0  # for a request to arrive, from its first byte read to its last
ANSWER_S = 10.0  # for each piece of an answer to be taken
FIRST_BYTES_S = 5.0  # for a new connection to say something
LINGER_S = 0.2  # for what a client still sends after its answer


_refused = logging.getLogger("allcue.errors")
_QUOTING = "Invalid request from ip="  # how gunicorn begins the line that quotes a request


def hush(record: logging.LogRecord) -> bool:
    """A filter for gunicorn's log: not the lines that quote what was sent."""
    return not str(record.msg).startswith(_QUOTING)


class TimedSocket(socket.socket):
    """A connection whose reads together have a time limit, counted anew for each request."""

    expires = 0.0

    @classmethod
    def of(cls, plain: socket.socket) -> TimedSocket:
        """Take over an open connection."""
        return cls(plain.family, plain.type, plain.proto, fileno=plain.detach())

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Read as ever. Raises ConnectionResetError once the request's time is over: gunicorn drops it without a word."""
        left = self.expires - time.monotonic()
        try:
            if left > 0:
                self.settimeout(left)
                return super().recv(size, flags)
        except TimeoutError:
            pass
        raise ConnectionResetError(errno.ECONNRESET, "the request did not arrive in time")

    def sendall(self, data: Buffer, flags: int = 0, /) -> None:
        """Send as ever. Raises TimeoutError where the client does not take it."""
        self.settimeout(ANSWER_S)
        super().sendall(data, flags)


class _Told:
    """Stands where the connection is for gunicorn's own error page, which quotes the request and is HTML."""

    status = b""

    def sendall(self, data: bytes) -> None:
        self.status = data.partition(b"\r\n")[0].partition(b" ")[2]

    def gettimeout(self) -> float | None:
        return None

    def setblocking(self, _: bool) -> None:
        pass


def _refusal(status: bytes) -> bytes:
    """The answer to what is no usable HTTP, with what all other answers have too. ``status``: with its words."""
    failed = status.startswith(b"500")
    words = "The service failed to answer." if failed else "The request is not usable as HTTP."
    body = dump(operation_outcome([Issue("exception" if failed else "structure", words)]))
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close", **SECURITY}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"HTTP/1.1 " + status + b"\r\n" + head.encode("ascii") + b"\r\n" + body


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no type hints
    """Named by ``allcue serve`` as worker class; also usable as ``gunicorn -k service.commands.worker.Worker``."""

    request_s = REQUEST_S

    def init_process(self) -> None:
        """Begin to serve, in the worker's process."""
        logging.getLogger("gunicorn.error").addFilter(hush)
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread; a new one only once it has said something (in the main thread)."""
        if not isinstance(conn.sock, TimedSocket):
            conn.sock = TimedSocket.of(conn.sock)
        if not conn.initialized and not conn.data_ready:
            conn.sock.setblocking(False)
            conn.timeout = time.monotonic() + FIRST_BYTES_S
            self.pending_conns.append(conn)
            readable = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, readable)
            return
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serve one request in a thread."""
        conn.sock.expires = time.monotonic() + self.request_s
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what is no usable HTTP. gunicorn would log what it could not read, which may be a secret."""
        if isinstance(exc, ParseException):
            _refused.warning("refused from %s, no usable HTTP: %s", addr[0] if addr else "?", type(exc).__name__)
        told = _Told()
        super().handle_error(req, told, addr, exc)
        if told.status:
            with suppress(OSError):
                client.setblocking(False)  # as gunicorn does: the main thread may be the one that answers
                client.sendall(_refusal(told.status))

    def finish_request(self, conn: TConn, done: Any) -> None:
        """Keep or close a connection (in the main thread, which must not wait for a client that goes on sending)."""
        conn.sock.expires = time.monotonic() + LINGER_S
        super().finish_request(conn, done)
