"""What stands before several instances: nginx, where it is installed, or a balancer that knows connections alone."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.clients import until
from bench.served import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
MISSING = "needs nginx (Debian: apt-get install nginx)"
# As in deploy/compose: no instance is set aside; a call goes to the other instance where nobody takes the connection, and
# not after it was sent, since its token is good once.
SERVER = "max_fails=0"
PASSING = (
    "proxy_connect_timeout 1s;",
    "proxy_send_timeout 12s;",
    "proxy_read_timeout 12s;",
    "proxy_next_upstream error timeout;",
    "proxy_next_upstream_tries 2;",
    "proxy_next_upstream_timeout 5s;",
)
_AWAY = (
    '{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient",'
    '"diagnostics":"No instance answered. Send it again later."}]}'
)
_CONF = """
%(user)sdaemon off; worker_processes 1; pid %(folder)s/nginx.pid; error_log %(folder)s/error.log warn;
events { worker_connections 1024; }
http {
    client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy; fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi; scgi_temp_path %(folder)s/scgi;
    log_format tries '$msec $status $upstream_addr';
    access_log %(folder)s/access.log tries;
    upstream allcue { zone allcue 128k; least_conn; %(servers)s }
    server {
        listen 127.0.0.1:%(port)d;
        client_max_body_size 10000000; client_body_buffer_size 256k; default_type application/json;
        error_page 502 504 =503 @away;
        location @away { internal; add_header Retry-After 2 always; return 503 '%(away)s'; }
        location / {
            proxy_pass http://allcue; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
            %(passing)s
        }
    }
}
"""


@contextmanager
def nginx(folder: Path, instances: Sequence[int]) -> Iterator[int]:
    """The port of an nginx before instances on these ports; ``folder/access.log`` tells whom it tried when."""
    assert NGINX is not None
    folder.mkdir()
    port = free_port()
    told = {
        "user": "user root; " if os.geteuid() == 0 else "",  # temporary folders are closed to others
        "folder": folder,
        "servers": " ".join(f"server 127.0.0.1:{instance} {SERVER};" for instance in instances),
        "port": port,
        "away": _AWAY,
        "passing": " ".join(PASSING),
    }
    (folder / "nginx.conf").write_text(_CONF % told, encoding="utf-8")
    command = [NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or (folder / "nginx.pid").exists())
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(30)


def tries(folder: Path, instance: int) -> list[tuple[float, bool]]:
    """When (seconds since 1970) nginx gave a call to an instance, and whether it had to pass it on or give it up."""
    found = []
    for line in (folder / "access.log").read_text().splitlines():
        moment, status, *places = line.replace(",", " ").split()
        if f"127.0.0.1:{instance}" in places:
            failed = places[-1] != f"127.0.0.1:{instance}" or status in ("502", "503", "504")
            found.append((float(moment), failed))
    return found


@contextmanager
def balancer(instances: Sequence[int]) -> Iterator[int]:
    """The port of a balancer of connections: it takes any instance that takes a connection, and reads nothing of it."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        threading.Thread(target=_accept, args=(listener, instances), daemon=True).start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # which wakes who waits for a connection


def _accept(listener: socket.socket, instances: Sequence[int]) -> None:
    with suppress(OSError):  # closed at the end
        while True:
            before, _ = listener.accept()
            threading.Thread(target=_serve, args=(before, instances), daemon=True).start()


def _serve(before: socket.socket, instances: Sequence[int]) -> None:
    with before:
        behind = _any(instances)
        if behind is None:
            return
        with behind:
            asking = threading.Thread(target=_pass_on, args=(before, behind), daemon=True)
            asking.start()
            _pass_on(behind, before)
            asking.join()


def _any(instances: Sequence[int]) -> socket.socket | None:
    for instance in random.sample(instances, len(instances)):
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", instance), 2)
    return None


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
