"""Log lines on standard error: one JSON object a line, or text for a person who looks on.

Lines of the service hold no patient values by themselves. Here those of others are kept from it: of an exception only
its type and the places in the code are written, and of what a library says only the text in its source, without what it
would fill in.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeAlias

import orjson
from flask import g, has_app_context

from service import __version__
from service.hooks.lines import Line

OWN = ("allcue", "gunicorn")  # loggers whose lines are written whole
_FRAMES = 6
_ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def _own(name: str) -> bool:
    return name.partition(".")[0] in OWN


def _message(record: logging.LogRecord) -> str:
    """What a line says; without values where it is not known what they are."""
    if _own(record.name) or not record.args:
        return record.getMessage() if record.args else str(record.msg)
    return str(record.msg)


def _request_id() -> str | None:
    return g.get("request_id") if has_app_context() else None


def _places(found: Any) -> str:
    """The type of an exception and where it came from; never its text, which may quote what was read."""
    kind, _, places = found
    if kind is None:
        return ""
    frames = traceback.extract_tb(places)[-_FRAMES:]
    return f"{kind.__name__} at " + " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))


_about: dict[str, str] = {"version": __version__}  # logging is one for the process, and so is this


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told = record.args if isinstance(record.args, Line) else None
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": str(told.get("event", "")) if told is not None else _message(record),
            "request_id": _request_id(),
            **_about,
            "process": record.process,
        }
        if record.exc_info:
            found["exception"] = _places(record.exc_info)
        if told is not None:
            found.update(told)
        if found["request_id"] is None:
            del found["request_id"]
        return orjson.dumps(found, default=str).decode("utf-8", "replace")


class TextLines(logging.Formatter):
    """The time of day, the level unless it is usual, who says it, and what; members of a line as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        request = _request_id()
        told = isinstance(record.args, Line)
        shown = f" [{request}]" if request and not told else ""
        text = f"{at} {level}{record.name.removeprefix('allcue.')}{shown}: {record.getMessage() if told else _message(record)}"
        return f"{text} ({_places(record.exc_info)})" if record.exc_info else text

    def formatException(self, ei: _ExcInfo) -> str:
        """Not the text of it."""
        return _places(ei)


def form(wanted: str | None) -> str:
    """The format of lines: as wanted, else text on a terminal and JSON elsewhere."""
    return wanted or ("text" if sys.stderr.isatty() else "json")


def formatter(wanted: str | None) -> logging.Formatter:
    """What writes lines in a format."""
    return JsonLines() if form(wanted) == "json" else TextLines()


class _ToStderr(logging.StreamHandler[Any]):
    """Writes to what standard error is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, _: Any) -> None: ...


def log_to_stderr(wanted: str | None = None, level: str = "info") -> None:
    """Send log lines to standard error, once: those of the service from a level on, those of others from warnings on.

    Args:
        wanted: "json" or "text"; None: text on a terminal, JSON elsewhere.
        level: "debug", "info", "warning" or "error".
    """
    root, own = logging.getLogger(), logging.getLogger("allcue")
    for handler in list(root.handlers):
        if isinstance(handler, _ToStderr):
            root.removeHandler(handler)
    handler = _ToStderr()
    handler.setFormatter(formatter(wanted))
    root.addHandler(handler)
    own.setLevel(level.upper())


def tell_with_each_line(about: Mapping[str, str]) -> None:
    """Members of all lines from now on, such as the digest of the content that answers."""
    _about.update(about)
