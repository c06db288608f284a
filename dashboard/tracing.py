"""Spans for OpenTelemetry and reports for Sentry: both off until their setting is there, both extras.

Spans are our own few: a request, a job, a call to the API. What they carry is said here, so that nothing else leaves
the process: no query, no body, no header, no name. The libraries are loaded only when their setting is there.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from dashboard import trail
from dashboard.config.base import ConfigurationError
from dashboard.log_lines import Cutter

logger = logging.getLogger(__name__)
Attributes = Mapping[str, str | int | float]
_tracer: Any = None


@contextmanager
def span(name: str, attributes: Attributes) -> Iterator[Callable[[str, str | int], None]]:
    """What is done inside takes a span of this name; gives the way to add to its attributes."""
    if _tracer is None:
        yield _nothing
        return
    with _tracer.start_as_current_span(name, attributes=dict(attributes), record_exception=False) as made:
        if trail.current():
            made.set_attribute("ona.trail", trail.current())
        yield made.set_attribute


def _nothing(_name: str, _value: str | int) -> None:
    """No span, no attribute."""


def trace_to(endpoint: str, processor: Any = None) -> None:
    """Send spans to an OTLP collector (`http://collector:4318`); a `processor` of one's own goes instead."""
    global _tracer  # noqa: PLW0603 - one tracer a process
    if not _is_installed("opentelemetry.sdk"):
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry; install the extra otel to set it."
        )
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from dashboard.tracing_ids import TrailIds

    if processor is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        processor = BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=5))
    provider = TracerProvider(resource=Resource({"service.name": "ona-dashboard"}), id_generator=TrailIds())
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("ona-dashboard")


def stop_tracing() -> None:
    global _tracer  # noqa: PLW0603
    _tracer = None


def report_to(dsn: str, cut: Cutter, release: str, **options: Any) -> None:
    """Send errors to Sentry: traceback and log line, cut as log lines are; nothing of the request but its id."""
    if not _is_installed("sentry_sdk"):
        raise ConfigurationError("SENTRY_DSN needs sentry-sdk; install the extra sentry to set it.")
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration

    def cleaned(event: Any, _hint: Any) -> Any:
        for part in ("request", "user", "extra", "server_name", "modules"):
            event.pop(part, None)
        event.setdefault("tags", {})["trail"] = trail.current()
        return _cut_all(event, cut)

    sentry_sdk.init(
        dsn=dsn,
        release=release,
        integrations=[DjangoIntegration(middleware_spans=False, signals_spans=False), CeleryIntegration()],
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=20,
        before_send=cleaned,
        before_breadcrumb=lambda crumb, _: _cut_all(crumb, cut) if crumb.get("category") != "query" else None,
        **options,
    )


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def _cut_all(value: Any, cut: Cutter) -> Any:
    """Every text inside, cut."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, dict):
        return {key: _cut_all(one, cut) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cut_all(one, cut) for one in value]
    return value
