"""``allcue feedback report``: what is counted, what the filters leave, and the page."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.store.database import Database
from service.store.feedback import FeedbackStore
from service.store.page import RuleText, page
from service.store.report import FEWEST, Asked, Tally, report
from service.store.traces import Traces
from tests.store.support import MOMENT, REASON, item, trace

NOW = int(MOMENT.timestamp())
DAY = 86400
RULE = "nccn-2015-allb-asp-pancreatitis-g3-4"
EVIL = ("urn:<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')


@pytest.fixture
def filled(database: Database) -> Database:
    """In March six answered cards and one that is not, in April one, and one that was held back."""
    march = [trace(f"m{n}", rules=(RULE, "rule-b")) for n in range(7)]
    Traces(database).save(march, NOW)
    april = NOW + 31 * DAY
    sign = {"service": "allcue-order-sign", "hook": "order-sign", "content": "newer"}
    Traces(database).save([trace("a1", rules=("rule-c",), **sign)], april)
    Traces(database).save([trace("h1", rules=(RULE,), held_back=True)], NOW)
    store = FeedbackStore(database, now=lambda: NOW)
    told = [item(f"m{n}", "accepted") for n in range(2)]
    told += [item("m2", reason=REASON), item("m3", reason=REASON), item("m4"), item("m5", reason=EVIL)]
    store.record("allcue-patient-view", "ehr", [*told, item("unheard-of")])
    later = FeedbackStore(database, now=lambda: april)
    later.record("allcue-order-sign", "ehr", [item("a1", at=MOMENT + timedelta(days=31))])
    return database


def run(url: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["feedback", "report", *words], env={"ALLCUE_DATABASE_URL": url})


def numbers(tally: Tally) -> tuple[int, ...]:
    return tally.shown, tally.accepted, tally.overridden, tally.unanswered, tally.held_back


def test_what_is_counted(filled: Database) -> None:
    found = report(filled)
    assert numbers(found.total) == (8, 2, 5, 1, 1)
    assert {month: numbers(tally) for month, tally in found.months.items()} == {
        "2026-03": (7, 2, 4, 1, 1),
        "2026-04": (1, 0, 1, 0, 0),
    }
    assert {place: tally.shown for place, tally in found.places.items()} == {
        ("allcue-order-sign", "order-sign"): 1,
        ("allcue-patient-view", "patient-view"): 7,
    }
    assert found.total.reasons == {"|".join(REASON): 2, "": 2, "|".join(EVIL): 1}
    assert numbers(found.rules[RULE, "c0ffee"]) == (7, 2, 4, 1, 1)
    assert (found.entries, found.unknown) == (8, 1)


@pytest.mark.parametrize(
    ("asked", "shown", "held_back", "entries"),
    [
        (Asked(since=NOW + 1), 1, 0, 1),
        (Asked(until=NOW + 1), 7, 1, 7),
        (Asked(since=NOW + 1, until=NOW + 2), 0, 0, 0),
        (Asked(rule="rule-c"), 1, 0, None),
        (Asked(rule="rule-?"), 8, 0, None),
        (Asked(rule="nccn-*"), 7, 1, None),
        (Asked(rule="NCCN-*"), 0, 0, None),
        (Asked(service="order-sign"), 1, 0, 1),
        (Asked(service="allcue-patient-view"), 7, 1, 7),
        (Asked(service="patient-view", rule="rule-c"), 0, 0, None),
    ],
)
def test_filters(filled: Database, asked: Asked, shown: int, held_back: int, entries: int | None) -> None:
    found = report(filled, asked)
    assert (found.total.shown, found.total.held_back, found.entries) == (shown, held_back, entries)
    if asked.rule == "nccn-*":
        assert {rule for rule, _ in found.rules} == {RULE}
    for tallies in (found.places, found.months):
        assert sum(tally.shown for tally in tallies.values()) == shown


def test_the_last_word_counts_though_it_comes_after_the_time_asked_for(filled: Database) -> None:
    late = FeedbackStore(filled, now=lambda: NOW + 40 * DAY)
    late.record("allcue-patient-view", "ehr", [item("m6", "accepted", at=MOMENT + timedelta(days=40))])
    assert numbers(report(filled, Asked(until=NOW + 1)).total) == (7, 3, 4, 0, 1)


def test_no_percentage_of_few() -> None:
    few = Tally(shown=9, accepted=FEWEST - 1)
    assert few.accepted_percent is None
    few.add(("overridden", ""), held_back=False)
    assert few.accepted_percent == 80


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        (("--since", "2026-03-03"), {"rule-c"}),
        (("--until", "2026-03-02"), {RULE, "rule-b"}),
        (("--until", "2026-03-01"), set()),
        (("--service", "order-sign"), {"rule-c"}),
        (("--rule", "nccn-*"), {RULE}),
        (
            ("--since", "2026-03-02", "--until", "2026-03-02", "--rule", "rule-*", "--service", "patient-view"),
            {"rule-b"},
        ),
    ],
)
def test_filters_are_the_same_for_text_table_and_page(
    filled: Database, url: str, words: tuple[str, ...], rules: set[str], tmp_path: Path
) -> None:
    table = run(url, *words, "--csv")
    assert {row["rule"] for row in csv.DictReader(io.StringIO(table.output))} == rules
    text = run(url, *words).output
    assert {name for name in (RULE, "rule-b", "rule-c") if f"  {name} (" in text} == rules
    assert run(url, *words, "--html", str(tmp_path / "r.html")).exit_code == 0
    made = (tmp_path / "r.html").read_text()
    assert {name for name in (RULE, "rule-b", "rule-c") if f"<code>{name}</code>" in made} == rules


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--csv", "--html", "x.html"), "not both"),
        (("--since", "2026-03-03", "--until", "2026-03-02"), "--until is before --since"),
        (("--until", "yesterday"), "does not match the format"),
    ],
)
def test_wrong_words(url: str, words: tuple[str, ...], says: str) -> None:
    done = run(url, *words)
    assert done.exit_code == 2
    assert says in done.output


def test_a_file_that_cannot_be_written(filled: Database, url: str, tmp_path: Path) -> None:
    done = run(url, "--html", str(tmp_path / "no" / "folder" / "r.html"))
    assert (done.exit_code, "cannot be written" in done.output) == (1, True)


class Seen(HTMLParser):
    """What is on a page: tags with attributes, and text outside style."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def made(filled: Database) -> str:
    texts = {
        RULE: RuleText("No further asparaginase", "NCCN 2015", "ALL-B 3 of 4", "https://jnccn.org/", "Of any product")
    }
    return page(report(filled), texts, {"|".join(REASON): "Patient declines"}, datetime(2026, 5, 1, 12, tzinfo=UTC))


