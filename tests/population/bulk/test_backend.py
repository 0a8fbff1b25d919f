"""Access tokens from a server that verifies the client's signature: how they are got, renewed, and where they never go."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm

from service.cli import main
from service.population.bulk import Access, ExportProblem, ExportRequest, export
from service.population.bulk.backend import granted
from tests.population.bulk.server import CLIENT, Bulk, Told, as_json, lines, outcome, serving

PATIENTS = lines({"resourceType": "Patient", "id": "a"})
CONDITIONS = lines({"resourceType": "Condition", "id": "c"})
KEYS = {"ES384": ec.generate_private_key(ec.SECP384R1()), "RS384": rsa.generate_private_key(65537, 2048)}


def bulk_of(key: Any) -> Bulk:
    return Bulk({"Patient.x": PATIENTS, "Condition.y": CONDITIONS}, key=key, polls=1)


@pytest.fixture
def bulk() -> Iterator[Bulk]:
    with serving(bulk_of(KEYS["ES384"])) as found:
        yield found


def key_file(folder: Path, key: Any) -> Path:
    file = folder / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


def run(bulk: Bulk, folder: Path, key: Any = None, request: ExportRequest | None = None, **more: Any) -> Any:
    access = Access(client_id=CLIENT, key_file=key_file(folder, key or bulk.key), **more)
    return export(bulk.base, folder / "out", request, access, pause=lambda _: None)


def tokens_sent(bulk: Bulk, what: str) -> list[str | None]:
    return [headers.get("authorization") for headers in bulk.heads(what)]


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_key_opens_the_server(tmp_path: Path, name: str) -> None:
    with serving(bulk_of(KEYS[name])) as bulk:
        assert run(bulk, tmp_path).resources == {"Patient": 1, "Condition": 1}
        assert tokens_sent(bulk, "Patient.x") == tokens_sent(bulk, "delete") == ["Bearer token-1"]
        assert tokens_sent(bulk, "metadata") == tokens_sent(bulk, "token") == [None]
        assert bulk.grants == [
            "system/Condition.rs system/MedicationRequest.rs system/Observation.rs system/Patient.rs"
        ]


def test_scopes_are_written_as_the_server_writes_them(bulk: Bulk, tmp_path: Path) -> None:
    bulk.scopes = ("system/*.read",)
    run(bulk, tmp_path, request=ExportRequest(types=("Patient",)))
    assert bulk.grants == ["system/Patient.read"]


def test_types_that_are_not_granted_are_not_asked_for_and_unknown(bulk: Bulk, tmp_path: Path) -> None:
    bulk.granted = "system/Patient.rs system/Condition.r system/Observation.rs?category=laboratory"
    bulk.files = {"Patient.x": PATIENTS}
    found = run(bulk, tmp_path)
    assert bulk.queries("kick-off")[0]["_type"] == ["Patient"]
    assert found.provided == {"Patient"}
    assert any("Condition, MedicationRequest, Observation: not granted" in note for note in found.notes)


@pytest.mark.parametrize(
    ("scope", "types"),
    [
        ("system/*.read", {"A", "B"}),
        ("system/*.*", {"A", "B"}),
        ("system/A.cruds system/B.cud", {"A"}),
        ("user/A.rs", set()),
        ("", set()),
        (None, {"A", "B"}),
    ],
)
def test_what_a_scope_grants(scope: str | None, types: set[str]) -> None:
    assert granted(scope, {"A", "B"}) == types


def test_a_token_is_renewed_before_it_ends(bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import service.population.bulk.backend as backend

    now = [0.0]
    monkeypatch.setattr(backend.BackendTokens.__init__, "__defaults__", (lambda: now[0],))

    def pass_time(_: Bulk) -> None:
        now[0] += 241

    bulk.faults["Patient.x"] += [pass_time]
    run(bulk, tmp_path)
    assert tokens_sent(bulk, "Patient.x") == ["Bearer token-1"]
    assert tokens_sent(bulk, "Condition.y") == ["Bearer token-2"]


def test_a_token_that_the_server_takes_no_more_is_renewed_between_files(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["Condition.y"] += [lambda server: server.tokens.clear()]
    run(bulk, tmp_path)
    assert tokens_sent(bulk, "Condition.y") == ["Bearer token-1", "Bearer token-2"]


def test_a_server_that_takes_no_token_is_not_asked_for_ever(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["kick-off"] += [outcome(401, "login", "no")] * 9
    with pytest.raises(ExportProblem, match="status 401"):
        run(bulk, tmp_path)
    assert bulk.times("kick-off") == 2


def test_a_key_that_the_server_does_not_know(bulk: Bulk, tmp_path: Path) -> None:
    with pytest.raises(ExportProblem, match="invalid_client: the assertion was not accepted"):
        run(bulk, tmp_path, key=ec.generate_private_key(ec.SECP384R1()))
    assert not bulk.times("kick-off")


def test_an_algorithm_that_the_server_does_not_take(bulk: Bulk, tmp_path: Path) -> None:
    with pytest.raises(ExportProblem, match=r"signs with ES256. The server takes: ES384, RS384"):
        run(bulk, tmp_path, key=ec.generate_private_key(ec.SECP256R1()))
    assert not bulk.times("token")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (as_json(200, {"token_type": "bearer"}), "no access token"),
        (as_json(200, {"access_token": "a\r\nX: y", "token_type": "bearer"}), "no access token"),
        (as_json(200, {"access_token": "abc", "token_type": "mac"}), "no bearer token"),
        (Told(200, b"<html>"), "no access token"),
        (Told(307, headers={"Location": "https://elsewhere.example.org/token"}), "not followed"),
    ],
)
def test_answers_that_are_no_token(bulk: Bulk, tmp_path: Path, told: Told, words: str) -> None:
    bulk.faults["token"] += [told]
    with pytest.raises(ExportProblem, match=words):
        run(bulk, tmp_path)


def test_a_server_that_names_no_token_endpoint(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["configuration"] += [as_json(200, {})] * 2
    with pytest.raises(ExportProblem, match="--token-url"):
        run(bulk, tmp_path)
    assert run(bulk, tmp_path, token_url=f"{bulk.url}/auth/token").resources["Patient"] == 1


def test_files_of_another_origin_get_no_token_unless_it_is_named(bulk: Bulk, tmp_path: Path) -> None:
    with serving(Bulk({"Patient.x": PATIENTS, "Condition.y": CONDITIONS}, key=bulk.key)) as other:
        other.tokens = bulk.tokens
        bulk.other = other.url
        with pytest.raises(ExportProblem, match="--origin"):
            run(bulk, tmp_path)
        assert not other.asked
        assert run(bulk, tmp_path, origins=(other.url,)).resources["Patient"] == 1
        assert tokens_sent(other, "Patient.x") == ["Bearer token-2"]


def test_open_files_of_another_origin_are_fetched_without_the_token(bulk: Bulk, tmp_path: Path) -> None:
    with serving(Bulk({"Patient.x": PATIENTS, "Condition.y": CONDITIONS})) as other:
        bulk.other, bulk.manifest = other.url, {"requiresAccessToken": False}
        assert run(bulk, tmp_path).resources["Patient"] == 1
        assert tokens_sent(other, "Patient.x") == [None]


@pytest.mark.parametrize("what", ["kick-off", "status", "Patient.x"])
def test_redirects_are_not_followed(bulk: Bulk, tmp_path: Path, what: str) -> None:
    with serving(Bulk({"Patient.x": PATIENTS})) as other:
        bulk.faults[what] += [Told(302, headers={"Location": f"{other.url}/files/Patient.x"})]
        with pytest.raises(ExportProblem, match="not followed"):
            run(bulk, tmp_path)
        assert not other.asked


def test_a_status_address_of_another_origin_gets_no_token(bulk: Bulk, tmp_path: Path) -> None:
    with serving(Bulk({})) as other:
        bulk.faults["kick-off"] += [Told(202, headers={"Content-Location": f"{other.url}/jobs/1"})]
        with pytest.raises(ExportProblem, match="not the origin of the FHIR server"):
            run(bulk, tmp_path)
        assert not other.asked


def cli(bulk: Bulk, folder: Path, *more: str, **env: str) -> Result:
    arguments = ["population", "export", "--url", bulk.base, "--output", str(folder / "out"), *more]
    return CliRunner().invoke(main, arguments, env=env)


def test_the_command_with_a_key_from_the_environment(
    bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.population.bulk.course.time.sleep", lambda _: None)
    caplog.set_level(logging.DEBUG)
    jwk = tmp_path / "key.jwk"
    jwk.write_text(ECAlgorithm(ECAlgorithm.SHA384).to_jwk(bulk.key))
    found = cli(bulk, tmp_path, ALLCUE_BULK_CLIENT_ID=CLIENT, ALLCUE_BULK_KEY_FILE=str(jwk))
    assert found.exit_code == 0, found.output
    assert f"{tmp_path / 'out'}: 2 resources, complete up to 2026-03-01T00:00:00Z" in found.stdout
    assert "export started for" in found.stderr
    said = found.output + caplog.text + (tmp_path / "out" / "export-journal.json").read_text()
    assert "token-1" not in said
    assert "eyJ" not in said


def test_the_command_without_a_key_says_what_is_wanted(bulk: Bulk, tmp_path: Path) -> None:
    found = cli(bulk, tmp_path)
    assert found.exit_code == 1
    assert "Name a client with --client-id and --key-file" in found.stderr
    (tmp_path / "key").write_text("no key")
    found = cli(bulk, tmp_path, "--client-id", "x", "--key-file", str(tmp_path / "key"))
    assert found.exit_code == 1
    assert "one private EC or RSA key" in found.stderr
    assert "both a client id and a key" in cli(bulk, tmp_path, "--client-id", "x").stderr


def test_the_command_tells_how_to_go_on_after_ctrl_c(
    bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("service.population.bulk.course.time.sleep", interrupt)
    file = key_file(tmp_path, bulk.key)
    found = cli(bulk, tmp_path, "--client-id", CLIENT, "--key-file", str(file))
    assert found.exit_code == 130
    assert "cancelled at the server" in found.stderr
    assert bulk.deleted
