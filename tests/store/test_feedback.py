"""Feedback is kept for good, in sequence, once; a justified override silences, and no longer than it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from sqlalchemy import func, select

from service.hooks.ports import FeedbackItem
from service.store.database import Database, StoreUnavailable
from service.store.feedback import FeedbackStore, Quiet, Suppressions
from service.store.tables import FEEDBACK
from service.store.traces import Traces, purge
from tests.store.support import MOMENT, REASON, item, trace

ROOT = Path(__file__).resolve().parents[2]
DAY = 86400
NOW = int(MOMENT.timestamp())


def entries(database: Database) -> list[dict[str, Any]]:
    with database.reading() as connection:
        rows = connection.execute(select(FEEDBACK).order_by(FEEDBACK.c.sequence)).mappings()
        return [dict(row) for row in rows]


def test_all_is_kept_in_sequence(database: Database) -> None:
    store = FeedbackStore(database, keep_comments=True, now=lambda: NOW)
    told = [
        item("card-2", "accepted", suggestions=("s1", "s2")),
        item("card-1", reason=REASON, comment="Wants to go home. ü €"),
        item("card-1", "accepted", at=MOMENT + timedelta(minutes=1)),
    ]
    saved = store.record("view", "ehr", told)
    assert (saved.new, saved.unknown) == (3, 3)
    rows = entries(database)
    assert [(row["card"], row["outcome"]) for row in rows] == [
        ("card-2", "accepted"),
        ("card-1", "overridden"),
        ("card-1", "accepted"),
    ]
    assert json.loads(rows[0]["suggestions"]) == ["s1", "s2"]
    assert (rows[1]["reason_system"], rows[1]["reason_code"]) == REASON
    assert rows[1]["comment"] == "Wants to go home. ü €"
    assert rows[1]["at"] == "2026-03-02T09:30:00.000000+00:00"
    assert rows[1]["received"] == NOW
    assert not any(row["known"] for row in rows)


def test_the_same_again_is_not_saved_again(database: Database) -> None:
    store = FeedbackStore(database)
    first = [item("a"), item("b")]
    assert store.record("view", "ehr", first).new == 2
    assert store.record("view", "ehr", [*first, item("c"), item("c")]).new == 1
    assert [row["card"] for row in entries(database)] == ["a", "b", "c"]
    differing = [
        item("a", "accepted"), item("a", at=MOMENT + timedelta(seconds=1)), item("a", reason=REASON),
        item("a", comment="x"), item("a", "accepted", suggestions=("s",)),
    ]  # fmt: skip
    assert store.record("view", "ehr", differing).new == len(differing)
    assert store.record("view", "another", [item("a")]).new == 1
    assert store.record("sign", "ehr", [item("a")]).new == 1


def test_repeated_at_once_it_is_saved_once(database: Database) -> None:
    patient = Database(database.url.render_as_string(False), wait=20)
    store = FeedbackStore(patient)
    with ThreadPoolExecutor(6) as pool:
        saved = list(pool.map(lambda _: store.record("view", "ehr", [item("a"), item("b")]).new, range(12)))
    patient.close()
    assert sum(saved) == 2


_TOLD = """
import sys
from service.store.database import Database
from service.store.feedback import FeedbackStore
from tests.store.support import item
store = FeedbackStore(Database(sys.argv[1], wait=30))
print("ready", flush=True)
sys.stdin.readline()
print(sum(store.record("view", "ehr", [item(f"card-{n}"), item(f"card-{n}", "accepted")]).new for n in range(25)))
"""


def test_of_processes_at_once_each_entry_is_saved_once(database: Database, url: str) -> None:
    """Eight processes tell the same 50 entries at once, as a client does that repeats what it got no answer to."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = [sys.executable, "-c", _TOLD, url]
    told = [
        subprocess.Popen(start, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
        for _ in range(8)
    ]
    for process in told:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in told:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate() for process in told]
    assert all(process.returncode == 0 for process in told), outputs
    assert sum(int(output) for output, _ in outputs) == 50
    rows = entries(database)
    assert len({(row["card"], row["outcome"]) for row in rows}) == len(rows) == 50
    for card in {row["card"] for row in rows}:
        assert [row["outcome"] for row in rows if row["card"] == card] == ["overridden", "accepted"], "in sequence"


def test_words_of_clinicians_are_kept_only_where_the_site_says_so(database: Database) -> None:
    FeedbackStore(database).record("view", "ehr", [item(comment="Mrs Doe declines")])
    (row,) = entries(database)
    assert row["comment"] is None
    assert row["commented"]
    FeedbackStore(database).record("view", "ehr", [item(comment="Mr Roe declines")])
    assert entries(database) == [row], "nor a hash of them, which would tell one word from another"


def test_all_or_nothing(database: Database) -> None:
    broken = FeedbackItem("b", None, MOMENT)  # type: ignore[arg-type] # the tables refuse it
    with pytest.raises(StoreUnavailable):
        FeedbackStore(database).record("view", "ehr", [item("a"), broken])
    assert entries(database) == []


