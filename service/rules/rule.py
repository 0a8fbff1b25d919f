"""Content as the engine holds it: sources, rules, tables, policy. Immutable, built by `service.rules.load`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any as AnyValue
from typing import overload

from service.rules.expression import Node, facts_of
from service.rules.packing import packed, unpacked
from service.rules.site_content import SiteContent
from service.rules.tables import Definition, Difference, Evidence, LookupShape, NotImplemented, Orderable


@dataclass(frozen=True, slots=True)
class Source:
    """A guideline document in one edition."""

    id: str
    title: str
    edition: str
    published: date
    citation: str
    population: str
    region: str
    in_force_from: date
    aliases: tuple[str, ...] = ()
    url: str | None = None
    body: str = ""
    short: str | None = None
    licence_note: str | None = None
    supersedes: tuple[str, ...] = ()
    silent_on: tuple[str, ...] = ()
    last_checked: date | None = None

    @property
    def label(self) -> str:
        return f"{self.title}, {self.edition}"

    @property
    def short_label(self) -> str:
        """What the source is called inside a line."""
        return self.short or self.label


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Where a rule stands in its source: page or line, evidence category and preference as printed."""

    ref: str
    at: str
    category: str | None = None
    preference: str | None = None


@dataclass(frozen=True, slots=True)
class Advise:
    """What a rule says when it applies. ``subjects`` are the drugs (or procedures) safety rules are asked about.

    ``critical``: whether it should stop the signature of an order; if not said, what is to be avoided does.
    """

    kind: str
    act: str
    subject: str
    subjects: tuple[str, ...] = ()
    regimen: str | None = None
    components: str | None = None
    with_: str | None = None
    note: str | None = None
    critical: bool | None = None

    @property
    def stops(self) -> bool:
        return self.act == "avoid" if self.critical is None else self.critical


@dataclass(frozen=True, slots=True)
class Example:
    """A patient written beside a rule and the verdict the rule must give."""

    name: str
    given: Mapping[str, AnyValue]
    expect: str  # applies | does_not_apply | cannot_tell | applies_unchecked
    facts: tuple[str, ...] = ()  # the missing or unchecked facts that must be named


class Examples(Sequence[Example]):
    """The examples of a rule, packed: of the bytes of content they are two thirds, and no answer to a call reads them.

    Each iteration unpacks them anew.
    """

    __slots__ = ("_data", "_size")

    def __init__(self, examples: Sequence[Example] = ()):
        self._size = len(examples)
        self._data = zlib.compress(packed(tuple(examples))) if examples else b""

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Example]:
        return iter(self._examples())

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Example, ...]: ...
    def __getitem__(self, index: int | slice) -> Example | tuple[Example, ...]:
        return self._examples()[index]

    def _examples(self) -> tuple[Example, ...]:
        found: tuple[Example, ...] = unpacked(zlib.decompress(self._data)) if self._data else ()
        return found


ADDED, REPLACED, REWORDED = "added", "replaced", "reworded"  # what a site did to a rule
SWITCHED_OFF = "switched-off"  # the status of a rule that a site does not want to be asked


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One recommendation of one source. ``when`` and ``unless`` include the scope inherited from its folders.

    ``suggest``: what may be ordered besides; ``replace``: what may be ordered in place of the drug that is spoken about.
    ``site``: what a site did to it, if anything: `ADDED`, `REPLACED` (or something it rests on), `REWORDED`.
    """

    id: str
    title: str
    status: str
    topic: str
    hooks: tuple[str, ...]
    source: SourceRef
    when: Node
    unless: Node
    advise: Advise
    inventory: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    suggest: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    examples: Sequence[Example] = ()
    questions: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    site: str | None = None

    @property
    def facts(self) -> frozenset[str]:
        return facts_of(self.when) | facts_of(self.unless)

    @property
    def is_safety(self) -> bool:
        """Safety speaks from every active source; what is offered follows the edition in force."""
        return self.advise.kind == "safety" or self.advise.act in ("avoid", "caution", "require")

    @property
    def speaks_from_every_source(self) -> bool:
        """Not bound to the edition in force: safety, and labels, which are an overlay by region."""
        return self.is_safety or self.advise.kind == "label"


EVERY_TOPIC = "*"


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Patients an edition speaks for, as a criterion over their facts."""

    id: str
    title: str
    when: Node


@dataclass(frozen=True, slots=True)
class Edition:
    """Which sources answer a topic for a population: the first in force that has a rule on it speaks.

    ``topic`` covers the topics below it; `EVERY_TOPIC` covers all.
    """

    topic: str
    population: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What belongs to a hook that rules need not name: of the rules of another hook (``as_``) those under the topics.

    ``kinds``: of which kinds they must be, by topic; any where a topic has no entry.
    """

    as_: str
    topics: tuple[str, ...]
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def has(self, rule: Rule) -> bool:
        """Whether a rule belongs to it."""
        return self.as_ in rule.hooks and any(
            is_under(rule.topic, topic) and (topic not in self.kinds or rule.advise.kind in self.kinds[topic])
            for topic in self.topics
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What a site has switched on. ``beside``: sources that speak whichever edition is in force, a site's own.

    ``hooks``: what speaks at the hooks that rules need not name.
    """

    active: tuple[str, ...]
    populations: Mapping[str, Population]
    editions: tuple[Edition, ...]
    region: str
    cards_on_chart_open: int = 5
    accepted_oppositions: Mapping[frozenset[str], str] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    hooks: Mapping[str, Moment] = field(default_factory=dict)

    def speaks(self, rule: Rule, hook: str) -> bool:
        """Whether a rule is asked at a hook: it names it, or the policy says that it belongs there."""
        moment = self.hooks.get(hook)
        return hook in rule.hooks or (moment is not None and moment.has(rule))

    def manner(self, hook: str) -> str:
        """The hook as which one is answered: itself, or that whose rules the policy lets speak."""
        moment = self.hooks.get(hook)
        return moment.as_ if moment is not None else hook


def is_under(topic: str, parent: str) -> bool:
    """Whether a topic is another or lies below it.

    >>> is_under("relapse/ph-negative", "relapse"), is_under("relapsed", "relapse"), is_under("relapse", "*")
    (True, False, True)
    """
    return parent in (topic, EVERY_TOPIC) or topic.startswith(f"{parent}/")


@dataclass(frozen=True, slots=True)
class Content:
    """Everything under the content folder, read and checked. ``digest`` identifies it in traces and answers.

    ``site``: what the site's own content changed, if there is one.
    """

    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    policy: Policy
    lookups: Mapping[str, LookupShape]
    orderables: Mapping[str, Orderable]
    questions: Mapping[str, str]
    topics: Mapping[str, str]
    evidence: Mapping[str, Evidence]
    definitions: Mapping[str, Definition]
    differences: Mapping[str, Difference]
    inventory: Mapping[str, Mapping[str, str]]  # by source, the kind of each listed statement
    not_implemented: Mapping[str, NotImplemented]
    wording: Mapping[str, str]
    digest: str
    site: SiteContent | None = None

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id.

        Raises:
            KeyError: no such rule.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def topic_title(self, topic: str) -> str:
        """What the closest titled topic is called; the topic itself where none is."""
        titled = [name for name in self.topics if is_under(topic, name)]
        return self.topics[max(titled, key=len)] if titled else topic

    def source_named(self, name: str) -> Source:
        """A source by id or alias.

        Raises:
            KeyError: no such source.
        """
        for source in self.sources.values():
            if name == source.id or name in source.aliases:
                return source
        raise KeyError(name)
