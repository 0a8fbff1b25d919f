"""The body of a feedback request, checked with pydantic (CDS Hooks 2.0, "Feedback").

What cannot be stored is refused with its place. What is only missing is not: a client cannot repair what it told.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, StringConstraints, ValidationError

from service.hooks.errors import HookError, Issue, bad_request
from service.hooks.ports import FeedbackItem

ROOT = "CDSHooksFeedback"
ITEMS_MOST = 500
SUGGESTIONS_MOST = 100
NAME_MOST = 255
COMMENT_MOST = 10_000

# Reports show codes on terminals, where C1 controls act too and marks of direction turn writing around.
UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_Name = Annotated[StrictStr, StringConstraints(min_length=1, max_length=NAME_MOST, pattern=rf"^[^{UNSEEN}]+$")]
_Coded = Annotated[StrictStr, StringConstraints(max_length=NAME_MOST, pattern=rf"^[^{UNSEEN}]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Suggestion(_Part):
    id: _Name


class _Coding(_Part):
    code: _Coded = ""
    system: _Coded = ""


class _Reason(_Part):
    reason: _Coding | None = None
    comment: Annotated[StrictStr, StringConstraints(max_length=COMMENT_MOST)] | None = Field(None, alias="userComment")


class _Item(_Part):
    card: _Name
    outcome: Literal["accepted", "overridden"]
    at: StrictStr = Field(alias="outcomeTimestamp", max_length=64)
    suggestions: tuple[_Suggestion, ...] | None = Field(None, alias="acceptedSuggestions", max_length=SUGGESTIONS_MOST)
    reason: _Reason | None = Field(None, alias="overrideReason")


_SHAPES = {
    "card": f"the uuid of a card, a string of at most {NAME_MOST} characters",
    "outcome": "accepted or overridden",
    "outcomeTimestamp": "a date and time as RFC 3339 has it, such as 2026-03-02T09:30:00Z",
    "acceptedSuggestions": f"an array of at most {SUGGESTIONS_MOST} objects with the id of a suggestion",
    "id": f"the uuid of a suggestion, a string of at most {NAME_MOST} characters",
    "overrideReason": "an object",
    "reason": "a Coding",
    "code": f"a string of at most {NAME_MOST} characters",
    "system": f"a string of at most {NAME_MOST} characters",
    "userComment": f"a string of at most {COMMENT_MOST} characters",
}
_ISSUES_MOST = 20


def read_feedback(body: Any) -> tuple[FeedbackItem, ...]:
    """Check a parsed body.

    Raises:
        HookError: 400, with one issue for each thing wrong, pointing at its element; 413 for too many items.
    """
    sent = body.get("feedback") if isinstance(body, dict) else None
    if not isinstance(sent, list) or not sent:
        raise bad_request("structure", 'The body must be {"feedback": [...]} with at least one item.', ROOT)
    if len(sent) > ITEMS_MOST:
        raise HookError(413, Issue("too-long", f"At most {ITEMS_MOST} items are taken at once.", f"{ROOT}.feedback"))
    found = []
    issues: list[Issue] = []
    for number, raw in enumerate(sent):
        at = f"{ROOT}.feedback[{number}]"
        try:
            item = _Item.model_validate(raw)
        except ValidationError as error:
            issues += [_issue(at, problem["loc"], problem["type"]) for problem in error.errors()]
            continue
        moment = _moment(item.at)
        if moment is None:
            issues.append(_issue(at, ("outcomeTimestamp",), "value"))
        else:
            found.append(_item(item, moment))
    if issues:
        raise HookError(400, *issues[:_ISSUES_MOST])
    return tuple(found)


def _item(item: _Item, moment: datetime) -> FeedbackItem:
    why = item.reason
    coding = why.reason if why is not None else None
    return FeedbackItem(
        card=item.card,
        outcome=item.outcome,
        at=moment,
        suggestions=tuple(suggestion.id for suggestion in item.suggestions or ()),
        reason=(coding.system, coding.code) if coding is not None and coding.code else None,
        comment=(why.comment or "").replace("\x00", "") or None if why is not None else None,
    )


def _moment(text: str) -> datetime | None:
    """An aware moment. One without an offset is taken as UTC, which the specification demands anyway."""
    try:
        found = datetime.fromisoformat(text)
        if len(text) <= len("2026-03-02"):
            return None
        found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _issue(at: str, location: tuple[int | str, ...], kind: str) -> Issue:
    names = [name for name in location if isinstance(name, str)]
    place = at + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    shape = _SHAPES.get(names[-1] if names else "", "an object")
    if kind == "missing":
        return Issue("required", f"{place} is missing: it must be {shape}.", place)
    return Issue("value", f"{place} must be {shape}.", place)
