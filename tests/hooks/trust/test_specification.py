"""The specification's own example (CDS Hooks 2.0, "JWT Signing Algorithm", "Example"): keys, claims and token."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.hooks.trust.clients import Client, Clients
from service.hooks.trust.keys import read_key
from service.hooks.trust.replay import MemoryReplayGuard
from service.hooks.trust.sign import public_part, sign
from service.hooks.trust.verify import Refused, Verifier

PRIVATE = {
    "kty": "EC",
    "d": "SeFXUXda8UomZ8GFUl7HH_Oi15rIbfMcsWj9ecIsDR8kLbqsEz2CGNgwy_IcILxy",
    "use": "sig",
    "crv": "P-384",
    "kid": "example-kid",
    "x": "46SDH7Znh821wblCBglA61sNE9ZrHYKKt3qRtRTmSXyOI_FIGBLWrWa0GPUkDCEk",
    "y": "XMcRuuoGW7CXjQdy-F5i3FeBE0x9hPLdeFdSoDd3ELmx404tLX0VRRcqzAsPhXcI",
    "alg": "ES384",
}
CLAIMS = {
    "iss": "https://fhir-ehr.example.com/",
    "aud": "https://cds.example.org/cds-services/some-service",
    "exp": 1422568860,
    "iat": 1311280970,
    "jti": "ee22b021-e1b7-4611-ba5b-8eec6a33ac1e",
    "tenant": "2ddd6c3a-8e9a-44c6-a305-52111ad302a2",
}
TOKEN = (
    "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6ImV4YW1wbGUta2lkIiwiamt1IjoiaHR0cHM6Ly9maGlyLWVoci5leGFtcGxlLmNvbS9q"
    "d2tfdXJpIn0.eyJpc3MiOiJodHRwczovL2ZoaXItZWhyLmV4YW1wbGUuY29tLyIsImF1ZCI6Imh0dHBzOi8vY2RzLmV4YW1wbGUub3JnL2Nkcy1z"
    "ZXJ2aWNlcy9zb21lLXNlcnZpY2UiLCJleHAiOjE0MjI1Njg4NjAsImlhdCI6MTMxMTI4MDk3MCwianRpIjoiZWUyMmIwMjEtZTFiNy00NjExLWJh"
    "NWItOGVlYzZhMzNhYzFlIiwidGVuYW50IjoiMmRkZDZjM2EtOGU5YS00NGM2LWEzMDUtNTIxMTFhZDMwMmEyIn0.d1WfLjGRKlcWB94l9do4cM8R"
    "EXeYJLL6SGUBO8VHZhfM8mwKYP70EMxJ67War4TQblEpaQrp11wx5p7oPFm2ETYgCicS84vXWEIYTdjooZdooCSDf2L8-i4awdoUwiEb"
)
JKU = "https://fhir-ehr.example.com/jwk_uri"
THE_DAY_BEFORE = 1422568860 - 86400
REGISTERED = Client.model_validate(
    {"name": "example", "iss": CLAIMS["iss"], "jwks_urls": [JKU], "keys": [public_part(PRIVATE)]}
)
# The example is good for three and a half years, longer than a file may allow.
PATIENT = REGISTERED.model_copy(update={"max_lifetime_s": 1422568860 - 1311280970})


def verifier(client: Client, now: float) -> Verifier:
    return Verifier(Clients.of([client]), "https://cds.example.org", MemoryReplayGuard(), now=lambda: now)


def test_the_example_token_is_accepted_on_a_day_of_its_life() -> None:
    caller = verifier(PATIENT, THE_DAY_BEFORE).verify(f"Bearer {TOKEN}", "/cds-services/some-service")
    assert (caller.client, caller.issuer, caller.tenant) == ("example", CLAIMS["iss"], CLAIMS["tenant"])


@pytest.mark.parametrize(
    ("client", "now", "path", "reason"),
    [
        (PATIENT, 1422568860 + 60, "/cds-services/some-service", "expired 60 s ago"),
        (PATIENT, 1311280970 - 61, "/cds-services/some-service", "61 s in the future"),
        (PATIENT, THE_DAY_BEFORE, "/cds-services/another", "aud is"),
        (REGISTERED, THE_DAY_BEFORE, "/cds-services/some-service", "valid for 111287890 s"),
        (PATIENT.model_copy(update={"jwks_urls": ()}), THE_DAY_BEFORE, "/cds-services/some-service", "jku"),
        (PATIENT.model_copy(update={"tenants": ("other",)}), THE_DAY_BEFORE, "/cds-services/some-service", "tenant"),
    ],
)
def test_the_example_token_is_refused_elsewhere(client: Client, now: float, path: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        verifier(client, now).verify(f"Bearer {TOKEN}", path)


@pytest.mark.parametrize("part", range(3))
def test_one_changed_letter_breaks_the_example(part: int) -> None:
    parts = TOKEN.split(".")
    middle = len(parts[part]) // 2
    old = parts[part][middle]
    parts[part] = parts[part][:middle] + ("A" if old != "A" else "B") + parts[part][middle + 1 :]
    with pytest.raises(Refused):
        verifier(PATIENT, THE_DAY_BEFORE).verify(f"Bearer {'.'.join(parts)}", "/cds-services/some-service")


def test_what_the_example_key_signs_is_accepted() -> None:
    token = sign(PRIVATE, CLAIMS, jku=JKU)
    assert read_key(public_part(PRIVATE)).verifies(token, "ES384")
    assert verifier(PATIENT, THE_DAY_BEFORE).verify(f"Bearer {token}", "/cds-services/some-service").tenant


def test_the_example_key_is_trusted_by_nothing_that_ships() -> None:
    root = Path(__file__).resolve().parents[3]
    shipped = [path for part in ("service", "cards", "docs") for path in (root / part).rglob("*") if path.is_file()]
    assert len(shipped) > 100
    assert not [path for path in shipped if PRIVATE["x"].encode() in path.read_bytes()]
