"""Which rules speak at the hooks that rules need not name."""

from __future__ import annotations

from service.rules.editions import by_policy
from service.rules.rule import Policy
from service.rules.witness import Stated
from tests.rules.support import content, rule
from tests.rules.test_editions import ADULT, ADULTS, CHILD, LATER, POLICY, entry, of, two_editions

MOMENTS = {
    "encounter-start": {"as": "patient-view", "topics": ["relapse", "workup/staging"], "kinds": {"relapse": ["test"]}},
    "order-dispatch": {"as": "order-sign", "topics": ["*"]},
}
TEST = {"kind": "test", "act": "test", "subject": "a test"}


def policy() -> Policy:
    return content(policy={**POLICY, "hooks": MOMENTS}, rules__x=rule(topic="workup/staging", id="x")).policy


def speaks(hook: str, **changes: object) -> bool:
    (made,) = content(rule(**changes)).rules
    return policy().speaks(made, hook)


def test_a_rule_speaks_where_it_says_so() -> None:
    assert speaks("patient-view")
    assert not speaks("order-sign")
    assert speaks("encounter-start", topic="frontline", hooks=["encounter-start"])
    assert speaks("encounter-discharge", hooks=["encounter-discharge"])


def test_the_policy_lets_rules_of_another_hook_speak_by_topic_and_kind() -> None:
    assert speaks("encounter-start", advise=TEST)
    assert not speaks("encounter-start")
    assert speaks("encounter-start", topic="workup/staging")
    assert not speaks("encounter-start", topic="workup")
    assert not speaks("encounter-start", topic="workup/staging", hooks=["order-sign"])
    assert speaks("order-dispatch", hooks=["order-sign"], topic="frontline")
    assert not speaks("order-dispatch")
    assert not speaks("encounter-discharge")


def test_a_hook_is_answered_as_itself_or_as_the_policy_says() -> None:
    found = policy()
    assert [found.manner(hook) for hook in ("order-select", "order-dispatch", "encounter-start", "appointment-book")] == [
        "order-select", "order-sign", "patient-view", "appointment-book",
    ]  # fmt: skip


def test_what_decides_the_edition_of_other_rules_is_not_waited_for() -> None:
    """Two editions speak of relapse, one of workup: for that nobody has to know whom else they speak of."""
    editions = [*ADULTS, entry("children", "children-2025", topic="*")]
    found = two_editions(
        editions, of("guide-2025", "a"), of("children-2025", "b"), of("children-2025", "c", topic="workup")
    )
    speaking = by_policy(found, LATER)
    unknown = Stated({})
    assert speaking.waiting_for(unknown) == {"age"}
    some = speaking.narrowed(one for one in speaking.rules if one.topic == "workup")
    assert some.waiting_for(unknown) == frozenset()
    assert [one.id for one in some.to(CHILD)] == ["c"]
    assert some.to(ADULT) == ()
