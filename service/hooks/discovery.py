"""The discovery document, and the check of service definitions before anything is served."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from service.hooks.contract import ServiceDefinition
from service.hooks.library import HOOKS
from service.hooks.tokens import USER_TOKENS, tokens

SPEC_VERSION = "3.0.0"  # of CDS Hooks; clients of 2.0 ignore the member
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")


def discovery(services: Iterable[ServiceDefinition]) -> dict[str, Any]:
    """``{"services": [...]}`` as GET /cds-services answers (CDS Hooks 2.0 "Discovery", 3.0 ``version``)."""
    return {"services": [_described(service) for service in services]}


def check_services(services: Iterable[ServiceDefinition]) -> Mapping[str, ServiceDefinition]:
    """The services by id.

    Raises:
        ValueError: naming everything wrong: doubled ids, unknown hooks, keys without template, tokens that the
            context of the hook does not have.
    """
    found: dict[str, ServiceDefinition] = {}
    problems = []
    for service in services:
        if service.id in found:
            # Allowed by the specification for one id under several hooks, but clients keep only the last of them.
            problems.append(f"{service.id}: id used twice")
        found[service.id] = service
        problems += [f"{service.id}: {problem}" for problem in _problems(service)]
    if problems:
        raise ValueError("service definitions: " + "; ".join(problems))
    return found


def _described(service: ServiceDefinition) -> dict[str, Any]:
    found: dict[str, Any] = {
        "hook": service.hook,
        "title": service.title,
        "description": service.description,
        "id": service.id,
        "version": SPEC_VERSION,
        "hookVersion": HOOKS[service.hook].version,
    }
    if service.prefetch:
        found["prefetch"] = dict(service.prefetch)
    if service.usage_requirements:
        found["usageRequirements"] = service.usage_requirements
    return found


def _problems(service: ServiceDefinition) -> Iterable[str]:
    if not _SEGMENT.fullmatch(service.id):
        yield "the id is no URL segment"
    if not service.title or not service.description:
        yield "title or description is empty"
    for key in sorted((service.required | set(service.resource_types)) - set(service.prefetch)):
        yield f"no template for the key {key}"
    hook = HOOKS.get(service.hook)
    if hook is None:
        yield f"unknown hook {service.hook}. Allowed: {', '.join(HOOKS)}"
        return
    known = USER_TOKENS | {f"context.{name}" for name in hook.tokens}
    for key, template in service.prefetch.items():
        for token in tokens(template):
            if token not in known:
                yield f"template of {key}: {service.hook} has no token {token}"
