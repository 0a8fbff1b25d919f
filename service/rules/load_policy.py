"""The policy: the shipped one, with what a site says instead or besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from service.facts.vocabulary.base import Vocabulary
from service.rules.criterion import Tables
from service.rules.document import Document, Problem
from service.rules.expression import parse_expression
from service.rules.rule import EVERY_TOPIC, Edition, Moment, Policy, Population, Source
from service.rules.schema import (
    EditionShape,
    MomentName,
    MomentShape,
    OppositionShape,
    PolicyShape,
    PopulationShape,
    S,
    read_shape,
)
from service.rules.site_content import SitePolicyShape

POLICY_FILE = "policy.yaml"


class PolicyReader:
    """Reads ``policy.yaml``; adds what is wrong to ``problems``."""

    def __init__(self, documents: Mapping[str, Document], vocabulary: Vocabulary, tables: Tables,
                 problems: list[Problem]):  # fmt: skip
        self.vocabulary = vocabulary
        self.tables = tables
        self.problems = problems
        found = [document for document in documents.values() if document.path == POLICY_FILE]
        self._shipped = next((document for document in found if not document.of_site), None)
        self._site = next((document for document in found if document.of_site), None)
        self.changes: tuple[str, ...] = ()

    def read(self, sources: Mapping[str, Source], rules: Mapping[str, str], of_site: frozenset[str]) -> Policy | None:
        """The policy; nothing where it cannot be read.

        Args:
            rules: the topic of each rule by its id.
            of_site: sources of the site. They are active, and speak beside the edition in force unless an entry of
                ``editions`` names them.
        """
        if self._shipped is None:
            self.problems.append(Problem(POLICY_FILE, 1, "", "is missing."))
            return None
        ours = self._shape(self._shipped, PolicyShape)
        theirs = self._shape(self._site, SitePolicyShape) if self._site is not None else SitePolicyShape()
        if ours is None or theirs is None:
            return None
        populations = {**ours.populations, **theirs.populations}
        self._check(self._shipped, ours.active, ours.editions, ours.accepted_oppositions, sources, rules, populations)
        self._check_hooks(self._shipped, ours.hooks, rules.values())
        if self._site is not None:
            own = (theirs.active, theirs.editions, theirs.accepted_oppositions)
            self._check(self._site, *own, sources, rules, populations)
            self._check_hooks(self._site, theirs.hooks, rules.values())
            self.changes = tuple(_changes(ours, theirs))
        editions = {(e.topic, e.population): e for e in (*ours.editions, *theirs.editions)}
        oppositions = (*ours.accepted_oppositions, *theirs.accepted_oppositions)
        named = {source for edition in editions.values() for source in edition.sources}
        return Policy(
            active=tuple(dict.fromkeys((*ours.active, *theirs.active, *sorted(of_site)))),
            populations={
                **dict(self._populations(self._shipped, ours.populations)),
                **(dict(self._populations(self._site, theirs.populations)) if self._site is not None else {}),
            },
            region=theirs.region or ours.region,
            cards_on_chart_open=(theirs.limits or ours.limits).cards_on_chart_open,
            editions=tuple(Edition(e.topic, e.population, e.sources) for e in editions.values()),
            accepted_oppositions={frozenset(pair.rules): pair.because for pair in oppositions},
            beside=of_site - named,
            hooks={hook: _moment(shape) for hook, shape in {**ours.hooks, **theirs.hooks}.items()},
        )

    def _shape(self, document: Document, shape: type[S]) -> S | None:
        if document.value is None:
            return None
        found, problems = read_shape(document, shape)
        self.problems.extend(problems)
        return found

    def _check(
        self,
        document: Document,
        active: tuple[str, ...],
        editions: tuple[EditionShape, ...],
        oppositions: tuple[OppositionShape, ...],
        sources: Mapping[str, Source],
        rules: Mapping[str, str],
        populations: Mapping[str, PopulationShape],
    ) -> None:
        """Everything one of the files points at must exist."""
        self.problems.extend(document.misses("active", active, sources, "source"))
        for index, edition in enumerate(editions):
            at = f"editions[{index}]"
            self.problems.extend(document.misses(f"{at}.sources", edition.sources, sources, "source"))
            named = (edition.population,)
            self.problems.extend(
                document.misses(f"{at}.population", named, populations, "population", listed=False)
            )  # fmt: skip
        for index, pair in enumerate(oppositions):
            self.problems.extend(document.misses(f"accepted_oppositions[{index}].rules", pair.rules, rules, "rule"))

    def _check_hooks(self, document: Document, hooks: Mapping[MomentName, MomentShape], topics: Iterable[str]) -> None:
        """A topic under which no rule lies would silence a hook unnoticed."""
        known = sorted({above for topic in topics for above in _with_parents(topic)} | {EVERY_TOPIC})
        for hook, moment in hooks.items():
            self.problems.extend(document.misses(f"hooks.{hook}.topics", moment.topics, known, "topic of any rule"))
            for topic, kinds in moment.kinds.items():
                at = f"hooks.{hook}.kinds.{topic}"
                self.problems.extend(
                    document.misses(at, (topic,), moment.topics, f"topic of hooks.{hook}.topics", listed=False)
                )
                if not kinds:
                    self.problems.append(document.problem(at, "names no kind: leave the topic out instead."))

    def _populations(
        self, document: Document, shapes: Mapping[str, PopulationShape]
    ) -> Iterator[tuple[str, Population]]:
        def report(path: str, what: str) -> None:
            self.problems.append(document.problem(path, what))

        for name, population in shapes.items():
            at = f"populations.{name}.when"
            node = parse_expression(population.when, at, self.vocabulary, self.tables, report)
            if node is not None:
                yield name, Population(name, population.title, node)


def _with_parents(topic: str) -> Iterator[str]:
    """A topic and those above it: ``workup/staging``, ``workup``."""
    while topic:
        yield topic
        topic = topic.rpartition("/")[0]


def _with_kinds(topic: str, moment: MomentShape) -> str:
    return f"{topic} ({' and '.join(moment.kinds[topic])})" if topic in moment.kinds else topic


def _moment(shape: MomentShape) -> Moment:
    return Moment(shape.as_, shape.topics, {topic: frozenset(kinds) for topic, kinds in shape.kinds.items()})


def _changes(ours: PolicyShape, theirs: SitePolicyShape) -> Iterator[str]:
    """What a site's policy says instead of ours or besides, one line each."""
    if theirs.region is not None and theirs.region != ours.region:
        yield f"region: {theirs.region} instead of {ours.region}"
    if theirs.limits is not None and theirs.limits != ours.limits:
        limit = theirs.limits.cards_on_chart_open
        yield f"limits.cards_on_chart_open: {limit} instead of {ours.limits.cards_on_chart_open}"
    for name in theirs.active:
        if name not in ours.active:
            yield f"active: {name} as well"
    for name in theirs.populations:
        yield f"populations: {name} {'defined anew' if name in ours.populations else 'as well'}"
    known = {(e.topic, e.population): e for e in ours.editions}
    for edition in theirs.editions:
        before = known.get((edition.topic, edition.population))
        instead = f" instead of {', '.join(before.sources)}" if before else ""
        yield f"editions: {edition.topic} for {edition.population}: {', '.join(edition.sources)}{instead}"
    for hook, moment in theirs.hooks.items():
        if moment != ours.hooks.get(hook):
            topics = ", ".join(_with_kinds(topic, moment) for topic in moment.topics)
            yield f"hooks: {hook} as {moment.as_}: {topics}{' instead of ours' if hook in ours.hooks else ''}"
    for pair in theirs.accepted_oppositions:
        yield f"accepted_oppositions: {' and '.join(pair.rules)}: {pair.because}"
