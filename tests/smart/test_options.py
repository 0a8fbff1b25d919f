"""The options side by side: nothing left out, everything as printed, and what is unknown told as unknown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from service.advice.labels import REGION
from service.advice.model import Missing, Option, Options
from service.advice.option_lines import IN_FULL
from service.facts.model import known
from service.smart.case import Case, case_of
from service.smart.views import options
from service.smart.views.option_rows import Row
from service.smart.views.options import Choice
from tests.smart.cases import EXAMPLES, READ_AT, asked, changed, clinic, example
from tests.smart.drawn import check, drawn

PH_POSITIVE = "relapsed-ph-positive-t315i"
MANY = "late-relapse-ph-negative"


def built(case: Case, *picked: str) -> dict[str, Any]:
    form = {f"option:{key}": "1" for key in picked} | ({"compare": "1"} if picked else {})
    return dict(options.build(case, asked(form)))


def choices(case: Case) -> tuple[Choice, ...]:
    found: tuple[Choice, ...] = built(case)["choices"]
    return found


def rows(case: Case) -> dict[str, Row]:
    return {row.key: row for choice in choices(case) for row in choice.rows}


def offered(case: Case) -> dict[str, Option]:
    return {
        f"{item.topic.partition('/')[0]}/{option.subject}": option
        for item in case.engine.in_full(case.question, case.facts).advice
        if isinstance(item, Options)
        for option in item.offered
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_option_is_a_row_in_the_order_of_the_engine_with_every_source_and_caution(name: str) -> None:
    case = example(name)
    if not case.has_advice:
        return
    found, said = rows(case), offered(case)
    assert list(found) == list(said)
    for key, row in found.items():
        option = said[key]
        assert [one.rule for one in row.cited] == [verdict.rule.id for verdict in option.verdicts]
        texts = {one.text for one in row.cautions}
        assert {v.rule.advise.note or v.rule.title for v in (*option.cautions, *option.open_cautions)} <= texts
        assert {need.name for need in (*row.unchecked, *row.may_forbid)} == set(option.unchecked)
        assert {one.drug: one.standing for one in row.labels} == {x.drug: str(x.standing) for x in option.labels}


def test_more_options_and_cautions_are_shown_than_a_card_holds() -> None:
    case = example(MANY)
    (relapse, _) = choices(case)
    assert len(relapse.rows) > IN_FULL
    assert max(len(row.cautions) for row in relapse.rows) > 5
    assert "in the rule book" not in drawn("options", case).replace("no figures in the rule book", "")


def test_what_was_overridden_and_what_a_limit_cuts_off_is_still_shown() -> None:
    case = example(PH_POSITIVE)
    silent = replace(case.question, silenced=lambda _basis: True)
    quiet = case_of(clinic().engine, silent, READ_AT)
    assert not any(isinstance(item, Options) for item in quiet.answer.advice)
    assert list(rows(quiet)) == list(rows(case))


def test_strength_and_page_are_those_of_the_rule_as_printed() -> None:
    row = rows(example(PH_POSITIVE))["relapsed-refractory/blinatumomab"]
    (said,) = row.cited
    rule = clinic().engine.content.rule(said.rule)
    assert (rule.source.preference, rule.source.category) == ("other", "2A")
    assert said.strength == "other recommended, category 2A"
    assert said.source.endswith(rule.source.at)


def test_figures_are_those_of_the_tables_to_the_letter() -> None:
    page = drawn("options", example(PH_POSITIVE))
    found = [one for row in rows(example(PH_POSITIVE)).values() for one in row.evidence]
    assert found
    assert all(one in clinic().engine.content.evidence.values() for one in found)
    blinatumomab = rows(example(PH_POSITIVE))["relapsed-refractory/blinatumomab"].evidence[0]
    assert blinatumomab.n == 45
    assert all(text in page for text in ("(n = 45)", blinatumomab.citation))


def test_what_its_own_rule_excludes_is_ruled_out_with_the_fact_as_read() -> None:
    (choice, *_) = choices(example(PH_POSITIVE))
    dasatinib = next(one for one in choice.ruled_out if one.name.lower().startswith("dasatinib"))
    (reason, *_) = dasatinib.reasons
    assert not reason.warning
    mutation = next(fact for fact in reason.facts if fact.name == "abl1_mutations")
    assert "T315I" in mutation.value
    assert mutation.where.startswith("Observation/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", mutation.date)


def test_what_a_warning_rules_out_tells_the_warning_and_what_it_is_given_for() -> None:
    (choice, *_) = choices(example("asparaginase-pancreatitis-grade-3"))
    reasons = [reason for one in choice.ruled_out for reason in one.reasons]
    assert all(reason.warning for reason in reasons)
    assert {reason.cited.rule for reason in reasons} == {"nccn-2015-allb-asp-pancreatitis-g3-4"}
    assert all("toxicity_worst(pancreatitis)" in {fact.name for fact in reason.facts} for reason in reasons)
    assert not any(fact.name == "ordered_drug" for reason in reasons for fact in reason.facts)


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_is_ruled_out_without_a_reason(name: str) -> None:
    case = example(name)
    reasons = [one.reasons for choice in choices(case) for one in choice.ruled_out]
    assert all(reasons)
    assert all(reason.facts for own in reasons for reason in own)


def test_a_danger_that_cannot_be_excluded_is_never_among_those_that_hold_nor_left_out() -> None:
    row = rows(example(PH_POSITIVE))["relapsed-refractory/inotuzumab ozogamicin"]
    assert row.open
    assert all(one.needs for one in row.open)
    assert not set(row.open) & {*row.holding, *row.required}
    assert {*row.open, *row.holding, *row.required} == set(row.cautions)


def test_what_must_be_done_first_is_among_the_needs() -> None:
    required = [one for name in EXAMPLES if (case := example(name)).has_advice for row in rows(case).values()
                for one in row.required]  # fmt: skip
    assert required
    assert all(one.cited is not None and one.cited.act == "require" and not one.needs for one in required)


def test_labels_are_those_of_the_region_that_is_configured() -> None:
    case = example("german-record")
    here = {row.key: [label.standing for label in row.labels] for row in rows(case).values()}
    eu = case.assuming(known(REGION, "EU"))
    there = {row.key: [label.standing for label in row.labels] for row in rows(eu).values()}
    assert built(eu)["region"] == "EU"
    assert here != there
    assert {"labelled", "not-stated"} <= {standing for row in there.values() for standing in row}


def test_a_transplant_has_no_label_and_a_drug_without_one_is_not_called_unlabelled() -> None:
    found = rows(example(PH_POSITIVE))
    assert found["transplant/allogeneic-hct"].labels == ()
    stated = [label for row in found.values() for label in row.labels]
    assert all((label.cited is None) == (label.standing == "not-stated") for label in stated)


def test_two_or_three_options_stand_column_by_column() -> None:
    case = example(PH_POSITIVE)
    keys = list(rows(case))[1:4]
    values = built(case, *keys)
    assert [row.key for _, row in values["chosen"]] == keys
    page = drawn("options", case, asked({f"option:{key}": "1" for key in keys} | {"compare": "1"}))
    (table,) = re.findall(r'<table class="columns-table">.*?</table>', page, re.DOTALL)
    assert table.count('<th scope="col">') == 3
    assert {"Recommended", "Label", "Needs", "Cautions", "Evidence"} <= set(
        re.findall(r'<th scope="row">(\w[^<]*)</th>', table)
    )


def test_one_option_is_not_compared_and_four_are_cut_to_three_with_a_word() -> None:
    case = example(PH_POSITIVE)
    keys = list(rows(case))
    one = built(case, keys[0])
    assert (one["chosen"], one["asked_to_compare"], one["picked"]) == ((), True, {keys[0]})
    assert "Choose at least two" in drawn("options", case, asked({f"option:{keys[0]}": "1", "compare": "1"}))
    four = built(case, *keys[:4])
    assert (len(four["chosen"]), four["too_many"]) == (3, True)


def test_an_option_that_is_not_offered_any_more_is_said_so_and_never_echoed() -> None:
    case = example(PH_POSITIVE)
    first, second, *_ = rows(case)
    values = built(case, first, second, "frontline/<b>gone</b>")
    assert (len(values["chosen"]), values["gone"]) == (2, 1)
    form = {f"option:{key}": "1" for key in (first, "frontline/<b>gone</b>")} | {"compare": "1"}
    page = drawn("options", case, asked(form))
    assert "not offered any more" in page
    assert "gone" not in page.replace("chosen is not", "")


def test_nothing_open_says_which_facts_recommendations_wait_for() -> None:
    case = example("new-ph-negative-adult-50")
    values = built(case)
    assert values["choices"] == ()
    missing = next(item for item in case.answer.advice if isinstance(item, Missing))
    assert [need.name for need in values["gaps"].needs] == [gap.fact.name for gap in missing.gaps if gap.blocks]
    page = drawn("options", case)
    assert "No option is offered or ruled out now" in page
    assert "does not mean that nothing can be" in page


def test_topics_that_are_not_open_tell_the_condition_and_what_the_patient_has() -> None:
    found = {one.title: one for one in built(example("eot-surveillance"))["unreached"]}
    relapse = found["Relapsed or refractory Ph-positive ALL"]
    assert (relapse.waiting, relapse.needs) == (0, ())
    state = relapse.asks[0]
    assert (state.text, state.rules) == ("disease state: relapsed or refractory", relapse.rules)
    assert [fact.value for fact in state.here] == ["in-remission"]


def test_a_topic_that_waits_for_a_fact_is_not_told_as_one_that_fails() -> None:
    found = built(example("ph-status-unknown"))["unreached"]
    waiting = [one for one in found if one.waiting]
    assert found[: len(waiting)] == tuple(waiting)
    assert "ph_status" in {need.name for one in waiting for need in one.needs}
    assert all(one.needs for one in waiting)
    assert not any(fact.name == "ph_status" for one in found for ask in one.asks for fact in ask.here)


def test_no_topic_is_both_open_and_not_open() -> None:
    for name in (PH_POSITIVE, MANY, "new-t-all-adult", "mrd-positive-second-remission"):
        values = built(example(name))
        assert not {choice.title for choice in values["choices"]} & {one.title for one in values["unreached"]}


def test_warnings_about_what_is_given_and_tests_and_care_stand_in_the_second_part() -> None:
    warned = built(example("asparaginase-pancreatitis-grade-3"))["beside"]
    assert warned.warnings[0].cited
    assert warned.warnings[0].facts
    tests = built(example("new-ph-positive-70"))["beside"]
    assert len(tests.tests) == 16  # the card tells five in full
    page = drawn("options", example("asparaginase-pancreatitis-grade-3"))
    assert (
        page.index('href="#warnings"') < page.index('<form method="post" class="compare"') < page.index('id="warnings"')
    )


def test_patients_without_all_get_the_page_that_says_so() -> None:
    for name in ("nothing-but-a-patient", "not-a-leukemia-patient"):
        case = example(name)
        assert built(case)["choices"] == ()
        assert "No advice for this patient" in drawn("options", case)


def test_text_from_the_record_is_escaped_and_not_marked_up() -> None:
    hostile = "46,XX[20] <img src=x onerror=alert(1)> *x*"
    page = drawn("options", changed("eot-surveillance", lambda text: text.replace("46,XX[20]", hostile)))
    assert "&lt;img src=x onerror=alert(1)&gt; *x*" in page
    assert "<img" not in page


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_keeps_the_policy_and_its_parts_have_names(name: str) -> None:
    check(drawn("options", example(name)))


def test_the_page_is_drawn_in_german() -> None:
    check(drawn("options", example(PH_POSITIVE), asked(language="de")))
