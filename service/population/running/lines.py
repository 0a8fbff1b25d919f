"""The lines of an NDJSON file as resources, with flat memory: what cannot be one is told with its number and why.

Bulk Data Access 2.0, "File Formats": one resource a line, UTF-8. More is met in the wild and read: gzip, a byte order mark,
Windows line ends, empty lines, Bundles as lines.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

LONGEST = 16 * 1024 * 1024  # bytes of a line; a resource with an image inside stays far below
_BOM = b"\xef\xbb\xbf"
_MOST = 8  # Bundles in Bundles

TOO_LONG = "longer than 16 MiB"
NOT_UTF8 = "is not UTF-8"
NOT_JSON = "is not JSON"
NO_OBJECT = "is no JSON object"
NO_TYPE = "has no resourceType"
DAMAGED = "the file is damaged from here on: what follows could not be read"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file, from one byte to another; lines that begin within it belong to it. ``end`` None: the rest."""

    file: Path
    start: int = 0
    end: int | None = None


class Line(NamedTuple):
    """A resource of a line, or why it holds none."""

    number: int
    resource: Mapping[str, Any] | None
    raw: bytes
    problem: str | None = None


def spans(file: Path, size: int) -> list[Span]:
    """A file in parts of about so many bytes; a compressed one can only be read from its beginning."""
    length = file.stat().st_size
    if file.suffix == ".gz" or length <= size:
        return [Span(file)]
    return [Span(file, at, min(at + size, length)) for at in range(0, length, size)]


class Lines:
    """Every resource of a part of a file, and every line that holds none; numbered from 1 within the part.

    ``apart``: whether Bundles are taken apart. ``count``: lines seen so far, empty ones included.
    """

    def __init__(self, span: Span, *, apart: bool = True):
        self._span, self._apart = span, apart
        self.count = 0

    def __iter__(self) -> Iterator[Line]:
        try:
            with _opened(self._span) as stream:
                for raw in _raw_lines(stream, self._span):
                    self.count += 1
                    yield from _read(self.count, raw, apart=self._apart)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield Line(self.count + 1, None, b"", DAMAGED)


def _read(number: int, raw: bytes | None, *, apart: bool) -> Iterator[Line]:
    if raw is None:
        yield Line(number, None, b"", TOO_LONG)
        return
    if not raw:
        return
    try:
        found = orjson.loads(raw)
    except ValueError:
        yield Line(number, None, raw, NOT_JSON if _is_utf8(raw) else NOT_UTF8)
        return
    if not isinstance(found, dict):
        yield Line(number, None, raw, NO_OBJECT)
    elif not isinstance(found.get("resourceType"), str) or not found["resourceType"]:
        yield Line(number, None, raw, NO_TYPE)
    elif apart and found["resourceType"] == "Bundle":
        yield from _taken_apart(number, found, 0)
    else:
        yield Line(number, found, raw)


def _taken_apart(number: int, bundle: Mapping[str, Any], depth: int) -> Iterator[Line]:
    """The resources of a Bundle, which refer to each other by type and id afterwards."""
    entries = bundle.get("entry") or []
    if depth > _MOST or not isinstance(entries, list):
        yield Line(number, None, b"", "is a Bundle that cannot be read")
        return
    names: dict[str, str] = {}
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        url = entry.get("fullUrl") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and isinstance(url, str) and url.startswith("urn:"):
            own = resource.setdefault("id", url.rpartition(":")[2])
            names[url] = f"{resource.get('resourceType')}/{own}"
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            yield Line(number, None, b"", f"an entry of the Bundle {NO_TYPE}")
        elif resource["resourceType"] == "Bundle":
            yield from _taken_apart(number, resource, depth + 1)
        else:
            _rename(resource, names)
            yield Line(number, resource, orjson.dumps(resource))


def _rename(element: Any, names: Mapping[str, str]) -> None:
    """References by ``urn:uuid:`` to what stands in the same Bundle, told by type and id."""
    if not names:
        return
    for value in element.values() if isinstance(element, dict) else element:
        if isinstance(value, dict) and isinstance(target := value.get("reference"), str) and target in names:
            value["reference"] = names[target]
        if isinstance(value, dict | list):
            _rename(value, names)


@contextmanager
def _opened(span: Span) -> Iterator[IO[bytes]]:
    with span.file.open("rb") as plain:
        if span.file.suffix == ".gz":
            with gzip.GzipFile(fileobj=plain) as stream:
                yield stream  # type: ignore[misc]
        else:
            yield plain


def _raw_lines(stream: IO[bytes], span: Span) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long, of which no more than a piece is ever held."""
    at = span.start
    if at:
        stream.seek(at - 1)
        if stream.read(1) != b"\n":  # the line began in the part before
            at += _skipped(stream)
    while span.end is None or at < span.end:
        raw = stream.readline(LONGEST + 1)
        if not raw:
            return
        if not at:
            raw = raw.removeprefix(_BOM)
        at = stream.tell() if span.end is not None else 1
        if len(raw) > LONGEST and not raw.endswith(b"\n"):
            at += _skipped(stream)
            yield None
        else:
            yield raw.strip(b" \t\r\n")


def _skipped(stream: IO[bytes]) -> int:
    """Passes over the rest of a line; how many bytes that was."""
    count = 0
    while piece := stream.readline(LONGEST):
        count += len(piece)
        if piece.endswith(b"\n"):
            break
    return count


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
