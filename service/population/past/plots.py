"""Plots of counts as inline SVG: colours are those of the page, so that they follow light, dark and paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING, Any

from service.population.past.judging import Concordance
from service.population.past.summary import Tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INSTALL = "the plots need matplotlib: pip install 'allcue[population]'"
# Colours that stand for those of the page; matplotlib writes them, `_dressed` puts the page's in their place.
_INK, _LINE, _PAPER = "#010203", "#020304", "#030405"
_OF: Mapping[Concordance, tuple[str, str, str]] = {  # colour, the page's name for it, hatch that tells it without colour
    Concordance.CONCORDANT: ("#040506", "concordant", ""),
    Concordance.DISCORDANT: ("#050607", "discordant", "//"),
    Concordance.CANNOT_TELL: ("#060708", "unknown", "\\\\"),
    Concordance.NOT_JUDGED: ("#070809", "silent", ""),
}
_VARIABLES = {
    _INK: "ink", _LINE: "line", _PAPER: "paper", **{colour: name for colour, name, _ in _OF.values()},
}  # fmt: skip
_ROW, _WIDE = 0.34, 8.2  # inches of a row and of a plot
_STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "allcue", "font.family": "sans-serif", "font.size": 10, "text.color": _INK,
    "axes.edgecolor": _LINE, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "hatch.linewidth": 0.6,
    "hatch.color": _PAPER,
}  # fmt: skip


class NoPlots(RuntimeError):
    """The library that draws is not installed; the message names the extra."""


def need_matplotlib() -> None:
    """Nothing, where the library is there.

    Raises:
        NoPlots: it is not.
    """
    if find_spec("matplotlib") is None:
        raise NoPlots(INSTALL)


def groups(name: str, rows: Sequence[tuple[str, Tally]], title: str) -> str:
    """Concordance of groups with its interval, beside the number of decisions by verdict.

    Args:
        name: of the plot on its page, which makes its ids unique there.
        rows: groups from top to bottom.
        title: what the plot shows, for who does not see it; the figures stand in a table beside it.

    Raises:
        NoPlots: matplotlib is not installed.
    """
    need_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(dict(_STYLE)):
        figure = Figure(figsize=(_WIDE, 1.0 + _ROW * max(len(rows), 1)), layout="constrained")
        share, count = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.15))
        _shares(share, rows)
        _counts(count, rows)
        made = StringIO()
        figure.savefig(made, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _dressed(made.getvalue(), name, title)


def _shares(axes: Axes, rows: Sequence[tuple[str, Tally]]) -> None:
    for place, (_, tally) in enumerate(rows):
        found = tally.concordance
        if found is None:
            axes.text(50, place, "none judged", ha="center", va="center", fontstyle="italic")
            continue
        low, high = 100 * (found.share - found.low), 100 * (found.high - found.share)
        axes.errorbar(100 * found.share, place, xerr=[[low], [high]], fmt="o", color=_INK, capsize=3, markersize=5)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-3, 103)
    axes.set_xlabel("concordant of judged, %, with 95 % interval")
    _plain(axes)


def _counts(axes: Axes, rows: Sequence[tuple[str, Tally]]) -> None:
    for verdict, (colour, _, hatch) in _OF.items():
        left = [sum(tally.verdicts[v] for v in list(_OF)[: list(_OF).index(verdict)]) for _, tally in rows]
        widths = [tally.verdicts[verdict] for _, tally in rows]
        axes.barh(range(len(rows)), widths, left=left, height=0.62, color=colour, hatch=hatch, linewidth=0)
    axes.set_xlabel("decisions")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(labelleft=False)
    _plain(axes)


def _plain(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
    axes.grid(axis="x", color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def _dressed(svg: str, name: str, title: str) -> str:
    """An SVG for the inside of a page: no prologue, ids of its own, the page's colours and letters, a name."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(xlink:href="#|url\(#)', rf"\1{name}-", body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)  # it would hold for the whole page
    body = re.sub(r"\swidth=\"[^\"]*\"|\sheight=\"[^\"]*\"", "", body.partition(">")[0]) + ">" + body.partition(">")[2]
    head = f'<svg role="img" aria-labelledby="{name}-title" class="plot"'
    return body.replace("<svg", head, 1).replace(">", f'><title id="{name}-title">{escape(title)}</title>', 1)
