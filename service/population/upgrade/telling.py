"""What one content says of one patient: the verdict of every rule that speaks, and where it stands on the cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from service.advice.cards import Card
from service.advice.engine import Answer
from service.advice.model import UNDIAGNOSED, Advice, Care, Missing, Notice, Option, Options, Unsafe
from service.advice.options import is_offer
from service.facts.model import Facts
from service.population.asking import Asker
from service.record.model import PatientRecord
from service.rules.rule import Rule
from service.rules.verdict import Outcome, Verdict

RULED_OUT, OFFERED = "ruled out", "offered"
_SEVERITY = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Shown:
    """One card: which rules stand on it, and what it reads. Uuids are left out: they change with every content."""

    rules: frozenset[str]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What one rule says. ``roles``: what it does on the cards; ``indicator``: the most urgent of these cards."""

    rule: Rule
    verdict: Verdict | None
    roles: tuple[str, ...] = ()
    indicator: str = ""

    @property
    def advises(self) -> bool:
        """Whether it has something to say of this patient; that an option is ruled out says it of none of its rules."""
        return self.applies or any(role != RULED_OUT for role in self.roles)

    @property
    def applies(self) -> bool:
        return self.verdict is not None and self.verdict.outcome is Outcome.APPLIES


@dataclass(frozen=True, slots=True)
class Telling:
    """All that one content says of one patient. ``facts`` is None where it does not look at them: no ALL, or death.

    ``cards``: by what they are about. ``drugs``: of all that is offered or ruled out.
    """

    asker: Asker
    facts: Facts | None
    said: Mapping[str, Said]
    cards: Mapping[str, Shown]
    drugs: tuple[str, ...] = ()
    speaking: tuple[Rule, ...] = ()


def tell(asker: Asker, record: PatientRecord, day: date) -> Telling:
    """What a content says of a patient on a day, when the chart is opened; verdicts are of the rules of every hook."""
    answer = asker.answer(record, day)
    facts = answer.facts
    if facts is None:
        return Telling(asker, None, {}, {})
    undiagnosed = any(isinstance(advice, Notice) and advice.key == UNDIAGNOSED for advice in answer.advice)
    verdicts = () if undiagnosed else asker.verdicts(facts)  # the one card says so, and no rule is asked
    said = {verdict.rule.id: Said(verdict.rule, verdict) for verdict in verdicts}
    roles: dict[str, dict[str, None]] = {}
    rules: dict[str, Rule] = {}
    urgent: dict[str, str] = {}
    for advice, card in zip(answer.advice, answer.cards, strict=True):
        assert isinstance(advice, Advice)  # a chart that is opened brings no advice about orders
        for rule, role in _roles(advice):
            rules[rule.id] = rule
            roles.setdefault(rule.id, {})[role] = None
            known = urgent.get(rule.id, "info")
            urgent[rule.id] = min(known, card["indicator"], key=_SEVERITY.index)
    for name, rule in rules.items():
        verdict = said[name].verdict if name in said else None
        said[name] = Said(rule, verdict, tuple(sorted(roles[name])), urgent[name])
    speaking = tuple(verdict.rule for verdict in verdicts)
    return Telling(asker, facts, said, dict(_cards(answer)), _drugs(answer), speaking)


def _roles(advice: Advice) -> Iterator[tuple[Rule, str]]:
    """Each rule of a piece of advice, with what it does there."""
    match advice:
        case Options():
            for role, options in ((OFFERED, advice.offered), (RULED_OUT, advice.ruled_out)):
                for option in options:
                    yield from _of_option(option, role)
            yield from ((verdict.rule, "note") for verdict in advice.notes)
            yield from ((verdict.rule, "figures") for verdict in advice.evidence)
        case Missing():
            yield from ((verdict.rule, "test") for verdict in advice.tests)
        case Unsafe():
            yield from ((verdict.rule, "warning") for verdict in advice.verdicts)
        case Care():
            role = "caution" if advice.safety else "supportive care"
            yield from ((verdict.rule, role) for verdict in advice.verdicts)
        case Notice():
            yield from ((verdict.rule, "notice") for verdict in advice.verdicts)


def _of_option(option: Option, role: str) -> Iterator[tuple[Rule, str]]:
    yield from ((verdict.rule, role) for verdict in option.verdicts)
    yield from ((verdict.rule, "speaks against an option") for verdict in option.against)
    yield from ((verdict.rule, "caution") for verdict in option.cautions)
    yield from ((verdict.rule, "caution not excluded") for verdict in option.open_cautions)
    for label in option.labels:
        if label.verdict is not None:
            yield label.verdict.rule, f"label: {label.standing}"


def _cards(answer: Answer) -> Iterator[tuple[str, Shown]]:
    for advice, card in zip(answer.advice, answer.cards, strict=True):
        assert isinstance(advice, Advice)
        names = {rule.id for rule, _ in _roles(advice)}
        if isinstance(advice, Missing):
            names |= {rule.id for gap in advice.gaps for rule in gap.decisions}
        yield _about(advice), Shown(frozenset(names), _texts(card))


def _about(advice: Advice) -> str:
    """What a card is about, the same for both contents."""
    match advice:
        case Options():
            return f"options: {advice.topic.partition('/')[0]}"
        case Missing():
            return "missing to decide"
        case Unsafe():
            return f"warning: {advice.subject}"
        case Care():
            return "cautions" if advice.safety else "supportive care"
        case Notice():
            return f"notice: {advice.key}"


def _texts(card: Card) -> dict[str, str]:
    return {
        "summary": card["summary"],
        "indicator": card["indicator"],
        "wording": card["detail"],
        "source": card["source"]["label"],
        "suggestions": "\n".join(suggestion["label"] for suggestion in card.get("suggestions", ())),
    }


def _drugs(answer: Answer) -> tuple[str, ...]:
    options = (
        option
        for advice in answer.advice
        if isinstance(advice, Options)
        for option in (*advice.offered, *advice.ruled_out)
    )
    named = (drug for option in options for v in option.verdicts if is_offer(v.rule) for drug in v.rule.advise.subjects)
    return tuple(dict.fromkeys(named))
