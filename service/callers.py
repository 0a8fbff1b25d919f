"""Who may call, put together from settings: the registered clients and the check of their tokens."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import partial

from service.hooks.ports import ReplayGuard
from service.hooks.profiles import profiles
from service.hooks.trust.fetch import fetch_document
from service.hooks.trust.keystore import KeyStore
from service.hooks.trust.registry import ClientsProblems, read_clients
from service.hooks.trust.replay import MemoryReplayGuard, SteadyReplayGuard
from service.hooks.trust.verify import Verifier
from service.hooks.watching import UNWATCHED, Watch
from service.settings import Settings, SettingsError
from service.store.clock import steady

log = logging.getLogger("allcue.trust")


def verifier_of(settings: Settings, replay: ReplayGuard | None, watch: Watch = UNWATCHED) -> Verifier | None:
    """What checks who calls; None in open mode.

    Args:
        replay: where used tokens are remembered for all processes; each process remembers its own if not given.

    Raises:
        SettingsError: calls would be answered without knowing who calls, or clients cannot be told apart.
    """
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
    clock = steady()
    own = MemoryReplayGuard(lambda: datetime.fromtimestamp(clock(), UTC))
    remembered = own if replay is None else SteadyReplayGuard(replay, own)
    keys = KeyStore(partial(fetch_document, verify=settings.fhir.verify), watch=watch)
    return Verifier(clients, settings.public_base_url, remembered, keys)
