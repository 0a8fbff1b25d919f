"""The comparison for readers: a summary by rule as Markdown, and the same as one page without anything from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.population.upgrade.model import Kind
from service.population.upgrade.tally import RuleTally, Tally

WHYS_SHOWN = 6  # reasons of one rule that are listed; the files have all
MEANS = {
    Kind.GAINED: "get advice they did not get",
    Kind.LOST: "lose advice",
    Kind.CHANGED: "get advice that reads otherwise or is of another strength",
    Kind.VERDICT: "are advised nothing by a rule either way, but something else stands in the way",
    Kind.CARD: "see a card that reads otherwise though its rules say the same",
}
_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def headline(tally: Tally) -> str:
    """The result in a sentence, for release notes and the terminal."""
    who = f"{tally.changed} of {patients(tally.compared)}"
    if not tally.changed:
        said = f"nothing changes for {patients(tally.compared)}"
    else:
        parts = [f"{n} with {kind}" for kind in Kind if (n := tally.kinds[kind])]
        said = f"{who} see something else ({', '.join(parts)})"
    aside = tally.set_aside.total()
    return f"{said}; {aside} set aside" if aside else said


def patients(number: int) -> str:
    return f"{number} patient{'' if number == 1 else 's'}"


def as_markdown(about: Mapping[str, object], tally: Tally, notes: tuple[str, ...] = ()) -> str:
    """The summary by rule. Nothing in it is of one patient alone."""
    return "\n".join(_lines(about, tally, notes)) + "\n"


def _lines(about: Mapping[str, object], tally: Tally, notes: tuple[str, ...]) -> Iterator[str]:
    yield from ("# What other content would change", "")
    yield from (f"- {name}: {said}" for name, said in _head(about))
    yield from ("", f"{headline(tally)[0].upper()}{headline(tally)[1:]}.", "", "| number | |", "|---:|---|")
    yield from (f"| {number} | {_cell(said)} |" for number, said in _counts(tally))
    if notes:
        yield from ("", "## In the content", "", *(f"- {note}" for note in notes))
    rules = list(tally.rules())
    if rules:
        heads = " | ".join(str(kind) for kind in Kind)
        yield from ("", "## By rule", "", f"| rule | source | patients | {heads} |", f"|---|---|{'---:|' * 6}")
        for one in rules:
            numbers = " | ".join(str(one.kinds[kind]) for kind in Kind)
            yield f"| {_cell(_name(one))} | {_cell(one.example.source)} | {one.patients} | {numbers} |"
        for one in rules:
            yield from ("", f"### {_name(one)}", "")
            if one.example.title:
                yield from (f"{one.example.title} ({one.example.topic}: {one.example.subject})", "")
            yield from (f"- {said}" for said in _whys(one))
    yield from ("", "Patients are listed in `changes.csv`; who could not be compared, in `set-aside.ndjson`.")


def as_html(about: Mapping[str, object], tally: Tally, notes: tuple[str, ...] = ()) -> str:
    """The same as a page."""
    rows = [(_name(one), one, list(_whys(one))) for one in tally.rules()]
    return _PAGE.get_template("report.html").render(
        head=list(_head(about)), said=headline(tally), counts=list(_counts(tally)), notes=notes, rows=rows,
        kinds=list(Kind),
    )  # fmt: skip


def _head(about: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name in ("old", "new"):
        side = about[name]
        assert isinstance(side, Mapping)
        yield name, f"{side['given']}: content {side['version']}, digest {side['digest']}"
    yield "day", str(about["as_of"])


def _counts(tally: Tally) -> Iterator[tuple[int, str]]:
    yield tally.compared, "compared"
    yield tally.unchanged, "unchanged in every respect"
    yield from ((tally.kinds[kind], f"{kind}: {MEANS[kind]}") for kind in Kind)
    yield tally.without_advice, "of all compared: no ALL, or dead, so that there is no advice by either content"
    yield from ((number, f"set aside: {reason}") for reason, number in tally.set_aside.most_common())
    yield from ((number, f"lines not used: {reason}") for reason, number in tally.lines.most_common())


def _name(one: RuleTally) -> str:
    return one.example.rule or f"card: {one.example.subject}"


def _whys(one: RuleTally) -> Iterator[str]:
    shown = one.whys.most_common(WHYS_SHOWN)
    yield from (f"{kind}, {patients(number)}: {why}" for (kind, why), number in shown)
    if len(one.whys) > len(shown):
        yield f"{len(one.whys) - len(shown)} further reasons"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
