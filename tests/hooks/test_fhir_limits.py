"""What may be asked of a FHIR server and how: scopes, expiry, addresses, statuses, POST, kept connections, the patient."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Any

import pytest

from service.hooks.connections import Reachable
from service.hooks.contract import KeyState, Prefetched
from service.hooks.fhir_access import FhirClient, Limits, Wanted
from service.hooks.scopes import Scopes
from service.hooks.servers import AllowedServers
from service.settings import Settings
from tests.hooks.fhir_server import Answer, FakeFhir, fake_fhir, faster_than
from tests.hooks.support import (
    CONDITION,
    EMPTY_BUNDLE,
    OBSERVATION,
    OUTCOME,
    PATIENT,
    Recorder,
    app_of,
    body,
    issue_of,
    post,
    searchset,
)

S = KeyState
TOKEN = "token-of-this-call"
CONDITIONS = "Condition?patient=p1"
OBSERVATIONS = "Observation?patient=p1&code=http://loinc.org%7C6690-2"
LIMITS = Limits(deadline=5.0, timeout=5.0)


@pytest.fixture
def fhir() -> Iterator[FakeFhir]:
    with fake_fhir(keep=True) as server:
        server.answers = {
            "Patient/p1": Answer(PATIENT),
            CONDITIONS: Answer(searchset(CONDITION)),
            OBSERVATIONS: Answer(searchset(OBSERVATION)),
        }
        yield server


def call(server: FakeFhir, prefetch: Any = None, limits: Limits = LIMITS, **token: Any) -> tuple[Any, Recorder]:
    """A call with a token of which more is said."""
    engine = Recorder()
    settings = Settings(open_mode=True, fhir_servers=(server.url,), fhir=limits)
    authorization = {"access_token": TOKEN, "token_type": "Bearer", **token}
    return post(
        app_of(engine, settings), body(prefetch=prefetch, fhirServer=server.url, fhirAuthorization=authorization)
    ), engine


def read(server: FakeFhir, *queries: str, limits: Limits = LIMITS, **token: Any) -> list[Prefetched]:
    reader = FhirClient(AllowedServers.of([server.url]), limits).reader(server.url, TOKEN, **token)
    assert reader is not None
    found = reader.read([Wanted(query, query) for query in queries])
    return [found[query] for query in queries]


# Scopes


LEAVE = [
    # scope, read of the Patient, search of Observations; + all, ~ a part, - nothing
    ("patient/*.read", "+", "+"),
    ("patient/*.*", "+", "+"),
    ("patient/*.write", "-", "-"),
    ("user/Observation.read", "-", "+"),
    ("system/*.rs", "+", "+"),
    ("patient/*.r", "+", "-"),
    ("patient/*.s", "-", "+"),
    ("patient/Patient.r patient/Observation.rs launch openid fhirUser", "+", "+"),
    ("patient/*.cruds", "+", "+"),
    ("patient/*.cud", "-", "-"),
    ("patient/Patient.rs patient/Observation.rs?category=laboratory", "+", "~"),
    ("patient/*.rs?category=laboratory", "~", "~"),
    ("patient/Observation.rs?category=laboratory patient/*.rs", "+", "+"),
    ("patient/Observation.rs?category=laboratory patient/*.r", "+", "~"),
    ("patient/Observation.rs?", "-", "~"),
    ("launch openid profile launch/patient offline_access", "-", "-"),
    ("patient/observation.read", "+", "+"),  # none that is understood: the server decides
    ("https://ehr.example.org/auth/everything", "+", "+"),
    ("https://ehr.example.org/auth/everything patient/Condition.rs", "-", "-"),
    ("", "+", "+"),
    (None, "+", "+"),
    (["patient/Patient.rs"], "+", "+"),
]


@pytest.mark.parametrize(("scope", "patient", "observations"), LEAVE)
def test_what_a_token_may_read(scope: Any, patient: str, observations: str) -> None:
    scopes = Scopes.of(scope)
    for query, expected in (("Patient/p1", patient), (OBSERVATIONS, observations)):
        leave = scopes.leave(query)
        assert ("-" if leave.refused else "~" if leave.limited else "+") == expected


def test_what_a_token_may_not_read_is_not_asked_for(fhir: FakeFhir) -> None:
    _, engine = call(fhir, scope="patient/Patient.read patient/Condition.read")
    assert engine.states == {"patient": S.PROVIDED, "conditions": S.PROVIDED, "observations": S.ABSENT}
    assert engine.keys["observations"].detail == "not asked for: the access token does not cover Observation"
    assert fhir.paths == [f"/fhir/{CONDITIONS}", "/fhir/Patient/p1"]


@pytest.mark.parametrize(("answer", "state"), [(searchset(OBSERVATION), S.PARTIAL), (EMPTY_BUNDLE, S.FAILED)])
def test_a_token_for_a_part_never_gives_all(fhir: FakeFhir, answer: Any, state: KeyState) -> None:
    fhir.answers[OBSERVATIONS] = Answer(answer)
    _, engine = call(fhir, scope="patient/*.r patient/Condition.s patient/Observation.rs?category=laboratory")
    assert engine.states == {"patient": S.PROVIDED, "conditions": S.PROVIDED, "observations": state}
    assert "a part of Observation (by category)" in (engine.keys["observations"].detail or "")


def test_a_required_key_that_the_token_does_not_cover(fhir: FakeFhir) -> None:
    response, _ = call(fhir, scope="patient/Condition.rs")
    assert response.status_code == 412
    assert "does not cover Patient" in issue_of(response)["diagnostics"]
    assert fhir.asked == []


def test_a_sent_first_page_is_kept_where_the_token_does_not_cover_more(fhir: FakeFhir) -> None:
    first = searchset(OBSERVATION, next_url=f"{fhir.url}/page?2")
    _, engine = call(fhir, {"patient": PATIENT, "conditions": None, "observations": first}, scope="patient/Patient.rs")
    assert engine.keys["observations"].resources == (OBSERVATION,)
    assert engine.states["observations"] is S.PARTIAL
    assert fhir.asked == []


# Expiry


@pytest.mark.parametrize("expires_in", [0, -5, "0", 0.0])
def test_an_expired_token_is_not_sent(fhir: FakeFhir, expires_in: Any) -> None:
    response, _ = call(fhir, expires_in=expires_in)
    assert response.status_code == 412
    assert "the access token expired" in issue_of(response)["diagnostics"]
    assert fhir.asked == []


@pytest.mark.parametrize("expires_in", [300, "300", "soon", None, True, 1e300, [300]])
def test_a_token_that_lives_long_enough(fhir: FakeFhir, expires_in: Any) -> None:
    assert call(fhir, expires_in=expires_in)[1].states["patient"] is S.PROVIDED


def test_reading_ends_with_the_token(fhir: FakeFhir) -> None:
    fhir.answers[CONDITIONS] = Answer(searchset(CONDITION), wait=8.0)
    with faster_than(4.0):
        (found,) = read(fhir, CONDITIONS, limits=replace(LIMITS, deadline=8.0, timeout=8.0), expires_in=0.3)
    assert (found.state, found.detail) == (S.FAILED, "not read: the access token expired")


# Statuses


STATUSES = {
    400: "did not understand", 401: "did not accept the access token", 403: "does not allow", 404: "no such resource",
    406: "FHIR JSON", 410: "deleted", 414: "too long", 418: "otherwise than asked", 429: "no more questions",
    500: "it failed", 502: "it failed", 503: "not available", 504: "did not answer in time", 204: "otherwise",
    206: "otherwise", 301: "not followed", 304: "not followed",
}  # fmt: skip


@pytest.mark.parametrize(("status", "words"), STATUSES.items())
def test_every_status_has_its_reason(fhir: FakeFhir, status: int, words: str) -> None:
    said = {"resourceType": "OperationOutcome", "issue": [
        {"severity": "error", "code": "forbidden", "diagnostics": "Maria Muster", "details": {"text": "Maria"}},
    ]}  # fmt: skip
    answer = b"" if status in (204, 304) else said
    fhir.answers[CONDITIONS] = Answer(answer, status, {"Content-Type": "application/fhir+json", "Location": "/x"})
    (found,) = read(fhir, CONDITIONS)
    assert (found.state, found.resources) == (S.FAILED, ())
    detail = found.detail or ""
    assert words in detail
    assert f"status {status}" in detail
    assert ("error forbidden" in detail) == bool(answer)
    assert "Maria" not in detail
    assert len(fhir.asked) == 1


def later(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("status", "after", "asked"),
    [(429, "0", 2), (429, "1", 2), (503, "0", 2), (429, -60, 2), (429, "60", 1), (429, 600, 1),
     (429, "", 1), (429, "soon", 1), (429, "-1", 1), (429, "9" * 50, 1), (500, "0", 1), (403, "0", 1)],
)  # fmt: skip
def test_retry_after(fhir: FakeFhir, status: int, after: str | int, asked: int) -> None:
    """Seconds as text, or a date, here told by how far it is from now."""
    after = later(after) if isinstance(after, int) else after
    fhir.answers[CONDITIONS] = [Answer(OUTCOME, status, {"Retry-After": after}), Answer(searchset(CONDITION))]
    (found,) = read(fhir, CONDITIONS, limits=replace(LIMITS, deadline=10.0))
    assert len(fhir.asked) == asked
    assert found.state is (S.PROVIDED if asked == 2 else S.FAILED)


def test_a_server_that_always_says_later(fhir: FakeFhir) -> None:
    fhir.answers[CONDITIONS] = Answer(OUTCOME, 429, {"Retry-After": "0"})
    (found,) = read(fhir, CONDITIONS)
    assert found.state is S.FAILED
    assert len(fhir.asked) == 3


# POST


POST = replace(LIMITS, post=True)


def test_post_search_keeps_the_patient_out_of_the_address(fhir: FakeFhir) -> None:
    query = OBSERVATIONS.partition("?")[2]
    fhir.answers["Observation/_search " + query] = Answer(searchset(OBSERVATION, next_url="page?2"))
    fhir.answers["page?2"] = Answer(searchset({**OBSERVATION, "id": "o2"}))
    found, patient = read(fhir, OBSERVATIONS, "Patient/p1", limits=POST)
    assert (found.state, len(found.resources)) == (S.PROVIDED, 2)
    assert patient.state is S.PROVIDED
    asked = dict(fhir.asked)
    assert asked["/fhir/Observation/_search " + query]["Content-Type"] == "application/x-www-form-urlencoded"
    assert set(asked) == {"/fhir/Observation/_search " + query, "/fhir/page?2", "/fhir/Patient/p1"}


@pytest.mark.parametrize(("status", "falls_back"), [(405, True), (501, True), (404, False), (403, False), (500, False)])
def test_servers_without_post_are_asked_with_get(fhir: FakeFhir, status: int, falls_back: bool) -> None:
    fhir.answers["Condition/_search patient=p1"] = Answer(OUTCOME, status)
    client = FhirClient(AllowedServers.of([fhir.url]), POST)
    for _ in range(2):
        reader = client.reader(fhir.url, TOKEN)
        assert reader is not None
        found = reader.read([Wanted("c", CONDITIONS)])["c"]
        assert found.state is (S.PROVIDED if falls_back else S.FAILED)
    tried = "/fhir/Condition/_search patient=p1"
    got = f"/fhir/{CONDITIONS}"
    assert [path for path, _ in fhir.asked] == ([tried, got, got] if falls_back else [tried, tried])


# Pages


def test_large_pages_are_asked_for(fhir: FakeFhir) -> None:
    own = "Condition?patient=p1&_count=5"
    fhir.answers[own] = Answer(searchset(CONDITION))
    read(fhir, CONDITIONS, own, "Patient/p1")
    assert fhir.sized == [f"/fhir/{CONDITIONS}"]
    read(fhir, CONDITIONS, limits=replace(LIMITS, page_size=0))
    assert fhir.sized == [f"/fhir/{CONDITIONS}"]


# Connections


def test_connections_are_kept_and_shared(fhir: FakeFhir) -> None:
    client = FhirClient(AllowedServers.of([fhir.url]), LIMITS)
    for _ in range(5):
        reader = client.reader(fhir.url, TOKEN)
        assert reader is not None
        for query in ("Patient/p1", CONDITIONS):
            assert reader.read([Wanted("k", query)])["k"].state is S.PROVIDED
    assert len(fhir.asked) == 10
    assert fhir.connections == 1


def test_a_token_stays_with_its_call(fhir: FakeFhir) -> None:
    client = FhirClient(AllowedServers(open_loopback=True), LIMITS)
    for token in ("first", None, "third"):
        reader = client.reader(fhir.url, token)
        assert reader is not None
        reader.read([Wanted("k", "Patient/p1")])
    assert [headers.get("Authorization") for _, headers in fhir.asked] == ["Bearer first", None, "Bearer third"]


def test_keys_are_read_at_the_same_time(fhir: FakeFhir) -> None:
    """Each takes 0.5 s; the six together would outlast the deadline if one waited for the other."""
    queries = [f"Condition?patient={i}" for i in range(6)]
    fhir.answers |= {query: Answer(searchset(CONDITION), wait=0.5) for query in queries}
    assert {found.state for found in read(fhir, *queries, limits=replace(LIMITS, deadline=2.4))} == {S.PROVIDED}


def test_one_deadline_for_all_reads_of_a_call(fhir: FakeFhir) -> None:
    """The required keys take most of the time; what is left for the others is not the whole deadline again."""
    fhir.answers["Patient/p1"] = Answer(PATIENT, wait=0.5)
    fhir.answers[OBSERVATIONS] = Answer(searchset(OBSERVATION), wait=1.2)
    _, engine = call(fhir, limits=replace(LIMITS, deadline=1.5))
    assert engine.states["patient"] is S.PROVIDED
    assert engine.states["observations"] is S.FAILED


ADDRESSES = [
    ("ehr.example.org", "93.184.216.34", True),
    ("ehr.example.org", "2606:2800:220:1::1", True),
    *[("ehr.example.org", address, False) for address in (
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1",
    )],
    ("localhost", "127.0.0.1", True), ("localhost", "::1", True), ("localhost", "10.0.0.1", False),
    ("localhost", "93.184.216.34", False),
    ("10.1.2.3", "10.1.2.3", True), ("fd00::1", "fd00::1", True), ("127.0.0.1", "127.0.0.1", True),
]  # fmt: skip


@pytest.mark.parametrize(("host", "address", "allowed"), ADDRESSES)
def test_where_a_name_may_lead(host: str, address: str, allowed: bool) -> None:
    assert Reachable().allows(host, ip_address(address)) is allowed


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("10.20.3.4", True), ("10.21.0.1", False), ("::ffff:10.20.0.1", True), ("fd00:1::5", True), ("169.254.169.254", False),
     ("93.184.216.34", True)],
)  # fmt: skip
def test_networks_of_a_site(address: str, allowed: bool) -> None:
    reachable = Reachable.of(["10.20.0.0/16", "fd00:1::/32", "169.254.0.0/16"])
    assert reachable.allows("fhir.hospital.example", ip_address(address)) is allowed


class Resolver:
    """Stands in for name resolution: each question gets the next answer."""

    def __init__(self, *answers: str):
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        address = self.answers.pop(0)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 0, "", (address, port))]


def named(server: FakeFhir) -> FakeFhir:
    return replace(server, url=server.url.replace("127.0.0.1", "ehr.example.org"))


def test_a_name_that_leads_to_this_machine_is_not_followed(fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.hooks.connections.socket.getaddrinfo", Resolver("127.0.0.1"))
    (found,) = read(named(fhir), CONDITIONS)
    assert found.state is S.FAILED
    assert "not public" in (found.detail or "")
    assert fhir.asked == []


def test_the_address_that_was_checked_is_the_one_connected_to(fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its answer (DNS rebinding) is asked once for each connection."""
    resolver = Resolver("127.0.0.1", "192.168.1.1")
    monkeypatch.setattr("service.hooks.connections.socket.getaddrinfo", resolver)
    (found,) = read(named(fhir), CONDITIONS, limits=replace(LIMITS, networks=("127.0.0.0/8",)))
    assert found.state is S.PROVIDED
    assert resolver.asked == 1
    assert fhir.asked[0][1]["Host"].startswith("ehr.example.org:")


