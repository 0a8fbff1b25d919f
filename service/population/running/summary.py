"""What a run came to, in numbers: for people and as ``summary.json``. No patient is named in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from service.population.definitions import Definition
from service.population.running.inputs import Input, came_of
from service.population.running.parting import Parted


def summary(
    asked: Mapping[str, Any],
    parts: Iterable[Parted],
    partitions: Iterable[Mapping[str, Any]],
    given: Input,
    more: Mapping[str, int],
    definitions: Iterable[Definition],
) -> dict[str, Any]:
    """All counts of a run.

    Args:
        partitions: their lines in the journal.
        more: what was set aside of files of deletions, by reason.
    """
    rows: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    aside: Counter[str] = Counter(more)
    answers: dict[str, Counter[str]] = {}
    outcomes: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for row in partitions:
        rows.update(row["rows"])
        counts.update(row["patients"])
        aside.update(row["aside"])
        outcomes.update(row["outcomes"])
        errors.update(row["errors"])
        for question, found in row["questions"].items():
            answers.setdefault(question, Counter()).update(found)
    resources: Counter[str] = Counter()
    not_read: Counter[str] = Counter()
    every = list(parts)
    for part in every:
        resources.update(part.resources)
        not_read.update(part.not_read)
        aside.update(part.aside)
    asks = {one.key: one.asks for one in definitions}
    return {
        **{name: asked[name] for name in ("as_of", "content", "version", "sources", "region")},
        "patients": dict(counts),
        "verdicts": dict(outcomes),
        "questions": {
            key: {"asks": asks[key], **{word: answers[key][word] for word in ("yes", "no", "unknown")}}
            for key in asks if key in answers
        },
        "unanswered": [key for key in asks if key not in answers and counts["judged"]],
        "rows": dict(rows),
        "lines": sum(part.lines for part in every),
        "resources": dict(sorted(resources.items())),
        "not_read": dict(sorted(not_read.items())),
        "set_aside": dict(aside.most_common()),
        "errors": dict(errors.most_common()),
        "damaged": sorted({part.name for part in every if part.is_damaged}),
        "provided": sorted(given.provided(every)),
        "warnings": list(_warnings(given, every)),
    }  # fmt: skip


def _warnings(given: Input, parts: Iterable[Parted]) -> Iterator[str]:
    manifest, every = given.manifest, list(parts)
    came = came_of(every)
    if given.errors or (manifest is not None and manifest.errors):
        named = [given.name_of(path) for path in given.errors] or sorted(manifest.errors if manifest else ())
        yield f"the server reported errors with the export: {', '.join(named)}"
    if manifest is None:
        return
    if manifest.since is not None:
        yield f"only what changed since {manifest.since} was exported: of no type does 'none' mean none"
    if manifest.filtered:
        yield f"only some were exported of: {', '.join(sorted(manifest.filtered))}"
    for kind, count in sorted(manifest.counts.items()):
        if came.get(kind, 0) != count:
            yield f"{kind}: the manifest tells of {count}, {came[kind]} came"
    for kind, told in given.lacking(every).items():
        if told is None:
            yield f"{kind}: the manifest tells of a file, none came"


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """The counts as lines for people."""
    patients = found["patients"]
    yield f"{patients.get('all', 0)} patients on {found['as_of']}, content {found['content']}"
    for key, words in (("with_all", "with ALL"), ("without_all", "without"), ("undiagnosed", "of whom it cannot be told"),
                       ("deceased", "had died"), ("not_judged", "could not be judged")):  # fmt: skip
        if patients.get(key):
            yield f"  {patients[key]:>8} {words}"
    if found["verdicts"]:
        yield f"{sum(found['verdicts'].values())} verdicts"
        yield from (f"  {count:>8} {name}" for name, count in sorted(found["verdicts"].items()))
    for one in found["questions"].values():
        yield f"{one['asks']}: {one['yes']} yes, {one['no']} no, {one['unknown']} unknown"
    for key in found["unanswered"]:
        yield f"{key}: no rule of the sources that were asked speaks of it"
    if found["set_aside"]:
        yield f"{sum(found['set_aside'].values())} set aside (set-aside.ndjson)"
        yield from (f"  {count:>8} {reason}" for reason, count in found["set_aside"].items())
    if found["not_read"]:
        yield f"{sum(found['not_read'].values())} of types that are not read: {', '.join(found['not_read'])}"
    for error, count in found["errors"].items():
        yield f"not judged because of {error}: {count}"
    yield from (f"warning: {warning}" for warning in found["warnings"])
    yield from (f"damaged: {name}" for name in found["damaged"])
