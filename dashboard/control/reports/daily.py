"""The fleet's daily reports: made once a day is over, kept, and sent to the channels that admins have chosen. That of
the day that goes on is made again every quarter of an hour.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from dashboard.control.models import (
    Action,
    Channel,
    FleetReport,
    Recording,
    ReportChannel,
    State,
    Topic,
    User,
)
from dashboard.control.notify import owed as notify
from dashboard.control.notify.owed import Recipient
from dashboard.control.permissions import Forbidden, channel_refusal
from dashboard.control.reports.figures import figures
from dashboard.control.reports.words import body, subject
from dashboard.fleet.hours import Day, the_day
from dashboard.fleet.snapshot import Fleet

LATER = timedelta(minutes=20)
"""After the end of a day: whoever was stopped at its end has had a quarter of an hour to come back."""
UNCOUNTED = timedelta(hours=3)
"""A report waits no longer for hours that are not counted, and for a fleet that cannot be read."""
SO_FAR = timedelta(minutes=15)
"""Between two reports of the day that goes on."""
DAYS_BACK = 7
"""Days without a report are made up for, when there was nobody to make it."""


def make_due(fleet: Fleet | None, now: datetime, zone: ZoneInfo) -> list[date]:
    """Make the reports of days that are over and have none, and today's so far; returns the days of new final ones.
    While the `fleet` is not known (None) there is no report of today, and that of yesterday waits for a while.
    """
    recording = Recording.objects.first()
    if recording is None:
        return []
    made = []
    today = now.astimezone(zone).date()
    for back in range(DAYS_BACK, 0, -1):
        day = the_day(today - timedelta(days=back), zone)
        if _is_due(day, recording, now, known=fleet is not None):
            made += [day.date] if _finish(day, fleet, now, tell=back == 1) else []
    last = FleetReport.objects.filter(day=today).values_list("made", flat=True).first()
    if fleet is not None and (last is None or abs(now - last) >= SO_FAR):
        values = {"figures": figures(the_day(today, zone), fleet, now), "made": now, "final": False}
        FleetReport.objects.update_or_create(day=today, defaults=values)
    return made


def _is_due(day: Day, recording: Recording, now: datetime, *, known: bool) -> bool:
    """It is over, something of it is recorded and counted, and there is no report."""
    after = now - datetime.fromtimestamp(day.end, UTC)
    if after < LATER or recording.since >= day.end or recording.until <= day.start:
        return False
    if (recording.counted < day.end or not known) and after < UNCOUNTED:
        return False
    return not FleetReport.objects.filter(day=day.date, final=True).exists()


def _finish(day: Day, fleet: Fleet | None, now: datetime, *, tell: bool) -> bool:
    """The report of a day that is over, and with `tell` the messages that bring it; False when somebody was faster."""
    found = figures(day, fleet, now)
    with transaction.atomic():
        report, new = FleetReport.objects.select_for_update().get_or_create(
            day=day.date, defaults={"made": now, "final": True, "figures": found}
        )
        if not new and report.final:
            return False
        report.made, report.final, report.figures = now, True, found
        report.save()
        if tell:
            send(report, now)
    return True


def send(report: FleetReport, now: datetime) -> int:
    """Write a message for each channel that was chosen; returns how many."""
    chosen = ReportChannel.objects.select_related("channel").order_by("channel__name")
    recipients = [Recipient(channel=one.channel, name=one.channel.name) for one in chosen]
    words = subject(report), body(report)
    until = now + timedelta(days=1)
    return notify.tell(f"report:{report.day}", recipients, *words, topic=Topic.REPORT, now=now, until=until)


def choose(channels: list[Channel], user: User, now: datetime) -> None:
    """Send the reports to these and to no others. Raises Forbidden."""
    if why_not := channel_refusal(user):
        raise Forbidden(why_not)
    wanted = {one.pk: one for one in channels}
    before = {one.channel_id: one for one in ReportChannel.objects.select_related("channel")}
    with transaction.atomic():
        ReportChannel.objects.exclude(channel__in=list(wanted)).delete()
        for key, channel in wanted.items():
            if key not in before:
                ReportChannel.objects.create(channel=channel, chosen=now, chosen_by=str(user)[:200])
        if set(wanted) != set(before):
            names = ", ".join(sorted(one.name for one in channels)) or "nobody"
            _record(names, user, now)


def _record(names: str, user: User, now: datetime) -> None:
    """A line of the ledger that was confirmed as it was written."""
    Action.objects.create(
        verb="report.send",
        kind="report",
        target_id="daily",
        target_name="Daily report",
        actor=user,
        actor_name=str(user)[:200],
        state=State.CONFIRMED,
        outcome=f"It is sent to {names}."[:1000],
        created=now,
        not_before=now,
        ended=now,
    )


def prune(now: datetime) -> int:
    """Forget reports of days whose hours are forgotten; returns how many."""
    first = now.date() - timedelta(days=settings.HISTORY_TOTALS_DAYS)
    return FleetReport.objects.filter(day__lt=first).delete()[0]
