"""The application with a clients file: settings, start, and a request signed as a client would."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.hooks.trust.sign import claims_for, new_key, public_part, sign
from service.settings import Settings, SettingsError
from tests.hooks.support import app_of

BASE = "https://cds.example.org/allcue"
ISS = "https://ehr.example.org"
KEY = new_key()


def settings_of(file: Path, **more: Any) -> Settings:
    return Settings(**{"host": "0.0.0.0", "public_base_url": BASE, "clients_file": file, **more})


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    file = tmp_path / "clients.json"
    file.write_text(json.dumps({"clients": [{"name": "ehr", "iss": ISS, "keys": [public_part(KEY)]}]}))
    return file


def header(path: str = "/cds-services") -> dict[str, str]:
    return {"Authorization": f"Bearer {sign(KEY, claims_for(ISS, BASE + path))}"}


def test_with_registered_clients_it_serves_any_machine(clients: Path) -> None:
    client = app_of(settings=settings_of(clients)).test_client()
    caller = {"REMOTE_ADDR": "10.0.0.7"}
    assert client.get("/cds-services", headers=header(), environ_overrides=caller).status_code == 200
    assert client.get("/cds-services", environ_overrides=caller).status_code == 401
    assert client.get("/health", environ_overrides=caller).status_code == 200
    token = header()
    assert [client.get("/cds-services", headers=token).status_code for _ in range(2)] == [200, 401]


def test_the_application_uses_the_store_that_it_is_given(clients: Path) -> None:
    from service.app import create_app
    from tests.hooks.support import VIEW, Recorder

    class Full:
        def first_use(self, *_: Any) -> bool:
            return False

    client = create_app(settings_of(clients), Recorder(), [VIEW], replay=Full()).test_client()
    assert client.get("/cds-services", headers=header()).status_code == 401


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"public_base_url": ""}, "ALLCUE_CLIENTS_FILE needs ALLCUE_PUBLIC_BASE_URL"),
        ({"open_mode": True}, "ALLCUE_OPEN=1 answers everybody"),
        ({"clients_file": Path(__file__)}, "ALLCUE_CLIENTS_FILE has "),
        ({"clients_file": None}, "client trust is not configured"),
    ],
)
def test_it_does_not_start_unless_clients_can_be_told_apart(clients: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        app_of(settings=settings_of(clients, **more))


def test_on_this_machine_too_a_clients_file_closes_the_service(clients: Path) -> None:
    client = app_of(settings=settings_of(clients, host="127.0.0.1")).test_client()
    assert client.get("/cds-services").status_code == 401


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["clients", *map(str, words)])


def test_from_a_new_key_to_an_answered_request(tmp_path: Path) -> None:
    key, file = tmp_path / "my.json", tmp_path / "clients.yaml"
    signed = run("sign", f"{BASE}/cds-services", "--key", key, "--iss", ISS, "--tenant", "t1")
    assert signed.exit_code == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    public = tmp_path / "my.jwks.json"
    assert "d" not in json.loads(public.read_text())["keys"][0]
    added = run("add", file, "--iss", ISS, "--jwks", public, "--tenant", "t1", "--name", "me")
    assert added.exit_code == 0, added.output
    checked = run("check", file)
    assert checked.exit_code == 0
    assert checked.output.startswith("me\n")
    assert checked.output.endswith("1 client\n")
    name, value = next(line for line in signed.output.splitlines() if line.startswith("Authorization")).split(": ", 1)
    client = app_of(settings=settings_of(file)).test_client()
    assert client.get("/cds-services", headers={name: value}).status_code == 200
    again = run("sign", f"{BASE}/cds-services", "--key", key, "--iss", ISS)
    assert "Made" not in again.output
    other = again.output.strip().split(": ", 1)[1]
    assert client.get("/cds-services", headers={name: other}).status_code == 401  # no tenant


HAND = """# ours
clients:
# the test system
- name: test   # keep
  iss: https://test.example.org
  jwks_urls: ["https://test.example.org/jwks"]
