"""The report of past decisions as one page: no scripts, nothing from outside, readable on paper and by screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.population.past.decisions import KINDS
from service.population.past.judging import Judge
from service.population.past.plots import groups
from service.population.past.reasons import Reason
from service.population.past.rows import LISTED, NOT_LISTED, SAME
from service.population.past.summary import AGES, Changes, Interval, Summary, Tally
from service.population.past.verdicts import Concordance
from service.rules.rule import Source

REASONS_SHOWN, MISSING_SHOWN, CHANGES_SHOWN = 40, 20, 12
_VERDICTS = tuple(Concordance)


@dataclass(frozen=True, slots=True)
class Section:
    """One way of grouping the decisions: a plot with its table. ``about``: what a reader must know of it."""

    key: str
    title: str
    first: str
    about: str
    rows: tuple[tuple[str, Tally], ...]
    plot: str


@dataclass(frozen=True, slots=True)
class Told:
    """A reason with its source in words. ``url``: the source's public address."""

    reason: Reason
    source: str
    url: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Later:
    """One later edition: how many decisions it would list, not list, judge alike or not judge, and what most of all.

    ``turned``: of those it would list, the ones that were discordant on their day; of the others it could not be told then,
    or no edition judged them.
    """

    source: Source
    asked: int
    listed: int
    turned: int
    not_listed: int
    same: int
    cannot_tell: int
    silent: int
    examples: tuple[tuple[str, str, int], ...]  # (change, what was chosen, decisions)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the report is of. ``inputs``: names of files or folders; ``until``: decisions after this day are not looked at."""

    inputs: tuple[str, ...]
    until: date
    made: date
    region: str


def page(found: Summary, judge: Judge, asked: Asked) -> str:
    """The page as HTML.

    Raises:
        service.population.past.plots.NoPlots: matplotlib is not installed.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(percent=_percent, span=_span)
    sources = judge.content.sources
    return environment.get_template("report.html").render(
        asked=asked,
        content=judge.content.digest,
        found=found,
        verdicts=_VERDICTS,
        sections=_sections(found, sources),
        named=[(sources[name], tally) for name, tally in found.named.items()],
        reasons=_reasons(found, sources),
        more_reasons=max(0, len(found.reasons) - REASONS_SHOWN),
        missing=found.missing.most_common(MISSING_SHOWN),
        grounds=found.grounds.most_common(),
        later=[_later(source, found.later[source.id]) for source in judge.editions if source.id in found.later],
        editions=judge.editions,
        first=judge.first_edition,
    )


def _sections(found: Summary, sources: Mapping[str, Source]) -> list[Section]:
    by_source = [(sources[name].short_label, tally) for name, tally in _by_date(found.sources, sources)]
    ages = [(name, found.ages[name]) for name in AGES if name in found.ages]
    kinds = [(kind, found.kinds[kind]) for kind in KINDS if kind in found.kinds]
    made = (
        ("years", "By year of the decision", "Year", "By the day on which treatment was begun.", sorted(found.years.items())),
        ("sources", "By source", "Source",
         "The source of the rule that lists the choice or comes closest to it. Decisions that no source could judge have none.",
         by_source),
        ("lines", "By line of therapy", "Line", "1 is treatment before the first relapse on record; each relapse opens the next.",
         sorted(found.lines.items())),
        ("kinds", "By kind of decision", "Kind", "", kinds),
        ("ages", "By age of the edition", "Age of the edition",
         "How long the edition that answered had been in force. The content holds some editions of a guideline and not those "
         "between them: what an old edition does not list, an edition that is not held may have listed by then.", ages),
    )  # fmt: skip
    return [
        Section(key, title, first, about, tuple(rows), groups(key, rows, _described(title, rows)) if rows else "")
        for key, title, first, about, rows in made
    ]


def _by_date(tallies: Mapping[str, Tally], sources: Mapping[str, Source]) -> list[tuple[str, Tally]]:
    return sorted(tallies.items(), key=lambda row: (sources[row[0]].in_force_from, row[0]))


def _described(title: str, rows: Sequence[tuple[str, Tally]]) -> str:
    """A plot in words; the figures are in the table beside it."""
    said = (
        f"{name}: {tally.verdicts[Concordance.CONCORDANT]} of {tally.judged} judged concordant, {tally.total} decisions"
        for name, tally in rows
    )
    return f"{title}. {'; '.join(said)}."


def _reasons(found: Summary, sources: Mapping[str, Source]) -> list[Told]:
    ranked = sorted(found.reasons.items(), key=lambda row: (-row[1], row[0]))
    made = []
    for reason, count in ranked[:REASONS_SHOWN]:
        source = sources.get(reason.source)
        address = source.url if source is not None and (source.url or "").startswith("https://") else None
        made.append(Told(reason, source.short_label if source is not None else "", address, count))
    return made


def _later(source: Source, changes: Changes) -> Later:
    by_change = {LISTED: 0, NOT_LISTED: 0, SAME: 0}
    other = {str(Concordance.CANNOT_TELL): 0, str(Concordance.NOT_JUDGED): 0}
    for (before, after), count in changes.said.items():
        if before == after:
            by_change[SAME] += count
        elif after in other:
            other[after] += count
        else:
            by_change[LISTED if after == str(Concordance.CONCORDANT) else NOT_LISTED] += count
    ranked = sorted(changes.of.items(), key=lambda row: (-row[1], row[0]))
    examples = [(what, chosen, count) for (what, chosen), count in ranked if what in (LISTED, NOT_LISTED)]
    turned = changes.said[(str(Concordance.DISCORDANT), str(Concordance.CONCORDANT))]
    return Later(
        source, changes.said.total(), by_change[LISTED], turned, by_change[NOT_LISTED], by_change[SAME],
        other[str(Concordance.CANNOT_TELL)], other[str(Concordance.NOT_JUDGED)], tuple(examples[:CHANGES_SHOWN]),
    )  # fmt: skip


def _percent(found: Interval | None) -> str:
    return "–" if found is None else f"{100 * found.share:.0f} %"


def _span(found: Interval | None) -> str:
    return "–" if found is None else f"{100 * found.low:.0f} to {100 * found.high:.0f} %"
