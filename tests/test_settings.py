"""Settings from the environment."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from service.app import create_app
from service.hooks.limits import BodyLimits
from service.services import SERVICES
from service.settings import RATE, Settings, SettingsError


def test_defaults_serve_this_machine_only() -> None:
    settings = Settings.from_env({})
    assert settings == Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.is_open
    assert settings.local_only
    assert settings.as_of is None
    assert settings.hooks == tuple(service.hook for service in SERVICES)


def test_everything_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    settings = Settings.from_env(
        {
            "ALLCUE_HOST": "0.0.0.0",
            "ALLCUE_PORT": "80",
            "ALLCUE_PUBLIC_BASE_URL": "https://cds.example.org/allcue/",
            "ALLCUE_OPEN": "1",
            "ALLCUE_CLIENTS_FILE": str(file),
            "ALLCUE_FHIR_SERVERS": "https://a.example.org/fhir, https://b.example.org",
            "ALLCUE_CORS_ORIGINS": "https://c.example.org",
            "ALLCUE_MAX_BODY_BYTES": "500",
            "ALLCUE_CARDS_DIR": str(tmp_path),
            "ALLCUE_SITE_CONTENT": str(tmp_path),
            "ALLCUE_REGION": "EU",
            "ALLCUE_CARE_SETTING": "pediatric-oncology",
            "ALLCUE_AS_OF": "2025-06-30",
            "ALLCUE_HOOKS": "order-sign, patient-view order-sign",
            "ALLCUE_FHIR_DEADLINE_S": "2.5",
            "ALLCUE_FHIR_TIMEOUT_S": "1",
            "ALLCUE_FHIR_CA_FILE": str(file),
            "ALLCUE_FHIR_MAX_PAGES": "7",
            "ALLCUE_FHIR_MAX_BYTES": "1000",
            "ALLCUE_FHIR_PAGE_SIZE": "0",
            "ALLCUE_FHIR_SEARCH": "post",
            "ALLCUE_FHIR_NETWORKS": "10.20.0.0/16 fd00:1::/32",
            "ALLCUE_PREFETCH_FILE": str(file),
            "HOME": "/",
        }
    )
    assert settings.public_base_url == "https://cds.example.org/allcue"
    assert (settings.host, settings.port, settings.max_body) == ("0.0.0.0", 80, 500)
    assert settings.fhir_servers == ("https://a.example.org/fhir", "https://b.example.org")
    assert settings.servers.may_read("https://b.example.org/fhir", "t")
    assert settings.origins == ("https://c.example.org",)
    assert (settings.clients_file, settings.cards_dir, settings.site_content) == (file, tmp_path, tmp_path)
    assert (settings.region, settings.care_setting) == ("EU", "pediatric-oncology")
    assert settings.as_of == date(2025, 6, 30)
    assert settings.hooks == ("patient-view", "order-sign")
    assert (settings.fhir.max_pages, settings.fhir.max_bytes, settings.fhir.page_size, settings.fhir.post) == (
        7,
        1000,
        0,
        True,
    )
    assert settings.fhir.networks == ("10.20.0.0/16", "fd00:1::/32")
    assert settings.prefetch_file == file
    assert (settings.fhir.deadline, settings.fhir.timeout, settings.fhir.verify) == (2.5, 1.0, str(file))


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, None),
        ({"HOME": "/home/a"}, "/home/a/.cache/allcue"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/var/cache"}, "/var/cache/allcue"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "relative"}, "/home/a/.cache/allcue"),
        ({"HOME": "/home/a", "ALLCUE_CACHE_DIR": "/srv/allcue/cache"}, "/srv/allcue/cache"),
        ({"HOME": "/home/a", "ALLCUE_CACHE_DIR": "None"}, None),
    ],
)
def test_where_compiled_content_is_kept(environ: dict[str, str], folder: str | None) -> None:
    assert Settings.from_env(environ).cache_dir == (Path(folder) if folder else None)


OPENNESS = [
    ({}, True, True),
    ({"ALLCUE_HOST": "::1"}, True, True),
    ({"ALLCUE_HOST": "0.0.0.0"}, False, False),
    ({"ALLCUE_HOST": "0.0.0.0", "ALLCUE_OPEN": "1"}, True, False),
    ({"ALLCUE_OPEN": "yes"}, True, False),
    ({"ALLCUE_OPEN": "0"}, False, False),
    ({"ALLCUE_OPEN": ""}, True, True),
    ({"ALLCUE_CLIENTS_FILE": __file__}, False, False),
]


@pytest.mark.parametrize(("environ", "is_open", "local_only"), OPENNESS)
def test_open_mode(environ: dict[str, str], is_open: bool, local_only: bool) -> None:
    settings = Settings.from_env(environ)
    assert (settings.is_open, settings.local_only) == (is_open, local_only)
    assert settings.origins == (("*",) if is_open else ())
    assert settings.servers.open_loopback is local_only, "whoever may call could read what listens on this machine"


WRONG = {
    "ALLCUE_PORT": ["0", "70000", "http", "-1"],
    "ALLCUE_OPEN": ["maybe"],
    "ALLCUE_PUBLIC_BASE_URL": ["cds.example.org"],
    "ALLCUE_CLIENTS_FILE": ["/no/such/file"],
    "ALLCUE_CARDS_DIR": ["/no/such/folder"],
    "ALLCUE_SITE_CONTENT": ["/no/such/folder"],
    "ALLCUE_FHIR_CA_FILE": ["/no/such/file"],
    "ALLCUE_FHIR_SERVERS": ["https://a.example.org, b"],
    "ALLCUE_MAX_BODY_BYTES": ["0", "10MB"],
    "ALLCUE_REGION": ["eu"],
    "ALLCUE_CARE_SETTING": ["adult"],
    "ALLCUE_AS_OF": ["30.06.2025"],
    "ALLCUE_CACHE_DIR": ["cache", "../cache", str(Path(__file__))],
    "ALLCUE_HOOKS": ["order-sing", "patient-view order-review", ",", "medication-verify"],
    "ALLCUE_FHIR_DEADLINE_S": ["0", "soon", "61", "nan"],
    "ALLCUE_FHIR_TIMEOUT_S": ["-1"],
    "ALLCUE_FHIR_MAX_PAGES": ["0"],
    "ALLCUE_FHIR_MAX_BYTES": ["20MB"],
    "ALLCUE_FHIR_PAGE_SIZE": ["-1"],
    "ALLCUE_FHIR_SEARCH": ["put"],
    "ALLCUE_FHIR_NETWORKS": ["10.20.0.1/16", "intranet"],
    "ALLCUE_PREFETCH_FILE": ["/no/such/file"],
    "ALLCUE_REGIN": ["EU"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: value})


def test_a_hook_that_is_not_served_is_told_with_those_that_are() -> None:
    with pytest.raises(SettingsError) as problem:
        Settings.from_env({"ALLCUE_HOOKS": "patient-view order-sing"})
    assert str(problem.value).startswith("ALLCUE_HOOKS='patient-view order-sing': not served: order-sing. Allowed")
    assert all(service.hook in str(problem.value) for service in SERVICES)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as problem:
        Settings.from_env({"ALLCUE_PORT": "x", "ALLCUE_REGION": "x", "ALLCUE_CARDS": "x"})
    lines = str(problem.value).splitlines()
    assert [line.split(":")[0].split("=")[0] for line in lines] == ["ALLCUE_PORT", "ALLCUE_REGION", "ALLCUE_CARDS"]


def test_variables_that_kubernetes_sets_are_no_settings() -> None:
    linked = {
        "ALLCUE_PORT": "tcp://10.0.0.1:80",
        "ALLCUE_PORT_80_TCP_ADDR": "10.0.0.1",
        "ALLCUE_SERVICE_HOST": "10.0.0.1",
    }
    assert Settings.from_env(linked) == Settings()


LIMITS = {
    "ALLCUE_MAX_DEPTH": "20", "ALLCUE_MAX_NODES": "21", "ALLCUE_MAX_RESOURCES": "22", "ALLCUE_MAX_ENTRIES": "23",
    "ALLCUE_MAX_STRING": "24", "ALLCUE_TIME_LIMIT_S": "2.5", "ALLCUE_REQUEST_LIMIT_S": "3", "ALLCUE_RATE_LIMIT": "0.5",
    "ALLCUE_RATE_BURST": "7", "ALLCUE_PROXIES": "1",
}  # fmt: skip


def test_limits_are_read() -> None:
    settings = Settings.from_env(LIMITS)
    assert settings.body == BodyLimits(depth=20, nodes=21, resources=22, entries=23, string=24)
    assert (settings.time_limit, settings.request_limit, settings.proxies) == (2.5, 3.0, 1)
    assert (settings.rate, settings.burst) == (0.5, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_DEPTH", "9"), ("MAX_DEPTH", "201"), ("MAX_DEPTH", "x"), ("MAX_NODES", "0"), ("MAX_STRING", "-1"),
        ("TIME_LIMIT_S", "0"), ("REQUEST_LIMIT_S", "61"), ("RATE_LIMIT", "-1"), ("RATE_LIMIT", "nan"), ("RATE_BURST", "0"),
        ("PROXIES", "11"), ("PROXIES", "all"),
    ],
)  # fmt: skip
def test_limits_that_are_none(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"ALLCUE_{name}='{value}': must be"):
        Settings.from_env({f"ALLCUE_{name}": value})


def test_every_limit_stands_in_the_docs() -> None:
    told = (Path(__file__).resolve().parents[1] / "docs" / "limits.md").read_text(encoding="utf-8")
    assert [name for name in LIMITS if f"`{name}`" not in told] == []


INTEGRATION = Path(__file__).resolve().parents[1] / "docs" / "integration.md"


def test_every_setting_is_documented_and_no_other() -> None:
    """The settings table of docs/integration.md has exactly the variables that are read."""
    with pytest.raises(SettingsError) as told:
        Settings.from_env({"ALLCUE_NO_SUCH_SETTING": "1"})
    read = set(re.findall(r"ALLCUE_\w+", str(told.value).partition("Allowed:")[2]))
    _, _, part = INTEGRATION.read_text(encoding="utf-8").partition("## Settings\n")
    listed = [
        name
        for line in part.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"ALLCUE_\w+", line.split("|")[1])
    ]
    assert len(read) > 30
    assert sorted(listed) == sorted(read)


@pytest.mark.parametrize(
    ("variable", "shown"),
    [("MAX_BODY_BYTES", Settings().max_body), ("TRACE_DAYS", Settings().trace_days), ("FHIR_PAGE_SIZE", Settings().fhir.page_size),
     ("FHIR_MAX_PAGES", Settings().fhir.max_pages), ("MAX_DEPTH", BodyLimits().depth), ("MAX_RESOURCES", BodyLimits().resources),
     ("PORT", Settings().port), ("PROFILE", Settings().profile), ("RATE_LIMIT", int(RATE)), ("TIME_LIMIT_S", int(Settings().time_limit))],
)  # fmt: skip
def test_documented_defaults(variable: str, shown: object) -> None:
    lines = INTEGRATION.read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| `ALLCUE_")]
    (default,) = (row[2] for row in rows if f"`ALLCUE_{variable}`" in row[1])
    assert str(shown) in default


def test_every_status_that_is_answered_is_documented() -> None:
    page = INTEGRATION.read_text(encoding="utf-8").partition("## Errors\n")[2].partition("## Settings")[0]
    surface = create_app(Settings(), lambda _: {"cards": []}, SERVICES).test_client().get("/openapi.json").json
    answered = {
        status
        for path in surface["paths"].values()
        for way in path.values()
        if isinstance(way, dict)
        for status in way.get("responses", {})
    }
    refused = {status for status in answered if status[0] in "45"}
    assert {"400", "412", "413", "422", "429", "503"} <= refused
    assert refused <= set(re.findall(r"^\| (\d{3}) \|", page, re.MULTILINE))
