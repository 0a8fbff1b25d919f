"""The measured part of docs/performance.md, and its plots, out of the JSON and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.peers.plots import Line, svg

BEGIN, END = "<!-- peers: written by python -m bench.peers --write -->", "<!-- peers: end -->"
PLOTS = "images/performance"  # below the folder of the page
_BUSY = 0.7  # processes that wanted to run in the last minute, before anything was started
Row = dict[str, Any]


class NoPlace(ValueError):
    """A page without the two marks that the measured part stands between."""


def write(page: Path, figures: Row) -> None:
    """Replace the measured part of a page and draw its plots beside it.

    Raises:
        NoPlace: no marks.
    """
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise NoPlace(f"{page}: needs the lines {BEGIN!r} and {END!r}, once each.")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{measured(figures)}\n{END}{after}", encoding="utf-8")
    folder = page.parent / PLOTS
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in plots(figures).items():
        (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


def measured(figures: Row) -> str:
    """The tables as Markdown."""
    plan, machine = figures["plan"], figures["machine"]
    head = (
        f"Measured on {figures['day']}: {machine['cores']} cores ({machine['processor']}), Linux, Python {machine['python']}; "
        f"{plan['rounds']} {'round' if plan['rounds'] == 1 else 'rounds'} of {plan['seconds']:g} s, {plan['clients']} connections, one worker process each. "
        "Each figure: median (least to greatest round).\n"
    )
    if machine["load"] > _BUSY:
        head += f"\n**Others were using the machine (load {machine['load']:.1f} at the start): compare by ratio and by CPU time only.**\n"
    return "\n".join([head, *_table(figures["peers"]), *_versions(figures["peers"]), *_growth(figures)])


def plots(figures: Row) -> dict[str, str]:
    """SVG by file name without ending."""
    drawn = {}
    for what, label, y, y_label in (
        ("resources", "resources in the chart", "p50", "ms, median, one connection"),
        ("clients", "connections at once", "rate", "answers a second"),
    ):
        lines = [Line(name, points) for name, points in _lines(figures[what], what, y)]
        if lines:
            drawn[what] = svg(f"How cost grows: {label}", label, y_label, lines)
    inside = [
        Line(kind, sorted((r["rules"], r["milliseconds"]["median"]) for r in rows))
        for kind, rows in _kinds(figures["rules"]).items()
    ]
    if inside:
        drawn["rules"] = svg("How cost grows: rules", "rules asked", "ms an evaluation, without HTTP", inside)
    return drawn


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _spread(found: Row | None, times: float = 1.0) -> str:
    if found is None:
        return ""
    middle, least, most = (_number(found[which] * times) for which in ("median", "min", "max"))
    return f"{middle} ({least}–{most})"


def _table(rows: list[Row]) -> list[str]:
    told = [
        "| | what stands behind an answer | answers/s | of the floor, % | p50 ms | p99 ms | CPU ms an answer | memory MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if "missing" in row:
            told.append(f"| {row['name']} | {row['missing']} | | | | | | |")
            continue
        memory = _number(row["memory"]["max"]) if "memory" in row else ""
        told.append(
            f"| {row['name']} | {row['does']} | {_spread(row['rate'])} | {_spread(row['ratio'], 100)} | {_spread(row['p50'])} "
            f"| {_spread(row['p99'])} | {_spread(row.get('cpu'))} | {memory} |"
        )
    return [*told, ""]


def _versions(rows: list[Row]) -> list[str]:
    told = ["| | versions, as the running peer tells them | licence |", "|---|---|---|"]
    for row in rows:
        if row.get("versions"):
            versions = ", ".join(f"{name} {found}" for name, found in row["versions"].items())
            told.append(f"| {row['name']} | {versions} | {row['licence']} |")
    return [*told, ""]


def _lines(rows: list[Row], what: str, which: str) -> list[tuple[str, list[tuple[float, float]]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append((row[what], row[which]["median"]))
    return [(name, sorted(points)) for name, points in found.items()]


def _kinds(rows: list[Row]) -> dict[str, list[Row]]:
    """The lines of the plot by rules: CQL, Allcue with the same rules, Allcue by shipped sources."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        kind = "CQL in JavaScript" if row["name"].startswith("CQL") else "Allcue, shipped sources"
        found.setdefault("Allcue, the same rules" if "same" in row["name"] else kind, []).append(row)
    return found


def _growth(figures: Row) -> list[str]:
    told: list[str] = []
    for what, title, which, unit in (
        (
            "resources",
            "By resources in the chart",
            "p50",
            "Median time of an answer in ms, one connection, every chart new",
        ),
        ("clients", "By connections at once", "rate", "Answers a second, every chart new"),
    ):
        steps = sorted({row[what] for row in figures[what]})
        told += [f"### {title}", "", f"{unit}.", ""]
        told += [f"| | {' | '.join(f'{step:,}' for step in steps)} |", "|---|" + "---|" * len(steps)]
        names = list(dict.fromkeys(row["name"] for row in figures[what]))
        for name in names:
            cells = {row[what]: _spread(row[which]) for row in figures[what] if row["name"] == name}
            told.append(f"| {name} | {' | '.join(cells.get(step, '') for step in steps)} |")
        told += ["", f"![{title}]({PLOTS}/{what}.svg)", ""]
    told += ["### By rules", "", "Without HTTP, from the request's text to the answer.", ""]
    told += ["| | rules asked about this patient | ms an evaluation |", "|---|---|---|"]
    told += [f"| {row['name']} | {row['rules']:,} | {_spread(row['milliseconds'])} |" for row in figures["rules"]]
    return [*told, "", f"![By rules]({PLOTS}/rules.svg)", ""]
