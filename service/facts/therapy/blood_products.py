"""Whether blood products are ordered irradiated, by the words of the order or its notes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from service.facts.model import Fact, Provenance, known
from service.record.model import Resource
from service.record.text import states
from service.record.values import all_text

NAME = "transfusion_irradiated"
# "unbestrahlt" and "unirradiated" say the contrary in one word, which no look for a negation beside it finds.
_IRRADIATED = re.compile(
    r"(?<!un)(?<!non)(?:gamma[\s-]*|x-ray[\s-]*)?(?<!un)(?<!non)(?:irradiat(?:ed|ion)|bestrahlt\w*|bestrahlung)",
    re.IGNORECASE,
)


def irradiation(orders: Iterable[tuple[Resource, str, Provenance]]) -> Fact | None:
    """Whether all transfusions that are ordered are irradiated; ``None`` without any.

    Args:
        orders: resource, text and provenance of each order of blood. Silence of one of them counts as a no: irradiation
            has to be ordered.
    """
    rows = [(states("; ".join((text, all_text(row))), _IRRADIATED), seen) for row, text, seen in orders]
    if not rows:
        return None
    return known(NAME, all(said for said, _ in rows), *(seen for said, seen in rows if said is all(s for s, _ in rows)))
