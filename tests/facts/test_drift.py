"""Vocabulary, readers, terminology and documentation cannot drift apart: each failure says which line to change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from service.bundles import Unreadable
from service.commands.facts import every_fact
from service.commands.inputs import invocations
from service.content import read_terminology
from service.facts.model import Provider
from service.facts.orders import stated_orders
from service.facts.registry import REGISTRY
from service.facts.sources import Sources, carried_by
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.asked import ASKED, FROM_THE_CALL
from service.facts.vocabulary.base import FactType
from service.record.build import READ
from service.wiring import build_clinic
from tests.facts.fhir import ATC, concept

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "service" / "facts"
ASKED_FILE = "service/facts/vocabulary/asked.py"
TYPES = list(VOCABULARY)
# Groups that `FactType.codes` may name although the terminology has none of that name.
BY_MEANING = {
    "diagnosis.lineage": "codes of diagnoses that tell the lineage stand in their own groups",
    "genetics.ph_status": "codes of diagnoses that tell the Ph status stand in their own groups",
    "genetics.subtype": "codes of diagnoses that tell the subtype stand in their own groups",
}
# Groups of the terminology that no fact rests on.
UNUSED = {
    "fitness.bsa": "no dose is calculated",
    "labs.albumin": "no rule asks for albumin",
    "labs.ammonia": "no rule asks for ammonia",
    "labs.asparaginase_activity": "no rule asks for the activity of asparaginase",
    "labs.ferritin": "no rule asks for ferritin",
    "labs.other": "antithrombin as a share of normal: no rule asks for it",
    "therapy.hct_donor": "HLA types do not say that a donor is available: the clinician does",
}


@cache
def sources() -> Sources:
    return Sources(VOCABULARY, REGISTRY, read_terminology())


@cache
def providers() -> dict[str, tuple[Provider, ...]]:
    """By the fact's name without its kind."""
    found: dict[str, tuple[Provider, ...]] = {}
    for name, own in REGISTRY.by_name.items():
        base = name.partition("(")[0]
        found[base] = tuple(dict.fromkeys((*found.get(base, ()), *own)))
    return found


