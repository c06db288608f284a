"""A fortnight behind a demo that has just begun, so that its plots, hours and prices have something to show.

Runs inside the demo's own settings; what it writes is made up, in the shape of working days.
"""

import math
import os
import random
import subprocess
import sys
import time

from scripts.demo import ROOT, Demo

DAYS = 14
NIGHT, NOON, WEEKEND = 0.35, 1.0, 0.3
"""Shares of the environments that run, beside those at noon on a working day."""


def give_past(at: Demo) -> None:
    """Before anybody has looked at its overview, which keeps what it has shown."""
    subprocess.run(
        [sys.executable, "-m", "scripts.demo_past"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "VAR_DIR": str(at.folder)},
        check=True,
    )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    import django

    django.setup()
    from datetime import UTC, datetime, timedelta
    from decimal import Decimal

    from django.utils import timezone

    from dashboard.control.record.models import (
        ClassPrice,
        EnvironmentDay,
        RecordedEnvironment,
        Recording,
        Stretch,
    )
    from dashboard.control.record.phase_counts import STEP, PhaseCount

    luck, now = random.Random(6), timezone.now()  # noqa: S311 - made up, the same each time
    while not (Recording.objects.exists() and RecordedEnvironment.objects.exists()):
        time.sleep(1)  # until the first complete poll
    known = list(RecordedEnvironment.objects.filter(gone=None))
    up = [one for one in known if one.phase == "running"]
    since = now.timestamp() - DAYS * 86_400
    Recording.objects.update(since=since, services_since=since)
    for one in known:
        one.first_seen = max(since, min(one.first_seen, _made(one.id)))
    for one in up:  # what runs since before the record began has been started since
        one.phase_since = min(one.phase_since, one.started or one.phase_since)
    RecordedEnvironment.objects.bulk_update(known, ["phase_since", "first_seen"])
    first = PhaseCount.objects.order_by("at").values_list("at", flat=True).first() or now.timestamp()
    counts = []
    for place in range(math.ceil((first - 7 * 86_400) / STEP), math.floor(first / STEP)):
        moment = timezone.localtime(now + timedelta(seconds=place * STEP - now.timestamp()))
        share = _share(moment.weekday(), moment.hour + moment.minute / 60)
        running = round(len(up) * share * luck.uniform(0.94, 1.06))
        moving = {"starting": luck.randint(0, 3), "stopping": luck.randint(0, 2)}
        counts.append(
            PhaseCount(
                at=place * STEP, counts={"running": running, "stopped": len(known) - running, **moving}
            )
        )
    PhaseCount.objects.bulk_create(counts, ignore_conflicts=True)
    days, stretches = [], []
    for one in known:
        made = timezone.localdate(datetime.fromtimestamp(_made(one.id), UTC))
        for back in range(1, DAYS):
            day = timezone.localdate() - timedelta(days=back)
            if day <= made or luck.random() > _share(day.weekday(), 12):
                continue
            hours = luck.uniform(2, 11)
            days.append(
                EnvironmentDay(
                    day=day,
                    environment_id=one.id,
                    project_id=one.project_id,
                    creator_id=one.creator_id,
                    class_id=one.class_id,
                    running=hours * 3600,
                    idle=hours * 3600 * luck.random() ** 2,
                )
            )
            if back < 7:
                begin = now.timestamp() - back * 86_400 - hours * 1800
                end = begin + hours * 3600
                stretches += [
                    Stretch(environment_id=one.id, what=what, word=word, start=begin, end=end)
                    for what, word in (("phase", "running"), ("signal", "VS Code"))
                ]
    EnvironmentDay.objects.bulk_create(days, ignore_conflicts=True)
    Stretch.objects.bulk_create(stretches, ignore_conflicts=True)
    _give_spells(luck, now.timestamp())
    for key in {one.class_id for one in known if one.class_id}:
        price = Decimal(luck.randint(8, 90)) / 100
        ClassPrice.objects.create(
            class_id=key, price=price, valid_from=now.date() - timedelta(days=DAYS), set_at=now
        )


def _give_spells(luck: random.Random, now: float) -> None:
    """Of services that are up: two a day, of which some fail."""
    from dashboard.control.record.spell_models import ServiceSpell

    spells = []
    for one in ServiceSpell.objects.filter(end=None):
        for back in range(luck.randint(2, 3 * DAYS), 0, -1):
            begin = now - back * 43_200 + luck.uniform(0, 7_200)
            failed = luck.random() < 0.1
            lasted = luck.uniform(20, 9_000) if failed else luck.uniform(2, 9) * 3600
            spells.append(
                ServiceSpell(
                    service_id=one.service_id,
                    environment_id=one.environment_id,
                    name=one.name,
                    start=begin,
                    up=begin + luck.uniform(2, 20),
                    end=begin + lasted,
                    outcome="failed" if failed else "stopped",
                    version=0,
                )
            )
    ServiceSpell.objects.bulk_create(spells, ignore_conflicts=True)


def _made(identifier: str) -> float:
    """When, in epoch seconds: the beginning of an id of the API is that, in milliseconds."""
    return int(identifier.replace("-", "")[:12], 16) / 1000


def _share(weekday: int, hour: float) -> float:
    """Of the environments, how many run then, as a share of those at noon on a working day."""
    if weekday > 4:
        return WEEKEND
    return NIGHT + (NOON - NIGHT) * max(0.0, math.sin(math.pi * (hour - 6) / 14)) if 6 < hour < 20 else NIGHT


if __name__ == "__main__":
    main()
