"""``allcue clients``: its options. The work is in `service.commands.clients`, which is loaded only when it is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group()
def clients() -> None:
    """Who may call the service: the clients file."""


@clients.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--online", is_flag=True, help="Fetch the keys of each client too.")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False), envvar="ALLCUE_FHIR_CA_FILE", help="Authorities to trust when keys are fetched.")  # fmt: skip
def clients_check(file: Path, online: bool, ca_file: str | None) -> None:
    """Check a clients file and list who is registered."""
    from service.commands import clients as command

    sys.exit(command.check(file, online, ca_file or True))


@clients.command("add")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--iss", required=True, help="Issuer of the client's tokens, exactly as it stands in them.")
@click.option("--name", help="Name in logs and reports; made from the issuer if not given.")
@click.option("--jwks-url", "jwks_urls", multiple=True, help="Address of its keys, the only jku that tokens may carry; may be repeated.")  # fmt: skip
@click.option("--jwks", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File with its public keys (JWK Set), which are copied.")  # fmt: skip
@click.option("--algorithm", "algorithms", multiple=True, help="ES384 and RS384 if not given; may be repeated.")
@click.option("--audience", "audiences", multiple=True, help="What aud may say beside the address that is called; may be repeated.")  # fmt: skip
@click.option("--tenant", "tenants", multiple=True, help="A tenant that may call; any if not given; may be repeated.")
@click.option("--profile", help="What kind of client it is.")
@click.option("--fhir-server", "fhir_servers", multiple=True, help="The only FHIR servers that its calls may name; may be repeated.")  # fmt: skip
def clients_add(file: Path, jwks: Path | None, **client: str | tuple[str, ...] | None) -> None:
    """Register a client in FILE, which is made if it is not there."""
    from service.commands import clients as command

    members = {name: list(value) if isinstance(value, tuple) else value for name, value in client.items()}
    sys.exit(command.add(file, members, jwks))


@clients.command("sign")
@click.argument("url")
@click.option("--key", "key_file", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="Private JSON Web Key; made if it is not there, the public keys beside it.")  # fmt: skip
@click.option("--iss", required=True, help="Issuer that the token names.")
@click.option("--algorithm", default="ES384", show_default=True, help="Of a key that is made.")
@click.option("--lifetime", default=300, show_default=True, type=click.IntRange(1, 86400), help="Seconds.")
@click.option("--tenant", help="Tenant that the token names.")
@click.option("--jku", help="Address of the keys that the token names.")
def clients_sign(url: str, key_file: Path, iss: str, algorithm: str, lifetime: int, tenant: str | None, jku: str | None) -> None:  # fmt: skip
    """The header that lets one request to URL pass, for trying: curl -H "$(allcue clients sign ...)" URL.

    URL is the public address of the endpoint, as the service knows it.
    """
    from service.commands import clients as command

    sys.exit(command.sign_request(url, key_file, iss, algorithm, lifetime, tenant=tenant, jku=jku))
