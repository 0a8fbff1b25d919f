"""All readers and derivations in their order of trust: what the record says first, what follows from it after."""

from __future__ import annotations

from service.facts import derive
from service.facts.given import unknown_stated
from service.facts.model import Provider, Registry

READERS: tuple[Provider, ...] = ()
REGISTRY = Registry((*READERS, *derive.PROVIDERS), unknown_stated)
