"""Settings, read once from environment variables named ALLCUE_*."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from service import variables as read
from service.hooks.again import KEPT_BYTES
from service.hooks.fhir_access import Limits
from service.hooks.limits import BodyLimits
from service.hooks.profiles import DEFAULT_PROFILE, profiles
from service.hooks.servers import AllowedServers, is_loopback
from service.services import HOOK_NAMES
from service.variables import Variables

REGIONS = ("US", "EU")
SEARCHES = ("get", "post")
SWITCH = ("on", "off")
LOG_FORMATS = ("json", "text")
LOG_LEVELS = ("debug", "info", "warning", "error")
RATE = 50.0  # calls a second of one client, beyond this machine
CARE_SETTINGS = ("adult-oncology", "pediatric-oncology")


class SettingsError(ValueError):
    """Settings that must not be served. The message names each variable and what it may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one service is run.

    ``open_mode``: whether calls are answered without checking who calls; None: only if nothing else is configured
    and the service listens on this machine alone. ``max_body``: bytes. ``as_of``: a fixed day of judgement, for
    demonstrations. ``region``, ``care_setting``, ``cards_dir``: None leaves it to the content.
    ``body``: what a body may hold. ``remembered``: bytes of charts and answers that each process keeps in memory, to give the
    same answer to the same input; 0 for none. ``time_limit``: seconds for one answer; ``request_limit``: for one request to arrive.
    ``rate_limit``: calls a second of one client, 0 for any number; None: no limit on this machine alone, else
    RATE. ``rate_burst``: calls at once; None: four seconds of them. ``proxies``: how many proxies stand before the service and tell the caller's address.
    ``site_content``: folder with content of the site's own. ``cache_dir``: where checked content is kept compiled; None for
    nowhere. ``hooks``: those that are served.
    ``database_url``: where feedback and traces are kept; empty for nowhere, then there is no feedback endpoint.
    ``redis_url``: where token ids and rate limits are shared, in place of the database; empty for nowhere.
    ``site_secret``: with which patients are hashed; without it nothing is suppressed. ``trace_days``: how long traces
    are kept. ``suppress_days``: how long a justified override silences the same advice; 0 for never.
    ``keep_comments``: whether the words of clinicians are kept, which may name the patient. ``prefetch_file``: prefetch
    templates of the site's own.
    ``smart_file``: FHIR servers that the SMART app is registered with; ``smart_frames``: origins of EHRs that may show its
    pages in a frame.
    ``demo``: whether the demo page is served; None: only where nobody but this machine can call.
    ``metrics``: whether GET /metrics is there; ``metrics_token``: with which it is asked for, empty: from private networks only.
    ``log_format``: "json" or "text"; None: text on a terminal, JSON elsewhere. ``log_level``: from which on lines are written.
    ``profile``: what answers look like for clients that are registered with none of their own. ``link_hosts``: hosts
    that links may lead to where a profile limits them.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    public_base_url: str = ""
    open_mode: bool | None = None
    clients_file: Path | None = None
    fhir_servers: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] | None = None
    max_body: int = 10_000_000
    body: BodyLimits = field(default_factory=BodyLimits)
    remembered: int = KEPT_BYTES
    time_limit: float = 10.0
    request_limit: float = 10.0
    rate_limit: float | None = None
    rate_burst: int | None = None
    proxies: int = 0
    cards_dir: Path | None = None
    site_content: Path | None = None
    cache_dir: Path | None = None
    region: str | None = None
    care_setting: str | None = None
    as_of: date | None = None
    hooks: tuple[str, ...] = HOOK_NAMES
    prefetch_file: Path | None = None
    profile: str = DEFAULT_PROFILE
    smart_file: Path | None = None
    smart_frames: tuple[str, ...] = ()
    link_hosts: tuple[str, ...] = ()
    fhir: Limits = field(default_factory=Limits)
    database_url: str = field(default="", repr=False)  # it may hold a password
    redis_url: str = field(default="", repr=False)  # as above
    site_secret: str = field(default="", repr=False)
    trace_days: int = 365
    suppress_days: int = 7
    keep_comments: bool = False
    demo: bool | None = None
    metrics: bool = True
    metrics_token: str = field(default="", repr=False)
    log_format: str | None = None
    log_level: str = "info"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read ALLCUE_* from a mapping such as ``os.environ``; an empty variable counts as not set.

        Raises:
            SettingsError: everything wrong at once, unknown ALLCUE_* names included.
        """
        variables = Variables(environ)
        default = cls()
        found = cls(
            host=variables.get("HOST", str, default.host),
            port=variables.get("PORT", read.between(1, 65535), default.port),
            public_base_url=variables.get("PUBLIC_BASE_URL", read.base_url, default.public_base_url),
            open_mode=variables.get("OPEN", read.yes_or_no, None),
            clients_file=variables.get("CLIENTS_FILE", read.file, None),
            fhir_servers=variables.get("FHIR_SERVERS", read.servers, ()),
            cors_origins=variables.get("CORS_ORIGINS", read.words, None),
            body=_body_limits(variables, default.body),
            remembered=variables.get("REMEMBERED_BYTES", read.count, default.remembered),
            time_limit=variables.get("TIME_LIMIT_S", read.seconds, default.time_limit),
            request_limit=variables.get("REQUEST_LIMIT_S", read.seconds, default.request_limit),
            rate_limit=variables.get("RATE_LIMIT", read.rate, None),
            rate_burst=variables.get("RATE_BURST", read.positive, None),
            proxies=variables.get("PROXIES", read.between(0, 10), 0),
            max_body=variables.get("MAX_BODY_BYTES", read.positive, default.max_body),
            cards_dir=variables.get("CARDS_DIR", read.folder, None),
            site_content=variables.get("SITE_CONTENT", read.folder, None),
            cache_dir=variables.get("CACHE_DIR", read.cache, default_cache(environ)),
            region=variables.get("REGION", read.one_of(REGIONS), None),
            care_setting=variables.get("CARE_SETTING", read.one_of(CARE_SETTINGS), None),
            as_of=variables.get("AS_OF", read.day, None),
            hooks=variables.get("HOOKS", read.hooks, default.hooks),
            prefetch_file=variables.get("PREFETCH_FILE", read.file, None),
            profile=variables.get("PROFILE", read.one_of(tuple(profiles())), default.profile),
            link_hosts=variables.get("LINK_HOSTS", read.hosts, ()),
            fhir=_fhir_limits(variables, default.fhir),
            database_url=variables.get("DATABASE_URL", read.database, default_database(environ), secret=True),
            redis_url=variables.get("REDIS_URL", read.redis, "", secret=True),
            site_secret=variables.get("SITE_SECRET", read.secret, "", secret=True),
            trace_days=variables.get("TRACE_DAYS", read.between(1, 36_500), default.trace_days),
            suppress_days=variables.get("SUPPRESS_DAYS", read.between(0, 3650), default.suppress_days),
            keep_comments=variables.get("KEEP_COMMENTS", read.yes_or_no, default.keep_comments),
            smart_file=variables.get("SMART_FILE", read.file, None),
            smart_frames=variables.get("SMART_FRAMES", read.frames, ()),
            demo=variables.get("DEMO", read.yes_or_no, None),
            metrics=variables.get("METRICS", read.one_of(SWITCH), "on") == "on",
            metrics_token=variables.get("METRICS_TOKEN", read.secret, "", secret=True),
            log_format=variables.get("LOG_FORMAT", read.one_of(LOG_FORMATS), None),
            log_level=variables.get("LOG_LEVEL", read.one_of(LOG_LEVELS), default.log_level),
        )
        if problems := variables.problems():
            raise SettingsError("\n".join(problems))
        return found

    @property
    def is_open(self) -> bool:
        """Whether calls are answered without checking who calls."""
        if self.open_mode is not None:
            return self.open_mode
        return self.clients_file is None and is_loopback(self.host)

    @property
    def local_only(self) -> bool:
        """Open for no other reason than listening on this machine: then other callers are refused."""
        return self.is_open and self.open_mode is None

    @property
    def shows_demo(self) -> bool:
        """Whether the demo page is served."""
        return self.local_only if self.demo is None else self.demo

    @property
    def rate(self) -> float:
        """Calls a second that one client may make; 0 for any number."""
        if self.rate_limit is not None:
            return self.rate_limit
        return 0.0 if self.local_only else RATE

    @property
    def burst(self) -> int:
        """Calls that one client may make at once."""
        return self.rate_burst if self.rate_burst is not None else max(1, math.ceil(4 * self.rate))

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins of browser clients; all in open mode unless set otherwise."""
        if self.cors_origins is not None:
            return self.cors_origins
        return ("*",) if self.is_open else ()

    @property
    def servers(self) -> AllowedServers:
        """FHIR servers that may be read; also one on this machine, where nobody else can name it."""
        return AllowedServers.of(self.fhir_servers, open_loopback=self.local_only)


