"""What a policy would do right now: before it is armed, and while it is changed beside how it is saved."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from dashboard.control import ledger
from dashboard.control.idleness import exemptions
from dashboard.control.models import IdlePolicy, Progress, Replay
from dashboard.control.policies.verdicts import Assessment, Finding, assess
from dashboard.control.whatif import replays
from dashboard.control.whatif.run import DAYS, Question
from dashboard.web.http import moment

NAMES_SHOWN = 50


def assessed(request: HttpRequest, policy: IdlePolicy) -> Assessment:
    """What it would do right now."""
    now, at = moment(request), timezone.localtime(ledger.utc_now())
    among = now.fleet.environments.values() if policy.of_stopped else None
    holds = exemptions.holds(now.fleet, at, among)
    return assess(policy, now, at, holds, list(IdlePolicy.objects.beside(policy)))


def preview(found: Assessment, before: Assessment | None = None) -> dict[str, Any]:
    """In counts and names, and beside what the saved policy would do: what it would not do comes first."""
    acted, old = _acted(found), {one.row.id: one for one in _acted(before)} if before else {}
    added = {one.row.id for one in acted if one.row.id not in old} if before else set()
    acted = sorted(acted, key=lambda one: one.row.id not in added)
    now = {one.row.id for one in acted}
    kept = {one.row.id: one.why for one in found.findings}
    spared = [
        (one.row, kept.get(key, _("its filter no longer holds it")))
        for key, one in old.items()
        if key not in now
    ]
    return {
        "found": found,
        "acted": acted[:NAMES_SHOWN],
        "more": max(0, len(acted) - NAMES_SHOWN),
        "many": len(acted),
        "kept": sum(found.kept.values()),
        "reasons": list(found.kept.items()),
        "compared": before is not None,
        "new": added,
        "added": len(added),
        "spared": spared[:NAMES_SHOWN],
        "fewer": len(spared),
    }


def replayed(policy: IdlePolicy) -> dict[str, Any]:
    """What the newest replay of it, as it is now, came to; empty when there is none, or it stops nothing."""
    if policy.of_stopped:
        return {}
    keys = [replays.key_of(Question.of(policy, days)) for days in DAYS]
    done = Replay.objects.filter(key__in=keys, state=Progress.DONE).order_by("-ended").first()
    if done is None:
        return {}
    one = next((each for each in done.result["limits"] if each["limit"] == policy.idle), None)
    if one is None:
        return {}
    money = None if one["money"] is None else Decimal(one["money"])
    told = {"days": done.question["days"], "ended": done.ended, "too_many": done.result["too_many"]}
    return {**told, **one, "amount": money, "regretted": one["back"] + one["work"]}


def _acted(found: Assessment) -> list[Finding]:
    return [*found.stops, *found.warns]
