"""``allcue db`` and ``allcue feedback``."""

from __future__ import annotations

import csv
import io

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from service.cli import main
from service.store.database import Database
from service.store.feedback import FeedbackStore
from service.store.traces import Traces
from tests.store.support import MOMENT, REASON, item, trace


def run(url: str, *words: str, **environment: str) -> Result:
    return CliRunner().invoke(main, words, env={"ALLCUE_DATABASE_URL": url, **environment})


def test_upgrade_and_check(empty: Database, url: str) -> None:
    first = run(url, "db", "check")
    assert first.exit_code == 1
    assert "allcue db upgrade" in first.output
    done = run(url, "db", "upgrade")
    assert (done.exit_code, "from empty to" in done.output) == (0, True)
    assert "already" in run(url, "db", "upgrade").output
    checked = run(url, "db", "check", ALLCUE_SITE_SECRET="s" * 40)
    assert checked.exit_code == 0
    assert "ALLCUE_SITE_SECRET: set" in checked.output
    assert "s" * 40 not in checked.output
    assert "allcue:allcue@" not in checked.output
    with empty.transaction() as connection:
        connection.execute(text("ALTER TABLE traces DROP COLUMN basis"))
    broken = run(url, "db", "check")
    assert (broken.exit_code, "basis" in broken.output) == (1, True)


@pytest.mark.parametrize("words", [("db", "purge"), ("feedback", "report")])
def test_before_the_tables_are_made_the_next_step_is_told(words: tuple[str, ...], empty: Database, url: str) -> None:
    done = run(url, *words)
    assert done.exit_code == 1
    assert "Run: allcue db upgrade" in done.output
    assert "allcue:allcue@" not in done.output


def test_purge(database: Database, url: str) -> None:
    Traces(database).save([trace()], 0)
    assert "1 traces" in run(url, "db", "purge").output
    assert Traces(database).of("card-1") == ()


def test_report(database: Database, url: str) -> None:
    now = int(MOMENT.timestamp())
    Traces(database).save([trace("a"), trace("b", rules=("=rule",)), trace("c", rules=("rule-c",))], now)
    FeedbackStore(database, now=lambda: now).record("view", "ehr", [item("a", reason=REASON), item("b", "accepted")])
    told = run(url, "feedback", "report")
    assert told.exit_code == 0
    assert "3 cards shown, 0 times held back; 2 entries of feedback, 0 on cards without a trace" in told.output
    assert "shown 1, accepted 0, overridden 1, unanswered 0, held back 0" in told.output
    rows = list(csv.DictReader(io.StringIO(run(url, "feedback", "report", "--csv").output)))
    assert {row["rule"]: (row["shown"], row["accepted"], row["overridden"], row["unanswered"]) for row in rows} == {
        "'=rule": ("1", "1", "0", "0"),  # no formula
        "rule-a": ("1", "0", "1", "0"),
        "rule-b": ("1", "0", "1", "0"),
        "rule-c": ("1", "0", "0", "1"),
    }
    assert "0 cards shown" in run(url, "feedback", "report", "--since", "2036-01-01").output


@pytest.mark.parametrize(
    "odd",
    [';=HYPERLINK("http://x")', "\t=1+1", "a\n=1+1", ",=1+1", '";@SUM(A1)', "+1", "-1", "@x", ";＝1+1", "x; -2"],
)  # fmt: skip
@pytest.mark.parametrize("parted", [",", ";", "\t"])
def test_a_reason_of_a_client_is_no_formula_however_cells_are_parted(
    odd: str, parted: str, database: Database, url: str
) -> None:
    """OWASP, "CSV Injection": neither as the beginning of a cell nor by opening one of its own."""
    now = int(MOMENT.timestamp())
    Traces(database).save([trace("a"), trace("b")], now)
    told = [item("a", reason=("", odd)), item("b", reason=(odd, "code"))]
    FeedbackStore(database, now=lambda: now).record("view", "ehr", told)
    table = run(url, "feedback", "report", "--csv").stdout
    assert "%" in table
    unquoted = [cell for line in table.splitlines() for cell in line.replace('"', "").split(parted)]
    read = [cell for row in csv.reader(io.StringIO(table), delimiter=parted) for cell in row]
    for cell in (*unquoted, *read):
        assert not cell.strip().startswith(("=", "+", "-", "@", "＝"))


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"ALLCUE_DATABASE_URL": "none"}, "no database"),
        ({"ALLCUE_DATABASE_URL": "postgresql://u:hidden@127.0.0.1:9/d"}, "did not do it"),
        ({"ALLCUE_DATABASE_URL": "mysql://u:hidden@h/d"}, "must begin with sqlite"),
        ({"ALLCUE_SITE_SECRET": "hidden"}, "at least 32 characters"),
        ({"ALLCUE_SUPPRESS_DAYS": "-1"}, "must be a whole number"),
    ],
)
def test_what_is_wrong_is_told_without_secrets(environment: dict[str, str], says: str, tmp_path: object) -> None:
    done = run(f"sqlite:///{tmp_path}/x.db", "db", "check", **environment)
    assert done.exit_code == 1
    assert says in done.output
    assert "hidden" not in done.output
