"""A cohort on disk: one NDJSON file per resource type, a manifest as FHIR Bulk Data has it, and the report. Memory is flat."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import IO, Any

from service.population.synthesis.cohort import Plan, synthetic
from service.population.synthesis.report import Report
from service.population.synthesis.resources import TYPES

MANIFEST, REPORT, README = "manifest.json", "report.json", "README.md"
_ABOUT = """# A synthetic cohort

Every patient here is made up: {patients} patients, {with_all} of them with acute lymphoblastic leukemia, written by
`allcue population synthesize` with seed {seed} as of {as_of}. Every resource carries the tag HTEST (test health data).

Nothing here says anything about the epidemiology of leukemia beyond the frequencies that the named sources print;
`report.json` sets what was asked against what was obtained, and says which numbers are assumed.

- `<type>.ndjson`: FHIR R4, one resource per line. `manifest.json`: as the FHIR Bulk Data Access guide has it; the addresses
  in it are file names beside it.
- The same seed, day and numbers of patients make the same files; a patient does not depend on how many others are made.
"""


class NotEmpty(Exception):
    """The folder to write to holds files already."""


def write(
    plan: Plan,
    folder: Path,
    count: int,
    first: int = 1,
    *,
    zipped: bool = False,
    tick: Callable[[int], None] = lambda _: None,
) -> Report:
    """Write patients ``first`` to ``first + count - 1`` into a folder.

    Args:
        tick: told of each patient that is written.

    Raises:
        NotEmpty: the folder has files; nothing is written over.
        OSError: it cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotEmpty(f"{folder}: is not empty. Allowed: a new or an empty folder")
    report, lines = Report(), Counter[str]()
    suffix = ".ndjson.gz" if zipped else ".ndjson"
    with ExitStack() as stack:
        files = {kind: _opened(folder / f"{kind}{suffix}", stack) for kind in TYPES}
        for number in range(first, first + count):
            made = synthetic(plan, number)
            for resource in made.resources:
                kind = resource["resourceType"]
                files[kind].write(json.dumps(resource, separators=(",", ":"), ensure_ascii=False) + "\n")
                lines[kind] += 1
            report.add(made.truth)
            tick(number)
    _write_json(folder / MANIFEST, _manifest(plan.as_of, suffix, lines))
    _write_json(folder / REPORT, _report(plan, report, first))
    about = _ABOUT.format(patients=report.patients, with_all=report.with_all, seed=plan.seed, as_of=plan.as_of)
    (folder / README).write_text(about, "utf-8")
    return report


def _opened(path: Path, stack: ExitStack) -> IO[str]:
    if path.suffix != ".gz":
        return stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
    raw = stack.enter_context(path.open("wb"))
    # no name and no time inside, so that the same cohort makes the same bytes
    packed = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
    return stack.enter_context(io.TextIOWrapper(packed, "utf-8", newline="\n"))


def _manifest(as_of: date, suffix: str, lines: Counter[str]) -> dict[str, Any]:
    """https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status; types without a resource stay listed, as
    empty files, so that none of them is known to be none.
    """
    return {
        "transactionTime": f"{as_of.isoformat()}T00:00:00Z",
        "request": "allcue population synthesize",
        "requiresAccessToken": False,
        "output": [{"type": kind, "url": f"{kind}{suffix}", "count": lines[kind]} for kind in TYPES],
        "error": [],
        "extension": {"synthetic": "test data: every patient is made up"},
    }


def _report(plan: Plan, report: Report, first: int) -> dict[str, Any]:
    return {
        "seed": plan.seed,
        "as_of": plan.as_of.isoformat(),
        "from": first,
        "patients": report.patients,
        "with_all": report.with_all,
        "frequencies": list(report.rows()),
        "deviations": [{"year": year, "kind": kind, "n": n} for (year, kind), n in sorted(report.deviations.items())],
    }


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")


def table(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    """The report for a terminal: one line per frequency and group, assumptions marked."""
    yield f"{'frequency':44} {'group':7} {'asked':>7} {'obtained':>8}  {'95 % interval':15} {'n':>8}  source"
    for row in rows:
        if row["n"]:
            interval = f"{row['low']:.3f}-{row['high']:.3f}"
            source = row["source"] or "assumed"
            yield (
                f"{row['id']:44} {row['group']:7} {row['asked']:7.3f} {row['obtained']:8.3f}  {interval:15} {row['n']:8}  {source}"
            )
