"""The course of a Bulk Export: start it, wait, fetch what it made, tidy up; after a stop, from where it was."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from service.population.bulk.backend import BackendTokens, Discovered, discover, granted, read_credentials, scope_for
from service.population.bulk.download import fetch, files_of, reported
from service.population.bulk.journal import (
    MANIFEST,
    NAME,
    Exported,
    Journal,
    claimed,
    is_whole,
    read_exported,
    read_journal,
)
from service.population.bulk.manifest import read_manifest
from service.population.bulk.problems import ExportProblem, Refused, clean
from service.population.bulk.request import SHARED, USED, Access, ExportRequest, base_of
from service.population.bulk.wire import Reply, Wire, wait_of

Tell = Callable[[str], None]
_FHIR = {"Accept": "application/fhir+json"}
_STATUS = {"Accept": "application/json"}
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0  # seconds between questions, where the server does not say


def export(
    url: str,
    folder: Path,
    request: ExportRequest | None = None,
    access: Access | None = None,
    *,
    restart: bool = False,
    tell: Tell = lambda _: None,
    pause: Callable[[float], None] | None = None,
) -> Exported:
    """Export from the FHIR server at ``url`` into a folder, or go on with what was begun there.

    A folder whose export is whole is left as it is. Ctrl-C while the server prepares the export cancels it there; while
    files are fetched it only stops.

    Args:
        restart: give up what was begun in the folder, and begin anew.
        tell: is told how it goes, in lines for a person.
        pause: waits some seconds, in place of `time.sleep`.

    Raises:
        ExportProblem: what went wrong and what is allowed. What is whole stays.
    """
    request, access, pause = request or ExportRequest(), access or Access(), pause or time.sleep
    request.check()
    base = base_of(url)
    with claimed(folder):
        wanted = Journal(url=url.rstrip("/"), group=request.group, system=request.system, since=request.since,
                         types=tuple(sorted(set(request.types))))  # fmt: skip
        journal = _at_hand(folder, wanted, restart) or wanted
        if journal.state != "complete" or restart:
            wire = Wire(access.trusted(base), access.verify, access.silence, pause)
            try:
                run = _Run(wire, folder, request, access, wanted if restart else journal, tell, pause)
                run.connect()
                if restart:
                    run.give_up(journal)
                run.go()
            finally:
                wire.close()
    found = read_exported(folder)
    assert found is not None
    return found


def _at_hand(folder: Path, wanted: Journal, restart: bool) -> Journal | None:
    journal = read_journal(folder)
    if journal is not None and not restart and not journal.same_request(wanted):
        raise ExportProblem(
            f"{folder} holds an export that was asked for otherwise ({folder / NAME}). "
            "Allowed: the same options, another folder, or --restart"
        )
    return journal


class _Run:
    def __init__(
        self, wire: Wire, folder: Path, request: ExportRequest, access: Access, journal: Journal, tell: Tell,
        pause: Callable[[float], None],
    ):  # fmt: skip
        self.wire, self.folder, self.request, self.access = wire, folder, request, access
        self.journal, self.tell, self.pause = journal, tell, pause
        self.types: tuple[str, ...] = ()
        self.narrowed: list[str] = []

    def connect(self) -> None:
        """Settle what can be asked for, and get a token where the server wants one."""
        types = frozenset(self.journal.asked or self.request.types) or USED
        if not (self.journal.asked or self.request.types) and (offered := self._offered()) is not None:
            self._narrow("not offered by the server", types - offered)
            types &= offered
        if self.access.client_id and self.access.key_file:
            types = self._authorize(types)
        elif self.access.client_id or self.access.key_file:
            raise ExportProblem("SMART Backend Services need both a client id and a key file")
        if not types:
            raise ExportProblem("the server offers none of the types that are asked for")
        self.types = tuple(sorted(types))

    def _offered(self) -> frozenset[str] | None:
        """The types of the CapabilityStatement; None where it does not tell."""
        with suppress(ExportProblem):
            body = self.wire.ask("GET", f"{self.journal.url}/metadata", _FHIR, token=False, tries=2).body
            if isinstance(body, dict) and body.get("resourceType") == "CapabilityStatement":
                return frozenset(_types(body)) or None
        return None

    def _authorize(self, types: frozenset[str]) -> frozenset[str]:
        access = self.access
        assert access.client_id is not None
        assert access.key_file is not None
        credentials = read_credentials(access.client_id, access.key_file, access.key_id)
        found = Discovered(access.token_url, True) if access.token_url else discover(self.wire, self.journal.url)
        tokens = BackendTokens(self.wire, credentials, found, access.scope or scope_for(types, found.v2))
        tokens.renew()
        self.wire.tokens = tokens
        may = granted(tokens.granted, types)
        self._narrow("not granted to this client", types - may)
        return may

    def _narrow(self, why: str, types: frozenset[str]) -> None:
        if types:
            self.narrowed.append(f"{', '.join(sorted(types))}: {why}; unknown for every patient")

    def go(self) -> None:
        """From wherever the journal stands to the end."""
        if self.journal.state == "new":
            self._begin()
        if self.journal.state == "waiting":
            try:
                self._await()
            except KeyboardInterrupt:
                self.give_up(self.journal)
                raise
        if self.journal.state == "downloading":
            self._fetch_all()
            self._end()

    def _begin(self) -> None:
        journal, url = self.journal, self.request.address(self.journal.url, self.types)
        reply = self._kick_off(url)
        status_url = reply.headers.get("Content-Location", "")
        if reply.status != 202 or not status_url:
            raise ExportProblem(
                f"the server did not start an export (status {reply.status}, "
                f"{'with' if status_url else 'without'} Content-Location). Wanted: 202 with Content-Location"
            )
        journal.asked, journal.kick_off, journal.notes = self.types, url, list(self.narrowed)
        journal.status_url, journal.state = urljoin(url, status_url), "waiting"
        journal.save(self.folder)
        self.tell(f"export started for {', '.join(self.types)}")

    def _kick_off(self, url: str) -> Reply:
        try:
            return self.wire.ask("GET", url, {**_FHIR, "Prefer": "respond-async"})
        except Refused as error:
            if error.status in (401, 403) and self.wire.tokens is None:
                raise ExportProblem(f"{error}. Name a client with --client-id and --key-file") from None
            raise

    def _await(self) -> None:
        journal = self.journal
        status_url, waited, pause = journal.status_url or "", 0.0, _FIRST_PAUSE
        told = None
        while (reply := self._status(status_url)).status == 202:
            progress = clean(reply.headers.get("X-Progress", "")) or "in progress"
            if progress != told:
                self.tell(f"the server prepares the export: {progress}")
                told = progress
            stated = wait_of(reply.headers)
            if waited >= self.access.longest:
                raise ExportProblem(f"the export is not ready after {waited:.0f} s; the same command waits on")
            self.pause(pause if stated is None else stated)
            waited += max(1.0, pause if stated is None else stated)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        if reply.status != 200:
            raise ExportProblem(f"the server answers about the export with status {reply.status}. Wanted: 200 or 202")
        manifest = read_manifest(reply.body, status_url)
        journal.transaction_time, journal.requires_token = manifest.time, manifest.token
        journal.expires = reply.headers.get("Expires")
        journal.files, journal.state = files_of(manifest.items), "downloading"
        journal.save(self.folder)

    def _status(self, url: str) -> Reply:
        try:
            return self.wire.ask("GET", url, _STATUS)
        except Refused as error:
            if error.status in (404, 410):
                raise ExportProblem(
                    f"{error}. The server knows the export no more; begin anew with --restart"
                ) from None
            raise ExportProblem(f"the export failed at the server: {error}. Begin anew with --restart") from None

    def _fetch_all(self) -> None:
        journal = self.journal
        for at, file in enumerate(journal.files):
            if is_whole(self.folder, file):
                continue
            journal.files[at] = done = fetch(self.wire, self.folder, file, journal.requires_token, journal.expires)
            journal.save(self.folder)
            self.tell(
                f"{at + 1} of {len(journal.files)} files: {done.name}, {done.count} resources, {done.bytes} bytes"
            )

    def _end(self) -> None:
        journal = self.journal
        found, missing = reported(self.folder, journal.files)
        came = {file.type for file in journal.files if file.kind == "output"}
        if found:
            listed = ", ".join(f"{count} {words}" for words, count in sorted(found.items()))
            journal.notes.append(f"the server reports: {listed}; see errors/")
        if missing:
            journal.notes.append("data are missing for errors of the server: what is not there is unknown, not none")
        if journal.since is not None:
            journal.notes.append("holds only what changed since then: what is not there is unknown, not none")
        if not missing and journal.since is None:
            journal.provided = tuple(sorted((set(journal.asked) - SHARED) | came))
        if (problem := self._delete(self.journal)) is not None:
            journal.notes.append(f"the server still has the export: {problem}")
        journal.status_url = None
        for file in journal.files:
            file.url = None
        journal.state = "complete"
        journal.save(self.folder)

    def give_up(self, journal: Journal) -> None:
        """Cancel an export at the server, and forget it here."""
        if journal.status_url:
            problem = self._delete(journal)
            self.tell(f"not cancelled at the server: {problem}" if problem else "cancelled at the server")
        for file in journal.files:
            (self.folder / file.name).unlink(missing_ok=True)
        for name in ("errors", "deleted"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in (MANIFEST, NAME):
            (self.folder / name).unlink(missing_ok=True)

    def _delete(self, journal: Journal) -> str | None:
        """What hindered it, if anything did."""
        try:
            self.wire.ask("DELETE", journal.status_url or "", _FHIR, tries=3)
        except Refused as error:
            return None if error.status in (404, 410) else str(error)
        except ExportProblem as error:
            return str(error)
        return None


def _types(statement: dict[str, Any]) -> list[str]:
    rests = [rest for rest in statement.get("rest") or () if isinstance(rest, dict)]
    resources = [one for rest in rests for one in rest.get("resource") or () if isinstance(one, dict)]
    return [one["type"] for one in resources if isinstance(one.get("type"), str)]
