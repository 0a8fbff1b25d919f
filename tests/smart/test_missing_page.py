"""What is missing, what answering it would change, and the advice as it would be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from service.advice.model import Options
from service.facts.model import known
from service.smart.views.difference import Change
from service.smart.views.gaps import IN_FULL, Asking
from service.smart.views.missing import build
from service.smart.words import Language
from tests.smart.cases import asked
from tests.smart.cases import example as case
from tests.smart.drawn import Session, check

PH, SURVEILLANCE, AYA = "ph-status-unknown", "eot-surveillance", "aya-setting-unknown"


def built(name: str, form: dict[str, str] | None = None) -> Mapping[str, Any]:
    return build(case(name), asked(form))


def gap(name: str, fact: str, form: dict[str, str] | None = None) -> Asking:
    found: Asking = next(one for one in built(name, form)["gaps"] if one.fact == fact)
    return found


def test_the_gaps_are_those_of_the_advice_and_more_in_the_same_order() -> None:
    shown = next(advice for advice in case(PH).answer.advice if hasattr(advice, "gaps"))
    gaps = built(PH)["gaps"]
    assert [one.fact for one in gaps][: len(shown.gaps)] == [one.fact.name for one in shown.gaps]
    assert len(gaps) == len(shown.gaps) + shown.further


def test_a_gap_says_why_which_decisions_wait_and_what_would_answer_it() -> None:
    one = gap(PH, "ph_status")
    assert one.why == "not settled by what is recorded"
    assert one.blocks
    assert one.question
    assert one.orders
    rules = {rule.id for rule in case(PH).engine.content.rules}
    assert {waiting.rule for waiting in one.decisions} <= rules
    assert gap(PH, "care_setting").decides_edition
    assert gap(PH, "substantial_comorbidities").judgement


def test_each_answer_says_what_it_would_change_and_it_is_what_the_engine_says() -> None:
    answers = {said: one.lines for one in gap(PH, "ph_status").answers or () for said in one.values}
    assert set(answers) == {"positive", "negative"}
    assert answers["positive"] != answers["negative"]
    offered = dict(answers["positive"])["Now offered"]
    after = case(PH).assuming(known("ph_status", "positive"))
    names = {
        option.rule.advise.regimen or option.subject
        for advice in after.answer.advice
        if isinstance(advice, Options)
        for option in advice.offered
    }
    assert {name.strip() for name in re.sub(r" and \d+ more$", "", offered).split(",")} <= names


def test_answers_that_change_the_same_stand_together_and_none_is_left_out() -> None:
    for name in (PH, AYA):
        vocabulary = case(name).engine.vocabulary
        for one in built(name)["gaps"][:IN_FULL]:
            kind = vocabulary.lookup(one.fact)
            said = [value for answer in one.answers or () for value in answer.values]
            if str(kind.kind) == "yes/no":
                assert sorted(said) == ["no", "yes"], one.fact
            elif str(kind.kind) == "category" and one.answers is not None:
                assert sorted(said) == sorted(kind.values), one.fact
            lines = [answer.lines for answer in one.answers or ()]
            assert len(lines) == len(set(lines)), one.fact


def test_counts_are_told_one_by_one_and_numbers_by_the_cuts_of_the_rules() -> None:
    answers = gap(PH, "remission_number").answers
    said = [value for answer in answers or () for value in answer.values]
    assert "1" in said
    assert said[-1].startswith(">=") or any(value.startswith(">=") for value in said)


def test_a_further_gap_is_worked_out_when_it_is_asked_for() -> None:
    further = next(
        one for one in built(PH)["gaps"][IN_FULL:] if one.answers is None and one.fact == "induction_failure"
    )
    assert gap(PH, further.fact, {"explore": further.fact}).answers
    assert len(built(PH, {"explore": "no-such-fact"})["gaps"]) == len(built(PH)["gaps"])


def test_what_is_supposed_changes_the_advice_and_nothing_of_the_case() -> None:
    before = case(PH).answer.cards
    values = built(PH, {"fact:ph_status": "positive", "fact:ecog": "9"})
    result = values["result"]
    (supposed,) = result.supposed
    assert (supposed.value, supposed.recorded) == ("positive", "unknown (not settled by what is recorded)")
    kinds = {group.kind for group in result.groups}
    assert {Change.OFFERED, Change.TEST} <= kinds
    assert result.cards != before
    assert values["problems"] == 1
    assert case(PH).answer.cards is before
    assert case(PH).assumed is None
    assert built(PH)["result"] is None


def test_a_supposition_without_effect_says_so() -> None:
    result = built("relapsed-ph-positive-t315i", {"fact:ph_status": "positive"})["result"]
    assert result.groups == ()
    page = Session("relapsed-ph-positive-t315i").page("missing", {"fact:ph_status": "positive"})
    assert "Nothing: the advice stays as it is." in page


def test_the_usual_judgements_come_first_and_no_fact_has_two_fields() -> None:
    sections = built(PH)["sections"]
    assert sections[0].name == "usual"
    assert {"donor_available", "fit_for_intensive", "care_setting"} <= {f.fact for f in sections[0].fields}
    facts = [field.fact for section in sections for field in section.fields]
    assert len(facts) == len(set(facts))
    judgements = {kind.name for kind in case(PH).engine.vocabulary if kind.judgement}
    assert judgements <= set(facts)


def test_any_fact_can_be_added_and_keeps_its_place() -> None:
    sections = built(PH, {"add": "toxicity(pancreatitis)", "shown:trilineage_hematopoiesis": "1"})["sections"]
    assert sections[0].name == "added"
    assert {f.fact for f in sections[0].fields} == {"toxicity(pancreatitis)", "trilineage_hematopoiesis"}


def test_nothing_entered_is_lost_where_something_is_wrong() -> None:
    page = Session(PH).page(
        "missing", {"fact:ecog": "9", "fact:donor_available": "yes", "more:abl1_mutations": "E255K"}
    )
    check(page)
    assert re.search(r'name="fact:ecog" value="9"[^>]*aria-invalid="true"', page)
    assert "Allowed: a number from 0 to 5." in page
    assert re.search(r'name="fact:donor_available" value="yes" checked', page)
    assert 'name="more:abl1_mutations" value="E255K"' in page


def test_the_what_if_is_marked_and_says_that_nothing_is_written_back() -> None:
    page = Session(PH).page("missing", {"fact:donor_available": "yes"})
    assert "What if: this is not what the record says." in page
    assert "supposed here" in page
    assert "Nothing of this is stored or written back." in page
    assert "Back to the record" in page
    plain = Session(PH).page("missing")
    assert "supposed here" not in plain
    assert "Nothing you enter is stored" in plain


def test_what_is_supposed_is_gone_with_the_next_page() -> None:
    session = Session(PH)
    first = session.page("missing")
    session.page("missing", {"fact:ph_status": "positive"})
    assert session.page("missing") == first


def test_a_live_answer_leaves_out_what_the_page_has_already() -> None:
    session = Session(PH)
    form = {"fact:ph_status": "positive"}
    whole, live = session.page("missing", form), session.page("missing", {**form, "live": "1"})
    body = re.compile(r'<div id="result-body">.*?</section>', re.DOTALL)
    assert body.findall(whole) == body.findall(live)
    assert live.count("Not worked out") > whole.count("Not worked out")


@pytest.mark.parametrize(
    "name",
    [PH, SURVEILLANCE, AYA, "relapsed-ph-positive-t315i", "mrd-positive-second-remission", "unreadable-units", "new-ph-negative-adult-50",
     "nothing-but-a-patient", "not-a-leukemia-patient"],
)  # fmt: skip
def test_the_page_keeps_the_rules(name: str) -> None:
    session = Session(name)
    check(session.page("missing"))
    check(session.page("missing", {"fact:donor_available": "no"}))


def test_scripts_and_markup_in_entries_stay_text() -> None:
    page = Session(PH).page("missing", {"fact:ecog": '"><script>x</script>', "more:abl1_mutations": "<b>"})
    assert "<script>x" not in page
    assert "<b>" not in page


def test_facts_are_named_in_the_language_of_the_page() -> None:
    build(case(PH), asked(language=Language("de")))  # says all it says in English where there is no translation yet
    assert 'lang="de"' in Session(PH).page("missing", lang="de")
