"""Which statements of a source are carried, by what, and what is wrong with the lists."""

from __future__ import annotations

from typing import Any

import pytest

from service.rules.coverage import coverage, uncovered
from service.rules.load import ContentProblems, load_content
from service.rules.rule import Content
from tests.rules.support import VOCABULARY, dump, files, rule

ROW = {"trial": "T", "figures": "x", "citation": "c", "at": "p. 1", "inventory": ["guide-4"]}


def made(lists: dict[str, Any], **more: Any) -> Content:
    found = files(
        rule(inventory=["guide-1", "guide-9"]),
        tables__evidence={"trial": ROW},
        not_implemented=[{"id": "guide-2", "reason": "evidence"}, {"id": "guide-1", "reason": "by mistake"}],
        **more,
    )
    return load_content(
        {**found, **{f"inventory/{name}.yaml": dump(kinds) for name, kinds in lists.items()}}, VOCABULARY
    )


def test_each_statement_with_what_carries_it() -> None:
    found = made({"guide-2025": {"treatment": ["guide-1", "guide-2", "guide-3"], "evidence": ["guide-4"]}})
    (listed,) = coverage(found).values()
    assert [(one.entry, one.kind, one.how) for one in listed] == [
        ("guide-1", "treatment", "rule"),
        ("guide-2", "treatment", "listed"),
        ("guide-3", "treatment", "missing"),
        ("guide-4", "evidence", "table"),
    ]
    assert listed[0].rules == ("offer-x",)
    assert listed[3].rows == ("trial",)
    assert list(uncovered(found)) == [
        "guide-1: is carried and yet listed in not_implemented.yaml.",
        "guide-3: no rule or table carries it and not_implemented.yaml does not list it.",
        "guide-9: no list in inventory/ has such an entry.",
    ]


@pytest.mark.parametrize(
    ("lists", "says"),
    [
        ({"guide-2024": {"treatment": ["a"]}}, "'guide-2024' is not a source. Did you mean 'guide-2025'?"),
        ({"guide-2025": {"treatment": ["a", "a"]}}, "treatment[1]: 'a' is listed twice."),
        ({"guide-2025": {"treatment": "a"}}, "treatment: is a list of ids by kind."),
        ({"guide-2025": ["a"]}, "is a list of ids by kind."),
    ],
)
def test_what_is_wrong_with_a_list_is_told(lists: dict[str, Any], says: str) -> None:
    with pytest.raises(ContentProblems) as caught:
        made(lists)
    assert says in str(caught.value)
