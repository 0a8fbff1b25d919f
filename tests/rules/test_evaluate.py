"""Three-valued evaluation: the reference interpreter by cases, the compiled one against it, and what both promise."""

from __future__ import annotations

from datetime import date
from typing import Any as Raw

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.given import unknown_stated
from service.facts.model import Facts, Interval, Registry, TokenSet, Value, known
from service.rules.compile import Evaluator
from service.rules.interpret import find, judge, trace
from service.rules.logic import all_of, any_of, negate
from service.rules.rule import Advise, Rule, SourceRef
from service.rules.verdict import Outcome
from service.rules.witness import Stated
from tests.rules.support import drugs, tree


def make(when: list[Raw], unless: list[Raw]) -> Rule:
    return Rule(
        id="r", title="r", status="active", topic="t", hooks=("patient-view",), source=SourceRef("s", "p. 1"),
        when=tree({"all": when}), unless=tree({"any": unless}), advise=Advise("therapy", "offer", "x"),
    )  # fmt: skip


NAME = {"if_unknown": "name", "because": "the source does not ask for it"}


@pytest.mark.parametrize(
    ("when", "unless", "patient", "outcome", "named"),
    [
        (["lineage is B"], ["transplanted is true"], {}, "cannot_tell", ("lineage", "transplanted")),
        (["lineage is B"], ["transplanted is true"], {"lineage": "T"}, "does_not_apply", ()),
        (["lineage is B"], ["transplanted is true"], {"transplanted": True}, "does_not_apply", ()),
        (["lineage is B"], ["transplanted is true"], {"lineage": "B"}, "cannot_tell", ("transplanted",)),
        (["lineage is B"], ["transplanted is true"], {"lineage": "B", "transplanted": False}, "applies", ()),
        (
            ["lineage is B"],
            [{"criterion": "transplanted is true", **NAME}],
            {"lineage": "B"},
            "applies",
            ("transplanted",),
        ),
        (["lineage is B"], [{"criterion": "transplanted is true", **NAME}], {}, "cannot_tell", ("lineage",)),
        ([{"criterion": "lineage is B", **NAME}, "age < 5"], ["age > 90"], {"age": 1.0}, "applies", ("lineage",)),
        (  # a branch settled by a known fact forgets the unknown one
            [{"any": ["lineage is B", "age < 5"]}],
            ["age > 90"],
            {"age": 1.0},
            "applies",
            (),
        ),
        (  # an exclusion of two parts, one of them ruled out
            ["lineage is B"],
            [{"all": ["transplanted is true", "age > 60"]}],
            {"lineage": "B", "age": 30.0},
            "applies",
            (),
        ),
        (  # a named group goes on without both its facts
            ["lineage is B"],
            [{"all": ["transplanted is true", "age > 60"], **NAME}],
            {"lineage": "B"},
            "applies",
            ("age", "transplanted"),
        ),
        (  # a number known only within bounds is missing where the bounds do not settle it
            ["age >= 18"],
            ["transplanted is true"],
            {"age": Interval(17, 19), "transplanted": False},
            "cannot_tell",
            ("age",),
        ),
        (  # a choice that a named line already opens does not wait for the other
            [{"any": [{"criterion": "lineage is B", **NAME}, "age < 5"]}],
            ["fraction > 0.5"],
            {"fraction": 0.1},
            "applies",
            ("lineage",),
        ),
    ],
)
def test_verdict(
    when: list[Raw], unless: list[Raw], patient: dict[str, Value], outcome: str, named: tuple[str, ...]
) -> None:
    rule = make(when, unless)
    for verdict in (judge(rule, Stated(patient)), *Evaluator([rule]).verdicts([rule], Stated(patient))):
        assert verdict.outcome == outcome
        assert (verdict.missing or verdict.unchecked) == named


def test_trace_shows_every_line_with_what_it_saw() -> None:
    rule = make(["lineage is B", {"any": ["age < 5", "age > 60"]}], [{"criterion": "transplanted is true", **NAME}])
    found = trace(rule, Stated({"lineage": "B", "age": 70.0}))
    assert found.verdict.outcome is Outcome.APPLIES
    lines = [(n.said, n.truth) for n in found.when.children]
    assert lines == [("lineage is B", True), ("any of", True)]
    assert [(n.said, n.truth) for n in found.when.children[1].children] == [("age < 5", False), ("age > 60", True)]
    (left,) = found.unless.children
    assert (left.truth, left.assumed, left.because) == (False, True, NAME["because"])
    assert left.fact is not None
    assert not left.fact.known


