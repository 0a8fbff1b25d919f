"""What a clinician supposes in a form: the facts that were filled in. Their fields are in `service.smart.views.fields`.

Nothing here is kept: a supposition lives as long as the answer to the form that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from service.advice.words import OF_CELLS
from service.facts.given import StatedFactsProblem, facts_from_mapping
from service.facts.model import Fact, Provenance, Reason, unknown
from service.facts.vocabulary.asked import FROM_THE_CALL
from service.facts.vocabulary.base import UNKNOWN_WORDS, FactType, Kind, ValueProblem
from service.smart.case import Case
from service.smart.plain import SUPPOSED, plain_words

FACT, TOKEN, MORE, SHOWN, ADD = "fact:", "token:", "more:", "shown:", "add"  # names of form fields
UNKNOWN = "?"  # the choice that a fact that is known were not
NONE = "-"  # the choice that a set is empty
LONGEST = 200  # characters of what is typed
_NUMBER = re.compile(r"([<>]=?|[≤≥])?\s*([-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?)\s*%?")
_ORDERS = "orders"  # group of the facts that an order brings


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
    typed = form.get(f"{FACT}{name}", "").strip()[:LONGEST]
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
    typed = [part.strip() for part in form.get(f"{MORE}{name}", "")[: 5 * LONGEST].split(",")]
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
    low, high = limits(kind)
    if not (low is None or value >= low) or not (high is None or value <= high):
        raise ValueProblem(f"{typed!r} is out of range. Allowed: {_allowed(kind)}.")
    return f"{found[1] or ''}{value / 100 if kind.unit == OF_CELLS else value!r}"


def limits(kind: FactType) -> tuple[float | None, float | None]:
    """The range of a number as it is entered."""
    times = 100 if kind.unit == OF_CELLS else 1
    return None if kind.low is None else kind.low * times, None if kind.high is None else kind.high * times


def _allowed(kind: FactType) -> str:
    low, high = limits(kind)
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
