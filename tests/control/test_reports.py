"""What a day of the fleet comes to, when its report is made, and where it goes."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dashboard.control.models import (
    Action,
    Batch,
    Channel,
    ClassPrice,
    Delivery,
    EnvironmentDay,
    FleetReport,
    IdlePolicy,
    RecordedEnvironment,
    Recording,
    ReportChannel,
    State,
    Stretch,
    User,
)
from dashboard.control.permissions import Forbidden
from dashboard.control.record import history
from dashboard.control.reports import daily as reports
from dashboard.control.reports.figures import MOST, figures
from dashboard.control.reports.words import body, subject
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Kind, Service
from dashboard.fleet.hours import the_day
from dashboard.fleet.snapshot import Fleet

H = 3600.0
ZONE = ZoneInfo("UTC")
DAY = date(2026, 9, 21)
MIDNIGHT = datetime(2026, 9, 21, tzinfo=UTC)
HOSTILE = "otter](http://evil) @here\r\nBcc: x"
MORNING = MIDNIGHT + timedelta(hours=24, minutes=30)
FLEET = Fleet(
    "epoch",
    1,
    {
        Kind.ENVIRONMENT: {
            "e-1": Environment("e-1", HOSTILE, "running", timeout=0.0, started=1.0),
            "e-2": Environment("e-2", "owl", "running", timeout=1800.0),
        },
        Kind.SERVICE: {
            "s-1": Service("s-1", "e-2", "Web", phase="failed", failure="it ended with 1"),
            "s-2": Service("s-2", "e-gone", "Web", phase="failed"),
        },
    },
)
pytestmark = pytest.mark.django_db


def at(hour):
    return MIDNIGHT.timestamp() + hour * H


def moment(hour):
    return MIDNIGHT + timedelta(hours=hour)


@pytest.fixture(autouse=True)
def recording():
    values = {"since": at(-200), "until": at(24.5), "counted": at(24.5)}
    return Recording.objects.create(id=1, epoch="e", version=1, **values)


@pytest.fixture
def admin():
    return User.objects.create(username="ada", role="admin")


def recorded(key, *, started=None, phase="stopped", since=0.0, **more):
    values = {"name": key, "first_seen": at(-200), "version": 1, "class_id": "c-1"}
    RecordedEnvironment.objects.create(
        id=key, phase=phase, phase_since=at(since), started=started, **{**values, **more}
    )


def stretch(key, what, word, start, end, subject=""):
    Stretch.objects.create(
        environment_id=key, what=what, word=word, start=at(start), end=at(end), subject=subject
    )


def stop(key, hour, *, state=State.CONFIRMED, policy=None):
    batch = Batch.objects.create(
        verb=Verb.STOP_ENVIRONMENT.value, created=moment(hour), actor_name="a", targets=[], policy=policy
    )
    return Action.objects.create(
        verb=Verb.STOP_ENVIRONMENT.value,
        kind="environment",
        target_id=key,
        target_name=key,
        actor_name="a",
        state=state,
        batch=batch,
        created=moment(hour),
        not_before=moment(hour),
        requested=moment(hour),
    )


def of_day(now=MORNING):
    return figures(the_day(DAY, ZONE), FLEET, now)


class TestFigures:
    def test_hours_and_money_are_those_of_the_day_beside_those_of_the_day_before(self):
        for day, running in ((DAY, 10), (DAY - timedelta(days=1), 4)):
            EnvironmentDay.objects.create(
                day=day, environment_id="e-1", class_id="c-1", running=running * H, idle=2 * H, unknown=0
            )
        ClassPrice.objects.create(
            class_id="c-1", price=Decimal("0.5"), valid_from=DAY, set_at=MIDNIGHT, set_by_name="a"
        )
        told = of_day()
        assert (told["running"], told["idle"], told["before"]["running"]) == (10 * H, 2 * H, 4 * H)
        assert (told["money"], told["idle_money"]) == ("5.00", "1.00")

    def test_stops_of_policies_are_counted_and_those_that_were_regretted_are_named(self):
        nightly = IdlePolicy.objects.create(
            name="Nightly", idle=H, created=MIDNIGHT, made_by="a", changed=MIDNIGHT, changed_by="a"
        )
        for key, hour, back in (("soon", 20, 20.2), ("late", 20, 20.3), ("midnight", 23.9, 24.1)):
            stop(key, hour, policy=nightly)
            stretch(key, "start", "", back, back)
        stop("skipped", 21, policy=nightly, state=State.SKIPPED)
        stop("deleted", 21, policy=nightly)
        Action.objects.filter(target_id="deleted").update(verb=Verb.DELETE_ENVIRONMENT.value)
        stop("by-hand", 12)
        stretch("by-hand", "start", "", 12.1, 12.1)
        stop("another-day", 25, policy=nightly)
        told = of_day()
        assert told["policies"] == [{"name": "Nightly", "asked": 4, "stopped": 3}]
        assert (told["stopped"], told["deleted"]) == (3, 1)
        assert [(one["id"], one["after"], one["policy"]) for one in told["regrets"]] == [
            ("by-hand", 360, ""),
            ("midnight", 720, "Nightly"),
            ("soon", 720, "Nightly"),
        ]

    def test_what_runs_longest_and_what_one_source_alone_keeps_awake(self):
        recorded(
            "ssh",
            phase="running",
            since=-100,
            started=at(-100),
            source="SSH",
            signal_first=at(-50),
            signal_last=at(24.4),
        )
        recorded("both", phase="running", since=-60, started=at(-60))
        stretch("both", "signal", "SSH", 1, 5)
        stretch("both", "signal", "VS Code", 6, 20)
        recorded("working", phase="running", since=-50, started=at(-50), runs={"x": ["test", at(3)]})
        stretch("working", "signal", "SSH", 1, 23)
        recorded("young", phase="running", since=10, started=at(10))
        recorded("stopped", phase="stopped", since=12, started=at(-80))
        stretch("stopped", "phase", "running", -80, 12)
        told = of_day()
        assert [(one["id"], one["for"] / H) for one in told["longest"]] == [
            ("ssh", 124),
            ("both", 84),
            ("working", 74),
        ]
        assert [(one["id"], one["source"]) for one in told["awake"]] == [("ssh", "SSH")]
        assert told["ran"] == 5

    def test_timeouts_and_services_are_those_of_the_present_and_of_no_day_long_ago(self):
        told = of_day()
        assert [one["id"] for one in told["never"]] == ["e-1"]
        assert [(one["id"], one["environment"]) for one in told["failing"]] == [("s-1", "owl")]
        assert "never" not in of_day(MORNING + timedelta(hours=9))

    def test_lists_are_bounded_and_say_how_many_there_are(self):
        for number in range(MOST + 5):
            recorded(f"e-{number}", phase="running", since=-100, started=at(-100))
        told = of_day()
        assert (len(told["longest"]), told["long"]) == (MOST, MOST + 5)
        assert len(json.dumps(told)) < 20_000


class TestMaking:
    def test_a_day_is_reported_once_when_it_is_over_and_counted_and_today_so_far(self):
        assert reports.make_due(FLEET, moment(24.1), ZONE) == [
            DAY - timedelta(days=back) for back in range(6, 0, -1)
        ]
        assert reports.make_due(FLEET, MORNING, ZONE) == [DAY]
        assert reports.make_due(FLEET, MORNING, ZONE) == []
        today = FleetReport.objects.get(day=DAY + timedelta(days=1))
        for hour, made in ((24.6, MORNING), (24.8, moment(24.8))):  # every quarter of an hour
            reports.make_due(FLEET, moment(hour), ZONE)
            today.refresh_from_db()
            assert (today.final, today.made) == (False, made)

    def test_hours_that_are_not_counted_are_waited_for_but_not_for_ever(self):
        Recording.objects.update(counted=at(23))
        assert DAY not in reports.make_due(FLEET, MORNING, ZONE)
        assert DAY in reports.make_due(FLEET, moment(27.1), ZONE)

    def test_a_fleet_that_cannot_be_read_is_waited_for_too_and_nothing_is_said_of_its_services(self):
        assert DAY not in reports.make_due(None, MORNING, ZONE)
        assert DAY in reports.make_due(None, moment(27.1), ZONE)
        assert "failing" not in FleetReport.objects.get(day=DAY).figures
        assert not FleetReport.objects.filter(final=False).exists()

    def test_before_anything_is_recorded_and_of_days_before_that_there_is_none(self):
        Recording.objects.update(since=at(23))
        assert reports.make_due(FLEET, MORNING, ZONE) == [DAY]
        Recording.objects.all().delete()
        assert reports.make_due(FLEET, moment(60), ZONE) == []

    def test_old_ones_go_and_with_a_simulated_record_all_of_them(self, settings):
        reports.make_due(FLEET, MORNING, ZONE)
        assert reports.prune(MORNING) == 0
        assert reports.prune(MORNING + timedelta(days=settings.HISTORY_TOTALS_DAYS + 2)) > 0
        history.forget()
        assert not FleetReport.objects.exists()


@pytest.fixture
def room():
    return Channel.objects.create(
        name="Room", kind="slack", sealed="", host="slack.com", mark="m", created=MIDNIGHT, changed=MIDNIGHT
    )


class TestSending:
    def test_the_report_of_yesterday_goes_to_the_chosen_channels_once(self, admin, room):
        reports.choose([room], admin, MIDNIGHT)
        assert DAY in reports.make_due(FLEET, MORNING, ZONE)
        reports.send(FleetReport.objects.get(day=DAY), MORNING)
        [delivery] = Delivery.objects.all()  # and none for the days that were made up for
        assert (delivery.occasion, delivery.channel, delivery.topic) == ("report:2026-09-21", room, "report")
        reports.choose([], admin, MIDNIGHT)
        assert not ReportChannel.objects.exists()
        assert list(Action.objects.values_list("verb", flat=True)) == ["report.send", "report.send"]

    def test_only_admins_choose(self, room):
        with pytest.raises(Forbidden):
            reports.choose([room], User.objects.create(username="oda", role="operator"), MIDNIGHT)

    def test_the_words_are_plain_and_names_in_them_do_no_harm(self, settings):
        settings.PUBLIC_URL = "https://fleet.example"
        reports.make_due(FLEET, MORNING, ZONE)
        report = FleetReport.objects.get(day=DAY)
        words = body(report)
        assert subject(report) == "Ona fleet, Mon 21 Sep 2026: 0.0 h idle of 0.0 h, 0 stopped"
        assert "Without a timeout: 1\n" in words
        assert "Web in owl" in words
        assert words.endswith("https://fleet.example/idle/reports/2026-09-21/")
        assert "http://evil" not in words
        assert "@here" not in words
        assert "\r" not in words
