"""The ``allcue`` command."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

import click

from service.commands import version as versions
from service.commands.db import db
from service.commands.feedback import feedback
from service.commands.population import population
from service.commands.registration import clients
from service.commands.release import release

_DATE = click.DateTime(formats=["%Y-%m-%d"])
_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
_SITE = click.option("--site", envvar="ALLCUE_SITE_CONTENT", metavar="FOLDER", help="Content of your own beside the shipped one; also ALLCUE_SITE_CONTENT.",
                     type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=versions.show,
              help="Show the versions of code and content, and exit.")  # fmt: skip
def main() -> None:
    """CDS Hooks service for acute lymphoblastic leukemia."""


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object, in the words of GET /.")
@_SITE
def version(as_json: bool, site: Path | None) -> None:
    """The versions of code and content, and the content digest that traces carry."""
    sys.exit(versions.version(site, as_json=as_json))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Worker processes.")
@_SITE
def serve(host: str, port: int, workers: int, site: Path | None) -> None:
    """Serve CDS Hooks with the production WSGI server."""
    from service.collector import paused

    with paused():
        from service.commands import serve as command

    sys.exit(command.serve(host, port, workers, site))


@main.command()
@_FILES
@click.option("--as-of", type=_DATE, help="Day of judgement; today if not given.")
@click.option("--trace/--no-trace", default=True, help="Show how each verdict came about.")
@click.option(
    "--source", "sources", multiple=True, help="Ask this source alone, in place of the policy; may be repeated."
)
@click.option("--order", "orders", multiple=True, metavar="WORDS",
              help="A drug that is being ordered, such as 'vincristine 2 mg intrathecal'; may be repeated.")  # fmt: skip
@click.option("--hook", type=click.Choice(["order-select", "order-sign"]), default="order-sign", show_default=True,
              help="The moment at which --order is judged.")  # fmt: skip
@_SITE
def check(
    files: tuple[str, ...],
    as_of: datetime | None,
    trace: bool,
    sources: tuple[str, ...],
    orders: tuple[str, ...],
    hook: str,
    site: Path | None,
) -> None:
    """Cards and trace for FHIR Bundles, prefetch objects or whole CDS Hooks requests."""
    from service.commands import check as command

    sys.exit(command.check(files, _day(as_of), trace, _split(sources), site, orders, hook))


@main.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--as-of", type=_DATE, help="Day of judgement; today if not given.")
@click.option(
    "--explain", is_flag=True, help="Each fact with sources and rule, each unknown with what would answer it."
)
@click.option("--fact", "names", multiple=True, metavar="NAME", help="Show this fact only; may be repeated.")
@click.option("--coverage", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Instead of FILES: over all .json files below a folder, which facts were found. No patient values.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object per file, or one for the folder.")
@click.option("--csv", "as_csv", is_flag=True, help="With --coverage: a table with one line per fact.")
def facts(
    files: tuple[str, ...],
    as_of: datetime | None,
    explain: bool,
    names: tuple[str, ...],
    folder: Path | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """What is read from FHIR, from where, and what is unknown and why."""
    from service.commands import coverage
    from service.commands import facts as command

    if bool(files) == bool(folder):
        raise click.UsageError("Give FILES, or --coverage with a folder.")
    if folder is None:
        if as_csv:
            raise click.UsageError("--csv goes with --coverage.")
        sys.exit(command.facts(files, command.Asked(_day(as_of), explain, names, as_json)))
    if explain or names or (as_json and as_csv):
        raise click.UsageError("--coverage takes --json or --csv, and neither --explain nor --fact.")
    form = coverage.Form.JSON if as_json else coverage.Form.CSV if as_csv else coverage.Form.TEXT
    sys.exit(coverage.coverage(folder, _day(as_of), form))


@main.command()
@_FILES
@click.option("--as-of", type=_DATE, help="Day of judgement; today if not given.")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object per file and line.")
def validate(files: tuple[str, ...], as_of: datetime | None, as_json: bool) -> None:
    """What the FHIR R4B models find wrong with Bundles, resources, prefetch objects or requests, and what is set aside.

    Exit status 0 if nothing was found, 1 if something was, 2 where a file could not be read.
    """
    from service.commands import validate as command

    sys.exit(command.run(files, _day(as_of), as_json=as_json))


@main.command()
@click.argument("card", metavar="UUID")
@click.option(
    "--json", "as_json", is_flag=True, help="For machines: a JSON array, one object per client with such a card."
)
def explain(card: str, as_json: bool) -> None:
    """How the card with this UUID came about: rules with verdicts, facts with where they were read, feedback.

    No values of the patient: they are not kept. Exit status 1 where there is no trace, or no more.
    """
    from service.commands import card as command

    sys.exit(command.explain(card, as_json=as_json))


@main.command()
@click.argument("url")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Private key of a registered client (PEM or JWK): calls are signed, and false tokens tried.")  # fmt: skip
@click.option("--issuer", metavar="ISS", help="With --key: the client's iss.")
@click.option("--kid", metavar="KID", help="With --key: the name of the key; may stand in a JWK.")
@click.option("--jku", metavar="URL", help="With --key: the address of the client's key set, if tokens name one.")
@click.option("--tenant", metavar="NAME", help="With --key: the claim tenant.")
@click.option("--patient", "patients", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A FHIR Bundle to call with in place of the shipped patients; may be repeated.")  # fmt: skip
@click.option("--only", default="", metavar="NAMES", help="These checks only, parted by commas.")
@click.option("--origin", default="https://sandbox.cds-hooks.org", show_default=True, help="Of a browser client.")
@click.option(
    "--timeout", default=30.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds for an answer."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object.")
def conformance(
    url: str,
    key: Path | None,
    issuer: str | None,
    kid: str | None,
    jku: str | None,
    tenant: str | None,
    patients: tuple[Path, ...],
    only: str,
    origin: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Check the CDS Hooks service at URL from outside, this one or any other.

    Sends synthetic patients, wrong calls and feedback. Exit status 0 if no check failed, 1 if some did, 2 where nothing
    could be checked.
    """
    from service.commands import conformance as command

    credentials = command.Credentials(key, issuer, kid, jku, tenant)
    sys.exit(command.conformance(url, credentials, patients, only, origin, timeout, as_json))


