"""`allcue population diff`: its files, its exit codes, the names of contents, and what it does with what cannot be read."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fhir_examples.request import FOLDER, day_of
from service.cli import main
from service.commands.content_versions import content_folder
from service.commands.release_wheel import git
from service.content import PACKAGED, NoContent
from service.population.asking import Asker
from service.population.upgrade.files import COLUMNS
from service.versions import content_name
from tests.population.test_upgrade import AT, BLINA, INO, RELAPSED, put

OTHERS = ("new-t-all-adult", "not-a-leukemia-patient")
DAY = day_of(RELAPSED).isoformat()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content") / "cards"
    shutil.copytree(PACKAGED, folder)
    put(folder / f"{AT}blinatumomab.yaml", 'category: "1"', "category: 2A")
    (folder / f"{AT}inotuzumab.yaml").unlink()
    return folder


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    folder = tmp_path / "cohort"
    folder.mkdir()
    for name in (RELAPSED, *OTHERS):
        shutil.copy(FOLDER / f"{name}.json", folder)
    return folder


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["population", "diff", *map(str, words)])


def read(folder: Path) -> tuple[list[dict[str, str]], dict[str, Any]]:
    with (folder / "changes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), json.loads((folder / "changes.json").read_text(encoding="utf-8"))


def test_the_files_say_the_same(content: Path, cohort: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (cohort / "broken.json").write_text("{", encoding="utf-8")
    done = run("--old", "shipped", "--new", content, "--input", cohort, "--output", out, "--as-of", DAY)
    assert done.exit_code == 0, done.output
    assert "1 of 3 patients see something else" in done.output
    assert "1 set aside" in done.output
    rows, whole = read(out)
    assert list(rows[0]) == list(COLUMNS)
    assert {row["patient"] for row in rows} == {"exactly-26"}
    assert {row["where"] for row in rows} == {f"{RELAPSED}.json"}
    assert [(row["patient"], row["rule"], row["change"], row["because"], row["why"]) for row in rows] == [
        (one["patient"], one["rule"], one["change"], one["because"], one["why"]) for one in whole["changes"]
    ]
    own = {row["rule"]: row for row in rows}
    assert (own[INO]["change"], own[INO]["new_verdict"]) == ("lost", "silent")
    assert own[BLINA]["differs"] == "category: 1 -> 2A"
    assert whole["patients"] == {
        "compared": 3, "without_advice": 1, "unchanged": 2, "changed": 1, "advice_changed": 1,
        "by_change": {"gained": 0, "lost": 1, "changed": 1, "verdict": 0, "card": 0},
        "set_aside": {"is not JSON": 1},
    }  # fmt: skip
    assert whole["old"]["digest"] == content_name().digest != whole["new"]["digest"] == content_name(content).digest
    assert {one["rule"]: one["patients"] for one in whole["rules"]}[INO] == 1
    aside = [json.loads(line) for line in (out / "set-aside.ndjson").read_text(encoding="utf-8").splitlines()]
    assert aside == [{"file": "broken.json", "reason": "is not JSON"}]
    for name in ("summary.md", "summary.html"):
        text = (out / name).read_text(encoding="utf-8")
        assert INO in text
        assert "exactly-26" not in text, "a summary is of no patient alone"
        assert f"major: {INO} is no longer served" in text
    assert sorted(path.name for path in out.iterdir()) == [
        "changes.csv", "changes.json", "set-aside.ndjson", "summary.html", "summary.md"
    ]  # fmt: skip


def test_bulk_data_says_what_bundles_say(content: Path, tmp_path: Path) -> None:
    """The same patient in lines of NDJSON; a line that cannot be read is set aside, and the patient is compared."""
    bulk = tmp_path / "bulk"
    bulk.mkdir()
    by_kind: dict[str, list[str]] = {}
    for entry in json.loads((FOLDER / f"{RELAPSED}.json").read_text(encoding="utf-8"))["entry"]:
        by_kind.setdefault(entry["resource"]["resourceType"], []).append(json.dumps(entry["resource"]))
    for kind, lines in by_kind.items():
        (bulk / f"{kind}.ndjson").write_text(
            "\n".join([*lines, "{" if kind == "Observation" else ""]), encoding="utf-8"
        )
    common = ("--old", "shipped", "--new", content, "--as-of", DAY)
    assert run(*common, "--input", bulk, "--output", tmp_path / "a").exit_code == 0
    assert run(*common, "--input", FOLDER / f"{RELAPSED}.json", "--output", tmp_path / "b").exit_code == 0
    (lines, of_lines), (rows, _) = read(tmp_path / "a"), read(tmp_path / "b")
    keys = ("patient", "change", "rule", "because", "why", "new_verdict")
    wanted = {tuple(row[key] for key in keys) for row in rows if row["rule"] in (INO, BLINA)}
    assert {tuple(row[key] for key in keys) for row in lines if row["rule"] in (INO, BLINA)} == wanted
    assert of_lines["lines_set_aside"] == {"is not JSON": 1}
    assert of_lines["patients"]["set_aside"] == {}


def test_exit_codes(content: Path, cohort: Path, tmp_path: Path) -> None:
    common = ("--input", cohort, "--output", tmp_path / "out", "--as-of", DAY, "--fail-on-change")
    assert run("--old", "shipped", "--new", content, *common).exit_code == 1
    unchanged = run("--old", "shipped", "--new", PACKAGED, *common)
    assert (unchanged.exit_code, unchanged.output.splitlines()[0]) == (0, "nothing changes for 3 patients")
    (cohort / "broken.json").write_text("[]", encoding="utf-8")
    assert run("--old", "shipped", *common).exit_code == 1, "nobody knows what would change for the patient set aside"
    nobody = run("--old", "shipped", "--input", cohort / "broken.json", "--output", tmp_path / "out")
    assert nobody.exit_code == 2
    assert "no patient could be compared" in nobody.output
    (tmp_path / "empty").mkdir()
    nothing = run("--old", "shipped", "--input", tmp_path / "empty", "--output", tmp_path / "out")
    assert nothing.exit_code == 2
    assert "holds no file to read" in nothing.output


def test_a_patient_that_cannot_be_judged_is_set_aside_and_the_others_go_on(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Asker.record

    def failing(self: Asker, patient: Any, day: Any) -> Any:
        if patient.id == "exactly-26":
            raise KeyError("a value of the patient")
        return record(self, patient, day)

    monkeypatch.setattr(Asker, "record", failing)
    out = tmp_path / "out"
    done = run("--old", "shipped", "--input", cohort, "--output", out, "--as-of", DAY)
    assert (done.exit_code, "nothing changes for 2 patients; 1 set aside" in done.output) == (0, True)
    _, whole = read(out)
    (reason,) = whole["patients"]["set_aside"]
    assert reason.startswith("could not be judged: KeyError at service/population/upgrade/compare.py:")
    assert "a value of the patient" not in done.output + (out / "set-aside.ndjson").read_text(encoding="utf-8")


def test_content_that_must_not_be_used_tells_everything_and_writes_nothing(
    content: Path, cohort: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(content, bad)
    put(bad / "policy.yaml", "active:", "actve:")
    put(bad / f"{AT}blinatumomab.yaml", "act: offer", "act: ofer")
    done = run("--old", bad, "--input", cohort, "--output", tmp_path / "out")
    assert done.exit_code == 1
    assert f"--old {bad}: the content has 3 problems" in done.output
    assert "Did you mean 'active'?" in done.output
    assert "Did you mean 'offer'?" in done.output
    assert not (tmp_path / "out").exists()


def test_a_run_that_fails_leaves_what_was_there(cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "changes.csv").write_text("of last time\n")
    monkeypatch.setattr("service.population.upgrade.files.Files.add", lambda *_: 1 / 0)
    assert run("--old", "shipped", "--input", cohort, "--output", out).exit_code == 1
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("changes.csv", "of last time\n")]


def test_names_of_contents(tmp_path: Path) -> None:
    """A folder, a checkout, what is shipped and its version, a release by its tag, a revision, a wheel."""
    root, into = tmp_path / "checkout", tmp_path / "into"
    (root / "cards" / "sources").mkdir(parents=True)
    (root / "cards" / "policy.yaml").write_text("active: []\n")
    (root / "cards" / "releases.json").write_text('{"version": "1.0.0", "releases": []}')
    for words in (("init", "--quiet"), ("add", "--all"),
                  ("-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "x"),
                  ("tag", "content-v1.0.0")):  # fmt: skip
        git(root, *words)
    assert content_folder(str(root), into, root) == root / "cards"
    assert content_folder(str(root / "cards"), into, root) == root / "cards"
    assert content_folder("shipped", into, root) == content_folder(content_name().version, into, root) == PACKAGED
    for name in ("1.0.0", "HEAD", "content-v1.0.0"):
        assert (content_folder(name, into / name, root) / "policy.yaml").read_text() == "active: []\n"
    wheel = tmp_path / "allcue-9.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("cards/policy.yaml", "active: [x]\n")
        archive.writestr("service/x.py", "")
    found = content_folder(str(wheel), into, root)
    assert [path.relative_to(found).as_posix() for path in found.rglob("*")] == ["policy.yaml"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("2.0.0", "Content 2.0.0 is not what this Allcue carries, and there is no tag content-v2.0.0"),
        ("nowhere", "'nowhere' is no folder, and no revision of this checkout. Allowed: a folder of content"),
        ("--output=x", "no revision of this checkout"),
        ("HEAD", "has no folder cards/"),
        ("x.whl", "cannot be read as a wheel"),
    ],
)
def test_names_of_no_content(tmp_path: Path, name: str, says: str) -> None:
    git(tmp_path, "init", "--quiet")
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    git(tmp_path, *identity, "commit", "--quiet", "--allow-empty", "-m", "x")
    with pytest.raises(NoContent, match=r"Allowed|cards/|wheel") as problem:
        content_folder(name, tmp_path, tmp_path)
    assert says in str(problem.value)


def test_a_tag_that_was_moved_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "policy.yaml").write_text("active: []\n")
    entry = {"version": "1.0.0", "date": "2026-03-31", "digest": "0123456789abcdef"}
    (tmp_path / "cards" / "releases.json").write_text(json.dumps({"version": "1.1.0-dev", "releases": [entry]}))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "x")
    git(tmp_path, "tag", "content-v1.0.0")
    with pytest.raises(NoContent, match="recorded is 0123456789abcdef"):
        content_folder("1.0.0", tmp_path / "into", tmp_path)
