"""A site's own prefetch templates: a file that replaces, adds or drops keys of the services, checked before it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from service.hooks.contract import ServiceDefinition
from service.hooks.queries import narrows, problems, type_of

_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_KEY = 64
_MOST_KEYS = 40
_LARGEST_FILE = 1_000_000
_MEMBERS = ("query", "complete")
_NARROWED = "the site's prefetch template asks for only a part"


class TemplateProblems(ValueError):
    """Templates that must not be offered: every problem on a line, with file, line, key and what is allowed."""


@dataclass(frozen=True, slots=True)
class Template:
    """One key. ``query``: None drops the key. ``complete``: the site says that a query which leaves resources out leaves
    out none that matters, so that nothing found may count as nothing there."""

    query: str | None
    complete: bool = False


def read_templates(path: Path, services: Iterable[ServiceDefinition]) -> Mapping[str, Template]:
    """Read a YAML or JSON file of templates by key.

    Raises:
        TemplateProblems: everything wrong at once.
    """
    found: dict[str, Template] = {}
    wrong: list[str] = []
    offered = tuple(services)
    known = {key for service in offered for key in service.prefetch}
    for line, key, value in _entries(path, wrong):
        at = f"{path}:{line}: {key!r}"
        before = len(wrong)
        if key in found:
            wrong.append(f"{at}: stands there twice")
        template, unusable = _template(value)
        wrong.extend(f"{at}: {trouble}" for trouble in (*unusable, *_of_key(key, template, known, offered)))
        if len(wrong) == before:
            found[key] = template
    if len(known | set(found)) > _MOST_KEYS:
        wrong.append(f"{path}: {len(known | set(found))} keys with those of the services. Allowed: {_MOST_KEYS}")
    if wrong:
        raise TemplateProblems("\n".join(wrong))
    return found


def with_templates(
    services: Iterable[ServiceDefinition], templates: Mapping[str, Template]
) -> tuple[ServiceDefinition, ...]:
    """The services with a site's templates in place of their own.

    A key whose query leaves resources out says so (``narrowed``), so that what it does not bring is not taken for "no".
    """
    return tuple(_with(service, templates) for service in services)


def _with(service: ServiceDefinition, templates: Mapping[str, Template]) -> ServiceDefinition:
    prefetch, types, narrowed = dict(service.prefetch), dict(service.resource_types), dict(service.narrowed)
    for key, template in templates.items():
        if template.query is None:
            prefetch.pop(key, None)
            types.pop(key, None)
            continue
        prefetch[key] = template.query
        kind = type_of(template.query) or ""
        types.setdefault(key, _types_beside(service, kind))
        if narrows(template.query) and not template.complete:
            narrowed[key] = _NARROWED
    return replace(service, prefetch=prefetch, resource_types=types, narrowed=narrowed)


def _types_beside(service: ServiceDefinition, kind: str) -> tuple[str, ...]:
    """What a new key covers: the same as the service's own key for that type."""
    return next((types for types in service.resource_types.values() if types[:1] == (kind,)), (kind,))


def _entries(path: Path, wrong: list[str]) -> Iterator[tuple[int, str, Any]]:
    """Line, key and value of each entry; what is no mapping is told."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            wrong.append(f"{path}: larger than {_LARGEST_FILE} bytes")
            return
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if tree is None or not isinstance(tree, yaml.MappingNode):
            wrong.append(f"{path}:1: must be a mapping of prefetch keys to queries")
            return
        loader = yaml.SafeLoader("")
        for name, value in tree.value:
            yield (
                name.start_mark.line + 1,
                str(loader.construct_object(name)),
                loader.construct_object(value, deep=True),
            )
    except (OSError, UnicodeError) as error:
        wrong.append(f"{path}: cannot be read ({type(error).__name__})")
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        wrong.append(f"{path}:{line}: is no YAML ({getattr(error, 'problem', None) or type(error).__name__})")


def _template(value: Any) -> tuple[Template, list[str]]:
    if value is None or isinstance(value, str):
        return Template(value), []
    if not isinstance(value, dict):
        return Template(None), ["must be a query, null to drop the key, or {query, complete}"]
    unknown = sorted(str(name) for name in value if name not in _MEMBERS)
    wrong = [f"has {', '.join(unknown)}. Allowed: {', '.join(_MEMBERS)}"] if unknown else []
    if not isinstance(value.get("query"), str):
        wrong.append("has no query, or one that is no text")
    if not isinstance(value.get("complete", False), bool):
        wrong.append("has a complete that is neither true nor false")
    return (Template(None), wrong) if wrong else (Template(value["query"], value.get("complete", False)), [])


def _of_key(key: str, template: Template, known: set[str], services: tuple[ServiceDefinition, ...]) -> Iterator[str]:
    near = get_close_matches(key, sorted(known), 1)
    hint = f" Did you mean {near[0]!r}?" if near and key not in known else ""
    if not _KEY.fullmatch(key) or len(key) > _LONGEST_KEY:
        yield f"is no name for a key. Allowed: lower case letters, digits and hyphens, up to {_LONGEST_KEY}.{hint}"
    if template.query is None:
        if key not in known:
            yield f"cannot be dropped: there is no such key. Keys: {', '.join(sorted(known))}.{hint}"
        elif any(key in service.required for service in services):
            yield "cannot be dropped: it is required"
        return
    yield from problems(template.query)
    kind = type_of(template.query)
    own = {types[0] for service in services if (types := service.resource_types.get(key))}
    read = {one for service in services for types in service.resource_types.values() for one in types}
    if kind is None:
        return
    if own and kind not in own:
        yield f"asks for {kind}. Allowed for this key: {', '.join(sorted(own))}"
    elif not own and kind not in read:
        yield f"asks for {kind}, which no key of the services reads. Allowed: {', '.join(sorted(read))}"
