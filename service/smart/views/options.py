"""The options side by side: how strongly each is recommended, its label, what it needs, what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping

from service.smart.case import Case
from service.smart.views import Asked


def build(case: Case, asked: Asked) -> Mapping[str, object]:  # noqa: ARG001
    """Values of ``options.html``."""
    return {}
