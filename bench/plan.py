"""``python -m bench.plan``: what a number of calls needs, by arithmetic from measured figures.

The figures are those of ``make bench --output FILE`` (requests a second of one worker); everything else is an option
whose default is an assumption, and is printed with the result.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import click

ALL, OTHER = "patient with ALL, every chart new", "patient without ALL, every chart new"  # names of figures; remembered
# answers are left out, so that the plan holds where no chart is opened twice
CONNECTIONS = 10  # of a worker at most: 4 threads with the store, 4 with the rate limit, traces, /ready
LIVE_S = 360  # that a used token id is kept: 5 minutes of a token and a minute more
REDIS_ID, POSTGRES_ID = 150, 400  # bytes of a used id, as bench.shared and bench.scale found (146, 355), rounded up
DAY_S = 86_400


class NoFigures(ValueError):
    """Figures that nothing can be planned from; says what is missing."""


@dataclass(frozen=True)
class Figures:
    """Requests a second that one worker answers, for a patient with ALL and for another."""

    with_all: float
    without_all: float

    @classmethod
    def read(cls, text: str) -> Figures:
        """From the JSON of ``make bench``. Raises NoFigures."""
        try:
            told = json.loads(text)
        except ValueError:
            raise NoFigures("the figures are no JSON") from None
        told = told.get("figures") if isinstance(told, dict) else None
        found = [_rate(told, name) for name in (ALL, OTHER)]
        return cls(*found)


def _rate(told: object, name: str) -> float:
    rows = told.items() if isinstance(told, dict) else ()
    rates = [row.get("requests_per_second") for key, row in rows if key.startswith(name) and isinstance(row, dict)]
    if not rates or not isinstance(rates[0], (int, float)) or rates[0] <= 0:
        raise NoFigures(f"the figures have no requests_per_second of a {name!r}")
    return float(rates[0])


@dataclass(frozen=True)
class Country:
    """Assumptions about a country. ``contacts``: of an inhabitant with physicians in a year; ``opens``, ``orders``: chart
    opens, and calls while ordering, of one contact; ``days``, ``hours``: in which they happen; ``peak``: the busiest
    minute, as a multiple of their mean."""

    inhabitants: float = 83e6
    contacts: float = 10
    opens: float = 3
    orders: float = 2
    days: float = 250
    hours: float = 8
    peak: float = 3

    @property
    def calls_a_year(self) -> float:
        return self.inhabitants * self.contacts * (self.opens + self.orders)

    @property
    def calls_at_peak(self) -> float:
        """A second."""
        return self.calls_a_year / (self.days * self.hours * 3600) * self.peak


@dataclass(frozen=True)
class Load:
    """What is to be planned for. ``share``: of calls that are about a patient with ALL; ``cards``: of such a call;
    ``answered``: share of cards that feedback comes for; ``busy``: share of a worker's time that may be used at peak;
    ``workers``: of an instance; ``zones``: of which one may fail; ``megabytes``: of a worker; ``request``, ``answer``:
    bytes; ``trace``, ``feedback``: bytes of a row with its indexes; ``kept``: days of traces."""

    calls_at_peak: float
    calls_a_year: float
    share: float = 0.001
    cards: float = 4
    answered: float = 0.2
    busy: float = 0.5
    workers: int = 4
    zones: int = 3
    megabytes: float = 150
    request: float = 100_000
    answer: float = 5_000
    trace: float = 5_000
    feedback: float = 1_000
    kept: float = 365


@dataclass(frozen=True)
class Line:
    """One result, and how it was come by."""

    what: str
    value: float
    unit: str
    how: str


def plan(load: Load, figures: Figures) -> list[Line]:
    """What the load needs."""
    seconds = load.share / figures.with_all + (1 - load.share) / figures.without_all
    needed = math.ceil(load.calls_at_peak * seconds / load.busy)
    one_less = max(1, load.zones - 1)
    instances = load.zones * max(1, math.ceil(math.ceil(needed / load.workers) / one_less))
    workers = instances * load.workers
    shown = load.calls_a_year * load.share * load.cards
    ids = load.calls_at_peak * LIVE_S
    return [
        Line("calls at peak", load.calls_at_peak, "a second", "calls a year / (days * hours * 3600) * peak"),
        Line("time of a call", seconds * 1000, "ms of a core", "share / rate with ALL + (1 - share) / rate without"),
        Line("workers at peak", needed, "cores", f"calls * time / {load.busy:g} busy"),
        Line("instances", instances, f"of {load.workers} workers", f"{load.zones} zones, enough when one has failed"),
        Line("memory", workers * load.megabytes / 1000, "GB", f"workers * {load.megabytes:g} MB"),
        Line("connections", workers * CONNECTIONS, "at most", f"workers * {CONNECTIONS}; with most idle"),
        Line("writes of token ids", load.calls_at_peak, "a second", "one a call, in Redis or PostgreSQL"),
        Line("token ids in Redis", ids * REDIS_ID / 1e6, "MB", f"calls * {LIVE_S} s * {REDIS_ID} bytes"),
        Line("token ids in PostgreSQL", load.calls_at_peak * (LIVE_S + 600) * POSTGRES_ID / 1e6, "MB",
             f"calls * ({LIVE_S} + 600 s until tidied) * {POSTGRES_ID} bytes"),
        Line("traces", shown * load.kept / 365 * load.trace / 1e9, "GB",
             f"calls a year * share * {load.cards:g} cards * {load.trace:g} bytes, for {load.kept:g} days"),
        Line("traces at peak", load.calls_at_peak * load.share * load.cards, "rows a second", "calls * share * cards"),
        Line("feedback", shown * load.answered * load.feedback / 1e9, "GB a year", f"cards * {load.answered:g} answered * {load.feedback:g} bytes"),
        Line("network", load.calls_at_peak * (load.request + load.answer) * 8 / 1e6, "Mbit/s", "calls * bytes * 8"),
    ]  # fmt: skip


@click.command()
@click.option("--figures", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="JSON of `make bench`; bench/baseline.json if there is one.")  # fmt: skip
@click.option(
    "--with-all", type=click.FloatRange(0, min_open=True), help="Requests a second of a worker, in its place."
)
@click.option("--without-all", type=click.FloatRange(0, min_open=True), help="The same, for a patient without ALL.")
@click.option("--calls-per-second", type=click.FloatRange(0, min_open=True), help="At peak; else those of a country.")
@click.option("--inhabitants", default=Country.inhabitants, show_default=True, type=click.FloatRange(1))
@click.option("--share", default=Load.share, show_default=True, type=click.FloatRange(0, 1), help="Of calls about ALL.")
@click.option("--busy", default=Load.busy, show_default=True, type=click.FloatRange(0, 1, min_open=True))
@click.option("--workers", default=Load.workers, show_default=True, type=click.IntRange(1), help="Of an instance.")
@click.option("--zones", default=Load.zones, show_default=True, type=click.IntRange(1))
@click.option("--megabytes", default=Load.megabytes, show_default=True, type=click.FloatRange(1), help="Of a worker.")
@click.option("--request-bytes", default=Load.request, show_default=True, type=click.FloatRange(1))
def main(
    file: Path | None, with_all: float | None, without_all: float | None, calls_per_second: float | None,
    inhabitants: float, share: float, busy: float, workers: int, zones: int, megabytes: float, request_bytes: float,
) -> None:  # fmt: skip
    """Instances, workers, memory, database, Redis and network for a load."""
    country = Country(inhabitants=inhabitants)
    peak = calls_per_second or country.calls_at_peak
    a_year = country.calls_a_year * peak / country.calls_at_peak
    try:
        figures, source = _figures(file, with_all, without_all)
    except NoFigures as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Figures of {source}: a worker answers {figures.with_all:g} calls a second about a patient with ALL, "
               f"{figures.without_all:g} about another.")  # fmt: skip
    click.echo(f"{a_year:.3g} calls a year\n\n| | | | how |\n|---|---|---|---|")
    load = Load(
        peak, a_year, share, busy=busy, workers=workers, zones=zones, megabytes=megabytes, request=request_bytes
    )
    for line in plan(load, figures):
        click.echo(f"| {line.what} | {_shown(line.value)} | {line.unit} | {line.how} |")


def _figures(file: Path | None, with_all: float | None, without_all: float | None) -> tuple[Figures, str]:
    if with_all and without_all:
        return Figures(with_all, without_all), "the command line"
    if with_all or without_all:
        raise NoFigures("--with-all and --without-all belong together")
    found = file or Path(__file__).with_name("baseline.json")
    if not found.is_file():
        raise NoFigures(f"no figures: run `make bench`, or name a file (--figures), or --with-all and --without-all ({found.name} is not there)")  # fmt: skip
    return Figures.read(found.read_text(encoding="utf-8")), found.name


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


if __name__ == "__main__":
    main()
