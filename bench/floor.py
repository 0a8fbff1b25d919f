"""The floor: a bare WSGI app that parses the same body and answers a constant card of 5 KB, or sends a page of some size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

_CARD = {"cards": [{"summary": "constant", "indicator": "info", "source": {"label": "floor"}, "detail": "x" * 4900}]}
_BODY = orjson.dumps(_CARD)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Parse the request body and answer the constant; below ``/page/`` a page of as many bytes as the path says."""
    path = str(environ["PATH_INFO"])
    if path.startswith("/page/"):
        page = _page(int(path.removeprefix("/page/")))
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page)))])
        return [page]
    orjson.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))])
    return [_BODY]


def _page(size: int) -> bytes:
    """Paragraphs of text, nothing else."""
    head = b'<!doctype html><html lang="en"><title>floor</title><link rel="icon" href="data:,"><h1>floor</h1>'
    line = b"<p>One line of text like another, of which a page may have many.\n"
    return (head + line * (size // len(line) + 1))[: max(size, len(head))]
