"""What a clinician supposes in a form: fields for facts of every type, and the facts that were filled in.

Nothing here is kept: a supposition lives as long as the answer to the form that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from service.advice.words import OF_CELLS
from service.facts.given import StatedFactsProblem, facts_from_mapping
from service.facts.model import Fact, Provenance, Reason, unknown
from service.facts.vocabulary.asked import FROM_THE_CALL
from service.facts.vocabulary.base import UNKNOWN_WORDS, FactType, Kind, ValueProblem
from service.smart.case import Case
from service.smart.plain import SUPPOSED, plain_words
from service.smart.words import Language

FACT, TOKEN, MORE, SHOWN, ADD = "fact:", "token:", "more:", "shown:", "add"  # names of form fields
UNKNOWN = "?"  # the choice that a fact that is known were not
NONE = "-"  # the choice that a set is empty
_RADIOS = 4  # categories offered side by side; more go into a list
_CHECKS = 40  # tokens offered as boxes; of sets with more the tokens are typed
_LONGEST = 200  # characters of what is typed
_NUMBER = re.compile(r"([<>]=?|[≤≥])?\s*([-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?)\s*%?")
_ORDERS = "orders"  # group of the facts that an order brings


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


@dataclass(frozen=True, slots=True)
class Supposed:
    """One fact that was supposed, for people: its value and that of the record, in words; English."""

    fact: Fact
    label: str
    value: str
    recorded: str


@dataclass(frozen=True, slots=True)
class Supposition:
    """All that a form supposes. ``problems``: of entries that are not used, by name of the fact."""

    supposed: tuple[Supposed, ...] = ()
    also: tuple[Fact, ...] = ()  # facts that are stated along with them
    problems: Mapping[str, str] | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (*self.also, *(one.fact for one in self.supposed))

    def problem(self, name: str) -> str:
        """What is wrong with the entry of a fact."""
        return (self.problems or {}).get(name, "")


def may_be_supposed(kind: FactType) -> bool:
    """Whether a fact can be filled in: neither free text nor what only an order says."""
    return kind.kind is not Kind.TEXT and kind.group != _ORDERS and kind.name not in FROM_THE_CALL


def supposition(case: Case, form: Mapping[str, str]) -> Supposition:
    """What a form supposes of a case. Entries that are not allowed are told and passed over."""
    words = plain_words(case.engine)
    supposed: list[Supposed] = []
    also: dict[str, Fact] = {}
    problems: dict[str, str] = {}
    for name in asked_facts(case, form):
        kind = case.engine.vocabulary.lookup(name)
        try:
            raw = _entered(name, kind, form)
            if raw is None:
                continue
            for fact in _facts(case, name, raw):
                if fact.name == name:
                    recorded = words.value(case.facts[name])
                    supposed.append(Supposed(fact, words.label(name), words.value(fact), recorded))
                else:
                    also[fact.name] = fact
        except ValueProblem as problem:
            problems[name] = str(problem)
    return Supposition(tuple(supposed), tuple(also.values()), problems)


def asked_facts(case: Case, form: Mapping[str, str]) -> tuple[str, ...]:
    """The facts of which a form has a field, by their own names, in its order; anything else in it is passed over."""
    return tuple(dict.fromkeys(_named(case, form, (FACT, TOKEN, MORE, SHOWN))))


def added_facts(case: Case, form: Mapping[str, str]) -> tuple[str, ...]:
    """The facts that somebody chose to add to a form."""
    new = {f"{SHOWN}{form[ADD]}": ""} if form.get(ADD) else {}
    return tuple(dict.fromkeys(_named(case, {**form, **new}, (SHOWN,))))


def _named(case: Case, form: Mapping[str, str], prefixes: tuple[str, ...]) -> Iterator[str]:
    for key in form:
        prefix = next((one for one in prefixes if key.startswith(one)), None)
        if prefix is None:
            continue
        name = key.removeprefix(prefix)
        if prefix == TOKEN:
            name = name.partition(":")[0]
        try:
            if may_be_supposed(case.engine.vocabulary.lookup(name)):
                yield case.engine.vocabulary.resolve(name)
        except ValueProblem:
            continue  # a field of another version of the page


def _entered(name: str, kind: FactType, form: Mapping[str, str]) -> object:
    """What was entered for a fact, as `facts_from_mapping` takes it; None for nothing.

    Raises:
        ValueProblem: contradicting entries, a number that is none.
    """
    if kind.kind is Kind.SET:
        return _tokens(name, form)
    typed = form.get(f"{FACT}{name}", "").strip()[:_LONGEST]
    if not typed:
        return None
    if typed == UNKNOWN or (typed.lower() in UNKNOWN_WORDS and typed.lower() not in kind.values):
        return UNKNOWN
    if kind.kind is Kind.NUMBER:
        return _number(typed, kind)
    return typed


def _tokens(name: str, form: Mapping[str, str]) -> object:
    prefix = f"{TOKEN}{name}:"
    chosen = [key.removeprefix(prefix) for key in form if key.startswith(prefix)]
    typed = [part.strip() for part in form.get(f"{MORE}{name}", "")[: 5 * _LONGEST].split(",")]
    tokens = list(dict.fromkeys([*chosen, *filter(None, typed)]))
    special = [token for token in tokens if token in (NONE, UNKNOWN) or token.lower() in UNKNOWN_WORDS]
    if special and len(tokens) > 1:
        raise ValueProblem("“none” and “unknown” cannot be chosen together with anything else.")
    if special:
        return [] if special == [NONE] else UNKNOWN
    return tokens or None


def _number(typed: str, kind: FactType) -> str:
    """A number as typed, with a decimal comma or a sign of comparison; of fractions of cells, in percent.

    Raises:
        ValueProblem: no number.
    """
    found = _NUMBER.fullmatch(typed)
    if found is None:
        raise ValueProblem(f"{typed!r} is not a number. Allowed: {_allowed(kind)}.")
    value = float(found[2].replace(",", "."))
    low, high = _limits(kind)
    if not (low is None or value >= low) or not (high is None or value <= high):
        raise ValueProblem(f"{typed!r} is out of range. Allowed: {_allowed(kind)}.")
    return f"{found[1] or ''}{value / 100 if kind.unit == OF_CELLS else value!r}"


def _limits(kind: FactType) -> tuple[float | None, float | None]:
    """The range of a number as it is entered."""
    times = 100 if kind.unit == OF_CELLS else 1
    return None if kind.low is None else kind.low * times, None if kind.high is None else kind.high * times


def _allowed(kind: FactType) -> str:
    low, high = _limits(kind)
    if kind.unit == OF_CELLS and low is not None and high is not None:
        return f"a number from {low:g} to {high:g} % of cells"
    return kind.describe_values()


def _facts(case: Case, name: str, raw: object) -> Iterator[Fact]:
    """The fact that an entry states, and what goes with it.

    Raises:
        ValueProblem: not allowed.
    """
    here = Provenance(SUPPOSED)
    if raw == UNKNOWN:
        if case.facts[name].known:
            yield unknown(name, Reason.NOT_GIVEN, SUPPOSED, (here,))
        return
    try:
        stated = facts_from_mapping({name: raw}, case.as_of, case.engine.registry, case.engine.vocabulary).stated
    except StatedFactsProblem as problem:
        raise ValueProblem(problem.problems[0].removeprefix(f"facts.{name}: ")) from None
    for fact in stated.values():
        yield replace(fact, provenance=(here,))


def field_of(case: Case, name: str, form: Mapping[str, str], found: Supposition, added: bool = False) -> Field:
    """The field of a fact, filled in as the form was."""
    words = plain_words(case.engine)
    kind = case.engine.vocabulary.lookup(name)
    recorded = case.facts[name]
    made = Field(
        name, _id(name), words.label(name), Control.TYPED, words.value(recorded) if recorded.known else "",
        problem=found.problem(name), judgement=kind.judgement, added=added,
    )  # fmt: skip
    typed = form.get(f"{FACT}{name}", "").strip()[:_LONGEST]
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
            low, high = _limits(kind)
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
    typed = form.get(f"{MORE}{name}", "")[: 5 * _LONGEST]
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
