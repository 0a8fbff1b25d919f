"""The definitions of the questions that a population run answers: ``questions.yaml``, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import ValueProblem
from service.record.build import READ
from service.rules.expression import Node, parse_expression
from service.rules.rule import Content, Rule, is_under

DEFINITIONS = Path(__file__).with_name("questions.yaml")
_KEYS = ("asks", "rules", "when", "orders", "no_if", "needs_record", "ordered")
_SELECTING = ("topics", "kinds", "acts", "subjects")


class BadQuestions(ValueError):
    """Definitions that cannot be used; one line for each thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Rules by what they are about; an empty list asks nothing."""

    topics: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    def has(self, rule: Rule) -> bool:
        """Whether a rule is one of them."""
        advise = rule.advise
        return (
            (not self.topics or any(is_under(rule.topic, topic) for topic in self.topics))
            and (not self.kinds or advise.kind in self.kinds)
            and (not self.acts or advise.act in self.acts)
            and (not self.subjects or advise.subject in self.subjects)
        )


@dataclass(frozen=True, slots=True)
class Done:
    """Facts of which one settles a question if it is known by a result that is at most so many days old.

    ``types``: of resources that such results come as.
    """

    facts: tuple[str, ...]
    days: int
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """One question, as its definition says it."""

    key: str
    asks: str
    rules: Selector | None = None
    when: Node | None = None
    orders: bool = False
    on_record: Node | None = None
    done: Done | None = None
    infused_since: str | None = None
    needs_record: tuple[str, ...] = ()
    ordered: bool = False


def read_definitions(content: Content, file: Path = DEFINITIONS) -> tuple[Definition, ...]:
    """The questions of a file, in its order.

    Raises:
        BadQuestions: everything that is wrong, as ``file: path: problem``.
    """
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadQuestions(f"{file}: cannot be read as YAML ({error}).") from None
    reader = _Reader(content)
    if not isinstance(raw, Mapping) or not raw:
        raise BadQuestions(f"{file}: must be an object with one question per key.")
    found = tuple(reader.definition(str(key), value) for key, value in raw.items())
    if reader.problems:
        raise BadQuestions("\n".join(f"{file}: {problem}" for problem in reader.problems))
    return found


class _Reader:
    def __init__(self, content: Content) -> None:
        self._tables = {t: {r: row.values for r, row in table.rows.items()} for t, table in content.lookups.items()}
        self.problems: list[str] = []

    def _wrong(self, path: str, problem: str) -> None:
        self.problems.append(f"{path}: {problem}")

    def definition(self, key: str, raw: Any) -> Definition:
        if not isinstance(raw, Mapping):
            self._wrong(key, "must be an object.")
            return Definition(key, "")
        self._known_keys(key, raw, _KEYS)
        shapes = [name for name in ("rules", "when", "orders") if name in raw]
        if len(shapes) != 1:
            self._wrong(key, "needs exactly one of 'rules', 'when' and 'orders'.")
        if raw.get("orders", "deviate") != "deviate":
            self._wrong(f"{key}.orders", f"{raw['orders']!r} is not allowed. Allowed: deviate.")
        if raw.get("ordered", "by the rules") != "by the rules":
            self._wrong(f"{key}.ordered", f"{raw['ordered']!r} is not allowed. Allowed: by the rules.")
        if not isinstance(raw.get("asks"), str):
            self._wrong(f"{key}.asks", "must be a question in words.")
        no_if = raw.get("no_if") or {}
        self._known_keys(f"{key}.no_if", no_if, ("on_record", "done", "infused_since"))
        return Definition(
            key,
            str(raw.get("asks")),
            rules=self._selector(f"{key}.rules", raw["rules"]) if "rules" in raw else None,
            when=self._node(f"{key}.when", raw["when"]) if "when" in raw else None,
            orders="orders" in raw,
            on_record=self._node(f"{key}.no_if.on_record", no_if["on_record"]) if "on_record" in no_if else None,
            done=self._done(f"{key}.no_if.done", no_if["done"]) if "done" in no_if else None,
            infused_since=self._fact(f"{key}.no_if.infused_since", str(no_if["infused_since"]))
            if "infused_since" in no_if
            else None,
            needs_record=self._facts(f"{key}.needs_record", raw.get("needs_record", [])),
            ordered="ordered" in raw,
        )

    def _known_keys(self, path: str, raw: Mapping[Any, Any], allowed: tuple[str, ...]) -> None:
        for name in raw:
            if name not in allowed:
                self._wrong(f"{path}.{name}", f"is not a key here. Allowed: {', '.join(allowed)}.")

    def _words(self, path: str, raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
            self._wrong(path, "must be a list of words.")
            return ()
        return tuple(raw)

    def _selector(self, path: str, raw: Any) -> Selector:
        if not isinstance(raw, Mapping) or not raw:
            self._wrong(path, f"must be an object. Allowed: {', '.join(_SELECTING)}.")
            return Selector()
        self._known_keys(path, raw, _SELECTING)
        return Selector(*(self._words(f"{path}.{name}", raw.get(name, [])) for name in _SELECTING))

    def _node(self, path: str, raw: Any) -> Node | None:
        return parse_expression(raw, path, VOCABULARY, self._tables, self._wrong)

    def _done(self, path: str, raw: Any) -> Done | None:
        if (
            not isinstance(raw, Mapping)
            or set(raw) != {"facts", "days", "types"}
            or type(raw["days"]) is not int
            or raw["days"] < 1
        ):
            self._wrong(path, "must be {facts: [NAME], days: NUMBER, types: [TYPE]}.")
            return None
        types = self._words(f"{path}.types", raw["types"])
        for name in set(types) - READ:
            self._wrong(f"{path}.types", f"{name!r} is no type that is read. Allowed: {', '.join(sorted(READ))}.")
        return Done(self._facts(f"{path}.facts", raw["facts"]), raw["days"], types)

    def _facts(self, path: str, raw: Any) -> tuple[str, ...]:
        return tuple(self._fact(path, name) for name in self._words(path, raw))

    def _fact(self, path: str, name: str) -> str:
        try:
            return VOCABULARY.resolve(name)
        except ValueProblem as problem:
            self._wrong(path, str(problem))
            return name
