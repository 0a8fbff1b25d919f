"""What the demo page needs from above: patients, requests made for a hook, calls of the service itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from service.advice.engine import Answer
from service.advice.words import Words


class Unusable(ValueError):
    """What somebody typed or pasted cannot be used; the message says where, why and what is allowed."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Something that can be picked. ``about``: a line on it; ``group``: under which heading it stands."""

    name: str
    about: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request is to be made of.

    ``patient``: a Bundle, a resource, a prefetch object or a request. ``hook``: empty for the one of a pasted request, else
    patient-view. ``chosen``: numbers of the drafts that were just chosen. ``context``: what the hook brings, as edited;
    None to make it up. ``fill``: whether orders are taken from the record or the pasted request where there are no drafts.
    """

    patient: Any
    hook: str = ""
    drafts: Sequence[Any] = ()
    chosen: Sequence[int] = ()
    context: Mapping[str, Any] | None = None
    fill: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A request. ``context``: the part that can be edited by hand, without the orders; ``made_up``: whether some of it or
    of the drafts was made up; ``not_sent``: how many resources there are of types that no prefetch key asks for.
    """

    service: str
    hook: str
    request: dict[str, Any]
    context: dict[str, Any]
    drafts: tuple[Any, ...]
    chosen: tuple[int, ...]
    made_up: bool
    not_sent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Called:
    """What the service answered. ``ms``: milliseconds it took; ``headers``: all of them; ``body``: as it came; ``answer``:
    how a decision came about, None where none was made.
    """

    status: int
    ms: float
    headers: tuple[tuple[str, str], ...]
    body: str
    answer: Answer | None = None


class Trial(Protocol):
    """Everything behind the demo page."""

    @property
    def patients(self) -> Sequence[Pick]:
        """Example patients."""
        ...

    @property
    def order_examples(self) -> Sequence[Pick]:
        """Examples of orders; ``group`` is the example patient they are for."""
        ...

    @property
    def orderables(self) -> Sequence[Pick]:
        """What can be ordered."""
        ...

    @property
    def hooks(self) -> Sequence[Pick]:
        """The hooks that are served."""
        ...

    @property
    def order_hooks(self) -> Sequence[str]:
        """Those that are about orders."""
        ...

    @property
    def profiles(self) -> Sequence[Pick]:
        """Client profiles."""
        ...

    @property
    def profile(self) -> str:
        """The profile of clients that are registered with none."""
        ...

    @property
    def words(self) -> Words:
        """Facts in words, as they are: the templates escape."""
        ...

    @property
    def asks_tokens(self) -> bool:
        """Whether clients must send signed tokens."""
        ...

    @property
    def base(self) -> str:
        """The public address; empty if it is not set."""
        ...

    def parse(self, text: str) -> Any:
        """A JSON text within the limits of the service. Raises Unusable."""
        ...

    def moved(self, raw: Any, day: date) -> Any:
        """FHIR with all dates moved so that ``day`` is today. Raises Unusable."""
        ...

    def example(self, name: str) -> Any:
        """The Bundle of an example. Raises Unusable."""
        ...

    def order_example(self, name: str) -> tuple[str, Any, tuple[Any, ...]]:
        """An example of orders: the name of its patient, the patient with what the example adds, the drafts. Raises Unusable."""
        ...

    def orderable(self, name: str) -> dict[str, Any]:
        """A draft of something that can be picked. Raises Unusable."""
        ...

    def in_words(self, words: str) -> dict[str, Any]:
        """A draft in words."""
        ...

    def make(self, wanted: Wanted) -> Made:
        """A request. Raises Unusable."""
        ...

    def call(self, service: str, body: str, profile: str, *, remember: bool) -> Called:
        """What the service answers to a request. ``remember``: whether the traces of its cards are kept."""
        ...

    def feedback(self, service: str, body: str) -> Called:
        """What the service answers to feedback."""
        ...

    def set_aside(self, request: Any) -> tuple[tuple[str, str], ...]:
        """References of resources that are not used, each with the reason."""
        ...

    def keep(self, patient: Any) -> str:
        """Keep a pasted patient for the chart; the name for the session. Raises Unusable."""
        ...
