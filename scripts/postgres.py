"""Runs a command with DATABASE_URL set to a PostgreSQL of its own, which is gone afterwards.

python -m scripts.postgres pytest tests/control

Its programs are found on PATH or where Debian puts them, else installed as root with apt; exit code 77 where there are
none and none can be installed.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

NONE = 77
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50")
"""Nothing here has to outlive a power cut."""


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`, None where there is none."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    if found:
        return found[0]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def install() -> None:
    """With apt, as root; elsewhere nothing."""
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        print("Installing PostgreSQL …", file=sys.stderr)
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
            subprocess.run(
                [apt, "-qq", *words],
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                check=False,
            )


def user() -> str | None:
    """PostgreSQL refuses to run as root: then as the user that Debian makes for it, else as nobody."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def running(where: Path) -> Iterator[str]:
    """A PostgreSQL that only its unix socket reaches; gives its DATABASE_URL."""
    as_user = user()
    with tempfile.TemporaryDirectory(prefix="ona-pg-") as name:
        folder = Path(name)
        if as_user:
            shutil.chown(folder, as_user)
        folder.chmod(0o755)
        data, log = folder / "data", folder / "log"
        init = [
            str(where / "initdb"),
            "-D",
            str(data),
            "-U",
            "dashboard",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(init, user=as_user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        options = " ".join(
            f"-c {option}" for option in (*QUICK, "listen_addresses=", f"unix_socket_directories={folder}")
        )
        control = [str(where / "pg_ctl"), "-D", str(data), "-l", str(log), "-w", "-s"]
        subprocess.run([*control, "-o", options, "start"], user=as_user, cwd=folder, check=True)
        try:
            yield f"postgres://dashboard@{quote(name, safe='')}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], user=as_user, cwd=folder, check=False)


def main(command: list[str]) -> int:
    if programs() is None:
        install()
    where = programs()
    if where is None:
        print("=== NOT TESTED ON POSTGRESQL: there is none on this machine", file=sys.stderr)
        return NONE
    with running(where) as url:
        known = {"DATABASE_URL": url, "SECRET_KEY": secrets.token_hex(32)}
        return subprocess.run(command, env=os.environ | known, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
