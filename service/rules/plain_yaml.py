"""The YAML that content is written in, read in one pass: mappings, lists and scalars, with the line of each.

It takes half of the time of the library's own constructor, which goes over a tree of nodes. What is seldom written
(anchors, tags, merged mappings, several documents) is left to that one, as is every mistake: see `Special`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import yaml

LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers  # by first character: what is not a string though it has no quotes
_MAPPING, _SCALAR = yaml.MappingStartEvent, cast(Any, yaml.ScalarEvent)


class Special(Exception):
    """Something that is not read here."""


class PlainReader:
    """Reads files; equal scalars of all of them are one object."""

    def __init__(self) -> None:
        self._plain: dict[str, Any] = {}
        self._texts: dict[str, str] = {}

    def read(self, text: str) -> tuple[Any, dict[str, int], list[tuple[str, int]]]:
        """The value, the line of each path, and paths with lines of keys that are repeated.

        Raises:
            Special: the library has to read it.
            yaml.YAMLError, ValueError: as the library does.
        """
        loader = LOADER(text)
        try:
            return _Pass(loader, self).document()
        finally:
            loader.dispose()

    def scalar(self, event: Any, loader: Any) -> Any:
        """The value of a scalar, as YAML 1.1 has it."""
        text: str = event.value
        if not event.implicit[0]:
            return self._texts.setdefault(text, text)
        found = self._plain.get(text, self)
        if found is self:
            found = self._plain[text] = self._resolved(text, loader)
        return found

    def _resolved(self, text: str, loader: Any) -> Any:
        for tag, pattern in _RESOLVERS.get(text[:1], ()):
            if pattern.match(text):
                return loader.construct_object(yaml.ScalarNode(tag, text))
        return self._texts.setdefault(text, text)


class _Pass:
    """One pass over one text."""

    def __init__(self, loader: Any, reader: PlainReader):
        self._loader = loader
        self._next: Callable[[], Any] = loader.get_event  # an event has its marks here
        self._scalar = reader.scalar
        self._lines: dict[str, int] = {}
        self._twice: list[tuple[str, int]] = []

    def document(self) -> tuple[Any, dict[str, int], list[tuple[str, int]]]:
        self._next()  # the stream begins
        if not isinstance(self._next(), yaml.DocumentStartEvent):
            raise Special
        value = self._value(self._next(), "")
        self._next()  # the document ends
        if not isinstance(self._next(), yaml.StreamEndEvent):
            raise Special
        return value, self._lines, self._twice

    def _value(self, event: Any, path: str) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent or event.anchor is not None or event.tag is not None:
            raise Special
        self._lines.setdefault(path, event.start_mark.line + 1)
        if kind is _SCALAR:
            return self._scalar(event, self._loader)
        return self._mapping(path) if kind is _MAPPING else self._list(path)

    def _mapping(self, path: str) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while type(event := self._next()) is not yaml.MappingEndEvent:
            if type(event) is not _SCALAR or event.anchor is not None or event.tag is not None:
                raise Special
            if event.implicit[0] and event.value in ("<<", "="):
                raise Special
            at = f"{path}.{event.value}" if path else str(event.value)
            line = event.start_mark.line + 1
            if at in self._lines:
                self._twice.append((at, line))
            self._lines[at] = line
            key = self._scalar(event, self._loader)
            found[key] = self._value(self._next(), at)
        return found

    def _list(self, path: str) -> list[Any]:
        found: list[Any] = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            found.append(self._value(event, f"{path}[{len(found)}]"))
        return found
