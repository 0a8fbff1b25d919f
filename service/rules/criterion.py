"""The criterion language: one typed comparison over one fact, written as a clinician would say it.

    age_years >= 15                     disease_state is one of relapsed, refractory
    lineage is B                        abl1_mutations includes any of T315I, V299L
    prior_allo_hct is false             abl1_mutations includes any of table(abl1-contraindicated, dasatinib)
    prior_tkis is not empty             induction_tki is known

AND and OR come from nested ``all:``/``any:`` lists, so nobody has to remember precedence. Date windows, sums and
trends are not said here: they are facts of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from service.facts.model import Interval, TokenSet, Value
from service.facts.vocabulary.base import FactType, Kind, ValueProblem, Vocabulary
from service.rules.logic import Truth, all_of, negate

Operand: TypeAlias = bool | str | float
Tables: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]  # table id -> row -> values


class CriterionProblem(ValueError):
    """A criterion that cannot be read; the message says what is wrong and what is allowed."""


class Op(StrEnum):
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EQ = "="
    IS = "is"
    IS_NOT = "is not"
    ONE_OF = "is one of"
    NONE_OF = "is none of"
    INCLUDES = "includes"
    INCLUDES_ANY = "includes any of"
    INCLUDES_ALL = "includes all of"
    INCLUDES_NONE = "includes none of"
    EMPTY = "is empty"
    NOT_EMPTY = "is not empty"
    KNOWN = "is known"


NUMERIC = frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ})
MEMBERSHIP = frozenset({Op.INCLUDES, Op.INCLUDES_ANY, Op.INCLUDES_ALL, Op.INCLUDES_NONE})
_ALLOWED: Mapping[Kind, frozenset[Op]] = {
    Kind.NUMBER: NUMERIC | {Op.KNOWN},
    Kind.CATEGORY: frozenset({Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF, Op.KNOWN}),
    Kind.BOOLEAN: frozenset({Op.IS, Op.IS_NOT, Op.KNOWN}),
    Kind.SET: MEMBERSHIP | {Op.EMPTY, Op.NOT_EMPTY, Op.KNOWN},
    Kind.TEXT: frozenset({Op.KNOWN}),
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One comparison: a fact's canonical name, an operator and its operands in canonical form.

    ``said`` is the line as written in the content, for traces and the rule book.
    """

    fact: str
    op: Op
    operands: tuple[Operand, ...]
    said: str

    def __str__(self) -> str:
        return self.said


_LINE = re.compile(
    r"""^\s*(?P<fact>[A-Za-z][\w-]*(?:\([^)]*\))?)\s*
        (?P<op><=|>=|<|>|=|includes\s+any\s+of|includes\s+all\s+of|includes\s+none\s+of|includes|
           is\s+one\s+of|is\s+none\s+of|is\s+not\s+empty|is\s+empty|is\s+known|is\s+not|is)(?![\w=<>])
        \s*(?P<rest>.*?)\s*$""",
    re.VERBOSE,
)
_TABLE = re.compile(r"^table\(\s*(?P<table>[\w-]+)\s*,\s*(?P<row>[^)]+?)\s*\)$")
_SYNTAX = (
    "A criterion is '<fact> < | <= | > | >= | = <number>', '<fact> is [not] <value>', '<fact> is one of|none of a, b', "
    "'<set> includes [any of|all of|none of] a, b', '<set> is [not] empty' or '<fact> is known'."
)


def parse_criterion(line: str, vocabulary: Vocabulary, tables: Tables) -> Criterion:
    """Read one criterion.

    Raises:
        CriterionProblem: syntax, unknown fact, value or table; an operator that does not fit the fact's type.
    """
    found = _LINE.match(line)
    if not found:
        raise CriterionProblem(f"{line!r} is not a criterion. {_SYNTAX}")
    try:
        name = vocabulary.resolve(found["fact"])
        kind = vocabulary.lookup(name)
    except ValueProblem as problem:
        raise CriterionProblem(str(problem)) from None
    op = Op(re.sub(r"\s+", " ", found["op"]))
    if op not in _ALLOWED[kind.kind]:
        allowed = ", ".join(f"'{o}'" for o in Op if o in _ALLOWED[kind.kind])
        raise CriterionProblem(f"'{op}' does not fit {name!r}, which is a {kind.kind}. Allowed: {allowed}.")
    operands = _operands(op, found["rest"], kind, tables)
    return Criterion(name, op, operands, re.sub(r"\s+", " ", line.strip()))


