"""GET /cds-services (CDS Hooks 2.0 "Discovery", "Prefetch Template", "Prefetch tokens")."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qsl

from service.conformance.checks.shapes import is_text, shown, where_sent, wrong
from service.conformance.model import Problems, Skip, check
from service.conformance.run import Run

_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]+")
_VERSION = re.compile(r"\d+(\.\d+)*([-+.][0-9A-Za-z.+-]+)?")
_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_USER = {"userPractitionerId", "userPractitionerRoleId", "userPatientId", "userRelatedPersonId"}
_COMMON = {"userId", "patientId", "encounterId"}
# Root-level fields of the hooks in the HL7 library that are no primitives.
_NOT_PRIMITIVE = {
    "selections", "draftOrders", "appointments", "medications", "medication", "conditions", "allergyIntolerance", "fulfillmentTasks",
}  # fmt: skip
_PREFIX = re.compile(r"(eq|ne|lt|gt|ge|le|sa|eb|ap)\d{4}")


@check("GET {base}/cds-services answers 200")
def discovery_available(run: Run) -> Problems:
    if run.discovery.status != 200:
        asks = ": it asks for a token (--key, --issuer, --kid)" if run.discovery.status == 401 else ""
        yield f"GET /cds-services {run.discovery.words}{asks}"


@check("the answer is an object with an array of services")
def discovery_services(run: Run) -> Problems:
    if run.discovery.status != 200:
        raise Skip("discovery was not answered with 200")
    found = run.discovery.json
    if not isinstance(found, dict) or not isinstance(found.get("services"), list):
        yield "there is no array named services"
    elif not all(isinstance(service, dict) for service in found["services"]):
        yield "services holds something that is no object"


@check("every service names its hook")
def service_hook(run: Run) -> Problems:
    yield from wrong(_listed(run), "hook", "the name of a hook", is_text, True)


@check("every service has a title")
def service_title(run: Run) -> Problems:
    yield from wrong(_listed(run), "title", "a title is recommended", is_text, True)


@check("every service has a description")
def service_description(run: Run) -> Problems:
    yield from wrong(_listed(run), "description", "words on what it does", is_text, True)


@check("every id can stand in an address")
def service_id(run: Run) -> Problems:
    good = lambda value: is_text(value) and _SEGMENT.fullmatch(value)  # noqa: E731 - said once, used once
    yield from wrong(_listed(run), "id", "a segment of an address", good, True)


@check("an id is used twice only for different hooks")
def service_id_unique(run: Run) -> Problems:
    pairs = Counter((str(s.get("id")), str(s.get("hook"))) for _, s in _listed(run))
    yield from (f"{name} is listed {n} times for {hook}" for (name, hook), n in pairs.items() if n > 1)


@check("usageRequirements, where sent, is text")
def service_usage_requirements(run: Run) -> Problems:
    yield from where_sent(_listed(run), "usageRequirements", "text", is_text)


@check("version and hookVersion, where sent, are versions", "3.0 discovery")
def service_versions(run: Run) -> Problems:
    good = lambda value: is_text(value) and _VERSION.fullmatch(value)  # noqa: E731
    if not any({"version", "hookVersion"} & set(service) for _, service in _listed(run)):
        raise Skip("version, hookVersion: none came")
    for name in ("version", "hookVersion"):
        yield from wrong(_listed(run), name, "a version such as 3.0.0", good, False)


@check("prefetch, where sent, names a query for each key")
def service_prefetch(run: Run) -> Problems:
    having = [(at, service) for at, service in _listed(run) if "prefetch" in service]
    if not having:
        raise Skip("prefetch: none came")
    for at, service in having:
        found = service["prefetch"]
        if not isinstance(found, dict):
            yield f"{at}.prefetch is {shown(found)}: an object of queries"
            continue
        for key, template in found.items():
            if not is_text(key) or not is_text(template):
                yield f"{at}.prefetch.{key} is {shown(template)}: a FHIR query"


@check("prefetch tokens stand between {{ and }}")
def prefetch_tokens(run: Run) -> Problems:
    for at, template in _templates(run):
        rest = _TOKEN.sub("", template)
        if "{" in rest or "}" in rest:
            yield f"{at}: braces that are no token"


@check("a token is context.<field> or a user id")
def prefetch_token_names(run: Run) -> Problems:
    for at, token in _tokens(run):
        if token not in _USER and not re.fullmatch(r"context\.[A-Za-z]\w*", token):
            yield f"{at}: token {shown(token)}"


@check("a token's field is a primitive at the root of the context")
def prefetch_token_fields(run: Run) -> Problems:
    for at, token in _tokens(run):
        place, _, field = token.partition(".")
        if place == "context" and ("." in field or field in _NOT_PRIMITIVE):
            yield f"{at}: {token} is no primitive of the context"


@check("queries keep to the recommended subset: read, type search, token equality and :in, simple dates, _count, _sort")
def prefetch_queries(run: Run) -> Problems:
    for at, template in _templates(run):
        query = _TOKEN.sub("x", template)
        if re.fullmatch(r"[A-Z][A-Za-z]+/[^/?]+", query):
            continue
        kind, mark, terms = query.partition("?")
        if not mark or not re.fullmatch(r"[A-Z][A-Za-z]+", kind):
            yield f"{at}: neither the read of an instance nor the search of a type"
            continue
        yield from (f"{at}: {problem}" for name, value in parse_qsl(terms) if (problem := _beyond(name, value)))


def _beyond(name: str, value: str) -> str | None:
    """Why a search parameter is outside the recommended subset."""
    base, _, modifier = name.partition(":")
    if base.startswith("_") and base not in ("_count", "_sort", "_maxresults", "_id", "_lastUpdated"):
        return f"parameter {base}"
    if modifier and modifier != "in":
        return f"modifier :{modifier}"
    if "." in base:
        return f"chained parameter {base}"
    prefix = _PREFIX.match(value)
    return f"date prefix {prefix[1]}" if prefix and prefix[1] in ("ne", "sa", "eb", "ap") else None


def _listed(run: Run) -> list[tuple[str, dict[str, object]]]:
    if not run.listed:
        raise Skip("no service is listed")
    return [(_name(i, s), s if isinstance(s, dict) else {}) for i, s in enumerate(run.listed)]


def _name(index: int, service: object) -> str:
    found = service.get("id") if isinstance(service, dict) else None
    return found if isinstance(found, str) and found else f"services[{index}]"


def _templates(run: Run) -> list[tuple[str, str]]:
    found = [(f"{at}.prefetch.{key}", template) for at, s in _listed(run) if isinstance(s.get("prefetch"), dict)
             for key, template in s["prefetch"].items() if isinstance(template, str)]  # type: ignore[attr-defined] # fmt: skip
    if not found:
        raise Skip("no prefetch template is listed")
    return found


def _tokens(run: Run) -> list[tuple[str, str]]:
    found = [(at, token.strip()) for at, template in _templates(run) for token in _TOKEN.findall(template)]
    if not found:
        raise Skip("no prefetch template holds a token")
    return found
