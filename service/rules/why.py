"""Why a rule does not apply: the conditions that fail and the exclusions that hold."""

from __future__ import annotations

from collections.abc import Iterator

from service.rules.expression import All, Leaf, Node, leaves
from service.rules.interpret import Known, find


def failing(node: Node, facts: Known) -> Iterator[tuple[Leaf, ...]]:
    """Conditions that are known not to hold and make a tree fail; of an "any of", all its lines together."""
    if find(node, facts, True).truth is not False:
        return
    if isinstance(node, Leaf):
        yield (node,)
    elif isinstance(node, All):
        for child in node.children:
            yield from failing(child, facts)
    else:
        yield tuple(leaf for child in node.children for group in failing(child, facts) for leaf in group)


def holding(node: Node, facts: Known) -> Iterator[Leaf]:
    """Lines that hold and make an exclusion hold; one line of an "all of" that holds alone makes none."""
    if find(node, facts, False).truth is True:
        if isinstance(node, Leaf):
            yield node
        elif isinstance(node, All):
            yield from leaves(node)
        else:
            for child in node.children:
                yield from holding(child, facts)
