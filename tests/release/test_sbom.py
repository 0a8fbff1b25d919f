"""The bill of materials fits the schema of CycloneDX and says what runs: packages, files of others, the content."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service import __version__
from service.cli import main
from service.commands import release_sbom
from service.commands.release_lock import LOCK, RUN_LOCK, Pin, read_lock, runtime_closure
from service.commands.release_sbom import VENDOR, BadBill, problems, sbom
from service.versions import content_name

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom(ROOT))
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that a bill is made from."""
    for name in ("pyproject.toml", LOCK):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / VENDOR, tmp_path / VENDOR)
    (tmp_path / "cards").mkdir()
    return tmp_path


def named(bill: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [part for part in bill["components"] if part["name"] == name]
    return dict(found)


def test_it_fits_the_schema(bill: dict[str, Any]) -> None:
    assert problems(json.dumps(bill)) is None
    assert problems(json.dumps({**bill, "components": [{"name": "x"}]})) is not None, "the check can fail"
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


def test_it_names_what_runs_in_the_locked_versions(bill: dict[str, Any]) -> None:
    pins = read_lock(ROOT / (RUN_LOCK if (ROOT / RUN_LOCK).is_file() else LOCK))
    told = {part["purl"] for part in bill["components"] if part.get("purl", "").startswith("pkg:pypi/")}
    assert told == {f"pkg:pypi/{name}@{pins[name].version}" for name in runtime_closure(ROOT)}
    assert bill["metadata"]["component"]["version"] == __version__


def test_everything_has_a_licence_and_hangs_together(bill: dict[str, Any]) -> None:
    without = [part["name"] for part in bill["components"] if not part.get("licenses")]
    assert without == ["allcue-content"], "the licence of the sources is told by each of them"
    needs = {entry["ref"]: set(entry.get("dependsOn", ())) for entry in bill["dependencies"]}
    reached, waiting = set(), [bill["metadata"]["component"]["bom-ref"]]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs.get(ref, ())
    assert {part["bom-ref"] for part in bill["components"]} <= reached


def test_files_of_others_and_content_are_in_it(bill: dict[str, Any]) -> None:
    chart = named(bill, "uPlot")
    assert (chart["version"], chart["licenses"]) == ("1.6.32", [{"license": {"id": "MIT"}}])
    for part in chart["components"]:
        digest = hashlib.sha256((ROOT / VENDOR / part["name"]).read_bytes()).hexdigest()
        assert part["hashes"] == [{"alg": "SHA-256", "content": digest}]
    content = named(bill, "allcue-content")
    assert content["version"] == content_name().version
    assert content["properties"][0]["value"] == content_name().digest


def test_the_same_checkout_gives_the_same_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    first = sbom(ROOT)
    assert first == sbom(ROOT)
    assert "timestamp" not in first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1772323200")
    assert json.loads(sbom(ROOT))["metadata"]["timestamp"] == "2026-03-01T00:00:00+00:00"


def test_hashes_of_the_lock_are_told(checkout: Path) -> None:
    found = runtime_closure(checkout)["click"]
    part = release_sbom._package(found, Pin("click", found.version, (("sha256", "ab" * 32),)))
    assert [value.content for ref in part.external_references for value in ref.hashes] == ["ab" * 32]


def test_another_version_than_locked_stops_it(checkout: Path) -> None:
    lines = (checkout / LOCK).read_text().splitlines()
    (checkout / LOCK).write_text("\n".join("click==8.0.0" if line.startswith("click==") else line for line in lines))
    with pytest.raises(BadBill, match=r"click .* is installed, but 8\.0\.0 is locked"):
        sbom(checkout)


def test_a_file_of_others_must_be_the_one_of_its_notice(checkout: Path) -> None:
    (checkout / VENDOR / "strange.js").write_text("1")
    with pytest.raises(BadBill, match=r"NOTICE.txt does not name strange\.js"):
        sbom(checkout)
    (checkout / VENDOR / "strange.js").unlink()
    (checkout / VENDOR / "uPlot.min.css").write_text("a {}")
    with pytest.raises(BadBill, match=r"uPlot\.min\.css is not the file that NOTICE.txt names"):
        sbom(checkout)


def test_the_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["release", "sbom", str(tmp_path / "new" / "sbom.json")])
    assert result.exit_code == 0, result.output
    assert problems((tmp_path / "new" / "sbom.json").read_text()) is None
