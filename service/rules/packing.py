"""Checked content as bytes, and back: what this version of Allcue wrote and nothing else.

The form is Python's pickle, which can name any code to run. Only the classes of content may be named here, so that
bytes which name another are refused; who may have written them is looked at by those who read files.
"""

from __future__ import annotations

import pickle
from typing import Any

PROTOCOL = 5
_PACKAGE = "service.rules."
_BESIDES = frozenset({("datetime", "date"), ("builtins", "frozenset")})


class Unreadable(ValueError):
    """Bytes that are not what `packed` makes, or not of this version."""


class _Reader:
    """Bytes as the library wants to read them; no input or output."""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0

    def read(self, size: int) -> bytes:
        found = self._data[self._at : self._at + size]
        self._at += len(found)
        return found

    def readline(self) -> bytes:
        return self.read(self._data.index(b"\n", self._at) + 1 - self._at)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A class of content, or a plain value. Raises UnpicklingError: something else."""
        found = super().find_class(module, name) if module.startswith(_PACKAGE) or (module, name) in _BESIDES else None
        if isinstance(found, type) and found.__module__ == module:
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of content")


def packed(value: object) -> bytes:
    """Content, or a part of it, as bytes."""
    return pickle.dumps(value, PROTOCOL)


def unpacked(data: bytes) -> Any:
    """What was packed.

    Raises:
        Unreadable: the bytes are damaged, or name what is no content.
    """
    try:
        return _Unpickler(_Reader(data)).load()
    except Exception as error:  # damaged bytes raise anything
        raise Unreadable(f"{type(error).__name__}: {error}") from None
