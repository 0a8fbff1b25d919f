"""Who the patient is, for the head of every page: nobody may take one chart for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.record.values import as_dict, as_list, as_text
from service.smart.case import Case


@dataclass(frozen=True, slots=True)
class Banner:
    """``name``: as recorded, empty if there is none. ``born``: ISO 8601 as precise as recorded. ``sex``: administrative."""

    name: str
    born: str
    sex: str
    patient: str


def banner(case: Case) -> Banner:
    """The head of the pages of a case."""
    patient = as_dict(case.record.patient)
    return Banner(
        _name(patient), as_text(patient.get("birthDate")), as_text(patient.get("gender")), case.record.patient_id or ""
    )


def _name(patient: Mapping[str, Any]) -> str:
    """The official name, else the first one."""
    names = [as_dict(name) for name in as_list(patient.get("name"))]
    names.sort(key=lambda name: as_text(name.get("use")) != "official")
    for name in names:
        text = as_text(name.get("text"))
        parts = [as_text(name.get("family")), " ".join(as_text(given) for given in as_list(name.get("given")))]
        said = text or ", ".join(part for part in parts if part)
        if said:
            return said
    return ""
