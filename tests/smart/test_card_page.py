"""The page of the card that a chart was opened from: what is kept of it, and the same advice now."""

from __future__ import annotations

import copy
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fhir_examples.request import day_of, request_of
from service.advice.decision import decision
from service.settings import Settings
from service.smart.case import Case
from service.smart.views.card import build
from service.smart.views.story import Now, Since, Told
from service.store.story import Story
from service.store.story import Told as Reply
from tests.apps import client_of
from tests.smart.cases import asked, case_from
from tests.smart.cases import example as case
from tests.smart.drawn import SECRET, Session, check
from tests.test_examples import bundle

NAME = "relapsed-ph-positive-t315i"
CARD = "0b7c1f66-3d4e-5a5b-9a57-0c9a41f4f001"


def story(found: Case, place: int = 0, **more: Any) -> Story:
    """What the store keeps of one of the cards of a case."""
    assert found.answer.facts is not None
    basis = found.engine.basis(found.answer.advice[place], found.answer.facts)
    kept = json.loads(json.dumps(decision(basis, found.engine.vocabulary)))
    made = Story(
        "", CARD, "2026-03-02T09:30:00+00:00", "allcue-patient-view", "patient-view", found.as_of.isoformat(), "0.1.0",
        found.engine.content.digest, "info", basis.rules, kept, (), None,
    )  # fmt: skip
    return replace(made, **more)


def told(found: Case, *stories: Story) -> tuple[Told, ...]:
    values: Mapping[str, Any] = build(found, asked(card=CARD, told=stories))
    assert values["state"] == "told"
    result: tuple[Told, ...] = values["found"]
    return result


def without(kind: str) -> Case:
    raw = bundle(NAME)
    raw["entry"] = [entry for entry in raw["entry"] if entry["resource"]["resourceType"] != kind]
    return case_from(raw, day_of(NAME))


def test_states_without_a_trace() -> None:
    assert build(case(NAME), asked())["state"] == "none"
    assert build(case(NAME), asked(card=CARD))["state"] == "unknown"
    assert build(case("nothing-but-a-patient"), asked(card=CARD))["state"] == "unknown"


def test_each_card_finds_itself_where_nothing_changed() -> None:
    found = case(NAME)
    for place, card in enumerate(found.answer.cards):
        (one,) = told(found, story(found, place))
        assert (one.now, one.card) == (Now.SAME, card)
        assert (one.rules_changed, one.facts_changed, one.rules_new) == (0, 0, ())
        assert one.same_content
        assert {fact.since for fact in one.facts or ()} == {Since.SAME}


def test_values_are_those_of_now_and_only_of_now() -> None:
    (one,) = told(case(NAME), story(case(NAME)))
    facts = {fact.name: fact for fact in one.facts or ()}
    assert facts["ph_status"].value == "positive"
    assert facts["ph_status"].why == ""
    judged = facts["trial_available"]
    assert (judged.why, judged.value, judged.why_now) == ("for the clinician to say", "", "for the clinician to say")
    assert not any("positive" in json.dumps(row) for row in story(case(NAME)).decision["facts"])  # type: ignore[index]


def test_facts_known_since_and_unknown_since_are_told_apart() -> None:
    then = story(case(NAME))
    (later,) = told(without("Observation"), then)
    assert Since.UNKNOWN_NOW in {fact.since for fact in later.facts or ()}
    assert later.facts_changed
    (earlier,) = told(case(NAME), story(without("MedicationStatement")))
    since = {fact.name: fact.since for fact in earlier.facts or ()}
    assert {Since.KNOWN_NOW, Since.OTHER_SOURCES} & set(since.values())


def test_newer_sources_and_another_reason_show() -> None:
    then = story(case(NAME))
    kept = copy.deepcopy(dict(then.decision or {}))
    known = next(row for row in kept["facts"] if row["name"] == "ph_status")
    known["sources"] = [{"type": "Observation", "date": "2001-01-01"}]
    open_ = next(row for row in kept["facts"] if row["name"] == "trial_available")
    open_["unknown"] = "fetch-failed"
    kept["facts"].append({"name": "fact_of_another_version"})
    (one,) = told(case(NAME), replace(then, decision=kept))
    since = {fact.name: fact.since for fact in one.facts or ()}
    assert since["ph_status"] is Since.OTHER_SOURCES
    assert since["trial_available"] is Since.OTHER_REASON
    assert since["fact_of_another_version"] is Since.NO_FACT


