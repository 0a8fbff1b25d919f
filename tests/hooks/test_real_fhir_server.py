"""Reading from a real FHIR server: what the prefetch templates bring, and the same cards as from prefetch.

`make test` installs the server (`tests/fhir-server`), a fixture starts it. ``FHIR_SERVER_FOR_TESTS=<base>`` asks a server that
runs already. It gives no links to further pages and takes any token: for those there are servers of our own
(`test_fhir_access.py`, `test_fhir_limits.py`, `test_hostile_server.py`).
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_examples.request import day_of, names, request_of
from service.app import create_app
from service.hooks.contract import KeyState, Prefetched
from service.hooks.fhir_access import FhirClient, Limits, Wanted
from service.hooks.medications import Missing, read_medications
from service.hooks.servers import AllowedServers
from service.hooks.templates import read_templates
from service.services import SERVICES
from service.settings import Settings
from tests.hooks.real_fhir import RealFhir, real_fhir, why_not
from tests.test_hooks import CONTEXT, collection, order

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "none")
Raw = dict[str, Any]
LIMITS = {post: Limits(deadline=60.0, timeout=60.0, post=post) for post in (False, True)}
TEMPLATES = sorted({template for service in SERVICES for template in service.prefetch.values()})
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
RELAPSED = "relapsed-ph-positive-t315i"
# What is ordered: a route that kills, a drug beside what is being given, and nothing that matters.
ORDERS = {
    "new-ph-negative-adult-50": "vincristine 2 mg intrathecal",
    "asparaginase-pancreatitis-grade-3": "pegaspargase 2500 IU/m2",
    RELAPSED: "dasatinib 140 mg",
    "not-a-leukemia-patient": "vincristine 2 mg intrathecal",
}


@pytest.fixture(scope="module")
def fhir() -> Iterator[RealFhir]:
    with real_fhir() as server:
        yield server


@cache
def client(day: date, post: bool) -> FlaskClient:
    return create_app(Settings(as_of=day, fhir=LIMITS[post])).test_client()


def cards(name: str, request: Raw, post: bool = False) -> Any:
    """Without uuids, which belong to the call."""
    answer = client(day_of(name), post).post(f"/cds-services/allcue-{request['hook']}", json=request)
    assert answer.status_code == 200, answer.data
    return [{**card, "uuid": None} for card in answer.json["cards"]]


def read(fhir: RealFhir, queries: dict[str, str], post: bool) -> dict[str, Prefetched]:
    reader = FhirClient(AllowedServers(open_loopback=True), LIMITS[post]).reader(fhir.url, None)
    assert reader is not None
    return dict(reader.read([Wanted(key, query) for key, query in queries.items()]))


def patient_of(bundle: Raw) -> str:
    (found,) = (e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    return str(found)


def of(bundle: Raw, patient: str, kind: str) -> list[Raw]:
    """Resources of a type that are the patient's, whoever else's lie in the example."""
    rows = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]
    whose = [(row.get("subject") or row.get("patient") or {}).get("reference") for row in rows]
    return [
        row for row, owner in zip(rows, whose, strict=True) if row["id"] == patient or owner == f"Patient/{patient}"
    ]


def ids(rows: Any) -> list[str]:
    return sorted(row["id"] for row in rows)


# What the templates bring


@pytest.mark.parametrize("name", names())
def test_every_template_brings_what_is_there(fhir: RealFhir, name: str) -> None:
    """Of every service, for every example: all resources of the patient, of that type, and no others. For some by POST too."""
    bundle = fhir.bundle(name)
    patient = patient_of(bundle)
    queries = {template: template.replace("{{context.patientId}}", patient) for template in TEMPLATES}
    for post in (False, True) if name in ORDERS else (False,):
        found = read(fhir, queries, post)
        for template in TEMPLATES:
            expected = ids(of(bundle, patient, re.split("[/?]", template)[0]))
            assert ids(found[template].resources) == expected, (template, post)
            assert found[template].state is (KeyState.PROVIDED if expected else KeyState.EMPTY), (template, post)


def codes(row: Raw, part: str) -> set[tuple[str, str]]:
    listed = row.get(part) if isinstance(row.get(part), list) else [row.get(part) or {}]
    return {
        (coding.get("system", ""), coding.get("code", "")) for each in listed or () for coding in each.get("coding", ())
    }


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_templates_of_a_site_bring_what_they_ask_for(fhir: RealFhir, post: bool, tmp_path: Path) -> None:
    """By code, status, category and date: the server's choice is compared with our own over the same resources."""
    bundle = fhir.bundle(RELAPSED)
    patient = patient_of(bundle)
    observations = of(bundle, patient, "Observation")
    counts = Counter(code for row in observations for code in codes(row, "code") if all(code))
    (system, code), _ = counts.most_common()[-1]
    category_system, category = sorted(pair for row in observations for pair in codes(row, "category"))[0]
    day = sorted(row["effectiveDateTime"][:10] for row in observations if "effectiveDateTime" in row)[
        len(observations) // 2
    ]
    chosen: dict[str, tuple[str, list[Raw]]] = {
        "by-code": (f"code={system}|{code}", [r for r in observations if (system, code) in codes(r, "code")]),
        "by-status": ("status=final", [r for r in observations if r["status"] == "final"]),
        "by-category": (
            f"category={category_system}|{category}",
            [r for r in observations if (category_system, category) in codes(r, "category")],
        ),
        "by-date": (f"date=ge{day}", [r for r in observations if r.get("effectiveDateTime", "")[:10] >= day]),
        "none": ("code=http://loinc.org|0-0", []),
    }
    file = tmp_path / "prefetch.yaml"
    file.write_text(
        "".join(
            f'{key}: "Observation?patient={{{{context.patientId}}}}&{asked}"\n' for key, (asked, _) in chosen.items()
        )
    )
    offered = read_templates(file, SERVICES)  # the subset that is allowed
    queries = {key: str(offered[key].query).replace("{{context.patientId}}", patient) for key in chosen}
    found = read(fhir, queries, post)
    for key, (asked, expected) in chosen.items():
        assert ids(found[key].resources) == ids(expected), asked
        assert bool(expected) == (key != "none"), asked
    assert len(chosen["by-code"][1]) < len(chosen["by-date"][1]) < len(observations)


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_what_a_real_server_answers(fhir: RealFhir, post: bool) -> None:
    bundle = fhir.bundle(RELAPSED)
    patient = patient_of(bundle)
    queries = {
        "few": f"Observation?patient={patient}&_count=2",
        "none": f"CarePlan?patient={patient}",
        "nobody": "Patient/00000000-0000-4000-8000-000000000000",
        "odd": f"Observation?patient={patient}&no-such-parameter=1",
    }
    found = read(fhir, queries, post)
    # No links to further pages: the count alone tells that there is more.
    assert (found["few"].state, len(found["few"].resources)) == (KeyState.PARTIAL, 2)
    assert found["none"].state is KeyState.EMPTY
    assert found["nobody"].state is KeyState.FAILED
    assert "status 404, error not-found" in (found["nobody"].detail or "")
    assert found["odd"].state in (KeyState.FAILED, KeyState.PROVIDED, KeyState.EMPTY)


