"""Environment variables, and how the value of each kind is read: a reader gives the value or raises ValueError with what
it must be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from service.hooks.connections import Reachable
from service.hooks.servers import AllowedServers, parse_base
from service.services import HOOK_NAMES
from service.store.database import read_url
from service.store.remote import read_redis
from service.store.secret import Pseudonyms

T = TypeVar("T")
SECRET_BYTES = 64 * 1024  # of a file that holds a secret: more is no address, password or key


class Variables:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]):
        named = {name: value.strip() for name, value in environ.items() if name.startswith("ALLCUE_")}
        self._environ = {name: value for name, value in named.items() if not _is_linked(name, value)}
        self._asked: list[str] = []
        self._problems: list[str] = []

    def get(self, name: str, read: Callable[[str], T], default: Any, *, secret: bool = False) -> Any:
        """One variable; the default where it is not set or not usable.

        Args:
            secret: its value is not told, and ``ALLCUE_<name>_FILE`` may name a file that holds it, as containers,
                Kubernetes and systemd hand secrets over.
        """
        variable = f"ALLCUE_{name}"
        self._asked.append(variable)
        value = self._environ.get(variable, "")
        if secret:
            variable, value = self._held(variable, value)
        if not value:
            return default
        try:
            return read(value)
        except ValueError as error:
            self._problems.append(f"{variable}: {error}" if secret else f"{variable}={value!r}: {error}")
            return default

    def _held(self, variable: str, value: str) -> tuple[str, str]:
        """The value of a secret one, and the name of the variable that gave it; empty where there is none."""
        by_file = f"{variable}_FILE"
        self._asked.append(by_file)
        path = self._environ.get(by_file, "")
        if not path:
            return variable, value
        if value:
            self._problems.append(f"{variable} and {by_file} are both set. Allowed: one of them")
            return variable, ""
        try:
            return by_file, held(path)
        except ValueError as error:
            self._problems.append(f"{by_file}={path!r}: {error}")
            return by_file, ""

    def problems(self) -> list[str]:
        """Everything wrong, once all that there are were asked for: unknown names too."""
        unknown = sorted(set(self._environ) - set(self._asked))
        allowed = ", ".join(sorted(self._asked))
        return [*self._problems, *(f"{name}: no such setting. Allowed: {allowed}" for name in unknown)]


def _is_linked(name: str, value: str) -> bool:
    """Whether Kubernetes set the variable, as it does in every container beside a service that is named allcue."""
    return name.startswith(("ALLCUE_SERVICE_", "ALLCUE_PORT_")) or (name == "ALLCUE_PORT" and "://" in value)


def held(path: str) -> str:
    """What a file with a secret holds, without blanks and line ends around it.

    Raises:
        ValueError: no such file, not to be read, or not one line of text; says nothing of what is in it.
    """
    try:
        with Path(path).open("rb") as file:
            found = file.read(SECRET_BYTES + 1)
    except FileNotFoundError:
        raise ValueError("no such file") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    try:
        text = found.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ValueError("must hold text in UTF-8") from None
    if not text:
        raise ValueError("is empty; it must hold the value, on one line")
    if len(found) > SECRET_BYTES or not text.isprintable():
        raise ValueError("must hold the value alone, on one line")
    return text


def positive(value: str) -> int:
    """A whole number above 0."""
    if not value.isdecimal() or int(value) < 1:
        raise ValueError("must be a whole number above 0")
    return int(value)


def count(value: str) -> int:
    """A whole number, 0 for none."""
    if not value.isdecimal():
        raise ValueError("must be a whole number, 0 or above")
    return int(value)


def database(value: str) -> str:
    """The address of a database; empty for ``none``."""
    if value.lower() == "none":
        return ""
    read_url(value)
    return value


def redis(value: str) -> str:
    """The address of a Redis server."""
    return read_redis(value)


def secret(value: str) -> str:
    """A secret that is long enough to be one."""
    Pseudonyms(value)
    return value


def rate(value: str) -> float:
    """Calls a second, 0 for any number."""
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1_000_000:
        raise ValueError("must be calls a second, such as 50 or 0.5; 0 for any number")
    return found


def between(least: int, most: int) -> Callable[[str], int]:
    """Whole numbers of a range, its ends included."""

    def read(value: str) -> int:
        if not value.isdecimal() or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return read


def seconds(value: str) -> float:
    """Up to a minute."""
    try:
        found = float(value)
    except ValueError:
        found = 0.0
    if not 0 < found <= 60:
        raise ValueError("must be seconds, above 0 and at most 60")
    return found


def yes_or_no(value: str) -> bool:
    """1 or 0, or a word for it."""
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if value.lower() not in known:
        raise ValueError("must be 1 or 0")
    return known[value.lower()]


def day(value: str) -> date:
    """A date of ISO 8601."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a date, such as 2025-06-30") from None


def base_url(value: str) -> str:
    """An http(s) address, without a slash at its end."""
    if parse_base(value) is None:
        raise ValueError("must be the public http(s) address, such as https://cds.example.org/allcue")
    return value.rstrip("/")


def words(value: str) -> tuple[str, ...]:
    """What is parted by blanks or commas."""
    return tuple(value.replace(",", " ").split())


def hooks(value: str) -> tuple[str, ...]:
    """Names of hooks that can be served, in their usual order."""
    named = words(value)
    unknown = [name for name in named if name not in HOOK_NAMES]
    if unknown or not named:
        which = f"not served: {', '.join(unknown)}" if unknown else "names no hook"
        raise ValueError(f"{which}. Allowed, parted by blanks or commas: {', '.join(HOOK_NAMES)}")
    return tuple(name for name in HOOK_NAMES if name in named)


def hosts(value: str) -> tuple[str, ...]:
    """Names of hosts in small letters, without scheme, port and path."""
    named = tuple(name.lower() for name in words(value))
    if any("/" in name or ":" in name or not name for name in named):
        raise ValueError("must be names of hosts, such as www.nccn.org, parted by blanks or commas")
    return named


def frames(value: str) -> tuple[str, ...]:
    """Origins that may show pages in a frame (CSP ``frame-ancestors``); a name may begin with ``*.``."""
    named = words(value)
    for name in named:
        base = parse_base(name.replace("://*.", "://any.", 1).rstrip("/"))
        if base is None or base.path or (base.scheme != "https" and not base.loopback):
            raise ValueError(
                "must be origins, such as https://ehr.example.org, or https://*.example.org for all below it"
            )
    return tuple(name.rstrip("/") for name in named)


def servers(value: str) -> tuple[str, ...]:
    """Addresses of FHIR servers."""
    urls = words(value)
    AllowedServers.of(urls)
    return urls


def networks(value: str) -> tuple[str, ...]:
    """Networks that may be reached, such as 10.0.0.0/8."""
    named = words(value)
    Reachable.of(named)
    return named


def file(value: str) -> Path:
    """A file that is there."""
    if not Path(value).is_file():
        raise ValueError("no such file")
    return Path(value)


def ca_file(value: str) -> str:
    """The same, as the HTTP library takes it."""
    return str(file(value))


def folder(value: str) -> Path:
    """A folder that is there."""
    if not Path(value).is_dir():
        raise ValueError("no such folder")
    return Path(value)


def cache(value: str) -> Path | None:
    """A folder that is made when something is kept in it; None for ``none``."""
    if value.lower() == "none":
        return None
    if not Path(value).is_absolute() or (Path(value).exists() and not Path(value).is_dir()):
        raise ValueError("must be the path of a folder from the root on, or none")
    return Path(value)


def one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    """One of some words."""

    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return read
