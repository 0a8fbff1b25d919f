"""What a later edition says otherwise than an earlier one, difference by difference, as words and not as judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from service.advice.words import PREFERENCE
from service.rules.rule import Rule, Source
from service.rules.verdict import Verdict
from service.smart.views.edition_rows import Line, Section, Silence

SEPARATOR = " / "  # between what several rules of one edition print


@dataclass(frozen=True, slots=True)
class Altered:
    """``what``: ``act``, ``category`` or ``preference``; ``before`` and ``after`` as printed, empty where nothing is."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``kind``: ``added``, ``dropped``, ``altered``, ``begins`` (the later one takes up a topic) or ``ends``
    (it says nothing on a topic). ``names``: the subjects; ``line``: of one of them. ``silence``: why the other is silent;
    ``open``: whether it cannot be told if it is.
    """

    kind: str
    topic: str
    names: tuple[str, ...]
    offer: bool
    line: Line | None = None
    silence: Silence | None = None
    altered: tuple[Altered, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """From one edition to the next of those compared. ``same``: subjects of which both say the same."""

    earlier: Source
    later: Source
    changes: tuple[Change, ...]
    same: int

    @property
    def offers(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.offer)

    @property
    def others(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if not change.offer)


def steps(sources: tuple[Source, ...], sections: tuple[Section, ...]) -> tuple[Step, ...]:
    """The differences from each source to the next."""
    found = []
    for index in range(len(sources) - 1):
        changes = [change for section in sections for change in _changes(section, index, index + 1)]
        both = [
            line for section in sections for line in section.lines if _speaks(line, index) and _speaks(line, index + 1)
        ]
        same = sum(not _altered(line, index, index + 1) for line in both)
        found.append(Step(sources[index], sources[index + 1], tuple(changes), same))
    return tuple(found)


def _changes(section: Section, one: int, two: int) -> Iterator[Change]:
    """A topic on which one of the two says nothing at all is one difference."""
    for offer in (True, False):
        lines = [line for line in section.lines if line.offer is offer and (_speaks(line, one) or _speaks(line, two))]
        for kind, silent in (("begins", one), ("ends", two)):
            if lines and silent in section.blank:
                yield Change(kind, section.title, tuple(dict.fromkeys(line.subject for line in lines)), offer)
                break
        else:
            yield from _each(section.title, lines, one, two)


def _each(title: str, lines: Iterable[Line], one: int, two: int) -> Iterator[Change]:
    for line in lines:
        first, second = line.cells[one], line.cells[two]
        if first.says and second.says:
            altered = tuple(_altered(line, one, two))
            if altered:
                yield Change("altered", title, (line.subject,), line.offer, line, None, altered)
        else:
            kind, silent = ("added", first) if second.says else ("dropped", second)
            reason = silent.silent[0] if silent.silent else None
            yield Change(kind, title, (line.subject,), line.offer, line, reason, open=silent.open)


def _altered(line: Line, one: int, two: int) -> list[Altered]:
    first, second = line.item.sides[one], line.item.sides[two]
    return [
        Altered(what, _printed(what, first), _printed(what, second))
        for what in line.item.changes(one, two)
        if what != "page"
    ]


def _printed(what: str, said: tuple[Verdict, ...]) -> str:
    of: dict[str, Callable[[Rule], str | None]] = {
        "act": lambda rule: rule.advise.act,
        "category": lambda rule: rule.source.category,
        "preference": lambda rule: PREFERENCE.get(rule.source.preference or ""),
    }
    found = dict.fromkeys(of[what](verdict.rule) for verdict in said)
    return SEPARATOR.join(value for value in found if value)


def _speaks(line: Line, index: int) -> bool:
    return bool(line.cells[index].says)
