"""Editions compared: what the guidelines of different years say for this patient."""

from __future__ import annotations

from collections.abc import Mapping

from service.smart.case import Case
from service.smart.views import Asked


def build(case: Case, asked: Asked) -> Mapping[str, object]:  # noqa: ARG001
    """Values of ``editions.html``."""
    return {}
