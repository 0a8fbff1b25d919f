"""This service under its own black-box checks, the table of requirements, and the command."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fhir.resources.R4B import get_fhir_model_class
from jwt.algorithms import ECAlgorithm

from docs.conformance import PAGE, page, results
from fhir_examples.request import FOLDER, day_of, names
from service.cli import main
from service.conformance.checks import CHECKS
from service.conformance.examples import HOOKS, SHIPPED, TOLD, context, nobody
from service.conformance.model import Checks, Outcome
from service.conformance.requirements import BadTable, Level, parse, requirements
from service.hooks.profiles import profiles
from tests.conformance.support import CARD, SMALL, Small, served
from tests.conformance.test_faults import SIGNER, Verifier
from tests.test_hooks import NEW, cards, collection, order
from tests.test_layers import SERVICE, imports

ROOT = Path(__file__).resolve().parents[2]
RELAPSED = "relapsed-ph-positive-t315i"


# This service


@pytest.mark.parametrize("profile", list(profiles()))
def test_no_check_fails_against_this_service(profile: str) -> None:
    """But one: the Inferno suite demands an empty array of systemActions, which requirement 3 forbids."""
    failed = {name: result.words for name, result in results(profile).items() if result.outcome is Outcome.FAILED}
    assert set(failed) == ({"no-empty-values"} if profile == "inferno-crd" else set()), failed
    assert all("systemActions is empty" in words for words in failed.get("no-empty-values", ()) if "more" not in words)


def test_what_is_skipped_against_this_service() -> None:
    """Only what it does not send, and TLS, which is the proxy's; whatever else is skipped was not looked at."""
    skipped = {name for name, result in results().items() if result.outcome is Outcome.SKIPPED}
    assert skipped == {
        "source-icon", "link-app-context", "app-context-smart-only", "suggestion-recommended", "one-recommended",
        "action-selection-behavior", "update-resource", "system-actions", "https",
    }  # fmt: skip


def every_card() -> Iterator[dict[str, Any]]:
    for name in names():
        yield from cards(name, "patient-view")
    for name in (NEW, RELAPSED):
        yield from cards(name, "order-sign", drafts(name))


def drafts(name: str) -> dict[str, Any]:
    rows = [order(name, "vincristine 2 mg intrathecal", id="d1"), order(name, "dasatinib", id="d2", status="draft")]
    return {"draftOrders": collection(*rows)}


def test_what_the_table_says_is_not_sent_is_not_sent() -> None:
    """No icon [111-113], nothing recommended before others [120-122], no update [132], no appContext [144-147]."""
    seen = 0
    for card in every_card():
        seen += 1
        assert "icon" not in card["source"]
        assert all(link["type"] == "absolute" and "appContext" not in link for link in card.get("links", ()))
        for row in card.get("suggestions", ()):
            assert "isRecommended" not in row
            assert all(action["type"] in ("create", "delete") for action in row.get("actions", ()))
    assert seen > 40


def test_every_suggested_resource_is_valid_fhir() -> None:
    """[130]: what a create brings, read with the model of its type."""
    made = [action["resource"] for card in every_card() for row in card.get("suggestions", ())
            for action in row.get("actions", ()) if action["type"] == "create"]  # fmt: skip
    assert {row["resourceType"] for row in made} >= {"ServiceRequest", "MedicationRequest"}
    for row in made:
        get_fhir_model_class(row["resourceType"]).model_validate(row)


def test_a_repeated_call_repeats_its_uuids() -> None:
    """[82]: a card can be found again by its uuid."""
    first, second = (cards(RELAPSED, "patient-view") for _ in range(2))
    assert [card["uuid"] for card in first] == [card["uuid"] for card in second]
    assert len({card["uuid"] for card in first}) == len(first) > 1


def test_a_suggestion_that_replaces_an_order_does_both() -> None:
    """[125]: what is put in place of a draft stands with its removal in one suggestion, never in two."""
    drafts = json.loads((FOLDER / "orders" / "dasatinib-with-t315i.json").read_text(encoding="utf-8"))
    told = [row["actions"] for card in cards(RELAPSED, "order-sign", {"draftOrders": drafts})
            for row in card.get("suggestions", ())]  # fmt: skip
    kinds = [[action["type"] for action in actions] for actions in told]
    assert ["create", "delete"] in kinds
    for actions in told:
        for action in actions:
            made = action.get("resource", {}).get("resourceType")
            assert made != "MedicationRequest" or "delete" in [other["type"] for other in actions]


