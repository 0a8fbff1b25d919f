"""The state of the disease as a text tells it, English and German."""

from __future__ import annotations

from datetime import date

from service.facts.course.dated_words import dated_words
from service.facts.course.text import (
    BEFORE,
    EITHER,
    LONGEST,
    MANY,
    NEWLY,
    NOW_RELAPSED,
    REFRACTORY,
    RELAPSE,
    REMISSION,
    relapse_number_in,
    remission_number_in,
    says,
    without_molecular,
)

_STATES = (("relapsed", RELAPSE), ("in-remission", REMISSION), ("refractory", REFRACTORY), ("new-diagnosis", NEWLY))


def state_in(text: str) -> str | None:
    """The state of the disease that a text states, or ``None`` where it states none or several.

    A relapse of MRD alone is none: morphologic remission lasts until blasts are back (NCCN ALL 2015, ALL-E).

    >>> state_in("B-ALL, in CR2 after relapse"), state_in("ALL not having achieved remission")
    ('in-remission', None)
    >>> state_in("CR2 08/2022, 2. Rezidiv 05/2024"), state_in("MRD relapse")
    ('relapsed', None)
    """
    now = BEFORE.sub(" ", EITHER.sub("relapsed", without_molecular(text[:LONGEST])))
    said = {state for state, pattern in _STATES if says(now, pattern)}
    if len(said) > 1:
        said.discard("new-diagnosis")
    if said >= {"relapsed", "in-remission"}:
        return _later_of(now)
    if said == {"relapsed", "refractory"}:
        return "relapsed"
    return next(iter(said)) if len(said) == 1 else None


def _later_of(text: str) -> str | None:
    """Which of relapse and remission came last: what a text says of now, then by their dates, then by their numbers."""
    if says(text, NOW_RELAPSED):
        return "relapsed"
    dated = dated_words(text)
    if len({words.state for words in dated}) == 2 and all(words.when is not None for words in dated):
        return max(dated, key=lambda words: words.when.end if words.when else date.min).state
    relapse, remission = relapse_number_in(text) or 0, remission_number_in(text) or 0
    if remission == 1 or (remission > 1 and relapse >= remission):
        return "relapsed"
    return "in-remission" if remission > relapse else None


def many_relapses_in(text: str) -> bool:
    """Whether a text speaks of several relapses without counting them."""
    return says(without_molecular(text), MANY)


def refractory_in(text: str) -> bool:
    """Whether a text calls the disease refractory. "Relapsed or refractory" leaves open which of both it is."""
    return says(EITHER.sub("relapsed", text), REFRACTORY)
