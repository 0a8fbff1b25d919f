"""What the models of fhir.resources (FHIR R4B) find wrong with FHIR that somebody brought.

Advice does not depend on it: Allcue reads tolerantly, and what it cannot use it sets aside with the reason. The findings
tell who builds a feed where it leaves the standard. The models check structure, types and formats; not value sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

# In R4 (4.0.1), no more in R4B (4.3.0): https://hl7.org/fhir/R4B/history.html
_R4_ONLY = frozenset(
    {
        "EffectEvidenceSynthesis", "MedicinalProduct", "MedicinalProductAuthorization",
        "MedicinalProductContraindication", "MedicinalProductIndication", "MedicinalProductIngredient",
        "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged",
        "MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect", "RiskEvidenceSynthesis",
        "SubstanceNucleicAcid", "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation",
        "SubstanceSourceMaterial", "SubstanceSpecification",
    }
)  # fmt: skip
# Types that R4B took over from R4 as they were, among them all that Allcue reads.
_AS_IN_R4 = frozenset(
    {
        "Patient", "Condition", "Observation", "DiagnosticReport", "Procedure", "MedicationStatement",
        "MedicationRequest", "MedicationAdministration", "MedicationDispense", "Medication", "AllergyIntolerance",
        "AdverseEvent", "CarePlan", "ServiceRequest", "Encounter", "EpisodeOfCare", "Practitioner",
        "PractitionerRole", "Organization", "Location", "Specimen", "Appointment", "RequestGroup", "Bundle",
    }
)  # fmt: skip
SAME, R4_TYPE, NOT_COMPARED, NO_TYPE = "same in R4", "only in R4", "not compared with R4", "no type of R4 or R4B"
_DEEPEST = 4  # Bundles within Bundles


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. ``where``: the place of the resource in the input; ``resource``: its type and id; ``element``: its path
    below the resource, empty for the whole; ``note``: how R4, which is what is sent, compares with R4B, which is checked.
    """

    where: str
    resource: str
    element: str
    problem: str
    note: str


@dataclass(frozen=True, slots=True)
class Validation:
    """``checked``: how many resources were looked at."""

    checked: int
    findings: tuple[Finding, ...]


def validate(raw: object) -> Validation:
    """Check a FHIR Bundle, a resource, a prefetch object or a CDS Hooks request.

    >>> validate({"resourceType": "Observation", "id": "wbc", "status": "final"}).findings[0].problem
    'is missing'
    """
    checked, found = 0, []
    for where, value in _resources(raw, "", 0):
        checked += 1
        found += _checked(where, value)
    return Validation(checked, tuple(found))


def _resources(raw: object, where: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Every resource with its place; of a Bundle the frame without its resources, then each of these."""
    if not isinstance(raw, Mapping):
        if raw is not None:
            yield where, raw
    elif raw.get("resourceType") == "Bundle" and depth < _DEEPEST:
        yield from _bundle(raw, where, depth)
    elif "resourceType" in raw:
        yield where, raw
    elif depth == 0:
        yield from _of_request(raw)
    else:
        yield where, raw


def _bundle(raw: Mapping[str, Any], where: str, depth: int) -> Iterator[tuple[str, Any]]:
    entries = raw.get("entry")
    rows = entries if isinstance(entries, list) else []
    bare = [{k: v for k, v in row.items() if k != "resource"} if isinstance(row, Mapping) else row for row in rows]
    full = [row if row else {"fullUrl": "urn:uuid:00000000-0000-0000-0000-000000000000"} for row in bare]
    yield where, {**raw, "entry": full} if isinstance(entries, list) and entries else raw
    for number, row in enumerate(rows):
        if isinstance(row, Mapping) and row.get("resource") is not None:
            yield from _resources(row["resource"], f"{_below(where)}entry[{number}].resource", depth + 1)


def _of_request(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "hook" in raw or isinstance(raw.get("prefetch"), Mapping):
        parts = {name: raw[name] for name in ("context", "prefetch") if isinstance(raw.get(name), Mapping)}
    else:
        parts = {"": raw}  # a prefetch object
    for name, part in parts.items():
        for key, value in part.items():
            if name != "context" or (isinstance(value, Mapping) and "resourceType" in value):
                yield from _resources(value, f"{_below(name)}{key}", 1)


def _below(where: str) -> str:
    return f"{where}." if where else ""


def _checked(where: str, value: Any) -> list[Finding]:
    kind = value.get("resourceType") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or not kind:
        return [Finding(where, "", "", "is no FHIR resource: it has no resourceType", "")]
    own = value.get("id")
    name = f"{kind}/{own}" if isinstance(own, str) and own else kind
    if kind in _R4_ONLY:
        return [Finding(where, name, "", "cannot be checked: R4B has no such type any more", R4_TYPE)]
    note = SAME if kind in _AS_IN_R4 else NOT_COMPARED
    try:
        model = get_fhir_model_class(kind)
    except (ValueError, KeyError):
        return [Finding(where, name, "", "is of no type that FHIR R4B has", NO_TYPE)]
    # The models pass over null, which FHIR's JSON has in arrays alone (R4, "JSON Representation of Resources").
    nulls = [
        Finding(where, name, path, "is null, which FHIR allows in arrays only", note) for path in _nulls(value, ())
    ]
    try:
        model.model_validate(_without_nulls(value))
    except ValidationError as error:
        rows = error.errors(include_url=False, include_input=False, include_context=False)
        return nulls + [
            Finding(where, name, _path(row["loc"]), _words(row["type"], row["msg"], kind), note) for row in rows
        ]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):  # faults of the models themselves
        return [Finding(where, name, "", "cannot be checked: something in it is of no type that FHIR R4B has", note)]
    return nulls


def _nulls(value: Any, path: tuple[int | str, ...]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if child is None:
                yield _path((*path, str(key)))
            else:
                yield from _nulls(child, (*path, str(key)))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _nulls(child, (*path, number))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(child) for key, child in value.items() if child is not None}
    return [_without_nulls(child) for child in value] if isinstance(value, list) else value


def _path(location: tuple[int | str, ...]) -> str:
    """
    >>> _path(("component", 0, "code", "text"))
    'component[0].code.text'
    """
    path = ""
    for part in location:
        if part != "root":
            path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{part}"
    return path


def _words(kind: str, message: str, resource: str) -> str:
    """What pydantic says, for people who know FHIR and not the library."""
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"is no element there ({resource})"
        case "list_type":
            return "must be an array"
        case "string_type":
            return "must be a string"
        case "string_pattern_mismatch":
            return "is not of the form that FHIR has for it"
        case "model_validation_format":
            return f"must be an object: {message.partition('but got type')[0].strip(' ,')}"
    return message.removeprefix("Value error, ").rstrip(".")
