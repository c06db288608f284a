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
from prometheus_client.registry import Collector

from dashboard.web import organisations
from dashboard.web.latency import BOUNDS, latencies
from dashboard.web.watching.readings import Reading
from dashboard.web.watching.table import METRICS, Metric, Type


class Readings(Collector):
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


class Labelled(Collector):
    """A collector whose every sample says which organisation it is of."""

    def __init__(self, collector: Collector, organisation: str) -> None:
        self._collector, self._label = collector, {"organisation": organisation}

    def collect(self) -> Iterable[Family]:
        for family in self._collector.collect():
            family.samples = [one._replace(labels=self._label | one.labels) for one in family.samples]
            yield family


def written(readings: Iterable[Reading], accept: str) -> tuple[bytes, str]:
    """The body and its type, in the format that `accept` asks for."""
    registry = CollectorRegistry(auto_describe=False)
    whose = organisations.here().slug
    for collector in (ProcessCollector(registry=None), Readings(readings)):
        registry.register(Labelled(collector, whose) if whose else collector)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
