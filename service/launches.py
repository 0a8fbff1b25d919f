"""SMART launches put together from settings: which FHIR servers may launch the app, and the link on cards that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import has_request_context, request

from service.hooks.contract import Decide, Invocation
from service.hooks.servers import is_loopback, parse_base
from service.listing import ListProblems
from service.settings import Settings, SettingsError
from service.smart.launch.registrations import Registrations, read_registrations

LABEL = "Open in Allcue: what this card rests on"


def registrations_of(settings: Settings) -> Registrations:
    """The FHIR servers that the app is registered with; where nobody but this machine can call and none is named, any on
    this machine.

    Raises:
        SettingsError: the file must not be used, or the app would not be safe to log in with.
    """
    if settings.smart_file is None:
        return Registrations(open_loopback=settings.local_only)
    if not settings.local_only:
        lacking = [
            f"{name} ({why})"
            for name, value, why in (
                ("ALLCUE_PUBLIC_BASE_URL", settings.public_base_url, "the address that EHRs send browsers to"),
                ("ALLCUE_SITE_SECRET", settings.site_secret, "sessions are sealed with it, the same in all processes"),
            )
            if not value
        ]
        if lacking:
            raise SettingsError(f"ALLCUE_SMART_FILE needs {' and '.join(lacking)}")
    base = parse_base(settings.public_base_url)
    if base is not None and base.scheme != "https" and not base.loopback:
        raise SettingsError(
            "ALLCUE_SMART_FILE needs an https address as ALLCUE_PUBLIC_BASE_URL (http only on this machine): access "
            "tokens of patients' records travel in its cookies"
        )
    try:
        return read_registrations(settings.smart_file)
    except ListProblems as error:
        raise SettingsError(f"ALLCUE_SMART_FILE has {len(error.problems)} problems\n{error}") from None


def launch_address(settings: Settings) -> Callable[[], str]:
    """The launch address as it is now; empty where cards must not link to the app: it is registered nowhere."""
    base = settings.public_base_url
    if settings.smart_file is None:
        return lambda: ""
    if base:
        return lambda: f"{base}/smart/launch"
    return _on_this_machine


def _on_this_machine() -> str:
    """The address that was called, if it names this machine."""
    called = parse_base(request.host_url) if has_request_context() else None
    return f"{request.host_url.rstrip('/')}/smart/launch" if called and is_loopback(called.host) else ""


def with_launch_link(decide: Decide, address: Callable[[], str]) -> Decide:
    """The same engine; each card of its answers links to the app, which opens on that card (CDS Hooks 2.0, "Link").

    Args:
        address: where a launch begins; empty for no link. It is asked in the thread of the request.
    """

    def linked(invocation: Invocation) -> Mapping[str, Any]:
        answer = decide(invocation)
        url = address()
        return {**answer, "cards": [_linked(card, url) for card in answer["cards"]]} if url else answer

    return linked


def _linked(card: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    uuid = card.get("uuid")
    if not uuid:
        return card
    link = {"label": LABEL, "url": url, "type": "smart", "appContext": uuid}
    return {**card, "links": [*card.get("links", ()), link]}
