"""A site's own content as it is used: the example of the documentation in every command and in an answered call."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from fhir_examples.request import FOLDER, day_of, request_of
from service.app import create_app
from service.cli import main
from service.content import NoContent, read_content, site_files
from service.settings import Settings
from tests.facts.fhir import condition, observation, patient
from tests.facts.fhir import status as disease_status

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "site-example"
RELAPSED = "relapsed-ph-positive-t315i"
OFF, REWORDED, ADDED = (
    "nccn-2025-rr-phpos-nilotinib", "nccn-2025-rr-phpos-blinatumomab", "riverside-ph-positive-transplant-board",
)  # fmt: skip
Json = dict[str, Any]


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The example with two mistakes."""
    folder = tmp_path / "site"
    shutil.copytree(EXAMPLE, folder)
    (folder / "site.yaml").write_text((folder / "site.yaml").read_text().replace(OFF, OFF[:-1]))
    (folder / "rules" / "stray.yaml").write_text("id: stray\n")
    return folder


@cache
def client(site: Path | None) -> FlaskClient:
    return create_app(Settings(as_of=day_of(RELAPSED), site_content=site)).test_client()


def cards(request: Json, site: Path | None) -> list[Json]:
    """Cards of a POSTed request."""
    found = client(site).post(
        "/cds-services/allcue-patient-view", data=json.dumps(request), content_type="application/json"
    )
    assert found.status_code == 200, found.data
    return list(json.loads(found.data)["cards"])


def test_content_check_lists_what_the_site_changed() -> None:
    result = run("content", "check", "--site", str(EXAMPLE), "--only", "riverside-*")
    assert result.exit_code == 0, result.output
    shown = " ".join(result.output.split())
    assert "Riverside University Hospital: 1 switched off, 1 reworded, 1 added" in shown
    for name in (OFF, REWORDED, ADDED):
        assert name in shown
    assert "Nilotinib is not on our formulary. (Drug committee, 2026-02-10)" in shown
    assert "limits.cards_on_chart_open: 4 instead of 5" in shown
    assert "no problem found" in shown
    assert "Riverside" not in run("content", "check", "--only", "none").output


def test_a_safety_rule_that_is_switched_off_stands_out(tmp_path: Path) -> None:
    off = "{rule: nccn-2025-mesna-ifosfamide, because: Order sets, by: Pharmacy, on: 2026-01-01}"
    (tmp_path / "site.yaml").write_text(f"name: H\nprefix: h-\nswitched_off: [{off}]\n")
    result = run("content", "check", "--site", str(tmp_path), "--only", "none")
    assert result.exit_code == 0, result.output
    assert "1 switched off (1 of them safety)" in result.output
    assert "SAFETY nccn-2025-mesna-ifosfamide (require, " in result.output
    whole = "{source: nccn-2025, because: x, by: y, on: 2026-01-01}"
    (tmp_path / "site.yaml").write_text(f"name: H\nprefix: h-\nswitched_off: [{whole}]\n")
    assert (
        "SAFETY nccn-2025-mesna-ifosfamide: "
        in run("content", "check", "--site", str(tmp_path), "--only", "none").output
    )


def test_evaluate_asks_the_rules_of_the_site_and_not_those_switched_off() -> None:
    stated = json.dumps({"ph_status": "positive", "disease_state": "new-diagnosis", "age_years": 45})

    def verdicts(*more: str) -> dict[str, str]:
        result = run("evaluate", "--facts", "-", "--as-of", "2026-03-02", *more, stdin=stated)
        assert result.exit_code == 0, result.output
        return {v["rule"]: v["verdict"] for v in json.loads(result.stdout)["verdicts"]}

    plain, own = verdicts(), verdicts("--site", str(EXAMPLE))
    assert (OFF in plain, OFF in own) == (True, False)
    assert (plain.get(ADDED), own[ADDED]) == (None, "applies")
    assert verdicts("--site", str(EXAMPLE), "--source", "riverside-sop") == {ADDED: "applies"}


def test_a_call_shows_what_the_site_changed_and_still_cites_the_source() -> None:
    request = request_of(json.loads((FOLDER / f"{RELAPSED}.json").read_text(encoding="utf-8")), RELAPSED)
    plain, own = cards(request, None), cards(request, EXAMPLE)
    before, after = plain[0]["detail"], own[0]["detail"]
    assert "Nilotinib" in before
    assert "Nilotinib" not in after
    assert "pager 4711" in after
    assert "NCCN adult 2.2025, ALL-D 25 of 27; in this site's words" in after
    assert own[0]["source"] == plain[0]["source"]
    assert own[0]["uuid"] != plain[0]["uuid"]


def test_a_call_shows_the_rule_of_the_site() -> None:
    born = patient(born="1980-05-05")
    disease = condition("91857003", text="Ph-positive B-ALL", status="active", recordedDate="2026-02-20")
    bundle = {"entry": [{"resource": r} for r in (
        born, disease, disease_status("newly diagnosed", "2026-02-20"),
        observation("21821-4", "2026-02-21", valueCodeableConcept={"text": "positive"}),
    )]}  # fmt: skip
    for made in bundle["entry"][1:]:
        made["resource"]["subject"] = {"reference": "Patient/p"}
    request = request_of(bundle, "new")
    (found,) = [card for card in cards(request, EXAMPLE) if "transplant board" in card["summary"]]
    assert found["source"]["label"] == "Riverside SOP Acute Leukemia, Version 3"
    assert "Riverside SOP, section 4.2" in found["detail"]
    assert not [card for card in cards(request, None) if "transplant board" in card["summary"]]


def test_check_shows_it_in_the_terminal() -> None:
    file = str(FOLDER / f"{RELAPSED}.json")
    assert "pager 4711" in run("check", file, "--as-of", "2026-03-02", "--site", str(EXAMPLE)).output


def test_the_folder_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLCUE_SITE_CONTENT", str(EXAMPLE))
    assert "Riverside" in run("content", "check", "--only", "none").output


@pytest.mark.parametrize("command", [["check", "x"], ["evaluate", "--facts", "x"], ["content", "check"], ["serve"]])
def test_mistakes_are_told_at_once_by_every_command(command: list[str], broken: Path) -> None:
    with_file = [str(FOLDER / f"{RELAPSED}.json") if word == "x" else word for word in command]
    result = run(*with_file, "--site", str(broken))
    assert result.exit_code == 1
    assert f"site:site.yaml:5: switched_off[0].rule: '{OFF[:-1]}' is not a rule. Did you mean '{OFF}'?" in result.output
    assert "site:rules/stray.yaml:1: id: 'stray' does not begin with the site's prefix 'riverside-'." in result.output
    assert "Traceback" not in result.output


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert run("content", "check", "--site", str(tmp_path / "none")).exit_code == 2
    with pytest.raises(NoContent, match="is not a folder"):
        read_content(site=tmp_path / "none")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_bytes("name: Universitätsklinik\nprefix: u-\n".encode("cp1252"))
    with pytest.raises(NoContent, match=r"site\.yaml is not UTF-8 text"):
        site_files(tmp_path)
    result = run("evaluate", "--facts", "-", "--site", str(tmp_path), stdin="{}")
    assert result.exit_code == 1
    assert "not UTF-8" in result.output


def test_readme_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "site")
    (tmp_path / "site" / "README.md").write_text("what this is")
    (tmp_path / "site" / ".site.yaml.swp").write_text("")
    (tmp_path / "site" / ".old.yaml").write_text("")
    assert site_files(tmp_path / "site") == site_files(EXAMPLE)
