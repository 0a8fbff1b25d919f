"""The Flask application, built from settings. Everything it needs is handed on; nothing is global."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from service import __version__
from service.callers import verifier_of
from service.hooks import browser, calls, errors, throttle
from service.hooks.again import Again
from service.hooks.blueprint import UNREACHABLE, cds_services, operations
from service.hooks.contract import Decide, ServiceDefinition
from service.hooks.deadline import within
from service.hooks.feedback import feedback
from service.hooks.named import Named
from service.hooks.openapi import document
from service.hooks.ports import ReplayGuard
from service.hooks.profiles import ProfileChoice
from service.hooks.templates import TemplateProblems, read_templates, with_templates
from service.hooks.trust import guard
from service.hooks.watching import UNWATCHED
from service.launches import launch_address, with_launch_link
from service.settings import Settings, SettingsError
from service.sharing import Sharing
from service.versions import ContentName, content_name
from service.watch.catalogue import STOPS
from service.watch.endpoint import PATH as METRICS
from service.watch.endpoint import metrics
from service.watch.logs import tell_with_each_line
from service.watch.opening import open_watch
from service.watch.state import state
from service.watch.watch import Watching

if TYPE_CHECKING:
    from service.companion import Pages
    from service.kept import Kept
    from service.rules.rule import Content

log = logging.getLogger("allcue.store")
CHART_HOOK = "patient-view"  # the pages read what its prefetch templates ask for
# What lies below these, and they themselves, is for people: sessions guard it, not the tokens of CDS clients
PAGES = ("/smart/", "/demo/")


def create_app(
    settings: Settings,
    decide: Decide | None = None,
    services: Sequence[ServiceDefinition] | None = None,
    replay: ReplayGuard | None = None,
    kept: Kept | None = None,
    watch: Watching | None = None,
) -> Flask:
    """Build the application.

    Args:
        decide, services: what answers and what is offered; given together, else the clinical engine and its services.
        kept: what outlives a call; opened from the settings if not given.
        watch: what counts and traces; opened from the settings if not given.
        replay: where used tokens are remembered for all processes; each process remembers its own if not given.

    Raises:
        SettingsError: calls would be answered without knowing who calls, clients cannot be told apart, the database is
            not ready for this version, or prefetch templates must not be offered.
        ValueError: content or service definitions that must not be served, or only one of decide and services.
    """
    if (decide is None) != (services is None):
        raise ValueError("decide and services belong together")
    watch = watch or open_watch(settings)
    heard = watch or UNWATCHED
    kept = kept or _store(settings, watch)
    sharing = Sharing(settings, kept)
    verifier = verifier_of(settings, replay or sharing.replay(), heard)
    pages: Pages | None = None
    content: Content | None = None
    called: ContentName | None = None
    if decide is None or services is None:
        services, decide, pages, content = _engine(settings, kept, watch)
        called = content_name(settings.cards_dir, settings.site_content, content.digest)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    errors.install(app)
    if settings.proxies:  # else anybody could tell any address
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    about = {"version": __version__, **({"content": content.digest} if content is not None else {})}
    calls.install(app, heard, about)
    browser.install_security(app)
    browser.install_cors(app, settings.origins, lambda path: is_page(path) or path == METRICS)
    if settings.local_only:
        browser.install_local_only(app)
    if verifier is not None:
        guard.install(app, verifier, guard.PUBLIC | {"/smart", "/demo", METRICS}, PAGES)
    if settings.rate:  # after the guard, which tells who calls
        throttle.install(app, sharing.limiter(), settings.rate)
    choice = ProfileChoice(settings.profile, settings.link_hosts)
    if watch is not None and watch.tracing is not None:
        watch.tracing.install(app)
        decide = watch.tracing.of_decisions(decide)
    decide = with_launch_link(within(settings.time_limit, decide), launch_address(settings))
    app.register_blueprint(
        cds_services(
            services,
            decide,
            settings.servers,
            settings.fhir,
            settings.body,
            profile_of=choice.named,
            again=Again(settings.remembered),
            watch=heard,
        )
    )
    if kept is not None:
        app.extensions["allcue-kept"] = kept
        app.register_blueprint(feedback(frozenset(service.id for service in services), kept.feedback, settings.body))
    offered = len(services)
    base = settings.public_base_url
    named = Named("Allcue", __version__, called)
    surface = document(
        services,
        named,
        base,
        secured=verifier is not None,
        feedback=kept is not None,
        metrics=watch is not None and watch.counts,
        pages=pages is not None,
    )
    store = _store_word(kept)
    app.register_blueprint(operations(named, base, lambda: offered > 0, surface, store))
    if watch is not None and watch.counts:
        watch.told = state(content, settings.time_limit, lambda: offered > 0, store)
        for service in services:
            watch.expect(STOPS, service.id)
        app.register_blueprint(metrics(watch, settings.metrics_token))
    tell_with_each_line(about)
    if pages is not None:
        for blueprint in pages.blueprints:
            app.register_blueprint(blueprint)
        fault = pages.fault
        errors.install_pages(app, lambda status, words: fault(status, words) if is_page(request.path) else None)
    return app


def described(settings: Settings) -> dict[str, Any]:
    """The OpenAPI document that a service with these settings answers; no store is opened for it, and no rule read.

    Raises:
        SettingsError: calls would be answered without knowing who calls, or prefetch templates must not be offered.
        service.contentfiles.NoContent: no such content folder.
    """
    from service.services import served

    return document(
        _offered(served(settings.hooks), settings),
        Named("Allcue", __version__, content_name(settings.cards_dir, settings.site_content)),
        settings.public_base_url,
        secured=verifier_of(settings, None) is not None,
        feedback=bool(settings.database_url),
        metrics=settings.metrics,
        pages=True,
    )


def is_page(path: str) -> bool:
    """Whether people call this address with a browser, not clients."""
    return path in ("/smart", "/demo") or path.startswith(PAGES)


def tell_of_store(settings: Settings) -> None:
    """Log, at the start of a service, that nothing is kept, if so: nobody would notice otherwise."""
    if not settings.database_url:
        log.warning(
            "no store: nothing of feedback, traces and overrides is kept. ALLCUE_DATABASE_URL is none, or is not set "
            "and the user has no home"
        )


def _store(settings: Settings, watch: Watching | None) -> Kept | None:
    """What is kept beyond a call; None where the settings name no database."""
    if not settings.database_url:
        return None
    from service.kept import open_store  # it knows the clinical side, which the protocol can be served without

    return open_store(settings, watch)


def _store_word(kept: Kept | None) -> Callable[[], str]:
    """How it is with the store, in a word."""
    if kept is None:
        return lambda: "none"
    return lambda: "reachable" if kept.reach.is_reachable() else UNREACHABLE


def _engine(
    settings: Settings, kept: Kept | None, watch: Watching | None
) -> tuple[Sequence[ServiceDefinition], Decide, Pages, Content]:
    """The clinical engine with its services, its pages and its content; imported here so that the protocol can be served
    without it."""
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
        watch=watch,
        cache=settings.cache_dir,
    )
    chart = next(iter(_offered(served((CHART_HOOK,)), settings)))
    offered = _offered(served(settings.hooks), settings)
    pages = companion(settings, offered, clinic, kept, chart)
    return offered, decide_with(clinic), pages, clinic.engine.content


def _offered(services: Sequence[ServiceDefinition], settings: Settings) -> Sequence[ServiceDefinition]:
    """The services with the site's own prefetch templates, where it has some."""
    if settings.prefetch_file is None:
        return services
    try:
        return with_templates(services, read_templates(settings.prefetch_file, services))
    except TemplateProblems as problem:
        raise SettingsError(f"ALLCUE_PREFETCH_FILE names templates that must not be offered:\n{problem}") from None
