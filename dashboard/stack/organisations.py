"""What `manage.py up` starts where there are several organisations: an `up` for each of them, and the front."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from dashboard.config.base import KNOWN
from dashboard.config.organisations import Organisation, Organisations, read_organisations
from dashboard.organisation import ENTERED
from dashboard.stack import front, parts
from dashboard.stack.child import Spec

NAMES = ("Acme", "Borealis", "Cobalt", "Delta", "Ember", "Fjord", "Garnet", "Harbour")
"""Of simulated organisations."""
PATIENCE, FAREWELL = 90.0, 15.0
"""Seconds in which a whole dashboard starts and ends."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Several:
    """The organisations that are started, and the file that describes them."""

    file: str
    found: Organisations

    def environ(self, one: Organisation) -> dict[str, str]:
        """Of the processes of one, which make it their own from the file."""
        kept = {name: value for name, value in os.environ.items() if name != ENTERED}
        own = {"ORGANISATIONS_FILE": self.file, "ORGANISATION": one.slug, "VAR_DIR": str(settings.VAR_DIR)}
        return kept | own | {"PYTHONUNBUFFERED": "1"}


def simulated(folder: Path, number: int) -> Several:
    """So many simulated organisations, in a file that is written anew in `folder`."""
    tables = "\n".join(
        f'[[organisation]]\nslug = "{name.lower()}"\nname = "{name}"\nsimulated = true\n'
        for name in NAMES[:number]
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = folder / f"organisations.toml.{os.getpid()}"
    new.write_text(f"show_names = true\n\n{tables}", encoding="utf-8")
    path = str(new.replace(folder / "organisations.toml"))
    return Several(path, read_organisations(path, os.environ))


def prepared(several: Several) -> list[tuple[Organisation, int, str]]:
    """Database, static files and accounts of each, side by side: its exit code, and what it said."""
    started = [
        (
            one,
            subprocess.Popen(
                [sys.executable, "-m", "dashboard", "up", "--prepare"],
                env=several.environ(one),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ),
        )
        for one in several.found.all
    ]
    return [(one, process.wait(), said) for one, process in started for said in [process.communicate()[0]]]


def route(one: Organisation) -> front.Route:
    """To a port that is free now."""
    return front.Route(one.slug, one.name, parts.free_port(), one.address.partition("://")[2].lower())


def organisation(several: Several, one: Organisation, port: int, fleet: parts.Fleet) -> Spec:
    """Its whole dashboard."""
    argv = [sys.executable, "-m", "dashboard", "up", "--port", str(port), *fleet.arguments()]
    return Spec(f"o-{one.slug}", tuple(argv), several.environ(one), _says_so, PATIENCE, FAREWELL)


def front_of(port: int, routes: Sequence[front.Route], *, show_names: bool) -> Spec:
    argv = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--factory",
        "dashboard.stack.front:front",
    ]
    argv += ["--host", parts.HOST, "--port", str(port), "--workers", "1", "--no-ws", "--http", "1"]
    argv += ["--respawn-failed-workers", "--respawn-interval", "0.5", "--log-level", "warning"]
    known = {f"{name}{end}" for name in KNOWN for end in ("", "_FILE")}
    environ = {name: value for name, value in os.environ.items() if name not in known}
    environ |= front.told(routes, show_names=show_names)
    return Spec("front", tuple(argv), environ, lambda _: parts.answers_http(port, parts.HOST))


def _says_so(said: str) -> bool:
    return "Dashboard: " in said
