"""What is missing, what answering it would change, and what-if: judgements supposed by the reader."""

from __future__ import annotations

from collections.abc import Mapping

from service.smart.case import Case
from service.smart.views import Asked


def build(case: Case, asked: Asked) -> Mapping[str, object]:  # noqa: ARG001
    """Values of ``missing.html``."""
    return {}
