"""What a clinician supposes: entries of every type, those that are not allowed, and what is not asked."""

from __future__ import annotations

import pytest

from service.facts.model import Interval, Reason, TokenSet, Value
from service.smart.views.fields import any_fact, field_of
from service.smart.views.supposing import Supposition, asked_facts, supposition
from tests.smart.cases import ENGLISH
from tests.smart.cases import example as case

NAME = "ph-status-unknown"


def of(**form: str) -> Supposition:
    return supposition(case(NAME), {key.replace("__", ":"): value for key, value in form.items()})


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("donor_available", "yes", True),
        ("donor_available", "no", False),
        ("care_setting", "pediatric-oncology", "pediatric-oncology"),
        ("ecog", "2", 2.0),
        ("ecog", " 1 ", 1.0),
        ("platelets", "31,5", 31.5),
        ("platelets", "<50", Interval(high=50, high_open=True)),
        ("platelets", "≥ 50", Interval(low=50)),
        ("age_years", "21.9", 21.0),
        ("mrd_fraction", "0.01", 1e-4),
        ("mrd_fraction", "0,01 %", 1e-4),
        ("mrd_fraction", "<0.01", Interval(high=1e-4, high_open=True)),
        ("toxicity(pancreatitis)", "3", 3.0),
    ],
)
def test_entries_of_each_type(name: str, typed: str, value: Value) -> None:
    found = supposition(case(NAME), {f"fact:{name}": typed})
    assert not found.problems
    (one,) = found.supposed
    assert (one.fact.name, one.fact.value) == (name, value)
    assert [seen.resource for seen in one.fact.provenance] == ["supposed here"]


@pytest.mark.parametrize(
    ("name", "typed", "allowed"),
    [
        ("ecog", "9", "a number from 0 to 5"),
        ("ecog", "good", "a number from 0 to 5"),
        ("ecog", "nan", "a number from 0 to 5"),
        ("mrd_fraction", "150", "a number from 0 to 100 % of cells"),
        ("donor_available", "perhaps", "true, false"),
        ("ph_status", "positiv", "Did you mean 'positive'"),
    ],
)
def test_what_is_not_allowed_is_told_and_passed_over(name: str, typed: str, allowed: str) -> None:
    form = {f"fact:{name}": typed, "fact:trial_available": "yes"}
    found = supposition(case(NAME), form)
    assert [one.fact.name for one in found.supposed] == ["trial_available"]
    assert allowed in found.problem(name)
    field = field_of(case(NAME), name, form, found)
    assert field.problem == found.problem(name)
    assert field.typed in (typed, "")


def test_sets_are_ticked_typed_or_none() -> None:
    tokens = supposition(case(NAME), {"token:abl1_mutations:T315I": "1", "more:abl1_mutations": "E255K, F317L"})
    assert tokens.supposed[0].fact.value == TokenSet(frozenset({"T315I", "E255K", "F317L"}))
    colons = supposition(case(NAME), {"token:fusions:BCR::ABL1": "1"})
    assert isinstance(colons.supposed[0].fact.value, TokenSet)
    assert "BCR::ABL1" in colons.supposed[0].fact.value.members
    none = supposition(case(NAME), {"token:abl1_mutations:-": "1"})
    assert none.supposed[0].fact.value == TokenSet(frozenset())
    assert none.supposed[0].value == "none"
    both = supposition(case(NAME), {"token:abl1_mutations:-": "1", "token:abl1_mutations:T315I": "1"})
    assert both.problem("abl1_mutations")
    assert not both.supposed
    wrong = supposition(case(NAME), {"more:abl1_mutations": "X"})
    assert "Allowed" in wrong.problem("abl1_mutations")


def test_nothing_entered_supposes_nothing() -> None:
    found = of(fact__donor_available="", fact__ecog="  ", more__abl1_mutations="", fact__ph_status="unknown")
    assert (found.supposed, found.problems) == ((), {})


def test_a_known_fact_may_be_supposed_unknown_and_an_unknown_one_is_so_already() -> None:
    found = of(fact__age_years="?", fact__donor_available="?")
    (one,) = found.supposed
    assert (one.fact.name, one.fact.value, one.fact.reason) == ("age_years", None, Reason.NOT_GIVEN)
    assert one.recorded.endswith("years")


def test_fields_that_are_none_are_passed_over() -> None:
    form = {
        "fact:no_such_fact": "yes", "fact:toxicity": "3", "fact:ordered_drug": "dasatinib", "fact:karyotype": "46,XX",
        "x": "y", "token:": "1", "shown:": "", "add": "nothing", "fact:ecog": "1",
    }  # fmt: skip
    assert asked_facts(case(NAME), form) == ("ecog",)


def test_every_fact_that_is_offered_has_a_field() -> None:
    offered = [name for _, rows in any_fact(case(NAME), ENGLISH) for name, _ in rows]
    assert "mrd_fraction" in offered
    assert not {"ordered_drug", "karyotype", "question"} & set(offered)
    ids = [field_of(case(NAME), name, {}, Supposition()).id for name in offered]
    assert len(ids) == len(set(ids))


def test_every_choice_that_is_offered_is_taken() -> None:
    """What the form offers for a fact is a value of it: no button leads to an error."""
    start = case(NAME)
    for _, rows in any_fact(start, ENGLISH):
        for name, _ in rows:
            for choice in field_of(start, name, {}, Supposition()).choices:
                found = supposition(start, {choice.name: choice.value})
                assert not found.problems, (name, choice, found.problems)
                assert len(found.supposed) == 1, (name, choice)


def test_a_field_is_filled_in_as_it_was_sent() -> None:
    form = {"fact:donor_available": "no", "fact:ecog": "<2", "token:abl1_mutations:T315I": "1"}
    found = supposition(case(NAME), form)
    chosen = {c.value for c in field_of(case(NAME), "donor_available", form, found).choices if c.chosen}
    assert chosen == {"no"}
    assert field_of(case(NAME), "ecog", form, found).typed == "<2"
    (ticked,) = [c.name for c in field_of(case(NAME), "abl1_mutations", form, found).choices if c.chosen]
    assert ticked == "token:abl1_mutations:T315I"