def test_a_name_that_cannot_be_resolved(fhir: FakeFhir, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("service.hooks.connections.socket.getaddrinfo", fail)
    (found,) = read(named(fhir), CONDITIONS)
    assert "could not be resolved" in (found.detail or "")


def test_pages_outside_of_the_allowed_path_are_not_read(fhir: FakeFhir) -> None:
    origin = fhir.url.removesuffix("/fhir")
    for link in (
        f"{origin}/admin?page=2",
        f"{origin}/fhir/..;/admin",
        f"{origin}/fhir/%2e%2e/admin",
        "../admin?page=2",
    ):
        fhir.answers[CONDITIONS] = Answer(searchset(CONDITION, next_url=link))
        (found,) = read(fhir, CONDITIONS)
        assert found.state is S.PARTIAL
        assert "next page" in (found.detail or "")
    assert {path for path, _ in fhir.asked} == {f"/fhir/{CONDITIONS}"}


# The patient


@pytest.mark.parametrize(
    ("patient", "status"),
    [({**PATIENT, "id": "p2"}, 400), (searchset({**PATIENT, "id": "p2"}), 400), ({"resourceType": "Patient"}, 200),
     (searchset(PATIENT, {**PATIENT, "id": "former"}), 200), ({**PATIENT, "id": ""}, 200)],
)  # fmt: skip
def test_the_sent_patient_is_the_one_of_the_context(fhir: FakeFhir, patient: Any, status: int) -> None:
    response, engine = call(fhir, {"patient": patient, "conditions": None, "observations": None})
    assert response.status_code == status
    if status == 400:
        assert issue_of(response)["expression"] == ["CDSHooksRequest.prefetch.patient"]
        assert "another patient" in issue_of(response)["diagnostics"]
        assert engine.asked == []
        assert fhir.asked == []


def test_the_patient_that_was_read_is_the_one_of_the_context(fhir: FakeFhir) -> None:
    fhir.answers["Patient/p1"] = Answer({**PATIENT, "id": "p2"})
    response, engine = call(fhir)
    assert response.status_code == 412
    assert "another patient" in issue_of(response)["diagnostics"]
    assert engine.asked == []


def test_a_token_for_another_patient_is_not_used(fhir: FakeFhir) -> None:
    response, _ = call(fhir, patient="p2")
    assert response.status_code == 400
    assert fhir.asked == []


@pytest.mark.parametrize("identifier", ["..", ".", "%2e%2e"])
def test_an_id_does_not_lead_elsewhere(fhir: FakeFhir, identifier: str) -> None:
    engine = Recorder()
    settings = Settings(open_mode=True, fhir_servers=(fhir.url,), fhir=LIMITS)
    request = body(
        context={"userId": "Practitioner/u1", "patientId": identifier},
        prefetch=None,
        fhirServer=fhir.url,
        fhirAuthorization={"access_token": TOKEN, "token_type": "Bearer"},
    )
    assert post(app_of(engine, settings), request).status_code == 412
    assert all(path.startswith("/fhir/Patient/%25") for path, _ in fhir.asked)


def test_reading_less_than_was_sent_keeps_what_was_sent(fhir: FakeFhir) -> None:
    more = [{**OBSERVATION, "id": str(i)} for i in range(3)]
    fhir.answers[OBSERVATIONS] = Answer(searchset(OBSERVATION, total=9))
    _, engine = call(fhir, {"patient": PATIENT, "conditions": None, "observations": searchset(*more, total=9)})
    assert len(engine.keys["observations"].resources) == 3
    assert engine.states["observations"] is S.PARTIAL


def test_reasons_are_logged_without_values(fhir: FakeFhir, caplog: pytest.LogCaptureFixture) -> None:
    fhir.answers[OBSERVATIONS] = Answer(OUTCOME, 403)
    with caplog.at_level("INFO"):
        call(fhir)
    line = json.loads(next(record for record in caplog.records if record.name == "allcue.calls").getMessage())
    assert list(line["reasons"]) == ["observations"]
    assert "status 403" in line["reasons"]["observations"]
    assert "p1" not in caplog.text
