"""deploy/compose: valid by the schema of compose files, closed as it can be, and a proxy that fits the service's settings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.served import ROOT
from service.settings import Settings
from tests.deploy import nginx

FOLDER = ROOT / "deploy" / "compose"
FILE = FOLDER / "docker-compose.yml"
TOLD: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = TOLD["services"]


def test_the_file_is_valid_and_the_schema_refuses_what_is_not(tmp_path: Path) -> None:
    def checked(path: Path) -> int:
        schema = ("--builtin-schema", "vendor.compose-spec")
        command = [sys.executable, "-m", "check_jsonschema", *schema, str(path)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert checked(FILE) == 0
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(FILE.read_text().replace("read_only: true", "read_onlly: true"))
    assert checked(wrong) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_closed_and_limited(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert not service.get("privileged")
    assert service.get("user", "nginx") not in ("root", "0", "0:0")
    assert re.search(r":[\w$]", service["image"]), "no tag"
    assert not service["image"].endswith(":latest")


def test_two_instances_wait_for_the_database_and_its_tables() -> None:
    for name in ("allcue-1", "allcue-2"):
        waits = SERVICES[name]["depends_on"]
        assert waits["upgrade"] == {"condition": "service_completed_successfully"}
        assert waits["database"] == {"condition": "service_healthy"}
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > 30 + 3
    assert SERVICES["upgrade"]["command"] == ["db", "upgrade"]


def test_secrets_are_files_that_are_declared_and_not_in_the_repository() -> None:
    declared = TOLD["secrets"]
    for name, service in SERVICES.items():
        assert set(service.get("secrets", ())) <= set(declared), name
        for variable, value in service.get("environment", {}).items():
            if value.startswith("/run/secrets/"):
                assert value.removeprefix("/run/secrets/") in service["secrets"], variable
            else:
                assert not re.search("PASSWORD|SECRET|DATABASE_URL", variable), f"{name}: {variable} is no file"
    assert {secret["file"].split("/")[0] for secret in declared.values()} == {"secrets"}
    listed = subprocess.run(
        ["git", "ls-files", FOLDER / "secrets"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert listed.stdout.split() in ([], ["deploy/compose/secrets/.gitignore"])


def test_what_is_mounted_is_in_the_repository_or_a_volume() -> None:
    for name, service in SERVICES.items():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("../"):  # of the monitoring
                assert source.split("/")[1] in ("prometheus", "grafana")
                continue
            found = (FOLDER / source).exists() if source.startswith(".") else source in TOLD["volumes"]
            assert found, f"{name}: {mount}"


def test_only_the_proxy_is_reached_from_outside() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", ()):
            assert name == "proxy" or port.startswith("127.0.0.1:"), f"{name}: {port}"
    assert TOLD["networks"]["back"]["internal"] is True


def setting(name: str) -> str:
    """The value of a directive of nginx.conf that stands there once."""
    (found,) = re.findall(rf"^\s*{name} ([^;]+);", nginx.CONF.read_text(), flags=re.M)
    return str(found)


def test_the_proxy_fits_the_settings() -> None:
    default = Settings()
    assert int(setting("client_max_body_size")) == default.max_body
    assert 0 < int(setting("proxy_read_timeout").removesuffix("s")) - default.time_limit <= 5
    assert int(setting("client_body_timeout").removesuffix("s")) == default.request_limit
    assert setting("proxy_request_buffering") == "on"
    assert setting("ssl_protocols") == "TLSv1.2 TLSv1.3"
    assert setting("proxy_set_header X-Forwarded-For") == "$remote_addr"
    for name in ("allcue-1", "allcue-2"):
        assert SERVICES[name]["environment"]["ALLCUE_PROXIES"] == "1"
        assert f"server {name}:8000 " in nginx.CONF.read_text()


@pytest.mark.skipif(nginx.PROGRAM is None, reason=nginx.MISSING)
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key", "-out", tmp_path / "crt",
         "-subj", "/CN=localhost"], check=True, capture_output=True,
    )  # fmt: skip
    conf, _ = nginx.fitted(tmp_path, (8001, 8002), (tmp_path / "crt", tmp_path / "key"))
    assert nginx.PROGRAM is not None
    done = subprocess.run([nginx.PROGRAM, "-t", "-c", conf], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_the_example_settings_are_taken(tmp_path: Path) -> None:
    """With the files that docs/deploy.md has made."""
    for name, text in (("database-url", "postgresql://allcue:x@database/allcue"), ("site-secret", "s" * 40)):
        (tmp_path / name).write_text(text)
    (tmp_path / "clients.yaml").write_bytes((FOLDER / "config" / "clients.yaml.example").read_bytes())
    lines = (FOLDER / "allcue.env.example").read_text().splitlines()
    environ = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for variable, value in SERVICES["allcue-1"]["environment"].items():
        environ[variable] = value.replace("/run/secrets", str(tmp_path)).replace("/etc/allcue", str(tmp_path))
    settings = Settings.from_env(environ)
    assert (settings.proxies, settings.is_open, len(settings.site_secret)) == (1, False, 40)
