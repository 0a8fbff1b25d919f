"""A cohort exported from a real server on loopback, which is slow, busy, broken and cut off."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.population.bulk import Exported, ExportProblem, ExportRequest, LinkExpired, Refused, export, read_exported
from service.population.bulk.journal import read_journal
from tests.population.bulk.server import TIME, Bulk, Told, as_json, lines, outcome, serving

PATIENTS = lines({"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "id": "b"})
CONDITIONS = lines({"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/a"}})


@pytest.fixture
def bulk() -> Iterator[Bulk]:
    with serving(Bulk({"Patient.x": PATIENTS, "Condition.y": CONDITIONS})) as found:
        yield found


class Calm:
    """Waits no time, and remembers what it was asked to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.lines: list[str] = []

    def run(self, bulk: Bulk, folder: Path, request: ExportRequest | None = None, **more: Any) -> Exported:
        return export(bulk.base, folder, request, pause=self.waits.append, tell=self.lines.append, **more)


def names(folder: Path) -> list[str]:
    return sorted(str(found.relative_to(folder)) for found in folder.rglob("*") if found.is_file())


def test_an_export_from_its_start_to_its_end(bulk: Bulk, tmp_path: Path) -> None:
    calm = Calm()
    found = calm.run(bulk, tmp_path / "out")
    assert (tmp_path / "out" / "Patient.0001.ndjson").read_bytes() == PATIENTS
    assert (tmp_path / "out" / "Condition.0001.ndjson").read_bytes() == CONDITIONS
    assert (found.resources, found.time, found.notes[1:]) == ({"Patient": 2, "Condition": 1}, TIME, ())
    assert calm.waits == [3.0, 3.0]
    assert "the server prepares the export: 1 of 2 done" in calm.lines
    assert bulk.deleted
    (query,) = bulk.queries("kick-off")
    assert query == {
        "_outputFormat": ["application/fhir+ndjson"], "_type": ["Condition,MedicationRequest,Observation,Patient"],
    }  # fmt: skip
    assert not any("authorization" in headers for _, _, headers in bulk.asked)


def test_types_that_were_asked_for_and_of_which_none_came_are_none_and_all_others_are_unknown(
    bulk: Bulk, tmp_path: Path
) -> None:
    found = Calm().run(bulk, tmp_path / "out")
    assert found.provided == {"Patient", "Condition", "Observation", "MedicationRequest"}
    (note,) = found.notes
    assert "Procedure" in note
    assert "not offered by the server; unknown for every patient" in note


def test_what_is_shared_between_patients_is_provided_only_if_it_came(bulk: Bulk, tmp_path: Path) -> None:
    bulk.files["Organization.z"] = lines({"resourceType": "Organization", "id": "o"})
    request = ExportRequest(types=("Patient", "Medication", "Organization"))
    assert Calm().run(bulk, tmp_path / "out", request).provided == {"Patient", "Organization", "Condition"}


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (ExportRequest(), "/fhir/Patient/$export"),
        (ExportRequest(group="g-1"), "/fhir/Group/g-1/$export"),
        (ExportRequest(system=True), "/fhir/$export"),
    ],
)
def test_levels(bulk: Bulk, tmp_path: Path, request_: ExportRequest, path: str) -> None:
    Calm().run(bulk, tmp_path / "out", request_)
    assert [asked.partition("?")[0] for what, asked, _ in bulk.asked if what == "kick-off"] == [path]


def test_of_an_export_since_an_instant_nothing_is_none(bulk: Bulk, tmp_path: Path) -> None:
    found = Calm().run(bulk, tmp_path / "out", ExportRequest(since="2026-01-31T00:00:00Z"))
    assert bulk.queries("kick-off")[0]["_since"] == ["2026-01-31T00:00:00Z"]
    assert not found.provided
    assert "only what changed since" in found.notes[-1]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (ExportRequest(group="../x"), "no id of a Group"),
        (ExportRequest(group="x", system=True), "not both"),
        (ExportRequest(since="yesterday"), "no instant"),
        (ExportRequest(types=("Patient,Observation",)), "no resource type"),
    ],
)
def test_requests_that_cannot_be(bulk: Bulk, tmp_path: Path, request_: ExportRequest, words: str) -> None:
    with pytest.raises(ExportProblem, match=words):
        Calm().run(bulk, tmp_path / "out", request_)
    assert not bulk.asked


@pytest.mark.parametrize(
    "url", ["http://ehr.example.org/fhir", "ftp://127.0.0.1/x", "https://u:p@ehr.example.org/", "x"]
)
def test_addresses_that_may_not_be_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(ExportProblem, match="Allowed"):
        export(url, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_busy_server_is_asked_again_when_it_says(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["kick-off"] += [
        outcome(429, "throttled", "one at a time", Retry_After="120"),
        outcome(500, "exception", ""),
    ]
    bulk.faults["status"] += [outcome(429, "throttled", "slowly", Retry_After="7"), Told(503)]
    bulk.faults["Patient.x"] += [Told(500)]
    calm = Calm()
    assert calm.run(bulk, tmp_path / "out").resources["Patient"] == 2
    assert calm.waits == [120.0, 2.0, 7.0, 2.0, 3.0, 3.0, 1.0]


def test_a_server_that_stays_busy_is_left_after_some_tries_and_asked_again_by_the_next_command(
    bulk: Bulk, tmp_path: Path
) -> None:
    bulk.faults["Condition.y"] += [outcome(500, "exception", "disk full")] * 6
    with pytest.raises(Refused, match="status 500: error exception: disk full"):
        Calm().run(bulk, tmp_path / "out")
    assert bulk.times("Condition.y") == 6
    assert names(tmp_path / "out") == [".export.lock", "Patient.0001.ndjson", "export-journal.json"]
    with pytest.raises(ExportProblem, match="not whole"):
        read_exported(tmp_path / "out")
    found = Calm().run(bulk, tmp_path / "out")
    assert found.resources == {"Patient": 2, "Condition": 1}
    assert (bulk.times("kick-off"), bulk.times("Patient.x")) == (1, 1)


def test_without_word_from_the_server_waits_grow(bulk: Bulk, tmp_path: Path) -> None:
    bulk.polls = 0
    bulk.faults["status"] += [Told(202)] * 12
    calm = Calm()
    calm.run(bulk, tmp_path / "out")
    assert calm.waits[:3] == [2.0, 3.0, 4.5]
    assert calm.waits[-1] == 60.0


def test_an_error_of_the_kick_off_tells_what_the_server_said(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["kick-off"] += [outcome(400, "not-supported", "no eyJhbGciOi.eyJzdWIi.c2ln here")]
    with pytest.raises(Refused, match=r"status 400: error not-supported: no \(token\) here"):
        Calm().run(bulk, tmp_path / "out")
    assert not (tmp_path / "out" / "export-journal.json").exists()


@pytest.mark.parametrize("told", [Told(200), Told(202), as_json(200, {"resourceType": "Bundle"})])
def test_a_server_without_bulk_data(bulk: Bulk, tmp_path: Path, told: Told) -> None:
    bulk.faults["kick-off"] += [told]
    with pytest.raises(ExportProblem, match="did not start an export"):
        Calm().run(bulk, tmp_path / "out")


def test_an_export_that_fails_at_the_server(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["status"] += [outcome(400, "processing", "no such group")]
    with pytest.raises(ExportProblem, match=r"failed at the server.*no such group.*--restart"):
        Calm().run(bulk, tmp_path / "out")


@pytest.mark.parametrize("cut", [0, 5, len(PATIENTS) - 1])
def test_a_download_that_breaks_is_fetched_again(bulk: Bulk, tmp_path: Path, cut: int) -> None:
    bulk.faults["Patient.x"] += [Told(200, PATIENTS, cut=cut)]
    Calm().run(bulk, tmp_path / "out")
    assert (tmp_path / "out" / "Patient.0001.ndjson").read_bytes() == PATIENTS
    assert bulk.times("Patient.x") == 2


@pytest.mark.parametrize(
    ("body", "words"), [(PATIENTS[:-8], "within a resource"), (PATIENTS.split(b"\n")[0], "1 resources of the 2")]
)
def test_a_file_that_is_truncated_at_the_server_never_counts_as_whole(
    bulk: Bulk, tmp_path: Path, body: bytes, words: str
) -> None:
    bulk.faults["Patient.x"] += [Told(200, body)] * 6
    with pytest.raises(ExportProblem, match=words):
        Calm().run(bulk, tmp_path / "out")
    assert names(tmp_path / "out") == [".export.lock", "export-journal.json"]


def test_packed_files_are_unpacked_and_cut_ones_are_not_whole(bulk: Bulk, tmp_path: Path) -> None:
    packed = gzip.compress(PATIENTS)
    bulk.faults["Patient.x"] += [Told(200, data, {"Content-Encoding": "gzip"}) for data in (packed[:-9], packed)]
    Calm().run(bulk, tmp_path / "out")
    assert (tmp_path / "out" / "Patient.0001.ndjson").read_bytes() == PATIENTS
    assert bulk.times("Patient.x") == 2


@pytest.mark.parametrize("status", [403, 404, 410])
def test_links_that_expired_say_so(bulk: Bulk, tmp_path: Path, status: int) -> None:
    bulk.faults["Condition.y"] += [Told(status)]
    with pytest.raises(LinkExpired, match=r"expired.*until Sun, 01 Mar 2026.*--restart"):
        Calm().run(bulk, tmp_path / "out")
    bulk.polled = 0
    assert Calm().run(bulk, tmp_path / "out", restart=True).resources == {"Patient": 2, "Condition": 1}
    assert (bulk.times("kick-off"), bulk.times("delete")) == (2, 2)


def test_what_the_server_reports_as_missing_makes_absence_unknown(bulk: Bulk, tmp_path: Path) -> None:
    bulk.files["OperationOutcome.e"] = outcome(200, "exception", "Patient b: not exported").body + b"\n"
    bulk.manifest["error"] = [{"type": "OperationOutcome", "url": f"{bulk.url}/files/OperationOutcome.e"}]
    bulk.manifest["output"] = [{"type": "Patient", "url": f"{bulk.url}/files/Patient.x"}]
    found = Calm().run(bulk, tmp_path / "out")
    assert "errors/OperationOutcome.0001.ndjson" in names(tmp_path / "out")
    assert not found.provided
    assert "the server reports: 1 error exception; see errors/" in found.notes
    assert "Patient b" not in "".join(found.notes)


def test_reports_that_are_no_errors_leave_absence_as_it_is(bulk: Bulk, tmp_path: Path) -> None:
    issue = [{"severity": "information", "code": "informational"}]
    bulk.files["OperationOutcome.e"] = lines({"resourceType": "OperationOutcome", "issue": issue})
    bulk.manifest["error"] = [{"type": "OperationOutcome", "url": f"{bulk.url}/files/OperationOutcome.e"}]
    bulk.manifest["output"] = []
    found = Calm().run(bulk, tmp_path / "out")
    assert found.provided
    assert "the server reports: 1 information informational; see errors/" in found.notes


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"requiresAccessToken": None}, "lacks requiresAccessToken"),
        ({"output": None}, "lacks output"),
        ({"output": [{"type": "Patient"}]}, "has no url"),
        ({"output": [{"type": "../Patient", "url": "x"}]}, "no resource type"),
        ({"link": [{"relation": "next", "url": "x"}]}, "several pages"),
    ],
)
def test_manifests_that_cannot_be_used(bulk: Bulk, tmp_path: Path, manifest: dict[str, Any], words: str) -> None:
    bulk.manifest = manifest
    with pytest.raises(ExportProblem, match=words):
        Calm().run(bulk, tmp_path / "out")


