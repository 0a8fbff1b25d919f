"""What the pages say, in English and German: gettext catalogs, dates, numbers, names of facts and of their values.

The texts of rules, sources and cards stay in the language in which clinicians reviewed them, and are marked as English.
`docs/languages.md` tells how a language is added.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_decimal_symbol
from werkzeug.http import parse_accept_header

from service.smart.values import VALUE, Values

SOURCE = "en"  # the language of the texts in templates and Python
LANGUAGES = (SOURCE, "de")
FACT = "fact"  # gettext context of the labels of facts and of their groups
TOPIC = "topic"  # of the titles of topics
FOLDER = Path(__file__).resolve().parent / "locale"
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T.*)?)?)?")
_DAY = {"en": "d MMM y", "de": "dd.MM.y"}
_QUOTES = {"en": ("“", "”"), "de": ("„", "“")}
_SMALL = 0.001  # below it four decimals would show nothing of a number


@cache
def _catalog(language: str) -> Mapping[tuple[str, str], str | tuple[str, ...]]:
    """Translations by context and English text; read when first asked for, once in a process."""
    found: dict[tuple[str, str], str | tuple[str, ...]] = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as stream:
            for message in read_po(stream, locale=language):
                if message.id and message.string and not message.fuzzy:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    said = message.string
                    if isinstance(said, str):
                        found[message.context or "", key] = said
                    elif all(said):
                        found[message.context or "", key] = tuple(said)
    return found


class Language:
    """One language of the pages."""

    def __init__(self, code: str):
        """``code``: one of `LANGUAGES`."""
        self.code = code
        self._locale = Locale.parse(code)
        self._values = Values(
            lambda context, english: self._found(english, context),
            get_decimal_symbol(self._locale),
            self.date,
            _QUOTES[code],
        )

    def _found(self, english: str, context: str = "") -> str | None:
        found = _catalog(self.code).get((context, english))
        return found if isinstance(found, str) else None

    def text(self, english: str, context: str = "") -> str:
        """A text of the pages; English where there is no translation."""
        found = self._found(english, context)
        return english if found is None else found

    def number_of(self, one: str, many: str, count: int) -> str:
        """A text that depends on a number."""
        found = _catalog(self.code).get(("", one))
        if isinstance(found, tuple):
            return found[0 if count == 1 else -1]
        return one if count == 1 else many

    def fact(self, label: str) -> str:
        """The name of a fact or of a group of them, from its English label; of a parameterised fact with its kind."""
        found = self._found(label, FACT)
        if found is not None:
            return found
        name, colon, kind = label.partition(": ")
        return f"{self.text(name, FACT)}{colon}{self.text(kind, VALUE)}" if colon else label

    def topic(self, title: str) -> str:
        """The title of a topic, as `service.book.pages.titled` says it; English where there is no translation of all of it."""
        found = self._topic(title)
        return title if found is None else found

    def topic_language(self, title: str) -> str:
        """The code of the language in which `topic` says a title."""
        return SOURCE if self._topic(title) is None else self.code

    def _topic(self, title: str) -> str | None:
        whole = self._found(title, TOPIC)
        name, colon, kind = title.partition(": ")
        if whole is not None or not colon:
            return whole
        above, own = self._found(name, TOPIC), self._found(kind, TOPIC) or self._found(kind, VALUE)
        return None if above is None or own is None else f"{above}: {own}"

    def value(self, said: str, fact: str = "") -> str:
        """A value of a fact, or why it is unknown, as `service.advice.words.Words` says it.

        Args:
            fact: name of the fact, for the words that mean something else there.
        """
        return self._values.say(said, fact)

    def date(self, when: str | date) -> str:
        """A date of ISO 8601 as precise as it is, in English ``3 Feb 2026``, ``Feb 2026``, ``2026``; what is none as it is."""
        if isinstance(when, date):
            return format_date(when, _DAY[self.code], self._locale)
        found = _DATE.fullmatch(when.strip())
        if found is None:
            return when
        try:
            day = date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        except ValueError:  # the 30th of February in a record
            return when
        form = _DAY[self.code] if found[3] else "MMM y" if found[2] else "y"
        return format_date(day, form, self._locale)

    def number(self, value: float) -> str:
        """A number with the signs of the language: four decimals, or three digits where it is very small (MRD)."""
        if not math.isfinite(value):
            return str(value)
        if abs(value) < _SMALL:
            return format_decimal(Decimal(f"{value:.3g}"), f"0.{'#' * 20}", self._locale)
        return format_decimal(value, "#,##0.####", self._locale)


def best_language(wanted: str | None, accepted: str | None) -> str:
    """The language that was asked for, else that of ours which the browser wants most, else English."""
    if wanted in LANGUAGES:
        return str(wanted)
    for tag, weight in sorted(parse_accept_header(accepted), key=lambda one: -one[1]):
        code = tag.partition("-")[0].lower()
        if weight > 0 and code in LANGUAGES:
            return code
    return SOURCE
