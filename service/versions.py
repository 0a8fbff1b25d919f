"""Which content a folder holds: its semantic version, and the digest that traces carry. Told without loading the rules.

The version of the code is `service.__version__`. The content has one of its own, since clinicians sign it off by
itself: ``releases.json`` in the content folder names it, and for each release the digest and the day. A version with a
suffix (``1.3.0-dev``) is none that was released, and may change; docs/releases.md has the rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from service.contentfiles import PACKAGED, NoContent, content_files, site_files
from service.rules.digest import digest as digest_of

FILE = "releases.json"  # no content itself: the digest it names cannot cover it
UNVERSIONED = "unversioned"  # a folder without the file
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-[0-9A-Za-z][0-9A-Za-z.-]{0,40})?")
_DIGEST = re.compile(r"[0-9a-f]{16}")


class BadReleases(NoContent):
    """A ``releases.json`` that cannot be used. The message says where, what, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of the content that was given out: its digest, and the day."""

    version: str
    day: date
    digest: str


@dataclass(frozen=True, slots=True)
class Releases:
    """``version``: of the content as it lies there, None where nobody gave it one. ``releases``: oldest first."""

    version: str | None
    releases: tuple[Release, ...] = ()

    @property
    def is_released(self) -> bool:
        """Whether the content claims to be a release, so that it must be unchanged."""
        return self.version is not None and "-" not in self.version

    def of(self, version: str | None) -> Release | None:
        """The release of that version."""
        return next((release for release in self.releases if release.version == version), None)

    def called(self, shipped: str, whole: str) -> str:
        """What content is called: ``1.2.0``; ``1.2.0+changed.<digest>`` where it is not what was released under that
        version; ``1.2.0+site.<digest>`` with content of a site's own, by the digest that traces carry.

        Args:
            shipped: digest of the content folder.
            whole: digest with the site's own content; the same where there is none.
        """
        if self.version is None:
            return UNVERSIONED
        release = self.of(self.version)
        changed = self.is_released and (release is None or release.digest != shipped)
        marks = [*(["changed"] if changed else []), *(["site"] if whole != shipped else [])]
        return f"{self.version}+{'.'.join([*marks, whole])}" if marks else self.version


@dataclass(frozen=True, slots=True)
class ContentName:
    """The content that speaks: its version, and its digest."""

    version: str
    digest: str


def content_name(folder: Path | None = None, site: Path | None = None, digest: str | None = None) -> ContentName:
    """What the content of these folders is called.

    Args:
        folder: the content folder; the packaged one where none is given.
        site: folder of a site's own content.
        digest: of content that was loaded already; saves reading the files again.

    Raises:
        service.contentfiles.NoContent: no such folder, or a file in it that is no text.
        BadReleases: its ``releases.json`` cannot be used.
    """
    found = read_releases(folder)
    if site is None:
        whole = shipped = digest if digest is not None else digest_of(content_files(folder))
    else:
        files = content_files(folder)
        shipped, whole = digest_of(files), digest or digest_of(files, site_files(site))
    return ContentName(found.called(shipped, whole), whole)


def changed_release(folder: Path | None = None) -> str | None:
    """What is wrong where a content folder claims to be a release and is not what was recorded for it; else None.

    Raises:
        service.contentfiles.NoContent: no such folder, or a file in it that is no text.
        BadReleases: its ``releases.json`` cannot be used.
    """
    found = read_releases(folder)
    if not found.is_released:
        return None
    digest, release = digest_of(content_files(folder)), found.of(found.version)
    if release is not None and release.digest == digest:
        return None
    recorded = f"recorded is {release.digest}" if release is not None else "nothing is recorded for it"
    return (
        f"{FILE}: version {found.version} is a release, but this content has the digest {digest} and {recorded}. "
        "Content that changes needs a new version, such as the next one with -dev."
    )


def read_releases(folder: Path | None = None) -> Releases:
    """The version of a content folder, and what was released before.

    Raises:
        BadReleases: the file is there and cannot be used.
    """
    file = (folder if folder is not None else PACKAGED) / FILE
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Releases(None)
    except (OSError, ValueError) as error:
        raise BadReleases(f"{file}: cannot be read as JSON ({error}).") from None
    try:
        return _releases(value)
    except ValueError as problem:
        raise BadReleases(f"{file}: {problem}") from None


def order(version: str) -> tuple[int, int, int, bool]:
    """Sorts versions; one with a suffix comes before the release of its number.

    Raises:
        ValueError: no semantic version.

    >>> sorted(["1.10.0", "1.9.0", "1.10.0-dev"], key=order)
    ['1.9.0', '1.10.0-dev', '1.10.0']
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"{version!r} is no semantic version. Allowed: like 1.2.0, or 1.2.0-dev for one not released.")
    return int(found[1]), int(found[2]), int(found[3]), found[4] is None


def _releases(value: Any) -> Releases:
    if not isinstance(value, dict) or set(value) != {"version", "releases"} or not isinstance(value["releases"], list):
        raise ValueError('must be {"version": "1.2.0-dev", "releases": [...]}.')
    version = _text(value, "version", "")
    order(version)
    releases = tuple(_release(entry, f"releases[{at}]") for at, entry in enumerate(value["releases"]))
    for before, after in pairwise(releases):
        if order(after.version) <= order(before.version) or after.day < before.day:
            raise ValueError(f"{after.version} stands after {before.version}: releases go from old to new.")
    found = Releases(version, releases)
    if releases and found.of(version) is None and order(version) <= order(releases[-1].version):
        raise ValueError(f"version {version} does not come after {releases[-1].version}, which is released already.")
    return found


def _release(entry: Any, at: str) -> Release:
    if not isinstance(entry, Mapping) or set(entry) != {"version", "date", "digest"}:
        raise ValueError(f'{at}: must be {{"version": "1.2.0", "date": "2026-03-31", "digest": "..."}}.')
    version, day, digest = (_text(entry, key, f"{at}.") for key in ("version", "date", "digest"))
    if not order(version)[3]:
        raise ValueError(f"{at}.version: {version!r} has a suffix, which no release has.")
    if _DIGEST.fullmatch(digest) is None:
        raise ValueError(f"{at}.digest: {digest!r} must be 16 hexadecimal digits.")
    try:
        return Release(version, date.fromisoformat(day), digest)
    except ValueError:
        raise ValueError(f"{at}.date: {day!r} is not a date. Allowed: like 2026-03-31.") from None


def _text(entry: Mapping[str, Any], key: str, at: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise ValueError(f"{at}{key}: {value!r} must be text.")
    return value
