"""What the protocol side and the clinical side say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]
NOTHING: Mapping[str, Any] = MappingProxyType({})

NOT_SENT = "not sent"  # the detail of an absent key about which there is nothing more to say


class KeyState(StrEnum):
    """What is known of one prefetch key. Only PROVIDED and EMPTY let a missing resource mean "there is none"."""

    PROVIDED = "provided"
    EMPTY = "empty"  # null, or a search that ran and found nothing
    ABSENT = "absent"  # not sent, and not to be had from the FHIR server
    FAILED = "failed"  # an error came instead, or something unreadable
    PARTIAL = "partial"  # some of it: pages, entries or a warning of the server say that there is more


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """One CDS service.

    ``prefetch``: query templates by key. ``required``: keys without which the service must not answer (412).
    ``resource_types``: the FHIR types that each key covers; a key without an entry may bring any type. ``narrowed``: why
    the answers to a key's template are only a part of what there is, by key.
    """

    id: str
    hook: str
    title: str
    description: str
    prefetch: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    resource_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    usage_requirements: str | None = None
    narrowed: Mapping[str, str] = field(default_factory=dict)

    def expected(self, key: str) -> frozenset[str]:
        """The FHIR types that a key covers; empty where it is not said."""
        return frozenset(self.resource_types.get(key, ()))


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The resources of one prefetch key and how far they can be trusted to be all there is.

    ``full_urls`` runs along ``resources``. ``detail`` says why a key is not complete; it never holds patient values.
    ``status``: the HTTP status of the last answer that a FHIR server gave to this key; None where it was not asked or
    did not answer.
    """

    key: str
    state: KeyState
    resources: tuple[Json, ...] = ()
    full_urls: tuple[str | None, ...] = ()
    detail: str | None = None
    status: int | None = None


def _holds() -> bool:
    return True


def _tells_nothing(_: Mapping[str, str]) -> None:
    pass


@dataclass(slots=True)
class Repeat:
    """Whether and how an answer may be given again to a call that brings exactly the same; said by who answers.

    ``allowed``: all that it rests on is known to be the same then; ``barred``: not so, whatever others say. ``ids``: the uuids in it that belong to this call; ``again``: those of
    another ``hookInstance`` in the same order. ``stands``: whether what it rests on besides the call is as it was.
    ``tell``: to be told each time it is given, with the new id of each old one.
    """

    allowed: bool = False
    barred: bool = False
    ids: Sequence[str] = ()
    again: Callable[[str], Sequence[str]] = lambda _: ()
    stands: Callable[[], bool] = _holds
    tell: Callable[[Mapping[str, str]], None] = _tells_nothing


@dataclass(frozen=True, slots=True)
class Invocation:
    """One checked call of a service. ``prefetched`` has an entry for every key of the service's templates; keys that
    are not required are looked through, and fetched if they must be, when first asked for. Of a service that reads
    Medications it has one more, for those that were only referred to.

    ``context`` is as sent, except that ``patientId`` is a bare id. ``received_at`` is aware of its time zone.
    ``remarks``: what the clinical side wants logged of the call; never a patient's values.
    ``repeat``: what the clinical side says of giving its answer again.
    ``client``: who calls; empty where nobody is asked who they are. ``tenant``: on whose behalf, as its token says.
    """

    service: ServiceDefinition
    hook: str
    hook_instance: str
    context: Json
    prefetched: Mapping[str, Prefetched]
    fhir_server: str | None
    received_at: datetime
    remarks: dict[str, Any] = field(default_factory=dict)
    repeat: Repeat = field(default_factory=Repeat)
    client: str = ""
    tenant: str | None = None


Decide: TypeAlias = Callable[[Invocation], Mapping[str, Any]]
"""Answers one invocation with the CDS Hooks response: ``{"cards": [...]}``, with ``systemActions`` where agreed."""
