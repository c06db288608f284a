"""What a year of a large fleet takes in the database, measured on the database that `DATABASE_URL` names.

    make sizing

Rows as long as real ones are written to each table that grows with the fleet, and the table is asked for its bytes,
indexes included. What comes of it: rows a day, times days kept, times bytes of a row.
"""

import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROWS = 20_000
RUNNING = 3_000
"""Environments of 10,000 that run on a day; each is started and stopped, used, and runs a few tasks."""
NOW = datetime(2026, 11, 1, tzinfo=UTC)
WORDS = "idle for 3 hours 20 minutes: no signal since 11:40, no task execution"
MEGABYTE = 1e6


@dataclass(frozen=True)
class Growing:
    """A table, how many rows a day it gets, for how many days they are kept, and the n-th of its rows."""

    model: Any
    a_day: float
    days: float
    row: Callable[[int], dict[str, Any]]


def key(number: int) -> str:
    return str(uuid.UUID(int=(number * 2_654_435_761) % 2**128))


def growing() -> Iterator[Growing]:
    from django.conf import settings

    from dashboard.control import models
    from dashboard.control.audit.models import AuditEntry
    from dashboard.control.record import models as recorded

    actions = RUNNING * 1.0  # each stopped once, by a person or a policy
    yield Growing(
        recorded.Stretch,
        40_000,
        settings.HISTORY_DAYS,
        lambda n: {
            "environment_id": key(n % 3_000),
            "what": "phase",
            "word": "running",
            "subject": "",
            "start": n * 60.0,
            "end": n * 60.0 + 50,
        },
    )
    yield Growing(
        models.ServiceSpell,
        12_000,  # three services of the team in each, and a few that fail or are started again
        settings.HISTORY_DAYS,
        lambda n: {
            "service_id": key(n % 9_000),
            "environment_id": key(n % 3_000),
            "name": "PostgreSQL",
            "start": n * 60.0,
            "up": n * 60.0 + 5,
            "end": n * 60.0 + 50,
            "outcome": "stopped" if n % 10 else "failed",
            "version": 1_000_000 + n,
        },
    )
    yield Growing(
        recorded.EnvironmentDay,
        RUNNING,
        settings.HISTORY_TOTALS_DAYS,
        lambda n: {
            "day": date(2026, 1, 1) + timedelta(n % 300),
            "environment_id": key(n),
            "project_id": key(n % 90),
            "creator_id": key(n % 900),
            "class_id": key(n % 9),
            "running": 30_000.0,
            "idle": 8_000.0,
        },
    )
    yield Growing(
        models.Action,
        actions,
        settings.AUDIT_DAYS,
        lambda n: {
            "verb": "environment.stop",
            "kind": "environment",
            "target_id": key(n),
            "target_name": "web-shop @ feature/checkout",
            "environment_id": key(n),
            "actor_name": "Policy Evenings (Ada)",
            "reason": f"Evenings: {WORDS}",
            "state": "confirmed",
            "phase_before": "running",
            "params": {"started": 1795209001.403543},
            "created": NOW,
            "not_before": NOW,
            "sent": NOW,
            "requested": NOW,
            "ended": NOW,
            "sender": "web-1:4711",
        },
    )
    yield Growing(
        AuditEntry,
        actions * 2 + 2_000,
        settings.AUDIT_DAYS,  # asked and ended; sign-ins and refusals of 500 people
        lambda n: {
            "number": n + 1_000_000,
            "at": NOW,
            "act": "environment.stop",
            "person": "Policy Evenings (Ada)",
            "person_id": "17",
            "role": "admin",
            "address": "10.20.30.40",
            "kind": "environment",
            "target_id": key(n),
            "target_name": "web-shop @ feature/checkout",
            "reason": f"Evenings: {WORDS}",
            "details": {"action": key(n)},
            "before": "0" * 64,
            "key": "12345678",
            "digest": "1" * 64,
        },
    )
    yield Growing(
        models.Delivery,
        600,
        30,
        lambda n: {
            "topic": "after",
            "occasion": f"ended:{key(n)}:2026-11-01",
            "subject": "3 environments were stopped",
            "body": f"{WORDS}\n" * 4,
            "created": NOW,
            "not_before": NOW,
        },
    )


def size(model: Any) -> float:
    """Bytes of a table and its indexes."""
    from django.db import connection

    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("select pg_total_relation_size(%s)", [table])
        else:
            cursor.execute(
                "select sum(pgsize) from dbstat where name in (select name from sqlite_master where tbl_name = %s)",
                [table],
            )
        return float(cursor.fetchone()[0])


def measured() -> float:
    """Prints a line for each table; returns the megabytes of all of them after a year."""
    from django.db import connection

    total = 0.0
    print(f"{connection.vendor}: bytes a row with indexes, rows a day, days kept, MB")
    for one in growing():
        before = size(one.model)
        one.model.objects.bulk_create(
            (one.model(**one.row(number)) for number in range(ROWS)), batch_size=400
        )
        bytes_a_row = (size(one.model) - before) / ROWS
        megabytes = bytes_a_row * one.a_day * min(one.days, 365) / MEGABYTE
        total += megabytes
        print(
            f"{one.model._meta.model_name:16} {bytes_a_row:7,.0f} {one.a_day:8,.0f} {one.days:5,.0f} {megabytes:8,.0f}"
        )
    print(f"A year of 10,000 environments: {total / 1000:.1f} GB")
    return total


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ona-sizing-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'ona.sqlite3'}")
        os.environ |= {
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SECRET_KEY": uuid.uuid4().hex * 2,
            "VAR_DIR": folder,
        }
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        measured()
    return 0


if __name__ == "__main__":
    sys.exit(main())
