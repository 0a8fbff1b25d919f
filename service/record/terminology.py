"""Codes and names to concepts: which clinical idea a coding or a text stands for, and what a code settles by itself.

The data (``data/terminology.json``) lists, per concept group such as ``labs.wbc``, its codes with their verified
display, names of drugs, and text patterns for resources that carry no known code. A code's ``means`` holds what that
very code says ("C91.02": relapsed).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from service.record.text import Mention, mention_of

_NOTHING: frozenset[str] = frozenset()
_NO_MEANING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Coding:
    """One code of a concept. Only verified codes may be sent."""

    system: str
    code: str
    display: str | None = None
    sendable: bool = True


class Terminology:
    """Lookups over all concepts; immutable, safe to share."""

    def __init__(self, concepts: Iterable[Mapping[str, Any]], aliases: Mapping[str, str]):
        self._aliases = dict(aliases)
        self._concepts: dict[tuple[str, str], frozenset[str]] = {}
        self._means: dict[tuple[str, str], dict[str, str]] = {}
        self._codings: dict[str, list[Coding]] = {}
        self._titles: dict[str, str] = {}
        patterns: list[tuple[str, re.Pattern[str]]] = []
        names: dict[str, str] = {}
        for concept in concepts:
            group = concept["group"]
            self._titles.setdefault(group, concept["title"])
            for row in concept["codes"]:
                self._add(group, row)
            patterns += [(group, re.compile(text)) for text in concept.get("text", ())]
            names.update({name.lower(): group for name in concept.get("names", ())})
        longest_first = sorted(names, key=len, reverse=True)
        drug = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w])", re.IGNORECASE)

        @lru_cache(maxsize=4096)
        def in_text(text: str) -> frozenset[str]:
            found = {group for group, pattern in patterns if pattern.search(text)}
            found.update(names[match.group().lower()] for match in drug.finditer(text))
            return frozenset(found)

        self._in_text = in_text
        self._patterns: dict[str, list[re.Pattern[str]]] = {}
        for group, pattern in patterns:
            self._patterns.setdefault(group, []).append(pattern)

    @classmethod
    def from_json(cls, text: str) -> Terminology:
        """Read the data file.

        Raises:
            ValueError: not the JSON this class writes about.
        """
        raw = json.loads(text)
        try:
            return cls(raw["concepts"], raw["systems"]["aliases"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"terminology data: {error!r} is missing or misshapen") from None

    def _add(self, group: str, row: Mapping[str, Any]) -> None:
        key = (row["system"], row["code"])
        self._concepts[key] = self._concepts.get(key, _NOTHING) | {group}
        if "means" in row:
            self._means.setdefault(key, {}).update(row["means"])
        coding = Coding(row["system"], row["code"], row.get("display"), row.get("verified", True))
        self._codings.setdefault(group, []).append(coding)

    def canonical(self, system: str) -> str:
        """The URI this data knows a code system by: OIDs, national copies and sloppy spellings resolved."""
        found = self._aliases.get(system)
        if found is not None:
            return found
        if system.endswith("/") or system.startswith("https://"):
            tidy = system.strip().rstrip("/")
            for form in (tidy, tidy.replace("https://", "http://", 1)):
                if form in self._aliases:
                    return self._aliases[form]
            return tidy.replace("https://", "http://", 1) if "www.meddra.org" not in tidy else tidy
        return system

    def concepts_of(self, system: str, code: str) -> frozenset[str]:
        """Concept groups of a code; the system in its canonical form."""
        return self._concepts.get((system, code), _NOTHING)

    def concepts_in_text(self, text: str) -> frozenset[str]:
        """Concept groups that a text names. Says nothing about negation."""
        return self._in_text(text) if text else _NOTHING

    def mention(self, group: str, text: str) -> Mention | None:
        """How a text mentions a concept by its patterns: plainly, denied, doubted, of the past; ``None``: not at all."""
        found = [mention_of(text, pattern) for pattern in self._patterns.get(group, ())]
        if Mention.PRESENT in found:
            return Mention.PRESENT
        return next((mention for mention in found if mention is not None), None)

    def meaning(self, system: str, code: str) -> Mapping[str, str]:
        """What the code itself settles, such as ``{"disease_state": "relapsed"}``."""
        return self._means.get((system, code), _NO_MEANING)

    def codings(self, group: str) -> tuple[Coding, ...]:
        """All codes of a concept group."""
        return tuple(self._codings.get(group, ()))

    def title(self, group: str) -> str:
        """What a concept group is called."""
        return self._titles.get(group, group)
