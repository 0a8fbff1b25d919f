"""The Flask application, built from settings. Everything it needs is handed on; nothing is global."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service import __version__
from service.hooks import browser, calls, errors, throttle
from service.hooks.blueprint import cds_services, operations
from service.hooks.contract import Decide, ServiceDefinition
from service.hooks.deadline import within
from service.hooks.openapi import document
from service.settings import Settings, SettingsError


def create_app(
    settings: Settings,
    decide: Decide | None = None,
    services: Sequence[ServiceDefinition] | None = None,
) -> Flask:
    """Build the application.

    Args:
        decide, services: what answers and what is offered; given together, else the clinical engine and its services.

    Raises:
        SettingsError: calls would be answered without knowing who calls.
        ValueError: content or service definitions that must not be served, or only one of decide and services.
    """
    _require_trust(settings)
    if (decide is None) != (services is None):
        raise ValueError("decide and services belong together")
    if decide is None or services is None:
        services, decide = _engine(settings)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    errors.install(app)
    if settings.proxies:  # else anybody could tell any address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    calls.install(app)
    browser.install_security(app)
    browser.install_cors(app, settings.origins)
    if settings.local_only:
        browser.install_local_only(app)
    if settings.rate:
        throttle.install(app, throttle.TokenBuckets(settings.rate, settings.burst), settings.rate)
    decide = within(settings.time_limit, decide)
    app.register_blueprint(cds_services(services, decide, settings.servers, settings.fhir, settings.body))
    offered = len(services)
    base = settings.public_base_url
    surface = document(services, "Allcue", __version__, base, secured=not settings.is_open)
    app.register_blueprint(operations("Allcue", __version__, base, lambda: offered > 0, surface))
    return app


def log_to_stderr() -> None:
    """Send the service's log lines to standard error, once."""
    log = logging.getLogger("allcue")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
    log.setLevel(logging.INFO)


def _require_trust(settings: Settings) -> None:
    if not settings.is_open:
        raise SettingsError(
            "client trust is not configured: this version cannot check who calls, and calls hold patient data. "
            "Listen on this machine only (ALLCUE_HOST=127.0.0.1, no ALLCUE_CLIENTS_FILE), or set ALLCUE_OPEN=1 to "
            "answer everybody who can reach the service."
        )


def _engine(settings: Settings) -> tuple[Sequence[ServiceDefinition], Decide]:
    """The clinical engine with its services; imported here so that the protocol can be served without it."""
    from service.services import served
    from service.wiring import build_clinic, decide_with

    clinic = build_clinic(
        settings.cards_dir, settings.region, settings.care_setting, settings.as_of, settings.site_content
    )
    return served(settings.hooks), decide_with(clinic)