# The table


def test_the_table_holds_the_120_requirements_that_name_the_service() -> None:
    """Counts of the public list: a row that is lost or given another level shows here."""
    assert Counter(row.level for row in requirements()) == {
        Level.SHALL: 69, Level.SHALL_NOT: 4, Level.SHOULD: 17, Level.SHOULD_NOT: 1, Level.MAY: 28, Level.DEPRECATED: 1,
    }  # fmt: skip
    assert [row.id for row in requirements()] == sorted(row.id for row in requirements())


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("node", sorted({node for row in requirements() for node in row.tests}))
def test_the_tests_of_the_table_are_there(node: str) -> None:
    path, _, name = node.partition("::")
    function, _, case = name.partition("[")
    assert function in functions_of(path)
    assert not case or f'"{case.removesuffix("]")}"' in (ROOT / path).read_text(encoding="utf-8")


def test_every_check_has_a_requirement_or_a_basis() -> None:
    listed = {name for row in requirements() for name in row.checks}
    assert [name for name, check in CHECKS.items() if name not in listed and not check.basis] == []


def test_every_demand_is_looked_at() -> None:
    """No SHALL rests on words alone, except those that only people can keep."""
    bare = {row.id for row in requirements() if row.level.startswith("SHALL") and not (row.checks or row.tests)}
    assert bare == {213}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("[]", "the table is empty"),
        ("- {id: 1, level: MUST, actor: x, what: some, check: [https]}", "requirement 1: level"),
        ("- {id: 1, level: MAY, actor: x, what: some, check: [htps]}", "requirement 1: no check is called htps"),
        ("- {id: 1, level: MAY, actor: x, what: some}", "requirement 1: neither check nor test"),
        ("- {id: 1, level: MAY, actor: x, what: some, chek: [https]}", "requirement 1: chek"),
        ("- &a {id: 1, level: MAY, actor: x, what: some, check: [https]}\n- *a", "requirement 1: stands twice"),
    ],
)
def test_a_wrong_table_is_refused(rows: str, words: str) -> None:
    with pytest.raises(BadTable, match=words):
        parse(rows, CHECKS)


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m docs.conformance"


# The package


