"""How actions and policies are getting on, for whoever watches over the dashboard. Each question reads what an index
gives: what is open, what was asked for lately; never the whole ledger.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from dashboard.control.models import OPEN, Action, ActionQuerySet, IdlePolicy, PolicyState, State

LATELY = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_TIMED = 1_000
"""Confirmed actions, the newest, whose times are looked at."""
QUANTILES = (0.5, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Deeds:
    """Actions by state: those still open with the age (seconds) of the oldest, those asked for within the last hour
    that have ended, and by quantile the seconds from click to confirmation of these. Stops of policies of the last
    day by state, and policies by theirs.
    """

    open: Mapping[str, int]
    oldest: Mapping[str, float]
    ended: Mapping[str, int]
    confirmed_within: Mapping[float, float]
    policy_stops: Mapping[str, int]
    policies: Mapping[str, int]


def deeds(now: datetime) -> Deeds:
    """Five questions to the database; raises DatabaseError."""
    waiting = {
        state: (count, oldest)
        for state, count, oldest in Action.objects.open()
        .order_by()
        .values_list("state")
        .annotate(count=Count("id"), oldest=Min("created"))
    }
    lately = Action.objects.filter(created__gte=now - LATELY)
    ended = _by_state(lately.exclude(state__in=OPEN))
    confirmed = lately.filter(state=State.CONFIRMED).order_by("-created", "-id")
    times = sorted(
        (done - begun).total_seconds()
        for begun, done in confirmed.values_list("created", "ended")[:MOST_TIMED]
        if done is not None
    )
    stops = _by_state(Action.objects.filter(created__gte=now - DAY, batch__policy__isnull=False))
    policies = dict(IdlePolicy.objects.order_by().values_list("state").annotate(count=Count("id")))
    return Deeds(
        {state.value: waiting.get(state.value, (0, now))[0] for state in OPEN},
        {state: max(0.0, (now - oldest).total_seconds()) for state, (_, oldest) in waiting.items()},
        {state.value: ended.get(state.value, 0) for state in State if state not in OPEN},
        {share: times[round(share * (len(times) - 1))] for share in QUANTILES} if times else {},
        {state.value: stops.get(state.value, 0) for state in State},
        {state.value: policies.get(state.value, 0) for state in PolicyState},
    )


def _by_state(actions: ActionQuerySet) -> dict[str, int]:
    return dict(actions.order_by().values_list("state").annotate(count=Count("id")))