def line_of(name: str, *files: Path) -> str:
    """``file:line`` of the first line that names a fact in quotes."""
    for path in files or sorted(path for path in (FACTS / "vocabulary").glob("*.py") if path.name != "asked.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if f'"{name}"' in line:
                return f"{path.relative_to(ROOT)}:{number}"
    return "service/facts/vocabulary/"


def in_asked(name: str) -> str:
    return line_of(name, ROOT / ASKED_FILE)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_every_fact_has_a_reader_or_says_why_not(kind: FactType) -> None:
    name, own = kind.name, providers().get(kind.name, ())
    places = " and ".join(provider.place for provider in own)
    listed = [name in ASKED, name in FROM_THE_CALL, kind.judgement]
    if own:
        assert not kind.judgement, f"{line_of(name)}: {name} is a judgement, but {places} derives it"
        assert not any(listed), (
            f"{places} gives {name} now: delete {in_asked(name)}, and let read_from at {line_of(name)} say where it is read"
        )
        assert "asked" not in kind.read_from, (
            f"{line_of(name)}: read_from of {name} says that it is asked, but {places} gives it: say where it is read"
        )
    else:
        assert sum(listed) == 1, (
            f"no reader gives {name}: add one, or a line with the reason to {ASKED_FILE}"
            if not any(listed)
            else f"{name} is listed twice: keep one of judgement at {line_of(name)} and {in_asked(name)}"
        )


def test_what_is_asked_is_in_the_vocabulary_with_a_reason() -> None:
    for name, reason in (*ASKED.items(), *FROM_THE_CALL.items()):
        assert name in VOCABULARY, f"{in_asked(name)}: {name} is no fact of the vocabulary: delete the line"
        assert len(reason) > 20
        if "does not read it" not in reason and name in ASKED:
            read_from = VOCABULARY.lookup(sources().full(name)).read_from
            assert "asked" in read_from, f"{line_of(name)}: no reader gives {name}: read_from must say that it is asked"


def test_what_the_draft_orders_say_is_listed_as_from_the_call() -> None:
    dose = [{"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "g/m2"}}], "route": concept(text="intravenous")}]
    drafts = [
        {
            "resourceType": "MedicationRequest",
            "medicationCodeableConcept": concept(code, ATC),
            "dosageInstruction": dose,
        }
        for code in ("L01BA01", "L01BC01")
    ] + [
        {"resourceType": "ServiceRequest", "code": concept(text=text)}
        for text in (
            "Karyotype",
            "Transfusion of red blood cells",
            "Bone marrow aspiration",
            "Allogeneic stem cell transplant",
        )
    ]
    names = {
        fact.name for fact in stated_orders(({**draft, "status": "draft"} for draft in drafts), sources().terminology)
    }
    assert names >= {"ordered_drug", "ordered_test", "ordered_procedure"}
    missing = sorted(names - FROM_THE_CALL.keys() - providers().keys())
    assert missing == [], (
        f"{', '.join(missing)}: the draft orders give them: list them in FROM_THE_CALL of {ASKED_FILE}"
    )


@pytest.mark.parametrize("provider", REGISTRY.providers, ids=lambda provider: f"{provider.place}:{provider.name}")
def test_providers_speak_of_facts_of_the_vocabulary_and_say_their_rule(provider: Provider) -> None:
    unknown = [name for name in (*provider.provides, *provider.needs) if name not in VOCABULARY]
    assert unknown == [], f"{provider.place}: {provider.name} speaks of facts that the vocabulary does not have"
    assert len(provider.rule) >= 30, f"{provider.place}: {provider.name} has no docstring that states its rule"
    assert len(set(provider.provides)) == len(provider.provides)


def test_concept_groups_of_facts_are_those_of_the_terminology() -> None:
    groups = set(sources().terminology.groups())
    for kind in TYPES:
        for group in kind.codes:
            assert group in groups or group in BY_MEANING, (
                f"{line_of(kind.name)}: {kind.name} names the group {group}, which has no codes"
            )
    assert not groups & BY_MEANING.keys(), "the terminology has them now: delete them from BY_MEANING"


def test_every_concept_group_answers_a_fact() -> None:
    answering = {group for kind in TYPES for group in sources().of(kind.name).groups}
    groups = set(sources().terminology.groups())
    idle = sorted(groups - answering - UNUSED.keys())
    assert idle == [], (
        "no fact names these groups: add them to the codes of the fact that is read from them, or to UNUSED here"
    )
    assert sorted(UNUSED.keys() & answering) == [], "a fact is read from these groups now: delete them from UNUSED here"
    assert sorted(UNUSED.keys() - groups) == [], (
        "the terminology does not have these groups: delete them from UNUSED here"
    )


def test_every_concept_group_says_which_resources_carry_it() -> None:
    for group in sources().terminology.groups():
        assert set(carried_by(group)) <= READ


def test_every_fact_that_is_read_says_from_what() -> None:
    """From resources, from other facts, or from the configuration of the site."""
    told = ((kind.name, sources().of(kind.name)) for kind in TYPES)
    silent = [name for name, answers in told if not (answers.can_be_sent or answers.follows_from or answers.asked)]
    assert not silent, "\n".join(
        f"{line_of(name)}: what answers {name}? Name a resource type in read_from, or a concept group in codes"
        for name in silent
    )


def literals(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize("folder", sorted(p.name for p in FACTS.iterdir() if (p / "__init__.py").exists()))
def test_concept_groups_that_readers_look_up_are_documented(folder: str) -> None:
    """A group that a reader asks the record for has to be one of those said to answer a fact."""
    if folder == "vocabulary":
        return
    groups = set(sources().terminology.groups())
    answering = {group for kind in TYPES for group in sources().of(kind.name).groups}
    for path in sorted((FACTS / folder).rglob("*.py")):
        hidden = sorted((literals(path) & groups) - answering - UNUSED.keys())
        assert hidden == [], (
            f"{path.relative_to(ROOT)} reads {', '.join(hidden)}, which no fact names: add them to the codes of the fact, or to "
            "_ALSO in service/facts/sources.py"
        )


def reached(name: str, seen: set[str]) -> set[str]:
    """A fact and all that it may follow from."""
    if name not in seen:
        seen.add(name)
        for other in sources().of(name).follows_from:
            reached(other, seen)
    return seen


def cited() -> Iterator[tuple[str, str, str, frozenset[str]]]:
    """Fact, file, type and concepts of every resource that the facts of the example patients cite."""
    day = date(2026, 3, 2)
    clinic = build_clinic(as_of=day)
    files = tuple(str(path) for path in sorted((ROOT / "fhir_examples").rglob("*.json")))
    for path, invocation in invocations(files, day):
        assert not isinstance(invocation, Unreadable)
        question = clinic.question(invocation)
        found = clinic.engine.facts(question)
        entries = {entry.reference: entry for entry in question.record.entries}
        for fact in every_fact(found):
            for seen in fact.provenance if fact.known else ():
                if seen.resource in entries:
                    entry = entries[seen.resource]
                    yield fact.name, Path(path).name, entry.type, entry.concepts - entry.text_concepts


def test_what_readers_cite_is_what_the_documentation_says_they_read() -> None:
    wrong: dict[str, str] = {}  # by what is wrong, with the first file that shows it
    documented: dict[str, tuple[set[str], set[str]]] = {}
    for name, path, kind, concepts in cited():
        if name not in documented:
            names = reached(name, set())
            documented[name] = (
                {t for other in names for t in sources().of(other).types},
                {g for other in names for g in sources().of(other).groups},
            )
        types, groups = documented[name]
        base = name.partition("(")[0]
        if kind not in types:
            wrong.setdefault(f"{base} was read from a {kind}: name it in read_from at {line_of(base)}", path)
        if concepts and not concepts & groups:
            wrong.setdefault(
                f"{base} was read from {', '.join(sorted(concepts))}: name one in its codes at {line_of(base)}, or in _ALSO of "
                "service/facts/sources.py",
                path,
            )
    assert not wrong, "\n".join(f"{what} ({path})" for what, path in sorted(wrong.items()))
    assert len(documented) > 100
