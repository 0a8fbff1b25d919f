"""Files with patients: a FHIR Bundle, one resource, a prefetch object, or a whole CDS Hooks request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import click

from service.bundles import Unreadable, invocation_of
from service.hooks.contract import Invocation


def invocations(files: tuple[str, ...], as_of: date | None) -> Iterator[tuple[str, Invocation | Unreadable]]:
    """Each file as a call of the chart-open service, or why it cannot be one."""
    for name in files:
        try:
            yield name, invocation_of(parsed(name), as_of)
        except Unreadable as problem:
            yield name, problem


def parsed(name: str) -> Any:
    """The JSON in a file, ``-`` for standard input. A byte order mark, as Windows programs write it, is passed over.

    Raises:
        Unreadable: it cannot be opened, or is no JSON.
    """
    try:
        with click.open_file(name, encoding="utf-8-sig") as stream:
            return json.loads(stream.read().removeprefix("\ufeff"))
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not JSON: {error}") from None
