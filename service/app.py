"""The Flask application, built from settings. Everything it needs is handed on; nothing is global."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from service import __version__
from service.callers import verifier_of
from service.hooks import browser, calls, errors, throttle
from service.hooks.blueprint import cds_services, operations
from service.hooks.contract import Decide, ServiceDefinition
from service.hooks.deadline import within
from service.hooks.feedback import feedback
from service.hooks.openapi import document
from service.hooks.ports import ReplayGuard
from service.hooks.profiles import ProfileChoice
from service.hooks.templates import TemplateProblems, read_templates, with_templates
from service.hooks.trust import guard
from service.launches import launch_address, with_launch_link
from service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from service.companion import Pages
    from service.kept import Kept

log = logging.getLogger("allcue.store")
CHART_HOOK = "patient-view"  # the pages read what its prefetch templates ask for
PAGES = (
    "/smart/",
    "/demo/",
)  # below these, and at /demo itself: for people. Sessions guard them, not the tokens of CDS clients


def create_app(
    settings: Settings,
    decide: Decide | None = None,
    services: Sequence[ServiceDefinition] | None = None,
    replay: ReplayGuard | None = None,
    kept: Kept | None = None,
) -> Flask:
    """Build the application.

    Args:
        decide, services: what answers and what is offered; given together, else the clinical engine and its services.
        kept: what outlives a call; opened from the settings if not given.
        replay: where used tokens are remembered for all processes; each process remembers its own if not given.

    Raises:
        SettingsError: calls would be answered without knowing who calls, clients cannot be told apart, the database is
            not ready for this version, or prefetch templates must not be offered.
        ValueError: content or service definitions that must not be served, or only one of decide and services.
    """
    if (decide is None) != (services is None):
        raise ValueError("decide and services belong together")
    kept = kept or _store(settings)
    verifier = verifier_of(settings, replay or (kept.replay if kept is not None else None))
    pages: Pages | None = None
    if decide is None or services is None:
        services, decide, pages = _engine(settings, kept)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    errors.install(app)
    if settings.proxies:  # else anybody could tell any address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    calls.install(app)
    browser.install_security(app)
    browser.install_cors(app, settings.origins, is_page)
    if settings.local_only:
        browser.install_local_only(app)
    if verifier is not None:
        guard.install(app, verifier, guard.PUBLIC | {"/smart", "/demo"}, PAGES)
    if settings.rate:  # after the guard, which tells who calls
        throttle.install(app, throttle.TokenBuckets(settings.rate, settings.burst), settings.rate)
    choice = ProfileChoice(settings.profile, settings.link_hosts)
    decide = with_launch_link(within(settings.time_limit, decide), launch_address(settings))
    app.register_blueprint(
        cds_services(services, decide, settings.servers, settings.fhir, settings.body, profile_of=choice.named)
    )
    if kept is not None:
        app.register_blueprint(feedback(frozenset(service.id for service in services), kept.feedback, settings.body))
    offered = len(services)
    base = settings.public_base_url
    surface = document(services, "Allcue", __version__, base, secured=verifier is not None, feedback=kept is not None)
    app.register_blueprint(operations("Allcue", __version__, base, lambda: offered > 0, surface, _store_word(kept)))
    if pages is not None:
        for blueprint in pages.blueprints:
            app.register_blueprint(blueprint)
        fault = pages.fault
        errors.install_pages(app, lambda status, words: fault(status, words) if is_page(request.path) else None)
    return app


def is_page(path: str) -> bool:
    """Whether people call this address with a browser, not clients."""
    return path in ("/smart", "/demo") or path.startswith(PAGES)


def log_to_stderr() -> None:
    """Send the service's log lines to standard error, once."""
    own = logging.getLogger("allcue")
    if not own.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        own.addHandler(handler)
    own.setLevel(logging.INFO)


def tell_of_store(settings: Settings) -> None:
    """Log, at the start of a service, that nothing is kept, if so: nobody would notice otherwise."""
    if not settings.database_url:
        log.warning(
            "no store: nothing of feedback, traces and overrides is kept. ALLCUE_DATABASE_URL is none, or is not set "
            "and the user has no home"
        )


def _store(settings: Settings) -> Kept | None:
    """What is kept beyond a call; None where the settings name no database."""
    if not settings.database_url:
        return None
    from service.kept import open_store  # it knows the clinical side, which the protocol can be served without

    return open_store(settings)


def _store_word(kept: Kept | None) -> Callable[[], str]:
    """How it is with the store, in a word."""
    if kept is None:
        return lambda: "none"
    return lambda: "reachable" if kept.reach.is_reachable() else "unreachable"


def _engine(settings: Settings, kept: Kept | None) -> tuple[Sequence[ServiceDefinition], Decide, Pages]:
    """The clinical engine with its services and its pages; imported here so that the protocol can be served without it."""
    from service.companion import companion
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
    chart = next(iter(_offered(served((CHART_HOOK,)), settings)))
    offered = _offered(served(settings.hooks), settings)
    return offered, decide_with(clinic), companion(settings, offered, clinic, kept, chart)


def _offered(services: Sequence[ServiceDefinition], settings: Settings) -> Sequence[ServiceDefinition]:
    """The services with the site's own prefetch templates, where it has some."""
    if settings.prefetch_file is None:
        return services
    try:
        return with_templates(services, read_templates(settings.prefetch_file, services))
    except TemplateProblems as problem:
        raise SettingsError(f"ALLCUE_PREFETCH_FILE names templates that must not be offered:\n{problem}") from None
