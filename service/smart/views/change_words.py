"""Differences of two answers under headings, in full and in short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from service.smart.views.difference import Change, Differs
from service.smart.words import Language


def headings(language: Language) -> Mapping[Change, str]:
    """What stands above the differences of each kind."""
    text = language.text
    return {
        Change.SPEAKS: text("Guideline that now answers"),
        Change.SILENT: text("Guideline that no longer answers"),
        Change.OFFERED: text("Now offered"),
        Change.RULED_OUT: text("Now ruled out"),
        Change.GONE: text("No longer offered"),
        Change.STRENGTH: text("Recommended otherwise"),
        Change.LABEL: text("Label"),
        Change.UNSETTLED: text("Offered with something unchecked"),
        Change.SETTLED: text("Now checked"),
        Change.WARNING: text("New warning"),
        Change.WARNING_GONE: text("Warning that goes"),
        Change.CAUTION: text("New caution"),
        Change.CAUTION_GONE: text("Caution that goes"),
        Change.TEST: text("Test now advised"),
        Change.TEST_GONE: text("Test no longer advised"),
        Change.MISSING: text("Newly missing"),
        Change.ANSWERED: text("No longer missing"),
        Change.CARE: text("New note"),
        Change.CARE_GONE: text("Note that goes"),
    }


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one kind under their heading."""

    kind: Change
    heading: str
    found: tuple[Differs, ...]


def grouped(found: Iterable[Differs], language: Language) -> tuple[Group, ...]:
    """Differences by kind."""
    by_kind: dict[Change, list[Differs]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(one)
    said = headings(language)
    return tuple(Group(kind, said[kind], tuple(rows)) for kind, rows in by_kind.items())


_SHORT = 3  # names told of one kind where space is short
_COUNTED = frozenset(
    {Change.CARE, Change.CARE_GONE, Change.CAUTION, Change.CAUTION_GONE}
)  # of which only the number is


def in_short(
    found: Iterable[Differs], language: Language, name: Callable[[Differs], str]
) -> tuple[tuple[str, str], ...]:
    """Each kind with the first names of it: ("Now offered", "dasatinib, ponatinib and 2 more").

    Args:
        name: what a difference is called, such as the label of a fact in another language.
    """
    lines = []
    for group in grouped(found, language):
        names = list(dict.fromkeys(name(one) for one in group.found))
        told = str(len(group.found)) if group.kind in _COUNTED else ", ".join(names[:_SHORT])
        if len(names) > _SHORT and group.kind not in _COUNTED:
            told += " " + language.text("and {number} more").format(number=len(names) - _SHORT)
        lines.append((group.heading, told))
    return tuple(lines)
