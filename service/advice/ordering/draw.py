"""Advice about orders drawn as CDS Hooks cards, each tied to its orders (Da Vinci CRD, "associated-resource")."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from service.advice.cards import SUGGESTED, Call, Card, CardWriter, listed
from service.advice.label_lines import LabelLines
from service.advice.ordering.actions import OrderActions
from service.advice.ordering.model import (
    Finding,
    Hazard,
    OrderAdvice,
    Place,
    Readiness,
    Repeated,
    Severity,
    Standing,
    Unread,
)
from service.advice.ordering.standing import is_not_labelled
from service.advice.ordering.why_not import WhyNot
from service.advice.words import escape
from service.facts.model import Facts
from service.facts.orders import OrderLine
from service.rules.rule import Rule

ASSOCIATED = "davinci-crd.associated-resource"
ASIDES = 5  # cautions on a drug that hold for everybody; further ones are named by number
_INDICATOR = {Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.INFO: "info"}
_TEMPLATE = "order"


class OrderCardWriter:
    """Draws cards about orders with the wording template ``order``."""

    def __init__(self, cards: CardWriter, actions: OrderActions):
        self.cards, self.actions = cards, actions
        self.words, self.lines = cards.words, cards.options
        self._labels = LabelLines(cards.words)

    def draw(self, advice: OrderAdvice, call: Call) -> Card:
        """One card."""
        match advice:
            case Hazard():
                return self._hazard(advice, call)
            case Standing():
                return self._standing(advice, call)
            case Readiness():
                return self._readiness(advice, call)
            case Repeated():
                return self._repeated(advice, call)
            case Unread():
                return self._unread(advice, call)

    def _frame(
        self, key: str, call: Call, summary: str, advice: OrderAdvice, rules: Iterable[Rule], values: dict[str, Any]
    ) -> tuple[Card, uuid.UUID]:
        lines = () if isinstance(advice, Unread) else advice.lines
        blank: dict[str, Any] = {
            "orders": _names(lines), "said": [], "place": "", "preferred": [], "labels": [], "gaps": [], "tests": [],
            "asides": [], "more_asides": 0, "facts": [], "unchecked": [], "unread": [],
        }  # fmt: skip
        own = f"order/{key}/{'+'.join(sorted(line.reference or line.text for line in lines))}"
        indicator = _INDICATOR[advice.severity]
        card, name = self.cards.frame(own, call, summary, indicator, rules, _TEMPLATE, {**blank, **values})
        references = list(dict.fromkeys(line.reference for line in lines if line.reference))
        if references:
            card["extension"] = {ASSOCIATED: [{"reference": reference} for reference in references]}
        return card, name

    def _hazard(self, advice: Hazard, call: Call) -> Card:
        first = advice.findings[0]
        rules = [finding.rule for finding in (*advice.findings, *advice.asides)]
        more = len(dict.fromkeys(finding.rule.advise.subject for finding in advice.findings)) - 1
        drugs = ", ".join(_names(advice.lines))
        title = first.rule.title
        summary = title if any(name.lower() in title.lower() for name in _drugs(advice.lines)) else f"{drugs}: {title}"
        if more:
            summary = listed_more(summary, more)
        unchecked = {name for finding in advice.findings for name in finding.verdict.unchecked}
        if first.open:
            unchecked |= set(first.verdict.missing)
        values = {
            "said": [self._said(finding) for finding in advice.findings],
            "asides": list(dict.fromkeys(self.lines.line(finding.verdict) for finding in advice.asides))[:ASIDES],
            "more_asides": max(0, len(advice.asides) - ASIDES),
            "facts": self.cards.known([finding.rule for finding in advice.findings], first.facts),
            "unchecked": [self.words.label(name) for name in sorted(unchecked)],
        }
        key = f"hazard/{'stop' if first.stops else 'heed'}"
        card, own = self._frame(key, call, summary, advice, rules, values)
        suggestions = [self._addition(key, advice.lines, call, own) for key in advice.besides]
        if first.stops and not suggestions:
            for key in advice.instead:
                made = self.actions.replacement(advice.lines[0], key, call.patient_id, own)
                suggestions += [made] if made is not None else []
        if first.stops or not suggestions:
            removal = self.actions.removal(advice.lines, own)
            suggestions += [removal] if removal is not None and first.stops else []
        return _with(card, suggestions, "any" if advice.besides else "at-most-one")

    def _said(self, finding: Finding) -> dict[str, str]:
        note = finding.rule.advise.note
        return {
            "title": finding.rule.title,
            "note": note or "",
            "source": self.words.source(finding.rule),
            "open": "This holds unless it is being given already, which the record does not settle."
            if finding.open
            else "",
        }

    def _addition(self, key: str, lines: Sequence[OrderLine], call: Call, own: uuid.UUID) -> dict[str, Any]:
        return self.actions.addition(key, call.patient_id, own, lines[0] if lines else None)

    def _standing(self, advice: Standing, call: Call) -> Card:
        drug = advice.drug
        preferred = self._preferred(advice)
        option = advice.option
        rules = [verdict.rule for verdict in option.verdicts] if option is not None else []
        rules += [reason.verdict.rule for reason in advice.why_not]
        if advice.choice is not None and not rules:
            rules = [advice.choice.offered[0].rule]
        said: list[str] = []
        labels = list(self._labels.lines([advice.label], advice.facts)) if advice.label is not None else []
        match advice.place:
            case Place.NOT_LISTED:
                summary = f"{drug}: not among the options listed for this patient"
                said = [self._why_not(reason, advice.facts) for reason in advice.why_not]
                said = said or ["No rule of the guidelines in force lists it for a patient like this one."]
            case Place.RULED_OUT:
                summary = f"{drug}: ruled out for this patient"
                said = self.lines.reasons_against(option, advice.facts) if option is not None else []
            case Place.OTHER:
                strength = self.words.strength(option.rule) if option is not None else ""
                summary = listed(f"{drug}: listed as {strength}; preferred", preferred)
                said = [f"{self.words.source(rule)}: {self.words.strength(rule)}" for rule in rules]
            case _:
                summary = f"{drug}: listed for this patient"
                said = [": ".join(filter(None, (self.words.source(r), self.words.strength(r)))) for r in rules]
        if is_not_labelled(advice.label) and advice.place not in (Place.NOT_LISTED, Place.RULED_OUT):
            summary = f"{drug}: listed, not labelled for this patient"
        label_rule = (
            [advice.label.verdict.rule] if advice.label is not None and advice.label.verdict is not None else []
        )
        values = {
            "place": said,
            "preferred": preferred,
            "labels": labels,
            "facts": self.cards.known([*rules, *label_rule], advice.facts),
        }
        card, own = self._frame(f"standing/{drug}", call, summary, advice, [*rules, *label_rule], values)
        suggestions = []
        if len(advice.lines) == 1:
            made = (self.actions.replacement(advice.lines[0], key, call.patient_id, own) for key in advice.instead)
            suggestions = [suggestion for suggestion in made if suggestion is not None]
        return _with(card, suggestions, "at-most-one")

    def _preferred(self, advice: Standing) -> list[str]:
        """Names of what is preferred, or listed without grades, in place of the drug."""
        if advice.choice is None or advice.place in (Place.PREFERRED, Place.LISTED):
            return []
        first = [
            o
            for o in advice.choice.offered
            if o.rule.source.preference in (None, "preferred") and o is not advice.option
        ]
        return [self.lines.name(option) for option in first][:5]

    def _why_not(self, reason: WhyNot, facts: Facts) -> str:
        rule = reason.verdict.rule
        fails = [
            " or ".join(
                f"{self.words.criterion(leaf.criterion)} (here: {self.words.value(facts[leaf.criterion.fact])})"
                for leaf in group
            )
            for group in reason.failing
        ]
        fails += [f"not with {self.words.fact(facts[leaf.criterion.fact])}" for leaf in reason.excluding]
        return f"{self.words.source(rule)} lists it where: {'; '.join(fails)}"

    def _readiness(self, advice: Readiness, call: Call) -> Card:
        names = [self.words.label(gap.fact.name) for gap in advice.gaps]
        names += [finding.rule.title for finding in advice.tests]
        rules = [*(rule for gap in advice.gaps for rule in gap.rules), *(finding.rule for finding in advice.tests)]
        summary = listed(f"Before {', '.join(_names(advice.lines)[:2])}", names)
        values = {
            "gaps": [
                {
                    "label": self.words.label(gap.fact.name),
                    "why": self.words.why_unknown(gap.fact),
                    "question": gap.question or "",
                    "rules": [f"{rule.title} ({self.words.source(rule)})" for rule in gap.rules],
                }
                for gap in advice.gaps
            ],
            "tests": [self._said(finding) for finding in advice.tests],
        }
        card, own = self._frame("ready", call, summary, advice, rules, values)
        keys = [key for gap in advice.gaps for key, _ in gap.orders[:1]]
        keys += [key for finding in advice.tests for key in finding.rule.suggest]
        suggestions = [self._addition(key, (), call, own) for key in dict.fromkeys(keys)]
        return _with(card, suggestions, "any")

    def _repeated(self, advice: Repeated, call: Call) -> Card:
        if len(advice.lines) > 1:
            summary = f"{advice.drug} is ordered {len(advice.lines)} times in these orders"
            said = "The drafts do not differ in route, dose or day. Check that each is meant."
        else:
            summary = f"{advice.drug}: an equal order for the same day is active"
            said = f"Active on record: {', '.join(escape(reference) for reference in advice.active)}."
        card, own = self._frame("repeated", call, summary, advice, [], {"place": [said]})
        removals = [self.actions.removal([line], own) for line in advice.lines[1:] or advice.lines]
        return _with(card, [made for made in removals if made is not None][:1], "at-most-one")

    def _unread(self, advice: Unread, call: Call) -> Card:
        one = len(advice.orders) == 1
        summary = f"{'An order' if one else f'{len(advice.orders)} orders'} could not be read: not checked by Allcue"
        values = {"unread": [f"{escape(name)}: {escape(why)}" for name, why in advice.orders]}
        return self._frame("unread", call, summary, advice, [], values)[0]


def listed_more(summary: str, more: int, limit: int = 139) -> str:
    """A summary with the number of further points; the words give way, not the number."""
    end = f" (and {more} more)"
    room = limit - len(end)
    text = summary if len(summary) <= room else summary[: room - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    return text + end


def _names(lines: Iterable[OrderLine]) -> list[str]:
    """What orders are called, as sent; escaped, since it is the client's text."""
    return list(dict.fromkeys(escape(line.text or line.kind) for line in lines))


def _drugs(lines: Iterable[OrderLine]) -> list[str]:
    return [name for line in lines for name in (line.text, *line.drugs) if name]


def _with(card: Card, suggestions: list[dict[str, Any]], behavior: str) -> Card:
    if suggestions:
        card["suggestions"] = suggestions[:SUGGESTED]
        card["selectionBehavior"] = behavior
    return card
