"""Log lines that have members: written as JSON, by whichever form the service's log has."""

from __future__ import annotations

from typing import Any

import orjson


class Line(dict[str, Any]):
    """The members of one line, to be logged as ``log.info("%s", Line(...))``. Its text is one line of JSON."""

    def __str__(self) -> str:
        return orjson.dumps(dict(self)).decode()
