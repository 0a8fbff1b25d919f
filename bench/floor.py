"""The floor: a bare WSGI app that parses the same body and answers a constant card of 5 KB."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

_CARD = {"cards": [{"summary": "constant", "indicator": "info", "source": {"label": "floor"}, "detail": "x" * 4900}]}
_BODY = orjson.dumps(_CARD)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Parse the request body and answer the constant."""
    orjson.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))])
    return [_BODY]
