"""Small SVG plots of the figures: lines over two logarithmic axes, readable in light and dark, with a text for readers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 760, 340, 64, 40, 270, 48
_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7f7f7f",
)  # told apart by all eyes (Okabe, Ito)
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "12 4", "4 4", "1 4")


@dataclass(frozen=True)
class Line:
    """One peer: points from left to right, all greater than 0."""

    name: str
    points: Sequence[tuple[float, float]]


def svg(title: str, x_label: str, y_label: str, lines: Sequence[Line]) -> str:
    """The plot as SVG text.

    Raises:
        ValueError: nothing to draw, or a value that has no logarithm.
    """
    xs = sorted({x for line in lines for x, _ in line.points})
    ys = [y for line in lines for _, y in line.points]
    if not xs or min(*xs, *ys, 1) <= 0:
        raise ValueError("no points, or one that is not greater than 0")
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys) * 1.0001))

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log(x / xs[0]) / math.log(xs[-1] / xs[0])) if len(xs) > 1 else 0.5
        up = math.log(y / low) / math.log(high / low)
        return (_LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM))

    told = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-size="14" fill="#222">{escape(title)}</text>',
    ]
    told += _axes(xs, low, high, at, x_label, y_label)
    for number, line in enumerate(lines):
        told += _drawn(line, number, at)
    return "\n".join([*told, "</svg>", ""])


def _axes(xs: Sequence[float], low: float, high: float, at: object, x_label: str, y_label: str) -> Iterable[str]:
    assert callable(at)
    right = _WIDTH - _RIGHT
    value = low
    while value <= high * 1.0001:
        _, y = at(xs[0], value)
        yield f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{value:g}</text>'
        value *= 10
    for x in xs:
        across, _ = at(x, low)
        yield f'<text x="{across:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle" fill="#444">{x:g}</text>'
    yield f'<text x="{(_LEFT + right) / 2:.0f}" y="{_HEIGHT - 10}" text-anchor="middle" fill="#222">{escape(x_label)}</text>'
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    yield f'<text transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle" fill="#222">{escape(y_label)}</text>'


def _drawn(line: Line, number: int, at: object) -> Iterable[str]:
    assert callable(at)
    colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
    places = [at(x, y) for x, y in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
    left, top = _WIDTH - _RIGHT + 14, _TOP + 10 + 20 * number
    yield f'<line x1="{left}" x2="{left + 26}" y1="{top}" y2="{top}" stroke="{colour}" stroke-width="2"{dashed}/>'
    yield f'<text x="{left + 32}" y="{top + 4}" fill="#222">{escape(line.name)}</text>'
