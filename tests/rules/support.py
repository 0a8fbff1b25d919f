"""A small vocabulary and content, so that the engine is tested apart from the clinical content."""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from service.facts.model import Interval, TokenSet, Value
from service.facts.vocabulary.base import Vocabulary, boolean, category, number, text, token_set
from service.rules.expression import Node, parse_expression
from service.rules.load import load_content
from service.rules.rule import Content

VOCABULARY = Vocabulary(
    (
        number("age", "age", unit="years", low=0, high=130),
        number("fraction", "fraction of cells", low=0, high=1),
        category("lineage", "lineage", "B", "T", "mixed"),
        boolean("transplanted", "prior transplant"),
        token_set("drugs", "drugs", "dasatinib", "imatinib", "mesna", "TKI", implies={"dasatinib": ("TKI",)}),
        number("toxicity", "grade", low=0, high=5, parameters=("pancreatitis", "thrombosis")),
        text("karyotype", "karyotype"),
    )
)
TABLES = {"against": {"dasatinib": ("imatinib", "mesna"), "empty": ()}}

SOURCE = {
    "id": "guide-2025", "title": "Guide", "edition": "2025", "date": "2025-06-27", "authors_or_body": "A body",
    "citation": "Guide 2025", "population": "adults", "region": "US", "licence_note": "facts only",
    "in_force_from": "2025-06-27", "aliases": ["guide"], "last_checked": "2026-01-01",
}  # fmt: skip
RULE = {
    "id": "offer-x", "title": "Offer dasatinib", "status": "active", "topic": "relapse/b",
    "hooks": ["patient-view"], "source": {"ref": "guide-2025", "at": "p. 1", "category": "1"},
    "when": {"all": ["lineage is B", "age >= 18"]},
    "unless": {"any": ["transplanted is true"]},
    "advise": {"kind": "therapy", "act": "offer", "subject": "dasatinib"},
    "examples": [
        {"name": "adult", "given": {"lineage": "B", "age": 18, "transplanted": False}, "expect": "applies"},
        {"name": "child", "given": {"lineage": "B", "age": 17, "transplanted": False}, "expect": "does_not_apply"},
        {"name": "open", "given": {"lineage": "B", "age": 18}, "expect": {"cannot_tell": ["transplanted"]}},
    ],
}  # fmt: skip
POLICY = {
    "active": ["guide-2025"], "region": "US", "limits": {"cards_on_chart_open": 5},
    "populations": {"adults": {"title": "adults", "when": "age >= 18"}},
    "editions": [{"topic": "relapse", "population": "adults", "sources": ["guide-2025"]}],
}  # fmt: skip


def dump(value: object) -> str:
    """YAML with plain dates, as people write it."""
    return re.sub(r"'(\d{4}-\d\d-\d\d)'", r"\1", yaml.safe_dump(value, sort_keys=False))


def files(*rules: Mapping[str, object], **more: object) -> dict[str, str]:
    """A content folder with the given rules (`RULE` if none) and further files, ``a__b`` meaning ``a/b``."""
    made = {
        "sources/guide-2025.yaml": dump(SOURCE),
        "policy.yaml": dump(POLICY),
        **{f"rules/guide-2025/{rule['id']}.yaml": dump(rule) for rule in rules or (RULE,)},
    }
    made.update({f"{name.replace('__', '/')}.yaml": dump(value) for name, value in more.items()})
    return made


def content(*rules: Mapping[str, object], **more: object) -> Content:
    return load_content(files(*rules, **more), VOCABULARY)


def rule(**changes: object) -> dict[str, object]:
    return {**RULE, **changes}


def tree(raw: object) -> Node:
    """An expression that must be readable."""
    problems: list[str] = []
    node = parse_expression(raw, "when", VOCABULARY, TABLES, lambda path, what: problems.append(f"{path}: {what}"))
    assert not problems, problems
    assert node is not None
    return node


def drugs(*names: str, complete: bool = True, excluded: tuple[str, ...] = ()) -> Value:
    return TokenSet(frozenset(names), complete, frozenset(excluded))


def below(limit: float) -> Value:
    return Interval(high=limit, high_open=True)
