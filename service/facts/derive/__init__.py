"""Facts that follow from other facts, read or stated. Only sound conclusions; unknown stays unknown."""

from __future__ import annotations

from service.facts.derive.course import PROVIDERS as COURSE
from service.facts.derive.disease import PROVIDERS as DISEASE
from service.facts.derive.therapy import PROVIDERS as THERAPY
from service.facts.model import Provider

PROVIDERS: tuple[Provider, ...] = (*DISEASE, *COURSE, *THERAPY)
