"""The pathway: the tree agrees with the verdicts, unknown is never shown as no, and the picture says what the list says."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from service.advice.model import Options
from service.book.flow import flow
from service.book.svg import Box, Line, picture
from service.facts.model import Provenance, Reason, known, unknown
from service.rules.editions import every_rule
from service.rules.rule import Rule
from service.smart.banner import banner
from service.smart.case import Case
from service.smart.draw.pathway import drawn
from service.smart.render import Renderer
from service.smart.views import NothingThere
from service.smart.views.pathway import Edition, Topic, build
from service.smart.views.reading import Mark, Reading, Said, State
from service.smart.views.way import Branch, End, Place, way
from service.smart.words import Language
from tests.smart.cases import CONTENT, ENGINE, asked, supposing
from tests.smart.cases import example as case

PATIENTS = (
    "relapsed-ph-positive-t315i",
    "german-record",
    "child-first-relapse-marrow-20-months",
    "eot-surveillance",
    "ph-status-unknown",
    "unreadable-units",
    "nothing-but-a-patient",
)
SVG = "{http://www.w3.org/2000/svg}"


def chapters() -> dict[tuple[str, str], tuple[Rule, ...]]:
    found: dict[tuple[str, str], list[Rule]] = {}
    for rule in every_rule(CONTENT):
        found.setdefault((rule.topic, rule.source.ref), []).append(rule)
    return {key: tuple(rules) for key, rules in found.items()}


def tree(patient: Case, rules: tuple[Rule, ...]) -> Branch:
    verdicts = {verdict.rule.id: verdict for verdict in ENGINE.evaluate(rules, patient.facts)}
    return way(rules, verdicts, Reading(patient))


def ends(branch: Branch, above: tuple[Said, ...] = ()) -> Iterator[tuple[End, tuple[Said, ...], Place]]:
    here = above + branch.conditions
    for end in branch.ends:
        yield end, here + end.exclusions, branch.place
    for inner in branch.branches:
        yield from ends(inner, here)


def expected(said: tuple[Said, ...]) -> set[Mark]:
    """What the lines on the way of a rule amount to."""
    if any(one.bars for one in said if not one.unless):
        return {Mark.NO}
    if any(one.bars for one in said):
        return {Mark.NO} if any(one.state is State.UNKNOWN for one in said if not one.unless) else {Mark.EXCLUDED}
    if any(one.state is State.UNKNOWN for one in said):
        return {Mark.CANNOT_TELL, Mark.OF_ORDER}
    return {Mark.UNCHECKED} if any(one.state is State.UNCHECKED for one in said) else {Mark.APPLIES}


@pytest.mark.parametrize("name", PATIENTS)
def test_the_lines_on_the_way_of_a_rule_amount_to_its_verdict(name: str) -> None:
    patient, wrong = case(name), []
    for rules in chapters().values():
        found = list(ends(tree(patient, rules)))
        assert Counter(end.rule.id for end, _, _ in found) == Counter(rule.id for rule in rules)
        for end, said, place in found:
            if end.mark not in expected(said):
                wrong.append((end.rule.id, end.mark, expected(said)))
            assert (place is Place.OFF) <= (end.mark in (Mark.NO, Mark.EXCLUDED)), end.rule.id
            assert (end.mark in (Mark.APPLIES, Mark.UNCHECKED)) <= (place is Place.WAY), end.rule.id
    assert not wrong


def test_what_a_line_waits_for_is_what_the_verdict_waits_for() -> None:
    patient = case("ph-status-unknown")
    for rules in chapters().values():
        for end, said, _ in ends(tree(patient, rules)):
            if end.mark in (Mark.CANNOT_TELL, Mark.OF_ORDER):
                waits = {gap.name for one in said if one.state is State.UNKNOWN for gap in one.missing}
                assert {gap.name for gap in end.missing} == waits, end.rule.id


def test_a_missing_ph_status_stops_the_way_and_is_never_a_no() -> None:
    values = build(case("ph-status-unknown"), asked(query={"topic": "relapsed-refractory/ph-positive"}))
    root = values["root"]
    assert isinstance(root, Branch)
    (ph,) = [one for one in root.conditions if one.text.startswith("Ph (BCR::ABL1) status")]
    assert (ph.state, root.place, ph.bars) == (State.UNKNOWN, Place.STOP, False)
    stops = values["stops"]
    assert isinstance(stops, tuple)
    assert [gap.name for gap in stops] == ["ph_status"]
    assert not stops[0].of_order
    assert all(inner.place in (Place.OPEN, Place.OFF) for inner in root.branches)
    text = texts(values["picture"])
    assert "? missing: Ph (BCR::ABL1) status" in text
    assert "✗ does not hold: unknown" not in text


def test_once_it_is_known_the_way_goes_on_or_ends() -> None:
    topic = {"topic": "relapsed-refractory/ph-positive"}
    positive = build(supposing("ph-status-unknown", known("ph_status", "positive")), asked(query=topic))["root"]
    negative = build(supposing("ph-status-unknown", known("ph_status", "negative")), asked(query=topic))["root"]
    assert isinstance(positive, Branch)
    assert isinstance(negative, Branch)
    assert positive.place is Place.WAY
    assert negative.place is Place.OFF
    assert {end.mark for end in negative.all_ends()} <= {Mark.NO}


def test_nothing_fails_while_nothing_is_known() -> None:
    names = {name for rule in every_rule(CONTENT) for name in rule.facts}
    nothing = supposing("ph-status-unknown", *(unknown(name, Reason.NOT_GIVEN) for name in names))
    for rules in chapters().values():
        for end, said, _ in ends(tree(nothing, rules)):
            assert not any(one.bars for one in said), end.rule.id
            assert end.mark in (Mark.CANNOT_TELL, Mark.OF_ORDER), end.rule.id


def test_an_excluded_rule_names_what_was_read() -> None:
    rules = chapters()["relapsed-refractory/ph-positive", "nccn-adult-2-2025"]
    root = tree(case("relapsed-ph-positive-t315i"), rules)
    (end,) = [end for end in root.all_ends() if end.rule.id == "nccn-2025-rr-phpos-imatinib"]
    assert end.mark is Mark.EXCLUDED
    assert [seen.name for seen in end.against] == ["abl1_mutations"]
    assert "T315I" in end.against[0].value


def test_a_question_about_an_order_is_no_gap_of_the_record() -> None:
    marks = Counter(
        end.mark
        for rules in chapters().values()
        for end in tree(case("relapsed-ph-positive-t315i"), rules).all_ends()
        if ENGINE.vocabulary.lookup("ordered_drug").name in end.rule.facts
    )
    assert marks[Mark.OF_ORDER] > 0
    assert marks[Mark.APPLIES] == 0


# The picture.


def texts(svg: object) -> str:
    root = ElementTree.fromstring(str(svg))
    return "\n".join(found.text or "" for found in root.iter(f"{SVG}text"))


def links(svg: object) -> list[str]:
    return [found.attrib["href"] for found in ElementTree.fromstring(str(svg)).iter(f"{SVG}a")]


def flat(text: str) -> str:
    """Lines as one; a word may be broken at its hyphen."""
    return " ".join(text.split()).replace("- ", "-")


@pytest.mark.parametrize("name", PATIENTS[:2] + PATIENTS[-1:])
def test_the_whole_picture_says_what_the_list_says(name: str) -> None:
    for rules in chapters().values():
        root = tree(case(name), rules)
        svg = drawn(root, "A & B", Language("en"))
        assert Counter(link for link in links(svg) if link.startswith("rule/")) == Counter(
            f"rule/{rule.id}" for rule in rules
        )
        text = flat(texts(svg))
        for _, said, _ in ends(root):
            assert all(flat(one.text) in text for one in said if not one.unless)


def test_branches_that_do_not_fit_are_folded_until_asked_for() -> None:
    topic = {"topic": "relapsed-refractory/ph-negative", "source": "nccn-pediatric-1-2026"}
    patient = case("mrd-positive-second-remission")
    folded = build(patient, asked(query=topic))
    whole = build(patient, asked(query={**topic, "show": "all"}))
    assert "branches that do not fit" in flat(texts(folded["picture"]))
    assert folded["everything_link"] in links(folded["picture"])
    assert "that do not fit" not in flat(texts(whole["picture"]))
    root = folded["root"]
    assert isinstance(root, Branch)
    applying = {f"rule/{end.rule.id}" for end in root.all_ends() if end.mark in (Mark.APPLIES, Mark.UNCHECKED)}
    assert applying <= set(links(folded["picture"]))
    assert len(links(whole["picture"])) > len(links(folded["picture"]))


@pytest.mark.parametrize("language", ["en", "de"])
def test_states_are_told_by_class_line_and_words_and_never_by_style(language: str) -> None:
    values = build(case("eot-surveillance"), asked(language=language))
    svg = str(values["picture"])
    assert 'class="box way"' in svg
    assert 'class="box stop"' in svg
    assert 'class="box off"' in svg
    assert "style=" not in svg
    assert "<style" not in svg
    assert 'aria-hidden="true"' in svg
    assert all(a.attrib["tabindex"] == "-1" for a in ElementTree.fromstring(svg).iter(f"{SVG}a"))


def test_what_content_says_is_marked_as_english_in_a_german_picture() -> None:
    rules = chapters()["supportive/asparaginase", "nccn-2015"]
    root = tree(case("german-record"), rules)
    picture_of = ElementTree.fromstring(str(drawn(root, "Asparaginase toxicity", Language("de"), "", "NCCN 2015")))
    english = flat(" ".join(line.text or "" for line in picture_of.iter(f"{SVG}text") if line.get("lang") == "en"))
    german = flat(" ".join(line.text or "" for line in picture_of.iter(f"{SVG}text") if line.get("lang") is None))
    assert all(flat(rule.title) in english for rule in rules)
    assert "Toxizität von Asparaginase (NCCN 2015)" in german
    unknown = ElementTree.fromstring(str(drawn(root, "Our own topic", Language("de"))))
    (title,) = unknown.iter(f"{SVG}title")
    assert title.get("lang") == "en"
    assert "lang=" not in str(drawn(root, "Asparaginase toxicity", Language("en")))


def test_a_text_in_a_picture_is_text() -> None:
    hostile = '</text><script>alert("x")</script>'
    svg = picture(Box([Line(hostile)], [Box([Line("b")], link='x"onload="y', kind="a b")]), hostile)
    assert isinstance(svg, Markup)
    root = ElementTree.fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert hostile in texts(svg)
    assert links(svg) == ['x"onload="y']
    assert all(set(found.attrib) <= {"href", "target", "class"} for found in root.iter(f"{SVG}a"))


def test_what_was_found_in_a_record_is_text_on_the_page() -> None:
    hostile = '<script>alert("x")</script><b style="color:red">'
    seen = Provenance("Observation/ph", "2026-01-01", found=hostile)
    patient = supposing("ph-status-unknown", unknown("ph_status", Reason.UNREADABLE, hostile, [seen]))
    values = build(patient, asked(query={"topic": "relapsed-refractory/ph-positive"}))
    frame = {
        "banner": banner(patient), "case": patient, "views": (), "active": "pathway", "title": "Pathway",
        "base": "/smart/p/x", "here": "/smart/p/x/pathway", "kept": "",
    }  # fmt: skip
    page = Renderer().page("pathway.html", Language("en"), {**frame, **values})
    assert "&lt;script&gt;alert" in page
    assert "<script" not in page
    assert "<b style" not in page


def test_boxes_of_a_level_picture_do_not_overlap() -> None:
    rules = chapters()["supportive/asparaginase", "nccn-2015"]
    svg = drawn(tree(case("german-record"), rules), "t", Language("en"))
    boxes: dict[float, list[tuple[float, float]]] = {}
    for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect"):
        boxes.setdefault(float(rect.attrib["x"]), []).append(
            (float(rect.attrib["y"]), float(rect.attrib["y"]) + float(rect.attrib["height"]))
        )
    for column in boxes.values():
        column.sort()
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(column))


# What is shown at first, and what may be chosen.


@pytest.mark.parametrize("name", [name for name in PATIENTS if name != "nothing-but-a-patient"])
def test_the_first_topic_is_that_of_the_first_choice_on_the_cards(name: str) -> None:
    patient = case(name)
    values = build(patient, asked())
    choice = next((item for item in patient.answer.advice if isinstance(item, Options)), None)
    if choice is not None:
        assert values["topic"] == choice.topic
    now = values["now"]
    assert isinstance(now, tuple)
    assert values["topic"] in {topic.id for topic in now}
    edition = values["edition"]
    assert isinstance(edition, Edition)
    assert edition.in_force or edition.may_be


def test_topics_of_the_patient_and_all_others_are_each_there_once() -> None:
    values = build(case("german-record"), asked())
    now, others = values["now"], values["others"]
    assert isinstance(now, tuple)
    assert isinstance(others, tuple)
    found = [topic.id for topic in (*now, *others)]
    assert sorted(found) == sorted({rule.topic for rule in every_rule(CONTENT)})
    assert all(isinstance(topic, Topic) and (topic.applies or topic.open) for topic in now)


def test_an_edition_not_in_force_is_told_as_such_and_an_open_one_with_what_decides() -> None:
    topic = "relapsed-refractory/ph-positive"
    old = build(case("relapsed-ph-positive-t315i"), asked(query={"topic": topic, "source": "nccn-2015"}))["edition"]
    assert isinstance(old, Edition)
    assert (old.in_force, old.may_be) == (0, 0)
    open_ = build(case("mrd-positive-second-remission"), asked())
    assert isinstance(open_["edition"], Edition)
    assert open_["edition"].may_be
    gaps = open_["decides_edition"]
    assert isinstance(gaps, tuple)
    assert [gap.name for gap in gaps] == ["care_setting"]


def test_a_patient_for_whom_nothing_speaks_gets_a_choice_and_no_picture() -> None:
    values = build(case("nothing-but-a-patient"), asked())
    assert values["root"] is None
    assert values["now"] == ()
    assert values["others"]


@pytest.mark.parametrize(
    ("part", "query"),
    [
        ("x", {}),
        ("", {"topic": "no-such-topic"}),
        ("", {"topic": "relapsed-refractory/ph-positive", "source": "gba-2025x"}),
        ("", {"topic": "surveillance/nothing"}),
    ],
)
def test_what_is_not_there_is_said_to_be_not_there(part: str, query: dict[str, str]) -> None:
    with pytest.raises(NothingThere):
        build(case("eot-surveillance"), asked(part=part, query=query))


def test_the_flow_carries_what_it_says() -> None:
    """Each condition of a flow holds the criteria that its words were made of."""
    reading = Reading(case("german-record"))

    def check(step: object) -> None:
        for one in step.asked:  # type: ignore[attr-defined]
            assert one.nodes
        for inner in step.steps:  # type: ignore[attr-defined]
            check(inner)

    for rules in chapters().values():
        check(flow(rules, reading.say))