def test_the_page_tells_what_was_overridden_and_why(made: str) -> None:
    said = re.sub(r"\s+", " ", "".join(Seen(made).text))
    for words in (
        "No further asparaginase", "Of any product", "NCCN 2015, ALL-B 3 of 4", f"{RULE} in content c0ffee",
        "Patient declines (2)", "none given", "Not in the content of today.", "2026-03", "allcue-order-sign order-sign",
        "feedback on unknown cards, of 8 entries", "times held back", "33% of 6", "0 of 1", "2026-05-01 12:00 UTC",
    ):  # fmt: skip
        assert words in said, words


def test_the_page_is_whole_and_brings_nothing_from_outside(made: str) -> None:
    seen = Seen(made)
    assert seen.open == []
    assert not seen.of("script")
    assert not seen.of("img")
    assert not seen.of("link")
    loaded = [
        value for _, attributes in seen.tags for name, value in attributes.items() if name in ("src", "srcset", "data")
    ]
    assert loaded == []
    assert not re.search(r"@import|url\(", made)
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)" in made
    assert {link["href"] for link in seen.of("a")} == {"#rules", "https://jnccn.org/"}


def test_the_page_can_be_read_without_seeing_it(made: str) -> None:
    seen = Seen(made)
    assert seen.of("html")[0]["lang"] == "en"
    assert len(seen.of("title")) == len(seen.of("main")) == len(seen.of("h1")) == 1
    tables = seen.of("table")
    assert len(tables) == len(seen.of("caption")) == 4
    assert all(cell.get("scope") in ("col", "row") for cell in seen.of("th"))
    pictures = [svg for svg in seen.of("svg") if "width" in svg]
    assert pictures
    assert all(svg["aria-hidden"] == "true" for svg in pictures), "the numbers stand beside them as text"
    skip = seen.of("a")[0]["href"]
    assert skip == "#rules"
    assert [one for one in seen.of("h2") if one["id"] == "rules"]
    for media in ("prefers-color-scheme: dark", "@media print", "max-width: 760px", ":focus-visible"):
        assert media in made


def test_widths_of_bars(made: str) -> None:
    widths = [float(str(rect["width"]).rstrip("%")) for rect in Seen(made).of("rect") if "%" in str(rect["width"])]
    assert widths
    assert all(0 <= width <= 100 for width in widths)


def test_a_page_of_nothing(database: Database) -> None:
    empty: dict[str, Any] = {}
    said = page(report(database), empty, empty, MOMENT)
    assert Seen(said).open == []
    assert "No cards were shown." in said
    assert "No card was overridden." in said
