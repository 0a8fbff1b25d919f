"""One launch from its beginning to its session, without HTTP: what is asked, what is kept meanwhile, what is opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.smart.launch.pending import Pending, pending_of, sealed
from service.smart.launch.registrations import Registered, Registrations
from service.smart.launch.request import authorize_url, new_secret, scopes
from service.smart.launch.server import Configurations
from service.smart.launch.token import card_of, error_word, exchange
from service.smart.ports import CannotShow, Trouble, Web
from service.smart.session import Opened, Seal

_LONGEST_LAUNCH = 4000
_LONGEST_CODE = 8000


@dataclass(frozen=True, slots=True)
class Begun:
    """``url``: where the browser goes. ``state``: of this launch. ``cookie``: the value that it must bring back."""

    url: str
    state: str
    cookie: str


class Launches:
    """Begins launches and ends them.

    ``types``: FHIR types that a chart is drawn from, for which access is asked.
    """

    def __init__(
        self,
        registrations: Registrations,
        web: Web,
        seal: Seal,
        types: tuple[str, ...],
        now: Callable[[], float] = time.time,
    ):
        self.registrations = registrations
        self._web, self._seal, self._types, self._now = web, seal, types, now
        self._servers = Configurations(web)

    def from_ehr(self, query: Mapping[str, list[str]], redirect: str) -> Begun:
        """A launch that an EHR began (``iss`` and ``launch`` in the query).

        Raises:
            CannotShow: what was sent is no launch, the server is not registered, or cannot be launched from.
        """
        iss, launch = _one(query, "iss", 2000), _one(query, "launch", _LONGEST_LAUNCH)
        if not iss or not launch:
            raise CannotShow(Trouble.BAD_LAUNCH, "a launch needs iss and launch, each once")
        registered = self.registrations.find(iss)
        if registered is None:
            raise CannotShow(Trouble.NOT_REGISTERED)
        return self._begin(registered, redirect, launch, card_of(_one(query, "appContext", 200)))

    def standalone(self, registered: Registered, redirect: str) -> Begun:
        """A launch from the start page. Raises CannotShow as `from_ehr`."""
        return self._begin(registered, redirect, "", "")

    def _begin(self, registered: Registered, redirect: str, launch: str, card: str) -> Begun:
        about = registered.registration
        server = self._servers.of(about.iss)
        scope = scopes(about, server, self._types, standalone=not launch)
        pending = Pending(new_secret(), new_secret(), about.iss, scope, redirect, card)
        url = authorize_url(
            server, about.client_id, redirect, scope, pending.state, pending.verifier, about.iss, launch
        )
        try:
            return Begun(url, pending.state, sealed(self._seal, pending))
        except ValueError as error:
            raise CannotShow(Trouble.BAD_LAUNCH, str(error)) from None

    def pending(self, query: Mapping[str, list[str]], cookies: Mapping[str, str]) -> Pending:
        """The launch that the browser comes back from.

        Raises:
            CannotShow: this browser has begun none of this state, or too long ago, or it is over.
        """
        state = _one(query, "state", 200)
        found = pending_of(self._seal, state, cookies) if state else None
        if found is None:
            raise CannotShow(Trouble.LAUNCH_OVER)
        return found

    def finish(self, pending: Pending, query: Mapping[str, list[str]]) -> Opened:
        """The session that a launch opens.

        Raises:
            CannotShow: access was denied, or no usable token came.
        """
        server = self._servers.of(pending.iss)
        if server.issuer and _one(query, "iss", 2000) != server.issuer:
            raise CannotShow(Trouble.LOGIN_FAILED, "the answer does not come from the server that was asked (iss)")
        if "error" in query:
            said = error_word(_one(query, "error", 100))
            raise CannotShow(Trouble.DENIED if said == "access_denied" else Trouble.LOGIN_FAILED, said)
        code = _one(query, "code", _LONGEST_CODE)
        if not code:
            raise CannotShow(Trouble.LOGIN_FAILED, "the answer has no code")
        registered = self.registrations.find(pending.iss)
        if registered is None:  # taken out of the file since
            raise CannotShow(Trouble.NOT_REGISTERED)
        asked = self._now()
        got = exchange(self._web, server, registered, code, pending.verifier, pending.redirect, pending.scope)
        expires = int(asked) + got.expires_in if got.expires_in else 0
        return Opened(got.patient, pending.iss, got.token, got.scope, expires, got.card or pending.card)


def _one(query: Mapping[str, list[str]], name: str, longest: int) -> str:
    """A parameter that is there once and not too long; else empty."""
    values = query.get(name, [])
    return values[0] if len(values) == 1 and len(values[0]) <= longest else ""
