"""Settings, read once from environment variables named ALLCUE_*."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from service.hooks.connections import Reachable
from service.hooks.fhir_access import Limits
from service.hooks.limits import BodyLimits
from service.hooks.profiles import DEFAULT_PROFILE, profiles
from service.hooks.servers import AllowedServers, is_loopback, parse_base
from service.services import HOOK_NAMES
from service.store.database import read_url
from service.store.secret import Pseudonyms

T = TypeVar("T")
REGIONS = ("US", "EU")
SEARCHES = ("get", "post")
RATE = 50.0  # calls a second of one client and process, beyond this machine
CARE_SETTINGS = ("adult-oncology", "pediatric-oncology")


class SettingsError(ValueError):
    """Settings that must not be served. The message names each variable and what it may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one service is run.

    ``open_mode``: whether calls are answered without checking who calls; None: only if nothing else is configured
    and the service listens on this machine alone. ``max_body``: bytes. ``as_of``: a fixed day of judgement, for
    demonstrations. ``region``, ``care_setting``, ``cards_dir``: None leaves it to the content.
    ``body``: what a body may hold. ``time_limit``: seconds for one answer; ``request_limit``: for one request to arrive. ``rate_limit``: calls a second of one client and
    process, 0 for any number; None: no limit on this machine alone, else RATE. ``rate_burst``: calls at once; None:
    four seconds of them. ``proxies``: how many proxies stand before the service and tell the caller's address.
    ``site_content``: folder with content of the site's own. ``hooks``: those that are served.
    ``database_url``: where feedback and traces are kept; empty for nowhere, then there is no feedback endpoint.
    ``site_secret``: with which patients are hashed; without it nothing is suppressed. ``trace_days``: how long traces
    are kept. ``suppress_days``: how long a justified override silences the same advice; 0 for never.
    ``keep_comments``: whether the words of clinicians are kept, which may name the patient. ``prefetch_file``: prefetch
    templates of the site's own.
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
    time_limit: float = 10.0
    request_limit: float = 10.0
    rate_limit: float | None = None
    rate_burst: int | None = None
    proxies: int = 0
    cards_dir: Path | None = None
    site_content: Path | None = None
    region: str | None = None
    care_setting: str | None = None
    as_of: date | None = None
    hooks: tuple[str, ...] = HOOK_NAMES
    prefetch_file: Path | None = None
    profile: str = DEFAULT_PROFILE
    link_hosts: tuple[str, ...] = ()
    fhir: Limits = field(default_factory=Limits)
    database_url: str = field(default="", repr=False)  # it may hold a password
    site_secret: str = field(default="", repr=False)
    trace_days: int = 365
    suppress_days: int = 7
    keep_comments: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read ALLCUE_* from a mapping such as ``os.environ``; an empty variable counts as not set.

        Raises:
            SettingsError: everything wrong at once, unknown ALLCUE_* names included.
        """
        reader = _Reader(environ)
        default = cls()
        limits = Limits(
            deadline=reader.get("FHIR_DEADLINE_S", _seconds, default.fhir.deadline),
            timeout=reader.get("FHIR_TIMEOUT_S", _seconds, default.fhir.timeout),
            max_pages=reader.get("FHIR_MAX_PAGES", _positive, default.fhir.max_pages),
            max_bytes=reader.get("FHIR_MAX_BYTES", _positive, default.fhir.max_bytes),
            page_size=reader.get("FHIR_PAGE_SIZE", _count, default.fhir.page_size),
            verify=reader.get("FHIR_CA_FILE", _ca_file, default.fhir.verify),
            post=reader.get("FHIR_SEARCH", _one_of(SEARCHES), "get") == "post",
            networks=reader.get("FHIR_NETWORKS", _networks, default.fhir.networks),
        )
        found = cls(
            host=reader.get("HOST", str, default.host),
            port=reader.get("PORT", _port, default.port),
            public_base_url=reader.get("PUBLIC_BASE_URL", _base_url, default.public_base_url),
            open_mode=reader.get("OPEN", _yes_or_no, None),
            clients_file=reader.get("CLIENTS_FILE", _file, None),
            fhir_servers=reader.get("FHIR_SERVERS", _servers, ()),
            cors_origins=reader.get("CORS_ORIGINS", _words, None),
            body=BodyLimits(
                depth=reader.get("MAX_DEPTH", _depth, default.body.depth),
                nodes=reader.get("MAX_NODES", _positive, default.body.nodes),
                resources=reader.get("MAX_RESOURCES", _positive, default.body.resources),
                entries=reader.get("MAX_ENTRIES", _positive, default.body.entries),
                string=reader.get("MAX_STRING", _positive, default.body.string),
            ),
            time_limit=reader.get("TIME_LIMIT_S", _seconds, default.time_limit),
            request_limit=reader.get("REQUEST_LIMIT_S", _seconds, default.request_limit),
            rate_limit=reader.get("RATE_LIMIT", _rate, None),
            rate_burst=reader.get("RATE_BURST", _positive, None),
            proxies=reader.get("PROXIES", _proxies, 0),
            max_body=reader.get("MAX_BODY_BYTES", _positive, default.max_body),
            cards_dir=reader.get("CARDS_DIR", _folder, None),
            site_content=reader.get("SITE_CONTENT", _folder, None),
            region=reader.get("REGION", _one_of(REGIONS), None),
            care_setting=reader.get("CARE_SETTING", _one_of(CARE_SETTINGS), None),
            as_of=reader.get("AS_OF", _day, None),
            hooks=reader.get("HOOKS", _hooks, default.hooks),
            prefetch_file=reader.get("PREFETCH_FILE", _file, None),
            profile=reader.get("PROFILE", _one_of(tuple(profiles())), default.profile),
            link_hosts=reader.get("LINK_HOSTS", _hosts, ()),
            fhir=limits,
            database_url=reader.get("DATABASE_URL", _database, default_database(environ), secret=True),
            site_secret=reader.get("SITE_SECRET", _secret, "", secret=True),
            trace_days=reader.get("TRACE_DAYS", _positive, default.trace_days),
            suppress_days=reader.get("SUPPRESS_DAYS", _count, default.suppress_days),
            keep_comments=reader.get("KEEP_COMMENTS", _yes_or_no, default.keep_comments),
        )
        reader.finish()
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
    def rate(self) -> float:
        """Calls a second that one client may make of one process; 0 for any number."""
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


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]):
        named = {name: value.strip() for name, value in environ.items() if name.startswith("ALLCUE_")}
        self._environ = {name: value for name, value in named.items() if not _is_linked(name, value)}
        self._asked: list[str] = []
        self._problems: list[str] = []

    def get(self, name: str, read: Callable[[str], T], default: Any, *, secret: bool = False) -> Any:
        """One variable; the default where it is not set or not usable. The value of a secret one is not told."""
        variable = f"ALLCUE_{name}"
        self._asked.append(variable)
        value = self._environ.get(variable, "")
        if not value:
            return default
        try:
            return read(value)
        except ValueError as error:
            self._problems.append(f"{variable}: {error}" if secret else f"{variable}={value!r}: {error}")
            return default

    def finish(self) -> None:
        for name in sorted(set(self._environ) - set(self._asked)):
            self._problems.append(f"{name}: no such setting. Allowed: {', '.join(sorted(self._asked))}")
        if self._problems:
            raise SettingsError("\n".join(self._problems))


def _is_linked(name: str, value: str) -> bool:
    """Whether Kubernetes set the variable, as it does in every container beside a service that is named allcue."""
    return name.startswith(("ALLCUE_SERVICE_", "ALLCUE_PORT_")) or (name == "ALLCUE_PORT" and "://" in value)


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ValueError("must be a whole number above 0")
    return int(value)


def _count(value: str) -> int:
    if not value.isdecimal():
        raise ValueError("must be a whole number, 0 or above")
    return int(value)


def _proxies(value: str) -> int:
    if not value.isdecimal() or int(value) > 10:
        raise ValueError("must be a whole number from 0 to 10")
    return int(value)


def default_database(environ: Mapping[str, str]) -> str:
    """A file in the folder for state of the user that runs the service (XDG Base Directory Specification); empty for
    a user without a home."""
    state, home = Path(environ.get("XDG_STATE_HOME", "")), Path(environ.get("HOME", ""))
    folder = state if state.is_absolute() else home / ".local" / "state"
    return f"sqlite:///{folder / 'allcue' / 'allcue.db'}" if folder.is_absolute() else ""


def _database(value: str) -> str:
    if value.lower() == "none":
        return ""
    read_url(value)
    return value


def _secret(value: str) -> str:
    Pseudonyms(value)
    return value


def _depth(value: str) -> int:
    if not value.isdecimal() or not 10 <= int(value) <= 200:
        raise ValueError("must be a whole number from 10 to 200")  # answers are written by recursion
    return int(value)


def _rate(value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1_000_000:
        raise ValueError("must be calls a second, such as 50 or 0.5; 0 for any number")
    return rate


def _port(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise ValueError("must be a port from 1 to 65535")
    return int(value)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise ValueError("must be seconds, above 0 and at most 60")
    return seconds


def _yes_or_no(value: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in known:
        raise ValueError("must be 1 or 0")
    return known[value.lower()]


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date, such as 2025-06-30") from None


def _base_url(value: str) -> str:
    if parse_base(value) is None:
        raise ValueError("must be the public http(s) address, such as https://cds.example.org/allcue")
    return value.rstrip("/")


def _words(value: str) -> tuple[str, ...]:
    return tuple(value.replace(",", " ").split())


def _hooks(value: str) -> tuple[str, ...]:
    named = _words(value)
    unknown = [name for name in named if name not in HOOK_NAMES]
    if unknown or not named:
        which = f"not served: {', '.join(unknown)}" if unknown else "names no hook"
        raise ValueError(f"{which}. Allowed, parted by blanks or commas: {', '.join(HOOK_NAMES)}")
    return tuple(name for name in HOOK_NAMES if name in named)


def _hosts(value: str) -> tuple[str, ...]:
    named = tuple(name.lower() for name in _words(value))
    if any("/" in name or ":" in name or not name for name in named):
        raise ValueError("must be names of hosts, such as www.nccn.org, parted by blanks or commas")
    return named


def _servers(value: str) -> tuple[str, ...]:
    urls = _words(value)
    AllowedServers.of(urls)
    return urls


def _networks(value: str) -> tuple[str, ...]:
    networks = _words(value)
    Reachable.of(networks)
    return networks


def _file(value: str) -> Path:
    if not Path(value).is_file():
        raise ValueError("no such file")
    return Path(value)


def _ca_file(value: str) -> str:
    return str(_file(value))


def _folder(value: str) -> Path:
    if not Path(value).is_dir():
        raise ValueError("no such folder")
    return Path(value)


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return read
