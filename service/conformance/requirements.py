"""The table of requirements: what is asked of a service, and which check or test shows that it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.conformance.model import Outcome, Result


class BadTable(ValueError):
    """A table that contradicts itself. The message names every problem with its requirement."""


class Level(StrEnum):
    """How strong a requirement is, in the words of the list."""

    SHALL = "SHALL"
    SHALL_NOT = "SHALL NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"
    DEPRECATED = "DEPRECATED"


class Requirement(BaseModel):
    """One row. ``checks``: names of black-box checks; ``tests``: node ids of this project's tests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int = Field(ge=1, le=220)
    level: Level
    actor: str
    what: str = Field(min_length=3)
    checks: tuple[str, ...] = Field((), alias="check")
    tests: tuple[str, ...] = Field((), alias="test")
    not_applicable: str = ""


def parse(text: str, known: Collection[str]) -> tuple[Requirement, ...]:
    """The table out of YAML.

    Args:
        known: the names of the checks there are.

    Raises:
        BadTable: naming every row that is wrong: unknown members or checks, doubled ids, nothing that shows it.
    """
    rows = yaml.safe_load(text)
    found, problems, ids = [], [], set()
    for row in rows if isinstance(rows, list) else ():
        name = f"requirement {row.get('id') if isinstance(row, dict) else row}"
        try:
            requirement = Requirement.model_validate(row)
        except ValidationError as error:
            problems += [f"{name}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            continue
        problems += [f"{name}: no check is called {check}" for check in requirement.checks if check not in known]
        if requirement.id in ids:
            problems.append(f"{name}: stands twice")
        if not (requirement.checks or requirement.tests or requirement.not_applicable):
            problems.append(f"{name}: neither check nor test nor not_applicable")
        ids.add(requirement.id)
        found.append(requirement)
    if problems or not found:
        raise BadTable("\n".join(problems or ["the table is empty"]))
    return tuple(found)


@cache
def requirements() -> tuple[Requirement, ...]:
    """The shipped table."""
    from service.conformance.checks import CHECKS

    return parse((files("service.conformance") / "requirements.yaml").read_text(encoding="utf-8"), CHECKS)


def ids_of(check: str) -> tuple[int, ...]:
    """The requirements that a check serves."""
    return tuple(row.id for row in requirements() if check in row.checks)


def outcome_of(row: Requirement, results: Mapping[str, Result]) -> Outcome | None:
    """What the checks of a requirement say together: the worst; skipped only if all were; None without checks."""
    found = {results[name].outcome for name in row.checks if name in results}
    return next((one for one in (Outcome.FAILED, Outcome.PASSED, Outcome.SKIPPED) if one in found), None)
