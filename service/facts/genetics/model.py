"""One statement of a record about one genetic finding."""

from __future__ import annotations

from dataclasses import dataclass

from service.record.model import Entry


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement about one finding. ``present`` is ``None`` where it is left open.

    ``method``: "karyotype", "test" (FISH, PCR, sequencing), "ratio" (a transcript ratio: follow-up of a known fusion),
    "half-test" (one of the two BCR::ABL1 transcripts only), "diagnosis".
    """

    token: str
    present: bool | None
    entry: Entry
    method: str
    found: str
    from_text: bool = False
    note: str | None = None
