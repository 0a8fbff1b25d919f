"""``allcue validate``: what fhir.resources finds wrong with FHIR files, and which resources Allcue sets aside."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

import click

from service.advice.words import one_line
from service.bundles import Unreadable, invocation_of
from service.commands.inputs import parsed
from service.content import read_terminology
from service.record.build import build_record
from service.record.model import SetAside
from service.validation import Validation, validate
from service.wiring import coverage_of


def run(files: tuple[str, ...], as_of: date | None, *, as_json: bool) -> int:
    """Run the command; 1 if anything was found, 2 if a file could not be read."""
    worst = 0
    for name in files:
        try:
            raw = parsed(name)
            if not isinstance(raw, dict):
                raise Unreadable("is no JSON object. Allowed: FHIR resources, prefetch objects, CDS Hooks requests.")
        except Unreadable as problem:
            click.echo(f"{name}: {problem}", err=True)
            worst = 2
            continue
        found, aside = validate(raw), _set_aside(raw, as_of)
        worst = max(worst, 1 if found.findings else 0)
        if as_json:
            click.echo(json.dumps(_as_json(name, found, aside)))
        else:
            _show(name, found, aside)
    return worst


def _set_aside(raw: Any, as_of: date | None) -> tuple[SetAside, ...] | None:
    """What Allcue does not use; None where there is no patient to read."""
    try:
        invocation = invocation_of(raw, as_of)
    except Unreadable:
        return None
    rows = (
        (url, resource)
        for found in invocation.prefetched.values()
        for url, resource in zip(found.full_urls or (None,) * len(found.resources), found.resources, strict=False)
    )
    return build_record(
        rows,
        patient_id=str(invocation.context["patientId"]),
        coverage=coverage_of(invocation.service, invocation.prefetched),
        as_of=as_of or invocation.received_at.date(),
        terminology=read_terminology(),
    ).set_aside


def _as_json(name: str, found: Validation, aside: tuple[SetAside, ...] | None) -> dict[str, Any]:
    rows = None if aside is None else [{"resource": row.reference, "reason": row.reason} for row in aside]
    return {
        "file": name,
        "checked": found.checked,
        "findings": [asdict(row) for row in found.findings],
        "set_aside": rows,
    }


def _show(name: str, found: Validation, aside: tuple[SetAside, ...] | None) -> None:
    click.echo(click.style(f"{name}: {found.checked} checked, {len(found.findings)} findings", bold=True))
    for row in found.findings:
        place = f" at {row.where}" if row.where else ""
        element = f".{row.element}" if row.element else ""
        click.echo(one_line(f"  {row.resource}{element}: {row.problem}{f' ({row.note})' if row.note else ''}{place}"))
    for one in aside or ():
        click.echo(click.style(f"  set aside: {one_line(one.reference)}: {one.reason}", dim=True))
    if aside is None:
        click.echo(click.style("  holds no patient that Allcue can read; only the FHIR was checked", dim=True))
