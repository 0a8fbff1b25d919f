"""Measurable residual disease: values as laboratories write them, one result, the series, and the facts."""

from __future__ import annotations

from service.facts.mrd import readers, risk

PROVIDERS = (*readers.PROVIDERS, *risk.PROVIDERS)
