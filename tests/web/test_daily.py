"""Daily reports: the list, one day, today so far, and who chooses where they go."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from dashboard import jobs
from dashboard.control.models import Channel, EnvironmentDay, FleetReport, Recording, ReportChannel
from dashboard.fleet.entities import Service
from tests.web.conftest import Dashboard, text

H = 3600.0
PAGE = "/idle/reports/"
HOSTILE = "<b>x</b>"


def recorded(dashboard: Dashboard) -> None:
    now = dashboard.simulated.clock()
    Recording.objects.create(id=1, since=now - 40 * H, until=now, epoch="e", version=1, counted=now)
    row = dashboard.running()
    EnvironmentDay.objects.create(
        day=timezone.localdate(), environment_id=row.id, running=10 * H, idle=4 * H, unknown=0.0
    )
    dashboard.put(Service("s-bad", row.id, HOSTILE, phase="failed", failure=HOSTILE))
    assert not dashboard.simulated.sync().hot().error
    jobs.parts.snapshot().now()


def channel() -> Channel:
    now = datetime.now(UTC)
    return Channel.objects.create(
        name=HOSTILE, kind="mail", sealed="", host="example.com", mark="m", created=now, changed=now
    )


def test_today_so_far_is_made_by_a_job_and_everybody_sees_it(dashboard: Dashboard) -> None:
    assert "The record begins with the first complete poll" in text(dashboard.get(PAGE, "viewer"))
    recorded(dashboard)
    jobs.make_reports()
    today = f"{PAGE}{timezone.localdate()}/"
    listed = text(dashboard.get(PAGE, "viewer"))
    assert today in listed
    assert "up to <time" in listed
    page = text(dashboard.get(today, "viewer"))
    assert "<strong>10.0 h</strong>" in page
    assert "Failing services" in page
    assert HOSTILE not in page
    assert "10.000,4.000" in b"".join(dashboard.get(f"{PAGE}?format=csv", "viewer")).decode()  # type: ignore[arg-type]
    assert dashboard.poll(dashboard.get(today, "viewer"), "viewer").status_code == 204


def test_a_day_without_a_report_says_why_and_one_that_no_calendar_has_is_not_found(
    dashboard: Dashboard,
) -> None:
    today = timezone.localdate()
    for day, words in (
        (today + timedelta(days=2), "yet to come"),
        (today, "within a few minutes"),
        (today - timedelta(days=400), "no longer kept"),
        ("2026-02-30", ""),
        ("0001-01-01", "no longer kept"),
        ("9999-12-31", "yet to come"),
    ):
        answer = dashboard.get(f"{PAGE}{day}/", "viewer")
        assert answer.status_code == 404
        assert words in text(answer)
    FleetReport.objects.all().delete()


def test_admins_choose_channels_and_others_read_which(dashboard: Dashboard) -> None:
    assert "There are no channels yet" in text(dashboard.get(PAGE))
    room = channel()
    assert 'type="checkbox"' not in text(dashboard.get(PAGE, "operator"))
    assert dashboard.post(PAGE, "operator", channel=str(room.pk)).status_code == 403
    assert dashboard.post(PAGE, channel="not-an-id").status_code == 302
    assert dashboard.post(PAGE, channel=str(room.pk)).status_code == 302
    assert ReportChannel.objects.get().channel == room
    for role in ("admin", "viewer"):
        page = text(dashboard.get(PAGE, role))
        assert "&lt;b&gt;x&lt;/b&gt;" in page
        assert HOSTILE not in page


def test_early_in_the_day_a_report_of_nothing_does_not_say_that_nothing_ran(dashboard: Dashboard) -> None:
    recorded(dashboard)
    EnvironmentDay.objects.all().delete()
    jobs.make_reports()
    listed = text(dashboard.get(PAGE, "viewer"))
    day = text(dashboard.get(f"{PAGE}{timezone.localdate()}/", "viewer"))
    assert "nothing recorded" in listed
    assert "Nothing is recorded of this day up to" in day
    assert all("0 h" not in page.partition("<main")[2] for page in (listed.partition("<tbody")[2], day))
