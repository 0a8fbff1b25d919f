"""``python -m bench.alerts [VIGNETTES_DIR]``: how many cards orders draw, over the example patients and any vignettes.

Two kinds of orders: what the guidelines prefer for the patient (each should draw nothing), and everyday drugs of leukemia
care (few should).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fhir_examples.request import FOLDER, day_of, names, request_of
from service.advice.engine import Engine, Question
from service.advice.model import Options
from service.bundles import invocation_of
from service.content import read_terminology
from service.facts.given import facts_from_mapping
from service.facts.model import Fact
from service.facts.registry import REGISTRY
from service.record.model import PatientRecord
from service.wiring import Clinic, build_clinic

HOOKS = ("order-select", "order-sign")
EVERYDAY = (
    "allopurinol 300 mg", "ondansetron 8 mg", "pantoprazole 40 mg", "trimethoprim-sulfamethoxazole 160/800 mg",
    "aciclovir 400 mg", "levofloxacin 500 mg", "micafungin 50 mg", "filgrastim 300 ug", "paracetamol 500 mg",
    "prednisone 20 mg", "dexamethasone 4 mg", "mercaptopurine 50 mg", "methotrexate 2.5 mg weekly",
    "vincristine 2 mg intravenous", "leucovorin 15 mg", "enoxaparin 40 mg", "metoclopramide 10 mg", "potassium chloride",
)  # fmt: skip
_AS_OF = date(2026, 3, 2)
_STATED = ("ordered_", "candidate_", "methotrexate_dose_level", "cytarabine_dose_level")


@dataclass
class Tally:
    """Orders and the cards they drew, by indicator."""

    orders: int = 0
    silent: int = 0
    cards: Counter[str] = field(default_factory=Counter)
    loud: Counter[str] = field(default_factory=Counter)

    def add(self, cards: Iterable[dict[str, Any]], about: str) -> None:
        drawn = list(cards)
        self.orders += 1
        self.silent += not drawn
        self.cards.update(card["indicator"] for card in drawn)
        self.loud.update(f"{about}: {card['summary'][:90]}" for card in drawn)

    def line(self, name: str) -> str:
        rate = sum(self.cards.values()) / self.orders if self.orders else 0.0
        kinds = ", ".join(f"{self.cards[kind]} {kind}" for kind in ("critical", "warning", "info"))
        return f"| {name} | {self.orders} | {self.silent} | {kinds} | {rate:.2f} |"


@dataclass(frozen=True)
class Asked:
    """A patient who can be asked about at a hook: an example by its record, a vignette by its facts."""

    name: str
    day: date
    record: PatientRecord
    stated: dict[str, Fact]


def _examples(clinic: Clinic) -> Iterator[Asked]:
    for name in names():
        told = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        day = day_of(name)
        question = clinic.question(invocation_of(request_of(told, name), day))
        yield Asked(name, day, question.record, {})


def _vignettes(folder: Path) -> Iterator[Asked]:
    empty = PatientRecord("vignette", {"resourceType": "Patient", "id": "vignette"}, (), {}, read_terminology())
    for path in sorted(folder.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")):
            facts = {name: value for name, value in row["facts"].items() if not name.startswith(_STATED)}
            stated = dict(facts_from_mapping(facts, _AS_OF, REGISTRY).stated)
            yield Asked(str(row["id"]), _AS_OF, empty, stated)


def _draft(text: str, number: int = 1) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", "id": f"d{number}", "status": "draft", "intent": "order",
            "medicationCodeableConcept": {"text": text}}  # fmt: skip


def _engine(clinic: Clinic) -> Engine:
    """The clinic's engine for patients who all have ALL, since vignettes tell facts and no diagnosis on record."""
    known = clinic.engine
    return Engine(known.content, known.vocabulary, known.registry, lambda _: True, lambda *_: False, known.site)


def _cards(engine: Engine, asked: Asked, hook: str, drafts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    mine = [{**row, "subject": {"reference": f"Patient/{asked.record.patient_id}"}} for row in drafts]
    question = Question(hook, asked.name, asked.day, asked.record, asked.stated, tuple(mine))
    return list(engine.answer(question).cards)


def _preferred(engine: Engine, asked: Asked) -> Iterator[tuple[str, ...]]:
    """The drugs of each option that is preferred, or listed without grades, for the patient."""
    answer = engine.answer(Question("patient-view", asked.name, asked.day, asked.record, asked.stated))
    for choice in answer.advice:
        if isinstance(choice, Options):
            for option in choice.offered:
                if option.rule.source.preference in (None, "preferred") and option.rule.advise.kind == "therapy":
                    yield option.rule.advise.subjects


def main() -> None:
    """Print the table, and what spoke most where silence was expected."""
    clinic = build_clinic()
    engine = _engine(clinic)
    patients = [*_examples(clinic), *(_vignettes(Path(sys.argv[1])) if len(sys.argv) > 1 else ())]
    tallies = {(kind, hook): Tally() for kind in ("preferred", "everyday") for hook in HOOKS}
    for asked in patients:
        for hook in HOOKS:
            for drugs in _preferred(engine, asked):
                drafts = [_draft(drug, number) for number, drug in enumerate(drugs)]
                tallies["preferred", hook].add(_cards(engine, asked, hook, drafts), "+".join(drugs))
            for text in EVERYDAY:
                tallies["everyday", hook].add(_cards(engine, asked, hook, [_draft(text)]), text)
    print(f"{len(patients)} patients\n\n| orders | number | silent | cards | cards per order |\n|---|---|---|---|---|")
    for (kind, hook), tally in tallies.items():
        print(tally.line(f"{kind}, {hook}"))
    for (kind, hook), tally in tallies.items():
        print(f"\n{kind}, {hook}:")
        for said, count in tally.loud.most_common(25):
            print(f"  {count:4d} {said}")


if __name__ == "__main__":
    main()
