"""Values of facts as `service.advice.words.Words` says them, in another language, part by part.

What came from a record in its own words (a karyotype, a quotation) stays as it is; so does what the language has no word for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_BOUND = r"(?:<=|>=|<|>|≤|≥|±|~)"
_QUANTITY = re.compile(rf"({_BOUND}? ?{_NUMBER})(?: (to) ({_BOUND}?{_NUMBER}))?(?:( ?)(\S.*))?")
_ISO_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d(?:T\S+)?)?")
_IN_BRACKETS = re.compile(r"(.+) \(([^()]+)\)")  # unknown (too old); dasatinib (list may be incomplete)
_AFTER_COLON = re.compile(r"(known only in part): (.+)")
_QUOTED = re.compile(r"(.*): found “(.*)”")
_SIGNS = {"<=": "≤", ">=": "≥"}
UNIT, UNIT_OF_ONE, VALUE = "unit", "unit of one", "value"


@dataclass(frozen=True, slots=True)
class Values:
    """How one language says values. ``look``: a text of a context, None where there is none; ``decimal``: its sign;
    ``day``: a date of ISO 8601; ``quotes``: the two signs around a quotation."""

    look: Callable[[str, str], str | None]
    decimal: str
    day: Callable[[str], str]
    quotes: tuple[str, str]

    def say(self, said: str, fact: str = "") -> str:
        """A value, or a unit alone. ``fact``: its name, for words that mean something else there: "poor" of TPMT and of cytogenetic risk."""
        whole = self._of_fact(said, fact)
        if whole is None:
            whole = self.look(UNIT, said)
        if whole is not None:
            return whole
        return (
            self._bracketed(said, fact)
            or self._in_part(said, fact)
            or self._quoted(said, fact)
            or self._quantity(said)
            or self._date(said)
            or self._list(said, fact)
        )

    def _of_fact(self, said: str, fact: str) -> str | None:
        own = self.look(f"{VALUE} of {fact}", said) if fact else None
        return own if own is not None else self.look(VALUE, said)

    def _bracketed(self, said: str, fact: str) -> str | None:
        found = _IN_BRACKETS.fullmatch(said)
        inner = self.look(VALUE, found[2]) if found else None
        return f"{self.say(found[1], fact)} ({inner})" if found and inner is not None else None

    def _in_part(self, said: str, fact: str) -> str | None:
        found = _AFTER_COLON.fullmatch(said)
        return f"{self.say(found[1])}: {self.say(found[2], fact)}" if found else None

    def _quoted(self, said: str, fact: str) -> str | None:
        """A reason with what was found, which stays in its own words."""
        found = _QUOTED.fullmatch(said)
        opening, closing = self.quotes
        return f"{self.say(found[1], fact)}: {self.say('found')} {opening}{found[2]}{closing}" if found else None

    def _quantity(self, said: str) -> str | None:
        """A number or bounds with a unit; None for what only begins like a number."""
        found = _QUANTITY.fullmatch(said)
        if found is None:
            return None
        low, to, high, space, unit = found.groups(default="")
        many = self.look(UNIT, unit) if unit else ""
        if many is None:
            if " " in unit or not space:
                return None
            many = unit
        one = self.look(UNIT_OF_ONE, unit) if low == "1" and not high else None
        numbers = self._number(low) + (f" {self.say(to)} {self._number(high)}" if high else "")
        return f"{numbers}{space}{one or many}"

    def _number(self, text: str) -> str:
        for sign, shown in _SIGNS.items():
            text = text.replace(sign, shown)
        return text.replace(".", self.decimal)

    def _date(self, said: str) -> str | None:
        return self.day(said) if _ISO_DATE.fullmatch(said) else None

    def _list(self, said: str, fact: str) -> str:
        parts = said.split(", ")
        return ", ".join(self.say(part, fact) for part in parts) if len(parts) > 1 else said
