"""`manage.py simulate`: the simulated Ona API on a port."""

import gc
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.simulator import World, create_app
from dashboard.simulator.faults import FORBID, KINDS, Faults
from dashboard.simulator.server import HOST, Server, bind

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Command(BaseCommand):
    """Serves until SIGTERM or SIGINT; needs neither database nor Redis."""

    help = "Serve a simulated Ona API at http://127.0.0.1:PORT/api."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Options; their names are part of the project's interface."""
        parser.add_argument("--port", type=int, required=True, help="port; 0 picks a free one")
        parser.add_argument(
            "--host", default=HOST, help="address to listen at (127.0.0.1): it knows no secrets"
        )
        parser.add_argument("--environments", type=int, default=60, help="how many environments (default 60)")
        parser.add_argument(
            "--seed", type=int, default=7, help="same seed and start time: same fleet (default 7)"
        )
        parser.add_argument(
            "--speed", type=float, default=1.0, help="simulated seconds per second; 0 freezes"
        )
        parser.add_argument(
            "--still", action="store_true", help="nobody comes or goes: only requests change anything"
        )
        parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every answer")
        parser.add_argument(
            "--rate", type=float, help="calls a second before they are refused (default: no limit)"
        )
        parser.add_argument(
            "--api-key", action="append", default=[], metavar="K", help="a valid key (default: any is valid)"
        )

        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            metavar="KIND=RATE",
            help=f"trouble, at a rate from 0 to 1: {', '.join(KINDS)}; or {FORBID}=ENVIRONMENT_ID",
        )
        parser.add_argument(
            "--admin", action="store_true", help="let faults be read and set at /simulator/faults"
        )

    def handle(self, **options: object) -> None:
        """Build the world, then accept connections."""
        _refuse_nonsense(options)
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, _leave)
        port = int(str(options["port"]))
        try:
            listener = bind(port, str(options["host"]))
        except (OSError, OverflowError) as error:
            raise CommandError(f"Port {port} on 127.0.0.1 cannot be used: {error}.") from None
        server = Server(_app(options), listener)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: threading.Thread(target=server.stop, daemon=True).start())
        self.stdout.write(f"Simulated Ona API: {server.address}")
        self.stdout.flush()
        server.serve_forever()


def _app(options: dict[str, object]) -> "WSGIApplication":
    gc.disable()  # nothing of what the world is built from is garbage
    world = World(
        environments=int(str(options["environments"])),
        seed=int(str(options["seed"])),
        speed=float(str(options["speed"])),
        life=not options["still"],
    )
    gc.freeze()
    gc.enable()
    world.faults.update(_faults(options))
    rate, keys = options["rate"], options["api_key"]
    return create_app(
        world,
        api_keys=[str(key) for key in keys] if isinstance(keys, list) else (),
        rate=float(str(rate)) if rate is not None else None,
        latency_ms=float(str(options["latency_ms"])),
        admin=bool(options["admin"]),
    )


def _faults(options: dict[str, object]) -> dict[str, object]:
    given = options["fault"] if isinstance(options["fault"], list) else []
    faults: dict[str, object] = {}
    forbidden: list[str] = []
    for word in given:
        kind, _, value = str(word).partition("=")
        if kind == FORBID:
            forbidden.append(value)
        else:
            faults[kind] = _number(value)
    return {**faults, **({FORBID: forbidden} if forbidden else {})}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CommandError(f"--fault takes KIND=RATE, such as 502=0.1, not a rate of {text!r}.") from None


def _refuse_nonsense(options: dict[str, object]) -> None:
    for name in ("environments", "speed", "latency_ms"):
        if float(str(options[name])) < 0:
            raise CommandError(f"--{name.replace('_', '-')} must be 0 or more.")
    try:
        Faults().update(_faults(options))
    except ValueError as error:
        raise CommandError(f"--fault: {error}.") from None
    if options["rate"] is not None and float(str(options["rate"])) <= 0:
        raise CommandError("--rate must be more than 0.")


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Before it serves. Once it does, an exception could hit while a connection is being accepted, and cut it."""
    raise SystemExit(0)
