"""The difference of two answers in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_examples.request import names
from service.advice.engine import Answer
from service.advice.model import INCOMPLETE, Missing, Notice, Options
from service.facts.model import Fact, known
from service.smart.plain import plain_words
from service.smart.views.change_words import grouped, headings, in_short
from service.smart.views.difference import Change, Differs, difference
from service.smart.views.gaps import possible
from tests.smart.cases import ENGLISH
from tests.smart.cases import example as case

PH = "ph-status-unknown"
REVERSED = {
    Change.SPEAKS: Change.SILENT, Change.OFFERED: Change.GONE, Change.UNSETTLED: Change.SETTLED,
    Change.WARNING: Change.WARNING_GONE, Change.CAUTION: Change.CAUTION_GONE, Change.TEST: Change.TEST_GONE,
    Change.MISSING: Change.ANSWERED, Change.CARE: Change.CARE_GONE,
}  # fmt: skip


def full(name: str, *facts: Fact) -> Answer:
    found = case(name)
    return found.engine.in_full(found.question, found.facts.assuming(*facts) if facts else found.facts)


def differences(first: Answer, second: Answer, supposed: tuple[str, ...] = ()) -> tuple[Differs, ...]:
    return difference(first, second, plain_words(case(PH).engine), supposed)


@pytest.mark.parametrize("name", names()[::5])
def test_an_answer_does_not_differ_from_itself(name: str) -> None:
    if case(name).has_advice:
        assert differences(full(name), full(name)) == ()


@pytest.mark.parametrize("name", names()[::3])
def test_an_answer_that_takes_over_what_stands_is_the_answer_worked_out_anew(name: str) -> None:
    found = case(name)
    before = found.engine.in_full(found.question, found.facts)
    for gap in [gap for advice in before.advice if isinstance(advice, Missing) for gap in advice.gaps][:8]:
        for _, fact in possible(found, gap):
            anew = replace(found.question, stated={**found.question.stated, fact.name: fact})
            quick = found.engine.in_full(found.question, found.facts.assuming(fact), before)
            slow = found.engine.in_full(anew, found.engine.facts(anew))
            assert quick.verdicts == slow.verdicts, fact
            assert quick.advice == slow.advice, fact


def test_what_comes_one_way_goes_the_other() -> None:
    first, second = full(PH), full(PH, known("ph_status", "negative"))
    there, back = differences(first, second), differences(second, first)
    for kind, opposite in REVERSED.items():
        gained = {one.name for one in there if one.kind is kind}
        lost = {one.name for one in back if one.kind is opposite}
        if kind is not Change.OFFERED:  # what was offered may be ruled out instead
            assert gained == lost, kind


def test_in_full_agrees_with_what_the_cards_were_drawn_from() -> None:
    for name in names()[::3]:
        found = case(name)
        if not found.has_advice or len(found.answer.advice) == found.engine.content.policy.cards_on_chart_open:
            continue
        told = full(name)
        assert [type(one) for one in told.advice] == [type(one) for one in found.answer.advice]
        assert told.verdicts == found.answer.verdicts


def test_suppositions_over_facts_give_what_asking_anew_gives() -> None:
    """`Facts.assuming`, which is quicker, and `Case.assuming`, which reads all facts anew, agree."""
    for fact in (known("ph_status", "positive"), known("care_setting", "adult-oncology"), known("age_years", 70.0)):
        quick = full(PH, fact)
        anew = case(PH).assuming(fact)
        assert quick.verdicts == anew.answer.verdicts


def test_an_option_that_is_ruled_out_says_why() -> None:
    first = full("relapsed-ph-positive-t315i")
    choice = next(one for one in first.advice if isinstance(one, Options) and one.ruled_out)
    out = choice.ruled_out[0]
    without = replace(choice, ruled_out=(), offered=(*choice.offered, replace(out, against=())))
    before = replace(first, advice=(without, *(one for one in first.advice if one is not choice)))
    name = out.rule.advise.regimen or out.subject
    (one,) = [d for d in differences(before, first) if d.kind is Change.RULED_OUT and d.name == name]
    assert one.detail
    assert one.rules == tuple(verdict.rule.id for verdict in out.verdicts)
    assert not [found for found in differences(before, first) if found.kind is Change.GONE and found.name == one.name]


def test_strength_label_and_unchecked_facts_of_an_option_are_compared() -> None:
    first = full("relapsed-ph-positive-t315i")
    choice = next(one for one in first.advice if isinstance(one, Options))
    option = next(one for one in choice.offered if one.unchecked)
    other = replace(option, unchecked=(), verdicts=option.verdicts + option.verdicts[:1])
    changed = replace(choice, offered=tuple(other if one is option else one for one in choice.offered))
    after = replace(first, advice=tuple(changed if one is choice else one for one in first.advice))
    found = [one for one in differences(first, after) if one.name == (option.rule.advise.regimen or option.subject)]
    assert [one.kind for one in found] == [Change.SETTLED]
    assert found[0].detail


def test_facts_that_were_supposed_are_not_told_as_answered() -> None:
    first, second = full(PH), full(PH, known("ph_status", "positive"))
    assert "ph_status" in {one.fact for one in differences(first, second) if one.kind is Change.ANSWERED}
    assert "ph_status" not in {one.fact for one in differences(first, second, ("ph_status",))}


def test_a_record_that_is_incomplete_is_a_warning() -> None:
    first = full(PH)
    second = replace(first, advice=(*first.advice, Notice(INCOMPLETE, unread=(("Observation", "could not be read"),))))
    (one,) = differences(first, second)
    assert one.kind is Change.WARNING
    assert "could not be read" in one.name


def test_answers_without_advice_are_compared_too() -> None:
    assert {one.kind for one in differences(Answer(()), full(PH))} >= {Change.OFFERED, Change.MISSING, Change.SPEAKS}


def test_every_kind_has_a_heading_and_short_words_count_what_they_leave_out() -> None:
    assert set(headings(ENGLISH)) == set(Change)
    many = [Differs(Change.OFFERED, name) for name in "abcde"] + [Differs(Change.CARE, "x"), Differs(Change.CARE, "y")]
    assert in_short(many, ENGLISH, lambda one: one.name) == (("Now offered", "a, b, c and 2 more"), ("New note", "2"))
    assert [len(group.found) for group in grouped(many, ENGLISH)] == [5, 2]


def test_in_full_tells_every_gap() -> None:
    shown = next(one for one in case(PH).answer.advice if isinstance(one, Missing))
    told = next(one for one in full(PH).advice if isinstance(one, Missing))
    assert len(told.gaps) == len(shown.gaps) + shown.further
    assert told.further == 0
