"""Why a rule says something by one content and not by the other: the rule, the policy, or the criteria that decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.advice.options import ORDERED
from service.advice.sides import Judged, reason_of
from service.advice.words import Words, one_line
from service.facts.model import Facts, known
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.population.asking import Asker
from service.population.upgrade.model import Because, Line
from service.population.upgrade.telling import Telling
from service.rules.expression import Leaf, Node, leaves
from service.rules.interpret import find
from service.rules.rule import Rule
from service.rules.verdict import Outcome, Verdict

OLD, NEW = "old", "new"
_ABOUT_ORDERS = REGISTRY.dependents(ORDERED)


@dataclass(frozen=True, slots=True)
class Why:
    """``says``: in words, without anything of the patient."""

    because: Because
    says: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two contents (``name``: old or new), what it says of the patient, its rules by id, and its words."""

    name: str
    telling: Telling
    rules: dict[str, Rule]
    words: Words

    @property
    def asker(self) -> Asker:
        return self.telling.asker


def words_of(asker: Asker) -> Words:
    """Words for files: text of a record is shown as it is, on one line."""
    return Words(asker.engine.vocabulary, asker.engine.content, quote=one_line)


def why(name: str, old: Side, new: Side) -> Why:
    """Why a rule, which at least one of the two lets speak, comes out differently for the patient."""
    for side, because in ((old, Because.NEW), (new, Because.GONE)):
        if name not in side.rules:
            return Why(because, "the rule is new" if side is old else "the rule is no longer there")
    for side in (old, new):
        status = side.rules[name].status
        if status != "active":
            return Why(Because.STATUS, f"{side.name}: the rule is {status}")
    silent = [side for side in (old, new) if not _speaks(name, side)]
    if len(silent) == 1:
        return Why(Because.POLICY, f"{silent[0].name}: {_silenced(silent[0].rules[name], silent[0])}")
    return _criteria(name, old, new)


def _speaks(name: str, side: Side) -> bool:
    said = side.telling.said.get(name)
    return said is not None and (said.verdict is not None or bool(said.roles))


def _silenced(rule: Rule, side: Side) -> str:
    """Why the policy does not let an active rule speak for the patient."""
    content, facts = side.asker.engine.content, side.telling.facts
    source = content.sources[rule.source.ref]
    if source.id not in content.policy.active:
        return f"the source {source.id} is not active"
    if facts is not None and source.in_force_from > facts.as_of:
        return f"the source {source.id} is in force from {source.in_force_from.isoformat()}"
    newer = [other.id for other in side.telling.speaking if rule.id in other.supersedes]
    if newer:
        return f"superseded by {', '.join(newer)}"
    if rule.speaks_from_every_source:
        return "the rule is superseded"
    answering = dict.fromkeys(
        other.source.ref
        for other in side.telling.speaking
        if other.topic == rule.topic and not other.speaks_from_every_source
    )
    return f"{rule.topic} is answered by {', '.join(answering) or 'no source'} for these patients"


def _criteria(name: str, old: Side, new: Side) -> Why:
    """The criteria of a rule that speaks in both and comes out differently."""
    judged = [_judged(name, side, (*old.telling.drugs, *new.telling.drugs)) for side in (old, new)]
    if len({_outcome(one) for one in judged}) == 1:
        return Why(Because.OFFER, f"only {_advising(name, new)} names what the rule speaks of")
    lines: list[Line] = []
    for one, side, other in zip(judged, (old, new), (new, old), strict=True):
        if one is not None and not one.applies:
            lines += _lines(one, side, other.rules[name])
    said = "; ".join(dict.fromkeys(_in_words(line) for line in lines))
    return Why(Because.CRITERION, said or "other conditions", tuple(lines))


def _outcome(one: Judged | None) -> tuple[str, tuple[str, ...]]:
    return (outcome(one.verdict), waits(one.verdict)) if one is not None else ("", ())


def _advising(name: str, new: Side) -> str:
    said = new.telling.said.get(name)
    return NEW if said is not None and said.advises else OLD


