"""All readers of drugs given, being given and stopped."""

from __future__ import annotations

from service.facts.model import Provider
from service.facts.therapy import (
    cns_prophylaxis,
    history,
    induction,
    intrathecal,
    lines,
    present,
    regimen_start,
    rescue_timing,
)

PROVIDERS: tuple[Provider, ...] = (
    *history.PROVIDERS, *present.PROVIDERS, *lines.PROVIDERS, *induction.PROVIDERS, *intrathecal.PROVIDERS,
    *regimen_start.PROVIDERS, *cns_prophylaxis.PROVIDERS, *rescue_timing.PROVIDERS,
)  # fmt: skip
