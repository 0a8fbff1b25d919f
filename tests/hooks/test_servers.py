"""Addresses of FHIR servers and the filling of templates."""

from __future__ import annotations

from typing import Any

import pytest

from service.hooks.servers import AllowedServers, is_loopback, origin_of, parse_base
from service.hooks.tokens import render

NOT_ADDRESSES = [
    "", "ehr.example.org", "ftp://ehr.example.org", "https://", "https://u@ehr.example.org", "https://u:p@ehr.example.org",
    "https://ehr.example.org:port", "https://ehr.example.org:99999", "https://ehr.example.org\\@x.org",
    "https://ehr.example.org/a b", "https://ehr.example.org/\n", "https://ehr.example.org/fhir/../admin",
    "https://ehr.example.org/%2e%2e/admin", "https://ehr.example.org/%252e%252e/admin", "https://[::1",
]  # fmt: skip


@pytest.mark.parametrize("url", NOT_ADDRESSES)
def test_what_is_no_address(url: str) -> None:
    assert parse_base(url) is None
    assert origin_of(url) is None


@pytest.mark.parametrize("url", ["https://ehr.example.org/fhir?x=1", "https://ehr.example.org/fhir#x"])
def test_a_base_has_no_query(url: str) -> None:
    assert parse_base(url) is None
    assert origin_of(url) == ("https", "ehr.example.org", 443)


ALLOWED = AllowedServers.of(["https://ehr.example.org/fhir/r4", "http://lab.example.org:8080"])
MAY_READ = {
    "https://ehr.example.org/fhir/r4": True,
    "https://EHR.example.org:443/fhir/r4/": True,
    "https://ehr.example.org/fhir/r4/tenant": True,
    "https://ehr.example.org/fhir/r4b": False,
    "https://ehr.example.org/fhir": False,
    "http://ehr.example.org/fhir/r4": False,
    "https://ehr.example.org:8443/fhir/r4": False,
    "https://ehr.example.org.evil.org/fhir/r4": False,
    "https://ehr.example.org@evil.org/fhir/r4": False,
    "http://lab.example.org:8080": True,
    "http://lab.example.org:8080/any": True,
    "http://lab.example.org": False,
    "http://127.0.0.1/fhir": False,
}


@pytest.mark.parametrize(("url", "may"), MAY_READ.items())
def test_allow_list(url: str, may: bool) -> None:
    assert ALLOWED.may_read(url, "token") is may
    assert ALLOWED.may_read(url, None) is False


def test_open_loopback() -> None:
    opened = AllowedServers(open_loopback=True)
    assert opened.may_read("http://localhost:8080/fhir", None)
    assert opened.may_read("http://[::1]:8080/fhir", "token")
    assert not opened.may_read("https://ehr.example.org/fhir", "token")


def test_allow_list_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"ehr\.example"):
        AllowedServers.of(["https://a.example.org", "ehr.example"])


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("", False),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("localhost.example.org", False)],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


CONTEXT: dict[str, Any] = {
    "patientId": "p 1/x?y&z", "userId": "Practitioner/u1", "n": 7, "yes": True, "list": ["a"], "empty": "", "none": None,
}  # fmt: skip
TEMPLATES = {
    "Patient/{{context.patientId}}": "Patient/p%201%2Fx%3Fy%26z",
    "A?x={{ context.n }}&y={{context.yes}}": "A?x=7&y=true",
    "Practitioner/{{userPractitionerId}}": "Practitioner/u1",
    "A?x=1": "A?x=1",
    "Patient/{{userPatientId}}": None,
    "A/{{context.list}}": None,
    "A/{{context.empty}}": None,
    "A/{{context.none}}": None,
    "A/{{context.missing}}": None,
    "A/{{patientId}}": None,
    "A/{{today()}}": None,
}


@pytest.mark.parametrize(("template", "query"), TEMPLATES.items())
def test_render(template: str, query: str | None) -> None:
    assert render(template, CONTEXT) == query


@pytest.mark.parametrize(
    ("user", "query"),
    [("https://ehr.example.org/PractitionerRole/r1", "R/r1"), ("Practitioner/r1", None), ("r1", None), (None, None)],
)
def test_user_tokens_go_by_type(user: str | None, query: str | None) -> None:
    assert render("R/{{userPractitionerRoleId}}", {"userId": user} if user else {}) == query
