"""What the protocol side tells whoever watches a service. Nothing told here is of a patient; telling costs microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any, Protocol

_NOTHING = nullcontext()
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Watch(Protocol):
    """Told what happens, by any thread. Returns at once and never raises."""

    def arrived(self) -> None:
        """A request came; it is answered by this thread."""
        ...

    def left(self, endpoint: str | None, status: int) -> None:
        """Its answer leaves.

        Args:
            endpoint: what answered it, by Flask's name; None where nothing is at its address.
        """
        ...

    def called(
        self,
        service: str,
        hook: str,
        client: str,
        status: int,
        seconds: float,
        states: Mapping[str, str],
        remarks: Mapping[str, Any],
    ) -> None:
        """A service was called: one that exists, by a registered client (empty: nobody was asked).

        Args:
            states: of the prefetch keys that were looked at.
            remarks: those of the invocation.
        """
        ...

    def asked_fhir(self, outcome: str, seconds: float) -> None:
        """A FHIR server was asked; ``outcome`` is one of a fixed list."""
        ...

    def fetched_keys(self, outcome: str) -> None:
        """The keys of a client were fetched; ``outcome`` is one of a fixed list."""
        ...

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[Any]:
        """A piece of work as a part of the trace of a request, if traces are made."""
        ...

    def onward(self) -> Mapping[str, str]:
        """Headers that tell another server which trace its work belongs to (W3C Trace Context)."""
        ...


class Unwatched:
    """A `Watch` that does nothing."""

    def arrived(self) -> None: ...

    def left(self, endpoint: str | None, status: int) -> None: ...

    def called(
        self,
        service: str,
        hook: str,
        client: str,
        status: int,
        seconds: float,
        states: Mapping[str, str],
        remarks: Mapping[str, Any],
    ) -> None: ...

    def asked_fhir(self, outcome: str, seconds: float) -> None: ...

    def fetched_keys(self, outcome: str) -> None: ...

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[Any]:  # noqa: ARG002
        return _NOTHING

    def onward(self) -> Mapping[str, str]:
        return _NO_HEADERS


UNWATCHED: Watch = Unwatched()
