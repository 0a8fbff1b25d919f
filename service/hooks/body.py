"""The body of a request as JSON, whatever endpoint it is for."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge, RequestTimeout

from service.hooks import limits
from service.hooks.errors import HookError, Issue, bad_request
from service.hooks.unread import ROOT, unreadable
from service.hooks.wire import Unreadable, parse

# JSON is UTF-8 (RFC 8259); other names come from old clients. None: read as it is.
_CHARSETS = {"utf-8": None, "utf8": None, "us-ascii": None, "utf-16": "utf-16", "iso-8859-1": "latin-1"}


def read_body(most: limits.BodyLimits, root: str) -> Any:
    """The request body as JSON. Raises HookError 400, 408, 413, 415 or 422; the framework raises 413 by the bytes.

    Args:
        most: what a body may hold.
        root: what an error calls the body.
    """
    body = receive(root)
    limits.check_unread(body, most)
    try:
        value = parse(body)
    except Unreadable as error:
        raise unreadable(error, root) from None
    limits.check(value, len(body), most)
    return value


def receive(root: str = ROOT) -> bytes:
    """The request body as text in UTF-8. Raises HookError 400, 408 or 415; the framework raises 413 by the bytes."""
    charset = _charset()
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HookError(415, Issue("not-supported", "The body must not be compressed."))
    try:
        body = _bytes()
    except (ClientDisconnected, OSError):  # the server gives up on a body that comes too slowly
        raise RequestTimeout from None
    except HTTPException:
        raise
    except Exception:  # each server has errors of its own for chunks and trailers that are none
        raise bad_request("structure", "The body could not be received: its chunks are broken.", root) from None
    if charset is None:
        return body
    try:
        return body.decode(charset).encode()
    except UnicodeError:
        raise bad_request("structure", "The body is not in the charset that its Content-Type names.", root) from None


def _charset() -> str | None:
    """The codec that the Content-Type names; None where the body can be read as it is."""
    if request.environ.get("CONTENT_TYPE") == "application/json":  # nearly always
        return None
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HookError(415, Issue("not-supported", "The body must be JSON: Content-Type application/json."))
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in _CHARSETS:
        raise HookError(415, Issue("not-supported", "The body must be in UTF-8."))
    return _CHARSETS[charset]


def _bytes() -> bytes:
    """The body as it came. Of a known length it is read in one piece: the framework copies it several times."""
    length, most = request.content_length, request.max_content_length
    body: bytes
    if length is None or (most is not None and length > most):
        body = request.get_data(cache=False)
        if _goes_on(body):
            raise RequestEntityTooLarge
    else:
        body = request.environ["wsgi.input"].read(length)
        if len(body) < length:
            raise ClientDisconnected
    return body


def _goes_on(body: bytes) -> bool:
    """Whether a body of unknown length was cut off at the limit, where the framework stops reading without a word."""
    limit = request.max_content_length
    cut = request.content_length is None and limit is not None and len(body) >= limit
    return cut and bool(request.environ["wsgi.input"].read(1))
