"""YAML read with the line of every value, so that a problem can say where it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from service.facts.vocabulary.base import did_you_mean
from service.rules.digest import SITE
from service.rules.plain_yaml import LOADER, PlainReader, Special


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in the content: ``file:line: path: what. Allowed. Did you mean``."""

    file: str
    line: int
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path + ': ' if self.path else ''}{self.what}"


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its value, and the line (from 1) of each path such as ``when.all[2]``."""

    file: str
    value: Any
    lines: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def path(self) -> str:
        """The place inside its content folder, whichever of the two that is."""
        return self.file.removeprefix(SITE)

    @property
    def of_site(self) -> bool:
        return self.file.startswith(SITE)

    def problem(self, path: str, what: str) -> Problem:
        """A problem at a path; a path that is not there (a missing key) is placed at its nearest parent."""
        near = path
        while near and near not in self.lines:
            near = near[: max(near.rfind("."), near.rfind("["), 0)]
        return Problem(self.file, self.lines.get(near, 1), path, what)

    def misses(
        self, path: str, names: Iterable[str], allowed: Iterable[str], what: str, *, listed: bool = True
    ) -> Iterator[Problem]:
        """A problem for each name that points nowhere. ``listed``: the names stand in a list at that path."""
        known = list(allowed)
        for index, name in enumerate(names):
            if name not in known:
                at = f"{path}[{index}]" if listed else path
                yield self.problem(at, f"{name!r} is not a {what}.{did_you_mean(name, known)}")


def read_yaml(file: str, text: str, reader: PlainReader | None = None) -> Document:
    """Read one YAML file; syntax errors and repeated keys come back as problems, never as exceptions.

    Args:
        reader: the one for all files that belong together, so that they share equal values.
    """
    try:
        value, lines, twice = (reader or PlainReader()).read(text)
    except (Special, yaml.YAMLError, ValueError):
        return _read_any(file, text)
    return Document(file, value, lines, _repeated(file, twice))


def _repeated(file: str, found: Iterable[tuple[str, int]]) -> tuple[Problem, ...]:
    return tuple(Problem(file, line, path, "the key stands here twice.") for path, line in found)


def _read_any(file: str, text: str) -> Document:
    """Read any YAML with the library's own constructor."""
    loader = LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(file, None, {}, (Problem(file, 1, "", "the file is empty."),))
        value = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Document(file, None, {}, (Problem(file, line, "", f"is not YAML: {error.problem}."),))
    except (yaml.YAMLError, ValueError) as error:  # an impossible date is a ValueError of the constructor
        return Document(file, None, {}, (Problem(file, 1, "", f"is not YAML: {error}."),))
    finally:
        loader.dispose()
    lines: dict[str, int] = {}
    twice = list(_walk(node, "", lines))
    return Document(file, value, lines, _repeated(file, twice))


def _walk(node: yaml.Node, path: str, lines: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Note the line of every path; yield the paths of repeated keys."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = f"{path}.{key.value}" if path else str(key.value)
            if at in lines:
                yield at, key.start_mark.line + 1
            lines[at] = key.start_mark.line + 1
            yield from _walk(value, at, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, f"{path}[{index}]", lines)


def path_of(location: Sequence[str | int]) -> str:
    """``("when", "all", 2)`` as ``when.all[2]``."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path
