"""gunicorn's threaded worker with a limit to how long one client may hold a thread.

As gunicorn comes, a connection that sends the beginning of a request and then nothing, or a byte now and then, keeps
its thread for good: some of them and nobody else is answered. Here a connection waits outside the threads until its
first bytes are there, a request has some seconds to arrive whole, and an answer some seconds to be taken.

What stays possible is to hold all threads for that long, again and again. A proxy that takes requests in before it
passes them on (nginx: ``proxy_request_buffering on``, its default) is the protection against that.

A request may be refused before its body is read (401, 404, 413, 415, 429). A short rest of it is read then, so that the
connection can be used again; beyond that the answer says ``Connection: close``, and the connection lingers so that a
client that is still sending can read the answer.
"""

from __future__ import annotations

import errno
import io
import logging
import select
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.http.body import Body
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker
from typing_extensions import Buffer

from service.hooks.browser import SECURITY
from service.hooks.errors import Issue, operation_outcome
from service.hooks.wire import dump

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

REQUEST_S = 10.0  # for a request to arrive, from its first byte read to its last
ANSWER_S = 10.0  # for each piece of an answer to be taken
FIRST_BYTES_S = 5.0  # for a new connection to say something
AT_ONCE = 256 * 1024  # bytes taken from a connection at once, where they are there
PIECE = 1 << 20  # of a body
LINGER_S = 0.2  # for what a client still sends after its answer
REST_S, REST_BYTES = 0.5, 256 * 1024  # of a body that nobody read, before the answer
UNREAD_S = 2.0  # for a longer rest, after the answer: closing earlier would take the answer away from the client

_refused = logging.getLogger("allcue.errors")
_QUOTING = "Invalid request from ip="  # how gunicorn begins the line that quotes a request


def hush(record: logging.LogRecord) -> bool:
    """A filter for gunicorn's log: not the lines that quote what was sent."""
    return not str(record.msg).startswith(_QUOTING)


class TimedSocket(socket.socket):
    """A connection whose reads together have a time limit, counted anew for each request."""

    expires = 0.0
    unread = False  # a body that was answered without being read to its end

    @classmethod
    def of(cls, plain: socket.socket) -> TimedSocket:
        """Take over an open connection."""
        return cls(plain.family, plain.type, plain.proto, fileno=plain.detach())

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Read what is there, more than gunicorn asks for at once. Raises ConnectionResetError once the request's time is
        over: gunicorn drops it without a word."""
        left = self.expires - time.monotonic()
        try:
            if left > 0:
                self.settimeout(left)
                return super().recv(max(size, AT_ONCE), flags)
        except TimeoutError:
            pass
        raise ConnectionResetError(errno.ECONNRESET, "the request did not arrive in time")

    def sendall(self, data: Buffer, flags: int = 0, /) -> None:
        """Send as ever. Raises TimeoutError where the client does not take it."""
        self.settimeout(ANSWER_S)
        super().sendall(data, flags)


class WholeBody(Body):  # type: ignore[misc] # gunicorn has no type hints
    """A request's body that is read in large pieces. gunicorn reads 1 KB at a time and copies what is left each time, which
    takes several times as long as to parse 100 KB of JSON."""

    buf: io.BytesIO

    def read(self, size: int | None = None) -> bytes:
        """As any file; all of it without ``size``."""
        wanted = self.getsize(size)
        while (missing := wanted - self.buf.tell()) > 0:
            piece = self.reader.read(min(missing, PIECE))
            if not piece:
                break
            self.buf.write(piece)
        found: bytes = self.buf.getvalue()
        self.buf = io.BytesIO()
        if len(found) > wanted:
            self.buf.write(found[wanted:])
            found = found[:wanted]
        return found


def read_rest(environ: dict[str, Any]) -> bool:
    """Read what is left of a request's body, if that is little and comes soon; whether its end was reached."""
    one, body = environ["gunicorn.socket"], environ["wsgi.input"]
    kept, one.expires = one.expires, min(one.expires, time.monotonic() + REST_S)
    left = REST_BYTES
    try:
        while left > 0:
            piece = body.read(min(left, 65536))
            if not piece:
                return True
            left -= len(piece)
    except (OSError, ParseException):
        pass
    finally:
        one.expires = kept
    return False


def closing(wsgi: WSGIApplication, ending: Callable[[], bool]) -> WSGIApplication:
    """The same application, with answers that say so where the connection ends with them: because the body before them
    was not read, or because the worker is ``ending``."""

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(*told: Any) -> Any:
            if not read_rest(environ):
                environ["gunicorn.socket"].unread = True
                start_response.__self__.force_close()  # gunicorn ignores the header of an application
            elif ending():
                start_response.__self__.force_close()
            return start_response(*told)

        environ["wsgi.input"] = WholeBody(environ["wsgi.input"].reader)
        return wsgi(environ, start)

    return wrapped


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
    wsgi: WSGIApplication

    def init_process(self) -> None:
        """Begin to serve, in the worker's process."""
        logging.getLogger("gunicorn.error").addFilter(hush)
        super().init_process()

    def load_wsgi(self) -> None:
        """Take the application."""
        super().load_wsgi()
        self.wsgi = closing(self.wsgi, lambda: not self.alive)

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

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections or not. At its end a worker takes those that wait already, and lets go of the listening
        socket: open but not served, it would go on collecting connections that nobody answers."""
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            if listener.fileno() < 0:  # let go of before
                continue
            while self.nr_conns < self.worker_connections and select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()

    def handle(self, conn: TConn) -> Any:
        """Serve one request in a thread."""
        conn.sock.expires = time.monotonic() + self.request_s
        done = super().handle(conn)
        if conn.sock.unread:
            _linger(conn.sock)
        return done

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
        """Keep or close a connection (in the main thread, which must not wait for a client that goes on sending).

        A worker that was told to end while it answered keeps the connection if it promised to: a client that believes
        it would lose its next request. That one is answered, with ``Connection: close``.
        """
        conn.sock.expires = time.monotonic() + LINGER_S
        if self.alive or done.cancelled() or done.exception() or done.result() is not True:
            super().finish_request(conn, done)
            return
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for the next event; while ending gunicorn would wait for it as long as connections are idle."""
        super().wait_for_and_dispatch_events(min(timeout, 0.5))


def _linger(one: TimedSocket) -> None:
    """Say that nothing more comes, and take in what the client still sends until it closes or time is over."""
    end = time.monotonic() + UNREAD_S
    try:
        one.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            one.settimeout(left)
            if not socket.socket.recv(one, 65536):
                return
    except OSError:
        pass
