"""All prefetch keys of a call: what was sent, completed from the FHIR server where that is allowed, or a 412."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from service.hooks.contract import KeyState, Prefetched, ServiceDefinition
from service.hooks.envelope import ROOT, HookRequest
from service.hooks.errors import HookError, Issue
from service.hooks.fhir_access import FhirReader, Limits, Wanted
from service.hooks.prefetch import Page, read_page, settle
from service.hooks.servers import AllowedServers
from service.hooks.tokens import render

_UNREAD_PAGES = "only the first page came, and the FHIR server may not be read for more"


class Gathered(Mapping[str, Prefetched]):
    """Every key of the service's templates with its state: the required ones at once, the others when first asked for.

    Most calls are about patients the service has nothing to say of, which the required keys tell. So neither are the
    other keys looked through for them nor is the FHIR server asked for what is missing.
    """

    def __init__(self, service: ServiceDefinition, request: HookRequest, servers: AllowedServers, limits: Limits):
        self._service, self._request, self._servers, self._limits = service, request, servers, limits
        self._found = self._gather(key for key in service.prefetch if key in service.required)
        self._rest = [key for key in service.prefetch if key not in service.required]
        _require(service, self._found)

    def so_far(self) -> Mapping[str, Prefetched]:
        """The keys that were asked for, without asking for others."""
        return self._found

    def __getitem__(self, key: str) -> Prefetched:
        if key not in self._found and self._rest:
            rest, self._rest = self._rest, []
            self._found.update(self._gather(rest))
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._service.prefetch)

    def __len__(self) -> int:
        return len(self._service.prefetch)

    def _gather(self, keys: Iterable[str]) -> dict[str, Prefetched]:
        """A key that was not sent, came as an error or incomplete is read from the request's FHIR server if that may
        be read (further pages only, where the first came); what the server says then counts, unless it fails too.
        """
        wanted_keys, sent = tuple(keys), self._request.sent
        pages = {key: read_page(sent[key]) for key in wanted_keys if key in sent}
        found = {key: _as_sent(self._service, key, page) for key, page in pages.items()}
        wanted = _wanted(self._service, wanted_keys, self._request, found, pages, self._servers)
        if wanted and self._request.fhir_server:
            read = FhirReader(self._request.fhir_server, self._request.token, self._limits).read(wanted)
            found.update({key: _better(found.get(key), answer) for key, answer in read.items()})
        for key in wanted_keys:
            found.setdefault(key, Prefetched(key, KeyState.ABSENT, detail="not sent"))
        return found


def gather(service: ServiceDefinition, request: HookRequest, servers: AllowedServers, limits: Limits) -> Gathered:
    """The keys of a call.

    Raises:
        HookError: 412 with an issue for each required key that could not be had.
    """
    return Gathered(service, request, servers, limits)


def _as_sent(service: ServiceDefinition, key: str, page: Page) -> Prefetched:
    unread = _UNREAD_PAGES if page.next_url is not None else None
    return settle(key, service.prefetch[key], [page], service.expected(key), unread)


def _wanted(
    service: ServiceDefinition,
    keys: Iterable[str],
    request: HookRequest,
    found: Mapping[str, Prefetched],
    pages: Mapping[str, Page],
    servers: AllowedServers,
) -> list[Wanted]:
    if not request.fhir_server or not servers.may_read(request.fhir_server, request.token):
        return []
    wanted = []
    for key in keys:
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
