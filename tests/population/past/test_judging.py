"""What the guideline of the day, and later ones, say of decisions of hand-made courses."""

from __future__ import annotations

from datetime import date

import pytest

from service.population.asking import Asker, Asking
from service.population.past.judging import DAY, Concordance, Ground, Judge, JudgedDecision, Judgement
from service.population.past.reasons import Reasons
from service.population.past.rows import COLUMNS, IN_FORCE, answering, rows
from service.rules.editions import UnknownSource
from tests.population.past.course import (
    Course,
    blinatumomab_for_mrd,
    bosutinib_2016,
    ph_negative,
    ponatinib_2016,
    tisagenlecleucel_2016,
)

UNTIL = date(2026, 6, 1)
ADULT_2025, PEDIATRIC = "nccn-adult-2-2025", "nccn-pediatric-1-2026"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Asker(Asking()))


def judged(judge: Judge, course: Course, until: date = UNTIL) -> list[JudgedDecision]:
    found = judge.decisions(course.patient, until)
    assert found is not None
    return list(judge.judged(course.patient, found, until))


def by_edition(one: JudgedDecision) -> dict[str, Judgement]:
    return {j.edition.source or IN_FORCE: j for j in one.judgements}


def test_ponatinib_after_t315i_is_listed_in_2016_and_ever_since(judge: Judge) -> None:
    _, relapse = judged(judge, ponatinib_2016())
    assert relapse.of_the_day.verdict is Concordance.CONCORDANT
    assert answering(relapse.of_the_day) == "nccn-2015"
    said = by_edition(relapse)
    assert [said[name].verdict for name in ("nccn-2017", ADULT_2025)] == [Concordance.CONCORDANT] * 2
    assert said[PEDIATRIC].verdict is Concordance.NOT_JUDGED


def test_the_drug_itself_is_no_history_of_its_own_decision(judge: Judge) -> None:
    """If ponatinib counted as taken, the editions that ask for no TKI of the same kind before would rule it out."""
    _, relapse = judged(judge, ponatinib_2016())
    facts = relapse.of_the_day.facts
    assert facts is not None
    prior = facts.value("prior_tkis")
    assert "dasatinib" in str(prior)
    assert "ponatinib" not in str(prior)


def test_a_mutation_that_a_later_edition_holds_against_the_drug(judge: Judge) -> None:
    _, relapse = judged(judge, bosutinib_2016())
    assert relapse.of_the_day.verdict is Concordance.CONCORDANT  # another TKI than in the induction
    later = by_edition(relapse)[ADULT_2025]
    assert (later.verdict, later.first.ground) == (Concordance.DISCORDANT, Ground.RULED_OUT)
    assert [verdict.rule.id for verdict in later.first.against] == ["nccn-2025-mut-bosutinib"]
    (reason,) = Reasons(judge.content).of(later)
    assert (reason.source, reason.what) == (ADULT_2025, "bosutinib")
    assert reason.at


def test_cells_before_they_were_listed_are_not_listed_and_later_editions_list_them(judge: Judge) -> None:
    cells = judged(judge, tisagenlecleucel_2016())[-1]
    day = cells.of_the_day
    assert (day.verdict, day.first.ground) == (Concordance.DISCORDANT, Ground.NOT_LISTED)
    assert any(rule.advise.subject == "blinatumomab" for rule in day.first.instead)
    assert by_edition(cells)[ADULT_2025].first.ground is Ground.PREFERRED
    (row, *more) = rows("p", 3, cells, Reasons(judge.content))
    assert list(row) == list(COLUMNS)
    assert row["change"] == ""
    assert {r["edition"]: r["change"] for r in more}[ADULT_2025] == "would be listed"
    assert "Blinatumomab" in row["listed_instead"]


def test_cells_given_in_a_trial_are_what_the_edition_prefers(judge: Judge) -> None:
    course = tisagenlecleucel_2016(note=[{"text": "Given within a clinical trial"}])
    assert judged(judge, course)[-1].of_the_day.first.ground is Ground.IN_TRIAL
    denied = tisagenlecleucel_2016(note=[{"text": "Not given within a clinical trial"}])
    assert judged(judge, denied)[-1].of_the_day.first.ground is Ground.NOT_LISTED


def test_blinatumomab_for_mrd_is_not_listed_by_the_edition_held_of_2019_but_by_that_of_2025(judge: Judge) -> None:
    given = judged(judge, blinatumomab_for_mrd())[-1]
    day = given.of_the_day
    assert day.verdict is Concordance.DISCORDANT
    (reason,) = Reasons(judge.content).of(day)
    assert reason.rule == "nccn-2017-ph-neg-blinatumomab"
    assert "relapsed or refractory" in reason.text
    assert by_edition(given)[ADULT_2025].verdict is Concordance.CONCORDANT
    assert judged(judge, blinatumomab_for_mrd("2026-02-18"))[-1].of_the_day.verdict is Concordance.CONCORDANT


