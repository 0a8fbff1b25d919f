"""The card from which the session was opened: how it came about, and what became of it since."""

from __future__ import annotations

from collections.abc import Mapping

from service.smart.case import Case
from service.smart.views import Asked
from service.smart.views.story import told
from service.store.story import Story


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``card.html``. ``state``: ``none`` without a card, ``unknown`` where nothing is kept of it, else ``told``."""
    found = tuple(told(case, story) for story in asked.told if isinstance(story, Story))
    return {
        "state": "none" if not asked.card else "told" if found else "unknown",
        "found": found,
        "cards": case.answer.cards,
    }
