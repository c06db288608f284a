"""`make fortnight`: live through it, and judge what came of it."""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from dashboard.simulator import World, create_app, serve
from scripts.fortnight.clock import START, Clock
from scripts.fortnight.service import valkey


def main() -> int:
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--days", type=int, default=14)
    wish.add_argument("--environments", type=int, default=500)
    wish.add_argument("--step", type=float, default=900.0, help="simulated seconds between two turns")
    wish.add_argument("--seed", type=int, default=7)
    asked = wish.parse_args()
    clock = Clock(START)
    world = World(environments=asked.environments, seed=asked.seed, now=clock, life=False)
    with (
        tempfile.TemporaryDirectory(prefix="ona-fortnight-") as folder,
        valkey(Path(folder)) as address,
        serve(create_app(world)) as url,
    ):
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "VAR_DIR": folder,
            "SECRET_KEY": "of a fortnight",
            "DATABASE_URL": f"sqlite:///{folder}/fortnight.sqlite3",
            "REDIS_URL": address,
            "POLL_HOT_SECONDS": str(asked.step),
            "ONA_REQUESTS_PER_SECOND": "100000",
            "TIME_ZONE": "UTC",
            "ONA_BASE_URL": url,
            "ONA_API_KEY": "key",
            "ALLOWED_HOSTS": "127.0.0.1",
            "DASHBOARD_SIMULATED": "1",
            "PUBLIC_URL": "https://ona.example.com",
        }
        return lived(asked, clock, world)


def lived(asked: argparse.Namespace, clock: Clock, world: World) -> int:
    import django

    django.setup()
    logging.disable(logging.WARNING)  # refusals of people who are too late are part of it
    from django.core.management import call_command

    from scripts.fortnight.checks import judged
    from scripts.fortnight.drive import fortnight

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    began = time.monotonic()
    options = {"days": asked.days, "step": asked.step, "seed": asked.seed}
    with fortnight(clock, world, **options) as lives:
        lives.prepare()
        for day in lives.days_lived():
            stops, seconds = len(lives.witness.stops()), time.monotonic() - began
            print(f"day {day}: {stops:,} stops so far, {seconds:.0f} s", flush=True)
        lives.finish()
        checks = judged(lives)
    for check in checks:
        print(check)
    failed = sum(not check.passed for check in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
