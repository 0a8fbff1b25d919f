"""Lookup content: what can be ordered, evidence figures, definitions, value lists. Each row carries its citation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from service.rules.schema import Shape


class RowShape(Shape):
    """One row of a value list: the tokens a criterion may refer to by ``table(<id>, <row>)``."""

    values: tuple[str, ...] = Field(strict=False)
    at: str
    note: str | None = None


class LookupShape(Shape):
    """A value list by row, such as the ABL1 mutations that speak against each TKI."""

    title: str
    source: dict[str, Any]
    rows: dict[str, RowShape]


class Code(Shape):
    system: str
    code: str
    display: str | None = None


class Orderable(Shape):
    """Something a card may suggest to order. ``answers`` names the facts a test settles.

    ``code_is_part``: the codes name only a part of what the text asks for, so that an order is known by both together.
    """

    title: str
    kind: Literal["test", "medication", "referral", "procedure"]
    text: str
    drug: str | None = None
    answers: tuple[str, ...] = Field(default=(), strict=False)
    codes: tuple[Code, ...] = Field(default=(), strict=False)
    code_is_part: bool = False
    specimen: str | None = None
    why: str | None = None
    at: str | None = None
    note: str | None = None


class Evidence(Shape):
    """A trial or cohort with the figures as printed."""

    trial: str
    n: int | str | None = None
    figures: str
    citation: str
    source: str | None = None
    at: str
    inventory: tuple[str, ...] = Field(default=(), strict=False)
    note: str | None = None


class Definition(Shape):
    """What a word means in a source."""

    title: str
    text: str
    source: str | None = None
    at: str
    inventory: tuple[str, ...] = Field(default=(), strict=False)


class Difference(Shape):
    """Where sources, or places of one source, disagree: what each says, and what is done here."""

    title: str
    rules: tuple[str, ...] = Field(strict=False, min_length=1)
    says: str
    decided: str
    inventory: tuple[str, ...] = Field(default=(), strict=False)


class NotImplemented(Shape):
    """An inventory entry that no rule implements, with the reason or the place that carries it instead."""

    id: str
    reason: str
    mapped_to: str | None = None


KEYED_TABLES: Mapping[str, type[Shape]] = {  # rows by id, in one file or in a folder of files
    "tests": Orderable,
    "drugs": Orderable,
    "evidence": Evidence,
    "definitions": Definition,
    "differences": Difference,
}
