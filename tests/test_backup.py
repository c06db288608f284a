"""A backup taken while everything goes on, and the way back."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from dashboard.management.commands.restore import unfit
from dashboard.stack import preparation

ROOT = Path(__file__).parent.parent


def manage(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"VAR_DIR": str(folder), "DATABASE_URL": "", "SECRET_KEY": "x" * 50}
    command = [sys.executable, "manage.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def kept_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as opened:
        return [
            name for (name,) in opened.execute("SELECT session_key FROM django_session ORDER BY session_key")
        ]


def keep(database: Path, name: str) -> None:
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO django_session VALUES (?, '', '2030-01-01')", (name,))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of this version."""
    folder = tmp_path_factory.mktemp("var")
    assert manage(folder, "migrate").returncode == 0
    return folder


def test_a_backup_brings_back_what_was_there_and_keeps_what_it_replaces(
    template: Path, tmp_path: Path
) -> None:
    database, file = template / "dashboard.sqlite3", tmp_path / "a.sqlite3"
    keep(database, "before")
    with closing(sqlite3.connect(database)) as writer:  # somebody is writing meanwhile
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO django_session VALUES ('open', '', '2030-01-01')")
        made = manage(template, "backup", file)
        writer.rollback()
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [file]
    keep(database, "later")
    restored = manage(template, "restore", file)
    assert restored.returncode == 0, restored.stderr
    assert kept_in(database) == ["before"]
    assert kept_in(template / "dashboard.sqlite3.before-restore") == ["before", "later"]
    lock = preparation.claim_folder(template)
    try:
        refused = manage(template, "restore", file)
    finally:
        os.close(lock)
    assert refused.returncode == 1
    assert "A dashboard already runs in" in refused.stderr


def test_what_is_no_backup_of_this_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database", encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "other")) as other, other:
        other.execute("CREATE TABLE django_migrations (app TEXT, name TEXT)")
        other.execute("INSERT INTO django_migrations VALUES ('control', '9999_of_tomorrow')")
    assert unfit(tmp_path / "none") == "is no file"
    assert unfit(tmp_path / "text") == "is no backup of the dashboard"
    assert unfit(tmp_path / "other") == "was made by a newer version (it has control.9999_of_tomorrow)"


def test_another_database_is_told_its_own_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "vendor", "postgresql")
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("backup", tmp_path / "a")
