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
from service.store.reach import Reach
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
    reach: Reach


def open_store(settings: Settings) -> Kept:
    """The store of the settings, which name a database.

    A file of SQLite is brought to the newest state here, since it belongs to this service alone. A server's is not:
    ``allcue db upgrade`` does that, once, before the new version starts. A database that cannot be reached stops
    nothing, since advice does not need it; what could not be done at the start is done when it is used next.

    Raises:
        SettingsError: the tables are older than this version needs.
    """
    database = Database(settings.database_url, prepare=_Readiness())
    try:
        with database.reading():
            pass
    except TablesTooOld as error:
        raise SettingsError(f"ALLCUE_DATABASE_URL: {error}") from None
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
        Reach(database),
    )


class TablesTooOld(StoreUnavailable):
    """A server's tables, which ``allcue db upgrade`` brings up to date."""


class _Readiness:
    """Brings a file up to date, and sees that tables are those of this version; tells when that succeeds late."""

    def __init__(self) -> None:
        self._failed = False

    def __call__(self, database: Database) -> None:
        """Raises StoreUnavailable: it cannot be reached now; TablesTooOld: somebody has to upgrade a server first."""
        try:
            if database.is_sqlite:
                upgrade(database)
            if not state(database).usable:
                raise TablesTooOld("the tables are not those of this version. Run: allcue db upgrade")
        except StoreUnavailable:
            self._failed = True
            raise
        if self._failed:
            self._failed = False
            log.info("the store can be used")
