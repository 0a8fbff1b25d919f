"""Rows to Parquet: one file per table and partition, written in pieces, in place only when it is whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from service.population.rows import TABLES, Row, arrow, schema
from service.population.running.spill import put_in_place

_HELD = 20_000  # rows of a table in memory


class TableFiles:
    """The files of one partition. Memory is that of `_HELD` rows of each table.

    Raises:
        service.population.rows.NoPyarrow: pyarrow is not installed.
    """

    def __init__(self, output: Path, partition: int):
        arrow()
        import pyarrow.parquet as parquet

        self.counts: Counter[str] = Counter()
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        self._schemas = {table: schema(table) for table in TABLES}
        self._files = {table: output / f"{table}.parquet" / f"part-{partition:05d}.parquet" for table in TABLES}
        for file in self._files.values():
            file.parent.mkdir(parents=True, exist_ok=True)
        self._writers = {
            table: parquet.ParquetWriter(_beside(file), self._schemas[table], compression="zstd")
            for table, file in self._files.items()
        }

    def add(self, row: Row) -> None:
        """One row, after those before."""
        rows = self._rows[row.table]
        rows.append(row.values)
        self.counts[row.table] += 1
        if len(rows) >= _HELD:
            self._flush(row.table)

    def finish(self) -> None:
        """Put all files in place: on disk when this returns, since the journal says so next."""
        for table, writer in self._writers.items():
            self._flush(table)
            writer.close()
        for file in self._files.values():
            put_in_place(_beside(file), file)

    def _flush(self, table: str) -> None:
        rows = self._rows[table]
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [
                arrow().array(column, field.type) for column, field in zip(columns, self._schemas[table], strict=True)
            ]
            self._writers[table].write_table(arrow().Table.from_arrays(arrays, schema=self._schemas[table]))
            rows.clear()


def _beside(file: Path) -> Path:
    return file.with_name(f".{file.name}.part")  # readers of the folder pass over names that begin so