# The same cards


def sent(fhir: RealFhir, name: str, hook: str = "patient-view", drafted: Raw | None = None) -> tuple[Raw, Raw]:
    """A call that brings all, Medications too, and the same that brings nothing. ``drafted``: of the order, in place of its text."""
    bundle = fhir.bundle(name)
    context = CONTEXT[hook]
    if hook == "order-sign":
        draft = order(
            name, ORDERS.get(name, ""), status="draft", subject={"reference": f"Patient/{patient_of(bundle)}"}
        )
        if drafted:
            draft = {key: value for key, value in draft.items() if not key.startswith("medication")} | drafted
        context = {"draftOrders": collection(draft)}
    request = request_of(bundle, name, hook, context)
    return request, {**{key: value for key, value in request.items() if key != "prefetch"}, "fhirServer": fhir.url}


def without_medications(value: Any) -> Any:
    """Prefetch as most EHRs send it: no Medication that another resource refers to."""
    if not isinstance(value, dict) or "entry" not in value:
        return value
    rows = [row for row in value["entry"] if row["resource"]["resourceType"] != "Medication"]
    return {**value, "entry": rows, "total": len(rows)}


@pytest.mark.parametrize("name", names())
def test_a_chart_is_read_as_it_is_sent(fhir: RealFhir, name: str) -> None:
    full, bare = sent(fhir, name)
    assert cards(name, bare) == cards(name, full)


