"""What goes with an option: its label in the region, the figures for it, where sources differ, who else is silent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.advice.support import BLINA, RELAPSED, TRIAL, ask, card, rule
from tests.rules.support import POLICY, SOURCE, dump

Raw = dict[str, Any]
PATIENT: Raw = {"disease_state": "relapsed", "cd19": "positive", "age_years": 16, "ph_status": "negative"}


def label(name: str, *when: str, drug: str = "blinatumomab", region: str = "US", act: str = "labelled") -> Raw:
    others = {"US": "EU", "EU": "US"}[region]
    return rule(
        name, {"kind": "label", "act": act, "subject": drug, "note": f"Label {name}."},
        [f"ordered_drug includes {drug}", *when], [f"jurisdiction is {others}"], topic="labels",
    )  # fmt: skip


ADULTS = label("adults", "age_years >= 18")
PH_POSITIVE = label("ph-positive", "age_years >= 18", "ph_status is positive")
EU = label("eu", "age_years >= 1", region="EU")


def detail(facts: Raw, *rules: Raw, **more: Any) -> str:
    text: str = card(ask(facts, *rules, **more), "Relapsed ALL")["detail"]
    return text


def test_a_drug_is_labelled_for_the_patient_whom_one_of_its_labels_fits() -> None:
    said = detail({**PATIENT, "age_years": 40}, BLINA, PH_POSITIVE, ADULTS)
    assert "US label: labelled for this patient: Label adults. (Guide, 2025, p. 7)" in said


def test_the_closest_label_is_named_with_the_condition_that_fails_and_what_the_patient_has() -> None:
    said = detail(PATIENT, BLINA, PH_POSITIVE, ADULTS)
    assert "US label: not labelled for this patient: it asks for age: at least 18 years (here: 16 years)" in said


def test_of_two_labels_that_fail_in_one_line_the_one_that_fits_more_is_named() -> None:
    negative = label("a-negative", "ph_status is positive")
    positive = label("b-negative-adult", "ph_status is negative", "cd19 is positive", "age_years >= 18")
    said = detail(PATIENT, BLINA, negative, positive)
    assert "it asks for age: at least 18 years (here: 16 years)" in said


def test_a_label_that_waits_for_a_fact_is_neither_yes_nor_no() -> None:
    facts = {k: v for k, v in PATIENT.items() if k != "age_years"}
    assert "US label: not settled without age: Label adults." in detail(facts, BLINA, ADULTS)


def test_what_a_label_that_fits_could_not_check_is_named() -> None:
    named = {"criterion": "prior_allo_hct is true", "if_unknown": "name", "because": "the label does not ask for it"}
    open_label = label("open", "age_years >= 1")
    open_label["unless"]["any"].append(named)
    said = detail(PATIENT, BLINA, open_label)
    assert "US label: labelled for this patient; not checked: prior allogeneic HCT: Label open." in said


def test_half_of_an_exclusion_is_no_reason() -> None:
    both = {"all": ["ph_status is negative", "prior_allo_hct is true"]}
    adults = label("adults", "age_years >= 18")
    adults["unless"]["any"].append(both)
    said = detail({**PATIENT, "prior_allo_hct": False}, BLINA, adults)
    assert "it asks for age: at least 18 years (here: 16 years) (Guide" in said
    assert "not with" not in said


def test_labels_of_another_region_are_not_this_regions() -> None:
    assert "US label: not labelled for this patient" in detail(PATIENT, BLINA, ADULTS, EU)
    assert "US label: not stated in the sources for blinatumomab" in detail(PATIENT, BLINA, EU)


def test_what_is_said_not_to_be_labelled_is_not() -> None:
    said = detail(PATIENT, BLINA, label("refused", act="not-labelled"))
    assert "US label: not labelled for this patient: Label refused." in said


def test_each_drug_of_a_regimen_has_its_own_line() -> None:
    regimen = rule(
        "both",
        {"kind": "therapy", "act": "offer", "subject": "b-and-i", "subjects": ["blinatumomab", "imatinib", "rest"]},
        [RELAPSED],
    )
    said = detail(PATIENT, regimen, ADULTS)
    assert "US label: blinatumomab not labelled for this patient" in said
    assert "US label: not stated in the sources for imatinib" in said


def test_an_option_that_is_labelled_comes_before_its_equals() -> None:
    plain = {"kind": "therapy", "act": "offer"}
    first = rule("a", {**plain, "subject": "imatinib"}, [RELAPSED])
    second = rule("b", {**plain, "subject": "dasatinib"}, [RELAPSED])
    offers = ask(PATIENT, first, second, label("d", "age_years >= 1", drug="dasatinib"))
    assert card(offers, "Relapsed ALL")["summary"] == "Relapsed ALL: dasatinib, imatinib"


@pytest.mark.parametrize(("subject", "shown"), [("blinatumomab", True), ("imatinib", False)])
def test_figures_go_with_the_drug_they_are_about(subject: str, shown: bool) -> None:
    plain = rule("plain", {"kind": "therapy", "act": "offer", "subject": "blinatumomab"}, [RELAPSED])
    figures = rule("figures", {"kind": "evidence", "act": "note", "subject": subject}, [RELAPSED], evidence=["tower"])
    said = detail(PATIENT, plain, figures)
    assert ("TOWER" in said) is shown
    assert "Title of figures" not in said


def test_where_sources_differ_the_card_says_what_each_says_and_what_is_done() -> None:
    row = {"title": "Trial first?", "rules": ["trial"], "says": "A says so; B does not.", "decided": "Both are shown."}
    table = {"tables/differences.yaml": dump({"trial-first": row})}
    assert "- Trial first?: A says so; B does not. Both are shown." in detail(
        {**PATIENT, "trial_available": True}, TRIAL, more=table
    )
    assert "Sources differ" not in detail(PATIENT, BLINA, TRIAL)


def test_an_older_source_says_that_the_newer_is_silent() -> None:
    older = {**SOURCE, "id": "guide-2015", "edition": "2015", "date": "2015-01-01", "in_force_from": "2015-01-01",
             "aliases": [], "citation": "Guide 2015"}  # fmt: skip
    entry = {"topic": "*", "population": "all", "sources": ["guide-2025", "guide-2015"]}
    policy = {**POLICY, "active": ["guide-2025", "guide-2015"], "editions": [entry],
              "populations": {"all": {"title": "everyone", "when": "age_years >= 0"}}}  # fmt: skip
    more = {"sources/guide-2015.yaml": dump(older), "policy.yaml": dump(policy)}
    old = rule("old", {"kind": "therapy", "act": "offer", "subject": "imatinib"}, [RELAPSED], topic="relapse/c")
    old["source"]["ref"] = "guide-2015"
    said = detail(PATIENT, BLINA, old, more=more)
    assert "*Guide 2015* The newest that speaks on this; nothing on it in Guide, 2025." in said
    assert "*Guide 2025*\n" in said
