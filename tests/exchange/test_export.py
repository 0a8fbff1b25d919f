"""The exported resources: every rule is there, whole and valid, and whatever one refers to is there too."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.cli import main
from service.commands.content_export import queries
from service.content import read_content, read_terminology
from service.exchange.activities import activity
from service.exchange.conditions import NotInCql, rule_cql
from service.exchange.libraries import ElmProblem, logic_library
from service.exchange.libraries_cql import library_name
from service.exchange.names import fhir_id, identifier
from service.exchange.observations import observation, ucum
from service.exchange.package import MANIFEST, InvalidExport, package
from service.facts.model import Interval, Reason, TokenSet, Value, known, unknown
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import Kind
from service.rules.criterion import Criterion, Op
from service.rules.expression import Leaf
from service.validation import validate
from tests.exchange.support import NAMES, by_kind, exported

RULES = read_content().rules
HL7, CPG = "http://hl7.org/fhir/StructureDefinition/", "http://hl7.org/fhir/uv/cpg/StructureDefinition/"


def plan(rule: Any) -> dict[str, Any]:
    return by_kind("PlanDefinition")[fhir_id(rule.id)]


def cql_of(library: dict[str, Any]) -> str:
    content = next(one for one in library["content"] if one["contentType"] == "text/cql")
    return base64.b64decode(content["data"]).decode()


def test_every_rule_is_a_recommendation_whose_condition_is_in_its_library() -> None:
    libraries = {one["url"]: cql_of(one) for one in by_kind("Library").values() if "content" in one}
    for rule in RULES:
        found = plan(rule)
        assert found["meta"]["profile"][0] == CPG + "cpg-recommendationdefinition"
        assert (found["title"], found["status"]) == (rule.title, rule.status)
        (action,) = found["action"]
        (condition,) = action["condition"]
        assert condition["expression"]["expression"] == rule.id
        assert [condition["expression"]["reference"]] == found["library"]
        url, _, version = found["library"][0].partition("|")
        assert version == NAMES.version
        assert f"define {identifier(rule.id)}:\n" in libraries[url]
        asked = {code["code"] for row in action["input"] for code in row["codeFilter"][0]["code"]}
        assert asked == rule.facts


def test_each_cites_its_page_its_evidence_and_what_it_replaces() -> None:
    content = read_content()
    for rule in RULES:
        artifacts = plan(rule)["relatedArtifact"]
        (citation,) = [one for one in artifacts if one["type"] == "citation"]
        source = content.sources[rule.source.ref]
        assert citation["display"] == rule.source.at
        assert citation["citation"].startswith(source.citation)
        evidence = [one["display"] for one in artifacts if one["type"] == "justification"]
        assert evidence == [content.evidence[key].trial for key in rule.evidence]
        replaced = [one["resource"] for one in artifacts if one["type"] == "predecessor"]
        assert replaced == [NAMES.at("PlanDefinition", fhir_id(old)) for old in rule.supersedes]
        (action,) = plan(rule)["action"]
        strength = {one["url"]: one["valueCodeableConcept"]["coding"][0]["code"] for one in action.get("extension", ())}
        assert strength.get(HL7 + "cqf-qualityOfEvidence") == rule.source.category
        assert strength.get(HL7 + "cqf-strengthOfRecommendation") == rule.source.preference
        direction = strength.get(CPG + "cpg-directionOfRecommendation")
        assert (direction == "against") == (rule.advise.act in ("avoid", "not-labelled"))
        assert direction != "for" or rule.advise.act not in ("note", "caution")


def test_what_may_be_ordered_is_coded_as_in_the_content_and_has_no_dose() -> None:
    content = read_content()
    for rule in RULES:
        (action,) = plan(rule)["action"]
        offered = [one["definitionCanonical"] for one in action.get("action", [action]) if "definitionCanonical" in one]
        wanted = [NAMES.at("ActivityDefinition", fhir_id(key)) for key in (*rule.suggest, *rule.replace)]
        assert offered == wanted
        directions = [one["valueCodeableConcept"]["coding"][0]["code"] for one in action.get("extension", ())]
        assert not ("against" in directions and "definitionCanonical" in action), (
            rule.id
        )  # the order would seem advised against
    assert any(rule.suggest and rule.advise.act == "avoid" for rule in RULES)
    for key, order in content.orderables.items():
        found = by_kind("ActivityDefinition")[fhir_id(key)]
        is_drug = order.kind == "medication"
        assert found["kind"] == ("MedicationRequest" if is_drug else "ServiceRequest")
        assert found["intent"] == "proposal"
        assert not {"dosage", "quantity", "timing", "dynamicValue"} & set(found)
        coded = found["productCodeableConcept"] if is_drug else found["code"]
        own = [
            (row["system"], row["code"]) for row in coded.get("coding", ()) if "cpg-activity-type" not in row["system"]
        ]
        assert own == [(code.system, code.code) for code in order.codes]


def test_every_source_gathers_its_own_recommendations() -> None:
    for source in read_content().sources.values():
        own = [NAMES.at("PlanDefinition", fhir_id(rule.id)) for rule in RULES if rule.source.ref == source.id]
        found = by_kind("PlanDefinition")[fhir_id(f"source-{source.id}")]
        gathered = [one["definitionCanonical"] for part in found["action"] for one in part["action"]]
        assert sorted(gathered) == sorted(own)
        assert all(
            one["title"] and one["description"] and one["code"]
            for part in found["action"]
            for one in [part, *part["action"]]
        )


def canonicals(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for child in value.values():
            yield from canonicals(child)
    elif isinstance(value, list):
        for child in value:
            yield from canonicals(child)
    elif isinstance(value, str) and value.startswith(f"{NAMES.base}/"):
        yield value


def test_nothing_refers_to_what_is_not_there() -> None:
    urls = {one["url"] for one in exported().resources}
    for one in exported().resources:
        for found in canonicals(one):
            assert found.partition("|")[0] in urls, f"{one['resourceType']}/{one['id']} refers to {found}"
    (manifest,) = [one for one in exported().resources if one["id"] == "allcue-manifest"]
    listed = {row["resource"] for row in manifest["relatedArtifact"]}
    assert listed == {f"{one['url']}|{one['version']}" for one in exported().resources if one is not manifest}


def test_facts_are_defined_and_every_one_that_a_rule_names_is_asked() -> None:
    used = sorted(frozenset[str]().union(*(rule.facts for rule in RULES)))
    defined = [row["code"] for row in by_kind("CodeSystem")["allcue-facts"]["concept"]]
    assert defined == used
    library = by_kind("Library")["AllcueFacts"]
    asked = [row["codeFilter"][0]["code"][0]["code"] for row in library["dataRequirement"]]
    assert asked == used
    assert all(f"define {identifier(name)}:\n" in cql_of(library) for name in used)


def test_what_a_server_must_offer_is_what_calls_ask_for() -> None:
    (statement,) = by_kind("CapabilityStatement").values()
    assert statement["kind"] == "requirements"
    offered = {
        row["type"]: [one["name"] for one in row.get("searchParam", ())] for row in statement["rest"][0]["resource"]
    }
    for kind, parameter in queries().items():
        assert offered[kind] == ([parameter] if parameter else [])
    told = {row["type"] for row in by_kind("Library")["allcue-data"]["dataRequirement"]}
    assert told <= set(offered)


def test_two_exports_are_the_same() -> None:
    again = package(read_content(), read_terminology(), NAMES, queries(), None)
    assert again.files() == exported().files()


def test_a_bundle_puts_each_resource_where_it_belongs() -> None:
    bundle = json.loads(exported().bundle("transaction"))
    assert [one["request"] for one in bundle["entry"]] == [
        {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"} for one in exported().resources
    ]
    frame = {**bundle, "entry": bundle["entry"][:3]}
    assert not validate(frame).findings


VALUES: dict[str, list[Value]] = {
    "age_years": [17.0, Interval(low=18, low_open=True), Interval(high=18), Interval(10, 12)],
    "prior_tkis": [TokenSet(frozenset({"dasatinib"}), False, frozenset({"imatinib"}))],
    "lineage": ["B"],
    "prior_allo_hct": [True, False],
    "diagnosis_date": ["2025-03"],
}


def test_facts_as_observations_are_valid() -> None:
    for name, values in VALUES.items():
        for fact in [unknown(name, Reason.NOT_GIVEN), *(known(name, value) for value in values)]:
            made = observation(fact, NAMES, "p", "2026-01-01")
            assert not validate(made).findings, made
            assert ("dataAbsentReason" in made) == (fact.value is None)
    with pytest.raises(ValueError, match="age_years: 'old' is not a value"):
        observation(known("age_years", "old"), NAMES, "p", "2026-01-01")


def test_every_number_has_a_unit_of_ucum() -> None:
    assert all(ucum(kind) for kind in VOCABULARY if kind.kind is Kind.NUMBER)


def test_what_cql_cannot_say_is_an_error_that_names_the_rule() -> None:
    rule = next(rule for rule in RULES if rule.status == "active")
    tiny = Leaf(Criterion("mrd_level", Op.LT, (1.23e-9,), "mrd_level < 1.23e-9"))
    with pytest.raises(NotInCql, match=rf"{rule.id}: 'mrd_level < 1.23e-9'.*8 decimal places"):
        rule_cql(replace(rule, when=tiny))


def test_a_resource_that_fhir_does_not_allow_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> dict[str, Any]:
        return {**activity(*arguments), "intent": 5}

    monkeypatch.setattr("service.exchange.package.activity", broken)
    with pytest.raises(InvalidExport, match=r"ActivityDefinition/.*: intent"):
        package(read_content(), read_terminology(), NAMES, queries(), None)


def elm(version: str = NAMES.version, *defined: str) -> str:
    statements = {"def": [{"name": name} for name in defined]}
    return json.dumps({"library": {"identifier": {"id": "X", "version": version}, "statements": statements}})


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "no ELM"), (elm("0.9", "a b"), "version 0.9"), (elm(NAMES.version), "lacks 'a b'")],
)
def test_elm_of_something_else_is_refused(text: str, problem: str) -> None:
    cql = 'library X\n\ndefine "a b":\n  true\n'
    with pytest.raises(ElmProblem, match=problem):
        logic_library(NAMES, "X", "x", cql, [], [], text)
    good = logic_library(NAMES, "X", "x", cql, [], [], elm(NAMES.version, "a b"))
    assert [one["contentType"] for one in good["content"]] == ["text/cql", "application/elm+json"]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["content", "export", *arguments])


def test_the_command_writes_a_folder_and_replaces_an_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "cpg"
    first = run("--output", str(folder), "--bundle", "collection", "--base-url", "https://cds.example.org/fhir/")
    assert first.exit_code == 0, first.output
    assert f"{len(RULES) + len(read_content().sources)} PlanDefinition" in first.output
    assert json.loads((folder / "bundle.json").read_text())["type"] == "collection"
    rule = RULES[0]
    written = json.loads((folder / "PlanDefinition" / f"{fhir_id(rule.id)}.json").read_text())
    assert written["url"] == f"https://cds.example.org/fhir/PlanDefinition/{fhir_id(rule.id)}"
    source = read_content().sources[rule.source.ref]
    assert (folder / "cql" / f"{library_name(source)}.cql").exists()
    manifest = folder / MANIFEST
    older = json.loads(manifest.read_text())
    older["relatedArtifact"] += [
        {"type": "composed-of", "resource": f"https://old.example.org/{own}|1"} for own in ("PlanDefinition/gone", "Library/Gone")
    ]  # fmt: skip
    manifest.write_text(json.dumps(older))
    gone = [folder / path for path in ("PlanDefinition/gone.json", "Library/Gone.json", "cql/Gone.cql")]
    kept = [folder / path for path in ("notes.txt", "PlanDefinition/mine.json", "Patient/mine.json", "cql/Mine.cql")]
    for file in (*gone, *kept):
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}")
    assert run("--output", str(folder)).exit_code == 0
    assert all(file.exists() for file in kept)
    assert not any(file.exists() for file in gone)
    assert not (folder / "bundle.json").exists()


def test_an_export_that_broke_off_is_known_and_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, write, number = tmp_path / "cpg", Path.write_text, iter(range(10_000))

    def full(self: Path, *arguments: Any, **more: Any) -> int:
        if next(number) == 40:
            raise OSError(28, "No space left on device")
        return write(self, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        broken = run("--output", str(folder))
    assert broken.exit_code == 1
    assert "No space left" in broken.output
    assert not (folder / MANIFEST).exists()
    assert run("--output", str(folder)).exit_code == 0
    assert (folder / MANIFEST).exists()
    assert sorted(path.name for path in (folder / MANIFEST).parent.iterdir() if "manifest" in path.name) == [
        Path(MANIFEST).name
    ]


def test_the_command_refuses_a_folder_with_other_files_and_a_base_that_is_no_address(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    refused = run("--output", str(tmp_path))
    assert refused.exit_code == 2
    assert "holds other files" in refused.output
    for base in ("fhir", "ftp://x/fhir", "https://x/fhir?a=1", "https://x/a|b"):
        refused = run("--output", str(tmp_path / "new"), "--base-url", base)
        assert refused.exit_code == 2
        assert "is no address" in refused.output
    assert not (tmp_path / "new").exists()
