"""The floor of ``bench.floor`` for other servers: the body parsed, a constant card of 5 KB, nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson

_CARD = {"summary": "constant", "indicator": "info", "source": {"label": "floor"}, "detail": "x" * 4900}
_BODY = orjson.dumps({"cards": [_CARD]})


def _versions(*names: str) -> bytes:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return orjson.dumps(found)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """For WSGI servers."""
    if environ["REQUEST_METHOD"] == "GET":
        body = _versions("granian", "orjson")
    else:
        orjson.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        body = _BODY
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """For ASGI servers."""
    if scope["type"] != "http":
        return
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    if scope["method"] == "POST":
        orjson.loads(b"".join(chunks))
    body = _versions("uvicorn", "httptools", "orjson") if scope["method"] == "GET" else _BODY
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
