"""All exported resources of some content, in an order that does not change, each checked with fhir.resources (R4B)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.exchange import libraries_cql as texts
from service.exchange.activities import activity
from service.exchange.attributes import Attributes
from service.exchange.libraries import Elm, data_library, logic_library, manifest
from service.exchange.names import Names
from service.exchange.needs import Needs, capability_statement, fact_extension
from service.exchange.plans import Plans, fact_requirement
from service.exchange.terms import code_systems
from service.record.terminology import Terminology
from service.rules.rule import Content
from service.validation import validate

Json = dict[str, Any]
MANIFEST = "Library/allcue-manifest.json"


class InvalidExport(ValueError):
    """A resource that FHIR R4 does not allow; the message names it and what is wrong."""


@dataclass(frozen=True, slots=True)
class Package:
    """``resources``: in the order in which they refer to each other. ``cql``: by file name. ``attributes``: see there."""

    resources: tuple[Json, ...]
    cql: Mapping[str, str]
    attributes: Attributes

    def files(self) -> dict[str, str]:
        """Every file by its path: a resource each, the CQL, and the source attributes."""
        made = {f"{one['resourceType']}/{one['id']}.json": _json(one) for one in self.resources}
        made |= {f"cql/{name}.cql": text for name, text in self.cql.items()}
        made["source-attributes.json"] = _json(self.attributes.as_json())
        made["source-attributes.csv"] = self.attributes.as_csv()
        return made

    def bundle(self, kind: str) -> str:
        """All resources as one Bundle. ``kind``: ``collection``, or ``transaction`` for a server to take them in."""
        entries = []
        for one in self.resources:
            entry: Json = {"fullUrl": one["url"], "resource": one}
            if kind == "transaction":
                entry["request"] = {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}
            entries.append(entry)
        return _json({"resourceType": "Bundle", "type": kind, "entry": entries})

    def counts(self) -> dict[str, int]:
        """How many resources of each type there are."""
        return dict(sorted(Counter(one["resourceType"] for one in self.resources).items()))


def package(
    content: Content, terminology: Terminology, names: Names, queries: Mapping[str, str], released: date | None, elm: Elm | None = None
) -> Package:  # fmt: skip
    """Export some content.

    Args:
        queries: by resource type, the search parameter that calls ask a server by.
        released: day on which this version of the content was released; None for one that was not.
        elm: the CQL translated, by library name; None for nothing but CQL.

    Raises:
        service.exchange.conditions.NotInCql: a criterion that has no translation.
        service.exchange.libraries.ElmProblem: ELM that is missing for a library, or of another one.
        InvalidExport: a resource that fhir.resources finds fault with.
    """
    rules = content.rules
    used = sorted(frozenset[str]().union(*(rule.facts for rule in rules)))
    by_source = {
        source: [rule for rule in rules if rule.source.ref == source.id] for source in content.sources.values()
    }
    cql = {texts.LOGIC: texts.logic(names), texts.FACTS: texts.facts(names, used)}
    cql |= {texts.library_name(source): texts.rules(names, source, own) for source, own in by_source.items()}
    needs = Needs(names, terminology, used)
    requirements = needs.requirements()
    plans = Plans(content, names, elm is not None)

    def library(name: str, title: str, includes: list[str], facts: list[str]) -> Json:
        asked = [fact_requirement(names, fact) for fact in facts]
        return logic_library(names, name, title, cql[name], includes, asked, None if elm is None else elm.get(name, ""))

    libraries = [
        library(texts.LOGIC, "Allcue: logic of three answers", [], []),
        library(texts.FACTS, "Allcue: facts", [texts.LOGIC], used),
    ]
    for source, own in by_source.items():
        facts = sorted(frozenset[str]().union(*(rule.facts for rule in own)))
        name, title = texts.library_name(source), f"Allcue: rules of {source.label}"
        libraries.append(library(name, title, [texts.LOGIC, texts.FACTS], facts))
    day = (released or max(source.last_checked or source.published for source in content.sources.values())).isoformat()
    resources = [
        *code_systems(names, used, rules),
        fact_extension(names),
        *(needs.value_sets.made[own] for own in sorted(needs.value_sets.made)),
        data_library(names, requirements, needs.not_sent()),
        capability_statement(needs, queries, day),
        *libraries,
        *(activity(names, key, order) for key, order in content.orderables.items()),
        *(plans.recommendation(rule) for rule in rules),
        *(plans.strategy(source, own) for source, own in by_source.items() if own),
    ]
    if released is not None:
        resources = [{**one, "date": released.isoformat()} for one in resources]
    _check(resources)
    whole = manifest(names, resources, content.digest)
    return Package((*resources, whole), cql, Attributes(content, needs.sources, names.version, released))


def _check(resources: list[Json]) -> None:
    ids = Counter((one["resourceType"], one["id"]) for one in resources)
    twice = [own for own, count in ids.items() if count > 1]
    if twice:
        raise InvalidExport(f"{'/'.join(twice[0])} is there twice.")
    for one in resources:
        for found in validate(one).findings:
            raise InvalidExport(f"{found.resource}: {found.element} {found.problem}.")


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
