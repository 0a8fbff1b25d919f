"""The first page: the course of the disease, treatments, MRD, counts, and what the cards say now."""

from __future__ import annotations

from collections.abc import Mapping

from service.smart.case import Case
from service.smart.views import Asked
from service.smart.views.cards import shown


def build(case: Case, asked: Asked) -> Mapping[str, object]:  # noqa: ARG001
    """Values of ``overview.html``."""
    return {"cards": shown(case)}
