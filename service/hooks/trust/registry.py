"""Reading the clients file (YAML or JSON); everything wrong with it is told at once, with its line."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.hooks.trust.clients import Client, Clients

Place: TypeAlias = tuple[int | str, ...]
MAX_BYTES = 2_000_000


class ClientsProblems(ValueError):
    """A clients file that must not be used. ``problems``: everything wrong, each with its place."""

    def __init__(self, problems: list[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def read_clients(path: Path, profiles: Collection[str] | None = None) -> Clients:
    """Read the registered clients.

    Args:
        profiles: the profiles that there are; None leaves a client's profile unchecked.

    Raises:
        ClientsProblems: the file cannot be read, or says something that is not allowed.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ClientsProblems([f"{path}: is larger than {MAX_BYTES} bytes"])
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientsProblems([f"{path}: cannot be read: {_reason(error)}"]) from None
    return clients_of(text, str(path), profiles)


def clients_of(text: str, name: str, profiles: Collection[str] | None = None) -> Clients:
    """Read the text of a clients file; ``name`` stands before each problem. Arguments and errors as `read_clients`."""
    found, lines = _load(text, name)
    problems = [f"{name}:{lines.get(place, 1)}: {_path(place)}is there twice" for place in _doubled(lines)]
    if not isinstance(found, dict):
        raise ClientsProblems([f"{name}: must look like `clients:` with a list below"])
    for key in found:
        if key != "clients":
            problems.append(f"{name}:{lines.get((key,), 1)}: {key}: no such key. Allowed: clients")
    listed = found.get("clients")
    if not isinstance(listed, list) or not listed:
        raise ClientsProblems([*problems, f"{name}: clients: must be a list with at least one client"])
    clients: dict[int, Client] = {}
    for number, item in enumerate(listed):
        try:
            clients[number] = Client.model_validate(item)
        except ValidationError as error:
            found_wrong = error.errors(include_url=False)
            wrong_inside = {one["loc"][:-1] for one in found_wrong}
            for one in found_wrong:
                if one["type"] == "too_short" and one["loc"] in wrong_inside:
                    continue  # only because its items are wrong, which is told
                place: Place = ("clients", number, *one["loc"])
                problems.append(f"{name}:{_line(lines, place)}: {_path(place)}{_words(one)}")
    for number, client in clients.items():
        if profiles is not None and client.profile is not None and client.profile not in profiles:
            place = ("clients", number, "profile")
            words = f"{client.profile!r} is no profile. Allowed: {', '.join(profiles)}."
            problems.append(f"{name}:{_line(lines, place)}: {_path(place)}{words}{_near(client.profile, profiles)}")
    try:
        registered = Clients.of(clients.values())
    except ValueError as error:
        problems.append(f"{name}: clients: {error}")
    if problems:
        raise ClientsProblems(problems)
    return registered


class _Twice(int):
    """A line at which a key stands for the second time."""


def _load(text: str, name: str) -> tuple[Any, dict[Place, int]]:
    """The document, and the line of each of its places. JSON is read as the YAML that it is."""
    readable = text.replace("\t", "  ") if text.lstrip().startswith("{") else text  # YAML indents with blanks only
    try:
        node = yaml.compose(readable, yaml.SafeLoader)
        found = yaml.safe_load(readable)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or "not readable"
        raise ClientsProblems([f"{name}{where}: is neither YAML nor JSON: {said}"]) from None
    except (ValueError, RecursionError) as error:
        raise ClientsProblems([f"{name}: cannot be read: {type(error).__name__}"]) from None
    return found, dict(_lines(node, ())) if node is not None else {}


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            yield from _lines(child, (*place, number))
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, child in node.value:
            yield from _lines(child, (*place, key.value))
            line = key.start_mark.line + 1
            yield (*place, key.value), _Twice(line) if key.value in seen else line
            seen.add(key.value)


def _doubled(lines: Mapping[Place, int]) -> list[Place]:
    return [place for place, line in lines.items() if isinstance(line, _Twice)]


def _line(lines: Mapping[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest one around it."""
    while place and place not in lines:
        place = place[:-1]
    return int(lines.get(place, 1))


def _path(place: Place) -> str:
    shown = ""
    for part in place:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return f"{shown}: " if shown else ""


_PATTERNS = {
    "name": "small letters, digits, . _ and -, at most 64",
    "profile": "small letters, digits, . _ and -, at most 64",
}


def _words(error: ErrorDetails) -> str:
    """What is wrong and what is allowed. Texts are quoted, keys and other structures never."""
    kind, given = error["type"], error["input"]
    quoted = f"{given!r:.100} " if isinstance(given, str | int | float) else ""
    fields = tuple(Client.model_fields)
    if kind == "extra_forbidden":
        key = str(error["loc"][-1])
        return f"no such key. Allowed: {', '.join(fields)}.{_near(key, fields)}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(error.get("ctx", {}).get("error", error["msg"]))
    if kind == "string_pattern_mismatch":
        field = next((part for part in reversed(error["loc"]) if isinstance(part, str)), "")
        return f"{quoted}is not allowed. Allowed: {_PATTERNS.get(field, 'text without blanks')}"
    if kind == "literal_error":
        return f"{quoted}is not allowed. Allowed: {error.get('ctx', {}).get('expected', '')}"
    return f"{quoted}{error['msg'][:1].lower()}{error['msg'][1:]}"


def _near(word: str, allowed: Collection[str]) -> str:
    near = difflib.get_close_matches(word, allowed, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is not text in UTF-8"
