"""Trees of criteria: ``all:``/``any:`` groups, and what happens on a line while its fact is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from service.facts.vocabulary.base import Vocabulary
from service.rules.criterion import Criterion, CriterionProblem, Tables, parse_criterion


class IfUnknown(StrEnum):
    """BLOCK: the verdict waits for the fact. NAME: go on, and name the fact as unchecked on the card."""

    BLOCK = "block"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Leaf:
    criterion: Criterion
    if_unknown: IfUnknown = IfUnknown.BLOCK
    because: str | None = None


@dataclass(frozen=True, slots=True)
class All:
    children: tuple[Node, ...]
    if_unknown: IfUnknown = IfUnknown.BLOCK
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Any:
    children: tuple[Node, ...]
    if_unknown: IfUnknown = IfUnknown.BLOCK
    because: str | None = None


Node: TypeAlias = Leaf | All | Any
NOTHING_REQUIRED = All(())
NOTHING_EXCLUDED = Any(())


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf of a tree, in the order written."""
    if isinstance(node, Leaf):
        yield node
    else:
        for child in node.children:
            yield from leaves(child)


def facts_of(node: Node) -> frozenset[str]:
    """Names of the facts a tree speaks about."""
    return frozenset(leaf.criterion.fact for leaf in leaves(node))


Report: TypeAlias = Callable[[str, str], None]  # (path, problem)


def parse_expression(raw: object, path: str, vocabulary: Vocabulary, tables: Tables, report: Report) -> Node | None:
    """Read a tree as it stands in YAML: a string, ``{all: [...]}``, ``{any: [...]}`` or ``{criterion: ...}``.

    Every problem is given to ``report`` with its path; ``None`` is returned where nothing usable is left.
    """
    if isinstance(raw, str):
        try:
            return Leaf(parse_criterion(raw, vocabulary, tables))
        except CriterionProblem as problem:
            report(path, str(problem))
            return None
    if not isinstance(raw, dict):
        report(path, f"{raw!r} is not a criterion. Allowed: a line of text, 'all:', 'any:' or 'criterion:'.")
        return None
    unknown_keys = set(raw) - {"all", "any", "criterion", "if_unknown", "because"}
    for key in sorted(map(str, unknown_keys)):
        report(f"{path}.{key}", "is not a key here. Allowed: all, any, criterion, if_unknown, because.")
    shapes = [key for key in ("all", "any", "criterion") if key in raw]
    if len(shapes) != 1:
        report(path, "needs exactly one of 'all', 'any' and 'criterion'.")
        return None
    if_unknown, because = _unknown_policy(raw, path, report)
    shape = shapes[0]
    if shape == "criterion":
        leaf = parse_expression(raw["criterion"], f"{path}.criterion", vocabulary, tables, report)
        return Leaf(leaf.criterion, if_unknown, because) if isinstance(leaf, Leaf) else None
    members = raw[shape]
    if not isinstance(members, list) or not members:
        report(f"{path}.{shape}", "is a list of at least one criterion.")
        return None
    parsed = [
        parse_expression(item, f"{path}.{shape}[{index}]", vocabulary, tables, report)
        for index, item in enumerate(members)
    ]
    children = tuple(node for node in parsed if node is not None)
    return All(children, if_unknown, because) if shape == "all" else Any(children, if_unknown, because)


def _unknown_policy(raw: dict[str, object], path: str, report: Report) -> tuple[IfUnknown, str | None]:
    said, because = raw.get("if_unknown", "block"), raw.get("because")
    if said not in ("block", "name"):
        report(f"{path}.if_unknown", f"{said!r} is not allowed. Allowed: block, name.")
        said = "block"
    if because is not None and not isinstance(because, str):
        report(f"{path}.because", "is a sentence.")
        because = None
    if said == "name" and not because:
        report(path, "'if_unknown: name' needs 'because:', the reason why the rule may go on without this fact.")
    return IfUnknown(str(said)), because if isinstance(because, str) else None
