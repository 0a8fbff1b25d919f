"""Why a rule does not apply: the conditions that fail and the exclusions that hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from service.rules.expression import All, Leaf, Node, leaves
from service.rules.interpret import Finding, Known, find

Find: TypeAlias = Callable[[Node, Known, bool], Finding]
"""The interpreter, or an evaluator that has these findings already."""


def failing(node: Node, facts: Known, find: Find = find) -> Iterator[tuple[Leaf, ...]]:
    """Conditions that are known not to hold and make a tree fail; of an "any of", all its lines together."""
    if find(node, facts, True).truth is not False:
        return
    if isinstance(node, Leaf):
        yield (node,)
    elif isinstance(node, All):
        for child in node.children:
            yield from failing(child, facts, find)
    else:
        yield tuple(leaf for child in node.children for group in failing(child, facts, find) for leaf in group)


def holding(node: Node, facts: Known, find: Find = find) -> Iterator[Leaf]:
    """Lines that hold and make an exclusion hold; one line of an "all of" that holds alone makes none."""
    if find(node, facts, False).truth is True:
        if isinstance(node, Leaf):
            yield node
        elif isinstance(node, All):
            yield from leaves(node)
        else:
            for child in node.children:
                yield from holding(child, facts, find)
