"""Print an example patient as the CDS Hooks request an EHR would send: ``python -m fhir_examples.request NAME``.

All dates are moved so that the day of the patient's story is today: results stay as fresh as they were then.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from service.services import SERVICES

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it was built: ten times as fast
FOLDER = Path(__file__).resolve().parent
_DATE = re.compile(r"((?:19|20)\d{2})(?:-(\d{2})(?:-(\d{2})(T.*)?)?)?")


def names() -> list[str]:
    """Examples that are Bundles, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def request_of(
    bundle: dict[str, Any], name: str, hook: str = "patient-view", context: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A request with the Bundle's resources as prefetch; what is not in it was searched for and empty.

    Args:
        context: what the hook brings besides user and patient.
    """
    service = next(service for service in SERVICES if service.hook == hook)
    resources = [entry["resource"] for entry in bundle["entry"]]
    patient = next(r for r in resources if r["resourceType"] == "Patient")
    prefetch: dict[str, Any] = {}
    for key in service.prefetch:
        rows = [{"resource": r} for r in resources if r["resourceType"] in service.expected(key)]
        searched: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(rows)}
        prefetch[key] = {**searched, "entry": rows} if rows else searched
    prefetch["patient"] = patient
    return {
        "hook": service.hook,
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_URL, f"allcue/example/{name}")),
        "context": {"userId": "Practitioner/example", "patientId": patient["id"], **(context or {})},
        "prefetch": prefetch,
    }


def story_in(path: Path) -> dict[str, Any]:
    """What a YAML file beside an example says of it."""
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe one
    return found


@cache
def day_of(name: str) -> date:
    """The day an example's story is told of."""
    day: date = story_in(FOLDER / f"{name}.yaml")["as_of"]
    return day


def moved(value: Any, by: timedelta) -> Any:
    """A FHIR value with every date moved by some days; the precision of partial dates is kept."""
    if isinstance(value, dict):
        return {key: moved(child, by) for key, child in value.items()}
    if isinstance(value, list):
        return [moved(child, by) for child in value]
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return value
    day = date(int(found[1]), int(found[2] or 7), int(found[3] or 15)) + by
    return day.isoformat()[: len(found[0]) - len(found[4] or "")] + (found[4] or "")


def main() -> None:
    """Print the request of the example named on the command line."""
    wanted = sys.argv[1].removesuffix(".json") if len(sys.argv) == 2 else ""
    if wanted not in names():
        sys.exit(f"{wanted or 'nothing'!r} is no example. Allowed: {', '.join(names())}.")
    bundle = json.loads((FOLDER / f"{wanted}.json").read_text(encoding="utf-8"))
    by = date.today() - day_of(wanted)  # noqa: DTZ011 - the day of the user's own clock is what is meant
    print(json.dumps(request_of(moved(bundle, by), wanted), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
