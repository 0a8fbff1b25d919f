"""What exported things are called: FHIR ids, names that machines accept, canonical addresses, CQL literals."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")  # FHIR R4, datatype id
_LONGEST, _MARK = 64, 8


@dataclass(frozen=True, slots=True)
class Names:
    """Addresses of one export. ``base``: the beginning of every canonical URL, without a slash at its end."""

    base: str
    version: str

    def of(self, kind: str, own: str) -> str:
        """The canonical URL of a resource.

        >>> Names("https://example.org/fhir", "1").of("Library", "x")
        'https://example.org/fhir/Library/x'
        """
        return f"{self.base}/{kind}/{own}"

    def at(self, kind: str, own: str) -> str:
        """The same with the version of the content."""
        return f"{self.of(kind, own)}|{self.version}"

    @property
    def facts(self) -> str:
        """Code system of the facts."""
        return self.of("CodeSystem", "allcue-facts")

    @property
    def values(self) -> str:
        """Code system of the categories and tokens that facts take."""
        return self.of("CodeSystem", "allcue-fact-values")

    @property
    def parts(self) -> str:
        """Code system of the parts of a fact: members of a set, ends of an interval."""
        return self.of("CodeSystem", "allcue-fact-parts")


def fhir_id(text: str) -> str:
    """An id of at most 64 characters; a longer one, or one with other characters, is cut and marked with its digest.

    >>> fhir_id("order-g6pd")
    'order-g6pd'
    >>> len(fhir_id("x" * 90))
    64
    """
    if _ID.fullmatch(text):
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:_MARK]
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', text)[: _LONGEST - _MARK - 1]}-{mark}"


def machine_name(text: str) -> str:
    """A name by which programs know a resource (FHIR R4, invariant pdf-0 and its like).

    >>> machine_name("nccn-adult-2-2025")
    'NccnAdult22025'
    """
    joined = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", text))
    return joined if joined[:1].isalpha() else f"A{joined}"


def quoted(text: str) -> str:
    """A CQL string.

    >>> quoted("it's")
    "'it\\\\'s'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(text: str) -> str:
    """A CQL identifier in quotation marks."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def decimal(number: float) -> str:
    """A CQL Decimal.

    Raises:
        ValueError: more than the eight decimal places that a Decimal has (CQL 1.5, types), or no number.

    >>> decimal(0.0001), decimal(15)
    ('0.0001', '15.0')
    """
    exact = Decimal(repr(float(number)))
    places = exact.as_tuple().exponent
    if not isinstance(places, int) or -places > 8:
        raise ValueError(f"{number!r} is no CQL Decimal. Allowed: up to 8 decimal places.")
    text = format(exact, "f")
    return text if "." in text else f"{text}.0"
