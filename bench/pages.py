"""``python -m bench.pages``: the service's own time for each page of the chart of a patient with 500 resources.

Medians for a record that is kept from the page before, as when a clinician goes from tab to tab; what reading it costs is
in the first paint of ``python -m bench``. Of pages over the limit the functions with most time are named.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from flask.testing import FlaskClient

from bench.paint import RESOURCES, Clinic, environ_of, patient_on_server
from bench.served import ROOT
from service.app import create_app
from service.settings import Settings
from service.smart.views.registry import VIEWS

_HOT = 12  # functions named
_AROUND = ("app.py", "pages.py")  # what only calls what is measured


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _hot(work: Callable[[], object]) -> Iterator[str]:
    """The functions of the service and its libraries in which most time was spent, with all that they call."""
    profile = cProfile.Profile()
    profile.runcall(work)
    rows = pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    own = [(row[3], row[0], *where) for where, row in rows if where[0].startswith(f"{ROOT}/service")]
    own = [row for row in own if Path(row[2]).name not in _AROUND]
    for total, calls, file, line, name in sorted(own, reverse=True)[:_HOT]:
        yield f"{total * 1000:8.0f} ms {calls:7d} calls  {Path(file).relative_to(ROOT)}:{line} {name}"


def _get(client: FlaskClient, address: str) -> bytes:
    answer = client.get(address)
    if answer.status_code != 200:
        raise click.ClickException(f"{address.rpartition('/')[2]}: status {answer.status_code}")
    return answer.get_data()


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--limit", default=300.0, show_default=True, help="Milliseconds over which a page's functions are named.")
@click.option("--resources", default=RESOURCES, show_default=True)
def main(rounds: int, limit: float, resources: int) -> None:
    """The service's own time for each page of a chart."""
    with patient_on_server(resources) as (fhir, patient):
        client = create_app(Settings.from_env(environ_of(fhir))).test_client()
        path, cookies = Clinic("", fhir, patient).session()
        for cookie in cookies:
            client.set_cookie(cookie["name"], cookie["value"], path=path)
        for view in VIEWS:
            if not view.listed:
                continue
            address = f"{path}{view.name}"
            size = len(_get(client, address))
            taken = statistics.median(
                _milliseconds(lambda address=address: _get(client, address)) for _ in range(rounds)
            )
            click.echo(f"{view.name:10} {taken:7.0f} ms  {size / 1000:6.0f} KB")
            for line in _hot(lambda address=address: _get(client, address)) if taken > limit else ():
                click.echo(f"    {line}")


if __name__ == "__main__":
    main()
