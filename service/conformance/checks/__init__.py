"""The black-box checks, in the order they are made: importing this registers all of them."""

from service.conformance.checks import discovery, calls, cards, suggestions, prefetch  # isort: skip
from service.conformance.checks import refusals, browsers, feedback, trust  # isort: skip
from service.conformance.model import CHECKS

__all__ = [
    "CHECKS", "browsers", "calls", "cards", "discovery", "feedback", "prefetch", "refusals", "suggestions", "trust",
]  # fmt: skip