def test_another_content_version_and_a_rule_that_is_gone() -> None:
    then = story(case(NAME), content="c0ffee" * 10, version="0.0.1", rules=("gone-rule",), decision=None)
    (one,) = told(case(NAME), then)
    assert (one.same_content, one.same_version, one.facts) == (False, False, None)
    (rule,) = one.rules
    assert (rule.rule, rule.title, rule.then, rule.now) == ("gone-rule", "", "", "")
    assert one.now is Now.GONE
    assert one.rules_changed == 1


def test_a_verdict_that_changed_shows() -> None:
    then = story(case(NAME))
    kept = copy.deepcopy(dict(then.decision or {}))
    kept["verdicts"][0]["verdict"] = "cannot_tell"
    (one,) = told(case(NAME), replace(then, decision=kept))
    assert [rule.rule for rule in one.rules if rule.changed] == [kept["verdicts"][0]["rule"]]


def test_advice_on_other_rules_in_part_is_the_closest_one() -> None:
    then = story(case(NAME))
    (one,) = told(case(NAME), replace(then, rules=then.rules[1:]))
    assert one.now is Now.CHANGED
    assert one.card == case(NAME).answer.cards[0]
    assert [rule for rule, _ in one.rules_new] == [then.rules[0]]


def test_a_card_about_an_order_is_told_as_such() -> None:
    (one,) = told(case(NAME), story(case(NAME), hook="order-sign", rules=("some-rule",)))
    assert (one.now, one.card) == (Now.ELSEWHERE, None)


def test_a_patient_without_advice_now_still_has_the_story() -> None:
    (one,) = told(case("nothing-but-a-patient"), story(case(NAME)))
    assert one.now is Now.GONE
    assert one.card is None


def test_feedback_is_told_in_words() -> None:
    reason = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes|patient-refuses"
    replies = (
        Reply("2026-03-02T10:00:00Z", "overridden", 0, reason, True),
        Reply("2026-03-02T11:00:00Z", "accepted", 2, None, False),
        Reply("2026-03-02T12:00:00Z", "overridden", 0, "urn:other|own-code", False),
    )
    (one,) = told(case(NAME), story(case(NAME), feedback=replies))
    assert [reply.reason for reply in one.replies] == ["Patient declines", "", "own-code"]


def test_two_clients_with_one_card_are_told_each() -> None:
    found = told(case(NAME), story(case(NAME), client="a"), story(case(NAME), client="b"))
    assert [one.client for one in found] == ["a", "b"]


def test_a_trace_of_another_shape_breaks_nothing() -> None:
    for kept in ({}, {"verdicts": "x", "facts": None}, {"verdicts": [1], "facts": ["x"]}, {"facts": [{}]}):
        told(case(NAME), story(case(NAME), decision=kept))


def test_the_page_without_a_trace_says_so_and_keeps_the_rules() -> None:
    page = Session(NAME, card=str(uuid.UUID(CARD))).page("card")
    check(page)
    assert "Nothing is kept of this card" in page
    plain = Session(NAME).page("card")
    check(plain)
    assert "not opened from a card" in plain


def test_a_card_that_was_served_opens_on_its_story(tmp_path: Path) -> None:
    settings = Settings(site_secret=SECRET, database_url=f"sqlite:///{tmp_path / 'kept.db'}")
    client = client_of(settings)
    answer = client.post("/cds-services/allcue-patient-view", json=request_of(bundle(NAME), NAME)).get_json()
    card = answer["cards"][0]["uuid"]
    feedback = {
        "card": card, "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z",
        "overrideReason": {"userComment": "words that stay in the store"},
    }  # fmt: skip
    client.post("/cds-services/allcue-patient-view/feedback", json={"feedback": [feedback]})
    session = Session(NAME, card=card, settings=settings)
    page = session.page("card")
    for _ in range(200):  # traces are saved behind the answer
        if "The card as it was shown" in page:
            break
        time.sleep(0.05)
        page = session.page("card")
    check(page)
    assert "The card as it was shown" in page
    assert "overridden" in page
    assert "words that stay in the store" not in page
    assert card not in page
    first = session.client.get(f"/smart/p/{session.sid}/")
    assert first.headers["Location"].endswith("/card")
