"""The pages of the rule book as Markdown by path: by pathway, by source, tables, coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from service.advice.english import lines
from service.advice.words import Words
from service.book.flow import flow, own_exclusions
from service.book.preview import Previews, given
from service.book.svg import draw
from service.rules.coverage import coverage
from service.rules.expression import Node, leaves
from service.rules.rule import Content, Rule, Source

NOTICE = (
    "Allcue informs a professional who can check the basis of every card; it never decides. All patients shown are"
    " made up."
)
_ORDER = ("therapy", "transplant", "test", "safety", "supportive", "label", "information", "evidence")


class Book:
    """All pages of some content. ``pages`` maps paths (``pathways/frontline-ph-positive.md``) to texts."""

    def __init__(self, content: Content, words: Words, previews: Previews):
        self.content = content
        self.words = words
        self.previews = previews
        self.topics = sorted({rule.topic for rule in content.rules})
        self.by_date = sorted(content.sources.values(), key=lambda source: source.published, reverse=True)

    def pages(self) -> Mapping[str, str]:
        """Every page and picture."""
        made: dict[str, str] = {"index.md": _page(self._index())}
        for topic in self.topics:
            made[f"pathways/{_name(topic)}.md"] = _page(self._pathway(topic))
            for source in self.by_date:
                rules = self._rules(topic, source.id)
                if rules:
                    made[f"sources/{source.id}/{_name(topic)}.md"] = _page(self._chapter(source, topic, rules))
                    made[f"pictures/{source.id}/{_name(topic)}.svg"] = self.picture(topic, rules)
        for source in self.by_date:
            made[f"sources/{source.id}/index.md"] = _page(self._source(source))
        made["tables.md"] = _page(self._tables())
        made["evidence.md"] = _page(self._evidence())
        made["differences.md"] = _page(self._differences())
        made["coverage.md"] = _page(coverage_lines(self.content))
        return made

    def navigation(self) -> list[dict[str, object]]:
        """The menu, as mkdocs wants it."""
        return [
            {"Rule book": "index.md"},
            {"By pathway": [{self._titled(topic): f"pathways/{_name(topic)}.md"} for topic in self.topics]},
            {
                "By source": [
                    {
                        source.short_label: [
                            {"About": f"sources/{source.id}/index.md"},
                            *(
                                {self._titled(topic): f"sources/{source.id}/{_name(topic)}.md"}
                                for topic in self.topics
                                if self._rules(topic, source.id)
                            ),
                        ]
                    }
                    for source in self.by_date
                ]
            },
            {"Definitions": "tables.md"},
            {"Evidence": "evidence.md"},
            {"Where sources differ": "differences.md"},
            {"Coverage": "coverage.md"},
        ]

    def picture(self, topic: str, rules: list[Rule]) -> str:
        """The flow of a topic's rules, with their exclusions."""
        title = f"{self.content.topic_title(topic)} ({self.content.sources[rules[0].source.ref].short_label})"

        own = own_exclusions(rules, self.words.criterion)

        def also(rule: Rule) -> list[str]:
            strength = self.words.strength(rule)
            return ([strength] if strength else []) + [f"unless {one.text}" for one in own[rule.id]]

        here = f"../../sources/{rules[0].source.ref}/{_name(topic)}.html"
        return draw(flow(rules, self.words.criterion), title, lambda rule: f"{here}#{rule.id}", also)

    def _titled(self, topic: str) -> str:
        return titled(self.content, topic)

    def _rules(self, topic: str, source: str) -> list[Rule]:
        found = [rule for rule in self.content.rules if rule.topic == topic and rule.source.ref == source]
        return sorted(found, key=lambda rule: (_ORDER.index(rule.advise.kind), rule.id))

    def _index(self) -> Iterator[str]:
        yield "# The rule book of Allcue\n"
        yield f"{NOTICE} This book is made from the content that the service runs (content `{self.content.digest}`)."
        yield "It is for reading, for review and for signing: every rule with its criteria in plain English, the card it makes, its evidence, its page in the source, and the day it was last held against the source.\n"
        yield "| source | edition | in force from | rules | last checked |"
        yield "|---|---|---|---|---|"
        counts = Counter(rule.source.ref for rule in self.content.rules)
        for source in self.by_date:
            yield (
                f"| [{source.title}](sources/{source.id}/index.md) | {source.edition} | {source.in_force_from} |"
                f" {counts[source.id]} | {source.last_checked or ''} |"
            )
        yield "\n## Which edition answers\n"
        yield "For each topic and population the first source of the list that is in force and has a rule on the topic answers; safety and labels speak from every active source.\n"
        yield "| topic | population | sources in order |"
        yield "|---|---|---|"
        for entry in self.content.policy.editions:
            topic = "every topic" if entry.topic == "*" else self.content.topic_title(entry.topic)
            order = ", ".join(self.content.sources[name].short_label for name in entry.sources)
            yield f"| {topic} | {self.content.policy.populations[entry.population].title} | {order} |"

    def _source(self, source: Source) -> Iterator[str]:
        yield f"# {source.label}\n"
        yield f"{source.citation}\n"
        yield f"Population: {source.population}. Region: {source.region}. {source.licence_note or ''}\n"
        if source.silent_on:
            yield "Silent on:\n"
            yield from (f"- {part}" for part in source.silent_on)
            yield ""
        yield "| topic | rules |"
        yield "|---|---|"
        for topic in self.topics:
            rules = self._rules(topic, source.id)
            if rules:
                yield f"| [{self._titled(topic)}]({_name(topic)}.md) | {len(rules)} |"

    def _pathway(self, topic: str) -> Iterator[str]:
        yield f"# {self._titled(topic)}\n"
        for source in self.by_date:
            rules = self._rules(topic, source.id)
            if not rules:
                continue
            chapter = f"../sources/{source.id}/{_name(topic)}.md"
            yield f"## {source.label}\n"
            yield _picture(f"../pictures/{source.id}/{_name(topic)}.svg")
            for rule in rules:
                strength = self.words.strength(rule)
                yield f"- [{rule.title}]({chapter}#{rule.id}) ({rule.source.at}{'; ' + strength if strength else ''})"
            yield ""

    def _chapter(self, source: Source, topic: str, rules: list[Rule]) -> Iterator[str]:
        yield f"# {self._titled(topic)}\n"
        yield f"{source.label}. Last held against the source on {source.last_checked}.\n"
        yield _picture(f"../../pictures/{source.id}/{_name(topic)}.svg")
        for rule in rules:
            yield from self._rule(rule)
        yield "\n## For signing\n"
        yield f"Content `{self.content.digest}`.\n"
        yield "| rule | agreed | changes wanted | name | date |"
        yield "|---|---|---|---|---|"
        for rule in rules:
            yield f"| [{rule.title}](#{rule.id}) |   |   |   |   |"

    def _rule(self, rule: Rule) -> Iterator[str]:
        yield f"\n## {rule.title} {{ #{rule.id} }}\n"
        parts = [f"`{rule.id}`", rule.status, f"{rule.advise.kind}: {rule.advise.act} {rule.advise.subject}",
                 rule.source.at, self.words.strength(rule)]  # fmt: skip
        yield " · ".join(part for part in parts if part) + "\n"
        for text in (rule.advise.components, rule.advise.note):
            if text:
                yield f"{text}\n"
        yield "**When**\n"
        yield from self._tree(rule.when)
        if list(leaves(rule.unless)):
            yield "\n**Unless**\n"
            yield from self._tree(rule.unless)
        for head, items in (("Read into the source", rule.assumptions), ("Cautions", rule.cautions)):
            if items:
                yield f"\n**{head}**\n"
                yield from (f"- {item}" for item in items)
        if rule.evidence:
            yield "\n**Evidence**\n"
            for key in rule.evidence:
                row = self.content.evidence[key]
                yield f"- {row.trial}: {row.figures} ({row.citation}; {row.at})"
        yield from self._card(rule)

    def _card(self, rule: Rule) -> Iterator[str]:
        shown = self.previews.card(rule)
        if shown is None:
            return
        example, card = shown
        yield "\n**The card**\n"
        yield f"For a made-up patient ({given(example, self.words)}):\n"
        yield f"> **{card['summary']}** ({card['indicator']})\n>"
        yield from (f"> {line}" if line else ">" for line in card["detail"].splitlines())

    def _tree(self, node: Node) -> Iterator[str]:
        for depth, text, part in lines(node, self.words.criterion):
            after = f" (while unknown: go on and name it; {part.because})" if part.because else ""
            yield f"{'    ' * depth}- {text}{after}"

    def _tables(self) -> Iterator[str]:
        yield "# Definitions\n"
        for key, row in self.content.definitions.items():
            yield f"## {row.title} {{ #{key} }}\n"
            source = f"{self.content.sources[row.source].short_label}, " if row.source else ""
            yield f"{row.text} ({source}{row.at})\n"

    def _evidence(self) -> Iterator[str]:
        yield "# Evidence\n"
        yield "Figures as printed in the sources; no rule computes with them.\n"
        for key, row in self.content.evidence.items():
            yield f"## {row.trial} {{ #{key} }}\n"
            size = f" (n = {row.n})" if row.n is not None else ""
            yield f"{row.figures}{size}. {row.citation}; {row.at}\n"

    def _differences(self) -> Iterator[str]:
        yield "# Where sources differ\n"
        for key, row in self.content.differences.items():
            yield f"## {row.title} {{ #{key} }}\n"
            yield f"{row.says}\n\n**Here:** {row.decided}\n"
            for name in row.rules:
                rule = self.content.rule(name)
                yield f"- [{rule.title}](sources/{rule.source.ref}/{_name(rule.topic)}.md#{name})"
            yield ""