_KILLED = """
import os, signal, sys
from service.store.database import Database
from service.store.feedback import FeedbackStore
from tests.store.support import item
store = FeedbackStore(Database(sys.argv[1]))
for number in range(20):
    store.record("view", "ehr", [item(f"card-{number}")])
print("acknowledged", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_acknowledged_survives_the_process(database: Database, url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, url], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (-9, "acknowledged"), done.stderr
    assert len(entries(database)) == 20


def silenced(database: Database, now: float = NOW) -> dict[str, str]:
    return dict(Suppressions(database, lambda: now).of("ehr", "p" * 64))


def quiet_store(database: Database, **shown: Any) -> FeedbackStore:
    Traces(database).save([trace(**shown)], NOW)
    return FeedbackStore(database, Quiet(frozenset({REASON}), 7), now=lambda: NOW)


def test_a_justified_override_silences_for_some_time(database: Database) -> None:
    saved = quiet_store(database).record("view", "ehr", [item(reason=REASON)])
    assert saved.unknown == 0
    assert entries(database)[0]["known"]
    assert silenced(database) == {"a" * 64: "b" * 64}
    assert silenced(database, NOW + 7 * DAY - 1)
    assert not silenced(database, NOW + 7 * DAY)
    assert not dict(Suppressions(database, lambda: NOW).of("ehr", "another"))
    assert not dict(Suppressions(database, lambda: NOW).of("another", "p" * 64))


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({"indicator": "critical"}, {"reason": REASON}),
        ({"patient": None}, {"reason": REASON}),
        ({"basis": None}, {"reason": REASON}),
        ({"client": "another"}, {"reason": REASON}),
        ({"card": "another"}, {"reason": REASON}),
        ({}, {"reason": (REASON[0], "recipient-disagrees-evidence")}),
        ({}, {"reason": ("urn:other", REASON[1])}),
        ({}, {"comment": "patient refuses"}),
        ({}, {"outcome": "accepted", "reason": REASON}),
    ],
    ids=["critical", "no patient", "not to be silenced", "client", "card", "reason", "system", "words", "accepted"],
)
def test_nothing_else_silences(database: Database, shown: dict[str, Any], told: dict[str, Any]) -> None:
    quiet_store(database, **shown).record("view", "ehr", [item(**told)])
    assert silenced(database) == {}


def test_accepted_after_all_speaks_again_whatever_arrives_first(database: Database) -> None:
    store = quiet_store(database)
    override = item(reason=REASON)
    accepted = item(outcome="accepted", at=MOMENT + timedelta(minutes=1))
    store.record("view", "ehr", [override])
    assert silenced(database)
    store.record("view", "ehr", [accepted])
    assert not silenced(database)
    store.record("view", "ehr", [override])
    assert not silenced(database), "a repetition is no new override"
    store.record("view", "ehr", [item(reason=REASON, at=MOMENT + timedelta(seconds=1))])
    assert not silenced(database), "an older one that arrives late"


def test_days_of_zero_silence_nothing(database: Database) -> None:
    quiet_store(database)
    FeedbackStore(database, Quiet(frozenset({REASON}), 0), now=lambda: NOW).record("view", "ehr", [item(reason=REASON)])
    assert silenced(database) == {}


def test_a_card_of_two_patients_belongs_to_neither(database: Database) -> None:
    store = quiet_store(database)
    Traces(database).save([trace(patient="q" * 64)], NOW)
    store.record("view", "ehr", [item(reason=REASON)])
    assert silenced(database) == {}
    assert Traces(database).of("card-1")[0].patient is None


def test_purge_takes_the_words_of_clinicians_and_leaves_their_feedback(database: Database) -> None:
    for number, day in enumerate((0, 5)):
        store = FeedbackStore(database, keep_comments=True, now=lambda day=day: NOW + day * DAY)  # type: ignore[misc]
        store.record("view", "ehr", [item(f"card-{number}", comment="Mrs Doe declines")])
    assert purge(database, NOW + 10 * DAY, keep_days=7)["comments"] == 1
    assert [(row["comment"], row["commented"]) for row in entries(database)] == [
        (None, True), ("Mrs Doe declines", True),
    ]  # fmt: skip


def test_purge_takes_what_is_too_old_and_no_feedback(database: Database) -> None:
    store = quiet_store(database)
    Traces(database).save([trace("young")], NOW + 5 * DAY)
    store.record("view", "ehr", [item(reason=REASON)])
    gone = purge(database, NOW + 10 * DAY, keep_days=7)
    assert gone == {"traces": 1, "suppressions": 1, "used_tokens": 0, "comments": 0}
    assert Traces(database).of("card-1") == ()
    assert len(Traces(database).of("young")) == 1
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(FEEDBACK)).scalar() == 1