def default_database(environ: Mapping[str, str]) -> str:
    """A file in the folder for state of the user that runs the service (XDG Base Directory Specification); empty for
    a user without a home."""
    state, home = Path(environ.get("XDG_STATE_HOME", "")), Path(environ.get("HOME", ""))
    folder = state if state.is_absolute() else home / ".local" / "state"
    return f"sqlite:///{folder / 'allcue' / 'allcue.db'}" if folder.is_absolute() else ""


def default_cache(environ: Mapping[str, str]) -> Path | None:
    """The folder for what can be made anew of the user that runs the service (XDG Base Directory Specification); None for a
    user without a home."""
    cache, home = Path(environ.get("XDG_CACHE_HOME", "")), Path(environ.get("HOME", ""))
    folder = cache if cache.is_absolute() else home / ".cache"
    return folder / "allcue" if folder.is_absolute() else None


def _fhir_limits(variables: Variables, default: Limits) -> Limits:
    return Limits(
        deadline=variables.get("FHIR_DEADLINE_S", read.seconds, default.deadline),
        timeout=variables.get("FHIR_TIMEOUT_S", read.seconds, default.timeout),
        max_pages=variables.get("FHIR_MAX_PAGES", read.positive, default.max_pages),
        max_bytes=variables.get("FHIR_MAX_BYTES", read.positive, default.max_bytes),
        page_size=variables.get("FHIR_PAGE_SIZE", read.count, default.page_size),
        verify=variables.get("FHIR_CA_FILE", read.ca_file, default.verify),
        post=variables.get("FHIR_SEARCH", read.one_of(SEARCHES), "get") == "post",
        networks=variables.get("FHIR_NETWORKS", read.networks, default.networks),
    )


def _body_limits(variables: Variables, default: BodyLimits) -> BodyLimits:
    return BodyLimits(
        depth=variables.get("MAX_DEPTH", read.between(10, 200), default.depth),  # answers are written by recursion
        nodes=variables.get("MAX_NODES", read.positive, default.nodes),
        resources=variables.get("MAX_RESOURCES", read.positive, default.resources),
        entries=variables.get("MAX_ENTRIES", read.positive, default.entries),
        string=variables.get("MAX_STRING", read.positive, default.string),
    )
