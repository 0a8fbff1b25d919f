"""Write the generated pages: the facts, what Allcue reads of FHIR, the coverage of the sources, and the catalogue that the tests pin.

Run ``python -m docs.generate`` after changing vocabulary or content; a test fails while the committed pages differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from click import unstyle

from docs import exchange_pages, reads
from service.book.pages import coverage_lines
from service.commands.coverage import survey_folder
from service.commands.coverage_report import as_text
from service.content import read_content, read_terminology
from service.facts.registry import REGISTRY
from service.facts.sources import Sources
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import FactType
from service.population.synthesis.frequencies import frequencies
from service.rules.checks import catalogue
from service.watch.catalogue import METRICS, Kind

_EXAMPLES_DAY = date(2026, 3, 2)  # the day after the last result of the examples
_SHOWN_FACTS = {"lineage", "ph_status", "cd19", "wbc_current"}
_SHOWN_ROWS = 4
ROOT = Path(__file__).resolve().parents[1]
_MADE = "<!-- Made by `python -m docs.generate`; change the vocabulary or the content instead. -->\n"


# Every generated file by its path in the repository, and the hand-written page with a generated part.
PAGES: Mapping[str, Callable[[], str]] = {
    "docs/facts.md": lambda: _page(_facts(Sources(VOCABULARY, REGISTRY, read_terminology()))),
    f"docs/{reads.PAGE}": lambda: _page(reads.page(read_terminology())),
    f"docs/{exchange_pages.ATTRIBUTES}": lambda: _page(exchange_pages.attributes()),
    f"docs/{exchange_pages.SERVER}": lambda: _page(exchange_pages.server()),
    "docs/coverage.md": lambda: _page(coverage_lines(read_content())),
    "docs/integration.md": lambda: _with_report((ROOT / "docs" / "integration.md").read_text(encoding="utf-8")),
    "docs/watching.md": lambda: _with_metrics((ROOT / "docs" / "watching.md").read_text(encoding="utf-8")),
    "docs/synthetic-cohort.md": lambda: _with_frequencies((ROOT / "docs" / "synthetic-cohort.md").read_text("utf-8")),
    "tests/data/catalogue.json": lambda: json.dumps(catalogue(read_content()), indent=1, ensure_ascii=False) + "\n",
}


@cache
def page(path: str) -> str:
    """The text of one generated file, made when first asked for."""
    return PAGES[path]()


def _page(lines: Iterable[str]) -> str:
    return _MADE + "\n".join(lines) + "\n"


def _with_report(page: str) -> str:
    """The page with the report over the example patients, shortened."""
    before, start, rest = page.partition("<!-- report -->\n")
    _, end, after = rest.partition("<!-- end of report -->\n")
    report = survey_folder(ROOT / "fhir_examples", _EXAMPLES_DAY)
    return f"{before}{start}```text\n{_shortened(unstyle(as_text(report)))}\n```\n{end}{after}"


def _with_metrics(page: str) -> str:
    """The page with a table of the metrics of each group."""
    before, start, rest = page.partition("<!-- metrics -->\n")
    _, end, after = rest.partition("<!-- end of metrics -->\n")
    lines: list[str] = []
    for group in dict.fromkeys(metric.group for metric in METRICS):
        lines += [f"### {group}\n", "| metric | kind | what it tells | labels |", "|---|---|---|---|"]
        for metric in METRICS:
            if metric.group == group:
                kind = "gauge" if metric.kind is Kind.TOLD else str(metric.kind)
                labels = "; ".join(f"`{name}`: {meaning}" for name, meaning in metric.labels.items())
                lines.append(f"| `{metric.name}` | {kind} | {metric.meaning} | {labels} |")
        lines.append("")
    page = f"{before}{start}\n" + "\n".join(lines) + f"\n{end}{after}"
    before, start, rest = page.partition("<!-- alerts -->\n")
    _, end, after = rest.partition("<!-- end of alerts -->\n")
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    rows = ["| alert | severity | |", "|---|---|---|"]
    for rule in (rule for group in groups for rule in group["rules"]):
        told, place = rule["annotations"], rule["annotations"]["runbook_url"].removeprefix("docs/")
        rows.append(f"| [{rule['alert']}]({place}) | {rule['labels']['severity']} | {told['summary']} |")
    return f"{before}{start}\n" + "\n".join(rows) + f"\n\n{end}{after}"


def _with_frequencies(page: str) -> str:
    """The page with what synthetic cohorts are drawn from."""
    before, start, rest = page.partition("<!-- frequencies -->\n")
    _, end, after = rest.partition("<!-- end of frequencies -->\n")
    lines = ["| frequency | how many of | have | group | share | source |", "|---|---|---|---|---|---|"]
    for row in frequencies().values():
        for group, share in row.shares.items():
            source = f"assumed: {share.assumed}" if share.assumed else f"{share.source}, {share.at}: {share.printed}"
            lines.append(f"| `{row.id}` | {row.of} | {row.what} | {group} | {share.value:g} | {source} |")
    return f"{before}{start}\n" + "\n".join(lines) + f"\n\n{end}{after}"


def _shortened(report: str) -> str:
    """The first rows of each part, and of the facts found a few."""
    parts = []
    for part in report.split("\n\n"):
        head, *lines = part.split("\n")
        rows: list[list[str]] = []
        for line in lines:  # a row goes on in lines that are indented more
            if rows and line.startswith("   "):
                rows[-1].append(line)
            else:
                rows.append([line])
        shown = rows[:_SHOWN_ROWS]
        if head == "Facts found":
            shown = [rows[0], *(row for row in rows if row[0].split()[0] in _SHOWN_FACTS)]
        parts.append("\n".join([head, *(line for row in shown for line in row), *(["  ..."] if shown != rows else [])]))
    return "\n\n".join(parts)


def _facts(sources: Sources) -> Iterator[str]:
    yield "# Facts\n"
    yield "Every fact that rules may name, and that a caller may state by name (`allcue evaluate`). Missing data is never a no: a fact is"
    yield f"a value or unknown with its reason. What a site must send for them is in [what Allcue reads]({reads.PAGE})."
    groups: dict[str, list[FactType]] = {}
    for kind in VOCABULARY:
        groups.setdefault(kind.group, []).append(kind)
    for group, kinds in groups.items():
        yield f"\n## {group.capitalize()}\n"
        yield "| fact | meaning | values | read or derived from | codes | ages after |"
        yield "|---|---|---|---|---|---|"
        for kind in kinds:
            stale = f"{kind.stale_after_days} days" if kind.stale_after_days else ""
            cells = (
                f"`{kind.name}`{_aliases(kind)}",
                kind.label,
                _values(kind),
                _origin(kind, sources),
                _concepts(kind, sources),
                stale,
            )
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _aliases(kind: FactType) -> str:
    return f" (also {', '.join(f'`{a}`' for a in kind.aliases)})" if kind.aliases else ""


def _values(kind: FactType) -> str:
    text = kind.describe_values()
    return text if len(text) <= 160 else text[:157].rsplit(",", 1)[0] + ", ..."


def _origin(kind: FactType, sources: Sources) -> str:
    if kind.judgement:
        return "the clinician's judgement: asked, never derived"
    asked = sources.of(kind.name).asked
    text = f"{kind.read_from}: {asked}" if asked else kind.read_from
    return text + (f'; "no" means {kind.no_means}' if kind.no_means else "")


def _concepts(kind: FactType, sources: Sources) -> str:
    """Links to the concepts whose codes answer a fact; all drugs in one."""
    links = {
        reads.anchor(group): "drugs" if reads.anchor(group) == "drugs" else sources.terminology.title(group)
        for group in sources.of(kind.name).groups
    }
    return ", ".join(f"[{title}]({reads.PAGE}#{place})" for place, title in links.items())


def main() -> None:
    """Write every page that differs."""
    for path in PAGES:
        target, text = ROOT / path, page(path)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
