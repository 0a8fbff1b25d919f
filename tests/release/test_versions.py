"""The content has a version of its own, which names a release only while the content is that of the release."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service import __version__
from service.app import create_app
from service.cli import main
from service.content import content_files, read_content
from service.hooks.openapi_parts import SCHEMAS
from service.rules.digest import digest
from service.settings import Settings
from service.versions import (
    FILE,
    BadReleases,
    Release,
    changed_release,
    content_name,
    order,
    read_releases,
)

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "docs" / "site-example"
DEV = {"version": "1.3.0-dev", "releases": []}


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A content folder that cannot be served, but told apart."""
    folder = tmp_path / "cards"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "a.yaml").write_text("id: a\n")
    return folder


def write(cards: Path, value: Any) -> None:
    (cards / FILE).write_text(value if isinstance(value, str) else json.dumps(value))


def released(cards: Path, version: str = "1.2.0") -> str:
    """Record the content as it is; its digest."""
    found = content_name(cards).digest
    write(cards, {"version": version, "releases": [{"version": version, "date": "2026-03-31", "digest": found}]})
    return found


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(
        main, list(arguments), env={"ALLCUE_CARDS_DIR": None, "ALLCUE_SITE_CONTENT": None} | environ
    )


def test_the_packaged_content_is_what_its_version_says() -> None:
    assert read_releases().version is not None
    assert changed_release() is None, "content changed under a released version: give it the next one, with -dev"


def test_the_digest_is_the_one_that_traces_carry() -> None:
    assert content_name().digest == read_content().digest
    assert content_name(site=SITE).digest == read_content(site=SITE).digest != read_content().digest


def test_the_list_of_releases_is_no_content(cards: Path) -> None:
    """Else a version could never be recorded: it would change what it names."""
    before = content_name(cards).digest
    write(cards, DEV)
    assert content_name(cards).digest == before
    assert FILE not in content_files()


def test_in_development_content_may_change(cards: Path) -> None:
    write(cards, DEV)
    (cards / "rules" / "a.yaml").write_text("id: a # reworded\n")
    assert content_name(cards).version == "1.3.0-dev"
    assert changed_release(cards) is None


def test_a_release_that_changed_is_told_everywhere(cards: Path) -> None:
    recorded = released(cards)
    assert content_name(cards).version == "1.2.0"
    assert changed_release(cards) is None
    (cards / "rules" / "a.yaml").write_text("id: a # reworded\n")
    found = content_name(cards)
    assert found.version == f"1.2.0+changed.{found.digest}"
    words = changed_release(cards)
    assert words is not None
    assert recorded in words
    assert found.digest in words


def test_a_release_that_nobody_recorded_is_none(cards: Path) -> None:
    write(cards, {"version": "1.2.0", "releases": []})
    assert content_name(cards).version.startswith("1.2.0+changed.")
    assert "nothing is recorded" in str(changed_release(cards))


def test_a_folder_without_the_list_has_no_version(cards: Path) -> None:
    assert content_name(cards).version == "unversioned"
    assert changed_release(cards) is None


def test_content_of_a_site_is_named_beside_ours(cards: Path, tmp_path: Path) -> None:
    released(cards)
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.yaml").write_text("name: Riverside\n")
    found = content_name(cards, site)
    assert found.digest == digest(content_files(cards), {"site.yaml": "name: Riverside\n"})
    assert found.version == f"1.2.0+site.{found.digest}"
    assert content_name(cards, site, digest=found.digest) == found
    (cards / "rules" / "b.yaml").write_text("id: b\n")
    found = content_name(cards, site)
    assert found.version == f"1.2.0+changed.site.{found.digest}"


