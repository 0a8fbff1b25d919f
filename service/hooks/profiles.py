"""Client profiles: what a kind of client is sent differently. The differences are data (``profiles.yaml``); `shape` and
`shape_discovery` apply them to what every client would get, and know nothing of what the cards say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, field_validator

from service.hooks.library import HOOKS
from service.hooks.narrow import narrow

DEFAULT_PROFILE = "3.0"
_PLACES = ("cards", "cards.source", "suggestions", "links")  # where members can be taken out
# What could begin a tag. A backslash before it is Markdown's own escape, and would make the & of &lt; be read as written.
_TAG = re.compile(r"(?<!\\)((?:\\\\)*)\\?<(?=[A-Za-z/!?])")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(_Part):
    """What differs in discovery. ``hooks``: services of these only; all if None. ``without``: members not told."""

    hooks: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()


class Shaped(_Part):
    """What differs in answers; see the head of ``profiles.yaml``."""

    without: tuple[str, ...] = ()
    empty_system_actions_on: tuple[str, ...] = ()
    source_topic: dict[str, str] | None = None
    app_context: bool = True
    links: Literal["any", "allowed-hosts"] = "any"
    detail: Literal["as-written", "narrow"] = "as-written"
    html: Literal["as-written", "escaped"] = "as-written"
    first_action: str | None = None

    @field_validator("without")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name.rpartition(".")[0] not in _PLACES:
                raise ValueError(f"{name!r} names no member. Places: {', '.join(_PLACES)}")
        return names

    @field_validator("empty_system_actions_on")
    @classmethod
    def _hooks(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in HOOKS]
        if unknown:
            raise ValueError(f"unknown hook {', '.join(unknown)}. Allowed: {', '.join(HOOKS)}")
        return names


class Profile(_Part):
    """One kind of client. ``link_hosts``: where links may lead, if the profile limits them; of the site, not of the file."""

    name: str
    about: str = ""
    discovery: Shown = Shown()
    answer: Shaped = Shaped()
    link_hosts: tuple[str, ...] = ()


ProfileOf: TypeAlias = Callable[[str | None], Profile]
"""A profile by the name that a client is registered with; None where it is with none, or nobody asked who calls."""

_PLAIN = Profile(name="plain")


def unshaped(name: str | None) -> Profile:  # noqa: ARG001 - the same for everybody
    """The profile that leaves everything as it is, for every client."""
    return _PLAIN


@cache
def profiles() -> Mapping[str, Profile]:
    """The shipped profiles by name."""
    text = (files("service.hooks") / "profiles.yaml").read_text(encoding="utf-8")
    return {name: Profile(name=name, **(row or {})) for name, row in yaml.safe_load(text).items()}


class ProfileChoice:
    """The profiles of one service.

    Args:
        default: of clients that are registered with none.
        link_hosts: hosts that links may lead to, for profiles that limit them.

    Raises:
        ValueError: there is no such profile as the default.
    """

    def __init__(self, default: str = DEFAULT_PROFILE, link_hosts: Collection[str] = ()):
        hosts = tuple(link_hosts)
        self._all = {name: found.model_copy(update={"link_hosts": hosts}) for name, found in profiles().items()}
        if default not in self._all:
            raise ValueError(f"no such profile: {default!r}. Allowed: {', '.join(self._all)}")
        self._default = default

    def named(self, name: str | None) -> Profile:
        """The profile of that name; the default for None. The clients file has no others (`read_clients`)."""
        return self._all[name or self._default]


def shape_discovery(profile: Profile, document: Mapping[str, Any]) -> dict[str, Any]:
    """The discovery document as clients of a profile see it."""
    shown = profile.discovery
    kept = [row for row in document["services"] if shown.hooks is None or row["hook"] in shown.hooks]
    return {"services": [_without(row, shown.without) for row in kept]}


def shape(profile: Profile, hook: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as clients of a profile get it: the one place where answers differ between clients.

    Args:
        answer: ``{"cards": [...]}`` without empty values; it is not changed.
    """
    told = profile.answer
    found = {**answer, "cards": [_card(profile, card) for card in answer["cards"]]}
    if hook in told.empty_system_actions_on:
        found.setdefault("systemActions", [])
    return found


def _card(profile: Profile, card: Mapping[str, Any]) -> dict[str, Any]:
    told = profile.answer
    found = _without(card, _members(told, "cards"))
    source = _without(found.get("source", {}), _members(told, "cards.source"))
    if source and told.source_topic is not None:
        source.setdefault("topic", dict(told.source_topic))
    if told.links == "allowed-hosts" and "url" in source and not _leads_to(source["url"], profile.link_hosts):
        del source["url"]
    if source:
        found["source"] = source
    if "links" in found:
        links = [_link(told, link) for link in found.pop("links") if _may(profile, link)]
        if links:
            found["links"] = links
    if "suggestions" in found:
        found["suggestions"] = [_suggestion(told, row) for row in found["suggestions"]]
    if told.detail == "narrow" and "detail" in found:
        found["detail"] = narrow(found["detail"])
    if told.html == "escaped":
        # Only what could begin a tag: "ANC < 500" is read as it is.
        found.update({name: _TAG.sub(r"\1&lt;", found[name]) for name in ("summary", "detail") if name in found})
    return found


def _members(told: Shaped, place: str) -> tuple[str, ...]:
    return tuple(name.rpartition(".")[2] for name in told.without if name.rpartition(".")[0] == place)


def _suggestion(told: Shaped, row: Mapping[str, Any]) -> dict[str, Any]:
    found = _without(row, _members(told, "suggestions"))
    if told.first_action and "actions" in found:
        # All actions of a suggestion belong together (CDS Hooks 2.0 "Action"), so their order is free.
        found["actions"] = sorted(found["actions"], key=lambda action: not _brings(action, str(told.first_action)))
    return found


def _brings(action: Mapping[str, Any], kind: str) -> bool:
    resource: Mapping[str, Any] = action.get("resource", {})
    return action.get("type") != "delete" and resource.get("resourceType") == kind


def _link(told: Shaped, link: Mapping[str, Any]) -> dict[str, Any]:
    gone = (*_members(told, "links"), *(() if told.app_context else ("appContext",)))
    return _without(link, gone)


def _may(profile: Profile, link: Mapping[str, Any]) -> bool:
    return profile.answer.links == "any" or _leads_to(link.get("url", ""), profile.link_hosts)


def _leads_to(url: str, hosts: Iterable[str]) -> bool:
    host = (urlsplit(url).hostname or "").lower()
    return any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts)


def _without(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    gone = frozenset(names)
    return {name: value for name, value in row.items() if name not in gone}
