"""A small guideline over the real vocabulary, so that advice and cards are tested apart from the clinical content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from service.advice.engine import Answer, Engine, Question
from service.content import read_terminology
from service.facts.given import facts_from_mapping
from service.facts.model import Fact
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.record.model import Coverage, PatientRecord
from service.rules.load import load_content
from service.rules.rule import Content
from tests.rules.support import POLICY, SOURCE, dump

AS_OF = date(2026, 3, 2)
WORDING = Path(__file__).resolve().parents[2] / "cards" / "wording"
Raw = dict[str, Any]
NAME = {"if_unknown": "name", "because": "the source does not ask for it"}


def rule(name: str, advise: Raw, when: list[Any], unless: list[Any] | None = None, **more: Any) -> Raw:
    made: Raw = {
        "id": name,
        "title": more.pop("title", f"Title of {name}"),
        "status": "active",
        "topic": more.pop("topic", "relapse/b"),
        "hooks": ["patient-view", "order-sign"],
        "source": {"ref": "guide-2025", "at": "p. 7", **more.pop("source", {})},
        "when": {"all": when},
        "advise": advise,
        "examples": [
            {"name": "a", "given": {}, "expect": "applies"},
            {"name": "b", "given": {}, "expect": "does_not_apply"},
            {"name": "c", "given": {}, "expect": {"cannot_tell": ["lineage"]}},
        ],
        **more,
    }
    if unless:
        made["unless"] = {"any": unless}
    return made


RELAPSED = "disease_state is relapsed"
BLINA = rule(
    "blina", {"kind": "therapy", "act": "offer", "subject": "blinatumomab", "note": "Given by continuous infusion.",
              "components": "28 days a cycle", "with": "chemotherapy"},
    [RELAPSED, "cd19 is positive"], source={"preference": "preferred", "category": "1"}, suggest=["order-blina"],
    evidence=["tower"], cautions=["Watch for neurotoxicity."], assumptions=["CD19 is asked for by the label."],
)  # fmt: skip
BLINA_AGAIN = rule(
    "blina-again", {"kind": "therapy", "act": "consider", "subject": "blinatumomab"}, [RELAPSED],
    source={"preference": "other", "category": "2B"},
)  # fmt: skip
INO = rule(
    "ino", {"kind": "therapy", "act": "offer", "subject": "inotuzumab ozogamicin"}, [RELAPSED],
    [{"criterion": "cd22 is negative", **NAME}], source={"preference": "preferred"}, suggest=["order-ino"],
)  # fmt: skip
DASA = rule(
    "dasa", {"kind": "therapy", "act": "offer", "subject": "dasatinib"}, [RELAPSED, "ph_status is positive"],
    [{"criterion": "abl1_mutations includes T315I", **NAME}],
)  # fmt: skip
TRIAL = rule("trial", {"kind": "therapy", "act": "prefer-trial", "subject": "clinical-trial"}, [RELAPSED],
             ["trial_available is false"], questions={"trial_available": "Is a trial open here?"})  # fmt: skip
AVOID_INO = rule(
    "avoid-ino", {"kind": "safety", "act": "avoid", "subject": "inotuzumab ozogamicin", "note": "Liver damage."},
    ["ordered_drug includes inotuzumab ozogamicin", "prior_sos is true"], topic="safety",
)  # fmt: skip
CAUTION_BLINA = rule(
    "caution-blina", {"kind": "safety", "act": "caution", "subject": "blinatumomab"},
    ["ordered_drug includes blinatumomab", "wbc_current >= 10"], topic="safety", title="Lower the count first",
)  # fmt: skip
LABEL = rule(
    "label-blina", {"kind": "label", "act": "labelled", "subject": "blinatumomab"},
    ["ordered_drug includes blinatumomab", "jurisdiction is US"], topic="labels", title="Labelled in the US",
)  # fmt: skip
TEST = rule("test-abl1", {"kind": "test", "act": "test", "subject": "abl1-mutation-test", "note": "Now."},
            [RELAPSED, "ph_status is positive"], ["abl1_mutation_tested is true"], suggest=["order-abl1"],
            title="Test for ABL1 mutations")  # fmt: skip
REDIRECT = rule("redirect", {"kind": "information", "act": "refer", "subject": "mature-b"}, ["lineage is mature-B"],
                title="Mature B-cell disease is treated by another guideline")  # fmt: skip
NOTE = rule("note", {"kind": "information", "act": "note", "subject": "infection"}, [RELAPSED])
REQUIRE = rule("mesna", {"kind": "safety", "act": "require", "subject": "mesna"},
               ["current_therapies includes ifosfamide"], ["current_therapies includes mesna"],
               topic="safety", title="Ifosfamide needs mesna")  # fmt: skip
RULES = (BLINA, BLINA_AGAIN, INO, DASA, TRIAL, AVOID_INO, CAUTION_BLINA, LABEL, TEST, REDIRECT, NOTE, REQUIRE)
TABLES = {
    "tests": {
        "order-cd22": {"title": "CD22 on blasts", "kind": "test", "text": "Flow cytometry: CD22", "answers": ["cd22"]},
        "order-abl1": {"title": "ABL1 mutation test", "kind": "test", "text": "ABL1", "answers": ["abl1_mutations"],
                       "why": "Decides on the TKI",
                       "codes": [{"system": "http://loinc.org", "code": "55135-8", "display": "BCR-ABL1 mutation"}]},
    },
    "drugs": {
        "order-blina": {"title": "Draft blinatumomab", "kind": "medication", "text": "blinatumomab"},
        "order-ino": {"title": "Draft inotuzumab", "kind": "medication", "text": "inotuzumab ozogamicin"},
    },
    "questions": {"prior_sos": "Was there SOS?"},
    "evidence": {"tower": {"trial": "TOWER", "n": 405, "figures": "OS 7.7 v 4.0 months", "citation": "NEJM 2017",
                           "at": "p. 9"}},
}  # fmt: skip


def content(*rules: Raw, cards: int = 5, more: Mapping[str, str] | None = None) -> Content:
    """Content of these rules (all of `RULES` if none); ``more``: further files, or others in place of these."""
    made = {
        "sources/guide-2025.yaml": dump({**SOURCE, "url": "https://www.nccn.org/"}),
        "policy.yaml": dump({**POLICY, "populations": {}, "editions": [], "limits": {"cards_on_chart_open": cards}}),
        "wording/topics.yaml": dump({"relapse": "Relapsed ALL", "safety": "Safety", "labels": "Labels"}),
        **{f"rules/{one['id']}.yaml": dump(one) for one in rules or RULES},
        **{f"tables/{name}.yaml": dump(table) for name, table in TABLES.items()},
        **{f"wording/{path.name}": path.read_text(encoding="utf-8") for path in WORDING.glob("*.md")},
        **(more or {}),
    }
    return load_content(made, VOCABULARY)


def record(coverage: Mapping[str, Coverage] | None = None) -> PatientRecord:
    return PatientRecord("p1", {"resourceType": "Patient", "id": "p1"}, (), coverage or {}, read_terminology())


def engine(*rules: Raw, cards: int = 5, gate: bool | None = True, more: Mapping[str, str] | None = None) -> Engine:
    return Engine(content(*rules, cards=cards, more=more), VOCABULARY, REGISTRY, lambda _: gate, lambda *_: False)


def stated(facts: Raw) -> Mapping[str, Fact]:
    return facts_from_mapping(facts, AS_OF, REGISTRY).stated


def ask(
    facts: Raw,
    *rules: Raw,
    cards: int = 5,
    coverage: Mapping[str, Coverage] | None = None,
    more: Mapping[str, str] | None = None,
) -> Answer:
    question = Question("patient-view", "call-1", AS_OF, record(coverage), stated(facts))
    return engine(*rules, cards=cards, more=more).answer(question)


def ask_orders(
    facts: Raw,
    drafts: list[Any],
    *rules: Raw,
    hook: str = "order-sign",
    selected: tuple[str, ...] = (),
    missing: tuple[str, ...] = (),
    cards: int = 5,
    more: Mapping[str, str] | None = None,
    gate: bool | None = True,
) -> Answer:
    """The answer to a call about draft orders."""
    question = Question(hook, "call-1", AS_OF, record(), stated(facts), tuple(drafts), missing, selected)
    return engine(*rules, cards=cards, more=more, gate=gate).answer(question)


def draft(drug: str, name: str = "d1", **more: Any) -> Raw:
    """A draft order of a drug, as a client sends it."""
    return {
        "resourceType": "MedicationRequest",
        "id": name,
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"text": drug},
        **more,
    }


def card(answer: Answer, start: str) -> Raw:
    """The one card whose summary starts so."""
    (found,) = [c for c in answer.cards if c["summary"].startswith(start)]
    return found
