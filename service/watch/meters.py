"""The counters themselves: those of prometheus-client, made from the catalogue.

Where several processes serve, each writes files of its own in the folder that PROMETHEUS_MULTIPROC_DIR names, and
whichever is asked reads them all (prometheus-client, "Multiprocess Mode"). The library looks at that variable when it
is imported: so it is imported here, late.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.watch.catalogue import METRICS, Kind, Metric
from service.watch.folder import FOLDER, shared

Told = Callable[[], Iterable[tuple[Metric, tuple[str, ...], float]]]
_FROM_THE_START = (Kind.COUNTER, Kind.HISTOGRAM)
_PID = "pid"  # the label that gauges of several processes get by themselves


class Meters:
    """Counts, and tells all that was counted. Not for requests: a count costs some microseconds, more with its first labels."""

    def __init__(self) -> None:
        self._folder = os.environ.get(FOLDER)
        self._registry = CollectorRegistry()
        # Not the gauges: a process that only makes others would tell them as 0.
        self._made = {metric: self._make(metric) for metric in METRICS if metric.kind in _FROM_THE_START}
        self._with: dict[tuple[str, tuple[str, ...]], Any] = {}
        for metric in METRICS:
            for value in metric.known:
                self.of(metric, (value,))

    def _make(self, metric: Metric) -> Any:
        labels = [name for name in metric.labels if name != _PID]
        if metric.kind is Kind.COUNTER:
            return Counter(metric.name, metric.meaning, labels, registry=self._registry)
        if metric.kind is Kind.HISTOGRAM:
            return Histogram(metric.name, metric.meaning, labels, buckets=metric.buckets, registry=self._registry)
        mode: Any = metric.mode
        return Gauge(metric.name, metric.meaning, labels, registry=self._registry, multiprocess_mode=mode)

    def of(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        """The counter, gauge or histogram of these labels."""
        key = (metric.name, labels)
        found = self._with.get(key)
        if found is None:
            if metric not in self._made:
                self._made[metric] = self._make(metric)
            made = self._made[metric]
            found = self._with[key] = made.labels(*labels) if labels else made
        return found

    def exposed(self, accept: str, told: Told) -> tuple[bytes, str]:
        """All that was counted by all processes, and what is ``told`` now, as text with its content type."""
        asked = CollectorRegistry(auto_describe=False)
        if self._folder:
            MultiProcessCollector(asked, self._folder)  # type: ignore[no-untyped-call]
        else:
            asked.register(_Of(self._registry.collect))
        asked.register(_Of(lambda: _families(told())))
        encode, content_type = choose_encoder(accept)
        if not self._folder:
            return encode(asked), content_type
        with shared(Path(self._folder)):
            return encode(asked), content_type


class _Of(Collector):
    def __init__(self, collect: Callable[[], Iterable[Any]]):
        self._collect = collect

    def collect(self) -> Iterable[Any]:
        return self._collect()


def _families(told: Iterable[tuple[Metric, tuple[str, ...], float]]) -> Iterable[Any]:
    found: dict[str, GaugeMetricFamily] = {}
    for metric, labels, value in told:
        family = found.setdefault(
            metric.name, GaugeMetricFamily(metric.name, metric.meaning, labels=list(metric.labels))
        )
        family.add_metric(list(labels), value)
    return found.values()
