"""The page on population runs names every column and every question."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.content import read_content
from service.population.definitions import read_definitions
from service.population.rows import TABLES, schema

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "population.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_explained_and_typed(table: str) -> None:
    for column in TABLES[table]:
        assert f"| `{column.name}` | {column.kind} | {column.means} |" in PAGE
    assert schema(table).names == [column.name for column in TABLES[table]]


def test_every_question_is_explained() -> None:
    for question in read_definitions(read_content()):
        assert f"| `{question.key}` |" in PAGE
