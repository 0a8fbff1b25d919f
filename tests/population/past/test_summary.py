"""Counts, intervals and the page that shows them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser

import pytest

from service.population.asking import Asker, Asking
from service.population.past.judging import Judge
from service.population.past.plots import groups
from service.population.past.reasons import Reason, Reasons
from service.population.past.report import Asked, page
from service.population.past.rows import change
from service.population.past.summary import Changes, Summary, Tally, wilson
from service.population.past.verdicts import Concordance
from tests.population.past.course import Course, blinatumomab_for_mrd, bosutinib_2016, tisagenlecleucel_2016

UNTIL = date(2026, 6, 1)
C, D, T, N = Concordance.CONCORDANT, Concordance.DISCORDANT, Concordance.CANNOT_TELL, Concordance.NOT_JUDGED
COURSES = (blinatumomab_for_mrd(), bosutinib_2016(), tisagenlecleucel_2016())


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Asker(Asking()), ["nccn-2015"])


def summed(judge: Judge, *courses: Course) -> Summary:
    made, reasons = Summary(), Reasons(judge.content)
    for course in courses:
        found = judge.decisions(course.patient, UNTIL)
        made.patient(found)
        if found is not None:
            for one in judge.judged(course.patient, found, UNTIL):
                made.add(one, reasons)
    return made


@pytest.fixture(scope="module")
def found(judge: Judge) -> Summary:
    return summed(judge, *COURSES)


@pytest.fixture(scope="module")
def html(judge: Judge, found: Summary) -> str:
    return page(found, judge, Asked(("cohort <b>",), UNTIL, date(2026, 6, 2), "US"))


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 7), (7, 7), (3, 9), (499, 500)])
def test_an_interval_holds_its_share_and_stays_within_bounds(count: int, of: int) -> None:
    made = wilson(count, of)
    assert made is not None
    assert 0 <= made.low <= made.share <= made.high <= 1
    assert made.high - made.low > 0  # even of one of one something is left open


def test_intervals_as_published() -> None:
    """Newcombe, Stat Med 1998;17:857-872, table I, method 3 (score, without continuity correction)."""
    for count, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        made = wilson(count, of)
        assert made is not None
        assert (round(made.low, 4), round(made.high, 4)) == (low, high)


def test_what_cannot_be_told_is_not_part_of_the_share() -> None:
    tally = Tally(Counter({C: 3, D: 1, T: 6, N: 5}))
    assert (tally.total, tally.judged) == (15, 4)
    assert tally.concordance is not None
    assert tally.concordance.share == 0.75
    assert Tally(Counter({T: 4})).concordance is None


def test_every_group_counts_every_decision(found: Summary) -> None:
    total = found.total.total
    assert total > len(COURSES)
    for counts in (found.years, found.lines, found.kinds):
        assert sum(tally.total for tally in counts.values()) == total
    assert found.grounds.total() == total
    assert sum(tally.total for tally in found.named.values()) == total
    judged = sum(tally.judged for tally in found.sources.values())
    assert judged == found.total.judged


def test_parts_of_a_cohort_add_up(judge: Judge, found: Summary) -> None:
    made = Summary()
    for course in COURSES:
        made.merge(summed(judge, course))
    assert made == found


def test_a_change_is_named_by_what_the_other_edition_says() -> None:
    assert [change(D, C), change(C, D), change(C, C), change(N, C), change(D, T), change(C, N)] == [
        "would be listed", "would not be listed", "same", "would be listed", "cannot tell", "not judged",
    ]  # fmt: skip


class Tags(HTMLParser):
    """Elements with their attributes, and the ids that stand twice."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.found if "id" in attrs]


