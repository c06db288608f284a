"""What idle environments cost: by the hour, and since they were last used. Estimates, as all money is."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings

from dashboard.control.idle import last_activity
from dashboard.control.idleness.review import Judged, Review
from dashboard.control.record import cost
from dashboard.control.record.cost import NOTHING, Prices
from dashboard.fleet.entities import Environment
from dashboard.fleet.hours import day_of

STEP = 900.0
"""Money moves on every so many seconds, so that a poll between finds nothing new."""


@dataclass(frozen=True)
class IdleMoney:
    """The prices at `now` (epoch seconds)."""

    prices: Prices
    now: float
    zone: ZoneInfo

    def hourly(self, row: Environment) -> Decimal | None:
        """What an hour of it costs today."""
        return self.prices.on(row.class_id, day_of(self.now, self.zone).date)

    def so_far(self, row: Environment) -> Decimal | None:
        """What it has cost since it was last used; None without a price or a time."""
        since, _ = last_activity(row)
        if since is None or since > self.now or not self.prices:
            return None
        return cost.of_time(self.prices, row.class_id, since, self.now, self.zone)

    def an_hour(self, rows: Iterable[Judged]) -> Decimal | None:
        """What all of them cost in an hour; None when none has a price."""
        known = [price for one in rows if (price := self.hourly(one.row)) is not None]
        return sum(known, NOTHING) if known else None


def idle_money(review: Review) -> IdleMoney:
    at = math.floor(review.now.timestamp() / STEP) * STEP
    return IdleMoney(cost.prices(), at, ZoneInfo(settings.TIME_ZONE))
