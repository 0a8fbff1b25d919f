"""Two contents asked about one patient after another: what each rule says differently, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from service.advice.words import Words
from service.population.asking import Asker
from service.population.patients import Patient
from service.population.upgrade.model import Because, Change, Compared, Difference, Kind
from service.population.upgrade.telling import Said, Shown, Telling, tell
from service.population.upgrade.why import NEW, OLD, Side, Why, outcome, waits, why, words_of
from service.rules.rule import Rule

SHOWN, NOT_SHOWN = "shown", "not shown"

_WORDS: tuple[Callable[[Rule], str | None], ...] = (
    lambda rule: rule.title,
    lambda rule: rule.advise.note,
    lambda rule: rule.advise.regimen,
    lambda rule: rule.advise.components,
    lambda rule: rule.advise.with_,
    lambda rule: "; ".join(f"{fact}: {text}" for fact, text in sorted(rule.questions.items())),
)
_OF_RULE: tuple[tuple[str, Callable[[Rule], str]], ...] = (
    ("kind", lambda rule: rule.advise.kind),
    ("act", lambda rule: rule.advise.act),
    ("subject", lambda rule: ", ".join(dict.fromkeys((rule.advise.subject, *rule.advise.subjects)))),
    ("critical", lambda rule: "yes" if rule.advise.stops else "no"),
    ("topic", lambda rule: rule.topic),
    ("category", lambda rule: rule.source.category or ""),
    ("preference", lambda rule: rule.source.preference or ""),
    ("page", lambda rule: rule.source.at),
    ("wording", lambda rule: " | ".join(text for text in (of(rule) for of in _WORDS) if text)),
    ("suggestions", lambda rule: ", ".join((*rule.suggest, *rule.replace))),
    ("cautions", lambda rule: ", ".join(rule.cautions)),
    ("evidence", lambda rule: ", ".join(rule.evidence)),
)


class Upgrade:
    """Compares what two contents say, patient by patient; nothing is kept of a patient."""

    def __init__(self, old: Asker, new: Asker):
        self._askers = (old, new)
        self._rules = tuple({rule.id: rule for rule in asker.engine.content.rules} for asker in self._askers)
        self._words = tuple(words_of(asker) for asker in self._askers)
        self._texts = {
            name: tuple(_of_rule(self._rules[0][name], self._rules[1][name], *self._words))
            for name in self._rules[0].keys() & self._rules[1].keys()
        }

    def compare(self, patient: Patient, day: date) -> Compared:
        """What the new content says differently from the old of a patient, judged on a day.

        Rules are those of the same id: one that was given another counts as lost, and the other as gained.
        """
        record = self._askers[0].record(patient, day)  # terminology is of the code, not of the content
        tellings = [tell(asker, record, day) for asker in self._askers]
        old, new = (
            Side(name, telling, rules, words)
            for name, telling, rules, words in zip((OLD, NEW), tellings, self._rules, self._words, strict=True)
        )
        if old.telling.facts is None and new.telling.facts is None:
            return Compared(patient.id, day, False, ())
        by_rule = list(_by_rule(old, new, self._texts))
        told = {change.rule for change in by_rule}
        return Compared(patient.id, day, True, (*by_rule, *_by_card(old.telling, new.telling, told)))


def _by_rule(old: Side, new: Side, texts: Mapping[str, tuple[Difference, ...]]) -> Iterator[Change]:
    for name in sorted(old.telling.said.keys() | new.telling.said.keys()):
        was, now = (side.telling.said.get(name) for side in (old, new))
        advised, advises = (said is not None and said.advises for said in (was, now))
        if advised == advises and not advised and _standing(was) == _standing(now):
            continue
        differs: tuple[Difference, ...] = ()
        if was is not None and now is not None:
            differs = (*texts[name], *_of_patient(was, now))
        if advised and advises:
            if differs:
                names = ", ".join(one.what for one in differs)
                yield _change(Kind.CHANGED, was, now, Why(Because.TEXT, f"another {names}"), differs)
        else:
            kind = Kind.VERDICT if advised == advises else Kind.GAINED if advises else Kind.LOST
            yield _change(kind, was, now, why(name, old, new), differs)


def _standing(said: Said | None) -> tuple[object, ...]:
    """How a rule stands that advises nothing: whether it waits, and for what. Not to apply is as good as not to speak."""
    if said is None:
        return (), ()
    return waits(said.verdict), said.roles


def _change(kind: Kind, was: Said | None, now: Said | None, found: Why, differs: tuple[Difference, ...]) -> Change:
    said = now or was
    assert said is not None
    rule = said.rule
    old, new = (outcome(one.verdict if one is not None else None) for one in (was, now))
    return Change(
        kind, rule.id, rule.title, rule.source.ref, rule.topic, rule.advise.subject, old, new,
        found.because, found.says, differs, found.lines,
    )  # fmt: skip


def _of_rule(was: Rule, now: Rule, old: Words, new: Words) -> Iterator[Difference]:
    """What a rule says differently to everybody."""
    yield from _different({name: (of(was), of(now)) for name, of in _OF_RULE})
    yield from _different({"source": (_source(was, old), _source(now, new))})


def _of_patient(was: Said, now: Said) -> Iterator[Difference]:
    """What becomes of a rule differently for one patient."""
    one, other = was.verdict, now.verdict
    yield from _different(
        {
            "verdict": (outcome(one), outcome(other)),
            "missing": (", ".join(waits(one)), ", ".join(waits(other))),
            "unchecked": (", ".join(one.unchecked if one else ()), ", ".join(other.unchecked if other else ())),
            "place": (", ".join(was.roles), ", ".join(now.roles)),
        }
    )
    if was.indicator and now.indicator:  # else the place says already that it is on no card
        yield from _different({"indicator": (was.indicator, now.indicator)})


def _source(rule: Rule, words: Words) -> str:
    return words.content.sources[rule.source.ref].label


def _different(pairs: Mapping[str, tuple[str, str]]) -> Iterator[Difference]:
    return (Difference(what, old, new) for what, (old, new) in pairs.items() if old != new)


def _by_card(old: Telling, new: Telling, told: set[str]) -> Iterator[Change]:
    """Cards that read otherwise though nothing changed in the rules that stand on them: templates, tables, limits."""
    for about in sorted(old.cards.keys() | new.cards.keys()):
        was, now = old.cards.get(about), new.cards.get(about)
        if told & ((was.rules if was else frozenset()) | (now.rules if now else frozenset())):
            continue
        differs = tuple(_reads_otherwise(was, now))
        if differs or was is None or now is None:
            names = ", ".join(one.what for one in differs) or "place"
            yield Change(
                Kind.CARD, "", "", "", "", about, SHOWN if was else NOT_SHOWN, SHOWN if now else NOT_SHOWN,
                Because.TEXT, f"another {names}", differs,
            )  # fmt: skip


def _reads_otherwise(was: Shown | None, now: Shown | None) -> Iterator[Difference]:
    if was is None or now is None:
        return
    for what, text in was.texts.items():
        if text != now.texts[what]:
            yield Difference(what, *_lines_apart(text, now.texts[what]))


def _lines_apart(old: str, new: str) -> tuple[str, str]:
    """Only the lines in which two texts differ."""
    one, other = old.splitlines(), new.splitlines()
    return "\n".join(line for line in one if line not in other), "\n".join(line for line in other if line not in one)
