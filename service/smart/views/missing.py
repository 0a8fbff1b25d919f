"""What is missing to decide and what answering it would change, and the form in which answers can be tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.advice.engine import Answer
from service.advice.model import Notice
from service.advice.options import is_offer
from service.rules.verdict import Outcome
from service.smart.case import Case
from service.smart.plain import plain_words
from service.smart.views import Asked
from service.smart.views.change_words import Group, grouped
from service.smart.views.difference import difference
from service.smart.views.fields import Field, any_fact, field_of
from service.smart.views.gaps import IN_FULL, Asking, Waiting, asking, missing_of
from service.smart.views.supposing import Supposed, Supposition, added_facts, may_be_supposed, supposition

LIVE = "live"  # the form field of a page that shows the answer in place: it has the gaps already
EXPLORE = "explore"  # the form field that names a gap of which the answers are to be worked out
# The judgements that stand first, since advice in ALL hangs on them nearly always.
USUAL = (
    "care_setting", "treatment_intent", "fit_for_intensive", "substantial_comorbidities", "ecog", "hct_candidate",
    "donor_available", "trial_available",
)  # fmt: skip
_GAP_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Section:
    """Fields of the form that stand together. ``name``: for the template; ``open``: whether they are to be seen at once."""

    name: str
    fields: tuple[Field, ...]
    open: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """The advice as it would be. ``waiting``: how many offers wait for data, in the record and as supposed."""

    supposed: tuple[Supposed, ...]
    groups: tuple[Group, ...]
    cards: tuple[Mapping[str, object], ...]
    waiting: tuple[int, int]


def build(case: Case, asked: Asked) -> Mapping[str, object]:
    """Values of ``missing.html``."""
    nothing: dict[str, object] = {
        "gaps": (), "tests": (), "notices": (), "sections": (), "any_fact": (), "result": None, "problems": 0, "tried": False,
        "fields": frozenset(), "explored": "",
    }  # fmt: skip
    if not case.has_advice:
        return nothing
    full = case.engine.in_full(case.question, case.facts)
    found = supposition(case, asked.form)
    explored = asked.form.get(EXPLORE, "")
    gaps = asking(case, full, asked.language, {explored}, 0 if LIVE in asked.form else IN_FULL)
    sections = _sections(case, gaps, asked.form, found)
    return {
        **nothing,
        "gaps": gaps,
        "tests": _tests(case, full),
        "notices": [advice.key for advice in full.advice if isinstance(advice, Notice) and advice.unread],
        "sections": sections,
        "fields": {field.fact for section in sections for field in section.fields},
        "any_fact": any_fact(case, asked.language),
        "result": _result(case, full, found, asked) if found.supposed else None,
        "problems": len(found.problems or {}),
        "tried": bool(asked.form) and not explored,
        "explored": explored,
    }


def _tests(case: Case, full: Answer) -> tuple[Waiting, ...]:
    missing, words = missing_of(full), plain_words(case.engine)
    return tuple(Waiting(v.rule.id, v.rule.title, words.source(v.rule)) for v in missing.tests) if missing else ()


def _sections(case: Case, gaps: Iterable[Asking], form: Mapping[str, str], found: Supposition) -> tuple[Section, ...]:
    """The form: usual judgements, what is missing, what was added, and all further judgements."""
    told: set[str] = set()

    def of(name: str, names: Iterable[str], *, is_open: bool = True, added: bool = False) -> Section:
        own = [one for one in dict.fromkeys(names) if one not in told]
        told.update(own)
        return Section(name, tuple(field_of(case, one, form, found, added) for one in own), is_open)

    vocabulary = case.engine.vocabulary
    missing = [gap.fact for gap in gaps if may_be_supposed(vocabulary.lookup(gap.fact))]
    judgements = [kind.name for kind in vocabulary if kind.judgement]
    waited_for = [name for name in judgements if name in missing]
    sections = (
        of("added", added_facts(case, form), added=True),
        of("usual", (*USUAL, *waited_for)),
        of("missing", missing[:_GAP_FIELDS]),
        of("judgements", judgements, is_open=any(one.fact.name in judgements for one in found.supposed)),
    )
    return tuple(section for section in sections if section.fields)


def _result(case: Case, full: Answer, found: Supposition, asked: Asked) -> Result:
    after_case = case.assuming(*found.facts)
    after = case.engine.in_full(after_case.question, after_case.facts)
    supposed = {fact.name for fact in found.facts}
    changes = difference(full, after, plain_words(case.engine), supposed)
    return Result(
        found.supposed, grouped(changes, asked.language), after_case.answer.cards, (_waiting(full), _waiting(after))
    )


def _waiting(answer: Answer) -> int:
    """How many offers cannot be settled."""
    return sum(v.outcome is Outcome.CANNOT_TELL and is_offer(v.rule) for v in answer.verdicts)
