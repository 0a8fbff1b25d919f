"""One rule: its criteria in plain English, its source page, its review date, and its verdict for this patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.advice.english import lines
from service.book.pages import titled
from service.book.preview import Previews, given
from service.rules.expression import Any, IfUnknown, Leaf, Node, leaves
from service.rules.interpret import judge
from service.rules.rule import Content, Rule
from service.rules.tables import Definition
from service.smart.case import Case
from service.smart.views import Asked, NothingThere
from service.smart.views.cards import rules_by_id
from service.smart.views.force import force_of
from service.smart.views.reading import Mark, Reading, Said


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the criteria, or a group ("all", "any") with its members. ``waits``: whether the rule waits while it is
    not known, said of exclusions only: of conditions it goes without saying."""

    said: Said
    group: str = ""
    members: tuple[Row, ...] = ()
    waits: bool = False


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``rule.html``.

    Raises:
        NothingThere: no such rule.
    """
    by_id = rules_by_id(case.engine)
    rule = by_id.get(asked.part)
    if rule is None:
        raise NothingThere(
            asked.language.text("The rule book has no such rule. It may be of another version of the content.")
        )
    content, reading = case.engine.content, Reading(case)
    verdict = judge(rule, case.facts)
    shown = _previews(case).card(rule)
    return {
        "rule": rule,
        "title": rule.title,
        "topic_title": titled(content, rule.topic),
        "source": content.sources[rule.source.ref],
        "strength": reading.words.strength(rule),
        "mark": reading.mark(verdict) if rule.status == "active" else Mark.UNUSED,
        "if_asked": reading.mark(verdict),
        "missing": reading.gaps(verdict.missing),
        "unchecked": reading.gaps(verdict.unchecked),
        "when": rows(rule.when, reading, unless=False),
        "unless": rows(rule.unless, reading, unless=True) if list(leaves(rule.unless)) else (),
        "cautions": tuple((text, by_id.get(text)) for text in rule.cautions),
        "evidence": tuple(content.evidence[key] for key in rule.evidence),
        "definitions": definitions(content, rule),
        "differences": tuple(row for row in content.differences.values() if rule.id in row.rules),
        "orders": tuple(content.orderables[key] for key in (*rule.suggest, *rule.replace)),
        "replaces": tuple(by_id[name] for name in rule.supersedes if name in by_id),
        "replaced_by": tuple(other for other in content.rules if rule.id in other.supersedes),
        "force": force_of(case, rule, reading),
        "digest": content.digest,
        "example": shown[1] if shown else None,
        "example_of": given(shown[0], reading.words) if shown else "",
    }


def rows(tree: Node, reading: Reading, *, unless: bool) -> tuple[Row, ...]:
    """The lines of a tree as they are nested, each with this patient's answer."""
    found = list(lines(tree, reading.say))
    made, _ = _nested(found, 0, 0, reading, unless=unless)
    return made


def _nested(
    found: list[tuple[int, str, Node]], at: int, depth: int, reading: Reading, *, unless: bool
) -> tuple[tuple[Row, ...], int]:
    """The rows of one depth from a place on, and the place where they end."""
    made: list[Row] = []
    while at < len(found) and found[at][0] >= depth:
        here, text, node = found[at]
        said = replace(reading.line(text, node, unless), member=depth > 0)
        members: tuple[Row, ...] = ()
        at += 1
        if not isinstance(node, Leaf):
            members, at = _nested(found, at, here + 1, reading, unless=unless)
        group = "" if isinstance(node, Leaf) else "any" if isinstance(node, Any) else "all"
        made.append(Row(said, group, members, unless and depth == 0 and not _goes_on(node)))
    return tuple(made), at


def _goes_on(node: Node) -> bool:
    """Whether a line, or a part of a group, lets the rule go on without it."""
    if node.if_unknown is IfUnknown.NAME:
        return True
    return not isinstance(node, Leaf) and any(_goes_on(child) for child in node.children)


def definitions(content: Content, rule: Rule) -> tuple[Definition, ...]:
    """What words mean in the source of a rule; first what the rule itself was written from."""
    own = [row for row in content.definitions.values() if row.source in (rule.source.ref, None)]
    return tuple(sorted(own, key=lambda row: not set(row.inventory) & set(rule.inventory)))


def _previews(case: Case) -> Previews:
    engine = case.engine
    return Previews(engine, engine.registry, case.record.terminology, case.as_of)
