"""The part of docs/performance.md that tells the committed figures beside what is aimed at; drawn from them alone."""

from __future__ import annotations

from pathlib import Path

from bench.baseline import Rows

BEGIN, END = "<!-- targets: begin -->\n", "<!-- targets: end -->\n"
# What is aimed at, of the floor; others are told without an aim.
_AIMS = {
    "patient with ALL, chart opened again": 0.6,
    "patient without ALL, chart opened again": 0.85,
    "order-sign with 10 drafts, signed again": 0.5,
}


def part(rows: Rows, about: str) -> str:
    """The tables as Markdown.

    Args:
        about: what the figures were measured on and with.
    """
    lines = [f"Measured by `make bench` on {about}.", ""]
    lines += [
        "| one worker process, 8 clients | calls/s | p50 ms | p99 ms | of the floor | of the floor under Allcue's worker | aim |"
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, row in rows.items():
        if "ratio_to_floor" in row:
            lines.append(
                f"| {name} | {row['requests_per_second']:,.0f} | {row['p50_ms']:.1f} | {row['p99_ms']:.1f} | {row['ratio_to_floor']:.0%} "
                f"| {row['ratio_to_floor_under_own_worker']:.0%} | {f'{_AIMS[name]:.0%}' if name in _AIMS else ''} |"
            )
    lines += [
        "",
        "| the engine alone, charts never seen | CPU ms | ms a resource | times the floor | a resource, times that of 80 |",
        "|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        if "ms_per_resource" in row:
            grown = f"{row['per_resource_times_80']:.2f}" if "per_resource_times_80" in row else ""
            lines.append(
                f"| {name.removeprefix('engine, ')} | {row['cpu_ms']:.1f} | {row['ms_per_resource']:.3f} | {row['times_floor']:.1f} | {grown} |"
            )
    lines += ["", "| the rest | |", "|---|---|"]
    for name, row in rows.items():
        if "ratio_to_floor" not in row and "ms_per_resource" not in row:
            told = ", ".join(f"{member.replace('_', ' ')} {value:g}" for member, value in row.items())
            lines.append(f"| {name} | {told} |")
    return "\n".join(lines) + "\n"


def placed(page: str, made: str) -> str:
    """A page with the part in its place. Raises ValueError: it has no such place."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the figures: <!-- targets: begin --> and <!-- targets: end -->")
    return f"{before}{begin}{made}{end}{after}"


def write(path: Path, rows: Rows, about: str) -> None:
    """Put the figures into a page. Raises ValueError: it has no place for them."""
    path.write_text(placed(path.read_text(encoding="utf-8"), part(rows, about)), encoding="utf-8")
