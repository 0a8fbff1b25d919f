"""What a site changed: the shape of its ``site.yaml``, and the changes as the content keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from service.rules.schema import (
    EditionShape,
    LimitsShape,
    MomentName,
    MomentShape,
    OppositionShape,
    PopulationShape,
    Shape,
)
from service.rules.tables import RowShape

PREFIX = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*-$"
Reason = Field(min_length=1)


class SwitchedOffShape(Shape):
    rule: str | None = None
    source: str | None = None
    because: str = Reason
    by: str = Reason
    on: date


class WordingShape(Shape):
    title: str | None = Field(default=None, min_length=1, max_length=200)
    note: str | None = Field(default=None, min_length=1)
    because: str = Reason
    by: str | None = None
    on: date | None = None


class ReplacesShape(Shape):
    path: str
    rows: tuple[str, ...] = Field(default=(), strict=False)
    because: str = Reason
    by: str | None = None
    on: date | None = None


class SiteShape(Shape):
    """``site.yaml``."""

    name: str = Reason
    prefix: str = Field(pattern=PREFIX)
    switched_off: tuple[SwitchedOffShape, ...] = Field(default=(), strict=False)
    wording: dict[str, WordingShape] = Field(default_factory=dict)
    replaces: tuple[ReplacesShape, ...] = Field(default=(), strict=False)


class SitePolicyShape(Shape):
    """``policy.yaml`` of a site: only what differs."""

    active: tuple[str, ...] = Field(default=(), strict=False)
    populations: dict[str, PopulationShape] = Field(default_factory=dict)
    editions: tuple[EditionShape, ...] = Field(default=(), strict=False)
    region: Literal["US", "EU"] | None = None
    limits: LimitsShape | None = None
    hooks: dict[MomentName, MomentShape] = Field(default_factory=dict)
    accepted_oppositions: tuple[OppositionShape, ...] = Field(default=(), strict=False)


class SiteRowsShape(Shape):
    """Rows that a site adds to a shipped value list, or puts in the place of its rows."""

    rows: dict[str, RowShape]


@dataclass(frozen=True, slots=True)
class Signed:
    """Why something was changed, by whom and when."""

    because: str
    by: str | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A rule, or all rules of a source, that a site does not want to be asked.

    ``revived``: rules that the rule had replaced by name and that speak again. ``silenced``: the topic on which its
    source has no other rule, so that the next source of the policy answers there.
    """

    id: str
    is_source: bool
    rules: tuple[str, ...]
    why: Signed
    revived: tuple[str, ...] = ()
    silenced: str | None = None


@dataclass(frozen=True, slots=True)
class Reworded:
    """A rule in the site's words, with the words it was shipped with."""

    rule: str
    title: str
    note: str | None
    why: Signed


@dataclass(frozen=True, slots=True)
class Replaced:
    """A shipped file, or rows of it, that the site's own stands in for."""

    path: str
    rows: tuple[str, ...]
    why: Signed


@dataclass(frozen=True, slots=True)
class SiteContent:
    """Everything a site changed in the shipped content. ``added``: rule ids; ``policy``: what it says instead."""

    name: str
    prefix: str
    added: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    switched_off: tuple[SwitchedOff, ...] = ()
    reworded: tuple[Reworded, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    policy: tuple[str, ...] = ()

    @property
    def rules_off(self) -> frozenset[str]:
        return frozenset(rule for off in self.switched_off for rule in off.rules)
