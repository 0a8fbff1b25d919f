"""The report as one page: no scripts, nothing from outside, readable on paper and by screen readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.store.report import FEWEST, Report, Tally

NO_REASON = "none given"


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule says, for readers of the report. ``source``: the document's name; ``at``: the page there; ``url``: the
    source's public address, if it has one; ``says``: the advice in a sentence, where it is more than the title."""

    title: str
    source: str
    at: str
    url: str | None = None
    says: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. ``of``: the greatest number of the table, that bars are drawn against."""

    name: str
    also: str
    tally: Tally
    of: int
    text: RuleText | None = None
    reasons: tuple[tuple[str, int], ...] = ()


def page(found: Report, texts: Mapping[str, RuleText], labels: Mapping[str, str], made: datetime) -> str:
    """The page as HTML.

    Args:
        texts: of rules, by id; a rule that is not there any more is shown by its id.
        labels: of override reasons, by ``system|code``.
        made: aware.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["bar"] = _share
    rules = list(_rows(found.rules, texts, labels))
    rules.sort(key=lambda row: (-row.tally.overridden, -row.tally.shown, row.name, row.also))
    reasons = found.total.reasons.most_common()
    return environment.get_template("report.html").render(
        found=found,
        total=found.total,
        rules=rules,
        places=list(_rows(found.places, {}, labels)),
        months=list(_rows({(name, ""): tally for name, tally in found.months.items()}, {}, labels)),
        reasons=[(_labelled(name, labels), number) for name, number in reasons],
        fewest=FEWEST,
        made=made.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        asked=list(_asked(found)),
    )


def _rows(
    tallies: Mapping[tuple[str, str], Tally], texts: Mapping[str, RuleText], labels: Mapping[str, str]
) -> Iterator[Row]:
    most = max((tally.shown for tally in tallies.values()), default=0)
    for (name, also), tally in tallies.items():
        reasons = tuple((_labelled(key, labels), number) for key, number in tally.reasons.most_common())
        yield Row(name, also, tally, most, texts.get(name), reasons)


def _labelled(reason: str, labels: Mapping[str, str]) -> str:
    return labels.get(reason, reason) or NO_REASON


def _share(part: int, whole: int) -> float:
    """The width of a part in percent of the whole; what is there at all can be seen."""
    return round(max(100 * part / whole, 0.8 if part else 0.0), 1) if whole else 0.0


def _asked(found: Report) -> Iterator[tuple[str, str]]:
    asked = found.asked
    first = _day(asked.since) if asked.since else "the first card that is kept"
    last = _day(asked.until - 1) if asked.until < 2**40 else "now"
    yield "Cards shown", f"from {first} to {last}"
    if asked.rule is not None:
        yield "Rule", asked.rule
    if asked.service is not None:
        yield "Service", asked.service


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
