"""Verdicts to advice: options, gaps, warnings and notices, most urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from service.advice.missing import plan as plan_missing
from service.advice.model import INCOMPLETE, UNDIAGNOSED, Advice, Notice, Options, Unsafe
from service.advice.options import DrugRules, choose, current_drugs, is_offer
from service.facts.model import Facts
from service.facts.vocabulary.base import Vocabulary
from service.record.model import Coverage
from service.rules.rule import Content
from service.rules.tables import Orderable
from service.rules.verdict import Outcome, Verdict

_UNREAD = {
    Coverage.FAILED: "could not be read",
    Coverage.PARTIAL: "arrived only in part",
}


def advise(
    verdicts: Sequence[Verdict],
    drug_rules: DrugRules,
    facts: Facts,
    content: Content,
    vocabulary: Vocabulary,
    by_fact: Mapping[str, tuple[tuple[str, Orderable], ...]],
) -> list[Advice]:
    """Everything worth saying, most urgent first.

    Args:
        verdicts: of the rules about the patient; ``drug_rules`` are asked here about each drug that is named.
    """
    options = choose(verdicts, drug_rules, facts)
    applying = [v for v in verdicts if v.outcome is Outcome.APPLIES and not is_offer(v.rule)]
    warnings = [v for v in applying if v.rule.is_safety and v.rule.advise.act in ("avoid", "require")]
    referrals = [v for v in applying if v.rule.advise.act == "refer"]
    figures = [v for v in applying if v.rule.advise.kind == "evidence"]
    notes = [v for v in applying if v not in warnings and v not in referrals and v.rule.advise.kind not in
             ("test", "label", "evidence")]  # fmt: skip
    advice: list[Advice] = [*_unsafe_now(drug_rules, facts), *_warned(warnings)]
    advice += _with_notes(options, notes, figures)
    missing = plan_missing(verdicts, options, facts, content, vocabulary, by_fact)
    if missing is not None:
        advice.append(missing)
    advice += [Notice(verdict.rule.advise.subject, (verdict,)) for verdict in referrals]
    unread = _unread(facts)
    if unread:
        advice.append(Notice(INCOMPLETE, unread=unread))
    return sorted(advice, key=lambda item: item.urgency)


def _unsafe_now(drug_rules: DrugRules, facts: Facts) -> list[Unsafe]:
    """Drugs being taken now that a safety rule forbids this patient."""
    drugs = current_drugs(facts)
    forbidden = [
        verdict
        for verdict in drug_rules.asked(drugs, facts, of_patient=True)
        if verdict.outcome is Outcome.APPLIES and verdict.rule.is_safety and verdict.rule.advise.act == "avoid"
    ]
    by_subject: dict[str, list[Verdict]] = {}
    for verdict in forbidden:
        by_subject.setdefault(verdict.rule.advise.subject, []).append(verdict)
    return [Unsafe(subject, tuple(said), drugs=(subject,)) for subject, said in by_subject.items()]


def _warned(verdicts: list[Verdict]) -> list[Unsafe]:
    by_subject: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_subject.setdefault(verdict.rule.advise.subject, []).append(verdict)
    return [Unsafe(subject, tuple(said)) for subject, said in by_subject.items()]


def _with_notes(options: list[Options], notes: list[Verdict], figures: list[Verdict]) -> list[Options]:
    """Notes go with the options of their topic; a note without a choice to make is not worth a card of its own.

    Figures go with the drug they are about.
    """
    out = []
    for choice in options:
        root = choice.topic.partition("/")[0]
        own = tuple(v for v in notes if v.rule.topic.partition("/")[0] == root)
        offered = {name for o in choice.offered for name in (o.subject, *o.rule.advise.subjects)}
        about = tuple(v for v in figures if v.rule.advise.subject in offered)
        out.append(replace(choice, notes=own, evidence=about))
    return out


def undiagnosed(facts: Facts) -> Notice:
    """For a record that does not let anyone tell whether there is ALL: the one thing worth saying."""
    return Notice(UNDIAGNOSED, unread=_unread(facts) or (("Condition", "holds nothing that can be read"),))


def _unread(facts: Facts) -> tuple[tuple[str, str], ...]:
    if facts.record is None:
        return ()
    return tuple((kind, _UNREAD[how]) for kind, how in sorted(facts.record.coverage.items()) if how in _UNREAD)
