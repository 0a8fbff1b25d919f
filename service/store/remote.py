"""Redis, where token ids and the shares of clients are counted together by all processes of a service.

Nothing here waits long: an answer has a quarter of a second, and after a failure nobody asks for some seconds. The client
library is redis-py (``pip install 'allcue[redis]'``); the server may be Redis or Valkey.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from service.store.database import StoreUnavailable
from service.store.rest import REST_S, Rest

if TYPE_CHECKING:
    from redis.commands.core import Script

ANSWER_S = 0.25  # for a connection, and for an answer
PREFIX = "allcue:"
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_SCHEMES = ("redis", "rediss", "unix")


def read_redis(text: str) -> str:
    """The address of a Redis server, unchanged.

    Raises:
        ValueError: an address that cannot be used, or the package redis is not there. The address itself, which may
            hold a password, is not quoted.
    """
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES:
        raise ValueError(
            "must be like rediss://:PASSWORD@redis.example.org:6379/0, redis:// for a server without TLS, or "
            "unix:///run/redis/redis.sock"
        )
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is no number") from None
    if parts.scheme == "unix":
        if port is not None or parts.hostname or len(parts.path) < 2:
            raise ValueError("must name the socket from the root on: unix:///run/redis/redis.sock")
    elif not parts.hostname:
        raise ValueError(f"names no host: {parts.scheme}://redis.example.org:6379/0")
    elif parts.path not in ("", "/") and not parts.path[1:].isdecimal():
        raise ValueError("names a database that is no number: a path such as /0")
    _check_options(parts.scheme, parts.query)
    if find_spec("redis") is None:
        raise ValueError("needs the package redis: pip install 'allcue[redis]'")
    return text


def _check_options(scheme: str, query: str) -> None:
    allowed = {"redis": (), "rediss": _FILES, "unix": ("db",)}[scheme]
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in allowed:  # above all nothing that turns the check of certificates off
            raise ValueError(f"has the option {name:.40}. Allowed with {scheme}: {', '.join(allowed) or 'none'}")
        if name in _FILES and not Path(value).is_file():
            raise ValueError(f"has {name}: no such file")
        if name == "db" and not value.isdecimal():
            raise ValueError("has a db that is no number")


class RedisServer:
    """One server that threads may share and that survives a fork: each process has connections of its own."""

    def __init__(self, url: str, seconds: float = ANSWER_S, rest: float = REST_S):
        """Nothing is opened yet.

        Args:
            seconds: for a connection, and for an answer.
            rest: seconds without asking after a failure.

        Raises:
            ValueError: an address that cannot be used.
        """
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._client = redis.Redis.from_url(
            read_redis(url),
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            # A connection that a restarted server closed is made anew at once; what hangs is not asked twice.
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
            protocol=2,  # spoken by every version, and by proxies
            client_name="allcue",
        )
        self._error: type[Exception] = redis.RedisError
        self._rest = Rest("Redis", rest)

    def script(self, text: str) -> Script:
        """A script to be run by `run`, as a whole or not at all."""
        return self._client.register_script(text)

    def run(self, script: Script, key: str, *values: str | float) -> Any:
        """Run a script for one key.

        Raises:
            StoreUnavailable: no answer, or one that says why not.
        """
        with self._rest.around():
            try:
                return script(keys=[PREFIX + key], args=list(values))
            except (self._error, OSError) as error:  # their text may hold what was sent
                raise StoreUnavailable(f"Redis did not do it ({type(error).__name__})") from None

    def close(self) -> None:
        """Close the connections of this process."""
        self._client.close()
