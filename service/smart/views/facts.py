"""Every fact of the record with its source resource and date, and every unknown with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from service.smart.case import Case
from service.smart.views import Asked


def build(case: Case, asked: Asked) -> Mapping[str, object]:  # noqa: ARG001
    """Values of ``facts.html``."""
    return {}
