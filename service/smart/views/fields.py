"""The fields of the form in which a clinician supposes facts, filled in as they were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from service.advice.words import OF_CELLS
from service.facts.model import Fact
from service.facts.vocabulary.base import FactType, Kind
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views.supposing import (
    FACT,
    LONGEST,
    MORE,
    NONE,
    TOKEN,
    UNKNOWN,
    Supposition,
    limits,
    may_be_supposed,
)
from service.smart.words import Language

_RADIOS = 4  # categories offered side by side; more go into a list
_CHECKS = 40  # tokens offered as boxes; of sets with more the tokens are typed


class Control:
    """How a field is filled in; names for templates."""

    RADIO, SELECT, TYPED, CHECKS = "radio", "select", "typed", "checks"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that may be chosen. ``name``: of the form field; ``value``: what is sent; ``said``: English, a value."""

    name: str
    value: str
    said: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """The field of one fact.

    ``id``: for anchors and labels, without meaning. ``recorded``: the value in the record in words, English; empty while
    it is unknown. ``typed``: what was entered; ``unit``, ``low``, ``high``: of numbers, as entered. ``problem``: what is
    wrong with the entry and what is allowed, English; ``added``: whether somebody chose to add the field.
    """

    fact: str
    id: str
    label: str
    control: str
    recorded: str = ""
    choices: tuple[Choice, ...] = ()
    typed: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    names: tuple[str, ...] = ()
    problem: str = ""
    judgement: bool = False
    added: bool = False

    @property
    def typed_name(self) -> str:
        """The name of the form field in which something is typed."""
        return f"{MORE if self.control == Control.CHECKS else FACT}{self.fact}"


def field_of(case: Case, name: str, form: Mapping[str, str], found: Supposition, added: bool = False) -> Field:
    """The field of a fact, filled in as the form was."""
    words = plain_words(case.engine)
    kind = case.engine.vocabulary.lookup(name)
    recorded = case.facts[name]
    made = Field(
        name, _id(name), words.label(name), Control.TYPED, words.value(recorded) if recorded.known else "",
        problem=found.problem(name), judgement=kind.judgement, added=added,
    )  # fmt: skip
    typed = form.get(f"{FACT}{name}", "").strip()[:LONGEST]
    match kind.kind:
        case Kind.BOOLEAN:
            choices = (("yes", "yes"), ("no", "no"))
            return replace(made, control=Control.RADIO, choices=_single(name, typed, choices, recorded.known))
        case Kind.CATEGORY:
            control = Control.RADIO if len(kind.values) <= _RADIOS else Control.SELECT
            if typed and typed not in (UNKNOWN, *kind.values):
                made = replace(made, typed=typed)
            pairs = tuple((value, value) for value in kind.values)
            return replace(made, control=control, choices=_single(name, typed, pairs, recorded.known))
        case Kind.SET:
            return _set(made, name, kind, form, recorded)
        case _:
            low, high = limits(kind)
            unit = "% of cells" if kind.unit == OF_CELLS else kind.unit or ""
            return replace(made, typed=typed, unit=unit, low=low, high=high)


def _single(name: str, chosen: str, pairs: Iterable[tuple[str, str]], known: bool) -> tuple[Choice, ...]:
    every = (*pairs, *(((UNKNOWN, "unknown"),) if known else ()))
    return tuple(Choice(f"{FACT}{name}", value, said, value == chosen) for value, said in every)


def _set(made: Field, name: str, kind: FactType, form: Mapping[str, str], recorded: Fact) -> Field:
    """Boxes for the tokens there are, and a line to type further ones where the set takes any or has very many."""
    few = len(kind.values) <= _CHECKS
    tokens = [(value, value) for value in kind.values if value != "none"] if few else []
    pairs = [(NONE, "none"), *tokens, *([(UNKNOWN, "unknown")] if recorded.known else [])]
    choices = tuple(
        Choice(f"{TOKEN}{name}:{value}", "1", said, f"{TOKEN}{name}:{value}" in form) for value, said in pairs
    )
    typed = form.get(f"{MORE}{name}", "")[: 5 * LONGEST]
    names = () if few else kind.values
    return replace(
        made, control=Control.CHECKS, choices=choices, typed=typed, names=names,
        unit="" if few and kind.pattern is None else "tokens",
    )  # fmt: skip


def _id(name: str) -> str:
    """An id for the page, which fact names with brackets are not."""
    return "if-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def any_fact(case: Case, language: Language) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """All facts that can be added to the form, by group: (group, ((name, label), ...))."""
    words = plain_words(case.engine)
    groups: dict[str, list[tuple[str, str]]] = {}
    for kind in case.engine.vocabulary:
        if may_be_supposed(kind):
            names = [f"{kind.name}({p})" for p in kind.parameters] or [kind.name]
            rows = groups.setdefault(kind.group, [])
            rows.extend((name, language.fact(words.label(name))) for name in names)
    return tuple((group, tuple(sorted(rows, key=lambda row: row[1].casefold()))) for group, rows in groups.items())
