"""The picture of a pathway: the book's drawing of a flow, with one patient's way in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from service.advice.explain import shortened
from service.book.svg import Box, Line, picture, wrapped
from service.smart.views.reading import Gap, Mark, Said, State
from service.smart.views.said import Seen
from service.smart.views.way import Branch, End, Place
from service.smart.words import SOURCE, Language

_WIDE = 36  # characters of a line; bold ones take more room than those of the book
_VALUE = 70  # characters of a value that are shown; the list beside the picture has all
_FEW = 2  # branches that do not fit and are shown one by one
_SIGN = {State.HOLDS: "✓", State.FAILS: "✗", State.UNKNOWN: "?", State.UNCHECKED: "○"}
MARKS = {  # what a verdict is called
    Mark.APPLIES: "applies",
    Mark.UNCHECKED: "applies; not all was checked",
    Mark.CANNOT_TELL: "cannot tell",
    Mark.OF_ORDER: "asked when a drug is ordered",
    Mark.EXCLUDED: "excluded",
    Mark.NO: "does not apply",
    Mark.UNUSED: "not in use",
}
_MARK_SIGN = {Mark.APPLIES: "✓", Mark.UNCHECKED: "✓", Mark.CANNOT_TELL: "?", Mark.OF_ORDER: "?", Mark.EXCLUDED: "✗",
              Mark.NO: "✗", Mark.UNUSED: "✗"}  # fmt: skip


def drawn(root: Branch, title: str, language: Language, everything: str = "", source: str = "") -> Markup:
    """The picture.

    Args:
        title: title of the topic, in English.
        everything: address of the page with all branches; empty where they are to be drawn.
        source: what the source is called for short; a name, the same in every language.
    """
    said = language.topic(title) + (f" ({source})" if source else "")
    own = language.topic_language(title)
    own = "" if own == language.code else own
    box = _Drawing(language, everything).box(root, wrapped(said, "title", _WIDE, own))
    return picture(box, said, level=True, beside=True, language=own)


class _Drawing:
    def __init__(self, language: Language, everything: str):
        self._language = language
        self._everything = everything
        self._english = "" if language.code == SOURCE else SOURCE  # of what content says

    def box(self, branch: Branch, title: Sequence[Line] = ()) -> Box:
        lines = list(title)
        folded = bool(self._everything) and branch.place is Place.OFF and not title
        for said in (one for one in branch.conditions if one.bars or not folded):
            lines += wrapped(f"unless {said.text}" if said.unless else said.text, "what", _WIDE, self._english)
            lines += wrapped(self._answer(said), "answer", _WIDE)
        if not branch.conditions:
            lines += wrapped(self._language.text("every patient"), "what", _WIDE)
        asks = branch.place is Place.STOP and any(not said.of_order for said in branch.conditions if said.missing)
        made = Box(lines, link="missing" if asks else None, kind=branch.place.name.lower())
        if folded:
            made.lines = [*lines, *wrapped(self._rules(branch.rules), "answer", _WIDE)]
            return made
        made.children = list(self._children(branch))
        return made

    def _children(self, branch: Branch) -> Iterator[Box]:
        yield from (self._end(end, branch.place) for end in branch.ends)
        yield from (self.box(inner) for inner in branch.on)
        if self._everything and len(branch.off) > _FEW:
            yield self._folded(branch)
        else:
            yield from (self.box(inner) for inner in branch.off)

    def _folded(self, branch: Branch) -> Box:
        number = len(branch.off)
        said = self._language.number_of("%(num)d branch that does not fit", "%(num)d branches that do not fit", number)
        lines = wrapped(said % {"num": number}, "what", _WIDE)
        lines += wrapped(self._rules(sum(inner.rules for inner in branch.off)), "answer", _WIDE)
        lines.append(Line(self._language.text("show them"), "answer link"))
        return Box(lines, link=self._everything, kind="off fold")

    def _end(self, end: End, place: Place) -> Box:
        lines = wrapped(end.rule.title, "title", _WIDE, self._english)
        lines += wrapped(end.strength, "answer", _WIDE, self._english)
        lines += wrapped(self._verdict(end), "verdict", _WIDE)
        at = {Mark.APPLIES: Place.WAY, Mark.UNCHECKED: Place.WAY, Mark.EXCLUDED: Place.OFF, Mark.NO: Place.OFF}.get(
            end.mark, Place.STOP if place is Place.WAY else Place.OPEN
        )
        return Box(lines, link=f"rule/{end.rule.id}", kind=f"rule {at.name.lower()} act-{end.rule.advise.act}")

    def _verdict(self, end: End) -> str:
        said = f"{_MARK_SIGN[end.mark]} {self._language.text(MARKS[end.mark])}"
        if end.mark is Mark.EXCLUDED and end.against:
            return f"{said}: {self._read(end.against, named=True)}"
        if end.mark is Mark.CANNOT_TELL:
            return f"{said}; {self._language.text('missing')}: {self._labels(end.missing)}"
        return f"{said}: {self._labels(end.unchecked)}" if end.unchecked else said

    def _answer(self, said: Said) -> str:
        sign = _SIGN[said.state]
        if said.unless and said.state in (State.HOLDS, State.FAILS):
            sign = _SIGN[State.FAILS if said.state is State.HOLDS else State.HOLDS]
        if said.state is State.UNKNOWN:
            if said.of_order:
                return f"{sign} {self._language.text('asked when a drug is ordered')}"
            return f"{sign} {self._language.text('missing')}: {self._labels(said.missing)}"
        if said.state is State.UNCHECKED:
            return f"{sign} {self._language.text('not checked, goes on')}: {self._labels(said.missing)}"
        return f"{sign} {self._language.text(words(said))}: {self._read(said.seen, said.group)}"

    def _read(self, seen: tuple[Seen, ...], named: bool) -> str:
        if len(seen) == 1 and not named:
            return shortened(self._language.value(seen[0].value), _VALUE)
        return "; ".join(
            f"{self._language.fact(one.label)}: {shortened(self._language.value(one.value), _VALUE)}" for one in seen
        )

    def _labels(self, gaps: tuple[Gap, ...]) -> str:
        return ", ".join(self._language.fact(gap.label) for gap in gaps)

    def _rules(self, number: int) -> str:
        return self._language.number_of("%(num)d rule", "%(num)d rules", number) % {"num": number}


def words(said: Said) -> str:
    """How a known line stands, in English."""
    if said.unless:
        return "stands against" if said.state is State.HOLDS else "does not stand against"
    return "holds" if said.state is State.HOLDS else "does not hold"
