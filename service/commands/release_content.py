"""Giving the content a version: what changed since the last one, how large that is, and recording it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from service.contentfiles import content_files
from service.rules.digest import digest
from service.versions import FILE, order, read_releases

KINDS = ("patch", "minor", "major")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = ("wording/", "inventory/", "not_implemented.yaml")  # what alone changes no advice
_SAID = ("title", "note", "examples", "assumptions", "source", "inventory", "evidence")  # of a rule


@dataclass(slots=True)
class Change:
    """What distinguishes two contents, by the size of the step it asks for. Reasons are sentences with ids."""

    major: list[str] = field(default_factory=list)
    minor: list[str] = field(default_factory=list)
    patch: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str | None:
        """The least step that will do; None where nothing changed. What only a person can tell may ask for more."""
        return next((kind for kind in reversed(KINDS) if getattr(self, kind)), None)


def change(old: Mapping[str, str], new: Mapping[str, str]) -> Change:
    """What changed from one content to another, given as texts by path.

    Advice that is gone, turned round or of another source counts as major; more or other conditions as minor, since
    whether they take advice from somebody is for a clinician to say.
    """
    found = Change()
    before, after = _served(old), _served(new)
    _sources(old, new, found)
    found.major += [f"{rule} is no longer served" for rule in sorted(before.keys() - after.keys())]
    found.minor += [f"{rule} is new" for rule in sorted(after.keys() - before.keys())]
    for rule in sorted(before.keys() & after.keys()):
        _rule(rule, before[rule], after[rule], found)
    for path in sorted(set(old) | set(new)):
        if old.get(path) != new.get(path) and not path.startswith(("rules/", "sources/")) and path != "policy.yaml":
            size = found.patch if path.startswith(_WORDS) or path.endswith(".md") else found.minor
            size.append(f"{path} changed")
    scopes = [path for path in set(old) | set(new) if path.startswith("rules/") and path.endswith("/scope.yaml")]
    found.minor += [f"{path} changed" for path in sorted(scopes) if old.get(path) != new.get(path)]
    return found


def needed(last: str, kind: str | None) -> str:
    """The least version after a release that a change asks for.

    >>> needed("1.2.3", "minor"), needed("1.2.3", "major"), needed("1.2.3", None)
    ('1.3.0', '2.0.0', '1.2.3')
    """
    major, minor, patch, _ = order(last)
    if kind is None:
        return last
    steps = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}
    return ".".join(map(str, steps[kind]))


def record(root: Path, version: str, day: date) -> str:
    """Make the content of a checkout a release; its digest.

    Raises:
        ValueError: not a version after the last one, or without anything changed.
    """
    folder = root / "cards"
    found, made = read_releases(folder), digest(content_files(folder))
    if not order(version)[3]:
        raise ValueError(f"{version!r} has a suffix, which no release has.")
    if found.releases and order(version) <= order(found.releases[-1].version):
        raise ValueError(f"{version} does not come after {found.releases[-1].version}, which is released already.")
    if found.releases and found.releases[-1].digest == made:
        raise ValueError(f"nothing changed since {found.releases[-1].version}: it goes on.")
    entries = [{"version": r.version, "date": r.day.isoformat(), "digest": r.digest} for r in found.releases]
    entries.append({"version": version, "date": day.isoformat(), "digest": made})
    text = json.dumps({"version": version, "releases": entries}, indent=1)
    (folder / FILE).write_text(f"{text}\n", encoding="utf-8")
    read_releases(folder)  # what was written can be read
    return made


def _served(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The rules that speak, by id."""
    active = set(_yaml(files.get("policy.yaml", "{}")).get("active", ()))
    found = {}
    for path, text in files.items():
        name = PurePosixPath(path)
        if name.parts[0] == "rules" and name.suffix == ".yaml" and name.stem != "scope":
            rule = _yaml(text)
            source = rule.get("source")
            ref = source.get("ref") if isinstance(source, dict) else None
            if rule.get("status") == "active" and (ref is None or ref in active):
                found[name.stem] = rule
    return found


def _rule(name: str, before: Mapping[str, Any], after: Mapping[str, Any], found: Change) -> None:
    if before == after:
        return
    was, now = (_advice(rule) for rule in (before, after))
    if was != now:
        found.major.append(f"{name} advises something else: {was} before, {now} now")
    keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    others = sorted(keys - {*_SAID, "advise"})
    if others:
        found.minor.append(f"{name}: {', '.join(others)} changed; major if it takes advice from anybody")
    elif was == now:
        found.patch.append(f"{name}: {', '.join(sorted(keys))} changed")


def _advice(rule: Mapping[str, Any]) -> str:
    said = rule.get("advise")
    return (
        " ".join(str(said.get(key)) for key in ("kind", "act", "subject") if said.get(key))
        if isinstance(said, dict)
        else str(said)
    )


def _sources(old: Mapping[str, str], new: Mapping[str, str], found: Change) -> None:
    was, now = _yaml(old.get("policy.yaml", "{}")), _yaml(new.get("policy.yaml", "{}"))
    gone, came = (
        set(was.get("active", ())) - set(now.get("active", ())),
        set(now.get("active", ())) - set(was.get("active", ())),
    )
    found.major += [f"source {name} is no longer active" for name in sorted(gone)]
    found.minor += [f"source {name} is active" for name in sorted(came)]
    first = [
        {
            (str(e.get("topic")), str(e.get("population"))): (e.get("sources") or [None])[0]
            for e in policy.get("editions", ())
        }
        for policy in (was, now)
    ]
    for place in sorted(first[0]):
        if first[1].get(place) != first[0][place]:
            found.major.append(
                f"{place[0]} for {place[1]} is answered by {first[1].get(place)}, before by {first[0][place]}"
            )
    if was != now:
        found.minor.append("policy.yaml changed")
    sources = {path for path in set(old) | set(new) if path.startswith("sources/") and old.get(path) != new.get(path)}
    found.patch += [f"{path} changed" for path in sorted(sources)]


def _yaml(text: str) -> dict[str, Any]:
    value = yaml.load(text, _LOADER)  # noqa: S506 - a safe loader
    return value if isinstance(value, dict) else {}