def _operands(op: Op, rest: str, kind: FactType, tables: Tables) -> tuple[Operand, ...]:
    if op in (Op.EMPTY, Op.NOT_EMPTY, Op.KNOWN):
        if rest:
            raise CriterionProblem(f"'{op}' is followed by nothing, found {rest!r}.")
        return ()
    if not rest:
        raise CriterionProblem(f"'{op}' needs a value. Allowed: {kind.describe_values()}.")
    if op in NUMERIC:
        return (_number(rest, kind),)
    single = op in (Op.IS, Op.IS_NOT, Op.INCLUDES)
    words = [rest] if single else _list(rest, tables)
    if single and "," in rest:
        raise CriterionProblem(f"'{op}' takes one value, found {rest!r}. For several: 'is one of', 'includes any of'.")
    try:
        if kind.kind is Kind.BOOLEAN:
            values = [kind.parse(word) for word in words]
            return tuple(value for value in values if isinstance(value, bool))
        return tuple(kind.canonical(word) for word in words)
    except ValueProblem as problem:
        raise CriterionProblem(str(problem)) from None


def _number(rest: str, kind: FactType) -> float:
    try:
        value = float(rest)
    except ValueError:
        raise CriterionProblem(f"{rest!r} is not a number. {kind.name!r} is {kind.describe_values()}.") from None
    if (kind.low is not None and value < kind.low) or (kind.high is not None and value > kind.high):
        raise CriterionProblem(f"{value:g} can never be met: {kind.name!r} is {kind.describe_values()}.")
    return value


def _list(rest: str, tables: Tables) -> list[str]:
    found = _TABLE.match(rest)
    if not found:
        return [word.strip() for word in rest.split(",")]
    table = tables.get(found["table"])
    if table is None:
        allowed = ", ".join(sorted(tables)) or "none"
        raise CriterionProblem(f"there is no table {found['table']!r}. Tables are: {allowed}.")
    row = table.get(found["row"])
    if row is None:
        raise CriterionProblem(f"table {found['table']!r} has no row {found['row']!r}. Rows are: {', '.join(table)}.")
    if not row:
        raise CriterionProblem(f"row {found['row']!r} of table {found['table']!r} is empty: it could never hold.")
    return list(row)


Test: TypeAlias = Callable[[Value], Truth]


def holds(criterion: Criterion, value: Value | None) -> Truth:
    """Whether a criterion holds for a value; unknown stays unknown. The meaning of the language, in one place."""
    return None if value is None else test_of(criterion)(value)


def test_of(criterion: Criterion) -> Test:
    """The comparison as a function of a known value."""
    op, operands = criterion.op, criterion.operands
    if op is Op.KNOWN:
        return lambda _: True
    if op in NUMERIC:
        number = operands[0]
        assert isinstance(number, int | float)
        return _numeric(op, float(number))
    if op in MEMBERSHIP or op in (Op.EMPTY, Op.NOT_EMPTY):
        return _membership(op, tuple(str(o) for o in operands))
    wanted = frozenset(operands)
    if op in (Op.IS, Op.ONE_OF):
        return lambda value: value in wanted
    return lambda value: value not in wanted


def _numeric(op: Op, x: float) -> Test:
    plain: Callable[[float], bool] = {
        Op.LT: lambda v: v < x,
        Op.LE: lambda v: v <= x,
        Op.GT: lambda v: v > x,
        Op.GE: lambda v: v >= x,
        Op.EQ: lambda v: v == x,
    }[op]
    bounded: Callable[[Interval], Truth] = {
        Op.LT: lambda v: v.less_than(x),
        Op.LE: lambda v: v.at_most(x),
        Op.GT: lambda v: v.more_than(x),
        Op.GE: lambda v: v.at_least(x),
        Op.EQ: lambda v: v.equals(x),
    }[op]

    def test(value: Value) -> Truth:
        if isinstance(value, Interval):
            return bounded(value)
        assert isinstance(value, int | float)
        return plain(value)

    return test


def _membership(op: Op, tokens: tuple[str, ...]) -> Test:
    def test(value: Value) -> Truth:
        assert isinstance(value, TokenSet)
        match op:
            case Op.INCLUDES | Op.INCLUDES_ANY:
                return value.includes_any(tokens)
            case Op.INCLUDES_NONE:
                return negate(value.includes_any(tokens))
            case Op.INCLUDES_ALL:
                return all_of(value.includes(token) for token in tokens)
            case Op.EMPTY:
                return value.is_empty()
            case _:
                return negate(value.is_empty())

    return test
