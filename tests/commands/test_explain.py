"""``allcue facts --explain``: where each value came from and by which rule; what would answer each unknown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from service.commands.facts import every_name
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from tests.commands.feed import DAY, bundle, coded, leukemia, patient, result, run, wbc, write

EXAMPLES = Path(__file__).resolve().parents[2] / "fhir_examples"
RELAPSED = EXAMPLES / "relapsed-ph-positive-t315i.json"


def explained(path: Path, *names: str) -> str:
    options = [part for name in names for part in ("--fact", name)]
    result = run(path, "--as-of", DAY, "--explain", *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def facts_in(path: Path, *names: str) -> dict[str, Any]:
    options = [part for name in names for part in ("--fact", name)]
    found: dict[str, Any] = objects(run(path, "--as-of", DAY, "--json", *options))[0]["facts"]
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_a_value_is_shown_with_unit_source_date_code_and_text_as_found(folder: Path) -> None:
    write(folder, a=bundle(patient(), leukemia(), wbc(3100, "/uL", status="preliminary")))
    shown = " ".join(explained(folder / "a.json", "wbc_current").split())
    assert "wbc_current = 3.1 10*9/L (WBC)" in shown
    assert "Observation/wbc (2026-02-28) LOINC 6690-2 Leukocytes [#/volume] in Blood" in shown
    assert "“3100 /uL” [preliminary]" in shown
    assert "rule lab_wbc_current (service/facts/labs/counts.py): The newest number" in shown


def test_what_was_read_from_text_or_concluded_is_marked(folder: Path) -> None:
    named = result("k", {"text": "Karyotype, bone marrow"}, valueString="46,XX,t(9;22)(q34;q11.2)[20]")
    write(folder, a=bundle(patient(), leukemia(code={"text": "B-ALL"}), named))
    assert "[from text]" in explained(folder / "a.json", "lineage")
    marks = {name: fact["sources"][0]["marks"] for name, fact in facts_in(RELAPSED, "abl1_mutations", "sex").items()}
    assert marks == {"abl1_mutations": ["from text"], "sex": []}


def test_a_derivation_names_its_source_and_the_facts_it_rests_on_down_to_the_record() -> None:
    shown = explained(RELAPSED, "marrow_category", "prior_tkis_count")
    assert "(COG" in shown or "COG" in shown
    assert re.search(r"rests on marrow_blasts_percent = 63 %", shown)
    assert re.search(r"rests on prior_tkis = dasatinib", shown)
    found = facts_in(RELAPSED, "nci_risk")
    assert found["nci_risk"]["rests_on"] == ["age_at_diagnosis_years", "wbc_at_diagnosis"]
    assert set(found) == {"nci_risk", "age_at_diagnosis_years", "wbc_at_diagnosis"}
    assert "NCCN ALL 2015" in found["nci_risk"]["rule"]["says"]


def test_facts_that_rest_on_each_other_are_listed_once() -> None:
    """prior_allo_hct and relapse_after_hct may each follow from the other."""
    for path in sorted(EXAMPLES.glob("frey-luger-*.json")):
        for line in explained(path, "recipient_cns_relapse", "relapse_after_hct").split("\n  "):
            rested = re.findall(r"rests on +(\w+)", line)
            assert len(rested) == len(set(rested))


@pytest.mark.parametrize(
    ("name", "resource", "why", "answer"),
    [
        ("wbc_current", wbc(effectiveDateTime="2025-01-01"), "too old", "a result of the last 7 days: Observation: LOINC 6690-2"),
        ("wbc_current", wbc(3, "furlongs"), "unit not convertible", "the same in 10*9/L, or in another unit listed in"),
        ("wbc_current", wbc(99999), "implausible value", "a number from 0 to 3000 10*9/L"),
        ("wbc_current", wbc(status="entered-in-error"), "set aside", "the same with a status that counts as evidence"),
        ("wbc_current", None, "nothing in the record", "Observation: LOINC 6690-2"),
        ("wbc_high_risk", None, "nothing in the record", "what it may follow from: wbc_at_diagnosis"),
        ("deceased", None, "nothing in the record", "Patient (Patient.deceased[x])"),
        ("trial_available", None, "it is the clinician's to judge", ""),
        ("limited_performance_status", None, "no source says from which score", ""),
        ("ordered_drug", None, "the subject of the advice", ""),
    ],
)  # fmt: skip
def test_an_unknown_says_why_and_what_would_answer_it(
    folder: Path, name: str, resource: dict[str, Any] | None, why: str, answer: str
) -> None:
    write(folder, a=bundle(patient(), leukemia(), *([resource] if resource else [])))
    shown = " ".join(explained(folder / "a.json", name).split())
    assert f"{name} (unknown) why" in shown
    assert why in shown
    assert answer in shown
    assert ("send" in shown) is bool(answer)


def test_a_code_of_the_house_is_shown_with_its_own_display(folder: Path) -> None:
    code = {**coded("L77", "http://hospital.example/lab", "Leukozyten i.B."), "text": "WBC"}
    write(folder, a=bundle(patient(), leukemia(), result("w", code, valueQuantity={"value": 5, "unit": "G/L"})))
    assert "http://hospital.example/lab L77 Leukozyten i.B." in " ".join(
        explained(folder / "a.json", "wbc_current").split()
    )


def test_every_fact_is_in_the_report_and_no_line_is_wider_than_100_columns() -> None:
    shown = explained(RELAPSED)
    assert max(len(line) for line in shown.splitlines()[1:]) <= 100
    missing = [name for name in every_name() if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", shown)]
    assert missing == []
    groups = re.findall(r"^([A-Z' ]+): \d+ known, \d+ unknown$", shown, re.MULTILINE)
    assert [group.lower() for group in groups] == list(dict.fromkeys(kind.group for kind in VOCABULARY))


def test_text_of_the_record_cannot_steer_the_terminal(folder: Path) -> None:
    hidden = result("k", coded("29770-5"), valueString="46,XX\x1b[2J\r\n[20]")
    write(folder, a=bundle(patient(), leukemia(), hidden))
    shown = explained(folder / "a.json", "karyotype")
    assert "Observation/k" in shown
    assert "\x1b" not in shown
    assert "\r" not in shown


def test_json_has_one_object_per_file_and_an_error_for_what_cannot_be_read(folder: Path) -> None:
    write(folder, a=bundle(patient()), b="{", c=bundle(patient(), wbc(status="entered-in-error")))
    answer = run(folder / "a.json", folder / "b.json", folder / "c.json", "--json", "--as-of", DAY)
    assert answer.exit_code == 1
    first, second, third = objects(answer)
    assert set(first) == {"file", "as_of", "asked", "facts", "set_aside"}
    assert list(first["facts"]) == every_name() == first["asked"]
    assert second == {"file": str(folder / "b.json"), "error": second["error"]}
    assert "is not JSON" in second["error"]
    assert third["set_aside"] == [
        {"resource": "Observation/wbc", "type": "Observation", "reason": "status entered-in-error"}
    ]


def test_values_keep_in_json_what_they_leave_open(folder: Path) -> None:
    write(folder, a=bundle(patient("1990"), leukemia()))
    found = facts_in(folder / "a.json", "age_years", "fusions", "is_adult")
    assert found["age_years"]["value"] == {"low": 35.0, "high": 36.0, "low_open": False, "high_open": False}
    assert found["is_adult"]["value"] is True
    set_value = facts_in(RELAPSED, "fusions")["fusions"]["value"]
    assert set_value == {"members": ["BCR::ABL1"], "complete": False, "excluded": set_value["excluded"]}


def test_json_says_what_would_answer_an_unknown() -> None:
    unknown = facts_in(RELAPSED, "testicular_disease", "mrd_status", "trial_available")
    answered = unknown["testicular_disease"]["answered_by"]
    assert answered["resources"] == ["Condition", "Observation"]
    assert answered["concepts"] == ["diagnosis.testicular_disease"]
    assert {"system", "code", "display"} == set(answered["codes"][0])
    assert "mrd_fraction" in unknown["mrd_status"]["answered_by"]["facts"]
    assert unknown["trial_available"]["answered_by"]["asked"] == "it is the clinician's to judge"
    assert unknown["trial_available"]["reason"] == "judgement"


def test_facts_are_named_by_alias_and_kind_and_a_wrong_name_is_told(folder: Path) -> None:
    write(folder, a=bundle(patient()))
    assert list(facts_in(folder / "a.json", "hbv_serology", "toxicity(CRS)")) == [
        "hbv_serology_positive",
        "toxicity(CRS)",
    ]
    assert len(facts_in(folder / "a.json", "toxicity")) == len(VOCABULARY.lookup("toxicity(CRS)").parameters)
    wrong = run(folder / "a.json", "--fact", "age_yaers")
    assert wrong.exit_code == 2
    assert "Did you mean 'age_years'" in wrong.output


@pytest.mark.parametrize(
    "content",
    [
        bundle(patient(), leukemia(), wbc()),
        wbc(),
        {"patient": patient(), "conditions": bundle(leukemia()), "observations": bundle(wbc())},
        {
            "hook": "patient-view",
            "context": {"patientId": "p"},
            "prefetch": {"patient": patient(), "observations": wbc()},
        },
        "\ufeff" + json.dumps(bundle(patient(), wbc())),
    ],
    ids=["bundle", "resource", "prefetch", "request", "byte order mark"],
)
def test_every_form_of_a_patient_is_explained_from_file_and_standard_input(folder: Path, content: Any) -> None:
    write(folder, a=content)
    text = (folder / "a.json").read_text(encoding="utf-8")
    for answer in (
        run(folder / "a.json", "--explain", "--fact", "wbc_current", "--as-of", DAY),
        run("-", "--explain", "--fact", "wbc_current", "--as-of", DAY, stdin=text),
    ):
        assert answer.exit_code == 0, answer.output
        assert "wbc_current = 3.1 10*9/L" in answer.output


def test_a_bundle_is_read_whole_also_what_no_call_asks_for(folder: Path) -> None:
    """Calls ask for eight types; a file may hold allergies, adverse events, plans and encounters beside them."""
    allergy = {
        "resourceType": "AllergyIntolerance", "id": "a", "code": {"text": "pegaspargase"}, "patient": {"reference": "Patient/p"},
        "reaction": [{"manifestation": [{"text": "anaphylaxis"}], "severity": "severe"}],
    }  # fmt: skip
    write(folder, a=bundle(patient(), leukemia(), allergy, {"resourceType": "Immunization", "id": "i"}))
    answer = objects(run(folder / "a.json", "--json", "--as-of", DAY, "--fact", "asparaginase_hypersensitivity"))[0]
    fact = answer["facts"]["asparaginase_hypersensitivity"]
    assert fact["sources"][0]["resource"] == "AllergyIntolerance/a"
    assert answer["set_aside"] == [{"resource": "Immunization/i", "type": "Immunization", "reason": "type not read"}]


def test_every_provider_can_be_named_with_a_rule_and_a_file() -> None:
    root = Path(__file__).resolve().parents[2]
    for provider in REGISTRY.providers:
        assert (root / provider.place).is_file()
        assert len(provider.rule) >= 30, f"{provider.name} in {provider.place}: its docstring says too little"
