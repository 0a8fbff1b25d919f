"""The report over a feed: as text of 100 columns, as JSON, as a table of one line per fact."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import click

from service.advice.explain import PAGE, clean, shortened, what_to_send
from service.advice.words import WHY
from service.cells import inert
from service.commands.explain_text import WIDTH
from service.commands.survey import NOT_READ, Found, Survey, Unrecognised, types_never_seen
from service.facts.model import Reason
from service.facts.sources import system_name
from service.facts.vocabulary.asked import FROM_THE_CALL
from service.facts.vocabulary.base import FactType

_MOST_SHOWN = 12  # codes of one type, and files, that the text shows; the JSON has all
_NAME, _DISPLAY = 30, 44
_NOT_THERE = frozenset({"record-empty", "not-provided"})  # what "never found" says already


@dataclass(frozen=True, slots=True)
class Report:
    """What was counted. ``rules``: how many rules rest on each fact; ``unreadable``: files with why."""

    folder: str
    as_of: date
    survey: Survey
    rules: Mapping[str, int]
    unreadable: tuple[tuple[str, str], ...]

    def kind(self, name: str) -> FactType:
        return self.survey.sources.vocabulary.lookup(name)

    def lacks(self) -> list[tuple[list[str], str, int]]:
        """Facts never found that a resource could give, with what to send and how many rules rest on them; those that the
        same would answer together, what most rules rest on first.
        """
        together: dict[str, list[str]] = {}
        for name in self.survey.never_found():
            if self.survey.sources.of(name).can_be_sent:
                together.setdefault(what_to_send(name, self.survey.sources), []).append(name)
        rows = [(names, send, max(self.rules[name] for name in names)) for send, names in together.items()]
        return sorted(rows, key=lambda row: -row[2])

    def lacking_derived(self) -> list[str]:
        """Facts never found that only follow from others; not those that follow from an order, which no record holds."""
        sources = self.survey.sources
        return [
            name
            for name in self.survey.never_found()
            if not sources.of(name).can_be_sent and not FROM_THE_CALL.keys() & set(sources.of(name).follows_from)
        ]

    def codes(self) -> list[tuple[tuple[str, str, str], Unrecognised]]:
        """Codes no reader knows, by type, the most frequent first."""
        return sorted(self.survey.codes.items(), key=lambda item: (item[0][0], -item[1].resources, item[0]))


def percent(part: int, whole: int) -> str:
    """A share, without rounding something to nothing or almost all to all.

    >>> percent(1, 1000), percent(999, 1000), percent(1, 3)
    ('<1 %', '>99 %', '33 %')
    """
    if not whole:
        return "-"
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    return ">99 %" if 99 < share < 100 else f"{share:.0f} %"


def as_text(report: Report) -> str:
    """The report for people."""
    return "\n".join(
        line.rstrip()
        for part in (_head, _found, _lacking, _types, _codes, _aside, _unreadable)
        for line in part(report)
    )


def _head(report: Report) -> Iterator[str]:
    survey, said = report.survey, report.survey.leukemia
    yield click.style(f"{report.folder}: {_patients(survey.patients)} as of {report.as_of}", bold=True)
    if survey.patients:
        parts = [
            (said["recognised"], "with a leukemia or lymphoma that Allcue speaks of"),
            (said["none"], "without one"), (said["cannot tell"], "where that cannot be told"),
        ]  # fmt: skip
        yield from _wrap(f"{'; '.join(f'{n} {text}' for n, text in parts if n)}.")
        yield from _wrap("Results older than a fact allows count as unknown: with old data, give the day as --as-of.")


def _patients(count: int) -> str:
    return f"{count} patient{'' if count == 1 else 's'}"


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield click.style(text, bold=True)


def _found(report: Report) -> Iterator[str]:
    survey = report.survey
    if not survey.patients:
        return
    groups: dict[str, list[str]] = {}
    for name, found in survey.facts.items():
        if found.known:
            groups.setdefault(report.kind(name).group, []).append(name)
    yield from _heading("Facts found")
    yield f"  {'':<{_NAME}} {'patients':>12} {'text only':>10}  read from"
    for group, names in groups.items():
        yield f"  {click.style(group, underline=True)}"
        for name in names:
            yield from _row(name, survey.facts[name], survey.patients)
    yield from _wrap("text only: of those found, the share that was read from free text, without a code.")


def _row(name: str, found: Found, patients: int) -> Iterator[str]:
    text = percent(found.text_only, found.known) if found.text_only else ""
    shown = f"{name:<{_NAME}}" if len(name) <= _NAME else f"{name}\n  {'':<{_NAME}}"
    yield from _hanging(f"  {shown} {found.known:>5} {percent(found.known, patients):>6} {text:>10}  ", _origin(found))
    if found.unknown:
        yield from _hanging(" " * 6, f"unknown: {_reasons(found.unknown)}")


def _origin(found: Found) -> str:
    types = ", ".join(kind for kind, _ in found.types.most_common()) or "other facts, complete lists"
    systems = ", ".join(system for system, _ in found.systems.most_common())
    return f"{types} ({systems})" if systems else types


def _reasons(unknown: Counter[str]) -> str:
    return ", ".join(f"{WHY[reason]} {count}" for reason, count in unknown.most_common())


def _lacking(report: Report) -> Iterator[str]:
    if not report.survey.patients:
        return
    rows = report.lacks()
    yield from _heading("What this feed lacks: facts that no patient had, and what to send")
    for names, send, rules in rows:
        if rules:
            used = f"{rules} rule{'s' if rules > 1 else ''}"
            met = _reasons(
                Counter({r: n for r, n in report.survey.facts[names[0]].unknown.items() if r not in _NOT_THERE})
            )
            yield from _hanging("  ", f"{_listed(names, 6)} ({used}{f'; {met}' if met else ''})", 4)
            yield from _hanging("      ", send)
    if not any(rules for _, _, rules in rows):
        yield "  Nothing that a rule in force rests on."
    unused = [name for names, _, rules in rows if not rules for name in names]
    if unused:
        yield from _wrap(f"No rule rests on these, never found either: {_listed(_by_type(unused))}.")
    derived = report.lacking_derived()
    if derived:
        yield from _wrap(f"These follow from others and were never found: {_listed(_by_type(derived))}.")
    yield from _wrap(f"All codes: {PAGE}.")


def _by_type(names: Iterable[str]) -> list[str]:
    """Names, the kinds of a parameterised fact counted together."""
    counted = Counter(name.partition("(")[0] + ("()" if "(" in name else "") for name in names)
    return [f"{name[:-2]} ({count} kinds)" if name.endswith("()") else name for name, count in counted.items()]


def _listed(names: list[str], most: int = 10_000) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _types(report: Report) -> Iterator[str]:
    survey = report.survey
    if not survey.patients:
        return
    yield from _heading("Resource types")
    for kind, count in survey.resources.most_common():
        yield f"  {kind:<{_NAME}} {survey.patients_with[kind]:>6} {percent(survey.patients_with[kind], survey.patients):>6} {count:>8} resources"
    never = types_never_seen(survey)
    if never:
        yield from _wrap(f"never seen: {', '.join(never)}")
    not_read = Counter({kind: n for (kind, reason), n in survey.set_aside.items() if reason == NOT_READ})
    if not_read:
        yield from _wrap(f"not read: {', '.join(f'{kind} {n}' for kind, n in not_read.most_common())}")


def _codes(report: Report) -> Iterator[str]:
    survey, rows = report.survey, report.codes()
    if rows:
        yield from _heading("Codes that no reader knows")
        yield from _wrap(
            "What was read by its name had better come with a known code: names are many. What was not read may have "
            "nothing to do with leukemia."
        )
    by_type: dict[str, list[tuple[tuple[str, str, str], Unrecognised]]] = {}
    for row in rows:
        by_type.setdefault(row[0][0], []).append(row)
    for kind, own in by_type.items():
        yield f"  {click.style(kind, underline=True)}"
        for (_, system, code), seen in own[:_MOST_SHOWN]:
            read = f"read by its name as {', '.join(sorted(seen.by_name))}" if seen.by_name else "not read"
            name = f"{system_name(system) or '(no system)'} {code}"
            text = f"{shortened(name, _DISPLAY)} {shortened(seen.display, _DISPLAY)}".rstrip()
            yield from _hanging("    ", f"{text}: {seen.resources} in {_patients(seen.patients)}, {read}", 4)
        if len(own) > _MOST_SHOWN:
            yield f"    and {len(own) - _MOST_SHOWN} more (--json has all)"
    if survey.further_codes:
        yield f"  and {survey.further_codes} resources with still other codes"
    if survey.without_code:
        counts = ", ".join(f"{kind} {n}" for kind, n in survey.without_code.most_common())
        yield from _wrap(f"without any code, read by their words where these say enough: {counts}")


def _aside(report: Report) -> Iterator[str]:
    rows = [(key, n) for key, n in report.survey.set_aside.most_common() if key[1] != NOT_READ]
    if rows:
        yield from _heading("Resources set aside")
    for (kind, reason), count in rows:
        yield from _hanging("  ", f"{kind}: {clean(reason)}: {count}", 4)


def _unreadable(report: Report) -> Iterator[str]:
    if report.unreadable:
        yield from _heading(f"Files that could not be read: {len(report.unreadable)}")
    for name, reason in report.unreadable[:_MOST_SHOWN]:
        yield from _hanging("  ", f"{clean(name)}: {clean(reason)}", 4)
    if len(report.unreadable) > _MOST_SHOWN:
        yield f"  and {len(report.unreadable) - _MOST_SHOWN} more (--json has all)"


def _wrap(text: str) -> Iterator[str]:
    yield from _hanging("  ", text, 2)


def _hanging(start: str, text: str, indent: int | None = None) -> Iterator[str]:
    """A text after a start of its own, wrapped below where it began (or at an indent)."""
    first, newline, last = start.rpartition("\n")
    if newline:
        yield first
    below = " " * (len(last) if indent is None else indent)
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=last, subsequent_indent=below, break_on_hyphens=False, break_long_words=False
    ) or [last]


def as_json(report: Report) -> str:
    """The report for machines; the keys are described in docs/integration.md."""
    survey = report.survey
    answer: dict[str, Any] = {
        "folder": report.folder,
        "as_of": report.as_of.isoformat(),
        "patients": survey.patients,
        "leukemia": {key.replace(" ", "_"): survey.leukemia[key] for key in ("recognised", "none", "cannot tell")},
        "facts": {name: _fact_json(name, found, report) for name, found in survey.facts.items()},
        "lacks": [{"facts": names, "rules": rules, "send": send} for names, send, rules in report.lacks()],
        "resources": {
            kind: {"patients": survey.patients_with[kind], "resources": n} for kind, n in survey.resources.most_common()
        },
        "types_never_seen": types_never_seen(survey),
        "codes_not_recognised": [
            {"type": kind, "system": system, "code": code, "display": seen.display or None, "resources": seen.resources,
             "patients": seen.patients, "read_by_name_as": sorted(seen.by_name)}
            for (kind, system, code), seen in report.codes()
        ],
        "resources_with_further_codes": survey.further_codes,
        "without_code": dict(survey.without_code.most_common()),
        "set_aside": [
            {"type": kind, "reason": reason, "resources": n} for (kind, reason), n in survey.set_aside.most_common()
        ],
        "unreadable": [{"file": name, "reason": reason} for name, reason in report.unreadable],
    }  # fmt: skip
    return json.dumps(answer, ensure_ascii=False, indent=1)


def _fact_json(name: str, found: Found, report: Report) -> dict[str, Any]:
    return {
        "group": report.kind(name).group,
        "found": found.known,
        "unknown": dict(found.unknown.most_common()),
        "text_only": found.text_only,
        "inferred": found.inferred,
        "resources": dict(found.types.most_common()),
        "systems": dict(found.systems.most_common()),
        "rules": report.rules[name],
        "asked": report.survey.sources.of(name).asked,
    }


def as_csv(report: Report) -> str:
    """One line per fact; the reasons for unknown are columns."""
    reasons = [str(reason) for reason in Reason]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(
        ["fact", "group", "patients", "found", "percent", "text_only", "inferred", *(f"unknown_{r}" for r in reasons),
         "resources", "systems", "rules", "send"]
    )  # fmt: skip
    for name, found in report.survey.facts.items():
        whole = report.survey.patients
        asked = report.survey.sources.of(name).asked
        table.writerow(
            [name, report.kind(name).group, whole, found.known, f"{100 * found.known / whole:.1f}" if whole else "",
             found.text_only, found.inferred, *(found.unknown[r] for r in reasons), " ".join(found.types),
             "; ".join(map(inert, found.systems)), report.rules[name],
             f"asked: {asked}" if asked else what_to_send(name, report.survey.sources)]
        )  # fmt: skip
    return out.getvalue().rstrip("\n")
