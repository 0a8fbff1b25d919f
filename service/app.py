"""The Flask application, built from settings. Everything it needs is handed on; nothing is global."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask

from service import __version__
from service.hooks import browser, calls, errors
from service.hooks.blueprint import cds_services, operations
from service.hooks.contract import Decide, ServiceDefinition
from service.hooks.feedback import feedback
from service.hooks.ports import ReplayGuard
from service.hooks.templates import TemplateProblems, read_templates, with_templates
from service.hooks.trust import guard
from service.hooks.trust.fetch import fetch_document
from service.hooks.trust.keystore import KeyStore
from service.hooks.trust.registry import ClientsProblems, read_clients
from service.hooks.trust.replay import MemoryReplayGuard, SteadyReplayGuard
from service.hooks.trust.verify import Verifier
from service.hooks.profiles import ProfileChoice, profiles
from service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from service.kept import Kept

log = logging.getLogger("allcue.trust")


def create_app(
    settings: Settings,
    decide: Decide | None = None,
    services: Sequence[ServiceDefinition] | None = None,
    replay: ReplayGuard | None = None,
) -> Flask:
    """Build the application.

    Args:
        decide, services: what answers and what is offered; given together, else the clinical engine and its services.
        replay: where used tokens are remembered for all processes; each process remembers its own if not given.

    Raises:
        SettingsError: calls would be answered without knowing who calls, clients cannot be told apart, the database is
            not ready for this version, or prefetch templates must not be offered.
        ValueError: content or service definitions that must not be served, or only one of decide and services.
    """
    if (decide is None) != (services is None):
        raise ValueError("decide and services belong together")
    kept = _store(settings)
    verifier = _verifier(settings, replay or (kept.replay if kept is not None else None))
    if decide is None or services is None:
        services, decide = _engine(settings, kept)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    errors.install(app)
    calls.install(app)
    browser.install_cors(app, settings.origins)
    if settings.local_only:
        browser.install_local_only(app)
    choice = ProfileChoice(settings.profile, settings.link_hosts)
    if verifier is not None:
        guard.install(app, verifier)
    app.register_blueprint(cds_services(services, decide, settings.servers, settings.fhir, profile_of=choice.named))
    if kept is not None:
        app.register_blueprint(feedback(frozenset(service.id for service in services), kept.feedback))
    offered = len(services)
    app.register_blueprint(operations("Allcue", __version__, settings.public_base_url, lambda: offered > 0))
    return app


def log_to_stderr() -> None:
    """Send the service's log lines to standard error, once."""
    log = logging.getLogger("allcue")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
    log.setLevel(logging.INFO)


def _verifier(settings: Settings, replay: ReplayGuard | None) -> Verifier | None:
    """What checks who calls; None in open mode."""
    if settings.open_mode and settings.clients_file is not None:
        raise SettingsError(
            "ALLCUE_OPEN=1 answers everybody, ALLCUE_CLIENTS_FILE only registered clients: set one of them."
        )
    if settings.is_open:
        return None
    if settings.clients_file is None:
        raise SettingsError(
            "client trust is not configured, and calls hold patient data. Name the registered clients "
            "(ALLCUE_CLIENTS_FILE, made with `allcue clients add`), listen on this machine only "
            "(ALLCUE_HOST=127.0.0.1), or set ALLCUE_OPEN=1 to answer everybody who can reach the service."
        )
    if not settings.public_base_url:
        raise SettingsError(
            "ALLCUE_CLIENTS_FILE needs ALLCUE_PUBLIC_BASE_URL: tokens are made for the address that clients call, "
            "such as https://cds.example.org/allcue"
        )
    try:
        clients = read_clients(settings.clients_file, profiles())
    except ClientsProblems as error:
        raise SettingsError(f"ALLCUE_CLIENTS_FILE has {len(error.problems)} problems\n{error}") from None
    if replay is None:
        log.warning("no store for used tokens: each worker process remembers its own")
    remembered = MemoryReplayGuard() if replay is None else SteadyReplayGuard(replay)
    keys = KeyStore(partial(fetch_document, verify=settings.fhir.verify))
    return Verifier(clients, settings.public_base_url, remembered, keys)


def _store(settings: Settings) -> Kept | None:
    """What is kept beyond a call; None where the settings name no database."""
    if not settings.database_url:
        return None
    from service.kept import open_store  # it knows the clinical side, which the protocol can be served without

    return open_store(settings)


def _engine(settings: Settings, kept: Kept | None) -> tuple[Sequence[ServiceDefinition], Decide]:
    """The clinical engine with its services; imported here so that the protocol can be served without it."""
    from service.services import served
    from service.wiring import build_clinic, decide_with

    clinic = build_clinic(
        settings.cards_dir,
        settings.region,
        settings.care_setting,
        settings.as_of,
        settings.site_content,
        memory=kept.memory if kept is not None else None,
    )
    return _offered(served(settings.hooks), settings), decide_with(clinic)


def _offered(services: Sequence[ServiceDefinition], settings: Settings) -> Sequence[ServiceDefinition]:
    """The services with the site's own prefetch templates, where it has some."""
    if settings.prefetch_file is None:
        return services
    try:
        return with_templates(services, read_templates(settings.prefetch_file, services))
    except TemplateProblems as problem:
        raise SettingsError(f"ALLCUE_PREFETCH_FILE names templates that must not be offered:\n{problem}") from None
