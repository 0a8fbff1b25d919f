"""One rule: its criteria in plain English, its source page, its review date, and its verdict for this patient."""

from __future__ import annotations

from collections.abc import Mapping

from service.smart.case import Case
from service.smart.views import Asked


def build(case: Case, asked: Asked) -> Mapping[str, object]:  # noqa: ARG001
    """Values of ``rule.html``."""
    return {}
