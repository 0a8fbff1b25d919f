"""The second pass of a run: the patients of one partition, each with all that belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import orjson

from service.population.patients import Patient
from service.population.running.shared import Shared
from service.population.running.spill import Spilled
from service.record.corrected import version_of
from service.record.whose import id_of

TWICE = "the same resource twice"
OTHER = "the same id and version with other content; the last one counts"
DELETED = "deleted in the source"
SetAside = Callable[[Spilled, str, str], None]  # the line, its type, and why


class Parted(Protocol):
    """The lines of patients by partition."""

    def lines(self, partition: int) -> Iterable[Spilled]:
        """Those of one, in the order of the input."""
        ...


def patients_of(
    partitions: Parted, partition: int, shared: Shared, provided: frozenset[str], aside: SetAside
) -> Iterator[Patient]:
    """The patients of a partition. Its lines are held, parsed is one patient at a time.

    Args:
        aside: told of what is not used: the same resource twice, what was deleted.
    """
    by_patient: dict[str, list[Spilled]] = {}
    for line in partitions.lines(partition):
        if shared.left(line.patient) == line.patient:  # the lines of others lie beside those of the one who is left
            by_patient.setdefault(line.patient, []).append(line)
    for patient in sorted(by_patient):
        lines = by_patient.pop(patient)
        if shared.has_deleted and shared.is_deleted(f"Patient/{patient}"):
            for line in lines:
                aside(line, "", DELETED)
            continue
        own = _once(lines, shared, aside)
        if own:
            yield Patient(patient, (*own, *shared.resources(own)), provided)


def _once(lines: list[Spilled], shared: Shared, aside: SetAside) -> list[dict[str, Any]]:
    """Each resource once; different versions all stay, since the record tells which is the newest on its day."""
    found: dict[tuple[str, str, Any], tuple[Spilled, dict[str, Any]]] = {}
    for at, line in enumerate(lines):
        resource = orjson.loads(line.raw)
        kind, own = resource["resourceType"], id_of(resource)
        if own and shared.has_deleted and shared.is_deleted(f"{kind}/{own}"):
            aside(line, kind, DELETED)
            continue
        key = (kind, own, version_of(resource)) if own else (kind, "", at)
        before = found.pop(key, None)
        if before is not None:
            same = before[0].raw == line.raw or before[1] == resource
            aside(before[0] if not same else line, kind, TWICE if same else OTHER)
            found[key] = before if same else (line, resource)
        else:
            found[key] = (line, resource)
    return [resource for _, resource in found.values()]
