"""The results as a table for readers and as JSON for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from service.conformance.model import Outcome, Result
from service.conformance.requirements import ids_of, outcome_of, requirements


def counts(results: Sequence[Result]) -> str:
    """The last line.

    >>> counts([])
    '0 passed, 0 failed, 0 skipped'
    """
    found = Counter(result.outcome for result in results)
    return ", ".join(f"{found[outcome]} {outcome}" for outcome in Outcome)


def all_passed(results: Sequence[Result]) -> bool:
    """Whether none failed."""
    return all(result.outcome is not Outcome.FAILED for result in results)


def basis(result: Result) -> str:
    """The requirement ids that a check serves, else where it comes from."""
    ids = ids_of(result.check.name)
    return f"[{','.join(map(str, ids))}]" if ids else result.check.basis


def text(base: str, results: Sequence[Result]) -> str:
    """The table, a line for each check, its problems under it, and the counts at the end."""
    width = max((len(result.check.name) for result in results), default=0)
    lines = [f"CDS Hooks conformance of {base}", ""]
    for result in results:
        line = f"{result.outcome:<7}  {result.check.name:<{width}}  {result.check.says}  {basis(result)}"
        if result.outcome is Outcome.FAILED:
            lines += [line, *(f"         - {words}" for words in result.words)]
        else:
            lines.append(line + (f"  ({'; '.join(result.words)})" if result.words else ""))
    failed = [result.check.name for result in results if result.outcome is Outcome.FAILED]
    named = [f"Failed: {', '.join(failed)}"] if failed else []
    legend = "Numbers: requirements of CDS Hooks 2.0 in the list of the Inferno CRD test kit (docs/conformance.md)."
    return "\n".join([*lines, "", legend, *named, counts(results)])


def document(base: str, results: Sequence[Result]) -> dict[str, Any]:
    """The same for machines: the checks, and per requirement that has a check what they say together."""
    by_name = {result.check.name: result for result in results}
    told = Counter(result.outcome for result in results)
    rows = [
        {"id": row.id, "level": row.level, "what": row.what, "checks": list(row.checks), "outcome": found}
        for row in requirements()
        if (found := outcome_of(row, by_name)) is not None
    ]
    return {
        "url": base,
        "checks": [
            {
                "name": result.check.name,
                "says": result.check.says,
                "requirements": list(ids_of(result.check.name)),
                "basis": result.check.basis,
                "outcome": result.outcome,
                "words": list(result.words),
            }
            for result in results
        ],
        "requirements": rows,
        **{str(outcome): told[outcome] for outcome in Outcome},
    }
