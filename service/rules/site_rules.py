"""What a site's ``site.yaml`` does to the rules: switched off, worded otherwise, marked where they were changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from service.rules.digest import SITE
from service.rules.document import Document, Problem
from service.rules.expression import leaves
from service.rules.rule import ADDED, REPLACED, REWORDED, SWITCHED_OFF, Rule, Source
from service.rules.site import POLICY_FILE, Overlay, signed
from service.rules.site_content import (
    Replaced,
    Reworded,
    SiteContent,
    SiteShape,
    SwitchedOff,
    SwitchedOffShape,
    WordingShape,
)

_TABLE = re.compile(r"table\(\s*([\w-]+)\s*,\s*([^)]+?)\s*\)")


class SiteRules:
    """The rules as a site wants them. Adds what is wrong to ``problems``; ``content``: what it changed."""

    def __init__(self, overlay: Overlay, rules: tuple[Rule, ...], sources: Mapping[str, Source],
                 active: tuple[str, ...], documents: Mapping[str, Document], problems: list[Problem]):  # fmt: skip
        """``active``: the sources of the policy; ``documents``: all files by name, the site's among them."""
        self.overlay = overlay
        self.sources = sources
        self.active = active
        self.documents = documents
        self.problems = problems
        self.own_sources = overlay.own_sources
        self.rules = {rule.id: self._marked(rule) for rule in rules}
        self.content: SiteContent | None = None
        for rule in self.rules.values():
            self._check_own(rule)
        if overlay.plan is not None:
            self._apply(overlay.plan, overlay.document)

    @property
    def sources_off(self) -> frozenset[str]:
        """Sources that are not asked at all."""
        return frozenset(off.id for off in self.content.switched_off if off.is_source) if self.content else frozenset()

    def _marked(self, rule: Rule) -> Rule:
        """The rule, knowing whether it is the site's or rests on something the site changed."""
        path = rule.path.removeprefix(SITE)
        if rule.path.startswith(SITE):
            return replace(rule, site=REPLACED if path in self.overlay.shipped else ADDED)
        scopes = {f"{parent}/scope.yaml" for parent in PurePosixPath(path).parents}
        if scopes & self.overlay.replaced.keys() or any(self._is_replaced(t, row) for t, row in _rows_used(rule)):
            return replace(rule, site=REPLACED)
        return rule

    def _is_replaced(self, table: str, row: str) -> bool:
        entry = self.overlay.replaced.get(f"tables/{table}.yaml")
        return entry is not None and (not entry.rows or row in entry.rows)

    def _check_own(self, rule: Rule) -> None:
        """A rule of the site's own cites the site, and silences no shipped rule without saying so."""
        if not rule.path.startswith(SITE):
            return
        document = self.documents[rule.path]
        shipped = self.overlay.shipped.get(document.path)
        ref = rule.source.ref
        if shipped is None and ref in self.sources and ref not in self.own_sources:
            self._report(
                document, "source.ref", f"{ref!r} is a shipped source: a rule of the site cites one of the site."
            )
        elif shipped is not None and ref not in self.own_sources and ref != _ref(shipped):
            self._report(document, "source.ref", f"{ref!r} is not what the replaced rule cites: {_ref(shipped)}.")
        for index, old in enumerate(rule.supersedes):
            before = shipped.value.get("supersedes") if shipped and isinstance(shipped.value, dict) else None
            if old in self.rules and self.rules[old].site != ADDED and old not in (before or ()):
                what = f"{old!r} is a shipped rule: switch it off in site.yaml, with the reason."
                self._report(document, f"supersedes[{index}]", what)

    def _report(self, document: Document, path: str, what: str) -> None:
        self.problems.append(document.problem(path, what))

    def _apply(self, plan: SiteShape, document: Document) -> None:
        added = tuple(rule.id for rule in self.rules.values() if rule.site == ADDED)
        off = tuple(self._switched_off(plan, document))
        reworded = tuple(
            self._reworded(plan, document, {rule for one in off if not one.is_source for rule in one.rules})
        )
        rules = {PurePosixPath(d.path) for d in (*self.overlay.added("rules/"), *self.overlay.added("sources/"))}
        others = (d for d in self.overlay.added("") if PurePosixPath(d.path) not in rules and d.path != POLICY_FILE)
        with_rows = (p for p in self.overlay.own if p in self.overlay.shipped and p not in self.overlay.replaced)
        self.content = SiteContent(
            name=plan.name,
            prefix=plan.prefix,
            added=added,
            sources=tuple(sorted(self.own_sources)),
            files=tuple(sorted({d.path for d in others} | {p for p in with_rows if p != POLICY_FILE})),
            switched_off=tuple(self._with_effect(one) for one in off),
            reworded=reworded,
            replaced=tuple(Replaced(p, e.rows, signed(e)) for p, e in sorted(self.overlay.replaced.items())),
        )

    def _switched_off(self, plan: SiteShape, document: Document) -> Iterator[SwitchedOff]:
        seen: set[str] = set()
        for index, entry in enumerate(plan.switched_off):
            at = f"switched_off[{index}]"
            if (entry.rule is None) == (entry.source is None):
                self._report(document, at, "names a rule or a source, one of the two.")
                continue
            name = str(entry.rule or entry.source)
            if name in seen:
                self._report(document, at, f"{name!r} is switched off twice.")
                continue
            seen.add(name)
            found = self._source_off(entry, document, at) if entry.rule is None else self._rule_off(entry, document, at)
            if found is not None:
                yield found

    def _rule_off(self, entry: SwitchedOffShape, document: Document, at: str) -> SwitchedOff | None:
        name = str(entry.rule)
        rule = self.rules.get(name)
        if rule is None:
            self.problems.extend(document.misses(f"{at}.rule", (name,), self.rules, "rule", listed=False))
        elif rule.site == ADDED:
            self._report(document, f"{at}.rule", f"{name!r} is the site's own: set its status to draft or retired.")
        elif rule.status != "active":
            self._report(document, f"{at}.rule", f"{name!r} is {rule.status}: nobody asks it.")
        else:
            self.rules[name] = replace(rule, status=SWITCHED_OFF)
            return SwitchedOff(name, False, (name,), signed(entry))
        return None

    def _source_off(self, entry: SwitchedOffShape, document: Document, at: str) -> SwitchedOff | None:
        name = str(entry.source)
        source = next((s for s in self.sources.values() if name == s.id or name in s.aliases), None)
        if source is None:
            self.problems.extend(document.misses(f"{at}.source", (name,), self.sources, "source", listed=False))
        elif source.id in self.own_sources:
            self._report(document, f"{at}.source", f"{name!r} is the site's own: take its file out.")
        elif source.id not in self.active:
            self._report(document, f"{at}.source", f"{name!r} is not active: nobody asks it.")
        else:
            rules = tuple(r.id for r in self.rules.values() if r.source.ref == source.id and r.status == "active")
            return SwitchedOff(source.id, True, rules, signed(entry))
        return None

    def _reworded(self, plan: SiteShape, document: Document, off: set[str]) -> Iterator[Reworded]:
        for name, wording in plan.wording.items():
            at = f"wording.{name}"
            rule = self.rules.get(name)
            if rule is None:
                self.problems.extend(document.misses(at, (name,), self.rules, "rule", listed=False))
            elif rule.path.startswith(SITE):
                self._report(document, at, f"{name!r} stands in a file of the site: change its words there.")
            elif name in off:
                self._report(document, at, f"{name!r} is switched off: nobody reads its words.")
            elif wording.title is None and wording.note is None:
                self._report(document, at, "gives neither a title nor a note.")
            else:
                yield Reworded(name, rule.title, rule.advise.note, signed(wording))
                self.rules[name] = _worded(rule, wording)

    def _with_effect(self, off: SwitchedOff) -> SwitchedOff:
        """The entry with what follows for other rules, which is easily overlooked."""
        speaking = [r for r in self.rules.values() if r.status == "active"]
        gone = [self.rules[name] for name in off.rules]
        replacing = [r for r in speaking if r.id not in off.rules]
        revived = tuple(
            old for rule in gone for old in rule.supersedes
            if any(r.id == old for r in replacing) and not any(old in r.supersedes for r in replacing)
        )  # fmt: skip
        silenced = None
        if not off.is_source and not gone[0].speaks_from_every_source:
            others = [r for r in speaking if r.source.ref == gone[0].source.ref and r.topic == gone[0].topic]
            silenced = None if others else gone[0].topic
        return replace(off, revived=revived, silenced=silenced)


def _worded(rule: Rule, wording: WordingShape) -> Rule:
    advise = rule.advise if wording.note is None else replace(rule.advise, note=wording.note)
    return replace(rule, title=wording.title or rule.title, advise=advise, site=rule.site or REWORDED)


def _ref(document: Document) -> object:
    source = document.value.get("source") if isinstance(document.value, dict) else None
    return source.get("ref") if isinstance(source, dict) else None


def _rows_used(rule: Rule) -> Iterator[tuple[str, str]]:
    """Rows of value lists that a rule's criteria refer to."""
    for half in (rule.when, rule.unless):
        for leaf in leaves(half):
            yield from _TABLE.findall(leaf.criterion.said)
