"""Files in which a site lists what it agreed with others (YAML or JSON): everything wrong is told at once, with its line,
what is allowed, and what may have been meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Place: TypeAlias = tuple[int | str, ...]
Item = TypeVar("Item", bound=BaseModel)
MAX_BYTES = 2_000_000


class ListProblems(ValueError):
    """A file that must not be used. ``problems``: everything wrong, each with its place."""

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def read_listing(path: Path) -> str:
    """The text of a file.

    Raises:
        ListProblems: it cannot be read or is larger than `MAX_BYTES`.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ListProblems([f"{path}: is larger than {MAX_BYTES} bytes"])
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ListProblems([f"{path}: cannot be read: {_reason(error)}"]) from None


class Listing:
    """The text of a file with one list, ``key: [...]``, and what is wrong with it so far."""

    def __init__(self, text: str, name: str, key: str, one: str):
        """``name`` stands before each problem; ``one``: what an item is called.

        Raises:
            ListProblems: there is no such list.
        """
        self.name, self.key = name, key
        found, self._lines = _load(text, name)
        self.problems = [f"{self._at(place)}is there twice" for place in _doubled(self._lines)]
        if not isinstance(found, dict):
            raise ListProblems([f"{name}: must look like `{key}:` with a list below"])
        for other in found:
            if other != key:
                self.problems.append(f"{name}:{self._lines.get((other,), 1)}: {other}: no such key. Allowed: {key}")
        listed = found.get(key)
        if not isinstance(listed, list) or not listed:
            raise ListProblems([*self.problems, f"{name}: {key}: must be a list with at least one {one}"])
        self._listed = listed

    def items(self, model: type[Item], patterns: Mapping[str, str]) -> dict[int, Item]:
        """The items that are as the model wants them, by their place in the list; what is wrong is noted.

        Args:
            patterns: by field, what its pattern allows, in words.
        """
        good: dict[int, Item] = {}
        for number, item in enumerate(self._listed):
            try:
                good[number] = model.model_validate(item)
            except ValidationError as error:
                found_wrong = error.errors(include_url=False)
                wrong_inside = {one["loc"][:-1] for one in found_wrong}
                for one in found_wrong:
                    if one["type"] == "too_short" and one["loc"] in wrong_inside:
                        continue  # only because its items are wrong, which is told
                    self.wrong((number, *one["loc"]), _words(one, tuple(model.model_fields), patterns))
        return good

    def wrong(self, place: Place, words: str) -> None:
        """Note what is wrong at a place below the list."""
        self.problems.append(f"{self._at((self.key, *place))}{words}")

    def _at(self, place: Place) -> str:
        return f"{self.name}:{_line(self._lines, place)}: {_path(place)}"


def near(word: str, allowed: Collection[str]) -> str:
    """What may have been meant, as a question."""
    found = difflib.get_close_matches(word, allowed, n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


class _Twice(int):
    """A line at which a key stands for the second time."""


def _load(text: str, name: str) -> tuple[Any, dict[Place, int]]:
    """The document, and the line of each of its places. JSON is read as the YAML that it is."""
    readable = text.replace("\t", "  ") if text.lstrip().startswith("{") else text  # YAML indents with blanks only
    try:
        node = yaml.compose(readable, yaml.SafeLoader)
        found = yaml.safe_load(readable)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or "not readable"
        raise ListProblems([f"{name}{where}: is neither YAML nor JSON: {said}"]) from None
    except (ValueError, RecursionError) as error:
        raise ListProblems([f"{name}: cannot be read: {type(error).__name__}"]) from None
    return found, dict(_lines(node, ())) if node is not None else {}


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            yield from _lines(child, (*place, number))
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, child in node.value:
            yield from _lines(child, (*place, key.value))
            line = key.start_mark.line + 1
            yield (*place, key.value), _Twice(line) if key.value in seen else line
            seen.add(key.value)


def _doubled(lines: Mapping[Place, int]) -> list[Place]:
    return [place for place, line in lines.items() if isinstance(line, _Twice)]


def _line(lines: Mapping[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest one around it."""
    while place and place not in lines:
        place = place[:-1]
    return int(lines.get(place, 1))


def _path(place: Place) -> str:
    shown = ""
    for part in place:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return f"{shown}: " if shown else ""


def _words(error: ErrorDetails, fields: Collection[str], patterns: Mapping[str, str]) -> str:
    """What is wrong and what is allowed. Texts are quoted, keys and other structures never."""
    kind, given = error["type"], error["input"]
    quoted = f"{given!r:.100} " if isinstance(given, str | int | float) else ""
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])
        return f"no such key. Allowed: {', '.join(fields)}.{near(key, fields)}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(error.get("ctx", {}).get("error", error["msg"]))
    if kind == "string_pattern_mismatch":
        field = next((part for part in reversed(error["loc"]) if isinstance(part, str)), "")
        return f"{quoted}is not allowed. Allowed: {patterns.get(field, 'text without blanks')}"
    if kind == "literal_error":
        return f"{quoted}is not allowed. Allowed: {error.get('ctx', {}).get('expected', '')}"
    return f"{quoted}{error['msg'][:1].lower()}{error['msg'][1:]}"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is not text in UTF-8"
