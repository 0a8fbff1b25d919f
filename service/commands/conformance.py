"""``allcue conformance``: black-box checks of a running CDS Hooks service, this one or any other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from service.conformance import report
from service.conformance.checks import CHECKS
from service.conformance.examples import Patient, patient_of, shipped
from service.conformance.run import Run
from service.conformance.signing import NoKey, Signer, read_key
from service.conformance.target import Target


@dataclass(frozen=True)
class Credentials:
    """How a registered client signs, as options give it."""

    key: Path | None = None
    issuer: str | None = None
    kid: str | None = None
    jku: str | None = None
    tenant: str | None = None

    def signer(self) -> Signer | None:
        """None where no key is given.

        Raises:
            ValueError: a key without issuer or kid, or the other way round, or a file that holds no key.
        """
        if self.key is None:
            if any((self.issuer, self.kid, self.jku, self.tenant)):
                raise ValueError("--issuer, --kid, --jku and --tenant go with --key")
            return None
        try:
            key, kid = read_key(self.key.read_text(encoding="utf-8"))
        except (NoKey, UnicodeDecodeError) as error:
            raise ValueError(f"{self.key}: {error if isinstance(error, NoKey) else 'no text'}") from None
        kid = self.kid or kid
        if not self.issuer or not kid:
            raise ValueError("--key needs --issuer and --kid (the kid may stand in a JWK)")
        return Signer(key, self.issuer, kid, self.jku, self.tenant)


def conformance(url: str, credentials: Credentials, patients: tuple[Path, ...], only: str, origin: str,
                timeout: float, as_json: bool) -> int:  # fmt: skip
    """Check the service at ``url`` and print the table.

    Returns:
        0 if no check failed, 1 if some did, 2 where nothing could be checked: wrong options, or nobody answers.

    Args:
        patients: FHIR Bundles to call with in place of the shipped patients.
        only: names of checks, parted by commas; all if empty.
    """
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in CHECKS]
    try:
        if unknown:
            raise ValueError(f"no check is called {', '.join(unknown)}. Checks: {', '.join(CHECKS)}")
        target = Target(url, credentials.signer(), timeout)
        people = [_read(path) for path in patients] or shipped(date.today())  # noqa: DTZ011 - the user's own day
    except ValueError as error:
        click.echo(str(error), err=True)
        return 2
    run = Run(target, people, origin)
    if not run.discovery.status:
        click.echo(f"{target.discovery_url} {run.discovery.words}: nothing was checked.", err=True)
        return 2
    results = run.examine([CHECKS[name] for name in names] if names else list(CHECKS.values()))
    if as_json:
        click.echo(json.dumps(report.document(target.base, results), indent=1, ensure_ascii=False))
    else:
        click.echo(report.text(target.base, results))
    return 0 if report.all_passed(results) else 1


def _read(path: Path) -> Patient:
    try:
        return patient_of(path.stem, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        told = error if str(error).startswith(path.stem) else "no JSON"
        raise ValueError(f"{path}: {told}") from None
