"""`manage.py backup FILE`: the database in one file, while everything goes on."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

ELSEWHERE = "This database is {vendor}: use its own tools ({tools}); see docs/operations/backup.md."
TOOLS = {"postgresql": "pg_dump --format=custom, pg_restore --clean"}


def sqlite_file() -> Path:
    """Where the database is; raises CommandError when it is no file of SQLite."""
    if connection.vendor != "sqlite":
        raise CommandError(
            ELSEWHERE.format(vendor=connection.vendor, tools=TOOLS.get(connection.vendor, "its own"))
        )
    return Path(str(connection.settings_dict["NAME"]))


class Command(BaseCommand):
    help = "Copies the SQLite database to FILE while everything goes on."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_: Any, file: Path, **__: Any) -> None:
        sqlite_file()
        if file.exists():
            raise CommandError(f"{file} exists; name another file.")
        new = file.with_name(f"{file.name}.new")
        try:
            os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds what people did
            self._copy(new)
            new.replace(file)
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"{file} could not be written ({error}).") from error
        finally:
            new.unlink(missing_ok=True)
        self.stdout.write(f"{file}: {file.stat().st_size:,} bytes, checked.")

    def _copy(self, new: Path) -> None:
        connection.ensure_connection()
        with closing(sqlite3.connect(new)) as copy:
            connection.connection.backup(copy, pages=1_000)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without others beside it
            if (found := copy.execute("PRAGMA quick_check").fetchone()) != ("ok",):
                raise CommandError(f"The copy is not sound: {found}.")
