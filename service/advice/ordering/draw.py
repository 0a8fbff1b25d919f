"""Advice about orders drawn as CDS Hooks cards, each tied to its orders (Da Vinci CRD, "associated-resource")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.advice.cards import SUGGESTED, Call, Card, CardWriter, in_words, listed, shorten, with_more
from service.advice.ids import CardId
from service.advice.option_lines import FACTS_SHOWN
from service.advice.ordering.actions import OrderActions
from service.advice.ordering.judge import ALONGSIDE, LINE_FACTS, ORDERED
from service.advice.ordering.model import (
    Finding,
    Hazard,
    OrderAdvice,
    Readiness,
    Repeated,
    Severity,
    Standing,
    Unread,
)
from service.advice.ordering.place_lines import PlaceLines
from service.advice.words import escape, is_address, plain
from service.facts.model import TokenSet
from service.facts.orders import OrderLine
from service.rules.expression import leaves
from service.rules.rule import Rule

ASSOCIATED = "davinci-crd.associated-resource"
NAME = 45  # characters of an order's name in a summary
ASIDES = 3  # cautions on a drug that hold for everybody; further ones are named by number
_INDICATOR = {Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.INFO: "info"}
_TEMPLATE = "order"


class OrderCardWriter:
    """Draws cards about orders with the wording template ``order``."""

    def __init__(self, cards: CardWriter, actions: OrderActions):
        self.cards, self.actions = cards, actions
        self.words, self.lines = cards.words, cards.options
        self._places = PlaceLines(cards)

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
    ) -> tuple[Card, CardId]:
        lines = () if isinstance(advice, Unread) else advice.lines
        tied = advice.concerned if isinstance(advice, Hazard) else lines
        blank: dict[str, Any] = {
            "orders": _names(tied), "said": [], "place": "", "preferred": [], "labels": [], "gaps": [], "tests": [],
            "asides": [], "more_asides": 0, "facts": [], "unchecked": [], "unread": [], "already": [],
        }  # fmt: skip
        own = f"order/{key}/{'+'.join(sorted(line.reference or line.text for line in lines))}"
        indicator = _INDICATOR[advice.severity]
        card, name = self.cards.frame(own, call, summary, indicator, rules, _TEMPLATE, {**blank, **values})
        references = list(
            dict.fromkeys(line.reference for line in tied if line.reference and is_address(line.reference))
        )
        if references:
            card["extension"] = {ASSOCIATED: [{"reference": reference} for reference in references]}
        return card, name

    def _hazard(self, advice: Hazard, call: Call) -> Card:
        first = advice.findings[0]
        rules = [finding.rule for finding in (*advice.findings, *advice.asides)]
        unchecked = {name for finding in advice.findings for name in finding.verdict.unchecked}
        if first.open:
            unchecked |= set(first.verdict.missing)
        asides = list(dict.fromkeys(self.lines.line(finding.verdict) for finding in advice.asides))
        stand = [self._places.told(standing) for standing in advice.standings]
        stops = advice.severity is Severity.CRITICAL
        besides, placed = call.already.parted(advice.besides)
        instead: list[str] = []
        if len(advice.lines) == 1 and (stops or not besides):
            instead, others = call.already.parted(advice.instead, advice.lines)
            placed = tuple(dict.fromkeys((*placed, *others)))
        values = {
            "said": self._points(advice.findings),
            "place": [
                line
                for standing, said in zip(advice.standings, stand, strict=True)
                if not _is_told(standing, advice)
                for line in said.lines
            ],
            "preferred": list(dict.fromkeys(name for said in stand for name in said.preferred)),
            "labels": [line for said in stand for line in said.labels],
            "asides": asides[:ASIDES],
            "more_asides": max(0, len(asides) - ASIDES),
            "facts": self._facts_of(advice.findings),
            "unchecked": [self.words.label(name) for name in sorted(unchecked)],
            "already": in_words(placed),
        }
        rules += [rule for said in stand for rule in said.rules]
        key = f"hazard/{'stop' if stops else 'heed'}/{first.rule.id}"  # a rule warns on one card only
        card, own = self._frame(key, call, self._headline(advice), advice, rules, values)
        suggestions = [self.actions.addition(k, call.patient_id, own, advice.lines[0]) for k in besides]
        made = (self.actions.replacement(advice.lines[0], k, call.patient_id, own) for k in instead)
        suggestions += [suggestion for suggestion in made if suggestion is not None]
        if stops:
            forbidden = advice.findings[0].rule.advise.act == "avoid"
            removals = self.actions.removals(advice.lines, own, forbidden=forbidden)
            suggestions = [*suggestions[: SUGGESTED - len(removals)], *removals]
        return _with(card, suggestions, "any" if besides and not stops else "at-most-one")

    def _headline(self, advice: Hazard) -> str:
        """The gravest point with the drug it is about, and how many more there are."""
        first = advice.findings[0]
        title = first.rule.title
        ordered = first.facts.value(ORDERED)
        tokens = ordered.members if isinstance(ordered, TokenSet) else frozenset[str]()
        names = [name.lower() for name in (*tokens, *(line.name for line in advice.lines)) if name]
        drugs = _short(advice.lines)
        summary = title if any(name in title.lower() for name in names) else f"{drugs}: {title}"
        return with_more(summary, len(self._points(advice.findings)) - 1)

    def _facts_of(self, findings: Iterable[Finding]) -> list[str]:
        """The facts that findings rest on. The order itself is told above; drugs alongside only where they matter."""
        lines: dict[str, None] = {}
        for finding in findings:
            for name in sorted(finding.rule.facts - LINE_FACTS):
                fact = finding.facts[name]
                if fact.known and (name != ALONGSIDE or _matters(finding)):
                    lines[self.words.fact(fact)] = None
        return list(lines)[:FACTS_SHOWN]

    def _points(self, findings: Iterable[Finding]) -> list[dict[str, str]]:
        """What is said, each point once: what another source says on the same subject is named by its page."""
        points: list[list[Finding]] = []
        for finding in findings:
            same = next((point for point in points if _is_same(point, finding)), None)
            if same is None:
                points.append([finding])
            else:
                same.append(finding)
        return [self._said(point) for point in points]

    def _said(self, point: list[Finding]) -> dict[str, str]:
        first = point[0]
        return {
            "title": first.rule.title,
            "note": first.rule.advise.note or "",
            "source": "; ".join(self.words.source(finding.rule) for finding in point),
            "open": "This holds unless it is being given already, which the record does not settle."
            if first.open
            else "",
        }

    def _standing(self, advice: Standing, call: Call) -> Card:
        place = self._places.told(advice)
        alone = len(advice.lines) == 1
        instead, placed = call.already.parted(advice.instead if alone else (), advice.lines)
        values = {
            "already": in_words(placed),
            "place": place.lines,
            "preferred": place.preferred,
            "labels": place.labels,
            "facts": self.cards.known(place.rules, advice.facts),
        }
        card, own = self._frame(f"standing/{advice.drug}", call, place.summary, advice, place.rules, values)
        made = (self.actions.replacement(advice.lines[0], key, call.patient_id, own) for key in instead)
        suggestions = [suggestion for suggestion in made if suggestion is not None]
        return _with(card, suggestions, "at-most-one")

    def _readiness(self, advice: Readiness, call: Call) -> Card:
        names = [self.words.label(gap.fact.name) for gap in advice.gaps]
        tests = {finding.rule.advise.subject: finding.rule.title for finding in reversed(advice.tests)}
        names += tests.values()
        rules = [*(rule for gap in advice.gaps for rule in gap.rules), *(finding.rule for finding in advice.tests)]
        head = f"Before {_short(advice.lines)}"
        summary = listed(f"{head}, not known" if advice.gaps else head, names)
        answering = [key for gap in advice.gaps for key, _ in gap.orders if call.already.find(key) is not None]
        waited = [gap for gap in advice.gaps if any(key in answering for key, _ in gap.orders)]
        wanted = [key for gap in advice.gaps if gap not in waited for key, _ in gap.orders[:1]]
        wanted += [key for finding in advice.tests for key in finding.rule.suggest]
        keys, placed = call.already.parted((*wanted, *answering, *advice.ordered))
        values = {
            "already": in_words(placed),
            "gaps": [
                {
                    "label": self.words.label(gap.fact.name),
                    "why": self.words.why_unknown(gap.fact),
                    "question": gap.question or "",
                    "sources": list(dict.fromkeys(self.words.source(rule) for rule in gap.rules)),
                }
                for gap in advice.gaps
            ],
            "tests": self._points(advice.tests),
        }
        card, own = self._frame("ready", call, summary, advice, rules, values)
        suggestions = [self.actions.addition(key, call.patient_id, own, None) for key in keys]
        return _with(card, suggestions, "any")

    def _repeated(self, advice: Repeated, call: Call) -> Card:
        if len(advice.lines) > 1:
            summary = f"{advice.drug} is ordered {len(advice.lines)} times in these orders"
            said = "The drafts do not differ in route, dose or day. Check that each is meant."
        else:
            summary = f"{advice.drug}: an equal order for the same day is active"
            said = f"Active on record: {', '.join(escape(reference) for reference in advice.active)}."
        card, own = self._frame(f"repeated/{advice.drug}", call, summary, advice, [], {"place": [said]})
        removal = self.actions.removal((advice.lines[1:] or advice.lines)[:1], own)
        return _with(card, [removal] if removal is not None else [], "at-most-one")

    def _unread(self, advice: Unread, call: Call) -> Card:
        one = len(advice.orders) == 1
        summary = f"{'An order' if one else f'{len(advice.orders)} orders'} could not be read: not checked by Allcue"
        values = {"unread": [f"{escape(name)}: {escape(why)}" for name, why in advice.orders]}
        return self._frame("unread", call, summary, advice, [], values)[0]


def _is_same(point: list[Finding], finding: Finding) -> bool:
    """Whether a finding is the point of others in the words of another source."""
    advise, first = finding.rule.advise, point[0].rule.advise
    sources = {other.rule.source.ref for other in point}
    return (advise.subject, advise.act) == (first.subject, first.act) and finding.rule.source.ref not in sources


def _is_told(standing: Standing, advice: Hazard) -> bool:
    """Whether the warnings that rule a drug out are those of the card anyway."""
    against = {verdict.rule for verdict in standing.option.against} if standing.option is not None else set()
    return bool(against) and against <= {finding.rule for finding in advice.findings}


def _names(lines: Iterable[OrderLine]) -> list[str]:
    """What orders are called, as sent; escaped for Markdown, since it is the client's text."""
    return list(dict.fromkeys(escape(line.name) for line in lines))


def _short(lines: Iterable[OrderLine]) -> str:
    """The same for a summary, which is no Markdown: without what could be read as HTML, and not longer than it must."""
    names = dict.fromkeys(shorten(plain(line.name), NAME) for line in lines)
    return ", ".join(list(names)[:2])


def _matters(finding: Finding) -> bool:
    """Whether a drug alongside, not only the one that is ordered, makes a rule apply."""
    ordered, taken = finding.facts.value(ORDERED), finding.facts.value(ALONGSIDE)
    own = ordered.members if isinstance(ordered, TokenSet) else frozenset[str]()
    beside = taken.members - own if isinstance(taken, TokenSet) else frozenset[str]()
    return any(
        leaf.criterion.fact == ALONGSIDE and beside.intersection(map(str, leaf.criterion.operands))
        for leaf in leaves(finding.rule.when)
    )


def _with(card: Card, suggestions: list[dict[str, Any]], behavior: str) -> Card:
    if suggestions:
        card["suggestions"] = suggestions[:SUGGESTED]
        card["selectionBehavior"] = behavior
    return card
