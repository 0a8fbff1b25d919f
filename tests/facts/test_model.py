"""Facts are read when asked for, and what may be derived from each other gives one answer whatever is asked first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import permutations

import pytest

from service.facts.model import Fact, Facts, Interval, Reason, Registry, TokenSet, known, provides, unknown

AS_OF = date(2026, 1, 1)


@provides("a", needs=("b",))
def a_from_b(facts: Facts) -> Iterator[Fact]:
    if facts.value("b") is not None:
        yield known("a", True)


@provides("b", needs=("a", "c"))
def b_from_a_or_c(facts: Facts) -> Iterator[Fact]:
    if facts.value("a") or facts.value("c"):
        yield known("b", True)


@provides("c", needs=("b",))
def c_from_b(facts: Facts) -> Iterator[Fact]:
    if facts.value("b"):
        yield known("c", True)


REGISTRY = Registry((a_from_b, b_from_a_or_c, c_from_b), lambda _, name: unknown(name, Reason.NOT_GIVEN))


@pytest.mark.parametrize("order", list(permutations("abc")))
@pytest.mark.parametrize("stated", ["a", "b", "c", None])
def test_circular_derivations_do_not_depend_on_the_order_of_asking(order: tuple[str, ...], stated: str | None) -> None:
    facts = Facts(AS_OF, REGISTRY, stated={stated: known(stated, True)} if stated else None)
    assert {name: facts.value(name) for name in order} == dict.fromkeys("abc", True if stated else None)


def test_assuming_replaces_a_fact_and_what_rests_on_it() -> None:
    facts = Facts(AS_OF, REGISTRY, stated={"c": known("c", False)})
    assert facts.value("a") is None
    other = facts.assuming(known("c", True))
    assert other.value("a") is True
    assert facts.value("a") is None
    assert set(other.read_names()) >= {"a", "c"}


def test_a_contradiction_in_the_record_is_not_settled_by_a_derivation() -> None:
    @provides("x")
    def says(_: Facts) -> Iterator[Fact]:
        yield unknown("x", Reason.CONFLICTING)

    @provides("x")
    def derives(_: Facts) -> Iterator[Fact]:
        yield known("x", True)

    registry = Registry((says, derives), lambda _, name: unknown(name, Reason.NOT_GIVEN))
    assert Facts(AS_OF, registry)["x"].reason is Reason.CONFLICTING


def test_a_fact_tells_which_provider_gave_it() -> None:
    facts = Facts(AS_OF, REGISTRY, stated={"c": known("c", True)})
    assert facts.origin("a") is a_from_b
    assert facts.origin("b") is b_from_a_or_c
    assert facts.origin("c") is None  # stated
    assert Facts(AS_OF, REGISTRY).origin("a") is None  # no provider had anything to say
    assuming = facts.assuming(known("a", True))
    assert (assuming.origin("a"), assuming.origin("b")) == (None, b_from_a_or_c)


def test_an_unknown_tells_which_provider_gave_its_reason() -> None:
    @provides("x")
    def finds_nothing(_: Facts) -> Iterator[Fact]:
        yield unknown("x", Reason.RECORD_EMPTY)

    @provides("x")
    def finds_an_old_one(_: Facts) -> Iterator[Fact]:
        yield unknown("x", Reason.STALE)

    registry = Registry((finds_nothing, finds_an_old_one), lambda _, name: unknown(name, Reason.NOT_GIVEN))
    assert Facts(AS_OF, registry).origin("x") is finds_an_old_one


def test_a_fact_has_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="not both"):
        Fact("x", None)


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(high=5, high_open=True), "<5"),
        (Interval(high=5), "<=5"),
        (Interval(low=5, low_open=True), ">5"),
        (Interval(low=5), ">=5"),
        (Interval(1, 2), "1 to 2"),
        (Interval(1, 2, high_open=True), "1 to <2"),
    ],
)
def test_an_interval_says_its_bounds(interval: Interval, text: str) -> None:
    assert str(interval) == text


def test_a_set_says_whether_it_may_be_incomplete() -> None:
    assert str(TokenSet(frozenset({"b", "a"}))) == "a, b"
    assert str(TokenSet(frozenset(), complete=False)) == "none (list may be incomplete)"


def test_what_no_assumption_touches_is_read_once_for_all_of_them() -> None:
    read: list[str] = []

    @provides("a")
    def slow(facts: Facts) -> Iterator[Fact]:
        read.append("a")
        yield known("a", True)

    @provides("d", needs=("a", "c"))
    def rests(facts: Facts) -> Iterator[Fact]:
        read.append("d")
        yield known("d", facts.value("c") is True and facts.value("a") is True)

    registry = Registry([slow, rests], lambda facts, name: unknown(name, Reason.NOT_PROVIDED))
    facts = Facts(AS_OF, registry)
    answers = [facts.assuming(known("c", value)).assuming(known("x", True)).value("d") for value in (True, False)]
    assert answers == [True, False]
    assert sorted(read) == ["a", "d", "d"]


def test_what_rests_on_facts_that_come_out_as_before_is_not_worked_out_again() -> None:
    """a is concluded from c, d from a, e from d: where a stays as it is, d and e do, unless something else of theirs differs."""
    worked: list[str] = []

    @provides("a", needs=("c",))
    def concludes(facts: Facts) -> Iterator[Fact]:
        worked.append("a")
        yield known("a", facts.value("c") != "other")

    @provides("d", needs=("a", "x"))
    def rests(facts: Facts) -> Iterator[Fact]:
        worked.append("d")
        yield known("d", facts.value("a") is True and facts.value("x") is None)

    @provides("e", needs=("d",))
    def ends(facts: Facts) -> Iterator[Fact]:
        worked.append("e")
        yield known("e", facts.value("d") is True)

    registry = Registry([concludes, rests, ends], lambda facts, name: unknown(name, Reason.NOT_PROVIDED))
    facts = Facts(AS_OF, registry)
    assert facts.value("e") is True
    worked.clear()
    alike = facts.assuming(known("c", "one"))
    assert alike.value("e") is True
    assert worked == ["a"]
    assert alike.differing() == {"c"} & set(facts.read_names())
    assert alike.assuming(known("x", True)).value("e") is False, (
        "what rests on x is found through what was not run again"
    )
    assert facts.assuming(known("c", "other")).value("e") is False
    assert facts.assuming(known("c", "other")).differing() == {"a", "c", "d", "e"}


def test_what_was_not_supposed_does_not_tell_how_it_differs() -> None:
    with pytest.raises(ValueError, match="assumed"):
        Facts(AS_OF, REGISTRY).differing()
