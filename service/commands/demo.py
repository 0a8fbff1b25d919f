"""``make demo``: serve on loopback with embedded defaults, say what to try, and open the demo page in a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Mapping

import click

from service.commands.serve import serve

_TRY = """
Allcue runs on {address} with its packaged content, open to this machine only. Open in a browser:

  {address}/demo

or try, in another terminal:

  # a synthetic patient, as an EHR would send it when the chart is opened
  .venv/bin/python -m fhir_examples.request relapsed-ph-positive-t315i > /tmp/request.json
  curl -s {address}/cds-services/allcue-patient-view \\
       -H 'Content-Type: application/json' -d @/tmp/request.json

  # the same in the terminal, with the trace of every rule
  .venv/bin/allcue check fhir_examples/relapsed-ph-positive-t315i.json --as-of 2026-03-02
  .venv/bin/allcue facts fhir_examples/relapsed-ph-positive-t315i.json --as-of 2026-03-02
"""
_PATIENCE_S = 60.0


@click.command()
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8000, type=click.IntRange(1, 65535))
@click.option("--open/--no-open", "opens", default=True, help="Open the page in a browser, where there is one.")
def main(host: str, port: int, opens: bool) -> None:
    """Print what to try, then serve."""
    named = f"[{host}]" if ":" in host else host
    address = f"http://{named}:{port}"
    click.echo(_TRY.format(address=address))
    if opens and has_browser(os.environ, sys.platform):
        # A process of its own: a browser of the terminal would hold the service up.
        subprocess.Popen(  # noqa: S603 - our own module, arguments as they are
            [sys.executable, "-m", "service.commands.demo_browser", host, str(port), f"{address}/demo"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    sys.exit(serve(host, port, workers=2))


def has_browser(environ: Mapping[str, str], platform: str) -> bool:
    """Whether somebody sits before a screen: no continuous integration, and on Unix a display.

    >>> has_browser({"DISPLAY": ":0", "CI": "true"}, "linux"), has_browser({"DISPLAY": ":0"}, "linux")
    (False, True)
    """
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def open_when_up(host: str, port: int, address: str, patience: float = _PATIENCE_S) -> bool:
    """Open an address once somebody listens there; whether that was so within some seconds."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            time.sleep(0.3)
        else:
            return webbrowser.open(address)
    return False


if __name__ == "__main__":
    main()
