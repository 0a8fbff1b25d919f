"""The web as the pages may use it: servers that the app is registered with, by connections that are guarded as those to
FHIR servers are.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.hooks.connections import Reachable
from service.hooks.documents import Bounds, Unfetched, line_to
from service.hooks.fhir_access import Limits
from service.hooks.wire import Unreadable, parse
from service.smart.ports import Reply

_BOUNDS = Bounds(silence=4.0, deadline=8.0, max_bytes=256_000)
_ACCEPT = {"Accept": "application/json"}
_WITH_BODY = range(200, 500)  # an authorization server says with 400 what it did not like


class GuardedWeb:
    """As `service.smart.ports.Web`."""

    def __init__(self, limits: Limits):
        """``limits``: of reading FHIR servers; their networks and authorities hold here too."""
        self._reachable, self._verify = Reachable.of(limits.networks), limits.verify

    def get(self, url: str) -> Reply:
        """GET as JSON. Raises OSError: no answer that can be used."""
        return self._ask(url, None, {})

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """POST a form. Raises OSError: no answer that can be used."""
        return self._ask(url, form, headers)

    def _ask(self, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> Reply:
        try:
            with line_to(url, _BOUNDS, self._reachable, self._verify) as line:
                answer = line.ask(url, {**_ACCEPT, **headers}, form, _WITH_BODY)
        except Unfetched as error:
            raise ConnectionError(str(error)) from None
        try:
            return Reply(answer.status, parse(answer.body))
        except Unreadable:
            return Reply(answer.status, None)
