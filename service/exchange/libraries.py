"""Library resources: the CQL of facts and rules, what data they need, and the list of all that belongs together."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from service.exchange.names import Names
from service.exchange.shared import CQL, CRMI, common

Json = dict[str, Any]
Elm = Mapping[str, str]  # by library name, the ELM as JSON text
_TYPES = "http://terminology.hl7.org/CodeSystem/library-type"


class ElmProblem(ValueError):
    """ELM that is not that of the CQL beside it; the message names the library."""


def logic_library(
    names: Names, name: str, title: str, cql: str, depends_on: Iterable[str], requirements: Iterable[Json], elm: str | None
) -> Json:  # fmt: skip
    """A CQL library.

    Args:
        depends_on: names of the CQL libraries it includes.
        requirements: DataRequirements of what it retrieves.
        elm: its translation, if there is one.

    Raises:
        ElmProblem: ELM of another library or version.
    """
    profiles = (CQL + "cql-library", *([CQL + "elm-json-library"] if elm else []))
    found = {
        **common(names, "Library", name, name, title, profiles, executable=elm is not None),
        "type": _type("logic-library", "Logic Library"),
        "subjectCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/resource-types", "code": "Patient"}]},
        "relatedArtifact": [{"type": "depends-on", "resource": names.at("Library", own)} for own in depends_on],
        "dataRequirement": list(requirements),
        "content": [_attached("text/cql", cql)],
    }
    if elm is not None:
        _check_elm(elm, name, cql, names)
        found["content"].append(_attached("application/elm+json", elm))
    return {key: value for key, value in found.items() if value != []}


def data_library(names: Names, requirements: list[Json], not_sent: Mapping[str, str]) -> Json:
    """What each fact is read from, as the data requirements of a module."""
    own = "allcue-data"
    lines = [f"- `{fact}`: {why}" for fact, why in sorted(not_sent.items())]
    words = "The resources and codes that answer each fact. Facts that no record holds, and why:\n\n" + "\n".join(lines)
    return {
        **common(names, "Library", own, "AllcueData", "Allcue: what the facts are read from", (CRMI + "crmi-moduledefinitionlibrary",)),
        "type": _type("module-definition", "Module Definition"),
        "description": words,
        "relatedArtifact": [{"type": "depends-on", "resource": names.at("CodeSystem", "allcue-facts")}],
        "dataRequirement": requirements,
    }  # fmt: skip


def manifest(names: Names, resources: Iterable[Json], digest: str) -> Json:
    """The list of all exported resources, by canonical URL and version."""
    own = "allcue-manifest"
    parts = [{"type": "composed-of", "resource": f"{one['url']}|{one['version']}"} for one in resources]
    return {
        **common(names, "Library", own, "AllcueManifest", "Allcue: guideline content for acute lymphoblastic leukemia", (CRMI + "crmi-manifestlibrary",)),
        "type": _type("asset-collection", "Asset Collection"),
        "description": f"Made from content {names.version} with the digest {digest}. Allcue informs a professional who can check the basis"
        " of every recommendation; it never decides.",
        "relatedArtifact": parts,
    }  # fmt: skip


def _type(code: str, display: str) -> Json:
    return {"coding": [{"system": _TYPES, "code": code, "display": display}]}


def _attached(kind: str, text: str) -> Json:
    return {"contentType": kind, "data": base64.b64encode(text.encode()).decode()}


def _check_elm(elm: str, name: str, cql: str, names: Names) -> None:
    try:
        library = json.loads(elm)["library"]
        own, version = library["identifier"]["id"], library["identifier"].get("version")
        defined = {row["name"] for row in library["statements"]["def"]}
    except (ValueError, KeyError, TypeError) as problem:
        raise ElmProblem(f"{name}: no ELM as JSON ({problem!r}).") from None
    if (own, version) != (name, names.version):
        raise ElmProblem(f"{name}: the ELM is of {own} version {version}. Allowed: {name} version {names.version}.")
    missing = [line for line in _defined(cql) if line not in defined]
    if missing:
        raise ElmProblem(f"{name}: the ELM lacks {missing[0]!r}; translate the CQL anew.")


def _defined(cql: str) -> list[str]:
    """Names of the expressions and functions of a library."""
    found = []
    for line in cql.splitlines():
        if line.startswith("define "):
            name = line.removeprefix("define ").removeprefix("function ")
            found.append(name[1:].partition('"')[0] if name.startswith('"') else name.partition("(")[0].rstrip(":"))
    return found
