"""A balancer for tests: connections to whichever of the listed ports takes them, in turn. It knows nothing of HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass
class Balancer:
    """``instances``: where new connections go; may be changed at any time."""

    port: int
    instances: list[int]
    turn: int = 0

    def connect(self) -> socket.socket | None:
        """A connection to the next instance that takes one."""
        self.turn += 1
        known = list(self.instances)
        for step in range(len(known)):
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", known[(self.turn + step) % len(known)]), 5)
        return None


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):  # the end of one direction is the end: HTTP clients do not half-close
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _carry(client: socket.socket, balancer: Balancer) -> None:
    instance = balancer.connect()
    if instance is None:
        client.close()
        return
    with client, instance:
        instance.settimeout(None)
        back = threading.Thread(target=_pump, args=(instance, client), daemon=True)
        back.start()
        _pump(client, instance)
        back.join()


@contextmanager
def balancing(instances: Sequence[int]) -> Iterator[Balancer]:
    """A running balancer."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        found = Balancer(listener.getsockname()[1], list(instances))

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_carry, args=(client, found), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
