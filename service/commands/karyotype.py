"""``allcue karyotype``: karyotypes in ISCN notation, one a line, each to one line of JSON."""

from __future__ import annotations

import click
import orjson

from service.facts.genetics.by_karyotype import describe_karyotype


def karyotype(files: tuple[str, ...]) -> int:
    """Run the command: one line out for every line in, so that the two can be laid side by side."""
    for name in files:
        with click.open_file(name, "rb") as stream:
            for number, raw in enumerate(stream, 1):
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    line = raw.decode("latin-1")
                    click.echo(f"{name}:{number}: is not UTF-8, read as Latin-1.", err=True)
                click.echo(orjson.dumps(describe_karyotype(line.rstrip("\r\n"))))
    return 0
