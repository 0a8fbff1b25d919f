"""A service of no disease with an engine that records what it was asked, and calls of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from service.app import create_app
from service.hooks.contract import Invocation, KeyState, Prefetched, ServiceDefinition
from service.settings import Settings

HOOK_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
VIEW = ServiceDefinition(
    id="view",
    hook="patient-view",
    title="View",
    description="Looks at a chart",
    prefetch={
        "patient": "Patient/{{context.patientId}}",
        "conditions": "Condition?patient={{context.patientId}}",
        "observations": "Observation?patient={{context.patientId}}&code=http://loinc.org|6690-2",
    },
    required=frozenset({"patient"}),
    resource_types={"patient": ("Patient",), "conditions": ("Condition",), "observations": ("Observation",)},
    usage_requirements="None",
)
SELECT = ServiceDefinition(id="select", hook="order-select", title="Select", description="Looks at orders")
CARD = {"summary": "Something to know", "indicator": "info", "source": {"label": "A source"}}

PATIENT = {"resourceType": "Patient", "id": "p1"}
CONDITION = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}}
OBSERVATION = {"resourceType": "Observation", "id": "o1", "subject": {"reference": "Patient/p1"}}
EMPTY_BUNDLE = {"resourceType": "Bundle", "type": "searchset", "total": 0}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def searchset(*resources: Any, next_url: str | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", **more}
    found["entry"] = [{"fullUrl": f"https://ehr.example.org/{i}", "resource": r} for i, r in enumerate(resources)]
    if next_url is not None:
        found["link"] = [{"relation": "self", "url": "x"}, {"relation": "next", "url": next_url}]
    return found


def body(**more: Any) -> dict[str, Any]:
    """A valid call of `VIEW` with all keys; ``more`` replaces members, None takes them out."""
    found = {
        "hook": "patient-view",
        "hookInstance": HOOK_INSTANCE,
        "context": {"userId": "Practitioner/u1", "patientId": "p1"},
        "prefetch": {
            "patient": PATIENT,
            "conditions": searchset(CONDITION),
            "observations": searchset(OBSERVATION),
        },
    }
    found.update(more)
    return {name: value for name, value in found.items() if value is not None}


@dataclass
class Recorder:
    """An engine that asks for every key, keeps its invocations and gives the answer it was told to give."""

    answer: Mapping[str, Any] = field(default_factory=lambda: {"cards": [CARD]})
    asked: list[Invocation] = field(default_factory=list)
    curious: bool = True

    def __call__(self, invocation: Invocation) -> Mapping[str, Any]:
        self.asked.append(invocation)
        if self.curious:
            assert len(dict(invocation.prefetched)) == len(invocation.prefetched)
        return self.answer

    @property
    def keys(self) -> Mapping[str, Prefetched]:
        return self.asked[-1].prefetched

    @property
    def states(self) -> dict[str, KeyState]:
        return {key: found.state for key, found in self.keys.items()}


def app_of(
    engine: Any = None, settings: Settings | None = None, services: Sequence[ServiceDefinition] = (VIEW, SELECT)
) -> Flask:
    return create_app(settings or Settings(), engine or Recorder(), services)


def post(app: Flask, request: Any, service: str = "view", **more: Any) -> Any:
    """POST a body (JSON values are dumped, bytes are sent as they are)."""
    data = request if isinstance(request, bytes) else json.dumps(request).encode()
    return app.test_client().post(f"/cds-services/{service}", data=data, **{"content_type": "application/json", **more})


def issue_of(response: Any) -> dict[str, Any]:
    """The first issue of an OperationOutcome answer, checked for what every issue has."""
    assert response.json["resourceType"] == "OperationOutcome"
    for issue in response.json["issue"]:
        assert issue["severity"] == "error"
        assert issue["code"]
        assert issue["diagnostics"]
    return dict(response.json["issue"][0])
