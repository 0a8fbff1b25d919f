"""Registered clients: who may call, with which keys, as what. Agreed with each client beforehand, kept in one file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, field_validator, model_validator

from service.hooks.caller import Caller
from service.hooks.servers import AllowedServers, is_loopback, origin_of, parse_base
from service.hooks.trust.keys import MAX_KEYS, Key, UnusableKey, doubled, read_key

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Tenant = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Algorithm = Literal[
    "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"
]  # = keys.ALGORITHMS, kept so by a test
MAX_LIFETIME_S = 3600  # default for a token; what was used is remembered as long


class Client(BaseModel):
    """One client, known by the issuer of its tokens.

    ``jwks_urls``: where its keys are; a token's ``jku`` must be one of them. ``keys``: its public keys, given here;
    then nothing is fetched, and ``jwks_urls`` only says which ``jku`` a token may carry. ``audiences``: what ``aud``
    may say beside the address that is called. ``tenants``: those that may call; none listed: any.
    ``fhir_servers``: those that its calls may name, in place of the ones of the settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    iss: Text
    jwks_urls: tuple[Text, ...] = ()
    keys: Annotated[tuple[dict[str, Any], ...], Field(max_length=MAX_KEYS)] = ()
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES384", "RS384")  # recommended by the text
    audiences: tuple[Text, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    profile: Name | None = None
    fhir_servers: tuple[Text, ...] = ()
    max_lifetime_s: Annotated[StrictInt, Field(ge=60, le=86400)] = MAX_LIFETIME_S

    @field_validator("profile", mode="before")
    @classmethod
    def _as_text(cls, name: Any) -> Any:
        return str(name) if isinstance(name, float) else name  # YAML reads 3.0 without quotes as a number

    @field_validator("jwks_urls")
    @classmethod
    def _fetched_safely(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if not may_fetch(url):
                raise ValueError(f"{url!r} is not an https address (http only on this machine), without user or #")
        return urls

    @field_validator("keys")
    @classmethod
    def _usable(cls, keys: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        problems = []
        for place, jwk in enumerate(keys):
            try:
                read_key(jwk)
            except UnusableKey as error:
                problems.append(f"key {place} {error}")
        problems += [f"kid {kid!r} is given to more than one key" for kid in sorted(doubled(keys))]
        if problems:
            raise ValueError("; ".join(problems))
        return keys

    @field_validator("fhir_servers")
    @classmethod
    def _addresses(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if parse_base(url) is None:
                raise ValueError(f"{url!r} is not the http(s) address of a FHIR server")
        return urls

    @model_validator(mode="after")
    def _has_keys(self) -> Client:
        if not self.keys and not self.jwks_urls:
            raise ValueError("has no keys. Allowed: jwks_urls (where they are) or keys (public JSON Web Keys)")
        unused = [
            str(jwk["kid"]) for jwk in self.keys if not set(read_key(jwk).algorithms) & set(self.algorithms)
        ]  # the validator of keys has passed
        if unused:
            raise ValueError(f"algorithms allows none that these keys verify: {', '.join(unused)}")
        return self

    @cached_property
    def given_keys(self) -> Mapping[str, Key]:
        """The keys of the file by kid."""
        return {key.kid: key for key in map(read_key, self.keys)}

    @cached_property
    def servers(self) -> AllowedServers | None:
        """The FHIR servers of its own; None if it has none."""
        return AllowedServers.of(self.fhir_servers) if self.fhir_servers else None

    def caller(self, tenant: str | None) -> Caller:
        """Who calls, once a token of this client is verified."""
        return Caller(self.name, self.iss, tenant, self.profile, self.servers)


@dataclass(frozen=True, slots=True)
class Clients:
    """All registered clients, by issuer."""

    by_issuer: Mapping[str, Client]

    @classmethod
    def of(cls, clients: Collection[Client]) -> Clients:
        """Raises ValueError if two have the same name or issuer."""
        for attribute in ("name", "iss"):
            values = [getattr(client, attribute) for client in clients]
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"more than one client has {attribute} {', '.join(map(repr, twice))}")
        return cls({client.iss: client for client in clients})

    def __iter__(self) -> Iterator[Client]:
        return iter(self.by_issuer.values())

    def __len__(self) -> int:
        return len(self.by_issuer)


def may_fetch(url: str) -> bool:
    """Whether keys may be fetched from an address at all: https, or http on this machine."""
    origin = origin_of(url)
    if origin is None or urlsplit(url).fragment or "#" in url:
        return False
    return origin[0] == "https" or is_loopback(origin[1])
