"""Editions side by side: who says what, why another is silent, which one is in force and why, what is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from service.advice.sides import Why
from service.facts.model import Reason, unknown
from service.smart.case import Case, case_of
from service.smart.views import editions
from service.smart.views.edition_rows import Line, Section
from service.smart.views.editions import comparer
from tests.smart.cases import EXAMPLES, READ_AT, asked, clinic, example
from tests.smart.drawn import check, drawn

ADULT = ("nccn-2015", "nccn-2017", "nccn-adult-2-2025")
PEDIATRIC = "nccn-pediatric-1-2026"
PH_POSITIVE = "relapsed-ph-positive-t315i"
WITH_ALL = tuple(name for name in EXAMPLES if name not in ("nothing-but-a-patient", "not-a-leukemia-patient"))


def built(case: Case, *sources: str) -> dict[str, Any]:
    return dict(editions.build(case, asked(query={"source": sources} if sources else {})))


def compared(case: Case, *sources: str) -> tuple[str, ...]:
    return tuple(one.source.id for one in built(case, *sources)["compared"])


def section(values: dict[str, Any], title: str) -> Section:
    (found,) = [one for one in values["sections"] if one.title == title]
    assert isinstance(found, Section)
    return found


def line(found: Section, subject: str) -> Line:
    (one,) = [one for one in found.lines if one.subject == subject]
    return one


def test_adults_see_three_editions_children_and_young_adults_the_pediatric_one_too() -> None:
    assert compared(example(PH_POSITIVE)) == ADULT
    assert compared(example("child-first-relapse-marrow-20-months")) == (*ADULT, PEDIATRIC)
    assert compared(example("aya-setting-unknown")) == (*ADULT, PEDIATRIC)


def test_a_patient_of_unknown_age_is_not_taken_for_an_adult() -> None:
    case = example(PH_POSITIVE).assuming(unknown("age_years", Reason.NOT_PROVIDED))
    assert compared(case) == (*ADULT, PEDIATRIC)


def test_other_sources_are_compared_when_named_by_id_or_alias_oldest_first() -> None:
    case = example(PH_POSITIVE)
    assert compared(case, "nccn-2025", "gba-2025", "blood-2015") == ("blood-2015", "nccn-adult-2-2025", "gba-2025")


def test_one_source_or_none_that_there_is_gives_the_usual_ones_and_says_so() -> None:
    values = built(example(PH_POSITIVE), "nccn-2015", "<b>no such source</b>")
    assert values["too_few"]
    assert values["chosen"] == set(ADULT)
    page = drawn("editions", example(PH_POSITIVE), asked(query={"source": ("<b>no such source</b>",)}))
    assert "no such source" not in page
    assert "Fewer than two sources" in page


def test_more_than_five_sources_are_cut_and_it_is_said() -> None:
    values = built(example(PH_POSITIVE), *(source.id for source in editions.selectable(clinic().engine)))
    assert (len(values["compared"]), values["too_many"]) == (editions.MOST, True)


@pytest.mark.parametrize("name", WITH_ALL)
def test_every_source_says_here_what_it_says_alone_beside_another_one(name: str) -> None:
    case = example(name)
    sections = built(case)["sections"]
    for index, source in enumerate(compared(case)):
        other = next(s for s in ADULT if s != source)
        pair = comparer(case.engine).among((source, other)).compare(case.facts)
        alone = {verdict.rule.id for item in pair.recommendations for verdict in item.first}
        here = [said.cited.rule for s in sections for one in s.lines for said in one.cells[index].says]
        assert set(here) == alone
        assert len(here) == len(alone)


@pytest.mark.parametrize("name", WITH_ALL)
def test_a_cell_speaks_or_tells_why_not(name: str) -> None:
    values = built(example(name))
    for found in (*values["sections"], *values["safety"]):
        for one in found.lines:
            assert any(cell.says for cell in one.cells)
            assert all(bool(cell.says) != bool(cell.silent) for cell in one.cells)


@pytest.mark.parametrize("name", WITH_ALL)
def test_what_cannot_be_told_is_never_said_to_be_missing_from_an_edition(name: str) -> None:
    values = built(example(name))
    for found in values["sections"]:
        for one in found.lines:
            for cell, reasons in zip(one.cells, one.item.silences, strict=True):
                own = [r for r in reasons if r.verdict and r.why is Why.CANNOT_TELL]
                same = [
                    r for r in own if r.verdict and r.verdict.rule.topic.split("/")[0] == one.item.topic.split("/")[0]
                ]
                assert cell.open == bool(same)
                assert not cell.open or cell.silent[0].needs
    for step in values["steps"]:
        for change in step.changes:
            if change.silence is not None and change.silence.why == "cannot-tell" and not change.silence.topic:
                assert change.open


def test_a_later_edition_that_waits_for_a_fact_is_worded_so() -> None:
    case = example(PH_POSITIVE)
    (hct,) = [one for one in built(case)["steps"][0].offers if one.names == ("Allogeneic HCT",)]
    assert (hct.kind, hct.open) == ("added", True)
    assert [need.name for need in hct.silence.needs] == ["donor_available"]
    assert "whether NCCN 2015 says it of this patient cannot be told" in drawn("editions", case)


def test_a_changed_category_or_preference_is_told_as_both_print_it() -> None:
    (_, to_2025) = built(example(PH_POSITIVE))["steps"]
    (tki,) = [one for one in to_2025.offers if one.names == ("TKI with a corticosteroid",)]
    assert [(one.what, one.before, one.after) for one in tki.altered] == [("preference", "", "other recommended")]
    assert all(one.what != "page" for step in (to_2025,) for change in step.changes for one in change.altered)


def test_a_note_is_not_drawn_as_an_offer() -> None:
    case = example(PH_POSITIVE)
    cell = line(section(built(case), "Relapsed or refractory Ph-positive ALL"), "Blinatumomab").cells[1]
    assert [said.cited.act for said in cell.says] == ["note"]
    assert "noted, not offered" in drawn("editions", case)


def test_a_topic_of_which_an_edition_has_nothing_is_one_difference() -> None:
    (to_2017, to_2025) = built(example("new-ph-positive-70"))["steps"]
    ends = [one for one in to_2017.offers if one.kind == "ends"]
    begins = [one for one in to_2025.offers if one.kind == "begins"]
    assert "Induction for Ph-positive ALL" in {one.topic for one in ends}
    assert "Induction for Ph-positive ALL" in {one.topic for one in begins}
    assert all(one.names for one in (*ends, *begins))


@pytest.mark.parametrize("name", WITH_ALL)
def test_an_edition_that_may_still_speak_has_not_nothing_on_a_topic(name: str) -> None:
    for found in built(example(name))["sections"]:
        for index in found.blank:
            assert not any(one.cells[index].says or one.cells[index].open for one in found.lines)


def test_the_edition_in_force_is_marked_with_whom_for_and_what_was_silent_before_it() -> None:
    values = built(example(PH_POSITIVE))
    relapse = section(values, "Relapsed or refractory Ph-positive ALL")
    assert [(one.source, one.certain, one.silent) for one in relapse.answering] == [("nccn-adult-2-2025", True, ())]
    later = section(values, "Transplant in later disease")
    assert [(one.source, one.silent) for one in later.answering] == [("nccn-2017", ("NCCN adult 2.2025",))]
    assert [cell.in_force for cell in later.lines[0].cells] == [False, True, False]
    assert later.answering[0].populations == ("adults (40 years or older)",)


def test_earlier_days_tell_since_when_which_edition_answered() -> None:
    relapse = section(built(example(PH_POSITIVE)), "Relapsed or refractory Ph-positive ALL")
    assert [(one.since.isoformat(), one.names) for one in relapse.history] == [
        ("2015-10-01", ("NCCN 2015",)),
        ("2017-09-10", ("NCCN Insights 2017",)),
        ("2025-06-27", ("NCCN adult 2.2025",)),
    ]


def test_the_policy_says_in_which_order_the_sources_are_asked() -> None:
    roles = {one.source.id: one.role for one in built(example(PH_POSITIVE), *ADULT, PEDIATRIC)["compared"]}
    (place,) = roles["nccn-2015"].asked
    assert (place.place, place.certain) == (3, True)
    assert place.after == (("NCCN adult 2.2025", date(2025, 6, 27)), ("NCCN Insights 2017", date(2017, 9, 10)))
    assert roles["nccn-adult-2-2025"].asked[0].place == 1
    assert (roles[PEDIATRIC].state, roles[PEDIATRIC].asked) == ("other", ())


def test_while_the_setting_is_unknown_both_populations_are_named_as_possible() -> None:
    case = example("aya-setting-unknown")
    values = built(case)
    assert [need.name for need in values["waits_for"]] == ["care_setting"]
    roles = {one.source.id: one.role for one in values["compared"]}
    assert [place.certain for place in roles[PEDIATRIC].asked] == [False]
    assert [place.certain for place in roles["nccn-2015"].asked] == [False, False]
    assert "if the patient belongs to" in drawn("editions", case)


def test_a_past_day_is_judged_by_the_edition_of_that_day() -> None:
    case = example(PH_POSITIVE)
    past = case_of(case.engine, replace(case.question, as_of=date(2016, 5, 1)), READ_AT)
    values = built(past)
    roles = {one.source.id: one.role.state for one in values["compared"]}
    assert (roles["nccn-2015"], roles["nccn-2017"], roles["nccn-adult-2-2025"]) == ("asked", "not-yet", "not-yet")
    assert {one.source for s in values["sections"] for one in s.answering} <= {"nccn-2015", "blood-2015"}


def test_labels_of_both_regions_stand_side_by_side_and_one_that_is_not_stated_differs_from_nothing() -> None:
    found = {drug.name: drug for drug in built(example("german-record"))["labels"]}
    assert found
    assert all(len(drug.labels) == len(editions.REGIONS) for drug in found.values())
    blinatumomab = found["blinatumomab"]
    assert [label.standing for label in blinatumomab.labels] == ["labelled", "labelled"]
    assert blinatumomab.labels[0].cited != blinatumomab.labels[1].cited
    for drug in found.values():
        stated = {label.standing for label in drug.labels} - {"not-stated"}
        assert drug.differs == (len(stated) > 1)


def test_nothing_to_treat_now_is_no_error() -> None:
    values = built(example("eot-surveillance"))
    assert not any(found.offers for found in values["sections"])
    page = drawn("editions", example("eot-surveillance"))
    assert "No difference in what is offered to this patient." in page
    assert "The sources state no label" in page


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_keeps_the_policy_and_its_parts_have_names(name: str) -> None:
    check(drawn("editions", example(name)))


def test_the_page_is_drawn_in_german() -> None:
    check(drawn("editions", example(PH_POSITIVE), asked(language="de")))
