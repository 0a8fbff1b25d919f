"""Small synthetic patients as files, the way hospitals with different habits send them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from service.cli import main

Json = dict[str, Any]
DAY = "2026-03-02"
LOINC = "http://loinc.org"


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    """``allcue facts`` as a user types it."""
    return CliRunner().invoke(main, ["facts", *map(str, arguments)], input=stdin)


def bundle(*resources: Any) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def patient(born: str = "1990-06-15") -> Json:
    return {"resourceType": "Patient", "id": "p", "birthDate": born}


def leukemia(**more: Any) -> Json:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "277571004"}]}
    return {"resourceType": "Condition", "id": "c", "code": code, "onsetDateTime": "2026-01-10", **more}


def result(own_id: str, code: Mapping[str, Any], **more: Any) -> Json:
    return {
        "resourceType": "Observation", "id": own_id, "status": "final", "code": dict(code),
        "effectiveDateTime": "2026-02-28", **more,
    }  # fmt: skip


def coded(code: str, system: str = LOINC, display: str | None = None) -> Json:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def wbc(value: float = 3.1, unit: str = "10*9/L", **more: Any) -> Json:
    return result("wbc", coded("6690-2"), valueQuantity={"value": value, "unit": unit}, **more)


def write(folder: Path, **files: Any) -> Path:
    """Files by name (without ending): objects as JSON, texts as they are."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        target = folder / f"{name.replace('__', '/')}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder
