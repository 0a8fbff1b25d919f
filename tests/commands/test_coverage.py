"""``allcue facts --coverage``: what a feed holds and lacks, in counts, without values of patients."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from service.commands.coverage_report import percent
from service.commands.facts import every_name
from service.commands.survey import Survey, says_something
from service.content import read_terminology
from service.facts.model import Facts, Reason, TokenSet, known
from service.facts.registry import REGISTRY
from service.facts.sources import Sources
from service.facts.vocabulary import VOCABULARY
from tests.commands.feed import DAY, bundle, coded, leukemia, patient, result, run, wbc, write
from tests.facts.support import AS_OF, facts_of

EXAMPLES = Path(__file__).resolve().parents[2] / "fhir_examples"
HOUSE = "http://hospital.example/lab"


def report(folder: Path, code: int = 0) -> dict[str, Any]:
    answer = run("--coverage", folder, "--json", "--as-of", DAY)
    assert answer.exit_code == code, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def text(folder: Path, code: int = 0) -> str:
    answer = run("--coverage", folder, "--as-of", DAY)
    assert answer.exit_code == code, answer.output
    return answer.stdout


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Three patients of one hospital: a result of each kind of trouble."""
    unit, old, good = wbc(3, "furlongs"), wbc(effectiveDateTime="2025-01-01"), wbc()
    karyotype = result("k", coded("L77", HOUSE, "Karyotyp KM"), valueString="46,XX[20]")
    local = [result(f"l{n}", coded("L99", HOUSE, "Sonstiges"), valueString="Frau Muster: auffällig") for n in range(2)]
    return write(
        tmp_path,
        a=bundle(patient(), leukemia(), good, karyotype, *local),
        b=bundle(patient(), leukemia(), unit, wbc(id="x", status="entered-in-error")),
        c__d=bundle(patient(), leukemia(code={"text": "B-ALL"}), old, {"resourceType": "Immunization", "id": "i"}),
    )


def test_patients_are_counted_per_fact_with_reasons_sources_and_systems(feed: Path) -> None:
    found = report(feed)
    assert (found["patients"], found["leukemia"]["recognised"]) == (3, 3)
    wbc_now = found["facts"]["wbc_current"]
    assert (wbc_now["found"], wbc_now["unknown"]) == (1, {"unit": 1, "stale": 1})
    assert (wbc_now["resources"], wbc_now["systems"]) == ({"Observation": 1}, {"LOINC": 1})
    lineage = found["facts"]["lineage"]
    assert (lineage["found"], lineage["text_only"]) == (3, 1)
    assert lineage["systems"] == {"SNOMED CT": 2, "no code": 1}
    assert list(found["facts"]) == every_name()
    for fact in found["facts"].values():
        assert fact["found"] + sum(fact["unknown"].values()) == found["patients"]
        assert set(fact["unknown"]) <= {str(reason) for reason in Reason}


def test_what_the_feed_lacks_names_codes_to_send_and_the_rules_that_wait_for_them(feed: Path) -> None:
    lacks = {name: row for row in report(feed)["lacks"] for name in row["facts"]}
    assert "LOINC 26446-5" in lacks["circulating_blasts"]["send"]
    assert lacks["circulating_blasts"]["rules"] > 10
    assert "wbc_current" not in lacks  # found in one patient
    assert "trial_available" not in lacks  # no record holds it
    rules = [row["rules"] for row in report(feed)["lacks"]]
    assert rules == sorted(rules, reverse=True)
    shown = text(feed)
    assert "circulating_blasts (" in shown.split("What this feed lacks")[1]


def test_codes_nobody_knows_come_with_counts_and_what_they_were_read_as(feed: Path) -> None:
    rows = {row["code"]: row for row in report(feed)["codes_not_recognised"]}
    assert set(rows) == {"L77", "L99"}
    assert (rows["L99"]["resources"], rows["L99"]["patients"], rows["L99"]["read_by_name_as"]) == (2, 1, [])
    assert (rows["L77"]["display"], rows["L77"]["read_by_name_as"]) == ("Karyotyp KM", ["karyotype.iscn"])
    assert f"{HOUSE} L77 Karyotyp KM: 1 in 1 patient, read by its name as karyotype.iscn" in text(feed)


def test_a_code_that_readers_know_without_the_terminology_is_not_listed(tmp_path: Path) -> None:
    """Comorbidities are read by ranges of ICD-10."""
    heart = leukemia(id="h", code=coded("I50.9", "http://hl7.org/fhir/sid/icd-10-cm"))
    skin = leukemia(id="s", code=coded("L70.0", "http://hl7.org/fhir/sid/icd-10-cm"))
    found = report(write(tmp_path, a=bundle(patient(), leukemia(), heart, skin)))
    assert [row["code"] for row in found["codes_not_recognised"]] == ["L70.0"]


def test_vital_signs_of_everybody_are_not_listed(tmp_path: Path) -> None:
    pressure = result("v", coded("85354-9"), category=[coded("vital-signs", "http://x")])
    assert report(write(tmp_path, a=bundle(patient(), pressure)))["codes_not_recognised"] == []


def test_types_seen_never_seen_and_not_read_and_what_was_set_aside(feed: Path) -> None:
    found = report(feed)
    assert found["resources"]["Observation"] == {"patients": 3, "resources": 7}
    assert "Immunization" not in found["resources"]
    assert {"AdverseEvent", "DiagnosticReport"} <= set(found["types_never_seen"])
    assert {"type": "Observation", "reason": "status entered-in-error", "resources": 1} in found["set_aside"]
    shown = text(feed)
    assert "not read: Immunization 1" in shown
    assert "Observation: status entered-in-error: 1" in shown


def test_no_value_of_a_patient_is_in_any_form_of_the_report(feed: Path) -> None:
    for form in ((), ("--json",), ("--csv",)):
        shown = run("--coverage", feed, "--as-of", DAY, *form).output
        for value in ("46,XX", "Muster", "furlongs", "1990-06-15", "2026-01-10", "2025-01-01"):
            assert value not in shown


def test_files_that_cannot_be_read_are_listed_and_the_rest_is_counted(feed: Path) -> None:
    write(feed, bad="{", list="[]", other={"name": "package"}, deep="[" * 100_000, empty="", null="null")
    (feed / "binary.json").write_bytes(b"\xff\xfe\x00")
    (feed / "folder.json").mkdir()
    (feed / "dangling.json").symlink_to(feed / "nowhere")
    (feed / "notes.txt").write_text("{")
    found = report(feed, code=1)
    assert found["patients"] == 3
    reasons = {row["file"]: row["reason"] for row in found["unreadable"]}
    assert set(reasons) == {
        f"{n}.json" for n in ("bad", "list", "other", "deep", "empty", "null", "binary", "dangling")
    }
    assert "is not JSON" in reasons["bad.json"]
    assert "Allowed: a FHIR Bundle" in reasons["list.json"]
    assert "cannot be opened" in reasons["dangling.json"]
    assert "Files that could not be read: 8" in text(feed, code=1)


def test_a_reader_that_fails_on_one_patient_does_not_end_the_report(
    feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Survey.add

    def fails_once(self: Survey, record: Any, found: Facts) -> None:
        if record.about("karyotype.iscn"):
            raise KeyError("Frau Muster")
        add(self, record, found)

    monkeypatch.setattr(Survey, "add", fails_once)
    shown = text(feed, code=1)
    assert "2 patients" in shown
    assert "a.json: made a reader fail (KeyError in test_coverage.py" in shown
    assert "Muster" not in shown


def test_a_folder_without_patients_is_told(tmp_path: Path) -> None:
    answer = run("--coverage", tmp_path)
    assert answer.exit_code == 1
    assert "holds no .json file" in answer.stderr
    only_bad = write(tmp_path, a="{")
    assert "0 patients" in text(only_bad, code=1)
    rows = csv.DictReader(io.StringIO(run("--coverage", only_bad, "--csv").stdout))
    assert {row["percent"] for row in rows} == {""}


@pytest.mark.parametrize(
    "options",
    [(), ("--csv",), ("--coverage", EXAMPLES, "x.json"), ("--coverage", EXAMPLES, "--json", "--csv"),
     ("--coverage", EXAMPLES, "--explain"), ("--coverage", EXAMPLES, "--fact", "anc"), ("--coverage", "nowhere"),
     (EXAMPLES / "german-record.json", "--csv")],
)  # fmt: skip
def test_options_that_do_not_go_together_are_usage_errors(options: tuple[str | Path, ...]) -> None:
    assert run(*options).exit_code == 2


def test_the_table_has_one_line_per_fact(feed: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--coverage", feed, "--csv", "--as-of", DAY).stdout)))
    assert [row["fact"] for row in rows] == every_name()
    row = next(row for row in rows if row["fact"] == "wbc_current")
    assert (row["patients"], row["found"], row["percent"], row["unknown_unit"], row["unknown_stale"]) == (
        "3", "1", "33.3", "1", "1",
    )  # fmt: skip
    assert row["send"].startswith("Observation: LOINC 6690-2")


def test_the_report_over_the_examples_is_at_most_100_columns_wide() -> None:
    shown = text(EXAMPLES)
    assert max(len(line) for line in shown.splitlines()) <= 100
    assert "german-record" not in shown


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (TokenSet(frozenset(), complete=False), False),
        (TokenSet(frozenset(), complete=False, excluded=frozenset({"BCR::ABL1"})), True),
        (TokenSet(frozenset()), True),
        (TokenSet(frozenset({"BCR::ABL1"}), complete=False), True),
    ],
)
def test_an_empty_list_that_may_be_incomplete_is_not_counted_as_found(value: TokenSet, found: bool) -> None:
    assert says_something(known("fusions", value)) is found


def test_what_is_kept_does_not_grow_with_the_number_of_patients() -> None:
    survey = Survey(Sources(VOCABULARY, REGISTRY, read_terminology()), every_name())

    def many(count: int) -> None:
        for number in range(count):
            found = facts_of(patient(), leukemia(id=f"c{number}"), wbc(number % 90, id=f"w{number}"), as_of=AS_OF)
            assert found.record is not None
            survey.add(found.record, found)

    many(20)
    tracemalloc.start()
    many(60)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert survey.patients == 80
    assert grown < 400_000, grown  # caches of the terminology; sixty kept records would be several megabytes


def test_codes_beyond_a_limit_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.commands.survey._MOST_CODES", 2)
    survey = Survey(Sources(VOCABULARY, REGISTRY, read_terminology()), [])
    found = facts_of(
        patient(), *(result(f"o{n}", coded(f"L{n}", HOUSE), effectiveDateTime="2025-05-01") for n in range(5))
    )
    assert found.record is not None
    survey.add(found.record, found)
    assert len(survey.codes) == 2
    assert survey.further_codes == 3


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(0, 9, "0 %"), (9, 9, "100 %"), (1, 500, "<1 %"), (499, 500, ">99 %"), (1, 0, "-")]
)
def test_a_share_is_never_rounded_to_nothing_or_all(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said
