"""Write ``docs/conformance.md``: ``python -m docs.conformance``. The results are those of a run against this service."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from jwt.algorithms import ECAlgorithm

from service.app import create_app
from service.conformance.checks import CHECKS
from service.conformance.examples import shipped
from service.conformance.model import Outcome, Result
from service.conformance.requirements import Requirement, outcome_of, requirements
from service.conformance.run import Run
from service.conformance.signing import Signer
from service.conformance.target import Target
from service.hooks.profiles import DEFAULT_PROFILE
from service.settings import Settings
from tests.conformance.support import served_as

_ORIGIN = "https://sandbox.cds-hooks.org"
PAGE = Path(__file__).with_suffix(".md")
_HEAD = """\
# Conformance with CDS Hooks

`allcue conformance URL` checks a running CDS Hooks service from outside, this one or any other, knowing nothing but the protocol:

```sh
.venv/bin/allcue conformance http://127.0.0.1:8000
.venv/bin/allcue conformance https://cds.example.org --key client.pem --issuer https://ehr.example.org --kid key-1
```

It prints a line for each check, the problems under those that failed, and last `N passed, N failed, N skipped`; the exit status is 0 only if none
failed; 2 where nothing could be checked, since nobody answers or an option is wrong. A check is skipped where there is nothing to look at, and says why: no card had a link, feedback is not offered, no key was given.
A recommendation that is not followed fails like a demand; its level stands below.

| option | what it does |
|---|---|
| `--key FILE --issuer ISS --kid KID` | private key (PEM or JWK) of a client that the service knows: calls are signed, and false tokens tried |
| `--jku URL`, `--tenant NAME` | sent in the tokens, if that client's tokens have them |
| `--patient FILE` | FHIR Bundles to call with in place of the shipped synthetic patients; may be repeated |
| `--only NAMES` | some checks only, parted by commas |
| `--origin ORIGIN` | a browser client that the service lets in |
| `--timeout S` | seconds to wait for an answer |
| `--json` | one JSON object: every check, every requirement |

It sends synthetic patients, wrong calls and, where feedback is offered, feedback about made-up and shown cards: do not run it against a service whose
statistics count. Without cards for the patients sent, the checks of cards are skipped; `--patient` then brings patients that the service
speaks of. Each check is shown to find its fault by a small service that is broken at that point
([tests/conformance](../tests/conformance/test_faults.py)).

"""
_TABLE = """\
## The {count} requirements that name the service

Ids and levels are those of the set `cds-hooks_2.0` in the
[public list](https://github.com/inferno-framework/davinci-crd-test-kit/blob/main/lib/davinci_crd_test_kit/requirements/davinci_crd_test_kit_requirements.csv)
of the Inferno Da Vinci CRD test kit; the words are ours. The result is that of a run against this service on one machine, with a registered client, a
store and a browser client's origin:
{summary}. *Tests* are tests of this project that run with every change. The table is
[`requirements.yaml`](../service/conformance/requirements.yaml).

| id | level | what | check or test | result |
|---|---|---|---|---|
"""
_MORE = """
## Checks beyond the list

What the invariants of 3.0, security practice and real clients ask for; where 2.0 leaves a status open, the one most services answer is expected.

| check | what holds | basis | result |
|---|---|---|---|
"""


@cache
def results(profile: str = DEFAULT_PROFILE) -> Mapping[str, Result]:
    """Every check, made against this service with a registered client, its key and a store of its own.

    Args:
        profile: with which the client is registered.
    """
    signer = Signer(ec.generate_private_key(ec.SECP384R1()), "https://ehr.example.org", "conformance")
    public = {**json.loads(ECAlgorithm.to_jwk(signer.key.public_key())), "kid": signer.kid}
    client = {"name": "conformance", "iss": signer.issuer, "keys": [public], "profile": profile}
    with TemporaryDirectory() as folder:
        clients = Path(folder) / "clients.json"
        clients.write_text(json.dumps({"clients": [client]}))
        store = f"sqlite:///{folder}/allcue.db"

        def application(base: str) -> Flask:
            return create_app(
                Settings(
                    clients_file=clients,
                    public_base_url=base,
                    database_url=store,
                    cors_origins=(_ORIGIN,),
                    rate_limit=0,
                )
            )

        with served_as(application) as base:
            found = Run(Target(base, signer), shipped(date.today()), _ORIGIN).examine()  # noqa: DTZ011 - the patients move with the day
    return {result.check.name: result for result in found}


def page() -> str:
    """The page as it should stand."""
    told = results()
    rows = [(row, _result(row, told)) for row in requirements()]
    summary = ", ".join(f"{n} {what}" for what, n in Counter(what.partition(":")[0] for _, what in rows).most_common())
    lines = [f"| {row.id} | {row.level} | {_cell(row.what)} | {_how(row)} | {_cell(what)} |" for row, what in rows]
    listed = {name for row in requirements() for name in row.checks}
    more = [
        f"| `{name}` | {_cell(check.says)} | {_cell(check.basis)} | {_of(told[name])} |"
        for name, check in CHECKS.items()
        if name not in listed
    ]
    head = _HEAD + _TABLE.format(count=len(rows), summary=summary)
    return head + "\n".join(lines) + "\n" + _MORE + "\n".join(more) + "\n"


def _how(row: Requirement) -> str:
    """The checks and tests of a requirement, or why there is none."""
    parts = [f"`{name}`" for name in row.checks]
    parts += [f"[{test.rpartition('::')[2] or test}](../{test.partition('::')[0]})" for test in row.tests]
    return " ".join([*parts, *([_cell(row.not_applicable)] if row.not_applicable else [])])


def _result(row: Requirement, told: Mapping[str, Result]) -> str:
    """What came of a requirement: the worst of its checks; where they were skipped its tests speak, if it has any."""
    found = outcome_of(row, told)
    if found in (Outcome.PASSED, Outcome.FAILED):
        return str(found)
    if row.not_applicable:
        return "not applicable, as a test shows" if row.tests else "not applicable"
    if row.tests:
        return "passed in tests"
    return f"skipped: {next(told[name].words[0] for name in row.checks)}"


def _of(result: Result) -> str:
    return f"{result.outcome}: {_cell(result.words[0])}" if result.outcome is Outcome.SKIPPED else str(result.outcome)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("{{", "`{{`").replace("}}", "`}}`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