@main.command()
@_FILES
def karyotype(files: tuple[str, ...]) -> None:
    """Karyotypes in ISCN notation, one a line: clones, ploidy, fusions and risk, as one JSON line each."""
    from service.commands import karyotype as command

    sys.exit(command.karyotype(files))


@main.command()
@click.option("--facts", "files", multiple=True, required=True, help="File with facts, or - for standard input.",
              type=click.Path(exists=True, dir_okay=False, allow_dash=True))  # fmt: skip
@click.option("--source", "sources", multiple=True, help="Ask the rules of this source only; may be repeated.")
@click.option("--all", "all_sources", is_flag=True, help="Ask the rules of all sources.")
@click.option("--as-of", type=_DATE, help="Day of judgement; today if not given.")
@click.option("--jsonl", is_flag=True, help="One patient a line in, one answer a line out.")
@_SITE
@click.argument("more", nargs=-1)
def evaluate(
    files: tuple[str, ...],
    sources: tuple[str, ...],
    all_sources: bool,
    as_of: datetime | None,
    jsonl: bool,
    site: Path | None,
    more: tuple[str, ...],
) -> None:
    """Verdicts of rules over facts stated by vocabulary name (JSON or YAML)."""
    from service.commands import evaluate as command

    if sources and all_sources:
        raise click.UsageError("--source and --all exclude each other.")
    further = tuple(name for name in more if sources and not Path(name).exists())  # --source a b
    missing = [name for name in more if name not in further and name != "-" and not Path(name).is_file()]
    if missing:
        raise click.BadParameter(f"no such file: {', '.join(missing)}", param_hint="files")
    inputs = (*files, *(name for name in more if name not in further))
    sys.exit(command.evaluate(inputs, _split((*sources, *further)), all_sources, _day(as_of), jsonl, site))


@main.command()
@_FILES
@click.option("--source", "sources", multiple=True, required=True, metavar="ID",
              help="A source to compare; give two, by id or alias.")  # fmt: skip
@click.option("--as-of", type=_DATE, help="Day of judgement; today if not given.")
@click.option("--json", "as_json", is_flag=True, help="For machines: one JSON object per patient and line.")
@_SITE
def compare(
    files: tuple[str, ...], sources: tuple[str, ...], as_of: datetime | None, as_json: bool, site: Path | None
) -> None:
    """What two sources say for one patient, and why they differ.

    FILES hold FHIR (a Bundle, a prefetch object, a whole request) or facts stated by name (JSON or YAML).
    """
    from service.commands import compare as command

    names = _split(sources)
    if len(names) != 2:
        raise click.UsageError(f"Give exactly two sources, --source A --source B; given: {len(names)}.")
    sys.exit(command.compare(files, (names[0], names[1]), _day(as_of), as_json, site))


def _split(sources: tuple[str, ...]) -> tuple[str, ...]:
    """``--source a --source b`` and ``--source a,b`` mean the same."""
    return tuple(part.strip() for source in sources for part in source.split(",") if part.strip())


@main.group()
def content() -> None:
    """The guideline content."""


@content.command("check")
@click.option(
    "--content", "folder", type=click.Path(path_type=Path), help="Content folder; the packaged one if not given."
)
@click.option("--only", metavar="PATTERN", help="Only rules whose id matches, such as 'nccn-2015-*'.")
@_SITE
def content_check(folder: Path | None, only: str | None, site: Path | None) -> None:
    """Load the content and run every check over it; with --site, list what the site changed."""
    from service.commands import content as command

    sys.exit(command.check(folder, only, site))


@content.command("coverage")
@click.option("--source", help="One source, by id or alias; all if not given.")
@click.option("--all", "every", is_flag=True, help="Every statement, not only the counts and what is missing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def content_coverage(source: str | None, every: bool, as_json: bool) -> None:
    """What the content carries of each source: rules, rows of tables, what is left out and why."""
    from service.commands import content_coverage as command

    sys.exit(command.show(source, every=every, as_json=as_json))


@content.command("compile")
@click.option("--output", "cache", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="Folder to write to; else ALLCUE_CACHE_DIR or its default.")  # fmt: skip
def content_compile(cache: Path | None) -> None:
    """Check the content that would be served, and keep it in the form that is quick to read when a service starts."""
    from service.commands import content_compile as command

    sys.exit(command.compile_for(cache))


@content.command("book")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--content", type=click.Path(path_type=Path), help="Content folder; the packaged one if not given.")
def content_book(folder: Path, content: Path | None) -> None:
    """Write the rule book into FOLDER, ready for `mkdocs build`."""
    from service.commands import book as command

    sys.exit(command.write(folder, content))


main.add_command(clients)
main.add_command(db)
main.add_command(feedback)
main.add_command(population)
main.add_command(release)

if __name__ == "__main__":
    main()
