"""Which migration is the newest of each released version of the software, so that `allcue db downgrade` can go back to
what a version knows. ``allcue release check`` asks for a line here; a line that was released is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping

# from the oldest release to the newest
REVISIONS: Mapping[str, str] = {}