@pytest.mark.parametrize("name", ["eot-surveillance", RELAPSED, "asparaginase-pancreatitis-grade-3"])
def test_a_chart_is_read_by_post(fhir: RealFhir, name: str) -> None:
    full, bare = sent(fhir, name)
    found = cards(name, bare, post=True)
    assert found
    assert found == cards(name, full, post=True)


@pytest.mark.parametrize("name", sorted(ORDERS))
def test_orders_are_judged_from_what_is_read(fhir: RealFhir, name: str) -> None:
    full, bare = sent(fhir, name, "order-sign")
    found = cards(name, bare)
    assert found == cards(name, full)
    assert bool(found) == (name != "not-a-leukemia-patient")


# Medications that are only referred to


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
@pytest.mark.parametrize("name", [name for name in names() if name.startswith("frey-luger-patient-2")])
def test_medications_that_are_referred_to_are_read(fhir: RealFhir, name: str, post: bool) -> None:
    """The same cards whether prefetch brings them or not; without a server to read, the cards are others."""
    full, _ = sent(fhir, name)
    lean = {**full, "prefetch": {key: without_medications(value) for key, value in full["prefetch"].items()}}
    expected = cards(name, full, post)
    assert expected
    assert cards(name, {**lean, "fhirServer": fhir.url}, post) == expected
    assert cards(name, lean, post) != expected


@contextmanager
def medications(fhir: RealFhir, *codes: Raw) -> Iterator[list[str]]:
    """The ids of Medications that are on the server until the block ends."""
    made = {str(uuid.uuid4()): {"resourceType": "Medication", "code": code} for code in codes}
    for own, row in made.items():
        assert fhir.session.put(f"{fhir.url}/Medication/{own}", json={**row, "id": own}, timeout=60).ok
    yield list(made)
    for own in made:
        assert fhir.session.delete(f"{fhir.url}/Medication/{own}", timeout=60).ok


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
def test_several_medications_are_searched_for_at_once(fhir: RealFhir, post: bool) -> None:
    client = FhirClient(AllowedServers(open_loopback=True), LIMITS[post])
    with medications(fhir, {"text": "A"}, {"text": "B"}, {"text": "C"}) as (first, second, other):
        asked = Missing((first, second, str(uuid.uuid4())))
        found = read_medications(asked, client.reader(fhir.url, None))
        query = f"Medication?_id={first},{second}"
        assert ids(read(fhir, {"both": query}, post)["both"].resources) == sorted((first, second))
    assert ids(found.resources) == sorted((first, second)) != [other]
    assert found.state is KeyState.PARTIAL
    assert "1 of 3 not read: " in (found.detail or "")
    assert "status 404" in (found.detail or "")


def test_a_draft_that_refers_to_a_medication_on_the_server_is_judged(fhir: RealFhir) -> None:
    """As one that names the drug itself; where the Medication is not there, the order is told as not checked."""
    name = RELAPSED
    code = {"coding": [{"system": RXNORM, "code": "475342"}], "text": "dasatinib"}
    plain = cards(name, sent(fhir, name, "order-sign", {"medicationCodeableConcept": code})[1])
    with medications(fhir, code) as (product,):
        for reference in (f"Medication/{product}", f"{fhir.url}/Medication/{product}"):
            referring = sent(fhir, name, "order-sign", {"medicationReference": {"reference": reference}})[1]
            assert cards(name, referring) == plain
    assert "asatinib" in str(plain)
    gone = cards(
        name, sent(fhir, name, "order-sign", {"medicationReference": {"reference": f"Medication/{product}"}})[1]
    )
    assert "asatinib" not in gone[0]["summary"]
    assert "could not be read" in str(gone)