def test_the_page_is_one_file_without_scripts_and_loads_nothing(html: str) -> None:
    tags = Tags(html)
    kinds = {tag for tag, _ in tags.found}
    assert not kinds & {"script", "link", "img", "iframe", "object", "embed", "image"}
    loads = [attrs.get("src") or attrs.get("xlink:href") or "" for _, attrs in tags.found]
    assert all(value == "" or value.startswith("#") for value in loads)
    assert not re.findall(r"url\((?!#)|@import", html)
    assert all((attrs["href"] or "").startswith(("#", "https://")) for tag, attrs in tags.found if tag == "a")
    assert "cohort &lt;b&gt;" in html


def test_the_page_can_be_read_by_everybody(html: str) -> None:
    tags = Tags(html)
    ids = tags.ids()
    assert not [name for name, count in Counter(ids).items() if count > 1]
    used = re.findall(r'(?:url\(#|xlink:href="#)([^)"]+)', html)
    assert used
    assert set(used) <= set(ids)
    plots = [attrs for tag, attrs in tags.found if tag == "svg" and attrs.get("class") == "plot"]
    tables = [attrs for tag, attrs in tags.found if tag == "table"]
    assert len(plots) >= 4
    assert len(tables) > len(plots)  # a table beside each plot
    assert all(attrs["role"] == "img" and attrs["aria-labelledby"] in ids for attrs in plots)
    assert html.count("<caption>") == len(tables)
    assert [attrs["lang"] for tag, attrs in tags.found if tag == "html"] == ["en"]
    assert sum(tag == "h1" for tag, _ in tags.found) == 1
    assert not re.search(r"#0\d0\d0\d", html)  # what stands for the page's colours while a plot is drawn


def test_the_page_says_what_it_is_for_and_shows_reasons_with_pages(html: str, judge: Judge, found: Summary) -> None:
    assert "no judgement of clinicians" in html
    assert "never as a deviation" in html
    (reason, *_) = [r for r in found.reasons if r.rule == "nccn-2017-ph-neg-blinatumomab"]
    source = judge.content.sources[reason.source]
    assert source.short_label in html
    assert reason.rule in html
    assert "would be listed" in html
    assert str(judge.first_edition) in html


def test_what_a_later_edition_lists_is_told_apart_by_how_it_stood_on_its_day(judge: Judge) -> None:
    """A child's treatment of 2018, of which no edition spoke, is no deviation that later turned out to be right."""
    made = Summary()
    made.later["nccn-adult-2-2025"] = changes = Changes()
    changes.said.update({(str(D), str(C)): 3, (str(N), str(C)): 20, (str(T), str(C)): 1, (str(C), str(D)): 2})
    html = page(made, judge, Asked((), UNTIL, UNTIL, "US"))
    (row,) = re.findall(r"NCCN adult 2\.2025</th><td>2025-06-27</td>(.*?)</tr>", html)
    assert re.findall(r"<td>(\d+)</td>", row) == ["26", "24", "3", "2", "0", "0", "0"]


def test_what_was_left_out_is_told(judge: Judge) -> None:
    made = page(Summary(early=3, unclear=2), judge, Asked((), UNTIL, UNTIL, "US"))
    assert "3 courses of drugs were begun more than 30 days before the diagnosis" in made
    assert "2 entries name one drug by code and another in words" in made


def test_an_empty_cohort_makes_a_page_too(judge: Judge) -> None:
    made = page(Summary(), judge, Asked((), UNTIL, UNTIL, "US"))
    assert "No decision was discordant" in made


def test_a_plot_is_the_same_each_time_and_tells_groups_of_which_none_was_judged() -> None:
    rows = [("2019", Tally(Counter({C: 2, D: 1}))), ("2020", Tally(Counter({T: 4})))]
    made = groups("a", rows, "By <year>")
    assert made == groups("a", rows, "By <year>")
    assert "none judged" in made
    assert "By &lt;year&gt;" in made
    assert "var(--concordant)" in made
    assert made.count("<svg") == 1


def test_reasons_are_the_same_for_all_patients_they_hold_for(found: Summary) -> None:
    """No value of a patient is part of a reason, so that reasons can be counted and shown without naming anybody."""
    assert all(isinstance(reason, Reason) and "here:" not in reason.text for reason in found.reasons)
