"""Verdicts to advice: options, gaps, warnings and notices, most urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from service.advice.missing import SHOWN
from service.advice.missing import plan as plan_missing
from service.advice.model import INCOMPLETE, UNDIAGNOSED, Advice, Care, Missing, Notice, Options, Unsafe, Urgency
from service.advice.options import DrugRules, choose, current_drugs, is_offer
from service.facts.model import Facts
from service.facts.vocabulary.base import Vocabulary
from service.record.model import Coverage
from service.rules.rule import Content, Rule, is_under
from service.rules.tables import Orderable
from service.rules.verdict import Outcome, Verdict

WARNS = ("avoid", "require")
COURSE = frozenset({"on_chemotherapy", "on_steroids"})  # true of nearly every patient under treatment
GENERAL = frozenset({"disease course", "identity and diagnosis", "genetics"})  # groups of facts
PATHWAYS = ("frontline", "relapsed-refractory", "transplant")  # topics of which the general ones concern each choice
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
    editions: frozenset[str] = frozenset(),
    gaps: int = SHOWN,
) -> list[Advice]:
    """Everything worth saying, most urgent first.

    Args:
        verdicts: of the rules about the patient; ``drug_rules`` are asked here about each drug that is named.
        editions: facts on which it hangs which guideline answers.
        gaps: how many of the missing facts are told.
    """
    options = choose(verdicts, drug_rules, facts, content)
    applying = [v for v in verdicts if v.outcome is Outcome.APPLIES and not is_offer(v.rule)]
    warnings = [v for v in applying if v.rule.is_safety and v.rule.advise.act in WARNS]
    referrals = [v for v in applying if v.rule.advise.act == "refer"]
    figures = [v for v in applying if v.rule.advise.kind == "evidence"]
    notes = [v for v in applying if v not in warnings and v not in referrals and v.rule.advise.kind not in
             ("test", "label", "evidence")]  # fmt: skip
    advice: list[Advice] = [*_unsafe(_forbidden_now(drug_rules, facts), warnings)]
    advice += _with_notes(options, notes, figures)
    advice += _care(options, notes, vocabulary)
    missing = plan_missing(verdicts, options, facts, content, vocabulary, by_fact, editions, gaps)
    if missing is not None:
        advice.append(missing)
    advice += [Notice(verdict.rule.advise.subject, (verdict,)) for verdict in referrals]
    unread = unread_parts(facts)
    if unread:
        # Before everything that a limit on cards could cut off: it says that all the rest may be incomplete.
        advice.append(incomplete(unread))
    return sorted(advice, key=lambda item: item.urgency)


def incomplete(unread: tuple[tuple[str, str], ...]) -> Notice:
    """The notice that part of the record could not be read."""
    return Notice(INCOMPLETE, unread=unread, urgency=Urgency.HEED)


def of_the_moment(advice: list[Advice]) -> list[Advice]:
    """Without what is only missing to decide: that is asked when the chart is opened, not again at every hook."""
    told = [replace(item, gaps=(), further=0) if isinstance(item, Missing) else item for item in advice]
    return [item for item in told if not isinstance(item, Missing) or item.tests]


def _forbidden_now(drug_rules: DrugRules, facts: Facts) -> list[Verdict]:
    """Warnings of safety rules about drugs being taken now: what is forbidden, what must go with them."""
    return [
        verdict
        for verdict in drug_rules.asked(current_drugs(facts), facts, of_patient=True)
        if verdict.outcome is Outcome.APPLIES and verdict.rule.is_safety and verdict.rule.advise.act in WARNS
    ]


def _unsafe(forbidden: list[Verdict], warnings: list[Verdict]) -> list[Unsafe]:
    """One warning per subject, first those about drugs being taken."""
    by_subject: dict[str, dict[str, Verdict]] = {}
    for verdict in (*forbidden, *warnings):
        by_subject.setdefault(verdict.rule.advise.subject, {})[verdict.rule.id] = verdict
    taken = {verdict.rule.advise.subject for verdict in forbidden}
    return [
        Unsafe(subject, tuple(said.values()), drugs=(subject,) if subject in taken else ())
        for subject, said in by_subject.items()
    ]


def _is_particular(rule: Rule, vocabulary: Vocabulary) -> bool:
    """Whether a rule rests on more than which disease this is and where in its course.

    What holds for every patient of a phase is in the rule book; on each chart it would only be one more card.
    """
    return any(name not in COURSE and vocabulary.lookup(name).group not in GENERAL for name in rule.facts)


def _care(options: list[Options], notes: list[Verdict], vocabulary: Vocabulary) -> list[Care]:
    """What no options card says: every note of safety, and the supportive care that something particular calls for."""
    told = {verdict.rule.id for choice in options for verdict in choice.notes}
    left = [verdict for verdict in notes if verdict.rule.id not in told]
    safety = [verdict for verdict in left if verdict.rule.advise.kind == "safety"]
    safety.sort(key=lambda verdict: verdict.rule.advise.act != "caution")
    supportive = [
        v for v in left if v.rule.advise.kind == "supportive" and _is_particular(v.rule, vocabulary)
    ]  # fmt: skip
    return [Care(tuple(said), is_safety) for said, is_safety in ((safety, True), (supportive, False)) if said]


def _with_notes(options: list[Options], notes: list[Verdict], figures: list[Verdict]) -> list[Options]:
    """Notes go with the options of their topic; a note without a choice to make is not worth a card of its own.

    Figures go with the drug they are about.
    """
    out = []
    for choice in options:
        topics = {v.rule.topic for option in (*choice.offered, *choice.ruled_out) for v in option.verdicts}
        told = {verdict.rule.id for option in choice.offered for verdict in option.cautions}
        own = tuple(v for v in notes if v.rule.id not in told and any(_goes_with(v.rule.topic, t) for t in topics))
        offered = {name for o in choice.offered for name in (o.subject, *o.rule.advise.subjects)}
        about = tuple(v for v in figures if v.rule.advise.subject in offered)
        out.append(replace(choice, notes=own, evidence=about))
    return out


def _goes_with(note: str, choice: str) -> bool:
    """Whether what is noted on one topic belongs to a choice on another.

    General topics of a pathway go with all its choices; what is noted of another phase or disease does not.

    >>> _goes_with("frontline/overview", "frontline/ph-positive/induction")
    True
    >>> _goes_with("frontline/ph-positive/maintenance", "frontline/ph-positive/induction")
    False
    """
    if is_under(choice, note) or is_under(note, choice):
        return True
    root = note.partition("/")[0]
    return root in PATHWAYS and note.count("/") <= 1 and root == choice.partition("/")[0]


def undiagnosed(facts: Facts) -> Notice:
    """For a record that does not let anyone tell whether there is ALL: the one thing worth saying."""
    return Notice(UNDIAGNOSED, unread=unread_parts(facts) or (("Condition", "holds nothing that can be read"),))


def unread_parts(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Resource types of which the record could not be read, or not all of it, and how that is said."""
    if facts.record is None:
        return ()
    return tuple((kind, _UNREAD[how]) for kind, how in sorted(facts.record.coverage.items()) if how in _UNREAD)
