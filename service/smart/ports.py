"""What the pages need from above: patients read, and the web reached. The app layer hands it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from service.smart.case import Case
from service.smart.session import Opened


class Trouble(StrEnum):
    """Why a page cannot be shown."""

    SESSION_OVER = "session-over"  # no session of this id in this browser
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 - a reason, not a token
    SERVER_GONE = "server-gone"  # the FHIR server does not answer
    REFUSED = "refused"  # the FHIR server does not let this be read
    UNREADABLE = "unreadable"  # it answers, but not with what can be used
    NO_PATIENT = "no-patient"  # the patient of the session is not there
    BAD_LAUNCH = "bad-launch"  # a launch with parameters that are not usable
    LAUNCH_OVER = "launch-over"  # a launch that this browser did not begin, began too long ago, or has ended
    NOT_REGISTERED = "not-registered"  # a FHIR server this app is not registered with
    NO_SMART = "no-smart"  # a FHIR server that does not say how to log in, or not in a way that is safe
    DENIED = "denied"  # who logged in did not let the app read, or may not
    LOGIN_FAILED = "login-failed"  # the authorization server refused, or gave no usable token
    NO_CONTEXT = "no-context"  # a token that is for no patient


class CannotShow(Exception):
    """A page cannot be shown. ``detail`` is for people who look for the fault; it never holds patient values."""

    def __init__(self, trouble: Trouble, detail: str = ""):
        self.trouble, self.detail = trouble, detail
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))


class Patients(Protocol):
    """Reads the patient of a session."""

    def read(self, opened: Opened, *, anew: bool = False) -> Case:
        """The patient, as read a short while ago unless ``anew``.

        Raises:
            CannotShow: the patient cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of a server. ``body``: parsed JSON, None where it is none."""

    status: int
    body: Any


class Web(Protocol):
    """Asks servers that the app is registered with. Follows no redirect, and keeps to limits of size and time."""

    def get(self, url: str) -> Reply:
        """GET as JSON.

        Raises:
            OSError: no answer; the message says why, without quoting anything.
        """
        ...

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """POST a form. Raises OSError as `get`."""
        ...


class Traces(Protocol):
    """Looks up how a card came about."""

    def of(self, opened: Opened) -> tuple[Any, ...]:
        """The stories (`service.store.story.Story`) of the card that a session came from; none where nothing is kept, the
        store is away, or it cannot be told that the card is this patient's.
        """
        ...