def _judged(name: str, side: Side, drugs: tuple[str, ...]) -> Judged | None:
    """A rule's verdict; of a rule about drugs, as if all that either content offers were ordered."""
    facts, said = side.telling.facts, side.telling.said.get(name)
    if facts is None:
        return None
    rule = side.rules[name]
    if said is not None and said.verdict is not None and (said.applies or not _is_about_orders(rule)):
        return Judged(said.verdict, facts)
    assumed = _ordering(drugs, facts)
    (verdict,) = side.asker.engine.evaluate((rule,), assumed)
    return Judged(verdict, assumed)


def _is_about_orders(rule: Rule) -> bool:
    return rule.speaks_from_every_source and not rule.facts.isdisjoint(_ABOUT_ORDERS)


def _ordering(drugs: tuple[str, ...], facts: Facts) -> Facts:
    kind = VOCABULARY.lookup(ORDERED)
    named = [token for drug in drugs if (token := kind.known(drug)) is not None]
    return facts.assuming(known(ORDERED, kind.token_set(named))) if named else facts


def _lines(one: Judged, side: Side, other: Rule) -> list[Line]:
    """The lines that stand in the way of a rule, those first of all that the other content does not have."""
    found = list(_in_the_way(one))
    there = {part: {_read(leaf) for leaf in leaves(node)} for part, node in _parts(other)}
    own = [row for row in (*found, *_settled(one)) if _read(row[1]) not in there[row[0]]]
    made = []
    for part, leaf, holds in own or found:
        criterion = leaf.criterion
        before = {_read(line) for line in leaves(dict(_parts(one.rule))[part])}
        instead = tuple(
            line.criterion.said
            for line in leaves(dict(_parts(other))[part])
            if line.criterion.fact == criterion.fact and _read(line) not in before
        )
        fact = one.facts[criterion.fact]
        made.append(
            Line(side.name, part, holds, criterion.said, side.words.criterion(criterion), criterion.fact,
                 side.words.value(fact), instead)
        )  # fmt: skip
    return list(dict.fromkeys(made))


def _in_the_way(one: Judged) -> Iterator[tuple[str, Leaf, bool | None]]:
    reason = reason_of(one)
    yield from (("when", leaf, False) for group in reason.failing for leaf in group)
    yield from (("unless", leaf, True) for leaf in reason.excluding)
    missing = set(reason.missing)
    for part, node in _parts(one.rule):
        for leaf in leaves(node):
            if leaf.criterion.fact in missing:
                yield part, leaf, None


def _settled(one: Judged) -> Iterator[tuple[str, Leaf, bool | None]]:
    """Of a rule that waits for facts, the lines that fail or exclude by themselves: one of them may be what makes it wait."""
    if one.verdict.outcome is not Outcome.CANNOT_TELL:
        return
    for part, node in _parts(one.rule):
        stands = part == "unless"
        yield from ((part, leaf, stands) for leaf in leaves(node) if find(leaf, one.facts, not stands).truth is stands)


def _parts(rule: Rule) -> tuple[tuple[str, Node], ...]:
    return ("when", rule.when), ("unless", rule.unless)


def _read(leaf: Leaf) -> tuple[object, ...]:
    """What a line means, however it is written: tables may hold other values under the same name."""
    return leaf.criterion.fact, leaf.criterion.op, leaf.criterion.operands, leaf.if_unknown


_HOLDS = {False: "fails", True: "excludes", None: "cannot be told"}


def _in_words(line: Line) -> str:
    other = NEW if line.content == OLD else OLD
    instead = f" ({other}: {', '.join(line.instead)})" if line.instead else ""
    return f"{line.content}: {line.criterion} {_HOLDS[line.holds]}{instead}"


def outcome(verdict: Verdict | None) -> str:
    """A verdict as files say it; ``silent`` where the rule does not speak for the patient."""
    return str(verdict.outcome) if verdict is not None else "silent"


def waits(verdict: Verdict | None) -> tuple[str, ...]:
    """The facts that a verdict waits for."""
    return verdict.missing if verdict is not None and verdict.outcome is Outcome.CANNOT_TELL else ()