def test_what_the_record_leaves_open_is_never_a_deviation(judge: Judge) -> None:
    given = judged(judge, blinatumomab_for_mrd(phase=False))[-1]
    assert given.of_the_day.verdict is Concordance.CANNOT_TELL
    assert given.of_the_day.first.missing
    bare = Course("bare").diagnosis("2018-03-05").relapse("2020-02-03").drug("inotuzumab ozogamicin", "2020-02-10")
    for one in judged(judge, bare):
        assert one.of_the_day.verdict is not Concordance.DISCORDANT


def test_a_result_that_was_issued_later_was_not_known(judge: Judge) -> None:
    known = Course("known").diagnosis("2018-03-05").flow("2018-03-05").bcr_abl1("2018-03-05", found=True)
    later = Course("later").diagnosis("2018-03-05").flow("2018-03-05")
    later.bcr_abl1("2018-03-05", found=True, issued="2018-03-20T10:00:00Z")
    for course in (known, later):
        course.drugs("dasatinib, dexamethasone, vincristine", "2018-03-08", "2018-06-01")
    assert judged(judge, known)[0].of_the_day.verdict is Concordance.CONCORDANT
    assert judged(judge, later)[0].of_the_day.verdict is Concordance.CANNOT_TELL


def test_a_decision_whose_day_is_not_known_cannot_be_told(judge: Judge) -> None:
    course = ph_negative("year", "2018-03-05", None).drug("blinatumomab", "2019", "2019")
    placed = judged(judge, course)[-1].of_the_day.first
    assert (placed.ground, placed.missing) == (Ground.FACTS_MISSING, (DAY,))


def test_before_the_first_edition_nothing_is_judged_unless_a_source_is_named(judge: Judge) -> None:
    course = ph_negative("early", "2012-03-05", None)
    (one,) = judged(judge, course)
    assert one.decision.day < judge.first_edition
    assert one.of_the_day.first.ground is Ground.NO_EDITION
    named = Judge(judge.asker, ["nccn-2015"])
    (one,) = judged(named, course)
    assert [str(j.edition.relation) for j in one.judgements[:2]] == ["of the day", "named"]
    assert one.judgements[1].verdict is Concordance.CONCORDANT
    with pytest.raises(UnknownSource, match="Allowed"):
        Judge(judge.asker, ["nccn-1999"])


def test_for_a_child_no_edition_was_in_force_before_the_pediatric_one(judge: Judge) -> None:
    course = ph_negative("child", "2018-03-05", None, born="2012-05-01")
    (one,) = judged(judge, course)
    assert one.of_the_day.first.ground is Ground.NO_EDITION


def test_what_was_put_on_record_later_does_not_change_the_verdict_of_the_day(judge: Judge) -> None:
    """Death, a later relapse, a transplant, the end of the course and why it was stopped are not known yet."""
    course = ponatinib_2016()
    before = [one.of_the_day.first for one in judged(judge, course)]
    course.rows[0]["deceasedBoolean"] = True
    ponatinib = next(r for r in course.rows if r.get("medicationCodeableConcept") == {"text": "ponatinib"})
    ponatinib.update(status="stopped", statusReason=[{"text": "Relapse on ponatinib"}],
                     effectivePeriod={"start": "2016-08-29", "end": "2018-01-02"})  # fmt: skip
    course.relapse("2018-01-02").graft("2018-03-01")
    after = [one.of_the_day.first for one in judged(judge, course)][:2]
    assert [(p.ground, p.rules, p.missing) for p in after] == [(p.ground, p.rules, p.missing) for p in before]


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [("C91.01", "B-ALL in remission", "remission"), ("C91.01", "B-ALL", "active"), ("C91.00", "B-ALL", "resolved"),
     ("C91.00", "B-ALL, 1. Rezidiv 05/2023", "active")],
)  # fmt: skip
def test_a_problem_list_of_today_tells_nothing_of_the_day_of_the_decision(
    judge: Judge, code: str, text: str, status: str
) -> None:
    """The one item of the problem list was changed since: whoever is cured or relapsed by now was newly diagnosed then."""
    course = ph_negative("today", "2018-03-05", None)
    condition = next(row for row in course.rows if row["resourceType"] == "Condition")
    condition["clinicalStatus"]["coding"][0]["code"] = status
    condition["code"] = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}], "text": text}
    del condition["recordedDate"]
    (one,) = judged(judge, course)
    facts = one.of_the_day.facts
    assert facts is not None
    assert facts.value("disease_state") == "new-diagnosis"
    assert one.of_the_day.verdict is Concordance.CONCORDANT


def test_resources_without_an_id_are_no_history_of_their_own_decision_either(judge: Judge) -> None:
    course = ponatinib_2016()
    for row in course.rows[1:]:
        del row["id"]
    induction, relapse = judged(judge, course)
    for one, taken in ((induction, "none"), (relapse, "dasatinib")):
        assert one.of_the_day.facts is not None
        assert str(one.of_the_day.facts.value("prior_tkis")) == taken


def test_editions_that_came_after_the_last_day_are_not_asked(judge: Judge) -> None:
    asked = {j.edition.source for j in judged(judge, ponatinib_2016(), date(2018, 1, 1))[-1].judgements}
    assert asked == {None, "nccn-2017"}
