"""This version works with the tables of a version to come, as while that one is rolled out, and after it was rolled back.

The tables to come are those of today with all that a migration may add: further columns, empty or with a default,
further tables, further indexes.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import text

from fhir_examples.request import day_of, request_of
from service.app import create_app
from service.cli import main
from service.kept import Kept, open_store
from service.settings import Settings
from service.store.database import Database
from service.store.schema import state
from service.store.tables import METADATA
from tests.store.filled import fill, rows_of
from tests.store.support import MOMENT
from tests.test_examples import bundle

PATIENT = "relapsed-ph-positive-t315i"
FUTURE = "9999"


@pytest.fixture
def newer(database: Database) -> Database:
    """The tables of a version to come."""
    with database.transaction() as connection:
        for table in METADATA.tables:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN later_note VARCHAR(40)"))
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN later_count BIGINT NOT NULL DEFAULT 7"))
            connection.execute(text(f"CREATE INDEX ix_{table}_later ON {table} (later_note)"))
        connection.execute(text("CREATE TABLE later_things (id INTEGER PRIMARY KEY, word VARCHAR(40) NOT NULL)"))
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{FUTURE}'"))
    return database


@pytest.fixture
def service(newer: Database, url: str) -> Iterator[tuple[FlaskClient, Kept]]:
    """The whole service over them, as it starts."""
    settings = Settings(
        open_mode=True,
        database_url=url,
        site_secret="not a secret: only for tests, 32+",
        as_of=day_of(PATIENT),
        rate_limit=0,  # what counts calls for all processes has connections of its own, for as long as the service lives
    )
    kept = open_store(settings)
    yield create_app(settings, kept=kept).test_client(), kept
    kept.writer.close()
    kept.database.close()


def run(url: str, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"ALLCUE_DATABASE_URL": url})


def ask(client: FlaskClient) -> list[dict[str, object]]:
    response = client.post("/cds-services/allcue-patient-view", json=request_of(bundle(PATIENT), PATIENT))
    assert response.status_code == 200, response.text
    cards: list[dict[str, object]] = response.json["cards"]
    return cards


def test_it_serves_keeps_and_tells(
    service: tuple[FlaskClient, Kept], newer: Database, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, kept = service
    with caplog.at_level(logging.WARNING):
        cards = ask(client)
        overridden = next(card for card in cards if card["indicator"] != "critical")
        assert kept.writer.flush(20)
        item = {
            "card": overridden["uuid"], "outcome": "overridden", "outcomeTimestamp": MOMENT.isoformat(),
            "overrideReason": {"reason": overridden["overrideReasons"][0]},
        }  # fmt: skip
        answer = client.post("/cds-services/allcue-patient-view/feedback", json={"feedback": [item]})
        assert answer.status_code == 200, answer.text
        assert client.get("/ready").json["store"] == "reachable"
    assert caplog.records == []
    with newer.reading() as connection:
        rows = rows_of(connection)
    assert {row["card"] for row in rows["traces"]} >= {card["uuid"] for card in cards}
    assert [row["card"] for row in rows["feedback"]] == [overridden["uuid"]]
    assert {(row["later_note"], row["later_count"]) for row in rows["traces"] + rows["feedback"]} == {(None, 7)}
    told = run(url, "explain", str(overridden["uuid"]), "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)[0]["feedback"]
    report = run(url, "feedback", "report")
    assert report.exit_code == 0
    assert f"{len(rows['traces'])} cards shown" in report.stdout


def test_token_ids_are_used_once(service: tuple[FlaskClient, Kept]) -> None:
    _, kept = service
    assert kept.replay.first_use("ehr", "one", MOMENT)
    assert not kept.replay.first_use("ehr", "one", MOMENT)


def test_what_the_newer_version_keeps_is_left_alone(newer: Database, url: str) -> None:
    """Reading its rows, and deleting what has run out, which every version does."""
    with newer.transaction() as connection:
        fill(connection)
    checked = run(url, "db", "check")
    assert checked.exit_code == 0, checked.output
    assert "A newer version of Allcue made the tables; this one can work with them." in checked.stdout
    assert run(url, "db", "upgrade").exit_code == 0
    assert state(newer).current == FUTURE
    with newer.reading() as connection:
        before = rows_of(connection)
    assert run(url, "db", "purge").exit_code == 0
    with newer.reading() as connection:
        after = rows_of(connection)
    assert after["later_things"] == before["later_things"]
    assert after["feedback"] == before["feedback"]
    assert "Only that version knows the way back" in run(url, "db", "downgrade", "0001", "--yes").stderr
