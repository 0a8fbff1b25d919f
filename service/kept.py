"""The store of a service, put together from settings: what is kept, where, and for how long."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from service.advice.reasons import JUSTIFYING
from service.hooks.ports import FeedbackItem, FeedbackLog, Receipt, ReplayGuard
from service.memory import Memory
from service.settings import Settings, SettingsError
from service.store.database import Database, StoreUnavailable
from service.store.feedback import FeedbackStore, Quiet, Suppressions
from service.store.reach import Reach
from service.store.replay import UsedTokens
from service.store.revision import is_newest
from service.store.secret import Pseudonyms
from service.store.writer import TraceWriter
from service.watch.ports import Overrides, WatchedFeedback, WatchedOverrides, WatchedReplay
from service.watch.watch import Watching

log = logging.getLogger("allcue.store")
TRACES_S = 0.2  # that feedback waits for traces of its process that are being written


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands behind the ports, over one database."""

    database: Database
    feedback: FeedbackLog
    replay: ReplayGuard
    memory: Memory
    writer: TraceWriter
    reach: Reach


def open_store(settings: Settings, watch: Watching | None = None) -> Kept:
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
    log_: FeedbackLog = FeedbackStore(
        database, Quiet(JUSTIFYING, settings.suppress_days), keep_comments=settings.keep_comments
    )
    used: ReplayGuard = UsedTokens(database)
    overrides: Overrides = Suppressions(database)
    if watch is not None:
        watch.traces_of = writer.account
        log_, used, overrides = (
            WatchedFeedback(log_, watch),
            WatchedReplay(used, watch),
            WatchedOverrides(overrides, watch),
        )
    memory = Memory(writer, overrides if settings.suppress_days else None, names)
    return Kept(database, _BehindTraces(log_, writer), used, memory, writer, Reach(database))


class _BehindTraces:
    """Feedback, which follows the cards it is about: their traces are in the store before it, if the store takes them."""

    def __init__(self, log_: FeedbackLog, writer: TraceWriter):
        self._log, self._writer = log_, writer

    def record(self, service_id: str, client: str, items: Sequence[FeedbackItem]) -> Receipt:
        """As the port says."""
        self._writer.flush(TRACES_S)
        return self._log.record(service_id, client, items)


class TablesTooOld(StoreUnavailable):
    """A server's tables, which ``allcue db upgrade`` brings up to date."""


class _Readiness:
    """Brings a file up to date, and sees that tables are those of this version; tells when that succeeds late."""

    def __init__(self) -> None:
        self._failed = False

    def __call__(self, database: Database) -> None:
        """Raises StoreUnavailable: it cannot be reached now; TablesTooOld: somebody has to upgrade a server first."""
        try:
            if not is_newest(database):
                self._bring_up(database)
        except StoreUnavailable:
            self._failed = True
            raise
        if self._failed:
            self._failed = False
            log.info("the store can be used")

    def _bring_up(self, database: Database) -> None:
        from service.store.schema import state, upgrade  # Alembic takes 9 MB, and is seldom needed

        if database.is_sqlite:
            upgrade(database)
        if not state(database).usable:
            raise TablesTooOld("the tables are not those of this version. Run: allcue db upgrade")
