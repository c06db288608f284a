"""What must hold before `manage.py up` starts its children: port, folder, database, static files."""

import errno
import fcntl
import hashlib
import json
import os
import socket
import stat
import time
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

LEAVING_SECONDS = 8.0
"""How long the guard of an `up` that was killed may need to end its children, with room to spare."""


class Refused(Exception):
    """`up` cannot start; the message is one sentence that says what to do."""


def claim_port(host: str, port: int) -> None:
    """Raises Refused when nothing could listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError:
            raise Refused(f"There is no port {port}; choose one from 1024 to 65535.") from None
        except OSError as error:
            other = port + 1 if 1024 <= port < 65535 else 8000
            why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise Refused(f"Port {port} {why}; choose another: make run PORT={other}") from error


def claim_folder(folder: Path) -> int:
    """The open lock file of `folder`, made when missing; raises Refused when another `up` works there.

    After an `up` that was killed its guard holds the lock until the last child is gone: that is waited for.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        why = f"VAR_DIR={folder} cannot be used ({error.strerror})"
        raise Refused(f"{why}; set VAR_DIR to a folder that this user can write.") from error
    deadline = time.monotonic() + LEAVING_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if running := _running(folder, lock):
                raise Refused(running) from None
            if time.monotonic() > deadline:
                raise Refused(f"The children of an earlier start in {folder} have not ended yet.") from None
            time.sleep(0.1)
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            return lock


def _running(folder: Path, lock: int) -> str:
    """Who runs in `folder`, in a sentence; empty when only the guard of one that was killed does."""
    try:
        pid = int(os.pread(lock, 20, 0) or b"0")
        os.kill(pid or 1, 0)
    except (ProcessLookupError, ValueError):
        return ""
    except PermissionError:
        pass
    try:
        where = f" at http://127.0.0.1:{json.loads((folder / 'up.json').read_text(encoding='utf-8'))['port']}"
    except (OSError, ValueError, KeyError):
        where = ""
    who = f"A dashboard already runs in {folder}{where} (process {pid})"
    return f"{who}; stop that one, or set VAR_DIR to another folder."


def make_private(folder: Path) -> None:
    """Makes `folder` for a socket; raises Refused when it is not this user's alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Refused(f"{folder} is not yours alone; remove it, or set VAR_DIR to a shorter path.")


def migrate() -> None:
    """Brings the database up to date; raises Refused when it cannot be reached."""
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    except DatabaseError as error:
        why = f"The database cannot be used ({(str(error).strip() or repr(error)).splitlines()[0]})"
        raise Refused(f"{why}; check DATABASE_URL, or leave it unset for SQLite.") from error


def collect_static() -> None:
    """Collects the static files when one of them has changed since the last time."""
    stamp = settings.VAR_DIR / "static.stamp"
    found = _static_fingerprint()
    collected = Path(settings.STATIC_ROOT).is_dir() and stamp.exists()
    if collected and stamp.read_text(encoding="ascii") == found:
        return
    call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)
    stamp.write_text(found, encoding="ascii")


def _static_fingerprint() -> str:
    seen = [str(settings.STATIC_ROOT), str(settings.STORAGES["staticfiles"])]
    for finder in get_finders():
        for name, storage in finder.list(["CVS", ".*", "*~"]):
            found = os.stat(storage.path(name))  # noqa: PTH116
            seen.append(f"{name} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()
