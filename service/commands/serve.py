"""``allcue serve``: gunicorn, the production WSGI server, with the settings of this command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from service.app import create_app, log_to_stderr
from service.commands.worker import Worker
from service.content import NoContent
from service.rules.load import ContentProblems
from service.settings import Settings, SettingsError

THREADS = 4  # per worker: an answer waits only for the FHIR server; slow clients are bounded by the worker class
TIMEOUT_S = 30


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no type hints
    def __init__(self, app: Flask, options: dict[str, Any]):
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


def serve(host: str, port: int, workers: int, site: Path | None = None) -> int:
    """Check settings and content, then serve until stopped. 1 if either must not be served.

    Args:
        site: folder with content of the site's own; the one of the environment if not given.
    """
    given = {"ALLCUE_HOST": host, "ALLCUE_PORT": str(port)}
    if site is not None:
        given["ALLCUE_SITE_CONTENT"] = str(site)
    try:
        settings = Settings.from_env({**os.environ, **given})
        app = create_app(settings)
    except (SettingsError, NoContent, ContentProblems) as problem:
        click.echo(str(problem), err=True)
        return 1
    log_to_stderr()
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Allcue serves http://{shown}:{port}/cds-services with {workers} workers. Stop with Ctrl-C.")
    Worker.request_s = settings.request_limit
    options = {
        "bind": f"{shown}:{port}",
        "workers": workers,
        "threads": THREADS,
        "worker_class": Worker,
        "timeout": TIMEOUT_S,
        "preload_app": True,
        "proc_name": "allcue",
        "control_socket_disable": True,
        "forwarder_headers": "",  # else a client of a proxy on this machine tells with SCRIPT_NAME what its path means
    }
    _Server(app, options).run()
    return 0
