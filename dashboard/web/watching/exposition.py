"""Readings in the words of Prometheus. Its library is loaded at the first scrape: a process nobody scrapes has none."""

from collections import defaultdict
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.exposition import choose_encoder

from dashboard.web.latency import BOUNDS, latencies
from dashboard.web.watching.readings import Reading
from dashboard.web.watching.table import METRICS, Metric, Type


class Readings:
    """A collector for one scrape."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._by_name: defaultdict[str, list[tuple[tuple[str, ...], float]]] = defaultdict(list)
        for name, labels, value in readings:
            self._by_name[name].append((labels, value))

    def collect(self) -> Iterable[Family]:
        for metric in METRICS:
            if metric.type is Type.HISTOGRAM:
                yield _histogram(metric)
            elif metric.name in self._by_name:
                yield self._plain(metric)

    def _plain(self, metric: Metric) -> Family:
        kind = CounterMetricFamily if metric.type is Type.COUNTER else GaugeMetricFamily
        family = kind(metric.full_name, metric.words, labels=metric.labels)
        for labels, value in self._by_name[metric.name]:
            family.add_metric(labels, value)
        return family


def _histogram(metric: Metric) -> Family:
    family = HistogramMetricFamily(metric.full_name, metric.words, labels=metric.labels)
    bounds = [*map(str, BOUNDS), "+Inf"]
    for label, counts, seconds in latencies.read():
        family.add_metric(label, list(zip(bounds, counts, strict=True)), seconds)
    return family


def written(readings: Iterable[Reading], accept: str) -> tuple[bytes, str]:
    """The body and its type, in the format that `accept` asks for."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(Readings(readings))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
