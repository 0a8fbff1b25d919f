"""The ``allcue`` command as a user types it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.content import content_files, read_content
from service.rules.editions import every_rule
from tests.test_examples import bundle
from tests.test_injection import planted

EXAMPLES = Path(__file__).resolve().parents[1] / "fhir_examples"
RELAPSED = {"lineage": "B", "ph_status": "negative", "disease_state": "relapsed", "age_years": 40, "cd19": "positive"}
NCCN = "nccn-adult-2-2025"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_evaluate_answers_every_rule_of_the_chosen_source() -> None:
    result = run("evaluate", "--facts", "-", "--source", NCCN, "--as-of", "2026-01-01", stdin=json.dumps(RELAPSED))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["as_of"] == "2026-01-01"
    own = {rule.id for rule in every_rule(read_content()) if rule.source.ref == NCCN}
    assert {v["rule"] for v in answer["verdicts"]} == own
    assert {v["source"] for v in answer["verdicts"]} == {NCCN}
    assert set(answer["verdicts"][0]) == {"rule", "source", "inventory", "verdict", "missing", "unchecked"}
    assert {v["verdict"] for v in answer["verdicts"]} == {"applies", "does_not_apply", "cannot_tell"}


def test_sources_are_known_by_alias_and_may_be_several() -> None:
    by_alias = run("evaluate", "--facts", "-", "--source", "nccn-2025", stdin=json.dumps(RELAPSED))
    by_id = run("evaluate", "--facts", "-", "--source", f"{NCCN},nccn-2025", stdin=json.dumps(RELAPSED))
    assert json.loads(by_alias.stdout)["verdicts"] == json.loads(by_id.stdout)["verdicts"]
    unknown = run("evaluate", "--facts", "-", "--source", "nccn-2205", stdin="{}")
    assert unknown.exit_code == 2
    assert "Did you mean" in unknown.output


def test_all_asks_every_rule_and_excludes_source() -> None:
    result = run("evaluate", "--facts", "-", "--all", stdin=json.dumps(RELAPSED))
    assert len(json.loads(result.stdout)["verdicts"]) == len(every_rule(read_content()))
    assert run("evaluate", "--facts", "-", "--all", "--source", NCCN, stdin="{}").exit_code == 2


def test_jsonl_answers_line_by_line_in_order_and_goes_on_after_a_bad_one() -> None:
    given = ["not json", json.dumps({"linage": "B"}), json.dumps(RELAPSED), "[1]", json.dumps({"lineage": "Q"}), "{}"]
    result = run("evaluate", "--facts", "-", "--all", "--jsonl", stdin="\n".join(given) + "\n")
    assert result.exit_code == 0
    answers = lines(result)
    assert len(answers) == len(given)
    assert ["error" in answer for answer in answers] == [True, True, False, True, True, False]
    assert "Did you mean 'lineage'" in answers[1]["error"]
    assert "Allowed: one of: B, T" in answers[4]["error"]


def test_toxicity_is_accepted_as_the_inventories_write_it() -> None:
    facts = {"toxicity(pancreatitis)": 2, "toxicity_worst(pancreatitis)": 3}
    assert "verdicts" in lines(run("evaluate", "--facts", "-", "--all", "--jsonl", stdin=json.dumps(facts) + "\n"))[0]


def test_yaml_many_files_and_each_patients_own_day(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("facts:\n  lineage: B\nas_of: 2025-08-01\n")
    (tmp_path / "b.yaml").write_text("- {lineage: T}\n- {lineage: B}\n")
    result = run("evaluate", "--facts", str(tmp_path / "a.yaml"), "--all", str(tmp_path / "b.yaml"))
    assert result.exit_code == 0, result.output
    assert result.stdout.count('"verdicts"') == 3
    assert '"as_of": "2025-08-01"' in result.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lineage: [", "neither JSON nor YAML"),
        ("linage: B", "Did you mean 'lineage'"),
        ("5", "a mapping"),
        ("as_of: soon", "is not a date"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    result = run("evaluate", "--facts", str(tmp_path / "a.yaml"), "--all")
    assert result.exit_code == 1
    assert says in result.stderr
    assert str(tmp_path / "a.yaml") in result.stderr


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    assert run("evaluate", "--facts", "nowhere.json").exit_code == 2
    assert run("evaluate", "--facts", "-", "nowhere.json", stdin="{}").exit_code == 2


def test_content_check_passes_on_the_packaged_content() -> None:
    result = run("content", "check")
    assert result.exit_code == 0, result.output
    assert "no problem found" in result.output


def test_content_check_tells_every_problem_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "cards"
    for path, text in content_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    rules = sorted((folder / "rules").rglob("*.yaml"))
    first, second = [path for path in rules if path.name != "scope.yaml"][:2]
    first.write_text(first.read_text().replace("status: active", "status: aktive"))
    second.write_text(second.read_text().replace("status: active", "status: aktive"))
    result = run("content", "check", "--content", str(folder))
    assert result.exit_code == 1
    assert result.output.count("Did you mean 'active'?") == 2
    shutil.rmtree(folder)
    assert run("content", "check", "--content", str(folder)).exit_code == 2


def test_check_shows_cards_and_trace() -> None:
    result = run("check", str(EXAMPLES / "relapsed-ph-positive-t315i.json"), "--as-of", "2026-03-02")
    assert result.exit_code == 0, result.output
    assert "ponatinib" in result.output
    assert "T315I" in result.output
    assert "excluded" in result.output
    short = run("check", str(EXAMPLES / "relapsed-ph-positive-t315i.json"), "--as-of", "2026-03-02", "--no-trace")
    assert len(short.output) < len(result.output)


def test_check_judges_orders_given_in_words() -> None:
    patient = str(EXAMPLES / "relapsed-ph-positive-t315i.json")
    told = run("check", patient, "--as-of", "2026-03-02", "--no-trace", "--order", "dasatinib 140 mg")
    assert "[critical] Dasatinib is contraindicated" in told.output
    assert "Take back: dasatinib 140 mg" in told.output
    silent = run("check", patient, "--as-of", "2026-03-02", "--order", "ponatinib 45 mg", "--hook", "order-select")
    assert "0 cards" in silent.output


def test_check_takes_requests_and_many_files() -> None:
    files = [str(path) for path in sorted(EXAMPLES.glob("*.json"))[:6]]
    result = run("check", *files, str(EXAMPLES / "requests" / "prefetch-failed.json"), "--as-of", "2026-03-02")
    assert result.exit_code == 0, result.output
    assert result.output.count(" cards\n") == 7


@pytest.mark.parametrize("command", ["check", "facts"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is no JSON object"),
        ('{"hook": "order-sing"}', "Allowed: patient-view"),
        ('{"foo": 1}', "holds no prefetch key"),
        ('{"resourceType": "OperationOutcome"}', "OperationOutcome"),
    ],
)
def test_a_patient_that_cannot_be_read_says_why_and_the_rest_goes_on(
    tmp_path: Path, command: str, text: str, says: str
) -> None:
    (tmp_path / "bad.json").write_text(text)
    result = run(command, str(tmp_path / "bad.json"), str(EXAMPLES / "nothing-but-a-patient.json"))
    assert result.exit_code == 1
    assert says in result.output
    assert "nothing-but-a-patient" in result.stdout


def test_facts_shows_what_was_read_from_where_and_what_is_unknown() -> None:
    result = run("facts", str(EXAMPLES / "unreadable-units.json"), "--as-of", "2026-03-02")
    assert result.exit_code == 0, result.output
    assert "ph_status = negative" in result.output
    assert "wbc_current unknown, unit" in result.output
    assert "Observation/" in result.output


def test_serve_refuses_what_must_not_be_served(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(os.environ)
    result = run("serve", "--host", "0.0.0.0")
    assert dict(os.environ) == before, "who goes on in this process must not count in a folder that is gone"
    assert result.exit_code == 1
    assert "client trust" in result.output
    monkeypatch.setenv("ALLCUE_REGION", "MARS")
    assert "ALLCUE_REGION" in run("serve").output


def test_karyotype_prints_one_line_for_each(tmp_path: Path) -> None:
    file = tmp_path / "karyotypes.txt"
    file.write_bytes("\ufeff46,XX,t(9;22)(q34;q11)[20]\r\n\n46,XY,zz,-7\nBefund f\xfcr".encode() + b"\xfc\n")
    result = run("karyotype", str(file))
    assert result.exit_code == 0
    first, blank, second, last = lines(result)
    assert (first["input"], first["fusions"], first["modal_chromosome_number"]) == (
        "46,XX,t(9;22)(q34;q11)[20]", ["BCR::ABL1"], 46,
    )  # fmt: skip
    assert first["cytogenetic_risk"]["nccn-2015"] == "poor"
    assert (blank["input"], blank["problem"] is not None) == ("", True)
    assert second["unread"] == [{"token": "zz", "at": 6}]
    assert second["clones"][0]["losses"] == {"7": 1}
    assert "not UTF-8" in result.stderr
    assert last["problem"]
    assert run("karyotype", "-", stdin="46,XX[20]\n").exit_code == 0
    assert run("karyotype", str(tmp_path / "none")).exit_code == 2


def test_coverage_counts_what_each_source_has_carried() -> None:
    done = run("content", "coverage", "--source", "nccn-2025")
    assert done.output.startswith("NCCN adult 2.2025: 308 statements: ")
    rows = json.loads(run("content", "coverage", "--source", "nccn-2025", "--json").output)
    assert {row["entry"]: row["how"] for row in rows["nccn-adult-2-2025"]}["nccn-2025-category-1"] == "table"
    wrong = run("content", "coverage", "--source", "nccn-2024")
    assert wrong.exit_code == 2
    assert "Did you mean" in wrong.output


def test_check_may_ask_one_edition_alone() -> None:
    patient = "fhir_examples/relapsed-ph-positive-t315i.json"
    asked = run("check", patient, "--as-of", "2026-03-02", "--no-trace", "--source", "nccn-2025")
    assert asked.exit_code == 0
    assert "Source: NCCN Acute Lymphoblastic Leukemia (adult and AYA), Version 2.2025" in asked.output
    wrong = run("check", patient, "--source", "nccn-2024")
    assert wrong.exit_code == 2
    assert "Did you mean" in wrong.output


@pytest.mark.parametrize("command", [["facts"], ["facts", "--explain"], ["check"], ["check", "--trace"]])
def test_text_of_a_patient_does_not_steer_the_terminal(command: list[str], tmp_path: Path) -> None:
    """Colours of ours are not written where the output is no terminal, so that every control is the patient's."""
    file = tmp_path / "patient.json"
    marked = planted(bundle("relapsed-ph-positive-t315i"), "\x1b[31m\x9b31m\x07\u202e\x1b]0;zqx\x07")
    file.write_text(json.dumps(marked), encoding="utf-8")
    result = CliRunner().invoke(main, [*command, str(file)])
    assert result.exit_code == 0, result.output
    assert "zqx" in result.output or command[0] == "check"
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", result.output)
