"""What is asked of a server that exports, and how it may be asked (Bulk Data Access 2.0, "Bulk Data Kick-off Request")."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from service.addresses import Base, origin_of, parse_base
from service.population.bulk.problems import ExportProblem
from service.record.build import READ

# What the engine reads, and what those resources refer to.
USED = READ | {"Patient", "Medication", "Specimen"}
# No resource of a patient's compartment: that none came with the patients does not mean that there is none.
SHARED = frozenset({"Medication", "Organization", "Practitioner", "PractitionerRole", "Location"})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export: all patients, those of a group, or with ``system`` everything the server holds.

    ``since``: only what changed after this instant. ``types``: resource types; empty: those the engine reads, as far as
    the server offers them.
    """

    group: str | None = None
    system: bool = False
    since: str | None = None
    types: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises ExportProblem for what is no FHIR id, instant or type."""
        if self.group is not None and self.system:
            raise ExportProblem("A group or the whole system can be exported, not both.")
        if self.group is not None and not _ID.fullmatch(self.group):
            raise ExportProblem(f"{self.group!r} is no id of a Group. Allowed: 1 to 64 letters, digits, - and .")
        if self.since is not None and not _INSTANT.fullmatch(self.since):
            raise ExportProblem(
                f"{self.since!r} is no instant. Allowed: date, time and zone, such as 2026-01-31T00:00:00Z"
            )
        for name in self.types:
            if not TYPE.fullmatch(name):
                raise ExportProblem(f"{name!r} is no resource type. Allowed: names such as Patient, Observation")

    def address(self, base: str, types: tuple[str, ...]) -> str:
        """Where to start an export of these types."""
        level = f"Group/{self.group}" if self.group is not None else "" if self.system else "Patient"
        query = {"_outputFormat": "application/fhir+ndjson", "_type": ",".join(types)}
        if self.since is not None:
            query["_since"] = self.since
        return "/".join(part for part in (base.rstrip("/"), level, "$export") if part) + "?" + urlencode(query)


@dataclass(frozen=True, slots=True)
class Access:
    """How a server may be asked.

    Args:
        client_id, key_file: SMART Backend Services; neither for a server that is open. ``key_id``: the key's ``kid``
            at the server; if not given that of the JWK, or its thumbprint (RFC 7638).
        scope: in place of one ``system/`` scope for each type.
        token_url: in place of what ``/.well-known/smart-configuration`` says.
        origins: other origins (``https://files.example.org``) that belong to the server and get its tokens.
        verify: check TLS certificates, or a file of authorities to trust.
        longest: seconds after which no more is waited for an export that is not ready.
        silence: seconds that the server may be silent within one answer.
    """

    client_id: str | None = None
    key_file: Path | None = field(default=None, repr=False)
    key_id: str | None = None
    scope: str | None = None
    token_url: str | None = None
    origins: tuple[str, ...] = ()
    verify: bool | str = True
    longest: float = 86400.0
    silence: float = 120.0

    def trusted(self, base: Base) -> frozenset[tuple[str, str, int]]:
        """The origins that tokens may be sent to.

        Raises:
            ExportProblem: an origin that is none.
        """
        found = {base.origin}
        for written in self.origins:
            origin = origin_of(written)
            if origin is None:
                raise ExportProblem(f"{written!r} is no origin. Allowed: such as https://files.example.org")
            found.add(origin)
        return frozenset(found)


def base_of(url: str) -> Base:
    """The FHIR base address to export from.

    Raises:
        ExportProblem: no such address, or one without TLS that is not this machine.
    """
    base = parse_base(url)
    if base is None:
        raise ExportProblem(f"{url!r} is no FHIR base address. Allowed: such as https://ehr.example.org/fhir")
    if base.scheme != "https" and not base.loopback:
        raise ExportProblem(f"{url!r} has no TLS. Allowed: https; http for this machine alone")
    return base
