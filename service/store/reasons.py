"""Why a database did not do something, in words that hold neither values nor credentials."""

from __future__ import annotations

# Of what PostgreSQL says where no connection comes about; its whole text names users, hosts and databases.
_SAID = (
    ("password authentication failed", "password refused"),
    ("no password supplied", "it asks for a password"),
    ("no pg_hba.conf entry", "this host or user may not connect"),
    ("the database system is", "starting or stopping"),
    ('role "', "no such user"),
    ('database "', "no such database"),
    ("failed to resolve host", "no host of this name"),
    ("Connection refused", "connection refused"),
    ("timeout", "no answer in time"),
    ("SSL", "no TLS as it was asked for"),
    ("No such file", "no socket there"),
)


def reason_of(error: BaseException) -> str:
    """The kind of an error, with its code where it has one and the reason where no connection came about.

    The text of an error is never given: it may quote the statement with its values.
    """
    own = getattr(error, "orig", None)
    cause = own if isinstance(own, BaseException) else error
    kind = type(cause).__name__
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    if isinstance(code, str):
        return f"{kind}, {code}"
    if kind in ("OperationalError", "ConnectionTimeout"):
        text = str(cause)
        words = next((words for mark, words in _SAID if mark in text), None)
        return f"{kind}, {words}" if words else kind
    return kind
