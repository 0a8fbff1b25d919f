"""``allcue compare`` as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fhir_examples.request import request_of
from service.cli import main
from service.content import content_files
from tests.rules.support import dump

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "fhir_examples" / "relapsed-ph-positive-t315i.json"
DAY = "2026-03-02"
SOURCE = (ROOT / "docs" / "site-example" / "sources" / "riverside-sop.yaml").read_text(encoding="utf-8")
RULE: dict[str, Any] = {
    "status": "active", "topic": "relapsed-refractory/ph-positive", "hooks": ["patient-view"],
    "examples": [{"name": "a", "given": {}, "expect": "applies"}, {"name": "b", "given": {}, "expect": "does_not_apply"},
                 {"name": "c", "given": {}, "expect": {"cannot_tell": ["cd22"]}}],
}  # fmt: skip
RELAPSED = {"disease_state": "relapsed", "age_years": 40, "cd22": "negative", "ph_status": "positive"}


def rule(name: str, source: str, subject: str, when: list[str], **more: str) -> str:
    cited = {"ref": source, "at": "p. 7", **more}
    advise = {"kind": "therapy", "act": "offer", "subject": subject}
    return dump(
        {"id": name, "title": f"Title of {name}", "source": cited, "when": {"all": when}, "advise": advise, **RULE}
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Two sources of a site, so that the test rests on no shipped rule."""
    folder = tmp_path / "site"
    relapsed = "disease_state is relapsed"
    made = {
        "site.yaml": dump({"name": "H", "prefix": "riverside-"}),
        "sources/riverside-sop.yaml": SOURCE,
        "sources/riverside-old.yaml": SOURCE.replace("riverside-sop", "riverside-old").replace("Riverside SOP", "Old SOP"),
        "rules/riverside-sop/riverside-ino.yaml": rule("riverside-ino", "riverside-sop", "inotuzumab ozogamicin", [relapsed], category="1"),
        "rules/riverside-old/riverside-ino-old.yaml":
            rule("riverside-ino-old", "riverside-old", "inotuzumab ozogamicin", [relapsed, "cd22 is positive"]),
        "rules/riverside-sop/riverside-flag.yaml": rule("riverside-flag", "riverside-sop", "flag", [relapsed], category="2A"),
        "rules/riverside-old/riverside-flag-old.yaml": rule("riverside-flag-old", "riverside-old", "flag", [relapsed], category="2B"),
        "rules/riverside-old/riverside-trial-old.yaml": rule("riverside-trial-old", "riverside-old", "clinical-trial", [relapsed]),
    }  # fmt: skip
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def run(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)], input=stdin)


def of_site(site: Path, *arguments: str | Path, stdin: str | None = None) -> Result:
    both = ("--source", "riverside-old", "--source", "riverside-sop", "--as-of", DAY, "--site", site)
    return run(*both, *arguments, stdin=stdin)


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def by_subject(answer: dict[str, Any]) -> dict[str, Any]:
    return {item["subject"]: item for item in answer["recommendations"]}


def test_stated_facts_in_words(site: Path) -> None:
    result = of_site(site, "-", stdin=json.dumps(RELAPSED))
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    assert f"- as of {DAY} Old SOP: 2 of 3 rules apply, 0 cannot tell" in shown
    assert "Recommendations: 1 only Old SOP, 1 only Riverside SOP, 1 both, changed" in shown
    assert "Relapsed or refractory Ph-positive ALL" in shown
    assert (
        "flag: both, changed category Old SOP: offer, category 2B, p. 7 Riverside SOP: offer, category 2A, p. 7"
        in shown
    )
    assert "clinical-trial: only Old SOP Old SOP: offer, p. 7 Riverside SOP: silent on clinical-trial" in shown
    assert "Old SOP: says it for other patients (p. 7): CD22 on the blasts: positive (here: negative)" in shown
    assert "Safety warnings: none" in shown
    assert all(len(line) <= 100 for line in result.stdout.splitlines())


def test_what_is_missing_is_named(site: Path) -> None:
    vague = {name: value for name, value in RELAPSED.items() if name != "cd22"}
    shown = " ".join(of_site(site, "-", stdin=json.dumps(vague)).stdout.split())
    assert "Old SOP: cannot tell (p. 7): needs CD22 on the blasts" in shown


