"""The first of the rules with FHIRPath: an expression for each fact it needs, over a Bundle of the prefetch."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from typing import Any

from fhirpathpy import compile as compiled
from flask import Flask, request

_RULE = "bench-blinatumomab-b-negative-from-15"
_FINAL = "where(status = 'final' or status = 'amended' or status = 'corrected')"
_OBSERVATIONS = "Bundle.entry.resource.where(resourceType = 'Observation')"
_DIAGNOSES = "Bundle.entry.resource.where(resourceType = 'Condition').where(code.coding.where(system = 'http://snomed.info/sct' and {}).exists())"
_BOTH = _DIAGNOSES.format("(code = '277571004' or code = '277575008')")


def _results(loinc: str) -> str:
    return f"{_OBSERVATIONS}.where(code.coding.where(system = 'http://loinc.org' and code = '{loinc}').exists()).{_FINAL}.valueString"


EXPRESSIONS = {
    "b": _DIAGNOSES.format("code = '277571004'") + ".exists()",
    "t": _DIAGNOSES.format("code = '277575008'") + ".exists()",
    "status": _BOTH + ".clinicalStatus.coding.code",
    "fusion": _results("21821-4"),
    "karyotype": _results("29770-5") + ".where($this.contains('t(9;22)'))",
    "flow": f"{_OBSERVATIONS}.where(code.text = 'Flow cytometry immunophenotype').{_FINAL}.valueString",
    "born": "Bundle.entry.resource.where(resourceType = 'Patient').birthDate",
}
_COMPILED = {name: compiled(expression) for name, expression in EXPRESSIONS.items()}
app = Flask(__name__)


@app.get("/versions")
def versions() -> dict[str, str]:
    """What runs here."""
    return {name: version(name) for name in ("fhirpathpy", "flask", "gunicorn")}


@app.post("/cds-services/rule")
def rule() -> dict[str, Any]:
    """A card where the rule applies; the verdict in any case."""
    told = request.get_json()
    rows = []
    for value in told["prefetch"].values():
        rows += [entry["resource"] for entry in value["entry"]] if value["resourceType"] == "Bundle" else [value]
    found = evaluate({"resourceType": "Bundle", "entry": [{"resource": row} for row in rows]})
    if found is None:
        return {"cards": [], "extension": {"verdicts": {}}}
    verdict = {True: "applies", False: "does_not_apply", None: "cannot_tell"}[found[0]]
    card = {"summary": f"Offer: {_RULE}", "indicator": "info", "source": {"label": "bench"}}
    return {"cards": [card] if verdict == "applies" else [], "extension": {"verdicts": {_RULE: verdict}}}


def evaluate(bundle: dict[str, Any]) -> tuple[bool | None] | None:
    """Whether the rule applies, in a tuple; ``(None,)`` where it cannot be told, ``None`` without ALL."""
    found = {name: path(bundle) for name, path in _COMPILED.items()}
    b, t = found["b"] == [True], found["t"] == [True]
    if not (b or t):
        return None
    return (_and(
        (b if b != t else None),
        (True if {"relapse", "recurrence"} & set(found["status"]) else None),
        _age_reached(found["born"]),
        _ph_negative(found["fusion"], found["karyotype"]),
        _cd19_kept(found["flow"]),
    ),)  # fmt: skip


def _and(*values: bool | None) -> bool | None:
    return False if False in values else None if None in values else True


def _age_reached(born: list[str]) -> bool | None:
    if not born:
        return None
    day, today = date.fromisoformat(str(born[0])), date.today()  # noqa: DTZ011
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day)) >= 15


def _ph_negative(fusion: list[str], karyotype: list[str]) -> bool | None:
    if karyotype or {"detected", "positive"} & set(fusion):
        return False
    return True if {"not detected", "negative"} & set(fusion) else None


def _cd19_kept(flow: list[str]) -> bool | None:
    for report in flow:
        kept, _, lost = report.partition("negative for")
        if "CD19" in lost:
            return False
        if "CD19" in kept:
            return True
    return None
