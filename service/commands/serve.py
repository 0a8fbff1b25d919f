"""``allcue serve``: gunicorn, the production WSGI server, with the settings of this command.

SIGHUP to its first process reads everything anew that the settings name: content, site content, clients, templates.
That process builds the new application while the workers go on. Only if all of it is good, new workers take over and
the old ones end once their requests are answered; the listening socket stays open. Otherwise nothing changes, and the
log says what is wrong.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service.app import create_app, tell_of_store
from service.collector import few_pools, paused, settle, settle_anew
from service.commands.worker import Worker
from service.content import NoContent, forget
from service.rules.load import ContentProblems
from service.settings import Settings, SettingsError
from service.watch import folder
from service.watch.logs import log_to_stderr
from service.watch.opening import open_watch
from service.watch.server_log import ServerLog
from service.watch.watch import Watching

log = logging.getLogger("allcue.reload")
THREADS = 4  # per worker: an answer waits only for the FHIR server; slow clients are bounded by the worker class
TIMEOUT_S = 30
OPTIONS: dict[str, Any] = {  # of gunicorn; deploy/gunicorn/gunicorn.conf.py has the same, with the reasons
    "threads": THREADS,
    "worker_class": Worker,
    "timeout": TIMEOUT_S,
    "preload_app": True,
    "proc_name": "allcue",
    "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108 # signs of life: no slow disk
    "control_socket_disable": True,
    "limit_request_line": 8190,  # a code that an authorization server sends by the browser may be a long token
    "limit_request_field_size": 32_768,  # the cookies of a session hold an access token, sealed
    "forwarder_headers": "",  # else a client of a proxy on this machine tells with SCRIPT_NAME what its path means
}
_BAD = (SettingsError, NoContent, ContentProblems)


class _Master(Arbiter):  # type: ignore[misc] # gunicorn has no type hints
    """gunicorn's first process; a reload begins with the check of what would be served."""

    def handle_hup(self) -> None:
        """Replace the workers, if what they would serve is good."""
        if self.app.read_anew():
            super().handle_hup()


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn has no type hints
    def __init__(self, app: Flask, build: Callable[[], Flask], options: dict[str, Any], watch: Watching):
        self._app, self._build, self._watch = app, build, watch
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app

    def read_anew(self) -> bool:
        """Build the application again; whether it is there. If not, the old one stays."""
        found = anew(self._build)
        if found is not None:
            self.callable = self._app = found
            settle_anew()
        self._watch.reloaded(good=found is not None)
        return found is not None

    def run(self) -> None:
        """Serve until stopped."""
        _Master(self).run()


def anew(build: Callable[[], Flask]) -> Flask | None:
    """What ``build`` makes of content and files as they are now; None, and why in the log, if that must not be served."""
    forget()
    try:
        with paused():
            found = build()
    except _BAD as problem:
        log.error("not reloaded, what was served before goes on:\n%s", problem)
    except OSError as error:
        log.error("not reloaded, what was served before goes on:\n%s: %s", error.filename, error.strerror)
    except Exception as error:  # whatever it is, it must not end the service; its text may hold anything
        log.error("not reloaded, what was served before goes on: unexpected %s", type(error).__name__)
    else:
        log.info("reloaded: workers with it take over")
        return found
    return None


def serve(host: str, port: int, workers: int, site: Path | None = None) -> int:
    """Check settings and content, then serve until stopped. 1 if either must not be served.

    Args:
        site: folder with content of the site's own; the one of the environment if not given.
    """
    given = {"ALLCUE_HOST": host, "ALLCUE_PORT": str(port)}
    if site is not None:
        given["ALLCUE_SITE_CONTENT"] = str(site)

    def settings_now() -> Settings:
        return Settings.from_env({**os.environ, **given})  # what they name may have come or gone

    try:
        settings = settings_now()
    except SettingsError as problem:
        click.echo(str(problem), err=True)
        return 1
    log_to_stderr(settings.log_format, settings.log_level)
    few_pools()
    with _watched(settings) as (watch, counted):
        return _serve(settings, settings_now, workers, watch, counted)


@contextmanager
def _watched(settings: Settings) -> Iterator[tuple[Watching, Path | None]]:
    """What watches all processes of a service, and the folder in which they count, for as long as it runs."""
    first, before = os.getpid(), dict(os.environ)
    counted: Path | None = None
    if settings.metrics:
        try:
            counted = folder.claim(before)
            os.environ[folder.FOLDER] = str(counted)
        except OSError as error:
            log.warning("no metrics: no folder to count in (TMPDIR, %s): %s", folder.FOLDER, error.strerror)
            settings = replace(settings, metrics=False)
    try:
        yield open_watch(settings, waits=True) or Watching(None), counted
    finally:
        if counted is not None and os.getpid() == first:  # workers end here too
            folder.release(counted, before)
            os.environ.pop(folder.FOLDER, None)  # who goes on in this process counts in no folder that is gone
            os.environ.update({name: before[name] for name in (folder.FOLDER,) if name in before})


def _serve(
    settings: Settings, settings_now: Callable[[], Settings], workers: int, watch: Watching, counted: Path | None
) -> int:
    try:
        with paused():
            app = create_app(settings, watch=watch)
            tell_of_store(settings)
            settle()  # before the workers are made
    except _BAD as problem:
        click.echo(str(problem), err=True)
        return 1
    host, port = settings.host, settings.port
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Allcue serves http://{shown}:{port}/cds-services with {workers} workers. Stop with Ctrl-C.")
    Worker.request_s = settings.request_limit
    options = {
        "bind": f"{shown}:{port}",
        "workers": workers,
        **OPTIONS,
        "logger_class": ServerLog,
        "post_worker_init": lambda _: watch.begin(),
        "worker_exit": lambda _, __: watch.fold(),
        "child_exit": lambda _, worker: folder.ended(counted, worker.pid) if counted is not None else None,
    }
    _Server(app, lambda: create_app(settings_now(), watch=watch), options, watch).run()
    return 0
