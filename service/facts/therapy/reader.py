"""All readers of drugs given, being given and stopped."""

from __future__ import annotations

from service.facts.model import Provider
from service.facts.therapy import history, induction, intrathecal, lines, present, regimen_start

PROVIDERS: tuple[Provider, ...] = (
    *history.PROVIDERS, *present.PROVIDERS, *lines.PROVIDERS, *induction.PROVIDERS, *intrathecal.PROVIDERS,
    *regimen_start.PROVIDERS,
)  # fmt: skip
