"""Relapses and remissions that a text dates: "ED 03/2021, 1. Rezidiv 05/2023, CR2 seit 08/2023"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from service.facts.course.text import LONGEST, RELAPSE, REMISSION, without_molecular, without_ordinal
from service.record.dates import parse_when
from service.record.model import When
from service.record.text import Mention, mention_of

_MONTHS = (
    ("jan", "jän"), ("feb",), ("mar", "mär", "mae"), ("apr",), ("may", "mai"), ("jun",), ("jul",), ("aug",), ("sep",),
    ("oct", "okt"), ("nov",), ("dec", "dez"),
)  # fmt: skip
_MONTH_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_MONTH_NAME = rf"(?:{'|'.join(_MONTH_NUMBER)})[a-zä]{{0,7}}\.?"
_DATE = (
    r"(?<![\d./-])(?:(?:19|20)\d{2}-\d{2}(?:-\d{2})?|\d{1,2}\.\s?\d{1,2}\.\s?(?:19|20)\d{2}|\d{1,2}/\d{1,2}/(?:19|20)\d{2}"
    rf"|\d{{1,2}}[./](?:19|20)\d{{2}}|(?:\d{{1,2}}\.?\s+)?{_MONTH_NAME}\s+(?:\d{{1,2}},?\s+)?(?:19|20)\d{{2}}"
    r"|(?:19|20)\d{2})(?![\d/-])"
)
# Events whose dates are not those of a relapse or remission beside them.
_OTHER = (
    r"\b(?:ED|EM|dx|erstdiagnos\w*|\w*diagnos\w*|\w*(?:HCT|HSCT|SCT|SZT|BMT|KMT)|\w*transpl\w*|CAR|\w*blin\w*|\w*inotuz\w*"
    r"|\w*chemo\w*|\w*therap\w*|treatment|\w*induc\w*|\w*induk\w*|conso\w*|konso\w*|mainten\w*|erhalt\w*|MRD|proto[ck]ol\w*"
    r"|trial|study|studie\w*|born|geb)\b"
)
_ITEM = re.compile(
    rf"(?P<relapsed>{RELAPSE.pattern})|(?P<remission>{REMISSION.pattern})|(?P<other>{_OTHER})|(?P<date>{_DATE})",
    re.IGNORECASE,
)
_STATES = {"relapsed": "relapsed", "remission": "in-remission"}
_WORD = r"\b[^\W\d]+\b\.?"
_BEHIND = re.compile(rf"[\s,:]{{0,2}}(?:\([^()\d]{{0,30}}\)|[\s:~(=/+#-]|\b[1-5]\b|{_WORD}){{0,9}}")
_BEFORE = re.compile(rf"[\s:(–-]{{0,3}}(?:{_WORD}\s){{0,2}}")
_MOST, _NEAR = 60, 80  # events of a text, and characters around one that say how it is meant
_PART = re.compile(r"[,;\n]|(?<=\w{3})\.\s")


@dataclass(frozen=True, slots=True)
class DatedWords:
    """A relapse or a remission ("relapsed", "in-remission") as a text tells of it, with the date beside it."""

    state: str
    when: When | None
    found: str


def dated_words(text: str) -> tuple[DatedWords, ...]:
    """Relapses and remissions that a text plainly states, in its order, each with the date that stands beside it.

    Dates stand behind what they date ("Rezidiv 05/2023, CR2 08/2023") or before it ("2021 relapse, 2022 CR2"): which
    it is shows in how the text begins and ends. Past events count: they come with their date.

    >>> [(w.state, w.when.text) for w in dated_words("ED 03/2021, 1. Rezidiv 05/2023, CR2 seit 08/2023")]
    [('relapsed', '2023-05'), ('in-remission', '2023-08')]
    """
    text = without_ordinal(without_molecular(text[:LONGEST]))
    if not RELAPSE.search(text) and not REMISSION.search(text):
        return ()
    items = list(islice(_ITEM.finditer(text), _MOST))
    date_first = items[0].lastgroup == "date" and items[-1].lastgroup != "date"
    return tuple(_dated(text, items, date_first))


_DIAGNOSED = re.compile(
    rf"\b(?:ED|EM|erstdiagnose|erstmanifestation|initial diagnosis|first diagnosed|diagnosed|diagnosis|dx)\b[\s:.]*(?:in |on |am |im |vom )?\(?({_DATE})",
    re.IGNORECASE,
)


def diagnosed_in(text: str) -> When | None:
    """The date of diagnosis that a text gives.

    >>> diagnosed_in("c-ALL, ED 03/2021, 1. Rezidiv 05/2023").text
    '2021-03'
    """
    found = _DIAGNOSED.search(text)
    return date_in_text(found[1]) if found else None


def _dated(text: str, items: list[re.Match[str]], date_first: bool) -> Iterator[DatedWords]:
    for at, item in enumerate(items):
        state = _STATES.get(item.lastgroup or "")
        if state is None or not _plain(text, item):
            continue
        near = items[at - 1] if date_first and at else items[at + 1] if not date_first and at + 1 < len(items) else None
        when = None
        if near is not None and near.lastgroup == "date":
            behind = near.start() > item.start()
            between = text[item.end() : near.start()] if behind else text[near.end() : item.start()]
            when = date_in_text(near.group()) if (_BEHIND if behind else _BEFORE).fullmatch(between) else None
        yield DatedWords(state, when, " ".join(text[item.start() : item.end() + 25].split()))


def _plain(text: str, item: re.Match[str]) -> bool:
    """Whether one mention is stated, by the words in its own part of the text."""
    start = max((mark.end() for mark in _PART.finditer(text, 0, item.start())), default=0)
    end = next((mark.start() for mark in _PART.finditer(text, item.end())), len(text))
    start, end = max(start, item.start() - _NEAR), min(end, item.end() + _NEAR)
    mention = mention_of(text[start:end], re.compile(re.escape(item.group())))
    return mention in (Mention.PRESENT, Mention.HISTORY)


def date_in_text(text: str) -> When | None:
    """A date as people write it, as the days it may mean. Where day and month may be either, it is of that year.

    >>> date_in_text("05/2023").text, date_in_text("12. Mai 2023").text, date_in_text("3/25/2023").text
    ('2023-05', '2023-05-12', '2023-03-25')
    >>> date_in_text("03/05/2023").text
    '2023'
    """
    text = text.strip()
    found = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text)
    if found:
        return parse_when(text)
    if found := re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", text):
        return _made(found[3], found[2], found[1])
    if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
        one, other = int(found[1]), int(found[2])
        if one > 12 or one == other:
            return _made(found[3], found[2], found[1])
        return _made(found[3], found[1], found[2]) if other > 12 else parse_when(found[3])
    if found := re.fullmatch(r"(\d{1,2})[./](\d{4})", text):
        return _made(found[2], found[1])
    found = re.fullmatch(r"(?:(\d{1,2})\.?\s+)?([^\W\d]+)\.?\s+(?:(\d{1,2}),?\s+)?(\d{4})", text)
    month = _MONTH_NUMBER.get(found[2][:3].lower()) if found else None
    return _made(found[4], str(month), found[1] or found[3]) if found and month else None


def _made(year: str, month: str, day: str | None = None) -> When | None:
    return parse_when(f"{year}-{int(month):02}" + (f"-{int(day):02}" if day else ""))
