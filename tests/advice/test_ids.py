"""Uuids of cards: those of RFC 9562, and the same for the same call."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from service.advice.ids import CallIds

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(call=NAMES, digest=NAMES, card=NAMES, suggestion=NAMES)
def test_ids_are_those_of_the_standard(call: str, digest: str, card: str, suggestion: str) -> None:
    ids = CallIds(call, digest)
    own = ids.card(card)
    space = uuid.uuid5(uuid.NAMESPACE_URL, f"{call}/{digest}")
    assert own.uuid == str(uuid.uuid5(space, card))
    assert own.suggestion(suggestion) == str(uuid.uuid5(uuid.UUID(own.uuid), suggestion))


@given(first=NAMES, second=NAMES, keys=st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=3)), max_size=4))
def test_the_same_answer_to_another_call_has_the_ids_of_that_call(
    first: str, second: str, keys: list[tuple[str, list[str]]]
) -> None:
    made = {call: CallIds(call, "d") for call in (first, second)}
    for ids in made.values():
        for card, suggestions in keys:
            own = ids.card(card)
            for suggestion in suggestions:
                own.suggestion(suggestion)
    assert tuple(made[first].again(second)) == made[second].made
