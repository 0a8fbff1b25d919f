"""Which rules speak under policy, and from chosen editions."""

from __future__ import annotations

from datetime import date

import pytest

from service.rules.editions import UnknownSource, by_policy, every_rule, of_sources
from service.rules.load import ContentProblems, load_content
from service.rules.rule import Content, Rule
from service.rules.witness import Stated
from tests.rules.support import POLICY, SOURCE, VOCABULARY, dump, files, rule

OLD = {
    **SOURCE,
    "id": "guide-2015",
    "edition": "2015",
    "date": "2015-01-01",
    "in_force_from": "2015-01-01",
    "aliases": [],
}
CHILDREN = {**SOURCE, "id": "children-2025", "population": "children", "aliases": []}
SAFETY = {"kind": "safety", "act": "avoid", "subject": "dasatinib"}
AT = {"at": "p. 1"}


POPULATIONS = {
    "adults": {"title": "adults", "when": "age >= 18"},
    "children": {"title": "children", "when": "age < 18"},
}
LATER, EARLIER = date(2026, 1, 1), date(2020, 1, 1)
ADULT, CHILD = Stated({"age": 40.0}), Stated({"age": 4.0})


def two_editions(editions: list[dict[str, object]], *rules: dict[str, object]) -> Content:
    sources = {"guide-2015": OLD, "guide-2025": SOURCE, "children-2025": CHILDREN}
    made = {f"sources/{name}.yaml": dump(source) for name, source in sources.items()}
    policy = {**POLICY, "active": list(sources), "populations": POPULATIONS, "editions": editions}
    made["policy.yaml"] = dump(policy)
    for one in rules:
        made[f"rules/{one['id']}.yaml"] = dump(one)
    return load_content(made, VOCABULARY)


def speaks(content: Content, day: date = LATER, facts: Stated = ADULT) -> set[str]:
    return {rule.id for rule in by_policy(content, day).to(facts)}


def of(source: str, name: str, **changes: object) -> dict[str, object]:
    return rule(id=name, source={"ref": source, **AT}, **changes)


def entry(population: str, *sources: str, topic: str = "relapse") -> dict[str, object]:
    return {"topic": topic, "population": population, "sources": list(sources)}


ADULTS = [entry("adults", "guide-2025", "guide-2015")]


def ids(rules: tuple[Rule, ...]) -> set[str]:
    return {one.id for one in rules}


def test_the_edition_in_force_answers_and_the_older_is_quiet() -> None:
    found = two_editions(ADULTS, of("guide-2025", "new"), of("guide-2015", "old"))
    assert speaks(found) == {"new"}


def test_before_the_newer_was_in_force_the_older_answers() -> None:
    found = two_editions(ADULTS, of("guide-2025", "new"), of("guide-2015", "old"))
    assert speaks(found, EARLIER) == {"old"}
    assert by_policy(found, EARLIER).silent_before(found.rule("old"), ADULT) == ()


def test_where_the_newer_is_silent_the_older_answers_and_it_is_told() -> None:
    found = two_editions(ADULTS, of("guide-2025", "new"), of("guide-2015", "old", topic="relapse/cns"))
    assert speaks(found) == {"new", "old"}
    assert by_policy(found, LATER).silent_before(found.rule("old"), ADULT) == ("guide-2025",)
    assert by_policy(found, LATER).silent_before(found.rule("new"), ADULT) == ()


def test_who_is_silent_is_a_matter_of_the_patients_own_population() -> None:
    editions = [entry("adults", "guide-2025", "guide-2015"), entry("children", "children-2025", "guide-2015")]
    found = two_editions(editions, of("guide-2015", "old"))
    speaking = by_policy(found, LATER)
    assert speaking.silent_before(found.rule("old"), ADULT) == ("guide-2025",)
    assert speaking.silent_before(found.rule("old"), CHILD) == ("children-2025",)


def test_without_an_entry_the_newest_source_on_the_topic_answers() -> None:
    found = two_editions([], of("guide-2025", "new", topic="a"), of("guide-2015", "old", topic="a"))
    assert speaks(found) == {"new"}


def test_each_population_has_its_own_edition() -> None:
    editions = [*ADULTS, entry("children", "children-2025", "guide-2015")]
    found = two_editions(editions, of("guide-2025", "new"), of("children-2025", "child"), of("guide-2015", "old"))
    assert speaks(found) == {"new"}
    assert speaks(found, facts=CHILD) == {"child"}
    assert speaks(found, EARLIER, CHILD) == {"old"}


def test_both_editions_speak_while_the_population_is_unknown() -> None:
    editions = [*ADULTS, entry("children", "children-2025")]
    found = two_editions(editions, of("guide-2025", "new"), of("children-2025", "child"))
    assert speaks(found, facts=Stated({})) == {"new", "child"}


def test_the_closest_topic_entry_decides_for_its_population() -> None:
    closer = entry("adults", "guide-2015", topic="relapse/b")
    everything = entry("children", "children-2025", topic="*")
    editions = [*ADULTS, closer, everything]
    found = two_editions(editions, of("guide-2025", "new"), of("guide-2015", "old"), of("children-2025", "child"))
    assert speaks(found) == {"old"}
    assert speaks(found, facts=CHILD) == {"child"}


def test_safety_speaks_from_every_source_until_replaced_by_name() -> None:
    old = of("guide-2015", "old", advise=SAFETY)
    kept = two_editions(ADULTS, of("guide-2025", "new"), old)
    assert speaks(kept) == {"new", "old"}
    replaced = two_editions(ADULTS, of("guide-2025", "new", supersedes=["old"]), old)
    assert speaks(replaced) == {"new"}
    assert speaks(replaced, EARLIER) == {"old"}


def test_what_is_wrong_with_populations_is_told_with_its_place() -> None:
    with pytest.raises(ContentProblems) as caught:
        two_editions([entry("grownups", "guide-2024")], of("guide-2025", "new"))
    said = str(caught.value)
    assert "editions[0].sources[0]: 'guide-2024' is not a source. Did you mean 'guide-2025'?" in said
    assert "editions[0].population: 'grownups' is not a population." in said
    made = files()
    made["policy.yaml"] = dump({**POLICY, "populations": {"adults": {"title": "adults", "when": "ag >= 18"}}})
    with pytest.raises(ContentProblems, match=r"populations\.adults\.when: 'ag' is not a fact"):
        load_content(made, VOCABULARY)


def test_chosen_sources_by_id_or_alias_and_only_active_rules() -> None:
    found = two_editions(
        ADULTS, of("guide-2025", "new"), of("guide-2015", "old"), of("guide-2025", "later", status="draft")
    )
    assert ids(of_sources(found, ["guide"])) == {"new"}
    assert ids(of_sources(found, ["guide-2015", "guide-2025"])) == {"new", "old"}
    assert ids(every_rule(found)) == {"new", "old"}
    with pytest.raises(UnknownSource, match="Did you mean 'guide-2015'"):
        of_sources(found, ["guide-2014"])
