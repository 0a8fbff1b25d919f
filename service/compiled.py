"""Checked content kept in a file, so that the next start reads that one instead of all its YAML.

The name of the file is the hash of all that it depends on: every text of the content, the site's too, the version of
Allcue, the code that reads content and defines its classes, and the versions of Python and of the library of the shapes.
A file of that name is therefore never stale. It is a pickle, which makes it code: it is read only if nobody but this
user or root could have written it, and only classes of content are taken from it. Whatever is wrong with it, the YAML is
read instead.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import pydantic

from service import __version__
from service.rules.packing import Unreadable, packed, unpacked
from service.rules.rule import Content

log = logging.getLogger("allcue.content")
_FORMAT = b"allcue content 1\n"
_SUM = hashlib.sha256().digest_size
_NAME, _ENDING = "content-", ".compiled"
_KEPT = 8  # files in one folder; the others of them that were used longest ago are removed
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_CODE = ("rules", "facts", "record")  # packages that decide what a text of content becomes


class _Untrusted(Exception):
    """A file or folder that others can write to."""


def key_of(files: Iterable[tuple[str, bytes]], site: Iterable[tuple[str, bytes]] | None = None) -> str | None:
    """The name of content as read by this installation; None where its code cannot be seen, as in an archive.

    Args:
        files: path and SHA-256 of each file of the content.
        site: the same of a site's; None where there is no such folder.
    """
    code = _code()
    if code is None:
        return None
    total = hashlib.sha256(code)
    for folder, found in (("content", files), ("site", site)):
        total.update(f"{folder} {found is not None}\0".encode())
        for path, digest in sorted(found or ()):
            total.update(f"{path}\0".encode("utf-8", "surrogateescape") + digest)
    return total.hexdigest()


@lru_cache(maxsize=1)
def _code() -> bytes | None:
    """The hash of what reads content: code, versions."""
    here = Path(__file__).resolve().parent
    versions = (_FORMAT.decode(), __version__, sys.implementation.cache_tag, sys.version, pydantic.VERSION)
    total = hashlib.sha256(repr(versions).encode())
    files = [file for part in _CODE for file in sorted((here / part).rglob("*.py"))]
    if not files:
        return None
    for file in files:
        total.update(f"{file.relative_to(here).as_posix()}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.digest()


def read(folder: Path, key: str) -> Content | None:
    """The content of that key; None, with a line in the log if that is not to be expected, where it must be read anew."""
    try:
        with _opened(folder) as place:
            data = _read(place, key)
        content = unpacked(data)
        if isinstance(content, Content):
            return content
        raise Unreadable("no content")
    except FileNotFoundError:
        return None
    except (OSError, Unreadable, _Untrusted) as problem:
        log.warning("compiled content in %s is not used, the YAML is read: %s", folder, _say(problem))
        return None


def write(folder: Path, key: str, content: Content) -> Path:
    """Keep content, whole or not at all; older files beyond a few are removed.

    Raises:
        OSError: it cannot be written there, or others could write there: then it would not be read either.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    data = packed(content)
    name, passing = _file(key), f".{_file(key)}.{os.getpid()}"
    try:
        with _opened(folder) as place:
            _write(place, passing, _FORMAT + hashlib.sha256(data).digest() + data)
            os.replace(passing, name, src_dir_fd=place, dst_dir_fd=place)
            _tidy(place)
    except _Untrusted as problem:
        raise PermissionError(str(problem)) from None
    return folder / name


def keep(folder: Path, key: str, content: Content) -> None:
    """The same where nothing depends on it: a file system that cannot be written to costs a line in the log."""
    try:
        write(folder, key, content)
    except OSError as problem:
        log.info("content is not kept compiled in %s: %s", folder, _say(problem))


def _file(key: str) -> str:
    return f"{_NAME}{key}{_ENDING}"


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The folder, held open so that it cannot be exchanged. Raises OSError, _Untrusted."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _trust(os.fstat(place), "the folder")
        yield place
    finally:
        os.close(place)


def _trust(found: os.stat_result, what: str) -> None:
    if found.st_uid not in (0, os.geteuid()):
        raise _Untrusted(f"{what} belongs to another user")
    if found.st_mode & _OTHERS_WRITE:
        raise _Untrusted(f"others can write to {what}")


def _read(place: int, key: str) -> bytes:
    with os.fdopen(os.open(_file(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _Untrusted("it is no file")
        _trust(found, "the file")
        head = file.read(len(_FORMAT) + _SUM)
        data = file.read()
        if head != _FORMAT + hashlib.sha256(data).digest():
            raise Unreadable("the file is damaged")
        with suppress(OSError):  # the time of last use, for tidying
            os.utime(file.fileno())
        return data


def _write(place: int, name: str, data: bytes) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=place)  # left by a process of that number that was ended while it wrote
    try:
        with os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=place), "wb") as file:
            os.fchmod(file.fileno(), 0o644)  # whatever the umask: an image is made by root and used by another
            file.write(data)
    except OSError:
        with suppress(OSError):
            os.unlink(name, dir_fd=place)
        raise


def _tidy(place: int) -> None:
    """Remove what was not used for longest, beyond a few. Another process may do the same now."""
    found = []
    for name in os.listdir(place):
        if name.startswith(_NAME) and name.endswith(_ENDING):
            with suppress(OSError):
                found.append((os.stat(name, dir_fd=place, follow_symlinks=False).st_mtime_ns, name))
    for _, name in sorted(found, reverse=True)[_KEPT:]:
        with suppress(OSError):
            os.unlink(name, dir_fd=place)


def _say(problem: Exception) -> str:
    """What is wrong, without a path that may be long."""
    return problem.strerror or str(problem) if isinstance(problem, OSError) else str(problem)
