"""`make chaos`: live through it, and judge what came of it."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random

from scripts import postgres
from scripts.chaos.checks import judged
from scripts.chaos.faults import Fault, faults, schedule
from scripts.chaos.run import Scene, scene
from scripts.postgres import Server
from scripts.stack import Check

PATIENCE = 330.0
"""Seconds in which every action must have ended after the last fault: the start of a service may take 300."""


def say(line: str) -> None:
    print(line, flush=True)


def lived(here: Scene, found: list[Fault], seed: int, many: int) -> list[Check]:
    """Strike `many` times, then judge."""
    rng = Random(f"{seed} faults")
    with here.people.about():
        here.live_through(schedule(found, many, rng), rng, say)
    return said(here)


def said(here: Scene) -> list[Check]:
    """Judge, and say what each invariant came to."""
    checks = []
    for check in judged(here, here.settle(PATIENCE), here.drift()):
        say(str(check))
        checks.append(check)
    return checks


def possible(here: Scene) -> list[Fault]:
    """Every fault that can be had here; says loudly which cannot."""
    movable = here.victim.clock.can_move
    if not movable:
        say("=== NOT DONE: the clock is not moved, which takes a C compiler (cc)")
    return faults(postgres=here.victim.database is not None, movable=movable)


@contextmanager
def on_its_database(wanted: bool) -> Iterator[Server | None]:
    """A PostgreSQL where it is wanted; None stands for SQLite."""
    where = postgres.found_or_installed() if wanted else None
    if wanted and where is None:
        raise SystemExit("=== NOT DONE: there is no PostgreSQL on this machine")
    with postgres.serving(where, lasting=True) if where else nullcontext() as server:
        yield server


def main() -> int:
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--faults", type=int, default=30)
    wish.add_argument("--seed", type=int, default=7)
    wish.add_argument("--environments", type=int, default=100)
    wish.add_argument("--forgotten", type=int, default=36, help="of them, those that policies find idle")
    wish.add_argument("--speed", type=float, default=20.0, help="simulated seconds in a second")
    wish.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own instead of SQLite")
    wish.add_argument("--only", default="", help="only faults with this in their name")
    wish.add_argument("--keep", type=Path, help="a folder that is given the logs and the database in the end")
    asked = wish.parse_args()
    with on_its_database(asked.postgres) as database:
        options = {"seed": asked.seed, "environments": asked.environments, "forgotten": asked.forgotten}
        with scene(**options, speed=asked.speed, pause=0.7, database=database, keep=asked.keep) as here:
            found = [one for one in possible(here) if asked.only in one.name]
            checks, struck = lived(here, found, asked.seed, asked.faults), here.struck
    failed = sum(not check.passed for check in checks)
    say(f"{len(struck)} faults survived, {len(checks)} invariants checked, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
