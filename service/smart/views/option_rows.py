"""One option as a row or a column: how strongly it is recommended, its label, what it needs, its cautions and figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.advice.already import AlreadyOrdered, Placed
from service.advice.label_lines import LabelLines
from service.advice.labels import Label
from service.advice.model import Option, Options
from service.advice.option_lines import Heeded, OptionLines
from service.rules.expression import leaves
from service.rules.interpret import find
from service.rules.rule import Rule
from service.rules.tables import Evidence
from service.rules.why import holding
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views.said import Cited, Need, Seen, cited, known_of, needed, of_an_order, seen


@dataclass(frozen=True, slots=True)
class LabelRow:
    """The label of one drug for this patient: ``labelled``, ``open``, ``not-labelled`` or ``not-stated``. ``about``: what
    it asks for, or why it is not for this patient; ``needs``: facts it waits for or went on without.
    """

    drug: str
    standing: str
    about: str = ""
    cited: Cited | None = None
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class Caution:
    """``needs``: facts that could still exclude it; none where it holds. ``cited``: None where the option's own rule
    says it."""

    text: str
    cited: Cited | None = None
    needs: tuple[Need, ...] = ()

    @property
    def is_required(self) -> bool:
        """Whether something must be done first, or go with it."""
        return self.cited is not None and self.cited.act == "require"


@dataclass(frozen=True, slots=True)
class Row:
    """One option that is offered. ``key`` names it in the form. ``unchecked``: facts without which it is offered;
    ``may_forbid``: facts by which a warning could still rule it out. ``required``: cautions that ask for something
    first. ``rests_on``: the facts of its rules.
    """

    key: str
    name: str
    cited: tuple[Cited, ...]
    with_: str | None
    note: str | None
    components: str | None
    labels: tuple[LabelRow, ...]
    unchecked: tuple[Need, ...]
    may_forbid: tuple[Need, ...]
    cautions: tuple[Caution, ...]
    evidence: tuple[Evidence, ...]
    ordered: tuple[Placed, ...]
    assumptions: tuple[str, ...]
    rests_on: tuple[Seen, ...]

    @property
    def act(self) -> str:
        return self.cited[0].act

    @property
    def required(self) -> tuple[Caution, ...]:
        return tuple(one for one in self.cautions if one.is_required and not one.needs)

    @property
    def holding(self) -> tuple[Caution, ...]:
        return tuple(one for one in self.cautions if not one.needs and not one.is_required)

    @property
    def open(self) -> tuple[Caution, ...]:
        return tuple(one for one in self.cautions if one.needs)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an option is ruled out: a warning, or an exclusion of the option's own rule, with the facts as read."""

    cited: Cited
    warning: bool
    facts: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class RuledOut:
    name: str
    cited: tuple[Cited, ...]
    reasons: tuple[Reason, ...]


class Rows:
    """Makes rows of the options of a case."""

    def __init__(self, case: Case):
        self._case, self._facts, self._content = case, case.facts, case.engine.content
        self.words = plain_words(case.engine)
        self.lines = OptionLines(self._content, self.words)
        self._labels = LabelLines(self.words)
        self._already = AlreadyOrdered(self._content.orderables, case.facts)

    def row(self, choice: Options, option: Option) -> Row:
        """An option of a choice."""
        advise = option.rule.advise
        rules = [verdict.rule for verdict in option.verdicts]
        own = {name for verdict in option.verdicts for name in verdict.unchecked}
        return Row(
            key_of(choice, option),
            self.lines.name(option),
            tuple(cited(rule, self.words) for rule in rules),
            advise.with_,
            advise.note,
            advise.components,
            tuple(self._label(label) for label in option.labels),
            self._needs(name for name in option.unchecked if name in own),
            self._needs(name for name in option.unchecked if name not in own),
            tuple(dict.fromkeys(self._caution(one) for one in self.lines.heeded(option))),
            tuple(self._evidence(choice, option)),
            self._already.parted(key for rule in rules for key in rule.suggest)[1],
            tuple(dict.fromkeys(text for rule in rules for text in rule.assumptions)),
            known_of(rules, self._facts, self.words),
        )

    def ruled_out(self, option: Option) -> RuledOut:
        """An option that a warning, or an exclusion of its own rules, forbids for this patient."""
        rules = tuple(cited(verdict.rule, self.words) for verdict in option.verdicts)
        reasons = [Reason(cited(v.rule, self.words), True, self._met(v.rule)) for v in option.against]
        if not reasons:
            reasons = [
                Reason(cited(v.rule, self.words), False, self._excluding(v.rule)) for v in option.verdicts if v.excluded
            ]
        return RuledOut(self.lines.name(option), rules, tuple(reasons))

    def _met(self, rule: Rule) -> tuple[Seen, ...]:
        """The facts that a warning is given for: of its lines those that hold; which drug it is about is said anyway."""
        held = (leaf for leaf in leaves(rule.when) if find(leaf, self._facts, False).truth is True)
        names = dict.fromkeys(leaf.criterion.fact for leaf in held)
        return tuple(seen(self._facts[name], self.words) for name in names if not of_an_order(name, self.words))

    def _excluding(self, rule: Rule) -> tuple[Seen, ...]:
        names = dict.fromkeys(leaf.criterion.fact for leaf in holding(rule.unless, self._facts))
        return tuple(seen(self._facts[name], self.words) for name in names)

    def _needs(self, names: Iterable[str]) -> tuple[Need, ...]:
        return tuple(needed(name, self._facts, self._case.engine) for name in names)

    def _label(self, label: Label) -> LabelRow:
        if label.verdict is None:
            return LabelRow(label.drug, str(label.standing))
        return LabelRow(
            label.drug,
            str(label.standing),
            self._labels.about(label, self._facts),
            cited(label.verdict.rule, self.words),
            self._needs(label.missing),
        )

    def _caution(self, one: Heeded) -> Caution:
        return Caution(one.text, cited(one.verdict.rule, self.words) if one.verdict else None, self._needs(one.needs))

    def _evidence(self, choice: Options, option: Option) -> Iterator[Evidence]:
        """The figures that its rules name, and those of rules that bring figures for its drugs."""
        about = {option.subject, *option.rule.advise.subjects}
        rules = [verdict.rule for verdict in option.verdicts]
        rules += [verdict.rule for verdict in choice.evidence if verdict.rule.advise.subject in about]
        for key in dict.fromkeys(key for rule in rules for key in rule.evidence):
            yield self._content.evidence[key]


def key_of(choice: Options, option: Option) -> str:
    """Names an option of a choice: main topic and subject, no patient data."""
    return f"{choice.topic.partition('/')[0]}/{option.subject}"