ONE = {"version": "1.2.0", "date": "2026-03-31", "digest": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{", "cannot be read as JSON"),
        ([], "must be {"),
        ({"version": "1.0.0-dev"}, "must be {"),
        ({**DEV, "more": 1}, "must be {"),
        ({"version": 1, "releases": []}, "version: 1 must be text"),
        ({"version": "1.2", "releases": []}, "'1.2' is no semantic version. Allowed: like 1.2.0"),
        ({"version": "01.2.0", "releases": []}, "no semantic version"),
        ({**DEV, "releases": ["1.2.0"]}, r"releases\[0\]: must be {"),
        ({**DEV, "releases": [{**ONE, "by": "x"}]}, r"releases\[0\]: must be {"),
        ({**DEV, "releases": [{**ONE, "version": "1.2.0-dev"}]}, "has a suffix"),
        ({**DEV, "releases": [{**ONE, "digest": "0123"}]}, "16 hexadecimal digits"),
        ({**DEV, "releases": [{**ONE, "date": "31.3.2026"}]}, "is not a date. Allowed: like 2026-03-31"),
        ({**DEV, "releases": [ONE, {**ONE, "version": "1.1.0"}]}, "from old to new"),
        ({**DEV, "releases": [ONE, {**ONE, "version": "1.2.1", "date": "2026-03-30"}]}, "from old to new"),
        ({**DEV, "releases": [{**ONE, "version": "1.3.0"}]}, "does not come after 1.3.0"),
    ],
)
def test_a_list_that_cannot_be_used(cards: Path, value: Any, says: str) -> None:
    write(cards, value)
    with pytest.raises(BadReleases, match=says) as caught:
        read_releases(cards)
    assert str(caught.value).startswith(str(cards / FILE))


def test_what_was_released_may_be_served_again(cards: Path) -> None:
    """Back to an older release: the newer ones stay listed."""
    write(cards, {"version": "1.2.0", "releases": [ONE, {**ONE, "version": "1.3.0"}]})
    assert read_releases(cards).of("1.2.0") == Release("1.2.0", read_releases(cards).releases[0].day, ONE["digest"])


def test_order() -> None:
    given = ["1.10.0", "1.2.0-dev", "1.2.0", "1.9.1"]
    assert sorted(given, key=order) == ["1.2.0-dev", "1.2.0", "1.9.1", "1.10.0"]


def test_one_line_for_people() -> None:
    name = content_name()
    expected = f"allcue {__version__}, content {name.version}, digest {name.digest}\n"
    for asked in ("--version", "version"):
        result = run(asked)
        assert (result.exit_code, result.stdout) == (0, expected)


def test_json_for_machines_is_what_the_service_says(tmp_path: Path) -> None:
    site = run("version", "--json", ALLCUE_SITE_CONTENT=str(SITE))
    assert site.stdout == run("version", "--json", "--site", str(SITE)).stdout
    told = json.loads(site.stdout)
    assert told["content"]["version"] == f"{read_releases().version}+site.{told['content']['digest']}"
    settings = Settings(site_content=SITE, database_url="")
    client = create_app(settings).test_client()
    home = client.get("/").json
    assert {key: home[key] for key in told} == told
    assert client.get("/openapi.json").json["info"]["x-content"] == told["content"]
    assert set(SCHEMAS["Landing"]["properties"]) == set(home)


def test_content_of_another_folder(cards: Path) -> None:
    released(cards)
    assert run("--version", ALLCUE_CARDS_DIR=str(cards)).stdout.endswith(
        f"content 1.2.0, digest {content_name(cards).digest}\n"
    )
    write(cards, "{")
    result = run("--version", ALLCUE_CARDS_DIR=str(cards))
    assert result.exit_code == 2
    assert f"{cards / FILE}: cannot be read as JSON" in result.stderr
    missing = run("--version", ALLCUE_CARDS_DIR=str(cards / "nowhere"))
    assert missing.exit_code == 2
    assert "Set: ALLCUE_CARDS_DIR" in missing.stderr


def test_the_version_is_told_without_the_rules() -> None:
    """It has to answer at once: neither the models of FHIR nor the engine, the database or the server are loaded."""
    code = (
        "import sys; from click.testing import CliRunner; from service.cli import main\n"
        "CliRunner().invoke(main, ['--version'], catch_exceptions=False)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} | set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"pydantic", "fhir", "flask", "sqlalchemy", "alembic", "gunicorn", "yaml", "service.rules.load"}


def test_content_check_tells_the_version(cards: Path) -> None:
    result = run("content", "check", "--only", "nccn-2015-asparaginase-*")
    assert result.exit_code == 0, result.output
    assert f"content {read_releases().version}, digest {read_content().digest}" in result.stdout


def test_content_check_refuses_a_release_that_changed(tmp_path: Path) -> None:
    folder = tmp_path / "cards"
    for path, text in content_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    write(folder, {"version": "1.2.0", "releases": [ONE]})
    result = run("content", "check", "--only", "nccn-2015-asparaginase-*", "--content", str(folder))
    assert result.exit_code == 1
    assert "version 1.2.0 is a release" in result.stderr
    assert f"content 1.2.0+changed.{read_content().digest}" in result.stdout
    released(folder)
    assert run("content", "check", "--only", "nccn-2015-asparaginase-*", "--content", str(folder)).exit_code == 0
