"""What `requirements.lock` pins, against the ranges of `pyproject.toml`, and what of it ships with the service."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

LOCK, RUN_LOCK = "requirements.lock", "requirements-run.lock"  # for developing; for running alone, where there is one
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;*]+)\s*(;.*)?")
_HASH = re.compile(r"--hash=(\w+):([0-9a-f]+)")


class LockProblems(ValueError):
    """A lock that does not say exactly what is installed. ``problems``: all that is wrong."""

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock. ``hashes``: of the files that may be installed, as algorithm and hexadecimal digest."""

    name: str
    version: str
    hashes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Shipped:
    """An installed package that the service needs to run. ``needs``: names of those it needs itself."""

    name: str
    version: str
    needs: tuple[str, ...]


def plain(name: str) -> str:
    """The name of a package as indexes compare it (PEP 503).

    >>> plain("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(file: Path) -> dict[str, Pin]:
    """The packages of a lock by plain name.

    Raises:
        LockProblems: lines that pin nothing exactly: a range, an address, an option.
    """
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    pins: dict[str, Pin] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.split(" #")[0].strip()
        if not said or said.startswith("#"):
            continue
        found = _PIN.fullmatch(_HASH.sub("", said).strip())
        if found is None:
            problems.append(f"{file.name}:{number}: {said!r} pins no version. Allowed: name==version")
        elif plain(found[1]) in pins:
            problems.append(f"{file.name}:{number}: {found[1]} is pinned twice")
        else:
            pins[plain(found[1])] = Pin(found[1], found[2], tuple(_HASH.findall(said)))
    if problems:
        raise LockProblems(problems)
    return pins


def lock_problems(root: Path) -> list[str]:
    """What is wrong with the locks of a checkout: something not pinned, out of its range, or not the same in both."""
    try:
        pins = read_lock(root / LOCK)
        run = read_lock(root / RUN_LOCK) if (root / RUN_LOCK).is_file() else None
    except LockProblems as found:
        return list(found.problems)
    project = _project(root)
    wanted = [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]
    problems = _out_of_range(LOCK, pins, wanted)
    if run is None:
        return problems
    problems += _out_of_range(RUN_LOCK, run, project["dependencies"])
    for name, pin in run.items():
        if name not in pins or pins[name].version != pin.version:
            other = pins[name].version if name in pins else "nothing"
            problems.append(
                f"{RUN_LOCK}: {pin.name} {pin.version}, but {LOCK} has {other}: what is tested must be what runs"
            )
    try:
        closure = runtime_closure(root)
    except LockProblems as found:
        return [*problems, *found.problems]
    missing, more = sorted(closure.keys() - run.keys()), sorted(run.keys() - closure.keys())
    problems += [f"{RUN_LOCK}: {name} is needed to run and is not in it" for name in missing]
    return problems + [f"{RUN_LOCK}: {name} is not needed to run" for name in more]


def runtime_closure(root: Path) -> dict[str, Shipped]:
    """All packages that the service needs to run, by plain name, from the metadata of what is installed here.

    Raises:
        LockProblems: something is not installed.
    """
    from packaging.requirements import Requirement

    found: dict[str, Shipped] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    problems = []
    waiting = [Requirement(line) for line in _project(root)["dependencies"]]
    while waiting:
        asked = waiting.pop()
        extras = frozenset(asked.extras)
        if (plain(asked.name), extras) in done:
            continue
        done.add((plain(asked.name), extras))
        try:
            package = distribution(asked.name)
        except PackageNotFoundError:
            problems.append(f"{asked.name} is needed to run and is not installed here")
            continue
        needs = [need for need in map(Requirement, package.requires or ()) if _applies(need, extras)]
        before = found[plain(asked.name)].needs if plain(asked.name) in found else ()
        names = {plain(need.name) for need in needs} | set(before)
        found[plain(asked.name)] = Shipped(package.metadata["Name"], package.version, tuple(sorted(names)))
        waiting += needs
    if problems:
        raise LockProblems(problems)
    return dict(sorted(found.items()))


def _applies(need: object, extras: frozenset[str]) -> bool:
    marker = getattr(need, "marker", None)
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""}) | {""})


def _out_of_range(file: str, pins: Mapping[str, Pin], wanted: Iterable[str]) -> list[str]:
    from packaging.requirements import Requirement

    problems = []
    for asked in map(Requirement, wanted):
        pin = pins.get(plain(asked.name))
        if pin is None:
            problems.append(
                f"{file}: {asked.name} of pyproject.toml is not in it. Make the lock anew (docs/releases.md)"
            )
        elif not asked.specifier.contains(pin.version, prereleases=True):
            problems.append(f"{file}: {pin.name} {pin.version} is not within {asked.specifier} of pyproject.toml")
    return problems


def _project(root: Path) -> Any:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
