"""Prefetch values: what came, and whether it can be trusted to be all there is.

The four states of CDS Hooks 2.0, "Prefetch Template" (absent, null, empty search, OperationOutcome), and what real
clients send besides: first pages, Bundles with outcome entries, single resources, Bundles in Bundles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.hooks.contract import Json, KeyState, Prefetched

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_MAY_BE_EMPTY = (None, "searchset", "collection")  # compared, not hashed: what came may be any JSON
_ERRORS = {"fatal", "error"}
# IssueType codes that say, even as a warning, that something was held back or not finished.
_INCOMPLETE = {
    "security", "login", "unknown", "expired", "forbidden", "suppressed", "too-costly", "too-long", "transient",
    "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled",
}  # fmt: skip


@dataclass(slots=True)
class Page:
    """One value read: a resource or one page of a Bundle.

    ``broken``: nothing in it can be used. ``troubles``: why it may not be all. ``total``: matches on all pages as
    the server counts them. ``next_url``: where the following page is; empty if there is one but not where.
    ``single``: a resource by itself, not in a Bundle.
    """

    resources: list[Json] = field(default_factory=list)
    full_urls: list[str | None] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    matches: int = 0
    total: int | None = None
    next_url: str | None = None
    broken: str | None = None
    single: bool = False


def read_page(value: Any) -> Page:
    """Read one prefetch value or one answer of a FHIR server. Never raises; odd parts become troubles."""
    if value is None:
        return Page()
    if not isinstance(value, dict):
        return Page(broken=f"a FHIR resource was expected, not {_json_type(value)}")
    kind = value.get("resourceType")
    if kind == "OperationOutcome":
        return Page(broken=f"an OperationOutcome came instead ({_outcome(value)[1]})")
    if kind == "Bundle":
        return _bundle(value)
    if not isinstance(kind, str) or not kind:
        return Page(broken="an object without resourceType came")
    return Page(resources=[value], full_urls=[None], matches=1, single=True)


def settle(
    key: str,
    template: str,
    pages: Sequence[Page],
    expected: frozenset[str],
    unread: str | None = None,
    limited: str | None = None,
) -> Prefetched:
    """One key's state from its pages, of which there is at least one.

    Args:
        template: the key's query; a search that is answered with a lone resource may have found more.
        expected: the FHIR types that the key covers; empty if any. Other types beside them (included resources) are
            fine; only other types instead of them is a failure.
        unread: why further pages were not read; None if there are none.
        limited: why all pages together are not all there is; None if they are.
    """
    first = pages[0]
    if first.broken is not None:
        return Prefetched(key, KeyState.FAILED, detail=first.broken)
    troubles = [trouble for page in pages for trouble in page.troubles]
    troubles += [page.broken for page in pages[1:] if page.broken is not None]
    resources = tuple(resource for page in pages for resource in page.resources)
    full_urls = tuple(url for page in pages for url in page.full_urls)
    if resources and expected and not any(resource.get("resourceType") in expected for resource in resources):
        return Prefetched(key, KeyState.FAILED, detail=f"no {' or '.join(sorted(expected))} among what came")
    matches = sum(page.matches for page in pages)
    if first.single and "?" in template:
        troubles.append("a lone resource came for a search")
    if unread is not None:
        troubles.append(unread)
    elif first.total is not None and first.total > matches:
        troubles.append(f"the server counts {first.total} matches, {matches} came")
    if limited is not None:
        troubles.append(limited)
    if troubles:
        state = KeyState.PARTIAL if resources or first.next_url is not None else KeyState.FAILED
        return Prefetched(key, state, resources, full_urls, "; ".join(dict.fromkeys(troubles)))
    return Prefetched(key, KeyState.PROVIDED if resources else KeyState.EMPTY, resources, full_urls)


def _bundle(bundle: Json) -> Page:
    page = Page(next_url=_next(bundle))
    entries = bundle.get("entry")
    if entries is None or entries == []:
        if bundle.get("type") not in _MAY_BE_EMPTY:
            page.broken = "a Bundle that is no search came without entries"
    elif not isinstance(entries, list):
        page.broken = "a Bundle came whose entry is no array"
    else:
        for entry in entries:
            _entry(entry, page, nested=False)
    total = bundle.get("total")
    if isinstance(total, int) and not isinstance(total, bool):
        page.total = total
    return page


def _entry(entry: Any, page: Page, *, nested: bool) -> None:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict):
        page.troubles.append("an entry without a resource was set aside")
        return
    kind = resource.get("resourceType")
    mode = _mode(entry)
    if kind == "OperationOutcome" or mode == "outcome":
        serious, words = _outcome(resource)
        if serious:
            page.troubles.append(f"the server reports a problem ({words})")
    elif kind == "Bundle":
        _nested(resource, page, nested=nested)
    elif not isinstance(kind, str) or not kind:
        page.troubles.append("an entry without resourceType was set aside")
    else:
        url = entry.get("fullUrl")
        page.resources.append(resource)
        page.full_urls.append(url if isinstance(url, str) and url else None)
        page.matches += mode != "include"


def _nested(bundle: Json, page: Page, *, nested: bool) -> None:
    entries = bundle.get("entry")
    if nested or not isinstance(entries, list | None):
        page.troubles.append("a Bundle inside a Bundle could not be read")
        return
    before = page.matches
    for entry in entries or ():
        _entry(entry, page, nested=True)
    total = bundle.get("total")
    if _next(bundle) is not None or (isinstance(total, int) and total > page.matches - before):
        page.troubles.append("a Bundle inside the Bundle has further pages")
    page.matches = before + 1  # the outer Bundle counts it as one


def _mode(entry: Json) -> str | None:
    search = entry.get("search")
    mode = search.get("mode") if isinstance(search, dict) else None
    return mode if isinstance(mode, str) else None


def _outcome(resource: Json) -> tuple[bool, str]:
    """Whether an OperationOutcome speaks against completeness, and its severities and codes. No diagnostics: they
    may quote the patient. A warning such as "no results" does not; one without a readable issue does."""
    found = list(_issues(resource))
    serious = not found or any(
        severity in _ERRORS or severity == "?" or (severity == "warning" and code in _INCOMPLETE)
        for severity, code in found
    )
    return serious, ", ".join(dict.fromkeys(f"{severity} {code}" for severity, code in found)) or "without issues"


def outcome_words(value: Any) -> str:
    """Severities and codes of an OperationOutcome; empty for anything else."""
    is_one = isinstance(value, dict) and value.get("resourceType") == "OperationOutcome"
    return _outcome(value)[1] if is_one else ""


def _issues(resource: Json) -> Iterator[tuple[str, str]]:
    issues = resource.get("issue")
    for issue in issues if isinstance(issues, list) else ():
        if isinstance(issue, dict):
            yield _name(issue.get("severity")), _name(issue.get("code"))


def _next(bundle: Json) -> str | None:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else (links,):
        if isinstance(link, dict) and link.get("relation") == "next":
            url = link.get("url")
            return url if isinstance(url, str) else ""
    return None


def _name(value: Any) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else "?"


def _json_type(value: Any) -> str:
    names = {str: "a string", list: "an array", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "something else")
