"""Judgements as rows of ``decisions.csv``: one per decision and edition. The columns are documented in docs/concordance.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from service.population.past.judging import Concordance, JudgedDecision, Judgement, Relation
from service.population.past.reasons import Reasons

IN_FORCE = "in force"  # the edition of a row by the policy of the day
COLUMNS = (
    "patient", "decision", "day", "day_exact", "year", "kind", "line", "drugs", "regimens", "transplant", "in_trial",
    "disease_state", "relation", "edition", "answered_by", "edition_from", "edition_age_years", "verdict", "ground", "about",
    "rules", "pages", "reasons", "listed_instead", "missing", "unchecked", "change",
)  # fmt: skip
SAME, LISTED, NOT_LISTED = "same", "would be listed", "would not be listed"
INSTEAD = 5  # options named in a row; further ones are counted
Row = dict[str, str]


def rows(patient: str, number: int, judged: JudgedDecision, reasons: Reasons) -> Iterator[Row]:
    """The rows of one decision, the editions of the day first.

    Args:
        number: of the decision, from 1, in the order of the patient's days.
    """
    for judgement in judged.judgements:
        yield _row(patient, number, judgement, judged.of_the_day, reasons)


def change(of_the_day: Concordance, other: Concordance) -> str:
    """What another edition would have changed; where it does not judge, its verdict says so."""
    if other is of_the_day:
        return SAME
    return {Concordance.CONCORDANT: LISTED, Concordance.DISCORDANT: NOT_LISTED}.get(other, str(other))


def answering(judgement: Judgement) -> str | None:
    """The source that a verdict rests on: the named one, else that of the rule to cite, or of what is listed instead."""
    placed = judgement.first
    if judgement.edition.source is not None:
        return judgement.edition.source
    if placed.verdict not in (Concordance.CONCORDANT, Concordance.DISCORDANT):
        return None
    cited = (*placed.rules, *placed.instead)
    return cited[0].source.ref if cited else None


def edition_age(judgement: Judgement, reasons: Reasons) -> float | None:
    """Years from the day the answering source came into force to the decision; negative where it came later."""
    name = answering(judgement)
    if name is None:
        return None
    return (judgement.decision.day - reasons.content.sources[name].in_force_from).days / 365.25


def _row(patient: str, number: int, judgement: Judgement, of_the_day: Judgement, reasons: Reasons) -> Row:
    decision, placed, edition = judgement.decision, judgement.first, judgement.edition
    age, source = edition_age(judgement, reasons), answering(judgement)
    state = judgement.facts.value("disease_state") if judgement.facts is not None else None
    instead = [reasons.named(rule) for rule in placed.instead]
    more = len(instead) - INSTEAD
    told = [*instead[:INSTEAD], *([f"and {more} more"] if more > 0 else [])]
    words = reasons.words
    return {
        "patient": patient,
        "decision": str(number),
        "day": decision.day.isoformat(),
        "day_exact": _yes(decision.exact),
        "year": str(decision.day.year),
        "kind": decision.kind,
        "line": str(decision.line),
        "drugs": "; ".join(decision.drugs),
        "regimens": "; ".join(decision.regimens),
        "transplant": decision.graft or "",
        "in_trial": "yes" if decision.in_trial else "not said",
        "disease_state": str(state or "unknown"),
        "relation": str(edition.relation),
        "edition": edition.source or IN_FORCE,
        "answered_by": source or "",
        "edition_from": _day(reasons.content.sources[source].in_force_from if source else None),
        "edition_age_years": "" if age is None else f"{age:.1f}",
        "verdict": str(judgement.verdict),
        "ground": str(placed.ground),
        "about": placed.what,
        "rules": "; ".join(dict.fromkeys(rule.id for rule in placed.rules)),
        "pages": "; ".join(dict.fromkeys(words.source(rule) for rule in placed.rules)),
        "reasons": "; ".join(reasons.in_words(judgement)) if judgement.verdict is Concordance.DISCORDANT else "",
        "listed_instead": "; ".join(dict.fromkeys(told)),
        "missing": "; ".join(reasons.label(name) for name in placed.missing),
        "unchecked": "; ".join(reasons.label(name) for name in placed.unchecked),
        "change": "" if edition.relation is Relation.OF_THE_DAY else change(of_the_day.verdict, judgement.verdict),
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _day(value: date | None) -> str:
    return value.isoformat() if value is not None else ""
