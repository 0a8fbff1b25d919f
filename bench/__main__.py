"""``make bench``: figures of all kinds, each beside a floor of the same run, and compared with those that are committed.

``--check`` is for CI: it fails only where a ratio fell by a third, three times in a row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from bench import baseline, engine, hot, start
from bench.baseline import Rows
from bench.karyotypes import figures as karyotypes
from bench.page import write

_CHECKS = 3


def _hot(rounds: int, seconds: float, clients: int) -> Rows:
    rows = hot.figures(seconds, rounds, clients)
    hot.shown(rows)
    return rows


def _engine(rounds: int, *_: float) -> Rows:
    return _shown(engine.figures(4 * rounds))


def _start(*_: float) -> Rows:
    return _shown(start.figures())


def _karyotypes(rounds: int, *_: float) -> Rows:
    return _shown(karyotypes(rounds))


def _paint(rounds: int, *_: float) -> Rows:
    """First paint of the chart page, where there is a browser."""
    from tests.browser import chromium

    if chromium() is None:
        click.echo("NOTICE: first paint not measured: no Chromium on the PATH")
        return {}
    from bench.paint import figures

    return _shown(figures(2 * rounds + 1))


def _shown(rows: Rows) -> Rows:
    for name, row in rows.items():
        click.echo(f"{name:44} " + ", ".join(f"{member} {value:g}" for member, value in row.items()))
    return rows


_PARTS: dict[str, Callable[[int, float, int], Rows]] = {
    "hot": _hot, "engine": _engine, "start": _start, "karyotypes": _karyotypes, "paint": _paint,
}  # fmt: skip


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(_PARTS)), help="These parts only; may be repeated.")
@click.option("--seconds", default=4.0, show_default=True, help="Length of one measurement.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--clients", default=8, show_default=True, help="Concurrent connections.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures as JSON.")
@click.option(
    "--page",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put the figures of --output into this page.",
)
@click.option("--baseline", "before", type=click.Path(path_type=Path, dir_okay=False), default=baseline.BASELINE,
              show_default="bench/baseline.json", help="Figures to compare with.")  # fmt: skip
@click.option("--check", is_flag=True, help="Exit status 1 where a ratio fell by a third, also when measured again.")
def main(
    only: tuple[str, ...],
    seconds: float,
    rounds: int,
    clients: int,
    output: Path | None,
    page: Path | None,
    before: Path,
    check: bool,
) -> None:
    """Requests a second, latency, CPU of first answers, start-up, memory and first paint, beside their floors."""
    known = baseline.read(before) if before.is_file() else {}
    rows: dict[str, Rows] = {part: _PARTS[part](rounds, seconds, clients) for part in only or _PARTS}
    if output:
        kept = baseline.read(output) if only and output.is_file() else {}  # of the parts that were not measured now
        made = {name: row for part in rows.values() for name, row in part.items()}
        output.write_text(baseline.written({**kept, **made}), encoding="utf-8")
    if output and page:
        write(page, baseline.read(output), baseline.about(output))
    for again in range(_CHECKS):
        worse = {part: found for part in rows if (found := baseline.fallen(rows[part], known))}
        for found in worse.values():
            for (name, member), (ours, theirs) in found.items():
                click.echo(f"FALLEN BY A THIRD: {name}: {member} {ours:g}, was {theirs:g}", err=True)
        if not check or not worse:
            return
        if again < _CHECKS - 1:
            click.echo("Measured again, since other work on the machine weighs more than most changes:", err=True)
            rows = {part: _PARTS[part](rounds, seconds, clients) for part in worse}
    sys.exit(1)


if __name__ == "__main__":
    main()