LINES = [
    "lineage is B", "lineage is not T", "age >= 18", "age < 26", "fraction < 0.0001", "transplanted is true",
    "drugs includes dasatinib", "drugs includes none of mesna, imatinib", "drugs is empty", "lineage is known",
]  # fmt: skip
leaf = st.sampled_from(LINES).flatmap(
    lambda line: st.sampled_from([line, {"criterion": line}, {"criterion": line, **NAME}])
)
node = st.recursive(
    leaf,
    lambda inner: st.tuples(
        st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3), st.sampled_from([{}, NAME])
    ).map(lambda t: {t[0]: t[1], **t[2]}),
    max_leaves=6,
)
VALUES: dict[str, list[Value]] = {
    "lineage": ["B", "T", "mixed"],
    "age": [17.5, 18.0, 25.0, 26.0, 40.0],
    "fraction": [0.0, 0.0001, 0.2],
    "transplanted": [True, False],
    "drugs": [drugs(), drugs("dasatinib", "TKI"), drugs("mesna"), drugs("dasatinib", "mesna", "TKI")],
}
full_patient = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


@st.composite
def vaguer(draw: st.DrawFn, patient: dict[str, Value]) -> dict[str, Value]:
    """The same patient with some facts forgotten, or known less exactly."""
    out: dict[str, Value] = {}
    for name, value in patient.items():
        match draw(st.sampled_from(["keep", "forget", "blur"])):
            case "keep":
                out[name] = value
            case "blur" if isinstance(value, TokenSet):
                kept = draw(st.sets(st.sampled_from(sorted(value.members)))) if value.members else set()
                out[name] = TokenSet(frozenset(kept), complete=False)
            case "blur" if isinstance(value, float):
                out[name] = Interval(
                    value - draw(st.sampled_from([0, 0.00005, 3])), value + draw(st.sampled_from([0, 3]))
                )
            case _:
                pass
    return out


@given(st.lists(node, min_size=1, max_size=3), st.lists(node, min_size=1, max_size=3), full_patient, st.data())
def test_compiled_agrees_with_the_interpreter(
    when: list[Raw], unless: list[Raw], patient: dict[str, Value], data: st.DataObject
) -> None:
    rule, facts = make(when, unless), Stated(data.draw(vaguer(patient)))
    (verdict,) = Evaluator([rule]).verdicts([rule], facts)
    assert verdict == judge(rule, facts)


@given(st.lists(node, min_size=1, max_size=3), st.lists(node, min_size=1, max_size=3), full_patient, st.data())
def test_filling_in_an_unknown_never_flips_a_settled_verdict(
    when: list[Raw], unless: list[Raw], patient: dict[str, Value], data: st.DataObject
) -> None:
    """DOES_NOT_APPLY stays; APPLIES stays unless a fact it named as unchecked speaks against it."""
    rule = make(when, unless)
    vague = data.draw(vaguer(patient))
    before, after = judge(rule, Stated(vague)), judge(rule, Stated(patient))
    if before.outcome is Outcome.DOES_NOT_APPLY or (before.outcome is Outcome.APPLIES and not before.unchecked):
        assert after.outcome is before.outcome
    if before.outcome is Outcome.APPLIES and before.unchecked:
        known = {k: v for k, v in patient.items() if k not in before.unchecked}
        still = judge(rule, Stated(known | {k: vague[k] for k in before.unchecked if k in vague}))
        assert still.outcome is Outcome.APPLIES
    if before.outcome is Outcome.CANNOT_TELL:
        assert before.missing


@given(st.lists(st.sampled_from([True, False, None])))
def test_kleene_laws(values: list[bool | None]) -> None:
    assert negate(all_of(values)) is any_of(negate(v) for v in values)  # De Morgan
    for settled in ([v if v is not None else w for v in values] for w in (True, False)):
        if all_of(values) is not None:
            assert all_of(settled) is all_of(values)


@given(node, node, full_patient, full_patient)
def test_what_was_worked_out_before_an_assumption_is_taken_over_only_where_it_still_holds(
    when: Raw, unless: Raw, patient: dict[str, Value], assumed: dict[str, Value]
) -> None:
    rule = make([when], [unless])
    evaluator = Evaluator([rule])
    before = Facts(date(2026, 1, 1), Registry((), unknown_stated), stated={n: known(n, v) for n, v in patient.items()})
    assert evaluator.verdicts([rule], before) == [judge(rule, before)]
    changed = [known(name, value) for name, value in assumed.items() if name in ("age", "drugs")]
    for facts in (before.assuming(*changed), before.assuming(changed[0]).assuming(changed[1]), before):
        assert evaluator.verdicts([rule], facts) == [judge(rule, facts)]
        for tree_, go_on_as in ((rule.when, True), (rule.unless, False)):
            assert evaluator.find(tree_, facts, go_on_as) == find(tree_, facts, go_on_as)
