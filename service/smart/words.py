"""What the pages say, in English and German: gettext catalogs, dates, numbers, names of facts and of their values.

The texts of rules, sources and cards stay in the language in which clinicians reviewed them, and are marked as English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("en", "de")
_FOLDER = Path(__file__).resolve().parent / "locale"
_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


@cache
def _catalog(language: str) -> Mapping[tuple[str, str], str | tuple[str, ...]]:
    """Translations by context and English text."""
    found: dict[tuple[str, str], str | tuple[str, ...]] = {}
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as stream:
            for message in read_po(stream, locale=language):
                if message.id and message.string and not message.fuzzy:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    said = message.string
                    found[message.context or "", key] = said if isinstance(said, str) else tuple(said)
    return found


class Language:
    """One language of the pages."""

    def __init__(self, code: str):
        """``code``: one of `LANGUAGES`."""
        self.code = code
        self._locale = Locale.parse(code)

    def text(self, english: str, context: str = "") -> str:
        """A text of the pages; English where there is no translation."""
        found = _catalog(self.code).get((context, english))
        return found if isinstance(found, str) else english

    def number_of(self, one: str, many: str, count: int) -> str:
        """A text that depends on a number."""
        found = _catalog(self.code).get(("", one))
        if isinstance(found, tuple):
            return found[0 if count == 1 else -1]
        return one if count == 1 else many

    def fact(self, label: str) -> str:
        """The name of a fact, from its English label."""
        return self.text(label, "fact")

    def value(self, said: str) -> str:
        """A value of a fact as `service.advice.words.Words` says it."""
        return self.text(said, "value")

    def date(self, when: str | date) -> str:
        """A date of ISO 8601 as precise as it is: ``3 Feb 2026``, ``Feb 2026``, ``2026``."""
        if isinstance(when, date):
            return format_date(when, "d MMM y", self._locale)
        found = _PARTIAL.match(when)
        if found is None:
            return when
        day = date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        form = "d MMM y" if found[3] else "MMM y" if found[2] else "y"
        return format_date(day, form, self._locale)

    def number(self, value: float) -> str:
        """A number with the decimal sign of the language."""
        return format_decimal(value, "#,##0.####", self._locale)


def best_language(wanted: str | None, accepted: str | None) -> str:
    """The language that was asked for, else the first of the browser's that there is, else English."""
    if wanted in LANGUAGES:
        return str(wanted)
    for part in (accepted or "").split(","):
        code = part.partition(";")[0].strip().partition("-")[0].lower()
        if code in LANGUAGES:
            return code
    return "en"
