"""The rule book: every rule with its answers, why it is in force or not, and the way from each card to its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape

import pytest
from flask.testing import FlaskClient

from service.advice.model import Notice
from service.facts.model import known
from service.rules.expression import leaves
from service.rules.interpret import find
from service.rules.logic import Truth
from service.rules.rule import Rule
from service.settings import Settings
from service.smart.views import NothingThere
from service.smart.views.cards import shown
from service.smart.views.force import Because, Force, force_of
from service.smart.views.reading import Mark, Reading, State
from service.smart.views.rule import Row, build, rows
from service.smart.views.rules import build as build_index
from service.smart.views.rules import rows as index_rows
from tests.apps import client_of
from tests.smart.cases import CONTENT, ENGINE, asked, supposing
from tests.smart.cases import example as case

PATIENTS = ("relapsed-ph-positive-t315i", "german-record", "mrd-positive-second-remission", "unreadable-units")
PONATINIB = "nccn-2025-rr-phpos-ponatinib"


def all_rows(found: tuple[Row, ...]) -> Iterator[Row]:
    for row in found:
        yield row
        yield from all_rows(row.members)


def state_of(truth: Truth, assumed: bool) -> State:
    if assumed:
        return State.UNCHECKED
    return State.UNKNOWN if truth is None else State.HOLDS if truth else State.FAILS


# One rule.


@pytest.mark.parametrize("name", PATIENTS)
def test_every_criterion_of_every_rule_is_shown_once_with_its_answer(name: str) -> None:
    patient = case(name)
    reading = Reading(patient)
    for rule in CONTENT.rules:
        for tree, unless in ((rule.when, False), (rule.unless, True)):
            shown_ = [row for row in all_rows(rows(tree, reading, unless=unless)) if not row.group]
            written = list(leaves(tree))
            assert [row.said.text for row in shown_] == [reading.say(leaf.criterion) for leaf in written], rule.id
            for row, leaf in zip(shown_, written, strict=True):
                found = find(leaf, patient.facts, not unless)
                assert row.said.state is state_of(found.truth, bool(found.assumed)), (rule.id, row.said.text)


def test_groups_keep_their_members_and_what_happens_while_unknown() -> None:
    rule = CONTENT.rule(PONATINIB)
    group, tki = rows(rule.unless, Reading(case("relapsed-ph-positive-t315i")), unless=True)
    assert group.group == "all"
    assert [row.said.text for row in group.members] == ["age group: AYA", "care setting: pediatric-oncology"]
    assert [row.said.member for row in group.members] == [True, True]
    assert [row.said.state for row in group.members] == [State.FAILS, State.UNKNOWN]
    assert group.said.state is State.FAILS
    assert group.said.if_unknown == tki.said.if_unknown == "name"
    assert group.said.because
    assert not group.waits
    assert not any(row.waits for row in group.members)


def test_an_exclusion_that_blocks_is_told_to_wait() -> None:
    blocking = [
        row
        for rule in CONTENT.rules
        for row in rows(rule.unless, Reading(case("german-record")), unless=True)
        if row.waits
    ]
    assert blocking
    assert all(row.said.unless and not row.said.member for row in blocking)


def test_the_page_of_a_rule_has_its_source_review_date_digest_and_card() -> None:
    values = build(case("relapsed-ph-positive-t315i"), asked(part=PONATINIB))
    rule = CONTENT.rule(PONATINIB)
    assert values["rule"] is rule
    assert values["source"] is CONTENT.sources["nccn-adult-2-2025"]
    assert values["digest"] == CONTENT.digest
    assert values["mark"] is Mark.APPLIES
    assert values["strength"] == "other recommended, category 2A"
    example = values["example"]
    assert isinstance(example, dict)
    assert "Ponatinib" in example["summary"]
    cautions = values["cautions"]
    assert isinstance(cautions, tuple)
    assert all(isinstance(other, Rule) for _, other in cautions)


def test_differences_and_successors_are_named() -> None:
    (name, *_), *_ = [row.rules for row in CONTENT.differences.values()]
    differences = build(case("german-record"), asked(part=name))["differences"]
    assert isinstance(differences, tuple)
    assert all(name in row.rules for row in differences)
    assert differences
    old = "nccn-2015-clofarabine-safety"
    newer = build(case("german-record"), asked(part=old))["replaced_by"]
    assert isinstance(newer, tuple)
    assert {rule.id for rule in newer} == {"nccn-2017-clofarabine-safety", "nccn-2025-clofarabine-safety"}


def test_a_draft_is_not_in_use_whatever_it_would_say() -> None:
    draft = next(rule for rule in CONTENT.rules if rule.status == "draft")
    values = build(case("german-record"), asked(part=draft.id))
    assert values["mark"] is Mark.UNUSED
    assert values["example"] is None
    force = values["force"]
    assert isinstance(force, Force)
    assert (force.in_force, force.because) == (False, Because.STATUS)


@pytest.mark.parametrize("name", ["", "no-such-rule", "../policy.yaml", "<script>"])
def test_an_unknown_rule_is_not_there(name: str) -> None:
    with pytest.raises(NothingThere):
        build(case("german-record"), asked(part=name))


# In force, and why.


@pytest.mark.parametrize("name", PATIENTS)
def test_what_is_told_to_be_in_force_is_what_the_engine_lets_speak(name: str) -> None:
    patient = case(name)
    reading = Reading(patient)
    speaking = set(ENGINE.in_force(patient.as_of).to(patient.facts))
    for rule in CONTENT.rules:
        assert (force_of(patient, rule, reading).in_force is not False) == (rule in speaking), rule.id
    asked_now = {verdict.rule for verdict in patient.answer.verdicts}
    assert asked_now <= speaking


def why(name: str, rule: str) -> Force:
    return force_of(case(name), CONTENT.rule(rule), Reading(case(name)))


def test_why_an_edition_is_in_force() -> None:
    adult = why("relapsed-ph-positive-t315i", PONATINIB)
    assert (adult.in_force, adult.because) == (True, Because.POPULATION)
    assert [one.belongs for one in adult.populations] == [False, True]
    safety = next(rule.id for rule in CONTENT.rules if rule.is_safety and rule.source.ref == "blood-2015")
    assert why("relapsed-ph-positive-t315i", safety).because is Because.EVERY_SOURCE
    replaced = why("relapsed-ph-positive-t315i", "nccn-2015-clofarabine-safety")
    assert (replaced.in_force, replaced.because) == (False, Because.REPLACED)
    assert [rule.id for rule in replaced.rules] == ["nccn-2025-clofarabine-safety"]
    other = next(
        rule
        for rule in CONTENT.rules
        if rule.topic == "relapsed-refractory/ph-positive"
        and rule.source.ref == "nccn-2015"
        and not rule.speaks_from_every_source
    )
    another = why("relapsed-ph-positive-t315i", other.id)
    assert (another.in_force, another.because) == (False, Because.ANOTHER)
    assert "NCCN adult 2.2025" in another.sources


def test_while_the_care_setting_is_unknown_the_edition_is_open_and_then_settled() -> None:
    rule = next(
        one
        for one in CONTENT.rules
        if one.topic == "relapsed-refractory/ph-negative"
        and one.source.ref == "nccn-adult-2-2025"
        and not one.speaks_from_every_source
    )
    name = "mrd-positive-second-remission"
    open_ = why(name, rule.id)
    assert open_.in_force is None
    assert [gap.name for gap in open_.missing] == ["care_setting"]
    for setting, expected in (("adult-oncology", True), ("pediatric-oncology", False)):
        settled = supposing(name, known("care_setting", setting))
        assert force_of(settled, rule, Reading(settled)).in_force is expected


def test_before_its_day_an_edition_is_not_in_force() -> None:
    patient = case("relapsed-ph-positive-t315i")
    early = replace(patient, question=replace(patient.question, as_of=date(2016, 1, 1)))
    found = force_of(early, CONTENT.rule(PONATINIB), Reading(early))
    assert (found.in_force, found.because) == (False, Because.NOT_YET)
    assert found.since == CONTENT.sources["nccn-adult-2-2025"].in_force_from


# All rules.


def test_the_index_has_every_rule_once_with_the_verdict_of_the_cards() -> None:
    patient = case("relapsed-ph-positive-t315i")
    found = {row.rule.id: row for row in index_rows(patient)}
    assert sorted(found) == sorted(rule.id for rule in CONTENT.rules)
    reading = Reading(patient)
    for verdict in patient.answer.verdicts:
        row = found[verdict.rule.id]
        assert row.mark is reading.mark(verdict)
        assert row.speaks


def test_a_filter_shows_what_it_names_and_nothing_else() -> None:
    patient = case("relapsed-ph-positive-t315i")
    query = {"topic": "relapsed-refractory/ph-positive", "source": "nccn-adult-2-2025", "verdict": "applies"}
    values = build_index(patient, asked(query={**query, "editions": "in-force"}))
    chapters = values["chapters"]
    assert isinstance(chapters, tuple)
    (chapter,) = chapters
    assert chapter.id == query["topic"]
    assert {(row.rule.source.ref, row.mark, row.speaks) for row in chapter.rows} == {
        ("nccn-adult-2-2025", Mark.APPLIES, True)
    }
    assert PONATINIB in {row.rule.id for row in chapter.rows}
    assert values["number"] == len(chapter.rows)


@pytest.mark.parametrize("query", [{"topic": "x"}, {"source": "x"}, {"verdict": "x"}])
def test_a_filter_that_names_nothing_is_not_there(query: dict[str, str]) -> None:
    with pytest.raises(NothingThere):
        build_index(case("german-record"), asked(query=query))


# From a card to its rules.


@pytest.mark.parametrize("name", PATIENTS)
def test_every_card_leads_to_its_rules(name: str) -> None:
    patient = case(name)
    pairs = shown(patient)
    assert [card["uuid"] for card, _ in pairs] == [card["uuid"] for card in patient.answer.cards]
    for (card, rules), advice in zip(pairs, patient.answer.advice, strict=True):
        if not (isinstance(advice, Notice) and not advice.verdicts):
            assert rules, card["summary"]
        assert {rule.id for rule in rules} == set(ENGINE.basis(advice, patient.facts).rules)


# Over HTTP.


@pytest.fixture
def client() -> FlaskClient:
    return client_of(Settings())


def opened(client: FlaskClient, name: str) -> str:
    return client.post("/demo/chart", data={"example": name}).headers["Location"].rstrip("/")


@pytest.mark.parametrize(
    "name", ["relapsed-ph-positive-t315i", "german-record", "nothing-but-a-patient", "not-a-leukemia-patient",
             "unreadable-units", "ph-status-unknown"]
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_pages_open_for_every_kind_of_patient(client: FlaskClient, name: str, language: str) -> None:
    base = opened(client, name)
    for page in ("chart", "pathway", "rules", f"rule/{PONATINIB}"):
        answer = client.get(f"{base}/{page}?lang={language}")
        assert answer.status_code == 200, page
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=", answer.text), page


def test_links_of_the_pages_hold(client: FlaskClient) -> None:
    base = opened(client, "relapsed-ph-positive-t315i")
    known_rules = {rule.id for rule in CONTENT.rules}
    for page in ("chart", "pathway", "rules?topic=relapsed-refractory/ph-positive", f"rule/{PONATINIB}"):
        text = client.get(f"{base}/{page}").text
        found = {unescape(link) for link in re.findall(r'href="([^"#]+)"', text)}
        to_rules = {link for link in found if link.startswith((f"{base}/rule/", "rule/"))}
        assert to_rules, page
        assert {link.partition("?")[0].rpartition("/")[2] for link in to_rules} <= known_rules
        others = {f"{base}/{page.partition('?')[0]}{link}" for link in found if link.startswith("?")}
        others |= {link for link in found if link.startswith(f"{base}/")} - to_rules
        for link in sorted(others):
            assert client.get(link).status_code == 200, link


@pytest.mark.parametrize(
    "page", ["rule/no-such-rule", "rule/%3Cscript%3E", "pathway?topic=x", "rules?source=x", "rules/x"]
)
def test_what_is_not_there_answers_404_within_the_chart(client: FlaskClient, page: str) -> None:
    answer = client.get(f"{opened(client, 'german-record')}/{page}")
    assert answer.status_code == 404
    assert "This is not there" in answer.text
    assert "<script>" not in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_another_language_keeps_what_was_chosen(client: FlaskClient) -> None:
    base = opened(client, "relapsed-ph-positive-t315i")
    text = client.get(f"{base}/pathway?topic=surveillance&show=all").text
    (german,) = [unescape(link) for link in re.findall(r'href="([^"]*lang=de)"', text)]
    assert german == f"{base}/pathway?topic=surveillance&show=all&lang=de"
    assert client.get(german).text.count('lang="de"') > 1


def test_addresses_of_the_forms_name_no_patient(client: FlaskClient) -> None:
    base = opened(client, "relapsed-ph-positive-t315i")
    for page in ("pathway", "rules"):
        text = client.get(f"{base}/{page}").text
        fields = set(re.findall(r'<(?:select|input)[^>]* name="(\w+)"', text))
        assert fields <= {"topic", "source", "verdict", "editions"}
        assert "ph-positive-t315i" not in " ".join(re.findall(r'(?:href|action|value)="([^"]*)"', text))
