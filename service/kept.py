"""The store of a service, put together from settings: what is kept, where, and for how long."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from service.advice.reasons import JUSTIFYING
from service.hooks.ports import FeedbackLog, ReplayGuard
from service.memory import Memory
from service.settings import Settings, SettingsError
from service.store.database import Database, StoreUnavailable
from service.store.feedback import FeedbackStore, Quiet, Suppressions
from service.store.replay import UsedTokens
from service.store.schema import state, upgrade
from service.store.secret import Pseudonyms
from service.store.writer import TraceWriter

log = logging.getLogger("allcue.store")


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands behind the ports, over one database."""

    database: Database
    feedback: FeedbackLog
    replay: ReplayGuard
    memory: Memory
    writer: TraceWriter


def open_store(settings: Settings) -> Kept:
    """The store of the settings, which name a database.

    A file of SQLite is brought to the newest state here, since it belongs to this service alone. A server's is not:
    ``allcue db upgrade`` does that, once, before the new version starts. A database that cannot be reached stops
    nothing, since advice does not need it.

    Raises:
        SettingsError: the tables are older than this version needs.
    """
    database = Database(settings.database_url, prepare=upgrade)
    try:
        if not state(database).usable:
            raise SettingsError("ALLCUE_DATABASE_URL: the tables are not those of this version. Run: allcue db upgrade")
    except StoreUnavailable as error:
        log.error("the store cannot be used now: %s. Advice is given; feedback is refused until it can", error)
    finally:
        database.close()  # before worker processes are made
    names = Pseudonyms(settings.site_secret) if settings.site_secret else None
    writer = TraceWriter(database, settings.trace_days)
    return Kept(
        database,
        FeedbackStore(database, Quiet(JUSTIFYING, settings.suppress_days), keep_comments=settings.keep_comments),
        UsedTokens(database),
        Memory(writer, Suppressions(database) if settings.suppress_days else None, names),
        writer,
    )
