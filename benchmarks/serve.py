"""A dashboard to be measured, in a folder that is removed afterwards: a private Valkey, SQLite, the web server as
`manage.py up` starts it, filled with a fleet of any size.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.load import fetch, get
from benchmarks.ratios import ROOT
from dashboard.fleet.store import Store, connect, namespace
from dashboard.stack import parts

HTMX = {"HX_Request": "true"}


@dataclass(frozen=True)
class Site:
    port: int
    cookies: dict[str, str]
    environ: dict[str, str]
    web: int
    """The process id of the web server."""

    def get(self, path: str, role: str = "admin", **headers: str) -> bytes:
        return get(path, self.cookies[role], **headers)

    def page(self, path: str, role: str = "admin") -> str:
        status, body = fetch(self.port, self.get(path, role))
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        return body.decode()

    def poll(self, page: str, role: str = "admin") -> bytes:
        """The request that the poller of a page, or of an answer to a poll, sends next."""
        return self.get(poll_address(page), role, **HTMX)

    def memory(self) -> tuple[float, float]:
        """MB that the process with the pages holds, and the web server's own, which watches over it."""
        return sum(_held(process) for process in _children(self.web)) / 1e6, _held(self.web) / 1e6

    def cpu(self) -> float:
        """Seconds of CPU that they have used."""
        return sum(_used(process) for process in (self.web, *_children(self.web)))


def store_of(one: Site) -> Store:
    """The store that the site reads."""
    return Store(
        connect(one.environ["REDIS_URL"]), namespace(one.environ["ONA_BASE_URL"], one.environ["ONA_API_KEY"])
    )


def redis_memory(one: Site) -> float:
    """MB that Redis uses."""
    return float(connect(one.environ["REDIS_URL"]).info("memory")["used_memory"]) / 1e6


def poll_address(page: str) -> str:
    found = re.search(r'<div id="poll" hx-get="([^"]*)"[^>]* hx-vals=(["\'])(.*?)\2', page)
    if found is None:
        raise RuntimeError("a page without a poller")
    url, values = unescape(found[1]), json.loads(unescape(found[3]))
    return f"{url}{'&' if '?' in url else '?'}{urlencode(values)}"


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(one) for one in listed]


def _held(process: int) -> int:
    """Private bytes and a fair share of those that are shared."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1]) * 1024  # type: ignore[index]


def _used(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def installed() -> Iterator[str]:
    """A Python with the dashboard's own dependencies and nothing of what its development needs, some of which they
    would load too.
    """
    with tempfile.TemporaryDirectory(prefix="ona-installed-") as name:
        subprocess.run([sys.executable, "-m", "venv", name], check=True)
        python = f"{name}/bin/python"
        options = ["-q", "--disable-pip-version-check", "--require-hashes", "-r", "requirements.txt"]
        subprocess.run([python, "-m", "pip", "install", *options], cwd=ROOT, check=True)
        yield python


@contextmanager
def site(environments: int, *, python: str = "") -> Iterator[Site]:
    """The dashboard over that many environments, answering: with the views that it is compared with, or, run by a
    `python` of its own, as it is, with a worker beside it that shares its libraries.
    """
    with tempfile.TemporaryDirectory(prefix="ona-bench-") as name:
        folder = Path(name)
        environ = {
            **os.environ,
            "VAR_DIR": name,
            "REDIS_URL": f"unix://{folder}/v.sock",
            "SECRET_KEY": "b" * 60,
        }
        environ |= {
            "DATABASE_URL": f"sqlite:///{folder}/b.sqlite3",
            "ONA_API_KEY": "none",
            "ONA_BASE_URL": "http://127.0.0.1:9/api",
        }
        environ |= {"PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "benchmarks.site.settings"}
        with running(parts.valkey(folder / "v.sock", folder).argv, environ):
            wait((folder / "v.sock").exists)
            prepared = subprocess.run(
                [sys.executable, "-m", "benchmarks.site.prepare"],
                input=json.dumps({"environments": environments}),
                env=environ, cwd=ROOT, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if prepared.returncode:
                raise RuntimeError(prepared.stderr)
            cookies = json.loads(prepared.stdout.splitlines()[-1])["cookies"]
            port = parts.free_port()
            served = parts.web(port, "127.0.0.1", environ)
            served_environ = dict(served.environ)
            argv = list(served.argv)
            beside: AbstractContextManager[object] = nullcontext()
            if python:
                argv[0], served_environ["DJANGO_SETTINGS_MODULE"] = python, "dashboard.settings"
                beside = running([python, *parts.worker(environ).argv[1:]], served_environ)
            else:
                argv[argv.index("dashboard.wsgi:application")] = "benchmarks.site.wsgi:application"
            with beside, running(argv, served_environ) as web:
                wait(lambda: _answers(port))
                yield Site(port, cookies, environ, web)


def _answers(port: int) -> bool:
    try:
        return fetch(port, get("/healthz"))[0] == 200
    except OSError:
        return False


def wait(holds: Callable[[], object], seconds: float = 90.0) -> None:
    """Until `holds()` is true; raises when that takes too long."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError("did not start")
        time.sleep(0.1)


@contextmanager
def running(argv: Sequence[str], environ: dict[str, str] | None) -> Iterator[int]:
    """A process for as long as the block lasts; yields its id."""
    process = subprocess.Popen(
        list(argv),
        env=environ,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)
