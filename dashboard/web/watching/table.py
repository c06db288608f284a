"""Every metric: its name, its type, its labels and what it says. The documentation is written from this table, and the
alert rules and the Grafana dashboard are held to it.
"""

from dataclasses import dataclass
from enum import Enum

PREFIX = "ona_dashboard_"


class Type(Enum):
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """`name` is without PREFIX; a counter is read under its name with `_total`."""

    name: str
    words: str
    labels: tuple[str, ...] = ()
    type: Type = Type.GAUGE

    @property
    def full_name(self) -> str:
        return PREFIX + self.name

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which Prometheus keeps it."""
        if self.type is Type.COUNTER:
            return (f"{self.full_name}_total",)
        if self.type is Type.HISTOGRAM:
            return tuple(f"{self.full_name}_{part}" for part in ("bucket", "count", "sum"))
        return (self.full_name,)


METRICS = (
    Metric("info", "1, with the version that runs", ("version",)),
    Metric(
        "up", "1 when the part answers, 0 when it does not: then its other metrics are missing", ("part",)
    ),
    # From Redis
    Metric("sweep_success_timestamp_seconds", "when the newest poll that succeeded ended", ("sweep",)),
    Metric("sweep_interval_seconds", "how often such a poll is due", ("sweep",)),
    Metric("sweep_seconds", "how long the last poll took", ("sweep",)),
    Metric("sweep_requests", "how many requests the last poll sent", ("sweep",)),
    Metric("sweep_changed_rows", "how many rows the last poll changed", ("sweep",)),
    Metric("sweep_skipped_items", "how many items the last poll could not read", ("sweep",)),
    Metric("sweep_pages_read_twice", "how many pages came in a form that is slow to read", ("sweep",)),
    Metric("sweep_failed", "1 when the last poll failed", ("sweep",)),
    Metric("clock_ahead_seconds", "by how much the API's clock is ahead of this machine's"),
    Metric("events_listening", "1 while events of the API are listened to"),
    Metric("api_requests_per_second", "how fast the API is asked at the moment"),
    Metric("api_requests_per_second_set", "how fast it may be asked: `ONA_REQUESTS_PER_SECOND`"),
    Metric("api_wait_seconds", "how long a request waits for its turn"),
    Metric("api_requests", "requests to the API, of all workers", type=Type.COUNTER),
    Metric("api_rate_limited", "answers 429 of the API", type=Type.COUNTER),
    Metric("api_errors", "requests that failed, by type of error", ("type",), Type.COUNTER),
    Metric("queue_jobs", "jobs that wait for a worker", ("queue",)),
    Metric("queue_oldest_seconds", "how long the oldest of them has waited", ("queue",)),
    # From the database
    Metric("actions_open", "actions under way, by state", ("state",)),
    Metric("actions_oldest_seconds", "age of the oldest action in such a state", ("state",)),
    Metric("actions_ended", "actions asked for within the last hour that have ended, by outcome", ("state",)),
    Metric(
        "action_confirm_seconds",
        "from click to confirmation, of actions asked for within the last hour (quantile 1: the slowest)",
        ("quantile",),
    ),
    Metric("policy_stops", "stops asked for by idle policies within the last day, by state", ("state",)),
    Metric("policies", "idle policies, by state", ("state",)),
    # Of the process that answers
    Metric("rows", "rows in this process's copy of the fleet", ("kind",)),
    Metric("environments", "environments by phase, without archived ones", ("phase",)),
    Metric("snapshot_version", "version of this process's copy of the fleet"),
    Metric("snapshot_current", "1 while this process can bring its copy up to date"),
    Metric(
        "http_request_seconds",
        "time to answer, in this process, by name of the address",
        ("route", "part", "status"),
        Type.HISTOGRAM,
    ),
)


HEAD = """# Metrics

`/metrics` answers whoever sends `METRICS_TOKEN` as a bearer token; without that setting, a process of the same
machine whose request no proxy passed on. Every scrape asks Redis three questions and the database five, whatever the
fleet's size. Nobody's name, no environment and no text of the API is a label.
[Alert rules](../../deploy/prometheus/alerts.yml), which lead into the [runbook](runbook.md), and a
[Grafana dashboard](../../deploy/grafana/dashboard.json) use these names.

    scrape_configs:
      - job_name: ona-dashboard
        authorization: {credentials_file: /etc/prometheus/ona-dashboard-token}
        static_configs: [{targets: ["dashboard.example.com"]}]

What Redis and the database say is the same whichever web node is asked; copy, latencies and `process_…` are of the
process that answers. So scrape each web node, and run one web process on each (`--workers 1`, as everywhere here).
Times are seconds.

"""


def markdown() -> str:
    """The page of the documentation."""
    lines = [HEAD + "| metric | type | labels | what it says |", "|---|---|---|---|"]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        name = metric.series[0] if metric.type is Type.COUNTER else metric.full_name
        lines.append(f"| `{name}` | {metric.type.value} | {labels} | {metric.words} |")
    return "\n".join(lines) + "\n"
