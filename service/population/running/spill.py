"""Lines parted by patient on disk: what is read in any order comes back one partition at a time, with flat memory.

Each part of the input is spilled into one file. Lines wait in memory, by partition, until they are `_HELD` bytes; then they are
appended as segments. The index beside the file tells where the segments of a partition lie.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_HELD = 24 * 1024 * 1024


class Spilled(NamedTuple):
    """A line with the patient it belongs to and where it stood: the number of its part, the line in that part."""

    patient: str
    part: int
    number: int
    raw: bytes


def partition_of(patient: str, partitions: int) -> int:
    """The partition of a patient; the same in every process and on every day."""
    return zlib.crc32(patient.encode()) % partitions


class Spill:
    """Writes one part of the input; a context. Nothing counts before `finish` was called: then the index stands beside it."""

    def __init__(self, folder: Path, part: int, partitions: int, held: int = _HELD):
        self._folder, self._part, self._partitions, self._most = folder, part, partitions, held
        self._waiting: dict[int, list[bytes]] = {}
        self._held = 0
        self._at = 0
        self._index: list[list[int]] = []  # partition, offset, length
        self._file = _lines_file(folder, part).open("wb")

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, patient: str, part: int, number: int, raw: bytes) -> None:
        """A line of a patient, and where it stood in the input."""
        # The raw JSON has no line end, and an id in JSON has no tab.
        head = f"{json.dumps(patient)}\t{part}\t{number}\t".encode()
        self._waiting.setdefault(partition_of(patient, self._partitions), []).append(head + raw + b"\n")
        self._held += len(head) + len(raw) + 1
        if self._held >= self._most:
            self._flush()

    def finish(self) -> None:
        """Make it count: all written, then the index put in place at once."""
        self._flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        write_whole(_index_file(self._folder, self._part), json.dumps(self._index))

    def _flush(self) -> None:
        for partition, lines in sorted(self._waiting.items()):
            data = b"".join(lines)
            self._file.write(data)
            self._index.append([partition, self._at, len(data)])
            self._at += len(data)
        self._waiting.clear()
        self._held = 0


class Partitions:
    """Reads what was spilled, partition by partition."""

    def __init__(self, folder: Path, parts: Iterable[int]):
        self._folder = folder
        self._segments: dict[int, list[tuple[int, int, int]]] = {}
        for part in parts:
            for partition, at, length in json.loads(_index_file(folder, part).read_text()):
                self._segments.setdefault(partition, []).append((part, at, length))

    def size(self, partition: int) -> int:
        """Bytes of a partition."""
        return sum(length for _, _, length in self._segments.get(partition, ()))

    def lines(self, partition: int) -> Iterator[Spilled]:
        """The lines of a partition in the order of the input."""
        for part, at, length in self._segments.get(partition, ()):
            with _lines_file(self._folder, part).open("rb") as stream:
                stream.seek(at)
                end = at + length
                while stream.tell() < end:
                    patient, of_part, number, raw = stream.readline().split(b"\t", 3)
                    yield Spilled(json.loads(patient), int(of_part), int(number), raw.rstrip(b"\n"))


def write_whole(path: Path, text: str) -> None:
    """A file that is there whole or not at all, also if the machine stops."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    put_in_place(beside, path)


def put_in_place(beside: Path, path: Path) -> None:
    """Give a file that is written its name, once it is on disk."""
    with beside.open("rb") as stream:
        os.fsync(stream.fileno())
    beside.replace(path)


def _lines_file(folder: Path, part: int) -> Path:
    return folder / f"part-{part:05d}.lines"


def _index_file(folder: Path, part: int) -> Path:
    return folder / f"part-{part:05d}.index.json"
