"""Types of the vocabulary: what a fact may be called, what values it may take, and what they mean.

A `FactType` both checks a value and describes itself in English, so that loading, error texts and the generated
documentation say the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict, Unpack

from service.facts.model import Interval, TokenSet, Value


class Kind(StrEnum):
    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "yes/no"
    SET = "set"
    TEXT = "text"


class ValueProblem(ValueError):
    """A value or name that the vocabulary does not allow; the message says what is allowed and what was meant."""


UNKNOWN_WORDS = frozenset({"unknown", "not known", "not-known"})


@dataclass(frozen=True, slots=True)
class FactType:
    """One word of the vocabulary.

    ``low``/``high``: plausible range of a number, in ``unit``; outside it a value read from a record is shown, not
    used. ``values``: allowed categories, or the known tokens of a set; ``pattern``: further tokens a set or category
    accepts. ``implies``: tokens that carry others (dasatinib is a TKI). ``stale_after_days``: how old the newest
    result may be. ``no_means``: what has to be on record before absence counts as "no". ``judgement``: the
    clinician's to say, never derived. ``parameters``: the kinds of a parameterised fact such as ``toxicity(kind)``.
    """

    name: str
    kind: Kind
    label: str
    group: str = ""
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    value_aliases: Mapping[str, str] = field(default_factory=dict)
    implies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    stale_after_days: int | None = None
    no_means: str | None = None
    read_from: str = ""
    codes: tuple[str, ...] = ()
    judgement: bool = False
    _by_fold: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_fold = {_fold(alias): value for alias, value in self.value_aliases.items()}
        by_fold.update({_fold(value): value for value in self.values})
        object.__setattr__(self, "_by_fold", by_fold)

    def describe_values(self) -> str:
        """What is allowed, in English, for error messages and docs."""
        if self.kind is Kind.BOOLEAN:
            return "true, false"
        if self.kind is Kind.NUMBER:
            limits = ""
            if self.low is not None and self.high is not None:
                limits = f" from {self.low:g} to {self.high:g}"
            return f"a number{limits}{' ' + self.unit if self.unit else ''}"
        if self.kind is Kind.TEXT:
            return "text"
        more = ", or a token like " + self.pattern if self.pattern else ""
        return ("any of: " if self.kind is Kind.SET else "one of: ") + ", ".join(self.values) + more

    def canonical(self, token: str) -> str:
        """The vocabulary's own spelling of a category or token.

        Raises:
            ValueProblem: the token is not allowed; the message lists what is and suggests the nearest.
        """
        found = self.known(token)
        if found is not None:
            return found
        token = token.strip()
        raise ValueProblem(
            f"{token!r} is not a value of {self.name!r}. Allowed: {self.describe_values()}."
            + did_you_mean(token, (*self.values, *self.value_aliases))
        )

    def known(self, token: str) -> str | None:
        """The vocabulary's own spelling of a category or token; ``None`` where it has none. Cheap, unlike an error."""
        token = token.strip()
        if token in self.values:
            return token
        found = self._by_fold.get(_fold(token))
        if found is None and self.pattern is not None and re.fullmatch(self.pattern, token):
            return token
        return found

    def token_set(self, tokens: Iterable[str], complete: bool = True, excluded: Iterable[str] = ()) -> TokenSet:
        """A set value with aliases resolved and implied tokens added (a set with dasatinib includes TKI)."""
        members: set[str] = set()
        for token in tokens:
            name = self.canonical(token)
            members.add(name)
            members.update(self.implies.get(name, ()))
        return TokenSet(frozenset(members), complete, frozenset(self.canonical(t) for t in excluded) - members)

    def parse(self, raw: object) -> Value | None:
        """A stated value (JSON or YAML) as this fact's value; ``None`` for "unknown" and null.

        Raises:
            ValueProblem: wrong type or a value that is not allowed.
        """
        if raw is None:
            return None
        if self._says_unknown(raw):
            return None
        match self.kind:
            case Kind.BOOLEAN:
                return self._boolean(raw)
            case Kind.NUMBER:
                return self._number(raw)
            case Kind.SET:
                return self._set(raw)
            case Kind.CATEGORY:
                if isinstance(raw, bool) and ("yes" in self.values or "no" in self.values):
                    raw = "yes" if raw else "no"
                if isinstance(raw, int | float) and not isinstance(raw, bool):
                    raw = f"{raw:g}"
                if not isinstance(raw, str):
                    raise self._wrong(raw)
                return self.canonical(raw)
            case _:
                if not isinstance(raw, str):
                    raise self._wrong(raw)
                return raw

    def _says_unknown(self, raw: object) -> bool:
        """The word "unknown", unless it is a value of this fact or free text."""
        if not isinstance(raw, str) or self.kind is Kind.TEXT or "unknown" in self.values:
            return False
        return raw.strip().lower() in UNKNOWN_WORDS

    def _boolean(self, raw: object) -> bool:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.strip().lower() in {"true", "yes", "y", "present", "ja"}:
            return True
        if isinstance(raw, str) and raw.strip().lower() in {"false", "no", "n", "absent", "nein"}:
            return False
        if isinstance(raw, str):
            for alias, value in self.value_aliases.items():
                if _fold(alias) == _fold(raw):
                    return value == "true"
        raise self._wrong(raw)

    def _number(self, raw: object) -> float | Interval:
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            return self._in_range(float(raw))
        if isinstance(raw, str):
            text = raw.strip().replace("≥", ">=").replace("≤", "<=")
            found = re.fullmatch(r"(<=|>=|<|>)?\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)", text)
            if found:
                number = self._in_range(float(found.group(2)))
                match found.group(1):
                    case "<":
                        return Interval(high=number, high_open=True)
                    case "<=":
                        return Interval(high=number)
                    case ">":
                        return Interval(low=number, low_open=True)
                    case ">=":
                        return Interval(low=number)
                    case _:
                        return number
        raise self._wrong(raw)

    def _in_range(self, number: float) -> float:
        if (
            number != number
            or (self.low is not None and number < self.low)
            or (self.high is not None and number > self.high)
        ):
            raise ValueProblem(f"{number:g} is not a value of {self.name!r}. Allowed: {self.describe_values()}.")
        return number

    def _set(self, raw: object) -> TokenSet:
        if isinstance(raw, str) or (isinstance(raw, int) and not isinstance(raw, bool)):
            raw = [str(raw)]
        if isinstance(raw, list | tuple | set | frozenset):
            tokens = []
            for item in raw:
                if isinstance(item, bool) or not isinstance(item, str | int):
                    raise self._wrong(raw)
                tokens.append(str(item))
            return self.token_set(tokens)
        raise self._wrong(raw)

    def _wrong(self, raw: object) -> ValueProblem:
        return ValueProblem(f"{raw!r} is not a value of {self.name!r}. Allowed: {self.describe_values()}.")


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the nearest allowed word, or nothing."""
    by_fold = {_fold(a): a for a in allowed}
    near = difflib.get_close_matches(_fold(word), list(by_fold), n=1, cutoff=0.6)
    return f" Did you mean {by_fold[near[0]]!r}?" if near else ""


def _fold(text: str) -> str:
    return re.sub(r"[\s_]+", "-", text.strip().lower()).replace("paediatric", "pediatric").replace("aem", "em")


class Options(TypedDict, total=False):
    """What a fact type may say beside its name, label and values; see `FactType`."""

    group: str
    unit: str | None
    low: float | None
    high: float | None
    pattern: str | None
    value_aliases: Mapping[str, str]
    implies: Mapping[str, tuple[str, ...]]
    aliases: tuple[str, ...]
    parameters: tuple[str, ...]
    stale_after_days: int | None
    no_means: str | None
    read_from: str
    codes: tuple[str, ...]
    judgement: bool


def number(name: str, label: str, **options: Unpack[Options]) -> FactType:
    """A number with its unit and plausible range."""
    return FactType(name, Kind.NUMBER, label, **options)


def category(name: str, label: str, *values: str, **options: Unpack[Options]) -> FactType:
    """One of a list of categories."""
    return FactType(name, Kind.CATEGORY, label, values=values, **options)


def boolean(name: str, label: str, **options: Unpack[Options]) -> FactType:
    """Yes or no."""
    return FactType(name, Kind.BOOLEAN, label, **options)


def token_set(name: str, label: str, *values: str, **options: Unpack[Options]) -> FactType:
    """A set of tokens."""
    return FactType(name, Kind.SET, label, values=values, **options)


def text(name: str, label: str, **options: Unpack[Options]) -> FactType:
    """Free text, for facts that are shown and not compared (the karyotype string as found)."""
    return FactType(name, Kind.TEXT, label, **options)


class Vocabulary:
    """All fact types by name and alias."""

    def __init__(self, types: Iterable[FactType]):
        self._types: dict[str, FactType] = {}
        self._aliases: dict[str, str] = {}
        for kind in types:
            if kind.name in self._types:
                raise ValueError(f"fact {kind.name!r} is defined twice")
            self._types[kind.name] = kind
        for kind in self._types.values():
            for alias in kind.aliases:
                if alias in self._types or self._aliases.get(alias, kind.name) != kind.name:
                    raise ValueError(f"alias {alias!r} of {kind.name!r} is taken")
                self._aliases[alias] = kind.name

    def __iter__(self) -> Iterator[FactType]:
        return iter(self._types.values())

    def __contains__(self, name: str) -> bool:
        base = name.partition("(")[0].strip()
        if base not in self._types and base not in self._aliases:
            return False  # before an error looks for the nearest of all names
        try:
            self.lookup(name)
        except ValueProblem:
            return False
        return True

    def lookup(self, name: str) -> FactType:
        """The type of a fact by name, alias or parameterised name (``toxicity(pancreatitis)``).

        Raises:
            ValueProblem: no such fact; the message suggests the nearest names.
        """
        return self._types[self.resolve(name).partition("(")[0]]

    def resolve(self, name: str) -> str:
        """The canonical name: aliases replaced, the parameter checked.

        Raises:
            ValueProblem: no such fact or no such parameter.
        """
        base, bracket, rest = name.strip().partition("(")
        base = base.strip()
        base = self._aliases.get(base, base)
        kind = self._types.get(base)
        if kind is None:
            raise ValueProblem(f"{name!r} is not a fact.{did_you_mean(base, (*self._types, *self._aliases))}")
        if not bracket:
            if kind.parameters:
                raise ValueProblem(f"{base!r} needs a kind, as in {base}({kind.parameters[0]}).")
            return base
        parameter = rest.strip().removesuffix(")").strip()
        if not kind.parameters:
            raise ValueProblem(f"{base!r} takes no kind in brackets.")
        for allowed in kind.parameters:
            if _fold(allowed) == _fold(parameter):
                return f"{base}({allowed})"
        raise ValueProblem(
            f"{parameter!r} is not a kind of {base!r}. Allowed: {', '.join(kind.parameters)}."
            + did_you_mean(parameter, kind.parameters)
        )