def test_ctrl_c_cancels_what_the_server_still_prepares(bulk: Bulk, tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(bulk.base, tmp_path / "out", pause=interrupt)
    assert bulk.deleted
    assert read_journal(tmp_path / "out") is None


def test_ctrl_c_while_files_come_keeps_what_is_whole(bulk: Bulk, tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("1 of"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(bulk.base, tmp_path / "out", pause=lambda _: None, tell=interrupt)
    assert not bulk.deleted
    Calm().run(bulk, tmp_path / "out")
    assert (bulk.times("kick-off"), bulk.times("Patient.x"), bulk.times("Condition.y")) == (1, 1, 1)


def test_a_whole_export_is_not_asked_for_again(bulk: Bulk, tmp_path: Path) -> None:
    first = Calm().run(bulk, tmp_path / "out")
    bulk.asked.clear()
    assert Calm().run(bulk, tmp_path / "out") == first == read_exported(tmp_path / "out")
    assert not bulk.asked
    (tmp_path / "out" / "Patient.0001.ndjson").write_bytes(PATIENTS[:-1])
    with pytest.raises(ExportProblem, match="not as it was fetched"):
        Calm().run(bulk, tmp_path / "out")


def test_a_folder_is_for_one_request(bulk: Bulk, tmp_path: Path) -> None:
    Calm().run(bulk, tmp_path / "out")
    with pytest.raises(ExportProblem, match="asked for otherwise"):
        Calm().run(bulk, tmp_path / "out", ExportRequest(group="g"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(ExportProblem, match="holds other files"):
        Calm().run(bulk, tmp_path / "full")


def test_files_are_for_the_owner_alone_and_links_do_not_stay(bulk: Bulk, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    Calm().run(bulk, folder)
    assert all((folder / name).stat().st_mode & 0o77 == 0 for name in names(folder))
    assert folder.stat().st_mode & 0o77 == 0
    assert "/files/" not in (folder / "export-journal.json").read_text()
    assert json.loads((folder / "export-journal.json").read_text())["state"] == "complete"


def test_an_export_that_the_server_keeps_is_told(bulk: Bulk, tmp_path: Path) -> None:
    bulk.faults["delete"] += [outcome(405, "not-supported", "")]
    assert "the server still has the export" in Calm().run(bulk, tmp_path / "out").notes[-1]


def test_the_wait_has_an_end_and_the_next_command_waits_on(bulk: Bulk, tmp_path: Path) -> None:
    from service.population.bulk import Access

    bulk.polls = 30
    with pytest.raises(ExportProblem, match="not ready"):
        Calm().run(bulk, tmp_path / "out", access=Access(longest=10))
    bulk.polls = 0
    Calm().run(bulk, tmp_path / "out")
    assert bulk.times("kick-off") == 1
