"""The options side by side: how strongly each is recommended, its label, what it needs, what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.advice.labels import REGION
from service.advice.model import INCOMPLETE, UNDIAGNOSED, Advice, Missing, Notice, Options
from service.advice.options import is_offer
from service.rules.tables import Difference
from service.rules.verdict import Outcome
from service.smart.case import Case
from service.smart.views import Asked
from service.smart.views.beside import beside
from service.smart.views.option_rows import Row, Rows, RuledOut
from service.smart.views.said import Cited, Need, cited, needed
from service.smart.views.unreached import unreached

MOST_COMPARED = 3  # columns that can be read side by side
_PICKED = "option:"  # of the names of the form's boxes: the browser sends one field for each that is ticked


@dataclass(frozen=True, slots=True)
class Choice:
    """The options on one topic, as the engine ranks them. ``ph_open``: its title names a Ph status that is not known of the
    patient.
    """

    key: str
    title: str
    rows: tuple[Row, ...]
    ruled_out: tuple[RuledOut, ...]
    notes: tuple[Cited, ...]
    differences: tuple[Difference, ...]
    ph_open: bool = False


@dataclass(frozen=True, slots=True)
class Gaps:
    """Facts that recommendations wait for. ``further``: how many more facts are worth asking for."""

    needs: tuple[Need, ...]
    further: int


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``options.html``. A form names the options to be compared."""
    everything = case.engine.in_full(case.question, case.facts).advice if case.has_advice else ()
    advice = tuple(item for item in everything if isinstance(item, Advice))
    rows = Rows(case)
    choices = tuple(_choice(item, rows, case) for item in advice if isinstance(item, Options))
    picked = {name.removeprefix(_PICKED) for name in asked.form if name.startswith(_PICKED)}
    chosen = [(choice, row) for choice in choices for row in choice.rows if row.key in picked]
    region = case.facts.value(REGION)
    reached = {case.engine.content.topic_title(topic) for topic in _topics(advice)}
    return {
        "choices": choices,
        "beside": beside(case, advice),
        "chosen": tuple(chosen[:MOST_COMPARED]) if len(chosen) > 1 else (),
        "picked": frozenset(picked),
        "asked_to_compare": "compare" in asked.form,
        "too_many": len(chosen) > MOST_COMPARED,
        "gone": len(picked) - len(chosen),
        "most": MOST_COMPARED,
        "region": region if isinstance(region, str) else "",
        "gaps": _gaps(case, advice),
        "undiagnosed": any(isinstance(item, Notice) and item.key == UNDIAGNOSED for item in advice),
        "incomplete": any(isinstance(item, Notice) and item.key == INCOMPLETE for item in advice),
        "unread_types": tuple(part for item in advice if isinstance(item, Notice) for part in item.unread),
        "unreached": unreached(case, reached),
        "waiting": sum(v.outcome is Outcome.CANNOT_TELL and is_offer(v.rule) for v in case.answer.verdicts),
        "judged": sum(is_offer(verdict.rule) for verdict in case.answer.verdicts),
    }


def _choice(choice: Options, rows: Rows, case: Case) -> Choice:
    content = case.engine.content
    made = tuple(rows.row(choice, option) for option in choice.offered)
    said = [v.rule for option in (*choice.offered, *choice.ruled_out) for v in option.verdicts]
    ids = {rule.id for rule in (*said, *(verdict.rule for verdict in choice.notes))}
    return Choice(
        choice.topic.partition("/")[0],
        content.topic_title(choice.topic),
        made,
        tuple(rows.ruled_out(option) for option in choice.ruled_out),
        tuple(cited(verdict.rule, rows.words) for verdict in choice.notes),
        tuple(row for row in content.differences.values() if ids.intersection(row.rules)),
        "/ph-" in choice.topic and not case.facts["ph_status"].known,
    )


def _topics(advice: Iterable[Advice]) -> Iterable[str]:
    for item in advice:
        if isinstance(item, Options):
            for option in (*item.offered, *item.ruled_out):
                yield from (verdict.rule.topic for verdict in option.verdicts)


def _gaps(case: Case, advice: Iterable[Advice]) -> Gaps:
    """What recommendations wait for."""
    found = next((item for item in advice if isinstance(item, Missing)), None)
    if found is None:
        return Gaps((), 0)
    needs = tuple(needed(gap.fact.name, case.facts, case.engine) for gap in found.gaps if gap.blocks)
    return Gaps(needs, found.further)
