"""Every migration goes both ways with data in the tables, on both databases; whatever revisions will come."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, create_engine, inspect, text

from service.cli import main
from service.kept import open_store
from service.settings import Settings
from service.store import rollback
from service.store.database import Database, StoreUnavailable
from service.store.migrations.releases import REVISIONS
from service.store.rollback import BASE, CannotGoBack, downgrade, plan, revision_of, tables_at
from service.store.schema import differences, migrating, revisions, run, state, upgrade
from tests.store.filled import ROWS, fill, rows_of, shape_of, within

NUMBERS = [script.revision for script in revisions()]
STEPS = list(zip([BASE, *NUMBERS], NUMBERS, strict=False))  # from, to


def at(database: Database, revision: str) -> None:
    """Tables of a revision, in an empty database."""
    with migrating(database) as connection:
        run(connection, revision)


def test_migrations_follow_each_other() -> None:
    """One first, one newest, each after the one before: named by number."""
    assert [script.down_revision for script in revisions()] == [None, *NUMBERS[:-1]]
    assert [f"{number:04}" for number in range(1, len(NUMBERS) + 1)] == NUMBERS
    assert all(Path(script.path).name.startswith(f"v{script.revision}_") for script in revisions())


def test_each_way_back_says_what_it_takes() -> None:
    for script in revisions():
        for step in (script.module.upgrade, script.module.downgrade):
            assert (step.__doc__ or "").strip(), f"{script.path}: {step.__name__} needs a sentence: operators read it"


def test_released_versions_name_revisions_that_are_there() -> None:
    assert set(REVISIONS.values()) <= set(NUMBERS)
    assert list(REVISIONS.values()) == sorted(REVISIONS.values())


@pytest.mark.parametrize(("older", "newer"), STEPS)
def test_there_and_back_with_data(empty: Database, older: str, newer: str) -> None:
    """What the older tables could hold is the same after the way back, and again after the way there."""
    at(empty, newer)
    with empty.transaction() as connection:
        fill(connection)
        full, wide = rows_of(connection), shape_of(connection)
    told = downgrade(empty, older)
    with empty.reading() as connection:
        kept, narrow = rows_of(connection), shape_of(connection)
    assert kept == within(full, narrow)
    gone = {(name, None) for name in wide.keys() - narrow.keys()}
    gone |= {(name, column) for name in wide.keys() & narrow.keys() for column in wide[name] - narrow[name]}
    assert {(loss.table, loss.column) for loss in told.losses} == gone, "what is lost is told before it is done"
    assert all(0 < loss.rows <= ROWS for loss in told.losses)
    assert len(told.steps) == 1
    at(empty, newer)
    with empty.reading() as connection:
        again = rows_of(connection)
        assert shape_of(connection) == wide
    assert within(again, narrow) == kept
    assert differences(empty) == [] or newer != NUMBERS[-1]


@pytest.mark.parametrize("older", [BASE, *NUMBERS])
def test_the_whole_way_back(empty: Database, older: str) -> None:
    """From the newest tables to those of any version, and up again; the tables are those that never were anything else."""
    upgrade(empty)
    with empty.transaction() as connection:
        fill(connection)
    downgrade(empty, older)
    with empty.reading() as connection:
        assert {name: set(columns) for name, columns in tables_at(older).items()} == shape_of(connection)
    upgrade(empty)
    assert differences(empty) == []


@pytest.mark.parametrize(("older", "newer"), STEPS[1:])
def test_migrations_only_add(empty: Database, older: str, newer: str) -> None:
    """So that the version before can go on with the newer tables: it does not know the new columns, so they take nothing
    for an answer, and those it knows are as they were."""
    at(empty, older)
    with empty.reading() as connection:
        before, seen = shape_of(connection), inspect(connection)
        kinds = {(name, c["name"]): (str(c["type"]), c["nullable"]) for name in before for c in seen.get_columns(name)}
    at(empty, newer)
    with empty.reading() as connection:
        seen = inspect(connection)
        for name, known in before.items():
            columns = {column["name"]: column for column in seen.get_columns(name)}
            assert known <= set(columns), f"{newer} takes away what {older} uses"
            for key, column in columns.items():
                if key in known:
                    assert (str(column["type"]), column["nullable"]) == kinds[name, key]
                else:
                    assert column["nullable"] or column["default"] is not None, f"{name}.{key}: {older} cannot fill it"


def run_cli(database: Database, *arguments: str, **environ: str) -> Result:
    url = database.url.render_as_string(hide_password=False)
    return CliRunner().invoke(main, ["db", *arguments], env={"ALLCUE_DATABASE_URL": url, **environ})


def test_without_yes_nothing_is_changed(database: Database) -> None:
    with database.transaction() as connection:
        fill(connection)
        before = rows_of(connection)
    result = run_cli(database, "downgrade", "0001")
    assert result.exit_code == 1
    assert f"would go from {NUMBERS[-1]} to 0001" in result.stdout
    assert f"would be lost: traces.decision, {ROWS} rows with a value" in result.stdout
    assert "would be lost: traces.held_back, 2 rows with a value" in result.stdout, "false is the default"
    assert "Nothing was changed" in result.stderr
    with database.reading() as connection:
        assert rows_of(connection) == before
    assert state(database).current == NUMBERS[-1]


def test_with_yes_it_is_done_and_can_be_repeated(database: Database) -> None:
    result = run_cli(database, "downgrade", "0001", "--yes")
    assert result.exit_code == 0, result.output
    assert "lost: traces.decision, 0 rows with a value" in result.stdout
    assert state(database).current == "0001"
    again = run_cli(database, "downgrade", "0001", "--yes")
    assert (again.exit_code, "at 0001 already" in again.stdout) == (0, True)
    checked = run_cli(database, "check")
    assert checked.exit_code == 1
    assert "allcue db upgrade" in checked.stderr


def test_back_to_what_a_release_knows(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback, "REVISIONS", {"0.1.0": "0001", "0.2.0": "0002"})
    assert run_cli(database, "downgrade", "--to-version", "0.1.0", "--yes").exit_code == 0
    assert state(database).current == "0001"
    unknown = run_cli(database, "downgrade", "--to-version", "0.3.0", "--yes")
    assert unknown.exit_code == 1
    assert "Releases: 0.1.0, 0.2.0" in unknown.stderr
    assert run_cli(database, "downgrade").exit_code == 2
    assert run_cli(database, "downgrade", "0001", "--to-version", "0.1.0").exit_code == 2


def test_no_way_back(database: Database) -> None:
    with pytest.raises(CannotGoBack, match=r"'9998' is no revision\. Revisions: base, 0001, 0002"):
        plan(database, "9998")
    downgrade(database, "0001")
    with pytest.raises(CannotGoBack, match="that is forward"):
        downgrade(database, "0002")
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CannotGoBack, match="which a newer version of Allcue made"):
        downgrade(database, "0001")
    with pytest.raises(CannotGoBack, match="no release"):
        revision_of("none")


def test_a_way_back_that_fails_changes_nothing(database: Database) -> None:
    with database.transaction() as connection:
        fill(connection)
        before = rows_of(connection)
        connection.execute(
            text("CREATE VIEW watching AS SELECT decision FROM traces")
        )  # which holds the column that goes last
    with pytest.raises(StoreUnavailable):
        downgrade(database, "0001")
    assert state(database).current == NUMBERS[-1]
    with database.reading() as connection:
        assert rows_of(connection) == before


@pytest.mark.postgresql
def test_services_that_still_run_are_told_of(postgres: object, database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite does not know who uses it")
    alone = plan(database, "0001").others
    other = Database(database.url.render_as_string(hide_password=False))
    with other.reading():
        assert plan(database, "0001").others == alone + 1
        result = run_cli(database, "downgrade", "0001")
    assert "a newer instance that still runs would fail" in result.stderr
    other.close()


def test_defaults_count_as_nothing_lost() -> None:
    """Of columns to come: with and without a default, of either kind."""
    tables = MetaData()
    table = Table(
        "t", tables, Column("id", Integer, primary_key=True), Column("word", String(9), server_default="none"),
        Column("number", Integer, nullable=False, server_default="7"), Column("flag", Boolean),
    )  # fmt: skip
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        tables.create_all(connection)
        connection.execute(text("INSERT INTO t (id) VALUES (1), (2)"))
        connection.execute(text("INSERT INTO t VALUES (3, NULL, 8, 1), (4, 'none', 7, NULL)"))
        counted = {c.name: rollback._rows(connection, "t", c.name) for c in table.columns if c.name != "id"}
        assert counted == {"word": 1, "number": 1, "flag": 1}
        assert rollback._rows(connection, "t", None) == 4
    engine.dispose()


@pytest.mark.parametrize("older", NUMBERS[:-1])
def test_a_file_with_older_tables_is_brought_forward_by_whoever_opens_it(tmp_path: Path, older: str) -> None:
    """A file is brought up to date when it is used; the newer version must not be started after the way back."""
    database = Database(f"sqlite:///{tmp_path / 'allcue.db'}")
    at(database, older)
    assert not state(database).usable
    database.close()
    kept = open_store(Settings(database_url=f"sqlite:///{tmp_path / 'allcue.db'}"))
    assert state(kept.database).usable
    kept.writer.close()
    kept.database.close()
