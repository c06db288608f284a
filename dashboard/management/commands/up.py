"""`manage.py up`: the whole dashboard on this machine, in one terminal."""

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from dashboard.config.base import ConfigurationError, read, valkey_socket
from dashboard.stack import organisations, parts, preparation, reach
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
        parser.add_argument("--organisations", type=int, help="so many simulated organisations (one)")
        parser.add_argument(
            "--prepare", action="store_true", help="only make database, static files and accounts ready"
        )
        parser.add_argument(
            "--still", action="store_true", help="nobody comes or goes in the simulated fleet"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        os.umask(0o077)  # the database and the copy of the fleet are this user's alone
        fleet = parts.Fleet(options["environments"], options["seed"], options["speed"], options["still"])
        try:
            if options["prepare"]:
                self._only_prepare()
                return
            several = _organisations(options["organisations"])
            begin = partial(self._bring_up, fleet=fleet)
            if several is not None:
                begin = partial(self._bring_up_all, fleet=fleet, several=several)
            self._start(options["port"], begin)
        except (preparation.Refused, parts.BinaryMissing, ConfigurationError, StartFailed) as trouble:
            self.stderr.write(str(trouble), self.style.ERROR)
            raise SystemExit(1) from None

    def _only_prepare(self) -> None:
        """Database, static files and accounts, whose passwords are said."""
        preparation.claim_folder(settings.VAR_DIR)
        self._show(_prepare())

    def _start(self, port: int, bring_up: Callable[[Supervisor], None]) -> None:
        lock = preparation.claim_folder(settings.VAR_DIR)
        preparation.claim_port(parts.HOST, port)
        supervisor = Supervisor(settings.VAR_DIR, lock, port, self._say)
        try:
            _stop_on_signals()
            bring_up(supervisor)
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

    def _bring_up_all(
        self, supervisor: Supervisor, fleet: parts.Fleet, several: organisations.Several
    ) -> None:
        """An `up` for each organisation, and the front when all of them answer."""
        for one, code, said in organisations.prepared(several):
            if code:
                raise preparation.Refused(
                    f"{one.name}: {said.strip() or f'its preparation ended with {code}'}"
                )
            if said.strip():
                self._say(f"{one.name} has new accounts, shown only this once:\n{said.rstrip()}")
        routes, children = [], []
        for place, one in enumerate(several.found.all):
            routes.append(organisations.route(one))
            own = replace(fleet, seed=(7 if fleet.seed is None else fleet.seed) + place)
            children.append(supervisor.start(organisations.organisation(several, one, routes[-1].port, own)))
        supervisor.wait(*children)
        show_names = several.found.show_names
        supervisor.wait(
            supervisor.start(organisations.front_of(supervisor.port, routes, show_names=show_names))
        )
        here = f"http://{parts.HOST}:{supervisor.port}"
        for one in several.found.all:
            simulated = f", {fleet.environments} simulated environments" if one.simulated else ""
            self._say(f"{one.name}: {'' if one.address else here}{one.home}{simulated}")
        self._say(f"Dashboard: {here}")

    def _greet(self, port: int, fleet: parts.Fleet, accounts: list[tuple[str, str]]) -> None:
        if not settings.ONA_API_KEY:
            self._say(f"No ONA_API_KEY is set: showing {fleet.environments} simulated environments.")
        if accounts:
            self._say("New accounts, shown only this once:")
        self._show(accounts)
        self._say(f"Dashboard: http://{parts.HOST}:{port}")

    def _show(self, accounts: list[tuple[str, str]]) -> None:
        for name, password in accounts:
            self._say(f"    {name:<10}{password}")

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone
            self.stdout.write(line)
            self.stdout.flush()


def _organisations(simulated: int | None) -> "organisations.Several | None":
    """Those of the file, or so many simulated ones; None where there are none."""
    found = settings.ORGANISATION.all
    if simulated is None:
        return None if found is None else organisations.Several(read("ORGANISATIONS_FILE"), found)
    if found is not None or settings.ORGANISATION or settings.ONA_API_KEY:
        raise preparation.Refused(
            "--organisations shows simulated fleets; set neither ORGANISATIONS_FILE nor a key beside it."
        )
    if not 1 < simulated <= len(organisations.NAMES):
        raise preparation.Refused(f"Set --organisations to 2 to {len(organisations.NAMES)}.")
    return organisations.simulated(settings.VAR_DIR, simulated)


def _prepare() -> list[tuple[str, str]]:
    """Database, static files, accounts; (username, password) of the accounts that are new."""
    from dashboard.control.people.accounts import ensure_local_accounts

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
