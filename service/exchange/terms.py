"""Code systems of the facts and of what sources print beside a recommendation, and value sets of the codes that facts read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from service.exchange.names import Names, fhir_id, machine_name
from service.exchange.observations import PARTS
from service.exchange.shared import common
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import Kind
from service.record.terminology import Terminology
from service.rules.rule import Rule

Json = dict[str, Any]
_LOCAL = "local"  # a laboratory's own codes have no system that anybody else could name


def code_systems(names: Names, facts: Iterable[str], rules: Iterable[Rule]) -> list[Json]:
    """The code systems that the exported resources speak of and nobody else publishes."""
    told = [(name, VOCABULARY.lookup(name)) for name in facts]
    values: dict[str, None] = {}
    for _, kind in told:
        if kind.kind in (Kind.CATEGORY, Kind.SET):
            values.update(dict.fromkeys(kind.values))
    asked = list(rules)
    categories = sorted({rule.source.category for rule in asked if rule.source.category})
    preferences = sorted({rule.source.preference for rule in asked if rule.source.preference})
    return [
        _system(names, "allcue-facts", "Facts", "The facts that rules are asked over, one Observation each.", [
            {"code": name, "display": kind.label, "definition": f"{kind.describe_values()}. Read from: {kind.read_from or 'what is stated'}"[:2000]}
            for name, kind in told
        ]),
        _system(names, "allcue-fact-values", "Values of facts", "Categories, and members of sets. Mutations and the like are codes here that are not listed.", [{"code": value} for value in values], "fragment"),
        _system(names, "allcue-fact-parts", "Parts of a fact", "Components of the Observation of a fact.", [{"code": code, "display": display} for code, display in PARTS.items()]),
        _system(names, "allcue-evidence-category", "Evidence categories as printed", "Categories of evidence and consensus, in the letters of the source that printed them; it defines them.", [{"code": code} for code in categories]),
        _system(names, "allcue-preference", "Preferences as printed", "How a source ranks an option among those for the same patient.", [{"code": code} for code in preferences]),
    ]  # fmt: skip


def _system(names: Names, own: str, title: str, words: str, concepts: list[Json], content: str = "complete") -> Json:
    return {
        **common(names, "CodeSystem", own, machine_name(own), f"Allcue: {title}"),
        "description": words,
        "caseSensitive": True,
        "content": content,
        **({"count": len(concepts)} if content == "complete" else {}),
        "concept": concepts,
    }


class ValueSets:
    """Value sets by the concept groups they hold, made as they are asked for."""

    def __init__(self, names: Names, terminology: Terminology):
        self.names = names
        self.terminology = terminology
        self.made: dict[str, Json] = {}

    def of(self, groups: Sequence[str]) -> str | None:
        """The canonical URL of the codes of one or more groups; None where they have none."""
        coded = [group for group in groups if self._codes(group)]
        if not coded:
            return None
        if len(coded) == 1:
            return self._group(coded[0])
        mark = hashlib.sha256("\n".join(coded).encode()).hexdigest()[:8]
        own = f"concepts-{mark}"
        if own not in self.made:
            titles = [self.terminology.title(group) for group in coded]
            shown = ", ".join(titles[:4]) + (f" and {len(titles) - 4} more" if len(titles) > 4 else "")
            self.made[own] = {
                **common(self.names, "ValueSet", own, machine_name(own), f"Any of {len(coded)} concepts: {shown}"),
                "compose": {"include": [{"valueSet": [self._group(group)]} for group in coded]},
            }
        return self.names.at("ValueSet", own)

    def _group(self, group: str) -> str:
        own = fhir_id(f"concept-{group.replace('_', '-')}")
        if own not in self.made:
            include = [{"system": system, "concept": rows} for system, rows in self._codes(group).items()]
            title = self.terminology.title(group)
            self.made[own] = {
                **common(self.names, "ValueSet", own, machine_name(f"concept-{group}"), title),
                "compose": {"include": include},
            }
        return self.names.at("ValueSet", own)

    def _codes(self, group: str) -> dict[str, list[Json]]:
        """Codes by system. The display is told where it was verified."""
        found: dict[str, dict[str, Json]] = {}
        for coding in self.terminology.codings(group):
            if coding.system != _LOCAL:
                row = {"code": coding.code}
                if coding.sendable and coding.display:
                    row["display"] = coding.display
                found.setdefault(coding.system, {})[coding.code] = row
        return {system: list(rows.values()) for system, rows in found.items()}