def test_json_for_machines(site: Path) -> None:
    (answer,) = objects(of_site(site, "-", "--json", stdin=json.dumps(RELAPSED)))
    assert set(answer) == {"file", "as_of", "without_all", "sources", "recommendations", "safety", "labels"}
    assert [source["id"] for source in answer["sources"]] == ["riverside-old", "riverside-sop"]
    flag, ino = by_subject(answer)["flag"], by_subject(answer)["inotuzumab ozogamicin"]
    assert (flag["said_by"], flag["changed"]) == (["riverside-old", "riverside-sop"], ["category"])
    assert flag["says"]["riverside-old"][0]["category"] == "2B"
    (reason,) = ino["reasons"]
    assert (reason["why"], reason["rule"], reason["at"]) == ("condition-fails", "riverside-ino-old", "p. 7")
    assert reason["failing"] == [
        [{"criterion": "cd22 is positive", "says": "CD22 on the blasts: positive", "fact": "cd22", "value": "negative"}]
    ]


def test_a_record_and_a_request_are_read_like_facts_reads_them(site: Path, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(request_of(json.loads(EXAMPLE.read_text(encoding="utf-8")), "x")), encoding="utf-8")
    answers = objects(of_site(site, EXAMPLE, request, "--json"))
    assert [by_subject(answer).keys() for answer in answers] == [
        {"flag", "inotuzumab ozogamicin", "clinical-trial"}
    ] * 2
    assert all(answer["recommendations"][0]["said_by"] for answer in answers)


def test_yaml_lists_and_a_patients_own_day(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text("- {facts: {disease_state: relapsed}, as_of: 2026-02-15}\n- {disease_state: new-diagnosis}\n")
    one, two = objects(of_site(site, file, "--json"))
    assert (one["file"], one["as_of"]) == (f"{file}, patient 1", "2026-02-15")
    assert (two["as_of"], two["recommendations"]) == (DAY, [])


def test_files_that_cannot_be_read_are_told_and_the_rest_goes_on(site: Path, tmp_path: Path) -> None:
    texts = {
        "syntax": "{", "number": "5", "name": "linage: B", "date": "as_of: soon", "fhir": '{"resourceType": "OperationOutcome"}',
        "hook": '{"hook": "order-sing"}', "empty": "",
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin").write_bytes(b"lineage: B # \xfcber")
    result = of_site(site, *(tmp_path / name for name in (*texts, "latin")), EXAMPLE)
    assert result.exit_code == 1
    for name, says in {
        "syntax": "is neither JSON nor YAML", "number": "a patient is a mapping", "name": "Did you mean 'lineage'",
        "date": "is not a date", "fhir": "OperationOutcome", "hook": "Allowed: patient-view", "empty": "a patient is a mapping",
        "latin": "is not UTF-8 text",
    }.items():  # fmt: skip
        (line,) = [line for line in result.stderr.splitlines() if line.startswith(f"{tmp_path / name}: ")]
        assert says in line
    assert str(EXAMPLE) in result.stdout
    errors = objects(of_site(site, tmp_path / "number", "--json"))
    assert errors == [{"file": str(tmp_path / "number"), "error": "a patient is a mapping of fact names to values."}]


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        (["nccn-2025"], "Give exactly two sources"),
        (["nccn-2015,nccn-2017,nccn-2025"], "given: 3"),
        (["nccn-2025", "nccn-adult-2-2025"], "are the same source, nccn-adult-2-2025"),
        (["nccn-2025", "nccn-2051"], "Did you mean 'nccn-2025'?"),
    ],
)
def test_two_different_sources_are_asked_for(sources: list[str], says: str) -> None:
    options = [part for source in sources for part in ("--source", source)]
    result = run(*options, "-", stdin="{}")
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


def test_a_record_without_all_says_so(site: Path) -> None:
    result = of_site(site, ROOT / "fhir_examples" / "not-a-leukemia-patient.json")
    assert result.exit_code == 0, result.output
    assert "The record shows no acute lymphoblastic leukemia" in result.stdout


def test_the_shipped_content_compares() -> None:
    """On whatever rules there are: every source beside every other says something readable, or nothing."""
    result = run("--source", "nccn-2015,nccn-2025", EXAMPLE, EXAMPLE, "--as-of", DAY, "--json")
    assert result.exit_code == 0, result.output
    one, again = objects(result)
    assert one == again
    assert [source["id"] for source in one["sources"]] == ["nccn-2015", "nccn-adult-2-2025"]
    for entry in (*one["recommendations"], *one["safety"]):
        assert entry["says"].keys() == set(entry["said_by"])
        assert (len(entry["said_by"]) == 2) is (entry["reasons"] == [])
    assert run("--source", "nccn-2015,nccn-2025", EXAMPLE, "--as-of", DAY).stdout.count("Recommendations:") == 1


def test_content_with_mistakes_is_told(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "site-example", tmp_path / "site")
    (tmp_path / "site" / "policy.yaml").write_text("regio: EU\n")
    result = run("--source", "nccn-2015,nccn-2025", "--site", tmp_path / "site", "-", stdin="{}")
    assert result.exit_code == 1
    assert "site:policy.yaml:1: regio: is not a key here." in result.output
    assert "policy.yaml" in content_files()
