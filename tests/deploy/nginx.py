"""The proxy configuration of deploy/compose, fitted to this machine: other addresses, another folder, else as it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.clients import until
from bench.served import ROOT, free_port

CONF = ROOT / "deploy" / "compose" / "nginx.conf"
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
MISSING = "needs nginx (Debian: apt-get install nginx)"


def fitted(folder: Path, instances: Sequence[int], tls: tuple[Path, Path] | None = None) -> tuple[Path, int]:
    """The configuration for instances on these ports, and the port it serves on: without TLS unless ``tls`` names
    certificate and key. What is replaced is asserted to be there."""
    port, plain = free_port(), free_port()
    text = CONF.read_text(encoding="utf-8")

    def swap(old: str, new: str) -> None:
        nonlocal text
        assert old in text, f"nginx.conf has changed: {old!r} is not in it"
        text = text.replace(old, new)

    for name, instance in zip(("allcue-1:8000", "allcue-2:8000"), instances, strict=True):
        swap(f"server {name} resolve ", f"server 127.0.0.1:{instance} ")  # older nginx has no `resolve`; nor names here
    swap("/tmp/", f"{folder}/")
    swap("listen 8080;", f"listen 127.0.0.1:{plain};")
    swap("access_log /dev/stdout allcue;", f"access_log {folder}/access.log allcue;")
    swap("error_log /dev/stderr warn;", f"error_log {folder}/error.log warn; daemon off;")
    if tls is None:
        swap("listen 8443 ssl;", f"listen 127.0.0.1:{port};")
        text = re.sub(r"^\s*ssl_\w+ .*;$", "", text, flags=re.M)
    else:
        swap("listen 8443 ssl;", f"listen 127.0.0.1:{port} ssl;")
        swap("/run/secrets/tls-certificate", str(tls[0]))
        swap("/run/secrets/tls-key", str(tls[1]))
    made = folder / "nginx.conf"
    made.write_text(text, encoding="utf-8")
    return made, port


@contextmanager
def proxy(folder: Path, instances: Sequence[int], tls: tuple[Path, Path] | None = None) -> Iterator[int]:
    """A running nginx before these instances; its port."""
    assert PROGRAM is not None
    conf, port = fitted(folder, instances, tls)
    process = subprocess.Popen([PROGRAM, "-c", str(conf), "-e", f"{folder}/start.log"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or (folder / "nginx.pid").exists())
        assert process.poll() is None, (folder / "start.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(30)
