"""`manage.py up`: the whole dashboard on this machine, in one terminal."""

import contextlib
import os
import signal
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from dashboard.config import ConfigurationError, read, valkey_socket
from dashboard.stack import parts, preparation, reach
from dashboard.stack.child import Spec
from dashboard.stack.supervisor import StartFailed, Supervisor

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the dashboard to end."""


class Command(BaseCommand):
    help = "Starts the dashboard with everything it needs, and ends all of it on Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port of the dashboard (8000)")
        parser.add_argument("--environments", type=int, default=60, help="size of the simulated fleet (60)")
        parser.add_argument("--seed", type=int, help="seed of the simulated fleet")
        parser.add_argument("--speed", type=float, help="simulated seconds in a second (1)")
        parser.add_argument(
            "--still", action="store_true", help="nobody comes or goes in the simulated fleet"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        os.umask(0o077)  # the database and the copy of the fleet are this user's alone
        fleet = parts.Fleet(options["environments"], options["seed"], options["speed"], options["still"])
        try:
            if settings.ORGANISATION.all is not None:
                raise preparation.Refused("ORGANISATION is not set; set it to the one that is to be started.")
            self._start(options["port"], fleet)
        except (preparation.Refused, parts.BinaryMissing, ConfigurationError, StartFailed) as trouble:
            self.stderr.write(str(trouble), self.style.ERROR)
            raise SystemExit(1) from None

    def _start(self, port: int, fleet: parts.Fleet) -> None:
        lock = preparation.claim_folder(settings.VAR_DIR)
        preparation.claim_port(parts.HOST, port)
        supervisor = Supervisor(settings.VAR_DIR, lock, port, self._say)
        try:
            _stop_on_signals()
            self._bring_up(supervisor, fleet)
            supervisor.run()
        except Stopped:
            self._say("Stopping…")
        finally:
            _ignore_signals()
            supervisor.stop()

    def _bring_up(self, supervisor: Supervisor, fleet: parts.Fleet) -> None:
        environ = _environment()
        needed = []
        if not read("REDIS_URL"):
            needed.append(supervisor.start(_private_valkey()))
        if settings.ONA_API_KEY:
            reach.check_api(self._say)
        else:
            api = parts.free_port()
            environ = parts.simulated(environ, api)
            supervisor.api = environ["ONA_BASE_URL"]
            needed.append(supervisor.start(parts.simulator(api, fleet, environ)))
        accounts = _prepare()
        supervisor.wait(*needed)
        web = supervisor.start(parts.web(supervisor.port, _host_name(), environ))
        supervisor.start(parts.worker(environ))
        supervisor.wait(web)
        self._greet(supervisor.port, fleet, accounts)
        supervisor.start(parts.beat(environ))
        if settings.WATCH_EVENTS:
            supervisor.start(parts.watch(environ))

    def _greet(self, port: int, fleet: parts.Fleet, accounts: list[tuple[str, str]]) -> None:
        if not settings.ONA_API_KEY:
            self._say(f"No ONA_API_KEY is set: showing {fleet.environments} simulated environments.")
        if accounts:
            self._say("New accounts, shown only this once:")
        for name, password in accounts:
            self._say(f"    {name:<10}{password}")
        self._say(f"Dashboard: http://{parts.HOST}:{port}")

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone
            self.stdout.write(line)
            self.stdout.flush()


def _prepare() -> list[tuple[str, str]]:
    """Database, static files, accounts; (username, password) of the accounts that are new."""
    from dashboard.control.accounts import ensure_local_accounts

    preparation.migrate()
    preparation.collect_static()
    return ensure_local_accounts() if settings.SSO_MODE == "local" else []


def _private_valkey() -> Spec:
    path = valkey_socket(settings.VAR_DIR)
    if path.parent != settings.VAR_DIR:
        preparation.make_private(path.parent)
    return parts.valkey(path, settings.VAR_DIR)


def _environment() -> dict[str, str]:
    """What every child gets: the embedded defaults spelled out, so that all children share them."""
    return dict(os.environ) | {
        "DASHBOARD_EMBEDDED": "1",
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "VAR_DIR": str(settings.VAR_DIR),
    }


def _host_name() -> str:
    """A host name that the dashboard answers to."""
    first: str = settings.ALLOWED_HOSTS[0]
    return parts.HOST if first == "*" else first.removeprefix(".")


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    _ignore_signals()
    raise Stopped


def _stop_on_signals() -> None:
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
