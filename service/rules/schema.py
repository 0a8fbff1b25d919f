"""The shapes of content files. Anything misspelled, missing or of the wrong type is a problem with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.facts.vocabulary.base import did_you_mean
from service.rules.document import Document, Problem, path_of

Kind = Literal["therapy", "transplant", "test", "supportive", "safety", "label", "information", "evidence"]
Act = Literal[
    "offer",
    "consider",
    "prefer-trial",
    "avoid",
    "caution",
    "require",
    "test",
    "refer",
    "note",
    "labelled",
    "not-labelled",
]
Preference = Literal["preferred", "other", "useful-in-certain-circumstances"]
HookName = Literal[
    "patient-view",
    "order-select",
    "order-sign",
    "order-dispatch",
    "medication-refill",
    "encounter-start",
    "encounter-discharge",
    "appointment-book",
    "problem-list-item-create",
    "allergyintolerance-create",
]
# Hooks that no rule needs to name: the policy says which topics belong to their moment.
MomentName = Literal[
    "order-dispatch",
    "medication-refill",
    "encounter-start",
    "encounter-discharge",
    "appointment-book",
    "problem-list-item-create",
    "allergyintolerance-create",
]


TOPIC = re.compile(r"^[a-z0-9-]+(/[a-z0-9-]+)*$")


class Shape(BaseModel):
    """Base of all shapes: no unknown keys, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceShape(Shape):
    id: str
    title: str
    short: str | None = None
    edition: str
    published: date = Field(alias="date")
    authors_or_body: str
    citation: str
    population: str
    region: str
    licence_note: str
    aliases: tuple[str, ...] = Field(default=(), strict=False)
    url: str | None = None
    in_force_from: date
    supersedes: tuple[str, ...] = Field(default=(), strict=False)
    silent_on: tuple[str, ...] = Field(default=(), strict=False)
    last_checked: date


class RefShape(Shape):
    ref: str
    at: str
    category: Literal["1", "2A", "2B", "3"] | None = None
    preference: Preference | None = None
    lines: str | None = None


class AdviseShape(Shape):
    kind: Kind
    act: Act
    subject: str
    subjects: tuple[str, ...] = Field(default=(), strict=False)
    regimen: str | None = None
    components: str | None = None
    with_: str | None = Field(default=None, alias="with")
    note: str | None = None
    critical: bool | None = None


class ExampleShape(Shape):
    name: str
    given: dict[str, Any]
    expect: Literal["applies", "does_not_apply"] | dict[Literal["cannot_tell", "applies_unchecked"], list[str]]


class RuleShape(Shape):
    id: str
    title: str = Field(max_length=200)
    status: Literal["draft", "active", "retired"]
    topic: str = Field(pattern=TOPIC.pattern)
    hooks: tuple[HookName, ...] = Field(strict=False, min_length=1)
    source: RefShape
    inventory: tuple[str, ...] = Field(default=(), strict=False)
    when: Any = None
    unless: Any = None
    advise: AdviseShape
    cautions: tuple[str, ...] = Field(default=(), strict=False)
    evidence: tuple[str, ...] = Field(default=(), strict=False)
    assumptions: tuple[str, ...] = Field(default=(), strict=False)
    suggest: tuple[str, ...] = Field(default=(), strict=False)
    replace: tuple[str, ...] = Field(default=(), strict=False)
    supersedes: tuple[str, ...] = Field(default=(), strict=False)
    questions: dict[str, str] = Field(default_factory=dict)
    examples: tuple[ExampleShape, ...] = Field(default=(), strict=False)


class ScopeShape(Shape):
    when: Any = None
    unless: Any = None
    because: str


class PopulationShape(Shape):
    title: str
    when: Any


class EditionShape(Shape):
    topic: str
    population: str
    sources: tuple[str, ...] = Field(strict=False, min_length=1)


class OppositionShape(Shape):
    """Two rules that may oppose each other; or one warning that may oppose any offer."""

    rules: tuple[str, ...] = Field(strict=False, min_length=1, max_length=2)
    because: str


class LimitsShape(Shape):
    cards_on_chart_open: int = Field(ge=1, le=10)


class MomentShape(Shape):
    """What speaks at a hook: of the rules of another hook (``as``) those under some topics, of some of them by kind."""

    as_: Literal["patient-view", "order-sign"] = Field(alias="as")
    topics: tuple[str, ...] = Field(strict=False, min_length=1)
    kinds: dict[str, Annotated[tuple[Kind, ...], Field(strict=False)]] = Field(default_factory=dict)


class PolicyShape(Shape):
    active: tuple[str, ...] = Field(strict=False)
    populations: dict[str, PopulationShape]
    editions: tuple[EditionShape, ...] = Field(strict=False)
    region: Literal["US", "EU"]
    limits: LimitsShape
    hooks: dict[MomentName, MomentShape] = Field(default_factory=dict)
    accepted_oppositions: tuple[OppositionShape, ...] = Field(default=(), strict=False)


S = TypeVar("S", bound=Shape)


def read_shape(document: Document, shape: type[S], value: Any = None, at: str = "") -> tuple[S | None, list[Problem]]:
    """The document (or a part of it, with its path) as a shape, or all that is wrong with it."""
    raw = document.value if value is None else value
    try:
        return shape.model_validate(raw), []
    except ValidationError as error:
        return None, list(_problems(document, shape, error, at))


def _problems(document: Document, shape: type[Shape], error: ValidationError, at: str) -> Iterator[Problem]:
    seen = set()
    for item in error.errors(include_url=False):
        location = tuple(step for step in item["loc"] if not _is_branch(step))
        path = path_of(((at,) if at else ()) + location)
        what = _say(shape, location, item)
        if (path, what) not in seen:
            seen.add((path, what))
            yield document.problem(path, what)


def _is_branch(step: str | int) -> bool:
    """Pydantic names the branch of a union, and that a key is meant, inside the location; neither is a key of the file."""
    return isinstance(step, str) and step.startswith(("literal[", "dict[", "[key]"))


def _say(shape: type[Shape], location: tuple[str | int, ...], item: Any) -> str:
    match item["type"]:
        case "extra_forbidden":
            keys = _keys(shape, location[:-1])
            return f"is not a key here. Allowed: {', '.join(keys)}.{did_you_mean(str(location[-1]), keys)}"
        case "missing":
            return "is missing."
        case "literal_error":
            allowed = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            return f"{item['input']!r} is not allowed. Allowed: {', '.join(allowed)}." + did_you_mean(
                str(item["input"]), allowed
            )
        case "model_type" | "dict_type":
            return f"{item['input']!r} is not a mapping of keys to values."
        case _:
            return f"{item['input']!r}: {item['msg'].lower()}."


def _keys(shape: type[Shape], location: tuple[str | int, ...]) -> list[str]:
    """Keys allowed at a place: the fields of the shape found by following the location."""
    here: type[BaseModel] = shape
    for step in location:
        if isinstance(step, str):
            inner = next((f.annotation for n, f in here.model_fields.items() if step in (n, f.alias)), None)
            here = _shape_in(inner) or here
    return [field.alias or name for name, field in here.model_fields.items()]


def _shape_in(annotation: Any) -> type[Shape] | None:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation
    return next((found for part in get_args(annotation) if (found := _shape_in(part))), None)
