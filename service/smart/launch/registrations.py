"""The FHIR servers this app is registered with, from one file (YAML or JSON); everything wrong is told at once.

A server that is not in the file is never asked for anything, whatever a launch says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from service.addresses import parse_base
from service.listing import Listing, ListProblems, read_listing
from service.smart.launch.keys import SigningKey, UnusableKey, signing_key

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Scope = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")]
_PATTERNS = {"scopes": "a scope of printable ASCII without blanks", "extra_scopes": "a scope without blanks"}
_LOCAL_CLIENT = "allcue"
_LONGEST_SECRET = 4000
_MOST_SCOPES = 100
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Registration(BaseModel):
    """One FHIR server, and as what the app is known to its authorization server.

    ``iss``: the FHIR base address, as launches name it. ``authentication``: how the app shows who it is.
    ``secret_file``, ``secret_env``: where the secret of ``client_secret_basic`` stands. ``key_file``: the private key of
    ``private_key_jwt``, PEM or JSON Web Key; ``kid``: its name at the server, if the key has none. ``scopes``: in place
    of the usual ones; ``extra_scopes``: beside them. ``tenant``: that of the server's own CDS Hooks calls, by which
    traces of cards are told apart.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    iss: Text
    client_id: Text
    label: Label = ""
    authentication: Literal["none", "client_secret_basic", "private_key_jwt"] = "none"
    secret_file: Text | None = None
    secret_env: Text | None = None
    key_file: Text | None = None
    kid: Text | None = None
    scopes: Annotated[tuple[Scope, ...], Field(max_length=_MOST_SCOPES)] = ()
    extra_scopes: Annotated[tuple[Scope, ...], Field(max_length=_MOST_SCOPES)] = ()
    tenant: str = ""

    @field_validator("iss")
    @classmethod
    def _address(cls, url: str) -> str:
        base = parse_base(url)
        if base is None:
            raise ValueError(f"{url!r} is not the address of a FHIR server, without user, query and fragment")
        if base.scheme != "https" and not base.loopback:
            raise ValueError(f"{url!r} is not an https address (http only on this machine)")
        return url.rstrip("/")

    @field_validator("secret_env")
    @classmethod
    def _variable(cls, name: str | None) -> str | None:
        if name is not None and (not _VARIABLE.fullmatch(name) or name.startswith("ALLCUE_")):
            raise ValueError(f"{name!r} is no name for it. Allowed: letters, digits and _, not beginning with ALLCUE_")
        return name

    @model_validator(mode="after")
    def _fits(self) -> Registration:
        secret = [name for name in ("secret_file", "secret_env") if getattr(self, name) is not None]
        key = [name for name in ("key_file", "kid") if getattr(self, name) is not None]
        if self.authentication == "client_secret_basic" and len(secret) != 1:
            raise ValueError("client_secret_basic needs its secret. Allowed: one of secret_file and secret_env")
        if self.authentication == "private_key_jwt" and self.key_file is None:
            raise ValueError("private_key_jwt needs its key. Allowed: key_file")
        wrong = [] if self.authentication == "client_secret_basic" else secret
        wrong += [] if self.authentication == "private_key_jwt" else key
        if wrong:
            raise ValueError(f"{', '.join(wrong)} does not go with authentication {self.authentication}")
        return self

    @property
    def name(self) -> str:
        """What the server is called."""
        return self.label or self.iss


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration with what its files hold, which is never shown."""

    registration: Registration
    secret: str = ""
    key: SigningKey | None = None

    def __repr__(self) -> str:
        return f"Registered({self.registration.iss!r})"


class Registrations:
    """All of them, in the order of the file."""

    def __init__(self, registered: Collection[Registered] = (), *, open_loopback: bool = False):
        """``open_loopback``: any FHIR server on this machine may launch, and the app is the public client ``allcue``."""
        self._all, self._open = tuple(registered), open_loopback

    def __iter__(self) -> Iterator[Registered]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def find(self, iss: str) -> Registered | None:
        """The registration with the server of this base address: the same origin and path."""
        base = parse_base(iss) if len(iss) <= 2000 else None
        if base is None:
            return None
        found = next((one for one in self._all if parse_base(one.registration.iss) == base), None)
        if found is None and self._open and base.loopback:
            return Registered(Registration(iss=iss, client_id=_LOCAL_CLIENT))
        return found

    def at(self, number: int) -> Registered | None:
        """By place in the file, from 0."""
        return self._all[number] if 0 <= number < len(self._all) else None


def read_registrations(path: Path, environ: Mapping[str, str] | None = None) -> Registrations:
    """Read the file, and the secrets and keys that it names; their paths are relative to it.

    Args:
        environ: where ``secret_env`` is looked up; the environment if not given.

    Raises:
        ListProblems: everything wrong at once. No secret is quoted.
    """
    listing = Listing(read_listing(path), str(path), "servers", "server")
    good = listing.items(Registration, _PATTERNS)
    seen: dict[object, int] = {}
    registered = []
    for number, one in good.items():
        first = seen.setdefault(parse_base(one.iss), number)
        if first != number:
            listing.wrong((number, "iss"), f"{one.iss!r} is the server of servers[{first}] too. Allowed: each once")
        secret, key = "", None
        try:
            if one.authentication == "client_secret_basic":
                secret = _secret(one, path.parent, os.environ if environ is None else environ)
            elif one.key_file is not None:
                key = signing_key(_text(path.parent / one.key_file), one.kid)
        except (ValueError, UnusableKey) as error:
            field = "key_file" if one.key_file else "secret_file" if one.secret_file else "secret_env"
            listing.wrong((number, field), str(error))
        registered.append(Registered(one, secret, key))
    if listing.problems:
        raise ListProblems(listing.problems)
    return Registrations(registered)


def _secret(one: Registration, folder: Path, environ: Mapping[str, str]) -> str:
    if one.secret_file is not None:
        found = _text(folder / one.secret_file).strip("\r\n")
    else:
        found = environ.get(str(one.secret_env), "")
    if not found or not found.isprintable() or len(found) > _LONGEST_SECRET:
        raise ValueError(f"holds no secret. Allowed: up to {_LONGEST_SECRET} printable characters on one line")
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(100_001)
        if len(data) > 100_000:
            raise ValueError("is larger than 100000 bytes")
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("cannot be read: it is not text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
