"""A tree of decisions drawn as SVG, from left to right: conditions in grey, what a rule says in its color."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from service.book.flow import Step
from service.rules.rule import Rule

WIDTH, GAP_X, GAP_Y, PAD, LINE, SIZE = 250, 46, 12, 9, 15, 12
CHARACTERS = 38  # of the type size used that fit into a box
_FILL = {
    "offer": "#e3f1e5", "consider": "#eef6dd", "prefer-trial": "#dfe9fb", "avoid": "#fbe0df", "require": "#fdebd3",
    "caution": "#fdf3d0", "test": "#e6e2f6",
}  # fmt: skip
_OTHER, _CONDITION = "#f2f2f2", "#ffffff"


@dataclass(slots=True)
class _Box:
    lines: list[str]
    fill: str
    link: str | None
    column: int
    children: list[_Box]
    top: float = 0.0

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 2 * PAD

    @property
    def x(self) -> float:
        return self.column * (WIDTH + GAP_X) + 1.0

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def draw(step: Step, title: str, link: Callable[[Rule], str], also: Callable[[Rule], list[str]]) -> str:
    """The picture as SVG text.

    Args:
        link: where a rule's box leads. also: what its box says below the title (strength, exclusions).
    """
    root = _box(step, 0, title, link, also)
    height = _place(root, 1.0)
    boxes = list(_all(root))
    width = max(box.x for box in boxes) + WIDTH + 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" font-family="sans-serif" font-size="{SIZE}">',
        f"<title>{escape(title)}</title>",
        *(_edge(box, child) for box in boxes for child in box.children),
        *(_drawn(box) for box in boxes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(
    step: Step, column: int, title: str | None, link: Callable[[Rule], str], also: Callable[[Rule], list[str]]
) -> _Box:
    said = ([title] if title else []) + list(step.conditions)
    children = [_leaf(rule, column + 1, link, also) for rule in step.rules]
    children += [_box(inner, column + 1, None, link, also) for inner in step.steps]
    return _Box(_wrapped(said or ["every patient"]), _CONDITION, None, column, children)


def _leaf(rule: Rule, column: int, link: Callable[[Rule], str], also: Callable[[Rule], list[str]]) -> _Box:
    return _Box(_wrapped([rule.title, *also(rule)]), _FILL.get(rule.advise.act, _OTHER), link(rule), column, [])


def _wrapped(texts: list[str]) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text, CHARACTERS)]


def _place(box: _Box, top: float) -> float:
    """Set the heights; the bottom of what the box and its children take."""
    below = top
    for child in box.children:
        below = _place(child, below) + GAP_Y
    if not box.children:
        box.top = top
        return top + box.height
    bottom = below - GAP_Y
    box.top = max(top, (box.children[0].middle + box.children[-1].middle - box.height) / 2)
    return max(bottom, box.top + box.height)


def _all(box: _Box) -> list[_Box]:
    return [box] + [inner for child in box.children for inner in _all(child)]


def _edge(box: _Box, child: _Box) -> str:
    x1, y1, x2, y2 = box.x + WIDTH, box.middle, child.x, child.middle
    half = (x1 + x2) / 2
    path = f"M{x1:.0f},{y1:.1f} C{half:.0f},{y1:.1f} {half:.0f},{y2:.1f} {x2:.0f},{y2:.1f}"
    return f'<path d="{path}" fill="none" stroke="#888"/>'


def _drawn(box: _Box) -> str:
    frame = (
        f'<rect x="{box.x:.0f}" y="{box.top:.1f}" width="{WIDTH}" height="{box.height:.1f}" rx="5" '
        f'fill="{box.fill}" stroke="#666"/>'
    )
    lines = "".join(
        f'<text x="{box.x + PAD:.0f}" y="{box.top + PAD + LINE * (index + 0.8):.1f}">{escape(line)}</text>'
        for index, line in enumerate(box.lines)
    )
    inner = frame + lines
    return f'<a href={quoteattr(box.link)} target="_top">{inner}</a>' if box.link else f"<g>{inner}</g>"
