"""What /metrics tells, read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples_in(text: str) -> Samples:
    """Every sample of an exposition by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def text_of(app: Flask) -> str:
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200, answer.text
    return answer.text


def metrics_of(app: Flask) -> Samples:
    return samples_in(text_of(app))


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of all samples of a name that have these labels."""
    wanted: Mapping[str, Any] = labels
    return sum(
        value for (found, told), value in samples.items() if found == name and wanted.items() <= dict(told).items()
    )
