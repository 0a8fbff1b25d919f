"""The digest of content: what traces and answers name it by. Loads nothing, so that it can be told at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

SITE = "site:"  # before the path of a file that lies in the folder of a site, not in the shipped content


def digest(files: Mapping[str, str], site: Mapping[str, str] | None = None) -> str:
    """A short name for exactly this content: SHA-256 over paths and texts, first 16 hexadecimal digits.

    Args:
        files: texts of the content folder by relative path.
        site: texts of a site's own folder by relative path, where there is one.
    """
    total = hashlib.sha256()
    for path, text in sorted({**files, **{f"{SITE}{path}": text for path, text in (site or {}).items()}}.items()):
        total.update(f"{path}\0{text}\0".encode())
    return total.hexdigest()[:16]
