"""``allcue compare``: what two sources say for one patient, and why they differ."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import click

from service.advice.compare import Comparer, Comparison, Item, LabelItem, SameSource, Tally
from service.advice.explain import value_json
from service.advice.labels import Label
from service.advice.sides import Reason
from service.advice.words import Words
from service.bundles import Unreadable
from service.commands.check import terminal_words
from service.commands.compare_text import compared
from service.commands.loading import content_problems_told
from service.commands.patients import Patient, patients
from service.facts.model import Facts
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.rules.editions import UnknownSource
from service.rules.expression import Leaf
from service.rules.rule import Source
from service.rules.verdict import Verdict
from service.wiring import build_clinic


def compare(
    files: tuple[str, ...], sources: tuple[str, str], as_of: date | None, machine: bool, site: Path | None = None
) -> int:
    """Run the command; 1 if any file could not be read. ``machine``: one JSON object per patient and line."""
    with content_problems_told():
        clinic = build_clinic(as_of=as_of, site=site)
    try:
        comparer = Comparer(clinic.engine.content, VOCABULARY, REGISTRY, sources)
    except (UnknownSource, SameSource) as problem:
        raise click.BadParameter(str(problem), param_hint="--source") from None
    words = terminal_words(clinic)
    failed = False
    for name, patient in patients(files, as_of, clinic):
        if isinstance(patient, Unreadable):
            failed = True
            click.echo(f"{name}: {patient}", err=True)
            if machine:
                click.echo(json.dumps({"file": name, "error": str(patient)}, ensure_ascii=False))
            continue
        found = comparer.compare(patient.facts)
        if machine:
            click.echo(json.dumps(as_json(name, patient, found, words), ensure_ascii=False))
        else:
            click.echo("\n".join(compared(name, patient, found, words)))
    return 1 if failed else 0


def as_json(name: str, patient: Patient, found: Comparison, words: Words) -> dict[str, Any]:
    """One comparison for machines; the keys are described in docs/compare.md."""
    return {
        "file": name,
        "as_of": patient.facts.as_of.isoformat(),
        "without_all": patient.without_all,
        "sources": [_source(s, t) for s, t in zip(found.sources, found.tallies, strict=True)],
        "recommendations": [_item(item, found, words) for item in found.recommendations],
        "safety": [_item(item, found, words) for item in found.safety],
        "labels": [_label_item(item, found, words) for item in found.labels],
    }


def _source(source: Source, tally: Tally) -> dict[str, Any]:
    return {
        "id": source.id,
        "label": source.label,
        "population": source.population,
        "silent_on": list(source.silent_on),
        "rules": tally.rules,
        "applies": tally.applies,
        "cannot_tell": tally.cannot_tell,
    }


def _item(item: Item, found: Comparison, words: Words) -> dict[str, Any]:
    ids = [source.id for source in found.sources]
    said = [name for name, side in zip(ids, item.sides, strict=True) if side]
    return {
        "topic": item.topic,
        "topic_title": words.content.topic_title(item.topic),
        "subject": item.subject,
        "said_by": said,
        "changed": list(item.changed),
        "says": {name: [_saying(v) for v in side] for name, side in zip(ids, item.sides, strict=True) if side},
        "reasons": [_reason(reason, words) for reason in item.reasons],
    }


def _saying(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.rule
    return {
        "rule": rule.id,
        "title": rule.title,
        "topic": rule.topic,
        "act": rule.advise.act,
        "regimen": rule.advise.regimen,
        "with": rule.advise.with_,
        "note": rule.advise.note,
        "at": rule.source.at,
        "category": rule.source.category,
        "preference": rule.source.preference,
        "unchecked": list(verdict.unchecked),
    }


def _reason(reason: Reason, words: Words) -> dict[str, Any]:
    rule = reason.verdict.rule if reason.verdict else None
    facts = reason.facts
    return {
        "why": str(reason.why),
        "rule": rule.id if rule else None,
        "topic": rule.topic if rule else None,
        "at": rule.source.at if rule else None,
        "failing": [_criteria(group, facts, words) for group in reason.failing],
        "excluding": _criteria(reason.excluding, facts, words),
        "missing": list(reason.missing),
    }


def _criteria(lines: Iterable[Leaf], facts: Facts | None, words: Words) -> list[dict[str, Any]]:
    return [
        {
            "criterion": leaf.criterion.said,
            "says": words.criterion(leaf.criterion),
            "fact": leaf.criterion.fact,
            "value": value_json(facts.value(leaf.criterion.fact)) if facts is not None else None,
        }
        for leaf in lines
    ]


def _label_item(item: LabelItem, found: Comparison, words: Words) -> dict[str, Any]:
    ids = [source.id for source in found.sources]
    return {
        "drug": item.drug,
        "differs": item.differs,
        "says": {n: _label(one, item.facts, words) for n, one in zip(ids, (item.first, item.second), strict=True)},
    }


def _label(label: Label, facts: Facts, words: Words) -> dict[str, Any]:
    rule = label.verdict.rule if label.verdict else None
    return {
        "standing": str(label.standing),
        "rule": rule.id if rule else None,
        "note": (rule.advise.note or rule.title) if rule else None,
        "at": rule.source.at if rule else None,
        "failing": _criteria((leaf for group in label.failing for leaf in group), facts, words),
        "excluding": _criteria(label.excluding, facts, words),
        "missing": list(label.missing),
    }
