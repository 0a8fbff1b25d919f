"""The same answer from a real FHIR server as from prefetch. Runs where ``FHIR_SERVER_FOR_TESTS`` holds its address.

``npm install && npm start`` in ``tests/fhir-server`` starts one at http://127.0.0.1:8182/fhir/R4.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

import pytest
import requests

from fhir_examples.request import day_of, names, request_of
from service.app import create_app
from service.hooks.contract import KeyState
from service.hooks.fhir_access import FhirClient, Limits, Wanted
from service.hooks.servers import AllowedServers
from service.settings import Settings
from tests.test_examples import bundle

SERVER = os.environ.get("FHIR_SERVER_FOR_TESTS", "")
LIMITS = Limits(deadline=30.0, timeout=30.0)
pytestmark = pytest.mark.skipif(not SERVER, reason="FHIR_SERVER_FOR_TESTS names no FHIR server")
EXAMPLES = [name for name in names() if name.startswith(("relapsed", "asparaginase", "child"))]


def new_id(name: str, reference: str) -> str:
    """The server takes UUIDs only."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{reference}"))


def stored(name: str) -> dict[str, Any]:
    """An example with ids that the server takes, after it took them."""
    found = bundle(name)
    text = json.dumps(found)
    for entry in found["entry"]:
        kind, own = entry["resource"]["resourceType"], entry["resource"]["id"]
        text = text.replace(f'"{kind}/{own}"', f'"{kind}/{new_id(name, f"{kind}/{own}")}"')
    found = json.loads(text)
    for entry in found["entry"]:
        row = entry["resource"]
        row["id"] = new_id(name, f"{row['resourceType']}/{row['id']}")
        if row["resourceType"] == "MedicationAdministration" and set(row.get("dosage", {})) <= {"text", "route"}:
            row.pop("dosage", None)  # the server holds to the invariant that a dosage has an amount
        taken = requests.put(f"{SERVER}/{row['resourceType']}/{row['id']}", json=row, timeout=30)
        assert taken.ok, taken.text
    return dict(found)


def ask(name: str, request: dict[str, Any], post: bool = False) -> Any:
    limits = Limits(deadline=30.0, timeout=30.0, post=post)
    app = create_app(Settings(open_mode=True, as_of=day_of(name), fhir=limits))
    answer = app.test_client().post("/cds-services/allcue-patient-view", json=request)
    assert answer.status_code == 200
    return [{**card, "uuid": None} for card in answer.json["cards"]]


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_reading_says_what_prefetch_says(name: str, post: bool) -> None:
    request = request_of(stored(name), name)
    sent = ask(name, request)
    assert sent
    read = {**request, "prefetch": {}, "fhirServer": SERVER}
    assert ask(name, read, post) == sent


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_what_a_real_server_answers(post: bool) -> None:
    name = "relapsed-ph-positive-t315i"
    found = stored(name)
    patient = request_of(found, name)["context"]["patientId"]
    rows = [entry["resource"]["resourceType"] for entry in found["entry"]]
    limits = Limits(deadline=30.0, timeout=30.0, post=post)
    reader = FhirClient(AllowedServers(open_loopback=True), limits).reader(SERVER, None)
    assert reader is not None
    queries = {
        "all": f"Observation?patient={patient}",
        "few": f"Observation?patient={patient}&_count=2",
        "none": f"CarePlan?patient={patient}",
        "subject": f"AdverseEvent?subject=Patient/{patient}",
        "nobody": "Patient/00000000-0000-4000-8000-000000000000",
        "odd": f"Observation?patient={patient}&no-such-parameter=1",
    }
    read = reader.read([Wanted(key, query) for key, query in queries.items()])
    assert read["all"].state is KeyState.PROVIDED
    assert len(read["all"].resources) == rows.count("Observation")
    # This server gives no links to further pages: the count alone tells that there is more.
    assert (read["few"].state, len(read["few"].resources)) == (KeyState.PARTIAL, 2)
    assert read["none"].state is KeyState.EMPTY
    assert read["subject"].state is KeyState.EMPTY
    assert read["nobody"].state is KeyState.FAILED
    assert "status 404, error not-found" in (read["nobody"].detail or "")
    assert read["odd"].state in (KeyState.FAILED, KeyState.PROVIDED, KeyState.EMPTY)
