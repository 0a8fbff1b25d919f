"""Print an example patient as the CDS Hooks request an EHR would send: ``python -m fhir_examples.request NAME``."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

from service.wiring import SERVICES

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Examples that are Bundles, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def request_of(bundle: dict[str, Any], name: str) -> dict[str, Any]:
    """A patient-view request with the Bundle's resources as prefetch; what is not in it was searched for and empty."""
    service = SERVICES[0]
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
        "context": {"userId": "Practitioner/example", "patientId": patient["id"]},
        "prefetch": prefetch,
    }


def main() -> None:
    """Print the request of the example named on the command line."""
    wanted = sys.argv[1].removesuffix(".json") if len(sys.argv) == 2 else ""
    if wanted not in names():
        sys.exit(f"{wanted or 'nothing'!r} is no example. Allowed: {', '.join(names())}.")
    bundle = json.loads((FOLDER / f"{wanted}.json").read_text(encoding="utf-8"))
    print(json.dumps(request_of(bundle, wanted), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
