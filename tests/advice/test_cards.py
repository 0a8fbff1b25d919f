"""From facts to cards over a small guideline: what is offered, held back, asked, warned of, and how it is written."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest

from service.advice.cards import listed, shorten
from service.advice.engine import Question, as_json
from service.advice.reasons import OVERRIDE_REASONS
from service.advice.words import LONGEST, escape
from service.record.model import Coverage
from tests.advice.support import (
    AS_OF,
    AVOID_INO,
    BLINA,
    DASA,
    INO,
    LABEL,
    NOTE,
    REDIRECT,
    REQUIRE,
    TEST,
    TRIAL,
    ask,
    card,
    engine,
    record,
    rule,
    stated,
)
from tests.rules.support import POLICY, SOURCE, dump

RELAPSED = {"disease_state": "relapsed", "ph_status": "negative", "cd19": "positive", "cd22": "positive",
            "prior_sos": False, "wbc_current": 4, "trial_available": True}  # fmt: skip


def test_one_card_offers_all_options_by_preference_and_cites_each_rule() -> None:
    offers = card(ask(RELAPSED), "Relapsed ALL")
    assert offers["summary"] == "Relapsed ALL: clinical-trial, blinatumomab, inotuzumab ozogamicin"
    detail = offers["detail"]
    assert detail.index("**clinical-trial**") < detail.index("**blinatumomab**") < detail.index("**inotuzumab")
    assert "Guide, 2025, p. 7: preferred, category 1" in detail
    assert "Guide, 2025, p. 7: other recommended, category 2B" in detail  # the second rule that says blinatumomab
    for part in ("with chemotherapy", "28 days a cycle", "Given by continuous infusion.", "Watch for neurotoxicity.",
                 "Labelled in the US", "CD19 is asked for by the label.", "TOWER: OS 7.7 v 4.0 months (NEJM 2017; p. 9)",
                 "disease state: relapsed", "Title of note"):  # fmt: skip
        assert part in detail
    assert "Lower the count first" not in detail  # its count is normal
    assert offers["indicator"] == "info"


def test_a_safety_rule_takes_an_option_out_and_says_why() -> None:
    offers = card(ask({**RELAPSED, "prior_sos": True}), "Relapsed ALL")
    assert "inotuzumab" not in offers["summary"]
    assert "- inotuzumab ozogamicin: Liver damage. (Guide, 2025, p. 7)" in offers["detail"]
    assert [s["label"] for s in offers["suggestions"]] == ["Draft blinatumomab"]


def test_an_exclusion_is_told_with_the_fact_that_excludes() -> None:
    facts = {**RELAPSED, "ph_status": "positive", "abl1_mutations": ["T315I"]}
    offers = card(ask(facts), "Relapsed ALL")
    assert "dasatinib: ABL1 kinase domain mutations: T315I (given)" in offers["detail"]
    assert "dasatinib" not in offers["summary"]


def test_when_everything_is_ruled_out_the_card_says_so() -> None:
    offers = card(ask({"disease_state": "relapsed", "prior_sos": True, "cd22": "positive"}, INO, AVOID_INO), "Relapsed")
    assert offers["summary"] == "Relapsed ALL: each listed option is ruled out for this patient"


def test_what_nobody_checked_is_named_and_not_suggested() -> None:
    facts = {k: v for k, v in RELAPSED.items() if k not in ("cd22", "prior_sos")}
    answer = ask(facts)
    offers = card(answer, "Relapsed ALL")
    assert "Not checked: CD22 on the blasts; prior sinusoidal obstruction syndrome" in offers["detail"]
    assert [s["label"] for s in offers["suggestions"]] == ["Draft blinatumomab"]
    missing = card(answer, "Worth checking in ALL")
    assert missing["indicator"] == "info"
    assert "Was there SOS?" in missing["detail"]
    assert "Answered by: CD22 on blasts" in missing["detail"]
    assert [s["label"] for s in missing["suggestions"]] == ["CD22 on blasts"]


def test_what_blocks_a_recommendation_is_asked_first_with_its_decision() -> None:
    missing = card(
        ask({k: v for k, v in RELAPSED.items() if k not in ("cd19", "trial_available")}), "Missing to decide"
    )
    assert missing["indicator"] == "warning"
    assert "CD19 on the blasts" in missing["summary"]
    assert "Decides: blinatumomab" in missing["detail"]
    assert "Is a trial open here?" in missing["detail"]


def test_a_test_that_is_due_is_advised_with_its_order() -> None:
    facts = {**RELAPSED, "ph_status": "positive", "abl1_mutation_tested": False}
    advised = card(ask(facts, TEST), "Tests advised in ALL")
    assert "Test for ABL1 mutations: Now. (Guide, 2025, p. 7)" in advised["detail"]
    (suggestion,) = advised["suggestions"]
    resource = suggestion["actions"][0]["resource"]
    assert resource["code"]["coding"][0]["code"] == "55135-8"
    assert resource["subject"] == {"reference": "Patient/p1"}
    assert ServiceRequest.model_validate(resource).status == "draft"


def test_a_drug_being_taken_that_is_forbidden_is_a_warning_before_all_else() -> None:
    answer = ask({**RELAPSED, "prior_sos": True, "current_therapies": ["inotuzumab ozogamicin"]})
    assert answer.cards[0]["summary"] == "Being taken now: Title of avoid-ino"
    assert answer.cards[0]["indicator"] == "warning"
    assert "prior sinusoidal obstruction syndrome: yes" in answer.cards[0]["detail"]


def test_what_a_current_drug_needs_is_a_warning() -> None:
    (warning,) = ask({"current_therapies": ["ifosfamide"]}, REQUIRE).cards
    assert warning["summary"] == "Ifosfamide needs mesna"


def test_another_guideline_is_pointed_to() -> None:
    (notice,) = ask({"lineage": "mature-B"}, REDIRECT).cards
    assert notice["indicator"] == "info"
    assert notice["summary"].startswith("Mature B-cell disease")


def test_a_note_alone_makes_no_card() -> None:
    assert ask(RELAPSED, NOTE).cards == ()


def test_an_incomplete_record_is_said() -> None:
    answer = ask(RELAPSED, BLINA, coverage={"Observation": Coverage.FAILED, "Procedure": Coverage.PARTIAL})
    notice = card(answer, "Part of the record could not be read")
    assert "- Observation: could not be read" in notice["detail"]
    assert "- Procedure: arrived only in part" in notice["detail"]
    assert notice["indicator"] == "warning"


def test_at_most_as_many_cards_as_policy_allows() -> None:
    facts = {**RELAPSED, "prior_sos": True, "current_therapies": ["inotuzumab ozogamicin", "ifosfamide"]}
    assert len(ask(facts).cards) > 2
    assert len(ask(facts, cards=2).cards) == 2


def test_no_all_no_cards() -> None:
    question = Question("patient-view", "call-1", AS_OF, record(), stated(RELAPSED))
    answer = engine(gate=False).answer(question)
    assert answer.cards == ()
    assert answer.traces() == ()


def test_when_nobody_can_tell_whether_there_is_all_one_card_says_so() -> None:
    question = Question("patient-view", "call-1", AS_OF, record({"Condition": Coverage.PARTIAL}), stated(RELAPSED))
    (only,) = engine(gate=None).answer(question).cards
    assert only["summary"].startswith("Allcue could not tell whether this patient has")
    assert only["indicator"] == "warning"
    assert "- Condition: arrived only in part" in only["detail"]
    question = Question("patient-view", "call-1", AS_OF, record({"Condition": Coverage.COMPLETE}), stated(RELAPSED))
    assert "- Condition: holds nothing that can be read" in engine(gate=None).answer(question).cards[0]["detail"]


def test_another_hook_has_its_own_rules() -> None:
    question = Question("order-select", "call-1", AS_OF, record(), stated(RELAPSED))
    assert engine().answer(question).cards == ()


def test_the_same_call_gets_the_same_uuids_and_another_call_others() -> None:
    again = [c["uuid"] for c in ask(RELAPSED).cards]
    assert [c["uuid"] for c in ask(RELAPSED).cards] == again
    other = engine().answer(Question("patient-view", "call-2", AS_OF, record(), stated(RELAPSED)))
    assert not set(again) & {c["uuid"] for c in other.cards}


@pytest.mark.parametrize("facts", [RELAPSED, {}, {"disease_state": "relapsed"}, {**RELAPSED, "ph_status": "positive"}])
def test_every_card_keeps_the_contract_of_cds_hooks(facts: dict[str, Any]) -> None:
    for one in ask(facts).cards:
        assert 0 < len(one["summary"]) < 140
        assert one["indicator"] in ("info", "warning", "critical")
        assert one["source"]["label"]
        assert one["source"]["topic"]["code"] == "91857003"
        assert one["overrideReasons"] == [dict(reason) for reason in OVERRIDE_REASONS]
        assert all(link["type"] == "absolute" for link in one["links"])
        assert ("selectionBehavior" in one) == bool(one.get("suggestions"))
        for suggestion in one.get("suggestions", ()):
            for action in suggestion["actions"]:
                shape = (
                    MedicationRequest if action["resource"]["resourceType"] == "MedicationRequest" else ServiceRequest
                )
                shape.model_validate(action["resource"])
                assert "dosageInstruction" not in action["resource"]


def test_traces_tell_how_it_came_about() -> None:
    traces = ask(RELAPSED, BLINA, DASA).traces()
    assert [t.verdict.rule.id for t in traces] == ["blina"]
    assert as_json(traces[0].verdict)["verdict"] == "applies"


def test_text_of_the_record_is_inert_in_markdown() -> None:
    hostile = "x](http://evil) <script>alert(1)</script>\n# head **b** `c` | www.evil.example me@evil.example"
    shown = escape(hostile)
    assert "\n" not in shown
    assert "<script" not in shown.replace("\\<", "")
    for mark in "[]<>#*`|":
        assert all(shown[i - 1] == "\\" for i, c in enumerate(shown) if c == mark)
    assert "http://" not in shown
    assert "www.evil" not in shown
    assert "me@evil" not in shown
    assert len(escape("a" * 500)) <= LONGEST


def test_a_question_of_a_trial_is_the_rules_own() -> None:
    missing = card(ask({"disease_state": "relapsed"}, TRIAL), "Missing to decide")
    assert "Is a trial open here?" in missing["detail"]


def test_lists_and_sentences_are_cut_to_fit() -> None:
    assert listed("A", ["b" * 200]) == "A: 1 items"
    assert shorten("x" * 200).endswith("…")
    assert len(shorten("word " * 60)) < 140


def test_a_label_alone_says_nothing() -> None:
    assert ask({"disease_state": "relapsed", "cd19": "positive"}, LABEL).cards == ()


def test_a_caution_that_options_share_is_said_once_with_those_it_is_about() -> None:
    plain = {"kind": "therapy", "act": "offer"}
    both = ["Watch the heart."]
    first = rule("a", {**plain, "subject": "imatinib"}, ["disease_state is relapsed"], cautions=both)
    second = rule(
        "b", {**plain, "subject": "dasatinib"}, ["disease_state is relapsed"], cautions=[*both, "Watch the lung."]
    )
    third = rule("c", {**plain, "subject": "nilotinib"}, ["disease_state is relapsed"])
    detail = card(ask({"disease_state": "relapsed"}, first, second, third), "Relapsed ALL")["detail"]
    assert detail.count("Watch the heart.") == 1
    assert "- Watch the heart. (for imatinib, dasatinib)" in detail
    assert "  - Caution: Watch the lung." in detail


def test_what_decides_which_guideline_answers_is_asked_first() -> None:
    populations = {
        "young": {"title": "young", "when": "care_setting is pediatric-oncology"},
        "old": {"title": "old", "when": "care_setting is adult-oncology"},
    }
    editions = [
        {"topic": "*", "population": "young", "sources": ["guide-2025"]},
        {"topic": "*", "population": "old", "sources": ["guide-2015"]},
    ]
    older = {**SOURCE, "id": "guide-2015", "date": "2015-01-01", "in_force_from": "2015-01-01", "aliases": []}
    more = {
        "sources/guide-2015.yaml": dump(older),
        "policy.yaml": dump({**POLICY, "active": ["guide-2025", "guide-2015"], "populations": populations,
                             "editions": editions}),
    }  # fmt: skip
    old = rule("old", {"kind": "therapy", "act": "offer", "subject": "imatinib"}, ["disease_state is relapsed"])
    old["source"]["ref"] = "guide-2015"
    facts = {k: v for k, v in RELAPSED.items() if k != "cd19"}
    asked = card(ask(facts, BLINA, old, more=more), "Missing to decide")
    assert asked["summary"].startswith("Missing to decide in ALL: care setting, CD19")
    assert "Decides which guideline answers" in asked["detail"]
    settled = card(ask({**facts, "care_setting": "pediatric-oncology"}, BLINA, old, more=more), "Missing to decide")
    assert "care setting" not in settled["detail"]


SUPPORT = {"kind": "supportive", "act": "note", "subject": "support"}
CAUTION = {"kind": "safety", "act": "caution", "subject": "glucose"}


def test_what_to_heed_and_supportive_care_have_cards_where_something_particular_calls_for_them() -> None:
    pain = rule("pain", SUPPORT, ["pain is true"], topic="safety/pain", title="Treat pain")
    treated = ["disease_state is relapsed", "on_chemotherapy is true"]
    everyone = rule("everyone", SUPPORT, treated, topic="safety/all", title="For everyone")
    sugar = rule("sugar", CAUTION, ["hyperglycemia is true"], topic="safety/sugar", title="Watch the glucose")
    answer = ask(
        {"disease_state": "relapsed", "pain": True, "hyperglycemia": True, "on_chemotherapy": True},
        pain,
        everyone,
        sugar,
    )
    assert [one["summary"] for one in answer.cards] == [
        "To heed in ALL: Watch the glucose",
        "Supportive care in ALL: Treat pain",
    ]
    assert [one["indicator"] for one in answer.cards] == ["warning", "info"]


def test_one_warning_for_one_drug_whether_taken_or_not() -> None:
    plain = rule("dasa-heart", {"kind": "safety", "act": "avoid", "subject": "dasatinib"}, ["cardiac_dysfunction is true"],
                 topic="safety/dasatinib")  # fmt: skip
    ordered = rule("dasa-t315i", {"kind": "safety", "act": "avoid", "subject": "dasatinib"},
                   ["ordered_drug includes dasatinib", "abl1_mutations includes T315I"], topic="safety/abl1")  # fmt: skip
    facts = {"cardiac_dysfunction": True, "abl1_mutations": ["T315I"], "current_therapies": ["dasatinib"]}
    (warning,) = ask(facts, plain, ordered).cards
    assert warning["summary"] == "Being taken now: Title of dasa-t315i"
    assert "Title of dasa-heart" in warning["detail"]


def test_of_many_cautions_what_must_be_done_and_the_own_source_come_first() -> None:
    drug = {"subject": "imatinib"}
    offer = rule("offer", {"kind": "therapy", "act": "offer", **drug}, ["disease_state is relapsed"])
    cautions = [
        rule(f"caution-{i}", {"kind": "safety", "act": "require" if i == 6 else "caution", **drug},
             ["ordered_drug includes imatinib"], topic=f"safety/{i}")
        for i in range(7)
    ]  # fmt: skip
    detail = card(ask({"disease_state": "relapsed"}, offer, *cautions), "Relapsed ALL")["detail"]
    assert detail.count("Caution: ") == 5
    assert detail.index("Title of caution-6") < detail.index("Title of caution-0")
    assert "and 2 more cautions in the rule book" in detail


def test_no_limit_on_cards_cuts_off_that_the_record_was_incomplete() -> None:
    coverage = {"Observation": Coverage.FAILED}
    answer = ask(RELAPSED, cards=1, coverage=coverage)
    assert "could not be read" in answer.cards[0]["summary"]


def test_a_caution_of_safety_is_told_whatever_it_rests_on() -> None:
    plain = rule("offer", {"kind": "therapy", "act": "offer", "subject": "imatinib"}, ["disease_state is relapsed"])
    caution = rule("course", CAUTION, ["disease_state is relapsed"], topic="relapse/other", title="Mind the course")
    answer = ask({"disease_state": "relapsed"}, plain, caution)
    assert "Mind the course" in "".join(one["detail"] for one in answer.cards)
