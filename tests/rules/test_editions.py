"""Which rules speak under policy, and from chosen editions."""

from __future__ import annotations

from datetime import date

import pytest

from service.rules.editions import UnknownSource, by_policy, every_rule, of_sources
from service.rules.load import load_content
from service.rules.rule import Content, Rule
from tests.rules.support import POLICY, SOURCE, VOCABULARY, dump, rule

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


def two_editions(editions: list[dict[str, str]], *rules: dict[str, object]) -> Content:
    sources = {"guide-2015": OLD, "guide-2025": SOURCE, "children-2025": CHILDREN}
    made = {f"sources/{name}.yaml": dump(source) for name, source in sources.items()}
    made["policy.yaml"] = dump({**POLICY, "active": list(sources), "editions": editions})
    for one in rules:
        made[f"rules/{one['id']}.yaml"] = dump(one)
    return load_content(made, VOCABULARY)


def of(source: str, name: str, **changes: object) -> dict[str, object]:
    return rule(id=name, source={"ref": source, **AT}, **changes)


ADULTS = [
    {"topic": "relapse", "source": "guide-2025", "population": "adults"},
    {"topic": "relapse", "source": "guide-2015", "population": "adults"},
]


def ids(rules: tuple[Rule, ...]) -> set[str]:
    return {one.id for one in rules}


def test_the_edition_in_force_answers_and_the_older_is_quiet() -> None:
    found = two_editions(ADULTS, of("guide-2025", "new"), of("guide-2015", "old"))
    assert ids(by_policy(found, date(2026, 1, 1))) == {"new"}


def test_before_the_newer_was_in_force_the_older_answers() -> None:
    found = two_editions(ADULTS, of("guide-2025", "new"), of("guide-2015", "old"))
    assert ids(by_policy(found, date(2020, 1, 1))) == {"old"}


def test_where_the_newer_is_silent_the_older_answers() -> None:
    found = two_editions(ADULTS, of("guide-2025", "new"), of("guide-2015", "old", topic="relapse/cns"))
    assert ids(by_policy(found, date(2026, 1, 1))) == {"new", "old"}


def test_without_an_entry_the_newest_source_on_the_topic_answers() -> None:
    found = two_editions([], of("guide-2025", "new", topic="a"), of("guide-2015", "old", topic="a"))
    assert ids(by_policy(found, date(2026, 1, 1))) == {"new"}


def test_each_population_has_its_own_edition() -> None:
    children = {"topic": "relapse", "source": "children-2025", "population": "children"}
    found = two_editions([*ADULTS, children], of("guide-2025", "new"), of("children-2025", "child"))
    assert ids(by_policy(found, date(2026, 1, 1))) == {"new", "child"}


def test_the_closest_topic_entry_decides() -> None:
    closer = {"topic": "relapse/b", "source": "guide-2015", "population": "adults"}
    found = two_editions([*ADULTS, closer], of("guide-2025", "new"), of("guide-2015", "old"))
    assert ids(by_policy(found, date(2026, 1, 1))) == {"old"}


def test_safety_speaks_from_every_source_until_replaced_by_name() -> None:
    old = of("guide-2015", "old", advise=SAFETY)
    kept = two_editions(ADULTS, of("guide-2025", "new"), old)
    assert ids(by_policy(kept, date(2026, 1, 1))) == {"new", "old"}
    replaced = two_editions(ADULTS, of("guide-2025", "new", supersedes=["old"]), old)
    assert ids(by_policy(replaced, date(2026, 1, 1))) == {"new"}
    assert ids(by_policy(replaced, date(2020, 1, 1))) == {"old"}


def test_chosen_sources_by_id_or_alias_and_only_active_rules() -> None:
    found = two_editions(
        ADULTS, of("guide-2025", "new"), of("guide-2015", "old"), of("guide-2025", "later", status="draft")
    )
    assert ids(of_sources(found, ["guide"])) == {"new"}
    assert ids(of_sources(found, ["guide-2015", "guide-2025"])) == {"new", "old"}
    assert ids(every_rule(found)) == {"new", "old"}
    with pytest.raises(UnknownSource, match="Did you mean 'guide-2015'"):
        of_sources(found, ["guide-2014"])
