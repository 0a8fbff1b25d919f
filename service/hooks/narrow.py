"""Markdown for a narrow column: nothing indented, no tables, no large headings. No word is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BULLET = re.compile(r"( *)[-*] (.*)")
_HEADING = re.compile(r"#{1,6} +(.*)")
_RULE_OF_TABLE = re.compile(r"\|?[\s:|-]*-[\s:|-]*")


def narrow(detail: str) -> str:
    r"""The same text for a narrow column. An item with points under it becomes a paragraph, its points a plain list.

    >>> print(narrow("- **A** (preferred)\n  - category 1\n- **B**\n\nLast"))
    **A** (preferred)
    <BLANKLINE>
    - category 1
    <BLANKLINE>
    **B**
    <BLANKLINE>
    Last
    >>> narrow("- a\n- b")
    '- a\n- b'
    >>> narrow("| x | y |\n|---|---|\n| 1 | 2 |")
    'x; y\n\n1; 2'
    """
    lines: list[str] = []
    for block in _blocks(detail.splitlines()):
        nested = any((found := _BULLET.fullmatch(line)) and found[1] for line in block)
        for line in block:
            lines += _line(line, nested)
        lines.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """The lines between blank ones."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _line(line: str, nested: bool) -> list[str]:
    bullet, heading = _BULLET.fullmatch(line), _HEADING.fullmatch(line)
    if bullet:
        return ["", bullet[2], ""] if nested and not bullet[1] else [f"- {bullet[2]}"]
    if heading:
        return ["", f"**{heading[1]}**", ""]
    if line.lstrip().startswith("|"):
        if _RULE_OF_TABLE.fullmatch(line.strip()):
            return []
        return ["", "; ".join(cell.strip() for cell in line.strip().strip("|").split("|")), ""]
    return [line.strip()]
