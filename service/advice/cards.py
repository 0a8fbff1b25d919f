"""Advice drawn as CDS Hooks cards (CDS Hooks 2.0, "CDS Service Response")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, StrictUndefined

from service.advice.already import AlreadyOrdered, Placed
from service.advice.ids import CallIds, CardId
from service.advice.model import INCOMPLETE, UNDIAGNOSED, Advice, Care, Gap, Missing, Notice, Options, Unsafe
from service.advice.option_lines import FACTS_SHOWN, OptionLines
from service.advice.reasons import OVERRIDE_REASONS
from service.advice.suggestions import OrderBook
from service.advice.words import Words, escape
from service.facts.model import Facts
from service.rules.rule import Content, Rule
from service.rules.verdict import Verdict

Card = dict[str, Any]
SUMMARY = 139  # the specification wants fewer than 140 characters
_TOPIC = {"system": "http://snomed.info/sct", "code": "91857003", "display": "Acute lymphoid leukemia"}
_UNREAD = {
    UNDIAGNOSED: "Allcue could not tell whether this patient has acute lymphoblastic leukemia: no advice",
    INCOMPLETE: "Part of the record could not be read: the advice on ALL may be incomplete",
}
CARE_SHOWN = 8  # lines of cautions or of supportive care; more are not read
TESTS_IN_FULL = 5  # tests told with their note; further ones are named
SUGGESTED = 4  # options or tests offered as buttons; more are still named in the text


def shorten(text: str, limit: int = SUMMARY) -> str:
    """A text cut at a word so that it fits.

    >>> shorten("relapsed Ph-negative disease", 20)
    'relapsed…'
    """
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return cut[: cut.rfind(" ")].rstrip(" ,;:") + "…" if " " in cut else cut + "…"


def listed(head: str, names: list[str], limit: int = SUMMARY) -> str:
    """``head: a, b and 3 more``, as many names as fit.

    >>> listed("Offer", ["blinatumomab", "inotuzumab", "tisagenlecleucel"], 30)
    'Offer: blinatumomab and 2 more'
    """
    for shown in range(len(names), 0, -1):
        more = f" and {len(names) - shown} more" if shown < len(names) else ""
        text = f"{head}: {', '.join(names[:shown])}{more}"
        if len(text) <= limit:
            return text
    if names and " " in names[0]:
        return with_more(f"{head}: {names[0]}", len(names) - 1, limit)
    return shorten(f"{head}: {len(names)} items", limit)


def with_more(text: str, more: int, limit: int = SUMMARY) -> str:
    """A text with the number of further points; the words give way, not the number.

    >>> with_more("Dasatinib is contraindicated", 2, 30)
    'Dasatinib is… (and 2 more)'
    """
    end = f" (and {more} more)" if more else ""
    return shorten(text, limit - len(end)) + end


def in_words(placed: Iterable[Placed]) -> list[dict[str, object]]:
    """Orders that make suggestions needless, for the wording templates."""
    return [
        {"title": one.title, "draft": one.draft, "reference": escape(one.reference), "status": one.status,
         "date": escape(one.date)}
        for one in placed
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """What the cards of one call share.

    ``ids``: makes the uuids of its cards. ``silent_before``: the sources in force that the policy
    asks before the one of a rule, and that have nothing on its topic. ``already``: what is ordered and not suggested again.
    """

    facts: Facts
    patient_id: str
    ids: CallIds
    silent_before: Callable[[Rule, Facts], tuple[str, ...]]
    already: AlreadyOrdered


class CardWriter:
    """Draws cards from advice with the wording templates of the content."""

    def __init__(self, content: Content, words: Words, orders: OrderBook):
        self.content = content
        self.words = words
        self.orders = orders
        self.options = OptionLines(content, words)
        # Not HTML: the output is Markdown, and what came from the record is escaped as Markdown in `words`.
        environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701 - see above
        self._templates = {name: environment.from_string(text) for name, text in content.wording.items()}

    def draw(self, advice: Advice, call: Call) -> Card:
        """One card. Its uuid follows from the request and the advice, so that a repeated call repeats it."""
        match advice:
            case Options():
                return self._options(advice, call)
            case Missing():
                return self._missing(advice, call)
            case Unsafe():
                return self._unsafe(advice, call)
            case Care():
                return self._care(advice, call)
            case Notice():
                return self._notice(advice, call)

    def frame(self, key: str, call: Call, summary: str, indicator: str, rules: Iterable[Rule],
              template: str, values: Mapping[str, object], differing: Iterable[Rule] | None = None,
              ) -> tuple[Card, CardId]:  # fmt: skip
        """A card and its id. ``differing``: the rules whose differences between sources it tells; all if not given."""
        own = call.ids.card(key)
        rules = list(rules)
        sources = list(dict.fromkeys(rule.source.ref for rule in rules))
        detail = self._templates[template].render(
            **values,
            differences=self._differences(rules if differing is None else differing),
            sources=self._cited(rules, call),
        )
        card: Card = {
            "uuid": own.uuid,
            "summary": shorten(summary),
            "indicator": indicator,
            "detail": detail.strip(),
            "source": self._source(sources),
            "overrideReasons": [dict(reason) for reason in OVERRIDE_REASONS],
        }
        links = [
            {"label": f"{source.body}: {source.edition}", "url": source.url, "type": "absolute"}
            for source in (self.content.sources[s] for s in sources)
            if source.url
        ]
        if links:
            card["links"] = links
        return card, own

    def _differences(self, rules: Iterable[Rule]) -> list[dict[str, str]]:
        """Where sources disagree on what a card says."""
        ids = {rule.id for rule in rules}
        rows = [row for row in self.content.differences.values() if ids.intersection(row.rules)]
        return [{"title": row.title, "says": row.says, "decided": row.decided} for row in rows]

    def _cited(self, rules: list[Rule], call: Call) -> list[dict[str, str]]:
        """Each source in full, and which newer ones have nothing on what it is cited for."""
        silent: dict[str, dict[str, None]] = {}
        for rule in rules:
            silent.setdefault(rule.source.ref, {}).update(dict.fromkeys(call.silent_before(rule, call.facts)))
        return [
            {
                "citation": self.content.sources[ref].citation,
                "silent": ", ".join(self.content.sources[name].short_label for name in names),
            }
            for ref, names in silent.items()
        ]

    def _source(self, sources: list[str]) -> dict[str, Any]:
        labels = [self.content.sources[s].label for s in sources] or ["Allcue"]
        made: dict[str, Any] = {"label": "; ".join(labels), "topic": dict(_TOPIC)}
        if len(sources) == 1 and self.content.sources[sources[0]].url:
            made["url"] = self.content.sources[sources[0]].url
        return made

    def _options(self, advice: Options, call: Call) -> Card:
        facts = call.facts
        rules = [v.rule for option in (*advice.offered, *advice.ruled_out) for v in option.verdicts]
        head = self.content.topic_title(advice.topic)
        names = [self.options.name(option) for option in advice.offered]
        safe = [option for option in advice.offered if not option.unchecked]
        keys, placed = call.already.parted(key for option in safe for key in option.rule.suggest)
        summary = listed(head, names) if names else f"{head}: each listed option is ruled out for this patient"
        values = {
            "title": head,
            **self.options.lines(advice, facts),
            "notes": [self._line(verdict) for verdict in advice.notes],
            "already": in_words(placed),
        }
        card, own = self.frame(f"options/{advice.topic}", call, summary, "info", rules, "options", values)
        if keys:
            card["suggestions"] = [self.orders.suggestion(key, call.patient_id, own) for key in keys[:SUGGESTED]]
            card["selectionBehavior"] = "at-most-one"
        return card

    def _line(self, verdict: Verdict) -> str:
        return self.options.line(verdict)

    def _missing(self, advice: Missing, call: Call) -> Card:
        rules = [*(rule for gap in advice.gaps for rule in gap.decisions), *(v.rule for v in advice.tests)]
        names = [self.words.label(gap.fact.name) for gap in advice.gaps]
        due = [verdict.rule for verdict in advice.tests]
        if advice.blocks:
            summary = listed("Missing to decide in ALL", names)
        elif due:
            summary = listed("Tests advised in ALL", [rule.title for rule in due])
        else:
            summary = listed("Worth checking in ALL", names)
        wanted, placed = self._wanted(advice, call)
        values = {
            "already": in_words(placed),
            "gaps": [self._gap(gap) for gap in advice.gaps],
            "further": advice.further,
            "tests": [
                {"title": v.rule.title, "note": v.rule.advise.note, "source": self.words.source(v.rule)}
                for v in advice.tests[:TESTS_IN_FULL]
            ],
            "further_tests": [verdict.rule.title for verdict in advice.tests[TESTS_IN_FULL:]],
        }
        indicator = "warning" if advice.blocks else "info"
        card, own = self.frame("missing", call, summary, indicator, rules, "missing", values, due)
        if wanted:
            card["suggestions"] = [
                self.orders.suggestion(key, call.patient_id, own, why) for key, why in list(wanted.items())[:SUGGESTED]
            ]
            card["selectionBehavior"] = "any"
        return card

    @staticmethod
    def _wanted(advice: Missing, call: Call) -> tuple[dict[str, str], tuple[Placed, ...]]:
        """The tests to be suggested, each with why, and the orders that make others needless.

        A gap is waited for where any test is ordered that answers it.
        """
        wanted: dict[str, str] = {}
        for verdict in advice.tests:
            wanted.update(dict.fromkeys(verdict.rule.suggest, verdict.rule.title))
        answering = list(advice.ordered)
        for gap in advice.gaps:
            found = [key for key, _ in gap.orders if call.already.find(key) is not None]
            answering += found
            for key, order in () if found else gap.orders[:1]:
                wanted.setdefault(key, order.why or "")
        free, placed = call.already.parted((*wanted, *answering))
        return {key: wanted[key] for key in free}, placed

    def _gap(self, gap: Gap) -> dict[str, object]:
        return {
            "label": self.words.label(gap.fact.name),
            "why": self.words.why_unknown(gap.fact),
            "detail": escape(gap.fact.detail) if gap.fact.detail else None,
            "question": gap.question,
            "blocks": gap.blocks,
            "decides_edition": gap.decides_edition,
            "decisions": list(dict.fromkeys(rule.advise.regimen or rule.advise.subject for rule in gap.decisions)),
            "orders": [order.title for _, order in gap.orders],
        }

    def _unsafe(self, advice: Unsafe, call: Call) -> Card:
        rules = [verdict.rule for verdict in advice.verdicts]
        summary = f"{'Being taken now: ' if advice.drugs else ''}{rules[0].title}"
        values = {
            "subject": advice.subject,
            "drugs": list(advice.drugs),
            "warnings": [self._line(verdict) for verdict in advice.verdicts],
            "facts": self.known(rules, call.facts),
            "unchecked": [self.words.label(n) for n in sorted({n for v in advice.verdicts for n in v.unchecked})],
        }
        return self.frame(f"unsafe/{advice.subject}", call, summary, "warning", rules, "unsafe", values)[0]

    def _care(self, advice: Care, call: Call) -> Card:
        shown = advice.verdicts[:CARE_SHOWN]
        rules = [verdict.rule for verdict in shown]
        head, key = (
            ("To heed in ALL", "care/safety") if advice.safety else ("Supportive care in ALL", "care/supportive")
        )
        warns = any(verdict.rule.advise.act == "caution" for verdict in shown)
        keys, placed = call.already.parted(order for rule in rules for order in rule.suggest)
        values = {
            "already": in_words(placed),
            "lines": [f"**{verdict.rule.title}**: {self._line(verdict)}" for verdict in shown],
            "more": len(advice.verdicts) - len(shown),
            "unread": [],
            "facts": self.known(rules, call.facts),
        }
        summary = listed(head, [rule.title for rule in rules])
        indicator = "warning" if advice.safety and warns else "info"
        card, own = self.frame(key, call, summary, indicator, rules, "notice", values)
        if keys:
            card["suggestions"] = [self.orders.suggestion(order, call.patient_id, own) for order in keys[:SUGGESTED]]
            card["selectionBehavior"] = "any"
        return card

    def known(self, rules: Iterable[Rule], facts: Facts) -> list[str]:
        """The known facts that some rules rest on, one line each."""
        names = dict.fromkeys(name for rule in rules for name in sorted(rule.facts))
        return [self.words.fact(facts[name]) for name in names if facts[name].known][:FACTS_SHOWN]

    def _notice(self, advice: Notice, call: Call) -> Card:
        rules = [verdict.rule for verdict in advice.verdicts]
        summary = rules[0].title if rules else _UNREAD[advice.key]
        values = {
            "lines": [self._line(verdict) for verdict in advice.verdicts],
            "already": [],
            "more": 0,
            "unread": [{"type": kind, "how": how} for kind, how in advice.unread],
            "facts": self.known(rules, call.facts),
        }
        indicator = "warning" if advice.unread else "info"
        return self.frame(f"notice/{advice.key}", call, summary, indicator, rules, "notice", values)[0]
