"""`make fortnight`: live through it, and judge what came of it."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from scripts.fortnight.service import valkey


def main() -> int:
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--days", type=int, default=14)
    wish.add_argument("--environments", type=int, default=500)
    wish.add_argument("--step", type=float, default=600.0, help="simulated seconds between two turns")
    wish.add_argument("--seed", type=int, default=7)
    asked = wish.parse_args()
    with tempfile.TemporaryDirectory(prefix="ona-fortnight-") as folder, valkey(Path(folder)) as address:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "VAR_DIR": folder,
            "SECRET_KEY": "of a fortnight",
            "DATABASE_URL": f"sqlite:///{folder}/fortnight.sqlite3",
            "REDIS_URL": address,
            "POLL_HOT_SECONDS": str(asked.step),
            "ONA_REQUESTS_PER_SECOND": "100000",
            "TIME_ZONE": "UTC",
        }
        return lived(asked)


def lived(asked: argparse.Namespace) -> int:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from dashboard.simulator import World, create_app, serve
    from scripts.fortnight.checks import judged
    from scripts.fortnight.clock import Clock
    from scripts.fortnight.drive import START, fortnight

    call_command("migrate", verbosity=0)
    began, clock = time.monotonic(), Clock(START)
    world = World(environments=asked.environments, seed=asked.seed, now=clock, life=False)
    with serve(create_app(world)) as url:
        settings.ONA_BASE_URL, settings.ONA_API_KEY, settings.ONA_ACTION_API_KEY = url, "key", "key"
        with fortnight(clock, world, days=asked.days, step=asked.step, seed=asked.seed) as lives:
            lives.prepare()
            for day in lives.days_lived():
                stops, seconds = len(lives.witness.stops()), time.monotonic() - began
                print(f"day {day}: {stops:,} stops so far, {seconds:.0f} s", flush=True)
            checks = judged(lives)
    for check in checks:
        print(check)
    failed = sum(not check.passed for check in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
