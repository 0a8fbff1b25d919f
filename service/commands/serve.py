"""``allcue serve``: gunicorn, the production WSGI server, with the settings of this command.

SIGHUP to its first process reads everything anew that the settings name: content, site content, clients, templates.
That process builds the new application while the workers go on. Only if all of it is good, new workers take over and
the old ones end once their requests are answered; the listening socket stays open. Otherwise nothing changes, and the
log says what is wrong.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service.app import create_app, log_to_stderr, tell_of_store
from service.commands.worker import Worker
from service.content import NoContent, forget
from service.rules.load import ContentProblems
from service.settings import Settings, SettingsError

log = logging.getLogger("allcue.reload")
THREADS = 4  # per worker: an answer waits only for the FHIR server; slow clients are bounded by the worker class
TIMEOUT_S = 30
_BAD = (SettingsError, NoContent, ContentProblems)


class _Master(Arbiter):  # type: ignore[misc] # gunicorn has no type hints
    """gunicorn's first process; a reload begins with the check of what would be served."""

    def handle_hup(self) -> None:
        """Replace the workers, if what they would serve is good."""
        if self.app.read_anew():
            super().handle_hup()


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no type hints
    def __init__(self, app: Flask, build: Callable[[], Flask], options: dict[str, Any]):
        self._app, self._build = app, build
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app

    def read_anew(self) -> bool:
        """Build the application again; whether it is there. If not, the old one stays and the log says why."""
        forget()
        try:
            self.callable = self._app = self._build()
        except _BAD as problem:
            log.error("not reloaded, what was served before goes on:\n%s", problem)
        except OSError as error:
            log.error("not reloaded, what was served before goes on:\n%s: %s", error.filename, error.strerror)
        except Exception as error:  # whatever it is, it must not end the service; its text may hold anything
            log.error("not reloaded, what was served before goes on: unexpected %s", type(error).__name__)
        else:
            log.info("reloaded: workers with it take over")
            return True
        return False

    def run(self) -> None:
        """Serve until stopped."""
        _Master(self).run()


def serve(host: str, port: int, workers: int, site: Path | None = None) -> int:
    """Check settings and content, then serve until stopped. 1 if either must not be served.

    Args:
        site: folder with content of the site's own; the one of the environment if not given.
    """
    given = {"ALLCUE_HOST": host, "ALLCUE_PORT": str(port)}
    if site is not None:
        given["ALLCUE_SITE_CONTENT"] = str(site)
    log_to_stderr()

    def settings_now() -> Settings:
        return Settings.from_env({**os.environ, **given})  # what they name may have come or gone

    try:
        settings = settings_now()
        app = create_app(settings)
    except _BAD as problem:
        click.echo(str(problem), err=True)
        return 1
    tell_of_store(settings)
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
        "limit_request_line": 8190,  # a code that an authorization server sends by the browser may be a long token
        "limit_request_field_size": 32_768,  # the cookies of a session hold an access token, sealed
        "forwarder_headers": "",  # else a client of a proxy on this machine tells with SCRIPT_NAME what its path means
    }
    _Server(app, lambda: create_app(settings_now()), options).run()
    return 0
