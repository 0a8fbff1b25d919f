"""``allcue clients``: check and extend the clients file, and sign a request as a client would."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import yaml

from service.hooks.profiles import profiles
from service.hooks.trust.clients import Client, Clients
from service.hooks.trust.fetch import Unfetched, fetch_document
from service.hooks.trust.keys import UnusableKey, read_keys
from service.hooks.trust.registry import ClientsProblems, clients_of, read_clients
from service.hooks.trust.sign import claims_for, new_key, public_part, sign

_PRIVATE_MODE = 0o600


def check(file: Path, online: bool, verify: bool | str = True) -> int:
    """Say who is registered, or everything that is wrong; with ``online`` fetch their keys. 1 if anything is wrong."""
    clients = _read(file)
    wrong = 0
    for client in clients:
        click.echo(f"{client.name}\n  iss         {client.iss}")
        click.echo(f"  keys        {_keys_told(client)}")
        click.echo(f"  algorithms  {', '.join(client.algorithms)}")
        click.echo(f"  tenants     {', '.join(client.tenants) or 'any'}")
        click.echo(f"  profile     {client.profile or 'that of ALLCUE_PROFILE'}")
        for title, values in (("audiences", client.audiences), ("FHIR", client.fhir_servers)):
            if values:
                click.echo(f"  {title:<11} {', '.join(values)}")
        if online and not client.keys:
            wrong += _fetched(client, verify)
    click.echo(f"{len(clients)} clients" if len(clients) != 1 else "1 client")
    return 1 if wrong else 0


def add(file: Path, client: dict[str, Any], jwks: Path | None) -> int:
    """Add a client to the file, which is made if it is not there. What the file holds already stays as it is.

    Args:
        client: members as in the file; those that are empty are left out.
        jwks: file with the client's JWK Set, whose public keys are copied.
    """
    entry = {name: value for name, value in client.items() if value}
    entry.setdefault("name", _name_for(str(entry.get("iss", ""))))
    if jwks is not None:
        entry["keys"] = _public_keys(jwks)
    before = _read(file) if file.exists() else Clients({})
    text = file.read_text(encoding="utf-8") if file.exists() else _HEAD
    after = _with(text, entry)
    try:
        found = clients_of(after, str(file), profiles())
    except ClientsProblems as error:
        raise click.ClickException(f"not added\n{error}") from None
    if list(found)[:-1] != list(before):
        raise click.ClickException(f"{file} is written in a way that cannot be added to. Add by hand:\n{_item(entry)}")
    _write(file, after)
    click.echo(f"{entry['name']} added to {file}, which now has {len(found)}.")
    return 0


def sign_request(url: str, key_file: Path, issuer: str, algorithm: str, lifetime: int, **more: str | None) -> int:
    """Print the Authorization header for one request to ``url``; a key pair is made where there is none.

    Args:
        more: ``tenant`` (claim) and ``jku`` (header).
    """
    public_file = key_file.with_suffix(".jwks.json")
    if key_file.exists():
        key = _private_key(key_file)
    else:
        try:
            key = new_key(algorithm)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
        _write(key_file, json.dumps(key, indent=2) + "\n", _PRIVATE_MODE)
        public_file.write_text(json.dumps({"keys": [public_part(key)]}, indent=2) + "\n", encoding="utf-8")
        click.echo(
            f"Made a key pair: {key_file} (private) and {public_file} (public). Register it:\n"
            f"  allcue clients add FILE --iss {issuer} --jwks {public_file}",
            err=True,
        )
    claims = claims_for(issuer, url, lifetime)
    if tenant := more.get("tenant"):
        claims["tenant"] = tenant
    try:
        click.echo(f"Authorization: Bearer {sign(key, claims, jku=more.get('jku'))}")
    except ValueError as error:
        raise click.ClickException(f"{key_file}: {error}") from None
    return 0


_HEAD = "# Registered clients: who may call. `allcue clients check` tells what is wrong; docs/trust.md explains each line.\nclients:\n"


def _read(file: Path) -> Clients:
    try:
        return read_clients(file, profiles())
    except ClientsProblems as error:
        count = len(error.problems)
        raise click.ClickException(f"{count} problem{'s' if count != 1 else ''}\n{error}") from None


def _keys_told(client: Client) -> str:
    if client.keys:
        kids = ", ".join(f"{kid} ({'/'.join(key.algorithms)})" for kid, key in client.given_keys.items())
        listed = f"; jku allowed: {', '.join(client.jwks_urls)}" if client.jwks_urls else ""
        return f"given: {kids}{listed}"
    return f"fetched from {', '.join(client.jwks_urls)}"


def _fetched(client: Client, verify: bool | str) -> int:
    """Fetch the keys of a client and say what came; how many addresses were no good."""
    wrong = 0
    for url in client.jwks_urls:
        try:
            keys, refused = read_keys(fetch_document(url, verify))
        except (Unfetched, UnusableKey) as error:
            click.echo(f"  ! {url}: {error}")
            wrong += 1
            continue
        for key in keys.values():
            usable = [one for one in key.algorithms if one in client.algorithms]
            click.echo(f"  found       {key.kid}: {', '.join(usable) or 'no algorithm that is registered'}")
        for problem in refused:
            click.echo(f"  ! {url}: {problem}")
        if not any(set(key.algorithms) & set(client.algorithms) for key in keys.values()):
            click.echo(f"  ! {url}: no key that can be used")
            wrong += 1
    return wrong


def _name_for(issuer: str) -> str:
    host = urlsplit(issuer).hostname or issuer
    return "".join(letter if letter.isalnum() or letter in ".-" else "-" for letter in host.lower())[:64].strip("-.")


def _public_keys(file: Path) -> list[dict[str, Any]]:
    """The keys of a JWK Set, or a single one. A private one is refused: then this is the wrong file."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise click.ClickException(f"{file}: is not JSON") from None
    keys: list[Any] = found["keys"] if isinstance(found, dict) and isinstance(found.get("keys"), list) else [found]
    try:
        usable, refused = read_keys({"keys": keys})
    except UnusableKey as error:
        raise click.ClickException(f"{file}: {error}") from None
    if refused or not usable:
        raise click.ClickException(f"{file}: " + ("; ".join(refused) or "has no keys"))
    return [public_part(jwk) for jwk in keys]


def _with(text: str, entry: dict[str, Any]) -> str:
    """The text of a clients file with one entry more; JSON stays JSON, and in YAML all other lines stay."""
    if text.lstrip().startswith("{"):
        found: dict[str, Any] = json.loads(text)
        return json.dumps({**found, "clients": [*found["clients"], entry]}, indent=2, ensure_ascii=False) + "\n"
    indent = next((line[: line.index("-")] for line in text.splitlines() if line.lstrip().startswith("- ")), "  ")
    return text.rstrip("\n") + "\n" + "".join(f"{indent}{line}\n" for line in _item(entry).splitlines())


def _item(entry: dict[str, Any]) -> str:
    first: dict[str, Any] = {name: entry[name] for name in ("name", "iss") if name in entry}
    text: str = yaml.safe_dump([{**first, **entry}], sort_keys=False, allow_unicode=True, width=200)
    return text


def _private_key(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "d" not in found:
        raise click.ClickException(f"{file}: is not a private JSON Web Key. Name a file that is not there to make one.")
    return found


def _write(file: Path, text: str, mode: int | None = None) -> None:
    """Write a file whole or not at all; readable by its owner alone where ``mode`` says so."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(mode or (file.stat().st_mode & 0o777 if file.exists() else 0o644))
        Path(name).replace(file)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise click.ClickException(f"{file}: cannot be written: {error.strerror}") from None
