"""Text in a CSV file that no spreadsheet takes for a formula (OWASP, "CSV Injection")."""

from __future__ import annotations

import re

_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # what a formula begins with, also in full width
# In a client's text more can harm: where a spreadsheet parts cells by ";" or tab, quotes set for "," do not hold a cell
# together. Left as they are: letters and digits, what addresses and codes are made of, a minus within a word.
_NOT_PLAIN = re.compile(r"[^\w .~:/?#&|-]|(?<!\w)-")


def cell(value: str | int) -> str | int:
    """A cell of text that is ours: where it looks like a formula, an apostrophe makes it a text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def inert(text: str) -> str:
    """A client's text for a cell or a part of one: what could part cells or begin a formula is percent-encoded (RFC 3986),
    so that no two texts become one.

    >>> inert('http://x.org/a|;=HYPERLINK("http://x")')
    'http://x.org/a|%3B%3DHYPERLINK%28%22http://x%22%29'
    >>> inert("http://x.org|not-now"), inert("|-1+1")
    ('http://x.org|not-now', '|%2D1%2B1')
    """
    return _NOT_PLAIN.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")), text)