def titled(content: Content, topic: str) -> str:
    """What a topic is called; one without a title of its own by the closest above it, with its last part."""
    title = content.topic_title(topic)
    return title if topic in content.topics else f"{title}: {topic.rpartition('/')[2].replace('-', ' ')}"


def coverage_lines(content: Content) -> Iterator[str]:
    """The coverage report: per source the counts, and what is left out with its reason."""
    yield "# Coverage\n"
    yield "Every statement that was listed from a source, and what carries it.\n"
    yield "| source | statements | by rules | by tables | left out |"
    yield "|---|---|---|---|---|"
    found = coverage(content)
    for name, listed in found.items():
        how = Counter(one.how for one in listed)
        label = content.sources[name].short_label
        yield f"| {label} | {len(listed)} | {how['rule']} | {how['table']} | {how['listed'] + how['missing']} |"
    left = [one for listed in found.values() for one in listed if one.how in ("listed", "missing")]
    if left:
        yield "\n## Left out\n"
        yield from (f"- `{one.entry}`: {one.reason or 'nothing carries it'}" for one in left)


def _picture(path: str) -> str:
    """A flow whose boxes lead to their rules; an ``img`` would not follow its links."""
    return f'<object type="image/svg+xml" data="{path}" style="max-width: 100%">The rules as a flow</object>\n'


def _name(topic: str) -> str:
    return topic.replace("/", "-")


def _page(text: Iterable[str]) -> str:
    return "\n".join(text) + "\n"
