"""All prefetch keys of a call: what was sent, completed from the FHIR server where that is allowed, or a 412."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from service.hooks.contract import KeyState, Prefetched, ServiceDefinition
from service.hooks.envelope import ROOT, HookRequest
from service.hooks.errors import HookError, Issue
from service.hooks.fhir_access import FhirReader, Limits, Wanted
from service.hooks.prefetch import Page, read_page, settle
from service.hooks.servers import AllowedServers
from service.hooks.tokens import render

_UNREAD_PAGES = "only the first page came, and the FHIR server may not be read for more"


def gather(
    service: ServiceDefinition, request: HookRequest, servers: AllowedServers, limits: Limits
) -> Mapping[str, Prefetched]:
    """Every key of the service's templates with its state.

    A key that was not sent, came as an error or incomplete is read from the request's FHIR server if that may be
    read (further pages only, where the first came); what the server says then counts, unless it fails too.

    Raises:
        HookError: 412 with an issue for each required key that could not be had.
    """
    pages = {key: read_page(request.sent[key]) for key in service.prefetch if key in request.sent}
    found = {key: _as_sent(service, key, page) for key, page in pages.items()}
    wanted = _wanted(service, request, found, pages, servers)
    if wanted and request.fhir_server:
        read = FhirReader(request.fhir_server, request.token, limits).read(wanted)
        found.update({key: _better(found.get(key), answer) for key, answer in read.items()})
    for key in service.prefetch:
        found.setdefault(key, Prefetched(key, KeyState.ABSENT, detail="not sent"))
    _require(service, found)
    return found


def _as_sent(service: ServiceDefinition, key: str, page: Page) -> Prefetched:
    unread = _UNREAD_PAGES if page.next_url is not None else None
    return settle(key, service.prefetch[key], [page], service.expected(key), unread)


def _wanted(
    service: ServiceDefinition,
    request: HookRequest,
    found: Mapping[str, Prefetched],
    pages: Mapping[str, Page],
    servers: AllowedServers,
) -> list[Wanted]:
    if not request.fhir_server or not servers.may_read(request.fhir_server, request.token):
        return []
    wanted = []
    for key in service.prefetch:
        if key in found and found[key].state in (KeyState.PROVIDED, KeyState.EMPTY):
            continue
        query = render(service.prefetch[key], request.context)
        if query is not None:
            page = pages.get(key)
            wanted.append(Wanted(key, query, service.expected(key), page if page and page.next_url else None))
    return wanted


def _better(sent: Prefetched | None, read: Prefetched) -> Prefetched:
    """What was read, unless it failed where the client at least said something."""
    if sent is None or read.state is not KeyState.FAILED:
        return read
    return replace(sent, detail="; ".join(filter(None, (sent.detail, read.detail))))


def _require(service: ServiceDefinition, found: Mapping[str, Prefetched]) -> None:
    issues = [
        Issue("processing", _missing_words(service, found[key]), f"{ROOT}.prefetch.{key}")
        for key in service.prefetch
        if key in service.required and found[key].state in (KeyState.ABSENT, KeyState.FAILED)
    ]
    if issues:
        raise HookError(412, *issues)


def _missing_words(service: ServiceDefinition, item: Prefetched) -> str:
    how = "was not sent" if item.state is KeyState.ABSENT else f"could not be read ({item.detail})"
    return (
        f"Prefetch key {item.key} is required and {how}. Send the answer of {service.prefetch[item.key]} under it, "
        f"or fhirServer with fhirAuthorization for a FHIR server that this service is allowed to read."
    )
