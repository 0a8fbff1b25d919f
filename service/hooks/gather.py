"""All prefetch keys of a call: what was sent, completed from the FHIR server where that is allowed, or a 412."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from service.hooks.contract import NOT_SENT, KeyState, Prefetched, ServiceDefinition
from service.hooks.deadline import uninterrupted
from service.hooks.envelope import HookRequest
from service.hooks.errors import HookError, Issue, bad_request
from service.hooks.fhir_access import FhirClient, FhirReader, Wanted
from service.hooks.medications import KIND, REFERENCED, missing, read_medications
from service.hooks.prefetch import Page, read_page, settle
from service.hooks.tokens import render
from service.hooks.unread import ROOT

_WHOLE = (KeyState.PROVIDED, KeyState.EMPTY)
_ANOTHER = "the FHIR server answered with another patient"
_UNREAD_PAGES = "only the first page came, and the FHIR server may not be read for more"


class Lacking(HookError):
    """Keys that the service cannot answer without could not be had. ``keys``: these, with why."""

    def __init__(self, keys: Iterable[Prefetched], *issues: Issue):
        self.keys = tuple(keys)
        super().__init__(412, *issues)


class Gathered(Mapping[str, Prefetched]):
    """Every key of the service's templates with its state: the required ones at once, the others when first asked for;
    with these, as one key more, the Medications that they and the context refer to, if the service reads any.

    Most calls are about patients the service has nothing to say of, which the required keys tell. So neither are the
    other keys looked through for them nor is the FHIR server asked for what is missing.
    """

    def __init__(self, service: ServiceDefinition, request: HookRequest, client: FhirClient):
        self._service, self._request, self._client = service, request, client
        self._reader: FhirReader | None = None
        self._found = self._gather(key for key in service.prefetch if key in service.required)
        self._rest = [key for key in service.prefetch if key not in service.required]
        covered = {kind for types in service.resource_types.values() for kind in types}
        self._added = (REFERENCED,) if KIND in covered and REFERENCED not in service.prefetch else ()
        _require(service, self._found)

    @property
    def has_asked(self) -> bool:
        """Whether a FHIR server was turned to, whatever came of it."""
        return self._reader is not None

    def so_far(self) -> Mapping[str, Prefetched]:
        """The keys that were asked for, without asking for others."""
        return self._found

    def __getitem__(self, key: str) -> Prefetched:
        if key not in self._found and (self._rest or key in self._added):
            rest, self._rest = self._rest, []
            with uninterrupted():  # connections are shared, and what still reads must be cut
                self._found.update(self._gather(rest))
                if self._added:
                    self._found[REFERENCED] = self._medications()
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._service.prefetch, *self._added))

    def __len__(self) -> int:
        return len(self._service.prefetch) + len(self._added)

    def _gather(self, keys: Iterable[str]) -> dict[str, Prefetched]:
        """A key that was not sent, came as an error or incomplete is read from the request's FHIR server if that may
        be read (further pages only, where the first came); what the server says then counts, unless it fails too.
        """
        wanted_keys, sent = tuple(keys), self._request.sent
        pages = {key: read_page(sent[key]) for key in wanted_keys if key in sent}
        found = {key: _as_sent(self._service, key, page) for key, page in pages.items()}
        for key, item in found.items():
            if _of_another(self._service, self._request, item):
                at = f"{ROOT}.prefetch.{key}"
                raise bad_request("value", f"{at} is another patient than the context: nothing was read.", at)
        missing = [key for key in wanted_keys if key not in found or found[key].state not in _WHOLE]
        if missing and (reader := self._may_read()):
            read = reader.read(list(_wanted(self._service, self._request, missing, pages)))
            for key, item in read.items():
                if _of_another(self._service, self._request, item):
                    found[key] = Prefetched(key, KeyState.FAILED, detail=_ANOTHER, status=item.status)
                else:
                    found[key] = _better(found.get(key), item)
        for key in wanted_keys:
            found.setdefault(key, Prefetched(key, KeyState.ABSENT, detail=NOT_SENT))
        return found

    def _medications(self) -> Prefetched:
        """The Medications that what was gathered refers to; the server is asked only if there are any."""
        lacking = missing(self._found.values(), self._request.context, self._request.fhir_server)
        return read_medications(lacking, self._may_read() if lacking.ids else None)

    def _may_read(self) -> FhirReader | None:
        """The reader of this call, whose deadline runs from the first time that something is missing."""
        asked = self._request
        if self._reader is None and asked.fhir_server:
            self._reader = self._client.reader(asked.fhir_server, asked.token, asked.scope, asked.expires_in)
        return self._reader


def gather(service: ServiceDefinition, request: HookRequest, client: FhirClient) -> Gathered:
    """The keys of a call.

    Raises:
        Lacking: 412 with an issue for each required key that could not be had.
        HookError: 400 where the Patient that was sent
            is not the patient of the context.
    """
    return Gathered(service, request, client)


def _as_sent(service: ServiceDefinition, key: str, page: Page) -> Prefetched:
    unread = _UNREAD_PAGES if page.next_url is not None else None
    limited = service.narrowed.get(key)
    return settle(key, service.prefetch[key], [page], service.expected(key), unread, limited)


def _wanted(
    service: ServiceDefinition, request: HookRequest, keys: Iterable[str], pages: Mapping[str, Page]
) -> Iterator[Wanted]:
    for key in keys:
        query = render(service.prefetch[key], request.context)
        if query is not None:
            page = pages.get(key)
            first = page if page and page.next_url else None
            yield Wanted(key, query, service.expected(key), first, service.narrowed.get(key))


def _of_another(service: ServiceDefinition, request: HookRequest, item: Prefetched) -> bool:
    """Whether a key that covers the patient alone brought somebody else. A Patient without id is not told apart; among
    records that were merged it is enough that the context's is there."""
    if service.expected(item.key) != {"Patient"}:
        return False
    ids = {_id(resource) for resource in item.resources if resource.get("resourceType") == "Patient"}
    return bool(ids) and not ids & {"", str(request.context["patientId"])}


def _id(resource: Mapping[str, object]) -> str:
    own = resource.get("id")
    return str(own).strip() if isinstance(own, str | int) and not isinstance(own, bool) else ""


def _better(sent: Prefetched | None, read: Prefetched) -> Prefetched:
    """What was read, unless the client's own says more: reading failed, was not allowed, or brought less."""
    if sent is None or read.state in _WHOLE:
        return read
    if read.state is KeyState.PARTIAL and len(read.resources) >= len(sent.resources):
        return read
    details = dict.fromkeys(filter(None, (sent.detail, read.detail)))
    return replace(sent, detail="; ".join(details))


def _require(service: ServiceDefinition, found: Mapping[str, Prefetched]) -> None:
    lacking = [
        found[key]
        for key in service.prefetch
        if key in service.required and found[key].state in (KeyState.ABSENT, KeyState.FAILED)
    ]
    if lacking:
        words = ((item, _missing_words(service, item)) for item in lacking)
        raise Lacking(lacking, *(Issue("processing", said, f"{ROOT}.prefetch.{item.key}") for item, said in words))


def _missing_words(service: ServiceDefinition, item: Prefetched) -> str:
    how = f"could not be read ({item.detail})"
    if item.state is KeyState.ABSENT:
        how = "was not sent" if item.detail == NOT_SENT else f"was not sent and {item.detail}"
    return (
        f"Prefetch key {item.key} is required and {how}. Send the answer of {service.prefetch[item.key]} under it, "
        f"or fhirServer with fhirAuthorization for a FHIR server that this service is allowed to read."
    )
