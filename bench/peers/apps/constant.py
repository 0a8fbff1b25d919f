"""Constant cards. ``flask_app``: the body parsed by Flask; ``typed_app``: and each resource by fhir.resources."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from flask import Flask, request

CARD = {"summary": "constant", "indicator": "info", "source": {"label": "constant"}, "detail": "x" * 4900}


def _app(libraries: tuple[str, ...]) -> Flask:
    app = Flask(__name__)
    app.get("/versions")(lambda: {name: version(name) for name in libraries})
    return app


flask_app = _app(("flask", "gunicorn"))
typed_app = _app(("fhir.resources", "flask", "gunicorn"))


@flask_app.post("/cds-services/constant")
def parsed() -> dict[str, Any]:
    """Parse the body, look at the hook."""
    told = request.get_json()
    assert told["hook"] == "patient-view"
    return {"cards": [CARD]}


@typed_app.post("/cds-services/constant")
def typed() -> dict[str, Any]:
    """Parse the body and every resource in it into its R4B model."""
    from fhir.resources.R4B import get_fhir_model_class

    for value in request.get_json()["prefetch"].values():
        rows = [entry["resource"] for entry in value["entry"]] if value["resourceType"] == "Bundle" else [value]
        for row in rows:
            get_fhir_model_class(row["resourceType"]).model_validate(row)
    return {"cards": [CARD]}