def test_it_knows_nothing_of_this_service() -> None:
    for path in (SERVICE / "conformance").rglob("*.py"):
        own = [name for name in imports(path) if name.split(".")[0] == "service"]
        assert all(name.startswith("service.conformance") for name in own), f"{path} imports {own}"


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_patients_are_those_of_the_examples(name: str) -> None:
    shipped = SERVICE / "conformance" / "patients" / f"{name}.json"
    assert shipped.read_text(encoding="utf-8") == (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert day_of(name) == TOLD


def test_the_hooks_it_knows_have_a_context() -> None:
    bare = set(context("org.example.unknown", nobody()))
    without_more = {hook for hook in HOOKS if set(context(hook, nobody())) == bare}
    assert without_more == {"patient-view"}


def test_two_checks_of_one_name_are_refused() -> None:
    checks = Checks()

    def twice(run: Any) -> Iterator[str]:
        yield ""

    checks.add("once")(twice)
    with pytest.raises(ValueError, match="two checks are called twice"):
        checks.add("again")(twice)


# The command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["conformance", *arguments])


@pytest.fixture
def patient(tmp_path: Path) -> str:
    file = tmp_path / "small.json"
    file.write_text(json.dumps({"entry": [{"resource": row} for row in SMALL.resources]}))
    return str(file)


def test_the_command_prints_the_table_and_the_counts(patient: str) -> None:
    with served(Small()) as base:
        told = run(f"{base}/cds-services/", "--patient", patient)
    lines = told.output.splitlines()
    assert told.exit_code == 0, told.output
    assert f"CDS Hooks conformance of {base}" in lines
    assert any(line.startswith("passed   card-summary ") and "[83]" in line for line in lines)
    passed, failed, skipped = (int(word) for word in lines[-1].replace(",", "").split()[::2])
    assert lines[-1] == f"{passed} passed, {failed} failed, {skipped} skipped"
    assert (failed, passed + skipped) == (0, len(CHECKS))


def test_the_command_fails_where_a_check_does(patient: str) -> None:
    with served(Small(cards=lambda body: [{**CARD, "summary": "x" * 200}])) as base:
        told = run(base, "--patient", patient, "--only", "service-call, card-summary")
    assert told.exit_code == 1
    assert "- small (small) cards[0].summary is text of 200 characters" in told.output
    assert "Failed: card-summary" in told.output
    assert told.output.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_the_command_writes_json(patient: str) -> None:
    with served(Small(discovery={"services": []})) as base:
        told = run(base, "--patient", patient, "--json")
    found = json.loads(told.output)
    assert told.exit_code == 0
    assert found["failed"] == 0
    assert found["passed"] + found["skipped"] == len(found["checks"]) == len(CHECKS)
    outcomes = {row["id"]: row["outcome"] for row in found["requirements"]}
    assert (outcomes[6], outcomes[83]) == ("passed", "skipped")


@pytest.mark.parametrize("form", ["pem", "jwk", "set"])
def test_the_command_signs_with_a_key(form: str, tmp_path: Path, patient: str) -> None:
    file = tmp_path / "key"
    if form == "pem":
        file.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    else:
        jwk = {**json.loads(ECAlgorithm.to_jwk(SIGNER.key)), "kid": "key-1"}
        file.write_text(json.dumps({"keys": [jwk]} if form == "set" else jwk))
    options = ["--key", str(file), "--issuer", SIGNER.issuer, *(["--kid", "key-1"] if form == "pem" else [])]
    with served(Small(check_token=Verifier(SIGNER))) as base:
        told = run(base, "--patient", patient, "--only", "service-call,jwt-accepted,jwt-none", *options)
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "3 passed, 0 failed, 0 skipped"), told.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cds.example.org"], "is no address of a service"),
        (["http://127.0.0.1:99999"], "is no address of a service"),
        (["https://user:secret-that@cds.example.org"], "'https://...@cds.example.org' is no address of a service"),
        (["http://[::1"], "is no address of a service"),
        (["http://127.0.0.1:9"], "http://127.0.0.1:9/cds-services gave no answer (connection refused): nothing was"),
        (["https://no-such-host.invalid"], "gave no answer (no host of this name): nothing was checked"),
        (["https://cds.example.org", "--only", "card-sumary"], "no check is called card-sumary. Checks: discovery-avail"),
        (["https://cds.example.org", "--issuer", "x"], "go with --key"),
        (["https://cds.example.org", "--key", "{key}"], "--key needs --issuer and --kid"),
        (["https://cds.example.org", "--key", "{bad}", "--issuer", "x", "--kid", "y"], "must be one private EC or RSA key"),
        (["https://cds.example.org", "--key", "{ed}", "--issuer", "x", "--kid", "y"], "must be a private EC (P-256"),
        (["https://cds.example.org", "--patient", "{bad}"], "no JSON"),
        (["https://cds.example.org", "--patient", "{empty}"], "exactly one Patient"),
    ],
)  # fmt: skip
def test_wrong_options_are_told(arguments: list[str], words: str, tmp_path: Path) -> None:
    pem = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    written = {
        "key": ec.generate_private_key(ec.SECP384R1()).private_bytes(*pem),
        "ed": ed25519.Ed25519PrivateKey.generate().private_bytes(*pem),
        "bad": b"secret-that-is-no-key",
        "empty": b'{"resourceType": "Bundle"}',
    }
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    told = run(*(argument.format(**{name: tmp_path / name for name in written}) for argument in arguments))
    assert told.exit_code == 2
    assert words in told.output
    assert "secret-that" not in told.output


def test_the_yaml_names_no_sentence_of_the_list() -> None:
    """Ids and levels are facts of the list; its sentences are not ours. Ours are short."""
    rows = yaml.safe_load((SERVICE / "conformance" / "requirements.yaml").read_text(encoding="utf-8"))
    assert max(len(row["what"]) for row in rows) < 80
