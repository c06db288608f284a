"""Migrations go forward, back to nothing, and forward again; on whatever database the tests run."""

import os
import subprocess
import sys
from pathlib import Path

from dashboard.config.base import read

ROOT = Path(__file__).parent.parent
THERE_AND_BACK = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection

def tables():
    with connection.cursor() as cursor:
        return {name for name in connection.introspection.table_names(cursor) if name.startswith("control_")}

call_command("migrate", verbosity=0)
before = tables()
call_command("migrate", "sessions", "zero", verbosity=0)
call_command("migrate", "control", "zero", verbosity=0)
assert tables() == set(), tables()
call_command("migrate", verbosity=0)
assert tables() == before
"""


def test_every_migration_can_be_taken_back() -> None:
    url = read("DATABASE_URL") or "sqlite://:memory:"
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": "x" * 50,
    }
    ran = subprocess.run(
        [sys.executable, "-c", THERE_AND_BACK],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
