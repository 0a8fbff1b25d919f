"""Whose a resource is: the patient's, another's, or not to be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from service.record.values import as_dict, as_list, as_text

ANOTHER = "belongs to another patient"
_NOT_TOLD = "belongs to a patient who cannot be told"
_SEVERAL = "belongs to one of several patients, and none was named"
OTHERS = frozenset({ANOTHER, _NOT_TOLD, _SEVERAL})  # reasons for which a resource is not taken for the patient's
_TAIL = re.compile(r"/_history\b.*|[?#|].*", re.DOTALL)


def id_of(resource: Mapping[str, Any]) -> str:
    """The id of a resource as text; some clients send a number. Empty without one."""
    own = resource.get("id")
    if type(own) is str:
        return own.strip()
    if isinstance(own, int) and not isinstance(own, bool):
        return str(own)
    return ""


def reference_in(link: object) -> str:
    """The reference in a FHIR Reference, or in the bare string some clients send instead."""
    if type(link) is dict and type(reference := link.get("reference")) is str:
        return reference.strip()
    if isinstance(link, str):
        return link.strip()
    return as_text(as_dict(link).get("reference")).strip()


def type_and_id(reference: str) -> tuple[str, str]:
    """Type and id of a relative or absolute reference, without version and query; the type empty where it has none.

    >>> type_and_id("https://example.org/fhir/Patient/7/_history/2")
    ('Patient', '7')
    """
    head, _, own = _TAIL.sub("", reference).rstrip("/").rpartition("/")
    return head.rpartition("/")[2], own


class Ownership:
    """Tells the patient's resources from others.

    References are compared by their last segment, so the address of the server does not matter; ``urn:`` references by
    the ``fullUrl`` the Patient came with. A resource that names nobody is the patient's: it was asked for by patient.
    """

    def __init__(self, patient_id: str | None, patients: Iterable[tuple[str | None, Mapping[str, Any]]]):
        everybody = rows = list(patients)
        former = _replaced(rows)
        rows_now = [row for row in rows if id_of(row[1]) not in former] or rows
        if patient_id is None:  # of records that were merged, the one that is left
            rows = rows_now
        ids = {id_of(resource) or as_text(url) for url, resource in rows}
        self.several = patient_id is None and len(ids) > 1
        if patient_id is None and len(ids) == 1:
            patient_id = next((id_of(resource) for _, resource in rows if id_of(resource)), None)
        self.patient_id = patient_id
        self._own = frozenset({f"Patient/{patient_id}"} if patient_id is not None else ())
        self._own |= {as_text(url) for url, resource in rows if url and self.is_patient(resource)}
        self._merged = _led_to(patient_id, former)
        self._own |= {as_text(url) for url, resource in everybody if url and id_of(resource) in self._merged}
        self._others = {as_text(url) for url, _ in everybody if url} - self._own
        own = [raw for _, row in rows if self.is_patient(row) for raw in as_list(row.get("identifier"))]
        self._identifiers = {_identifier(raw) for raw in own if _identifier(raw)[0]}

    def is_patient(self, resource: Mapping[str, Any]) -> bool:
        """Whether a Patient resource is the patient's. One without id is, if no other is told apart by it."""
        return not self.several and id_of(resource) in ("", self.patient_id)

    def refusal(self, resource: Mapping[str, Any]) -> str | None:
        """Why a resource is not the patient's; ``None`` if it is."""
        for name in ("subject", "patient"):
            link = resource.get(name)
            if link is not None and (reference := reference_in(link)) not in self._own:
                reason = self._judge(reference) or self._judge_unreferenced(link, reference, resource)
                if reason is not None:
                    return reason
        for link in as_list(resource["focus"]) if "focus" in resource else ():  # a donor, a fetus, a parent
            kind, own = type_and_id(reference_in(link))
            if kind == "RelatedPerson" or (kind == "Patient" and self.patient_id not in (None, own)):
                return "is about somebody else than the patient"
        return None

    def _judge(self, reference: str) -> str | None:
        if not reference or reference.startswith("#"):
            return None
        if reference in self._others:
            return ANOTHER
        kind, own = type_and_id(reference)
        if kind and kind != "Patient":
            return f"is about a {kind}, not the patient" if kind.isalpha() else _NOT_TOLD
        if self.several:
            return _SEVERAL
        if self.patient_id is None or own in (self.patient_id, f"urn:uuid:{self.patient_id}") or own in self._merged:
            return None
        return ANOTHER if kind else _NOT_TOLD

    def _judge_unreferenced(self, link: object, reference: str, resource: Mapping[str, Any]) -> str | None:
        """By what a link says without a reference to follow: its type, an identifier, a contained resource."""
        kind = as_text(as_dict(link).get("type"))
        if reference.startswith("#"):
            inner = (as_dict(raw) for raw in as_list(resource.get("contained")))
            kind = next((as_text(r.get("resourceType")) for r in inner if id_of(r).lstrip("#") == reference[1:]), kind)
        if kind and kind.isalpha() and kind != "Patient":
            return f"is about a {kind}, not the patient"
        if reference:
            return None
        system, value = _identifier(as_dict(link).get("identifier"))
        systems = {own for own, _ in self._identifiers}
        return ANOTHER if system in systems and value and (system, value) not in self._identifiers else None


def _identifier(raw: object) -> tuple[str, str]:
    """System and value of an Identifier; an empty system where there is none to compare by."""
    element = as_dict(raw)
    return as_text(element.get("system")).strip(), as_text(element.get("value")).strip()


def _led_to(patient_id: str | None, former: Mapping[str, str]) -> frozenset[str]:
    """Ids that were merged into a patient, at once or by way of others that were merged in their turn."""
    found: set[str] = set()
    ahead = {patient_id} if patient_id is not None else set()
    while ahead:
        ahead = {old for old, new in former.items() if new in ahead} - found - {patient_id}
        found |= ahead
    return frozenset(found)


def _replaced(patients: Iterable[tuple[str | None, Mapping[str, Any]]]) -> dict[str, str]:
    """Ids of Patient resources that were merged into another, with its id, told by either of the two."""
    found: dict[str, str] = {}
    for _, resource in patients:
        own = id_of(resource)
        for raw in as_list(resource.get("link")):
            link = as_dict(raw)
            other = type_and_id(reference_in(link.get("other")))[1]
            if own and other and own != other:
                if as_text(link.get("type")) == "replaced-by":
                    found[own] = other
                elif as_text(link.get("type")) == "replaces":
                    found[other] = own
    return found
