"""`manage.py poll`: one full sync, now, and what it saw."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.config.base import read
from dashboard.fleet.budget import Budget, Lead
from dashboard.fleet.entities import Kind
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Store, StoreError, Sweep, connect, namespace_of
from dashboard.fleet.sync import Sync
from dashboard.management.target import NoTarget, api_target
from dashboard.ona import Ona
from dashboard.stack import parts
from dashboard.stack.child import Spec

COUNTED = {
    "environments": Kind.ENVIRONMENT,
    "services": Kind.SERVICE,
    "tasks": Kind.TASK,
    "executions": Kind.EXECUTION,
    "classes": Kind.CLASS,
}
VALKEY_SECONDS = 10.0


class Command(BaseCommand):
    help = "Reads the whole fleet once into Redis and prints what it saw; exit code 1 when that failed."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            base_url, api_key = api_target()
        except NoTarget as trouble:
            raise CommandError(str(trouble)) from None
        with _redis_url() as url:
            try:
                sweep, version = _poll(base_url, api_key, url)
            except StoreError as error:
                raise CommandError(f"Redis cannot be used ({error}); check REDIS_URL.") from error
        if sweep.error:
            raise CommandError(f"{base_url}: {sweep.error}")
        self.stdout.write(json.dumps(_report(sweep, version)) if options["json"] else _words(sweep))


@contextmanager
def _redis_url() -> Iterator[str]:
    """The configured Redis; where none is set and none runs, a private one for as long as this takes."""
    try:
        connect(settings.REDIS_URL).ping()
    except StoreError:
        if read("REDIS_URL"):
            raise CommandError("Redis does not answer; check REDIS_URL.") from None
    else:
        yield settings.REDIS_URL
        return
    with tempfile.TemporaryDirectory(prefix="ona-poll-") as folder:
        path = Path(folder) / "valkey.sock"
        spec = parts.valkey(path, Path(folder))
        with Popen(spec.argv, stdout=DEVNULL, stderr=DEVNULL) as process:  # noqa: S603 - our own command line
            try:
                _wait_for(spec, process)
                yield f"unix://{path}"
            finally:
                process.kill()


def _wait_for(spec: Spec, process: "Popen[bytes]") -> None:
    end = time.monotonic() + VALKEY_SECONDS
    while not spec.ready(""):
        if process.poll() is not None or time.monotonic() > end:
            raise CommandError("A private Valkey could not be started; set REDIS_URL to one that runs.")
        time.sleep(0.02)


def _poll(base_url: str, api_key: str, redis_url: str) -> tuple[Sweep, int]:
    redis = connect(redis_url)
    name = namespace_of(redis, base_url, api_key)
    store, rate = Store(redis, name), settings.ONA_REQUESTS_PER_SECOND
    budget = Budget(connect(redis_url), name, rate, Lead.SOON)
    with Ona.open(base_url, api_key, pace=budget) as ona:
        sync = Sync(ona, store, Snapshot(store, time.monotonic), time.time, kept=settings.EXECUTIONS_KEPT)
        sweep = sync.full(whole_history=True)
    return sweep, store.position()[1]


def _report(sweep: Sweep, version: int) -> dict[str, Any]:
    counts = {name: sweep.counts.get(kind.value, 0) for name, kind in COUNTED.items()}
    took = {"requests": sweep.requests, "changed": sweep.changed, "seconds": round(sweep.seconds, 3)}
    return {**counts, **took, "version": version}


def _words(sweep: Sweep) -> str:
    counts = ", ".join(f"{sweep.counts.get(kind.value, 0)} {name}" for name, kind in COUNTED.items())
    skipped = f"; {sweep.skipped} items could not be read" if sweep.skipped else ""
    return (
        f"{counts}; {sweep.changed} rows changed, {sweep.requests} requests in {sweep.seconds:.1f} s{skipped}"
    )
