"""A run over real files: the rows are what the engine says; everything that came is counted, used or set aside with its reason."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fhir_examples.request import day_of
from service.advice.engine import as_json
from service.population.asking import Asker, Asking
from service.population.patients import Patient
from service.population.rows import TABLES
from service.population.running.inputs import NoInput
from service.population.running.journal import NotThisRun
from service.population.running.run import Run, run
from service.rules.editions import UnknownSource
from service.rules.verdict import Outcome
from tests.population.cohort import LEUKEMIA, OTHER, aside, lines, resources, table, write

DAY = day_of(LEUKEMIA)


def asked(tmp_path: Path, **more: Any) -> Run:
    wanted = Run(tmp_path / "in", tmp_path / "out", as_of=DAY, processes=1, partitions=2)
    return replace(wanted, **more)


@pytest.fixture
def simple(tmp_path: Path) -> Run:
    rows = [*resources(LEUKEMIA, "a"), *resources(OTHER, "b"), *resources("new-ph-negative-adult-50", "c")]
    write(tmp_path / "in", rows)
    return asked(tmp_path)


def test_the_rows_are_what_the_engine_says(simple: Run) -> None:
    found = run(simple)
    given = tuple(resources(LEUKEMIA, "a"))
    types = {
        row["resourceType"] for name in (LEUKEMIA, OTHER, "new-ph-negative-adult-50") for row in resources(name, "x")
    }
    asker = Asker(Asking())
    facts = asker.facts(asker.record(Patient("a", given, frozenset(types)), DAY), DAY)
    expected = [as_json(verdict) for verdict in asker.verdicts(facts)]
    rows = [row for row in table(simple.output, "verdicts") if row["patient_id"] == "a"]
    assert [
        {
            "rule": r["rule"],
            "source": r["source"],
            "verdict": r["outcome"],
            "missing": r["missing"],
            "unchecked": r["unchecked"],
        }
        for r in rows
    ] == [{key: value for key, value in row.items() if key != "inventory"} for row in expected]
    assert {row["as_of"] for row in rows} == {DAY}
    assert {row["content"] for row in rows} == {asker.engine.content.digest} == {found["content"]}
    patients = {row["patient_id"]: row for row in table(simple.output, "patients")}
    assert [patients[name]["has_all"] for name in "abc"] == [True, False, True]
    assert patients["a"]["ph_status"] == facts.value("ph_status")
    assert patients["a"]["applies"] == sum(row["outcome"] == "applies" for row in rows)
    assert found["patients"]["all"] == 3
    assert found["rows"]["verdicts"] == len(table(simple.output, "verdicts"))


def test_a_patient_without_all_has_one_row_and_no_other(simple: Run) -> None:
    run(simple)
    assert [name for name in TABLES if any(row["patient_id"] == "b" for row in table(simple.output, name))] == [
        "patients"
    ]


def test_files_may_be_named_in_any_way_compressed_and_in_folders(simple: Run, tmp_path: Path) -> None:
    run(simple)
    every = [
        row
        for file in sorted((tmp_path / "in").glob("*.ndjson"))
        for row in map(json.loads, file.read_text().splitlines())
    ]
    other = tmp_path / "other"
    (other / "more").mkdir(parents=True)
    half = len(every) // 2
    (other / "export-3.ndjson").write_bytes(b"\xef\xbb\xbf" + lines(every[:half]).replace("\n", "\r\n\r\n").encode())
    with gzip.open(other / "more" / "x.000.ndjson.gz", "wt") as stream:
        stream.write(lines(every[half:]).rstrip("\n"))
    again = replace(simple, folder=other, output=tmp_path / "again")
    run(again)
    for name in TABLES:
        key = lambda row: json.dumps(row, default=str, sort_keys=True)  # noqa: E731
        assert sorted(table(again.output, name), key=key) == sorted(table(simple.output, name), key=key)


def test_lines_that_cannot_be_used_are_set_aside_with_file_line_and_reason(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", resources(LEUKEMIA, "a"))
    bad = [
        b'{"resourceType": "Observation", ',
        b"",
        b"[1, 2]",
        b'{"id": "1"}',
        '{"resourceType": "Observation", "note": "Übelkeit"}'.encode("latin-1"),
        b'{"resourceType": "Observation", "id": "1"}',
        b'{"resourceType": "Observation", "id": "2", "subject": {"reference": "Group/7"}}',
        b'{"resourceType": "Observation", "id": "3", "subject": {"identifier": {"value": "MRN-4711"}}}',
        b'{"resourceType": "Observation", "id": "4", "note": "' + b"x" * (16 * 1024 * 1024) + b'"}',
        b'{"resourceType": "Patient"}',
        b'{"resourceType": "Claim", "patient": {"reference": "Patient/a"}}',
    ]
    (folder / "bad.ndjson").write_bytes(b"\n".join(bad) + b"\n")
    wanted = asked(tmp_path, span=6 * 1024 * 1024)  # so that lines are numbered over the parts of a file
    found = run(wanted)
    assert [(row["file"], row["line"], row["reason"]) for row in aside(wanted.output)] == [
        ("bad.ndjson", 1, "is not JSON"),
        ("bad.ndjson", 3, "is no JSON object"),
        ("bad.ndjson", 4, "has no resourceType"),
        ("bad.ndjson", 5, "is not UTF-8"),
        ("bad.ndjson", 6, "names no patient"),
        ("bad.ndjson", 7, "is about a Group, not a patient"),
        ("bad.ndjson", 8, "names its patient by an identifier only"),
        ("bad.ndjson", 9, "longer than 16 MiB"),
        ("bad.ndjson", 10, "a Patient without id"),
    ]
    assert sum(found["set_aside"].values()) == 9
    assert found["not_read"] == {"Claim": 1}
    assert "4711" not in (wanted.output / "set-aside.ndjson").read_text() + (wanted.output / "summary.json").read_text()
    assert found["patients"]["with_all"] == 1


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", resources(LEUKEMIA, "a"))
    packed = gzip.compress(lines(resources("new-ph-negative-adult-50", "b")).encode())
    (folder / "cut.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    found = run(asked(tmp_path))
    assert found["damaged"] == ["cut.ndjson.gz"]
    assert any(row["file"] == "cut.ndjson.gz" and "damaged" in row["reason"] for row in aside(tmp_path / "out"))


def test_what_came_twice_is_read_once(tmp_path: Path) -> None:
    rows = resources(LEUKEMIA, "a")
    changed = {**rows[-1], "note": [{"text": "other content under the same id"}]}
    folder = write(tmp_path / "in", rows)
    (folder / "z.ndjson").write_text(lines([rows[1], changed]))
    found = run(asked(tmp_path))
    assert found["set_aside"] == {
        "the same resource twice": 1,
        "the same id and version with other content; the last one counts": 1,
    }
    told = {(row["reason"].split(";")[0].split(" with")[0], row["file"]) for row in aside(tmp_path / "out")}
    assert ("the same resource twice", "z.ndjson") in told
    assert table(tmp_path / "out", "patients")[0]["resources"] == len(rows) - 1  # the Patient is no entry of the record


def test_bundles_as_lines_are_taken_apart(simple: Run, tmp_path: Path) -> None:
    run(simple)
    entries = []
    for name, who in ((LEUKEMIA, "a"), (OTHER, "b"), ("new-ph-negative-adult-50", "c")):
        text = json.dumps(resources(name, who)).replace(f'"Patient/{who}"', f'"urn:uuid:{who}"')
        rows = [{"resource": row} for row in json.loads(text)]
        for row in rows:
            if row["resource"]["resourceType"] == "Patient":
                row["fullUrl"] = f"urn:uuid:{who}"
        entries.append({"resourceType": "Bundle", "type": "collection", "entry": rows})
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "all.ndjson").write_text(lines(entries))
    again = replace(simple, folder=tmp_path / "bundles", output=tmp_path / "again")
    run(again)
    assert table(again.output, "verdicts") == table(simple.output, "verdicts")


def test_shared_medications_reach_every_patient_who_refers_to_them(tmp_path: Path) -> None:
    imatinib = {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "282388"}],
        "text": "imatinib",
    }
    rows: list[dict[str, Any]] = [
        {
            "resourceType": "Medication",
            "id": "mix",
            "ingredient": [{"itemReference": {"reference": "Medication/pure"}}],
        },
        {"resourceType": "Medication", "id": "pure", "code": imatinib},
    ]
    for who in ("a", "b", "c", "d"):
        rows += resources("new-ph-negative-adult-50", who)
        rows.append({"resourceType": "MedicationRequest", "id": f"m-{who}", "status": "active", "intent": "order",
                     "subject": {"reference": f"Patient/{who}"}, "authoredOn": DAY.isoformat(),
                     "medicationReference": {"reference": "https://ehr.example.org/Medication/mix"}})  # fmt: skip
    write(tmp_path / "in", rows)
    wanted = asked(tmp_path)
    run(wanted)
    found = {(row["patient_id"], row["order"], *row["drugs"]) for row in table(wanted.output, "orders")}
    assert {(who, f"MedicationRequest/m-{who}", "imatinib") for who in "abcd"} <= found


def test_resources_of_a_merged_patient_are_those_of_the_one_who_is_left(tmp_path: Path) -> None:
    rows = resources(LEUKEMIA, "new")
    for row in rows:
        if row["resourceType"] == "Condition":
            row["subject"] = {"reference": "Patient/old"}
        if row["resourceType"] == "Patient":
            row["link"] = [{"type": "replaces", "other": {"reference": "Patient/old"}}]
    write(tmp_path / "in", rows)
    found = run(asked(tmp_path, partitions=64))
    assert found["patients"] == {"all": 1, "with_all": 1, "deceased": 0, "judged": 1}


def test_the_manifest_says_what_was_asked_for_and_what_was_deleted(tmp_path: Path) -> None:
    rows = [
        row for row in resources("new-ph-negative-adult-50", "a") if not row["resourceType"].startswith("Medication")
    ]
    folder = write(tmp_path / "in", [*rows, *resources(LEUKEMIA, "gone")])
    kinds = sorted({row["resourceType"] for row in resources(LEUKEMIA, "x")} | {"MedicationRequest"})
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"request": {"method": "DELETE", "url": "Patient/gone"}}],
    }
    (folder / "removed-1.ndjson").write_text(lines([bundle]))
    manifest = {
        "transactionTime": "2026-03-01T00:00:00Z",
        "request": f"https://ehr.example.org/fhir/$export?_type={','.join(kinds)}",
        "requiresAccessToken": True,
        "output": [{"type": "Patient", "url": "https://ehr.example.org/x/Patient.ndjson", "count": 3}],
        "deleted": [{"type": "Bundle", "url": "https://ehr.example.org/x/removed-1.ndjson"}],
        "error": [],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = run(asked(tmp_path))
    assert found["patients"]["all"] == 1
    assert found["set_aside"] == {"deleted in the source": len(resources(LEUKEMIA, "gone"))}
    assert set(found["provided"]) == set(kinds) - {"Patient"}, "of a type of which less came than was told"
    assert found["warnings"] == ["Patient: the manifest tells of 3, 2 came"]
    del manifest["request"]
    (folder / "manifest.json").write_text(
        json.dumps({**manifest, "request": "https://ehr.example.org/$export?_since=2026-01-01T00:00:00Z"})
    )
    found = run(asked(tmp_path), afresh=True)
    assert found["provided"] == []
    assert "since" in found["warnings"][0]


@pytest.mark.parametrize(("field", "value"), [("asking", Asking(sources=("nccn-2015",))), ("asking", Asking(region="EU")),
                                              ("as_of", date(2020, 1, 1)), ("outcomes", frozenset({Outcome.APPLIES}))])  # fmt: skip
def test_an_output_folder_of_another_run_is_refused(simple: Run, field: str, value: Any) -> None:
    run(simple)
    before = (simple.output / "summary.json").read_text()
    with pytest.raises(NotThisRun, match=r"differs in .* then, .* now.*--afresh"):
        run(replace(simple, **{field: value}))
    assert (simple.output / "summary.json").read_text() == before
    run(replace(simple, **{field: value}), afresh=True)
    assert (simple.output / "summary.json").read_text() != before


def test_changed_input_is_refused(simple: Run) -> None:
    run(simple)
    with (simple.folder / "Condition.ndjson").open("a") as stream:
        stream.write("\n")
    with pytest.raises(NotThisRun, match=r"the input: Condition\.ndjson"):
        run(simple)


def test_nothing_foreign_is_touched(simple: Run, tmp_path: Path) -> None:
    simple.output.mkdir()
    (simple.output / "thesis.txt").write_text("mine")
    for afresh in (False, True):
        with pytest.raises(NotThisRun, match=r"thesis\.txt, which no run wrote"):
            run(simple, afresh=afresh)
    assert [(file.name, file.read_text()) for file in simple.output.iterdir()] == [("thesis.txt", "mine")]
    with pytest.raises(NotThisRun, match="lies in the input folder"):
        run(replace(simple, output=simple.folder / "out"))
    with pytest.raises(NoInput, match="no such folder"):
        run(replace(simple, folder=tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoInput, match="holds no file to read"):
        run(replace(simple, folder=tmp_path / "empty"))
    with pytest.raises(UnknownSource, match="Allowed"):
        run(replace(simple, output=tmp_path / "new", asking=Asking(sources=("nccn-1999",))))


def test_only_some_verdicts(simple: Run) -> None:
    found = run(replace(simple, outcomes=frozenset({Outcome.APPLIES, Outcome.CANNOT_TELL})))
    assert {row["outcome"] for row in table(simple.output, "verdicts")} == {"applies", "cannot_tell"}
    assert found["verdicts"]["does_not_apply"] > 0


NEW = "new-ph-negative-adult-50"


def with_manifest(folder: Path, **more: Any) -> None:
    kinds = ",".join(sorted({row["resourceType"] for row in resources(NEW, "x")}))
    manifest = {
        "transactionTime": "2026-03-01T00:00:00Z",
        "request": f"https://ehr.example.org/fhir/$export?_type={kinds}",
        "requiresAccessToken": True,
        "output": [],
        "error": [],
    }
    (folder / "manifest.json").write_text(json.dumps({**manifest, **more}))


def test_a_type_whose_file_is_missing_is_unknown_and_not_none(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", resources(NEW, "a"))
    kinds = sorted(file.stem for file in folder.iterdir())
    assert "Observation" in kinds
    with_manifest(folder, output=[{"type": kind, "url": f"https://ehr.example.org/{kind}.ndjson"} for kind in kinds])
    assert set(run(asked(tmp_path))["provided"]) == set(kinds)
    (folder / "Observation.ndjson").unlink()
    found = run(asked(tmp_path), afresh=True)
    assert set(found["provided"]) == set(kinds) - {"Observation"}
    assert found["warnings"] == ["Observation: the manifest tells of a file, none came"]


def test_errors_that_the_manifest_lists_count_also_where_their_file_is_not_there(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", [row for row in resources(NEW, "a") if row["resourceType"] != "Observation"])
    with_manifest(folder)
    assert "Observation" in run(asked(tmp_path))["provided"]
    with_manifest(folder, error=[{"type": "OperationOutcome", "url": "https://ehr.example.org/x/errors-1.ndjson"}])
    found = run(asked(tmp_path), afresh=True)
    assert "Observation" not in found["provided"]
    assert found["warnings"] == ["the server reported errors with the export: errors-1.ndjson"]


@pytest.mark.parametrize(("name", "mixed"), [("cut.ndjson.gz", False), ("cut.ndjson.gz", True)])
def test_what_a_damaged_file_may_have_held_is_unknown(tmp_path: Path, name: str, mixed: bool) -> None:
    rows = resources(NEW, "a")
    folder = write(tmp_path / "in", rows)
    one = [row for row in rows if row["resourceType"] == "Observation"]
    packed = gzip.compress(lines([*(rows if mixed else one)] * 30).encode())
    (folder / name).write_bytes(packed[:-20])
    found = run(asked(tmp_path))
    kinds = {row["resourceType"] for row in rows}
    assert set(found["provided"]) == (set() if mixed else kinds - {"Observation"})


def test_files_of_deletions_may_bear_the_name_of_others(tmp_path: Path) -> None:
    rows = resources(LEUKEMIA, "a")
    folder = tmp_path / "in"
    (folder / "deleted").mkdir(parents=True)
    (folder / "1.ndjson").write_text(lines(rows))
    entry = [{"request": {"method": "DELETE", "url": f"{rows[-1]['resourceType']}/{rows[-1]['id']}"}}]
    (folder / "deleted" / "1.ndjson").write_text(lines([{"resourceType": "Bundle", "entry": entry}]))
    base = "https://ehr.example.org"
    with_manifest(folder, output=[{"type": "Patient", "url": f"{base}/1.ndjson"}],
                  deleted=[{"type": "Bundle", "url": f"{base}/deleted/1.ndjson"}])  # fmt: skip
    found = run(asked(tmp_path))
    assert found["patients"]["with_all"] == 1
    assert found["set_aside"] == {"deleted in the source": 1}


@pytest.mark.parametrize("types", [("replaced-by", "replaced-by"), ("replaces", "replaces")])
def test_patients_who_are_merged_into_each_other_are_not_lost(tmp_path: Path, types: tuple[str, str]) -> None:
    rows = [*resources(LEUKEMIA, "b"), *resources(OTHER, "a")]
    for row in rows:
        if row["resourceType"] == "Patient":
            other = {"a": "b", "b": "a"}[row["id"]]
            row["link"] = [{"type": types[row["id"] == "b"], "other": {"reference": f"Patient/{other}"}}]
    write(tmp_path / "in", rows)
    found = run(asked(tmp_path, partitions=64))
    assert found["patients"]["all"] == 1
    assert found["set_aside"] == {}
    assert [row["patient_id"] for row in table(tmp_path / "out", "patients")] == ["a"]


def test_a_shared_resource_with_an_odd_id_does_no_harm(tmp_path: Path) -> None:
    odd = [{"resourceType": "Medication", "id": own, "code": {"text": "imatinib"}} for own in ("a\tb", "c\nd")]
    write(tmp_path / "in", [*resources(LEUKEMIA, "a"), *odd])
    assert run(asked(tmp_path))["patients"]["with_all"] == 1


def test_resources_are_counted_alike_with_and_without_all(tmp_path: Path) -> None:
    rows = resources(OTHER, "b")
    write(tmp_path / "in", rows)
    run(asked(tmp_path))
    (found,) = table(tmp_path / "out", "patients")
    assert (found["has_all"], found["resources"]) == (False, len(rows) - 1)  # the Patient is no entry of the record
