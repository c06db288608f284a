"""`manage.py restore FILE`: the database as `manage.py backup` wrote it, brought up to this version."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from dashboard.management.commands.backup import sqlite_file
from dashboard.stack.preparation import Refused, claim_folder

KEPT = ".before-restore"


class Command(BaseCommand):
    help = "Puts the database of a backup in the place of this one, which is kept beside it. Stop the dashboard first."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_: Any, file: Path, **__: Any) -> None:
        database = sqlite_file()
        if trouble := unfit(file):
            raise CommandError(f"{file} {trouble}; nothing was changed.")
        try:
            claim_folder(settings.VAR_DIR)  # until this process ends
        except Refused as running:
            raise CommandError(str(running)) from None
        kept = database.with_name(database.name + KEPT)
        connection.ensure_connection()
        with closing(sqlite3.connect(kept)) as before, closing(sqlite3.connect(file)) as backup:
            connection.connection.backup(before)
            backup.backup(connection.connection)
        shutil.copymode(database, kept)
        connection.close()
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        self.stdout.write(f"Restored from {file}. What was there before is in {kept}.")


def unfit(file: Path) -> str:
    """Why a file is no backup that this version can take, "" when it is one."""
    if not file.is_file():
        return "is no file"
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as backup:
            if backup.execute("PRAGMA quick_check").fetchone() != ("ok",):
                return "is damaged"
            ran = backup.execute("SELECT app, name FROM django_migrations").fetchall()
    except sqlite3.Error:
        return "is no backup of the dashboard"
    known = set(MigrationLoader(None).disk_migrations)
    if newer := sorted(f"{app}.{name}" for app, name in ran if app == "control" and (app, name) not in known):
        return f"was made by a newer version (it has {newer[0]})"
    return "" if any(app == "control" for app, _ in ran) else "is no backup of the dashboard"
