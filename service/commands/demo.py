"""``make demo``: serve on loopback with embedded defaults and say what to try."""

from __future__ import annotations

import sys

import click

from service.commands.serve import serve

_TRY = """
Allcue runs on http://{host}:{port} with its packaged content, open to this machine only. Try, in another terminal:

  curl http://{host}:{port}/cds-services

  # a synthetic patient, as an EHR would send it when the chart is opened
  .venv/bin/python -m fhir_examples.request relapsed-ph-positive-t315i > /tmp/request.json
  curl -s http://{host}:{port}/cds-services/allcue-patient-view \\
       -H 'Content-Type: application/json' -d @/tmp/request.json

  # the same in the terminal, with the trace of every rule
  .venv/bin/allcue check fhir_examples/relapsed-ph-positive-t315i.json --as-of 2026-03-02
  .venv/bin/allcue facts fhir_examples/relapsed-ph-positive-t315i.json --as-of 2026-03-02
"""


@click.command()
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8000, type=click.IntRange(1, 65535))
def main(host: str, port: int) -> None:
    """Print what to try, then serve."""
    click.echo(_TRY.format(host=host, port=port))
    sys.exit(serve(host, port, workers=2))


if __name__ == "__main__":
    main()
