"""Facts, verdicts and sources in words. Everything that came from a patient's record is escaped here, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from service.advice.english import in_english
from service.facts.model import Fact, Interval, TokenSet
from service.facts.vocabulary.base import FactType, ValueProblem, Vocabulary
from service.rules.criterion import Criterion
from service.rules.interpret import Known
from service.rules.rule import REPLACED, REWORDED, Content, Rule
from service.rules.verdict import Verdict
from service.rules.why import holding

# Characters that can begin markup inside a line (GitHub-flavored Markdown), and the dot of a bare domain name.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>&|~#]|(?<=[\w-])\.(?=[^\W\d_]{2,}(?!\w)))")
# Where an address is broken. Escapes are not enough: remark-gfm, with which the public sandbox draws cards, looks for
# addresses in the text that is left when they are gone. Chimerism in a karyotype ("46,XY[3]//46,XX[17]") stays.
_LINK = re.compile(r"(?<=:/)(?=/)|(?<=/)(?=/[\w-]+[.:@]\w)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@[\w-])", re.IGNORECASE)
# Controls, line and paragraph separators, surrogates, and all that is not to be seen or turns the direction of writing.
_HIDDEN = (
    "\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff"
)
_CONTROL = re.compile(f"[{_HIDDEN}]+")
_UNSEEN = re.compile(f"[<>{_HIDDEN}]")  # and what may be read as HTML
_ADDRESS = re.compile(r"[A-Za-z0-9:/?#@!$&*+,;=%._~|-]{1,1024}")
PREFERENCE = {
    "preferred": "preferred",
    "other": "other recommended",
    "useful-in-certain-circumstances": "useful in certain circumstances",
}
_BY_SITE = {REWORDED: "; in this site's words", REPLACED: "; changed by this site"}
LONGEST = 160  # characters of a found text that are shown
OF_CELLS = "of cells"  # the unit of fractions of cells
WHY = {  # reasons for unknown in words
    "not-provided": "not provided",
    "record-empty": "nothing in the record",
    "fetch-failed": "could not be fetched",
    "incomplete": "the record arrived in part",
    "stale": "too old",
    "unit": "unit not convertible",
    "implausible": "implausible value, not used",
    "unreadable": "could not be read",
    "undated": "undated",
    "conflicting": "conflicting statements",
    "set-aside": "only in a resource that was set aside",
    "not-decided": "not settled by what is recorded",
    "judgement": "for the clinician to say",
    "not-given": "not stated",
}


def escape(text: str) -> str:
    """A text from the record as inert Markdown: no markup, no HTML, no address that becomes a link, one line, not endless.

    >>> escape("CD19 <b>neg</b>")
    'CD19 \\\\<b\\\\>neg\\\\</b\\\\>'
    >>> escape("https://a.example/b www.c.example d@e.example")
    'https:/ /a\\\\.example/b www .c\\\\.example d @e\\\\.example'
    """
    line = one_line(text)
    if len(line) > LONGEST:
        line = line[: LONGEST - 1] + "…"
    return _MARKDOWN.sub(r"\\\1", _LINK.sub(" ", line))


def one_line(text: str) -> str:
    """A text from the record for a terminal: one line, nothing that steers the terminal, hides or turns writing around."""
    return _CONTROL.sub(" ", text).strip()


def plain(text: str) -> str:
    """A client's text where no Markdown is: a summary, a label. Without what could be read as HTML or a Markdown link, or
    is not to be seen.

    >>> plain("ifosfamide <b>2 g</b>\\u202e [mg](x)")
    'ifosfamide b 2 g /b [mg] (x)'
    """
    return " ".join(_UNSEEN.sub(" ", text).replace("](", "] (").split())


def is_address(reference: str | None) -> bool:
    """Whether a reference of the client can go back to it: characters of FHIR ids and addresses and nothing else."""
    return reference is not None and _ADDRESS.fullmatch(reference) is not None


def _number(value: float) -> str:
    """A number as precise as anyone reads it: one decimal from ten on, three digits below.

    >>> _number(48.7419), _number(0.00015), _number(36.0)
    ('48.7', '0.00015', '36')
    """
    return f"{round(value, 1):g}" if 10 <= abs(value) < 100_000 else f"{value:.3g}"


def _spoken(tokens: TokenSet, kind: FactType | None) -> TokenSet:
    """A set without what its own members imply: "dasatinib", not "TKI, dasatinib, targeted"."""
    if kind is None or not kind.implies:
        return tokens
    implied = frozenset[str]().union(*(kind.implies.get(member, ()) for member in tokens.members))
    return replace(tokens, members=tokens.members - implied)


class Words:
    """Says facts and sources the way cards and the terminal show them."""

    def __init__(self, vocabulary: Vocabulary, content: Content, quote: Callable[[str], str] = escape):
        """``quote``: what is done to text from the record; a terminal, unlike a card, shows it as it is."""
        self.vocabulary = vocabulary
        self._quote = quote
        self.kind = lru_cache(maxsize=2048)(self._make_kind)
        self._label = lru_cache(maxsize=2048)(self._make_label)
        self.content = content

    def _make_kind(self, name: str) -> FactType | None:
        try:
            return self.vocabulary.lookup(name)
        except ValueProblem:
            return None

    def label(self, name: str) -> str:
        """A fact's plain-English label, with the kind of a parameterised fact."""
        return self._label(name)

    def _make_label(self, name: str) -> str:
        kind = self.kind(name)
        parameter = name.partition("(")[2].removesuffix(")")
        if kind is None:
            return name
        return f"{kind.label}: {parameter}" if parameter else kind.label

    def value(self, fact: Fact) -> str:
        """A known value with its unit; the reason of an unknown one."""
        if fact.value is None:
            return f"unknown ({WHY[str(fact.reason)]})"
        if isinstance(fact.value, bool):
            return "yes" if fact.value else "no"
        kind = self.kind(fact.name)
        unit = f" {kind.unit}" if kind and kind.unit else ""
        if isinstance(fact.value, float | int) and kind and kind.unit == OF_CELLS:
            return f"{_number(fact.value * 100)} %{unit}"  # the way laboratories print MRD
        if isinstance(fact.value, float | int):
            return f"{_number(fact.value)}{unit}"
        if isinstance(fact.value, Interval):
            return f"{fact.value}{unit}"
        if isinstance(fact.value, TokenSet):
            return str(_spoken(fact.value, kind))
        return self._quote(fact.value)

    def fact(self, fact: Fact) -> str:
        """One line: label, value, and the newest of the places where it was read."""
        where = ""
        if fact.provenance:
            newest = max(fact.provenance, key=lambda seen: seen.date or "")
            parts = [self._quote(newest.resource)] + ([newest.date[:10]] if newest.date else [])
            where = f" ({', '.join(parts)})"
        return f"{self.label(fact.name)}: {self.value(fact)}{where}"

    def criterion(self, criterion: Criterion) -> str:
        """A criterion in plain English."""
        return in_english(criterion, self.label(criterion.fact), self.kind(criterion.fact))

    def why_unknown(self, fact: Fact) -> str:
        """Why a fact does not settle a decision, in a clause; what was found is quoted."""
        if fact.known:  # a list that may be incomplete, a number known within bounds
            return f"known only in part: {self.value(fact)}"
        said = WHY[str(fact.reason)] if fact.reason else ""
        found = next((p.found for p in fact.provenance if p.found), None)
        return f"{said}: found “{self._quote(found)}”" if found else said

    def source(self, rule: Rule) -> str:
        """Source and page of a rule, short; the foot of a card cites the source in full. Says what a site changed."""
        changed = _BY_SITE.get(rule.site or "", "")
        return f"{self.content.sources[rule.source.ref].short_label}, {rule.source.at}{changed}"

    def strength(self, rule: Rule) -> str:
        """Preference and category as the source prints them."""
        parts = [PREFERENCE[rule.source.preference]] if rule.source.preference else []
        if rule.source.category:
            parts.append(f"category {rule.source.category}")
        return ", ".join(parts)

    def standing_against(self, verdict: Verdict, facts: Known) -> str:
        """The exclusions that hold for this patient, as read."""
        found = [facts[leaf.criterion.fact] for leaf in holding(verdict.rule.unless, facts)]
        lines = dict.fromkeys(self.fact(fact) for fact in found)
        return "; ".join(lines)
