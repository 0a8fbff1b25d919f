"""Lines are grouped by patient without being held: what waits in memory and what a partition has is bounded."""

from __future__ import annotations

from pathlib import Path

from service.population.running.spill import Partitions, Spill, partition_of

PARTITIONS, PATIENTS, EACH = 16, 400, 50
RAW = b'{"resourceType":"Observation","valueString":"' + b"x" * 200 + b'"}'


def spilled(folder: Path, held: int) -> Partitions:
    for part in (0, 1):
        with Spill(folder, part, PARTITIONS, held) as spill:
            for number in range(EACH):
                for patient in range(PATIENTS):
                    spill.add(f"p{patient}", part, number, RAW)
            spill.finish()
    return Partitions(folder, (0, 1))


def test_every_line_comes_back_with_its_patient_in_order(tmp_path: Path) -> None:
    found = spilled(tmp_path, 64 * 1024)
    seen: dict[str, list[tuple[int, int]]] = {}
    for partition in range(PARTITIONS):
        for line in found.lines(partition):
            assert partition_of(line.patient, PARTITIONS) == partition
            assert line.raw == RAW
            seen.setdefault(line.patient, []).append((line.part, line.number))
    assert len(seen) == PATIENTS
    assert all(places == [(part, n) for part in (0, 1) for n in range(EACH)] for places in seen.values())


def test_partitions_are_even(tmp_path: Path) -> None:
    found = spilled(tmp_path, 1024 * 1024)
    sizes = [found.size(partition) for partition in range(PARTITIONS)]
    assert sum(sizes) == sum((tmp_path / f"part-{part:05d}.lines").stat().st_size for part in (0, 1))
    assert max(sizes) < 2 * sum(sizes) / PARTITIONS


def test_a_part_counts_only_when_it_is_finished(tmp_path: Path) -> None:
    with Spill(tmp_path, 0, PARTITIONS) as spill:
        spill.add("p", 0, 1, RAW)
    assert not list(tmp_path.glob("*.index.json"))


def test_no_more_waits_than_is_allowed(tmp_path: Path) -> None:
    """What is waiting is written as soon as it is too much: the file grows while lines are added."""
    file = tmp_path / "part-00000.lines"
    added = 0
    with Spill(tmp_path, 0, PARTITIONS, held=10_000) as spill:
        for number in range(2000):
            spill.add(f"p{number}", 0, number, RAW)
            added += len(RAW)
            assert added - file.stat().st_size < 10_000 + 64 * 1024, "waiting, and in the buffer of the file"
        spill.finish()


def test_ids_that_are_no_fhir_ids_do_no_harm(tmp_path: Path) -> None:
    with Spill(tmp_path, 0, 1) as spill:
        for patient in ("a\tb", "c\nd", "ä/1", '"'):
            spill.add(patient, 0, 1, RAW)
        spill.finish()
    assert [line.patient for line in Partitions(tmp_path, [0]).lines(0)] == ["a\tb", "c\nd", "ä/1", '"']
