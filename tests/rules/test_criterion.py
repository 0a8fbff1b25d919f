"""The criterion language: what it reads, what it refuses, and what each line means for each kind of value."""

from __future__ import annotations

import pytest

from service.facts.model import Interval, Value
from service.rules.criterion import CriterionProblem, holds, parse_criterion
from tests.rules.support import TABLES, VOCABULARY, below, drugs


@pytest.mark.parametrize(
    ("line", "value", "expected"),
    [
        ("age < 26", 25.9, True),
        ("age < 26", 26.0, False),
        ("age <= 26", 26.0, True),
        ("age > 26", 26.0, False),
        ("age >= 26", 26.0, True),
        ("age = 36", 36.0, True),
        ("age = 36", 36.5, False),
        ("age < 26", None, None),
        ("age < 26", Interval(25, 26), None),
        ("age < 26", Interval(20, 25), True),
        ("age >= 26", Interval(26, 27), True),
        ("age > 26", Interval(26, 27), None),
        ("age <= 26", Interval(26, 27), None),
        ("age = 26", Interval(27, 28), False),
        ("fraction < 0.0001", below(0.0001), True),
        ("fraction >= 1e-4", below(0.0001), False),
        ("lineage is B", "B", True),
        ("lineage is b", "B", True),
        ("lineage is B", "T", False),
        ("lineage is not B", "T", True),
        ("lineage is not B", None, None),
        ("lineage is one of B, mixed", "mixed", True),
        ("lineage is none of B, mixed", "mixed", False),
        ("lineage is known", "T", True),
        ("lineage is known", None, None),
        ("transplanted is true", False, False),
        ("transplanted is no", False, True),
        ("transplanted is not true", False, True),
        ("drugs includes dasatinib", drugs("dasatinib"), True),
        ("drugs includes dasatinib", drugs("imatinib"), False),
        ("drugs includes dasatinib", drugs("imatinib", complete=False), None),
        ("drugs includes dasatinib", drugs("imatinib", complete=False, excluded=("dasatinib",)), False),
        ("drugs includes any of dasatinib, mesna", drugs("mesna", complete=False), True),
        ("drugs includes all of dasatinib, mesna", drugs("mesna", complete=False), None),
        ("drugs includes all of dasatinib, mesna", drugs("mesna"), False),
        ("drugs includes none of dasatinib, mesna", drugs("imatinib"), True),
        ("drugs includes none of dasatinib, mesna", drugs("imatinib", complete=False), None),
        ("drugs includes any of table(against, dasatinib)", drugs("mesna"), True),
        ("drugs is empty", drugs(), True),
        ("drugs is empty", drugs(complete=False), None),
        ("drugs is not empty", drugs("mesna", complete=False), True),
        ("toxicity(pancreatitis) >= 2", 2.0, True),
        ("karyotype is known", "46,XX[20]", True),
    ],
)
def test_meaning(line: str, value: Value | None, expected: bool | None) -> None:
    assert holds(parse_criterion(line, VOCABULARY, TABLES), value) is expected


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("age", "is not a criterion"),
        ("age above 5", "is not a criterion"),
        ("agee < 5", "Did you mean 'age'"),
        ("age is 5", "Allowed: '<', '<=', '>', '>=', '=', 'is known'"),
        ("age < five", "is not a number"),
        ("age < 200", "can never be met"),
        ("age < -1", "can never be met"),
        ("age <", "needs a value"),
        ("lineage < 3", "does not fit"),
        ("lineage is Bee", "Allowed"),
        ("lineage is", "needs a value"),
        ("lineage is B, T", "takes one value"),
        ("lineage is known now", "followed by nothing"),
        ("transplanted is maybe", "Allowed: true, false"),
        ("drugs is empty x", "followed by nothing"),
        ("drugs includes aspirine", "Allowed"),
        ("drugs includes any of table(nowhere, x)", "no table 'nowhere'"),
        ("drugs includes any of table(against, x)", "no row 'x'"),
        ("drugs includes any of table(against, empty)", "is empty"),
        ("toxicity >= 2", "needs a kind"),
        ("toxicity(hair) >= 2", "is not a kind"),
        ("age(x) >= 2", "takes no kind"),
        ("karyotype is 46", "does not fit"),
    ],
)
def test_refused_with_what_is_allowed(line: str, says: str) -> None:
    with pytest.raises(CriterionProblem, match=None) as caught:
        parse_criterion(line, VOCABULARY, TABLES)
    assert says in str(caught.value)


def test_the_line_is_kept_as_written() -> None:
    assert str(parse_criterion("  age   >=  18 ", VOCABULARY, TABLES)) == "age >= 18"
