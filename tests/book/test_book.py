"""The rule book: flows that leave nothing out, pictures that are SVG, and a site whose every link holds."""

from __future__ import annotations

import itertools
import logging
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from mkdocs.commands.build import build
from mkdocs.config import load_config

from service.advice.options import is_offer
from service.advice.words import Words
from service.book.flow import Step, exclusions, flow
from service.book.svg import draw
from service.cli import main
from service.content import read_content
from service.rules.criterion import Criterion
from service.rules.rule import Rule
from tests.rules.support import VOCABULARY, content, rule


def made(name: str, *when: object, unless: list[object] | None = None) -> dict[str, object]:
    return rule(id=name, title=f"Title <{name}>", when={"all": list(when)}, unless={"any": unless or ["age < 1"]})


FOUND = content(
    made("a", "lineage is B", "age >= 18", "age < 65"),
    made("b", "lineage is B", "age >= 65", unless=["age < 1", "transplanted is true"]),
    made("c", "lineage is T"),
    made("d", "lineage is B", "age >= 18", "age < 65", {"any": ["drugs includes mesna", "fraction >= 0.1"]}),
)
RULES = FOUND.rules
WORDS = Words(VOCABULARY, FOUND)


def say(criterion: Criterion) -> str:
    return WORDS.criterion(criterion)


def ways(step: Step, above: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """By rule, the conditions on its way."""
    here = above + step.conditions
    found = {rule.id: here for rule in step.rules}
    for inner in step.steps:
        found |= ways(inner, here)
    return found


def test_every_rule_ends_once_with_all_its_conditions_on_its_way() -> None:
    found = ways(flow(RULES, say))
    assert found == {
        "a": ("unless age: below 1 years", "lineage: B", "age: at least 18 years and below 65 years"),
        "b": ("unless age: below 1 years", "lineage: B", "age: at least 65 years"),
        "c": ("unless age: below 1 years", "lineage: T"),
        "d": (
            "unless age: below 1 years",
            "lineage: B",
            "age: at least 18 years and below 65 years",
            "(drugs: including mesna or fraction of cells: at least 0.1)",
        ),
    }
    assert exclusions(RULES[1], RULES, say) == ["prior transplant: yes"]


def test_what_all_rules_share_stands_once_in_front() -> None:
    only_b = [one for one in RULES if one.id != "c"]
    assert flow(only_b, say).conditions == ("lineage: B", "unless age: below 1 years")


def test_a_picture_is_well_formed_and_leads_to_each_rule() -> None:
    picture = draw(flow(RULES, say), "A & B", lambda one: f"x.html#{one.id}", lambda _: ["category 1"])
    root = ElementTree.fromstring(picture)
    space = {"s": "http://www.w3.org/2000/svg"}
    assert {a.attrib["href"] for a in root.findall(".//s:a", space)} == {f"x.html#{one.id}" for one in RULES}
    assert "Title <a>" in {text.text for text in root.findall(".//s:text", space)}
    tops = sorted(
        (float(r.attrib["x"]), float(r.attrib["y"]), float(r.attrib["height"]))
        for r in root.findall(".//s:rect", space)
    )
    for (x1, y1, h1), (x2, y2, _) in itertools.pairwise(tops):
        assert x1 != x2 or y1 + h1 <= y2, "boxes of a column overlap"


@cache
def _book(folder: Path) -> Path:
    done = CliRunner().invoke(main, ["content", "book", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _book(tmp_path_factory.mktemp("made") / "book")


def test_the_site_builds_without_a_warning_and_shows_every_rule(book: Path) -> None:
    warnings: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warnings.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("mkdocs").addHandler(handler)
    try:
        build(load_config(str(book / "mkdocs.yml")))
    finally:
        logging.getLogger("mkdocs").removeHandler(handler)
    assert not warnings
    text = "\n".join(page.read_text(encoding="utf-8") for page in (book / "site" / "sources").rglob("*.html"))
    missing = [one.id for one in read_content().rules if f'id="{one.id}"' not in text]
    assert not missing


def test_each_offer_shows_the_card_it_makes(book: Path) -> None:
    rules: tuple[Rule, ...] = read_content().rules
    offers = [one for one in rules if is_offer(one) and one.status == "active"]
    pages = {page: page.read_text(encoding="utf-8") for page in (book / "docs" / "sources").rglob("*.md")}
    without = []
    for one in offers:
        text = next(text for text in pages.values() if f"{{ #{one.id} }}" in text)
        part = text.partition(f"{{ #{one.id} }}")[2].partition("\n## ")[0]
        if "**The card**" not in part:
            without.append(one.id)
    assert not without


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    done = CliRunner().invoke(main, ["content", "book", str(tmp_path)])
    assert done.exit_code == 2
    assert "holds other files" in done.output
    assert (tmp_path / "mine.txt").read_text() == "x"