"""


def test_adding_keeps_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(HAND)
    file.chmod(0o640)
    assert run("add", file, "--iss", ISS, "--jwks-url", f"{ISS}/jwks", "--algorithm", "ES256").exit_code == 0
    assert file.read_text().startswith(HAND)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert run("check", file).output.endswith("2 clients\n")
    assert "ehr.example.org\n" in run("check", file).output


def test_adding_to_json(clients: Path) -> None:
    result = run("add", clients, "--iss", "https://b.example.org", "--jwks-url", "https://b.example.org/jwks")
    assert result.exit_code == 0
    assert [one["name"] for one in json.loads(clients.read_text())["clients"]] == ["ehr", "b.example.org"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HAND, ["--iss", "https://test.example.org", "--jwks-url", "https://b.example.org/j"]),
        (HAND, ["--iss", ISS]),
        (HAND, ["--iss", ISS, "--jwks-url", "http://b.example.org/j"]),
        (HAND, ["--iss", ISS, "--jwks-url", "https://b.example.org/j", "--algorithm", "HS256"]),
        (HAND + "# end\nclients2: 1\n", ["--iss", ISS, "--jwks-url", "https://b.example.org/j"]),
        ("clients: [{name: a, iss: b, jwks_urls: ['https://a.example.org/j']}]\n", ["--iss", ISS, "--jwks-url", "https://b.example.org/j"]),
    ],
)  # fmt: skip
def test_what_cannot_be_added_changes_nothing(tmp_path: Path, text: str, words: list[str]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    result = run("add", file, *words)
    assert result.exit_code == 1
    assert "Error: " in result.output
    assert file.read_text() == text
    assert list(tmp_path.iterdir()) == [file]


def test_a_private_key_is_not_copied_into_the_file(tmp_path: Path) -> None:
    key = tmp_path / "private.json"
    key.write_text(json.dumps(KEY))
    result = run("add", tmp_path / "c.yaml", "--iss", ISS, "--jwks", key)
    assert result.exit_code == 1
    assert "holds its private part" in result.output
    assert KEY["d"] not in result.output
    assert not (tmp_path / "c.yaml").exists()


def test_check_tells_everything_wrong(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("clients:\n  - name: A\n    iss: b\n  - nam: c\n")
    result = run("check", file)
    assert result.exit_code == 1
    assert "c.yaml:2: clients[0].name: 'A' is not allowed" in result.output
    assert "c.yaml:4: clients[1].nam: no such key" in result.output


def test_check_online(tmp_path: Path) -> None:
    from tests.hooks.fhir_server import Answer, fake_fhir

    file = tmp_path / "c.yaml"
    with fake_fhir() as server:
        url = f"{server.url}/jwks"
        assert run("add", file, "--iss", ISS, "--jwks-url", url).exit_code == 0
        gone = run("check", file, "--online")
        assert (gone.exit_code, "status 404" in gone.output) == (1, True)
        server.answers["jwks"] = Answer({"keys": [public_part(KEY), {"kty": "oct", "kid": "s"}]})
        there = run("check", file, "--online")
        assert there.exit_code == 0
        assert f"found       {KEY['kid']}: ES384" in there.output
        assert "keys[1] is a symmetric key" in there.output


def test_signing_with_what_is_no_key(tmp_path: Path) -> None:
    file = tmp_path / "k.json"
    file.write_text(json.dumps(public_part(KEY)))
    result = run("sign", f"{BASE}/cds-services", "--key", file, "--iss", ISS)
    assert (result.exit_code, "is not a private JSON Web Key" in result.output) == (1, True)
    result = run("sign", f"{BASE}/cds-services", "--key", tmp_path / "new.json", "--iss", ISS, "--algorithm", "HS256")
    assert (result.exit_code, "no such algorithm: HS256. Allowed: ES256" in result.output) == (1, True)
