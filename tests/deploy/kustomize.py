"""What ``kustomize build`` makes of a folder, as far as deploy/kubernetes uses it; anything else is refused, so that nothing is
passed over. A test compares it with the real one where kubectl is installed. Generated names have no hash at their end."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
KNOWN = {"apiVersion", "kind", "namespace", "resources", "patches", "configMapGenerator", "images", "labels"}
# By what entries of a list are the same, in a strategic merge; lists with other names are replaced
MERGED_BY = {
    "containers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
}


def build(folder: Path) -> list[Object]:
    """The objects of one folder with a kustomization.yaml.

    Raises:
        ValueError: a key or a resource that is not known here, a patch of nothing, two objects of one name.
        OSError: a file that is named is not there.
    """
    told = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    if unknown := set(told) - KNOWN:
        raise ValueError(f"{folder}: not known to these tests: {sorted(unknown)}")
    found: list[Object] = []
    for name in told.get("resources", ()):
        path = folder / name
        found += build(path) if path.is_dir() else objects(path)
    found += [_config_map(folder, each) for each in told.get("configMapGenerator", ())]
    if len({key(one) for one in found}) != len(found):
        raise ValueError(f"{folder}: two objects of one kind and name")
    for each in told.get("patches", ()):
        for patch in objects(folder / each["path"]):
            _patch(found, patch, folder)
    for one in found:
        _images(one, told.get("images", ()))
        _labels(one, told.get("labels", ()))
        if "namespace" in told and one["kind"] != "Namespace":
            one["metadata"]["namespace"] = told["namespace"]
    return found


def objects(path: Path) -> list[Object]:
    """The objects of one file."""
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one is not None]


def key(one: Object) -> tuple[str, str]:
    """Kind and name."""
    return one["kind"], one["metadata"]["name"]


def pod(one: Object) -> Object | None:
    """The template of its pods, if it makes some."""
    return one["spec"]["template"] if one["kind"] in ("Deployment", "Job") else None


def _patch(found: list[Object], patch: Object, folder: Path) -> None:
    same = [place for place, one in enumerate(found) if key(one) == key(patch)]
    if not same:
        raise ValueError(f"{folder}: a patch of {key(patch)}, which is no object here")
    found[same[0]] = merged(found[same[0]], patch)


def merged(one: Object, patch: Object) -> Object:
    """A strategic merge."""
    result = copy.deepcopy(one)
    for name, value in patch.items():
        old = result.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            result[name] = merged(old, value)
        elif isinstance(value, list) and isinstance(old, list) and name in MERGED_BY:
            by = MERGED_BY[name]
            added = {entry[by]: entry for entry in value}
            kept = [merged(entry, added.pop(entry[by])) if entry[by] in added else entry for entry in old]
            result[name] = [*added.values(), *kept]  # new ones first, as kustomize does
        else:
            result[name] = copy.deepcopy(value)
    return result


def _config_map(folder: Path, told: Object) -> Object:
    data = {}
    for name in told.get("files", ()):
        data[Path(name).name] = (folder / name).read_text(encoding="utf-8")
    for name in told.get("envs", ()):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        data |= dict(line.split("=", 1) for line in lines if line.strip() and not line.startswith("#"))
    if unknown := set(told) - {"name", "files", "envs"}:
        raise ValueError(f"{folder}: not known to these tests: {sorted(unknown)}")
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": told["name"]}, "data": data}


def _images(one: Object, told: list[Object]) -> None:
    template = pod(one)
    for container in template["spec"]["containers"] if template else ():
        for image in told:
            if container["image"].split(":")[0] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"


def _labels(one: Object, told: list[Object]) -> None:
    for each in told:
        if each.get("includeSelectors"):
            raise ValueError("labels in selectors are not known to these tests: selectors cannot be changed later")
        one["metadata"].setdefault("labels", {}).update(each["pairs"])
        template = pod(one)
        if template and each.get("includeTemplates"):
            template.setdefault("metadata", {}).setdefault("labels", {}).update(each["pairs"])
