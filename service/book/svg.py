"""A tree of decisions drawn as SVG, from left to right: conditions in grey, what a rule says in its color.

`draw` makes the pictures of the book, with their colors in them. `picture` draws any tree of boxes; a page that brings
its own style sheet names kinds of boxes, lines and edges, which become classes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from service.book.flow import Step
from service.rules.rule import Rule

WIDTH, GAP_X, GAP_Y, PAD, LINE, SIZE = 250, 46, 12, 9, 15, 12
PAPER = 1300  # pixels: what is higher cannot be read when it is made to fit on a page of A4
CHARACTERS = 38  # of the type size used that fit into a box
_FILL = {
    "offer": "#e3f1e5", "consider": "#eef6dd", "prefer-trial": "#dfe9fb", "avoid": "#fbe0df", "require": "#fdebd3",
    "caution": "#fdf3d0", "test": "#e6e2f6",
}  # fmt: skip
_OTHER, _CONDITION = "#f2f2f2", "#ffffff"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a box. ``kind``: its class; ``language``: the code of its own language; none if empty."""

    text: str
    kind: str = ""
    language: str = ""


@dataclass(slots=True)
class Box:
    """A box with what hangs on it. ``fill``: a color, or None where a style sheet has it. ``kind``: classes of the box
    and of the edge that leads to it."""

    lines: Sequence[Line]
    children: list[Box] = field(default_factory=list)
    fill: str | None = None
    link: str | None = None
    kind: str = ""
    column: int = 0
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
    """The picture of a topic's rules.

    Args:
        link: where a rule's box leads. also: what its box says below the title (strength, exclusions).
    """
    return picture(_box(step, title, link, also), title)


def wrapped(text: str, kind: str = "", characters: int = CHARACTERS, language: str = "") -> list[Line]:
    """A text as lines that fit into a box."""
    return [Line(line, kind, language) for line in textwrap.wrap(text, characters)]


def picture(root: Box, title: str, *, level: bool = False, beside: bool = False, language: str = "") -> Markup:
    """A tree of boxes as SVG text; every text in it is escaped.

    Args:
        level: put a box beside the first of its children, so that first children make a straight way; else beside
            their middle. beside: the picture stands beside a text that says the same, so that screen readers and the
            keyboard pass it over. language: the code of the title's own language; none if empty.
    """
    _columns(root, 0)
    height = _place(root, 1.0, level)
    boxes = list(_all(root))
    width = max(box.x for box in boxes) + WIDTH + 1
    role = Markup('aria-hidden="true"') if beside else Markup('role="img"')
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        'height="{height:.0f}"{tall} {role} font-family="sans-serif" font-size="{size}">'
    ).format(width=width, height=height, size=SIZE, role=role, tall=Markup(' class="tall"') if height > PAPER else "")
    parts = [
        head,
        Markup("<title{}>{}</title>").format(_lang(language), title),
        *(_edge(box, child, level) for box in boxes for child in box.children),
        *(_drawn(box, beside) for box in boxes),
        Markup("</svg>"),
    ]
    return Markup("\n").join(parts) + "\n"


def _box(step: Step, title: str | None, link: Callable[[Rule], str], also: Callable[[Rule], list[str]]) -> Box:
    said = ([title] if title else []) + list(step.conditions)
    children = [_leaf(rule, link, also) for rule in step.rules]
    children += [_box(inner, None, link, also) for inner in step.steps]
    return Box(_wrapped(said or ["every patient"]), children, _CONDITION)


def _leaf(rule: Rule, link: Callable[[Rule], str], also: Callable[[Rule], list[str]]) -> Box:
    fill = _FILL.get(rule.advise.act, _OTHER)
    return Box(_wrapped([rule.title, *also(rule)]), fill=fill, link=link(rule))


def _wrapped(texts: list[str]) -> list[Line]:
    return [line for text in texts for line in wrapped(text)]


def _columns(box: Box, column: int) -> None:
    box.column = column
    for child in box.children:
        _columns(child, column + 1)


def _place(box: Box, top: float, level: bool) -> float:
    """Set the heights; the bottom of what the box and its children take."""
    below = top
    for child in box.children:
        below = _place(child, below, level) + GAP_Y
    if not box.children:
        box.top = top
        return top + box.height
    bottom = below - GAP_Y
    box.top = top if level else max(top, (box.children[0].middle + box.children[-1].middle - box.height) / 2)
    return max(bottom, box.top + box.height)


def _all(box: Box) -> list[Box]:
    return [box] + [inner for child in box.children for inner in _all(child)]


def _class(kind: str, of: str) -> Markup:
    return Markup(' class="{} {}"').format(of, kind) if kind else Markup("")


def _lang(code: str) -> Markup:
    return Markup(' lang="{}"').format(code) if code else Markup("")


def _edge(box: Box, child: Box, level: bool) -> Markup:
    x1, x2 = box.x + WIDTH, child.x
    y1, y2 = (box.top + LINE, child.top + LINE) if level else (box.middle, child.middle)
    half = (x1 + x2) / 2
    path = f"M{x1:.0f},{y1:.1f} C{half:.0f},{y1:.1f} {half:.0f},{y2:.1f} {x2:.0f},{y2:.1f}"
    stroke = Markup("") if child.kind else Markup(' stroke="#888"')
    return Markup('<path d="{}" fill="none"{}{}/>').format(path, stroke, _class(child.kind, "edge"))


def _drawn(box: Box, beside: bool) -> Markup:
    color = Markup("") if box.fill is None else Markup(' fill="{}" stroke="#666"').format(box.fill)
    frame = Markup('<rect x="{:.0f}" y="{:.1f}" width="{}" height="{:.1f}" rx="5"{}/>').format(
        box.x, box.top, WIDTH, box.height, color
    )
    lines = Markup("").join(
        Markup('<text x="{:.0f}" y="{:.1f}"{}{}>{}</text>').format(
            box.x + PAD,
            box.top + PAD + LINE * (index + 0.8),
            _class(line.kind, "line"),
            _lang(line.language),
            escape(line.text),
        )
        for index, line in enumerate(box.lines)
    )
    inner = frame + lines
    if box.link is None:
        return Markup("<g{}>{}</g>").format(_class(box.kind, "box"), inner)
    target = Markup(' tabindex="-1"') if beside else Markup(' target="_top"')
    return Markup('<a href="{}"{}{}>{}</a>').format(box.link, target, _class(box.kind, "box"), inner)
