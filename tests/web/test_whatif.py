"""What if: asking, waiting, the answer with its curve, lists and CSV, and who may do what."""

import csv
import io
import re
from decimal import Decimal
from urllib.parse import quote

import pytest

from dashboard import jobs
from dashboard.control.models import (
    ClassPrice,
    IdlePolicy,
    Progress,
    RecordedEnvironment,
    Recording,
    Replay,
    Stretch,
)
from tests.web.conftest import HTMX, Dashboard, publishing_to, text

H = 3600.0
PAGE = "/idle/what-if/"
HOSTILE = "<b>x</b>"


@pytest.fixture
def recorded(dashboard: Dashboard) -> Dashboard:
    """Three days of record; an environment was left 20 h ago and stopped 8 h ago, another's owner was back soon."""
    now = dashboard.simulated.clock()
    Recording.objects.create(id=1, since=now - 72 * H, until=now, epoch="e", version=1, counted=now)
    row = dashboard.running()
    remember(row.id, row.name, now, left=20, ended=8, class_id=row.class_id)
    remember("e-gone", HOSTILE, now, left=20, ended=8)
    for start, end in ((20, 20), (17.9, 10)):
        remembered("e-gone", "signal", "SSH", now - start * H, now - end * H)
    return dashboard


def remember(key: str, name: str, now: float, *, left: float, ended: float, class_id: str = "") -> None:
    RecordedEnvironment.objects.create(
        id=key,
        name=name,
        first_seen=now - 72 * H,
        version=1,
        phase="stopped",
        phase_since=now - ended * H,
        started=now - 30 * H,
        class_id=class_id,
        role="default",
    )
    remembered(key, "phase", "running", now - 30 * H, now - ended * H)
    remembered(key, "start", "", now - 30 * H, now - 30 * H)
    remembered(key, "signal", "VS Code", now - 30 * H, now - left * H)


def remembered(key: str, what: str, word: str, start: float, end: float) -> None:
    Stretch.objects.get_or_create(
        environment_id=key, what=what, subject="", start=start, defaults={"end": end, "word": word}
    )


def ask(dashboard: Dashboard, role: str = "viewer", **fields: str) -> str:
    """The address that the answer is at."""
    answer = dashboard.post(PAGE, role, **{"scope": "", "idle": "2h", "days": "7", **fields})
    assert answer.status_code == 302
    return answer["Location"]


def policy(dashboard: Dashboard, **fields: str) -> IdlePolicy:
    wish = {"name": "Nightly", "scope": "phase:running", "idle": "2h", "act": "stop", "zone": "UTC"}
    wish |= {"during": "", "never": "", "most_a_run": "20", "most_an_hour": "60", "sure": "on"}
    assert dashboard.post("/idle/policies/new/", **{**wish, **fields, "then": "save"}).status_code == 302
    return IdlePolicy.objects.get()


def test_before_anything_is_recorded_it_says_so(dashboard: Dashboard) -> None:
    assert "Nothing is recorded yet" in text(dashboard.get(PAGE, "viewer"))


def test_a_question_is_answered_by_a_job_and_everybody_sees_the_answer(recorded: Dashboard) -> None:
    assert "Not replayed yet" in text(recorded.get(PAGE, "viewer"))
    address = ask(recorded)
    waiting = recorded.get(address, "viewer")
    assert "It begins when a worker is free" in text(waiting)
    jobs.replay()
    swapped = text(recorded.poll(waiting, "viewer"))
    for page in (swapped, text(recorded.get(address, "operator"))):
        assert "<strong>2 stops</strong> of 2 environments" in page
        assert "<strong>1 regret</strong>" in page
        assert "<strong>The record is shorter.</strong> It holds 3 d" in page
        assert "estimate<" not in page  # there are no prices
    assert recorded.poll(recorded.get(address, "viewer"), "viewer").status_code == 204


def test_another_limit_of_the_curve_is_there_at_once_and_regrets_say_who_was_back(
    recorded: Dashboard,
) -> None:
    address = ask(recorded)
    jobs.replay()
    page = text(recorded.get(address.replace("idle=2h", "idle=4h"), "viewer"))
    assert "<strong>1 stop</strong> of 1 environment" in page
    regrets = text(recorded.get(f"{address}&show=regrets", "viewer"))
    assert "back after 6 min: <bdi>signal SSH</bdi>" in regrets
    assert "&lt;b&gt;x&lt;/b&gt;" in regrets
    assert HOSTILE not in regrets
    assert "no longer there" in regrets
    assert Replay.objects.count() == 1


def test_hours_with_a_price_are_money_marked_as_an_estimate(recorded: Dashboard) -> None:
    ClassPrice.objects.create(
        class_id=recorded.running().class_id,
        price=Decimal("0.5"),
        valid_from="2020-01-01",
        set_at="2026-01-01T00:00Z",
        set_by_name="admin",
    )
    address = ask(recorded)
    jobs.replay()
    page = text(recorded.get(address, "viewer"))
    assert re.search(r"≈ 5\.00 \w+</strong> <span class=\"tag\">estimate</span>", page)
    rows = list(csv.reader(io.StringIO(text_of_csv(recorded, f"{address}&format=csv"))))
    assert rows[0][5:7] == ["hours saved", "estimate eur"]
    assert {(row[0], row[5], row[6], row[7]) for row in rows[1:]} == {
        (recorded.running().name, "10.000", "5.0000", ""),
        (HOSTILE, "0.100", "", "somebody was back"),
    }
    limits = list(csv.reader(io.StringIO(text_of_csv(recorded, f"{address}&format=csv&of=limits"))))
    assert ["2 h", "2", "2", "10.100", "5.0000", "1"] in limits


def text_of_csv(dashboard: Dashboard, address: str) -> str:
    return b"".join(dashboard.get(address, "viewer")).decode().removeprefix("\ufeff")  # type: ignore[arg-type]


MISTAKES = {
    "a field that does not exist": ({"scope": "projekt:web"}, "projekt"),
    "no time": ({"idle": "soon"}, "This takes a time"),
    "too short a limit": ({"idle": "5m"}, "between 10 minutes and a year"),
    "a policy that is gone": ({"policy": "no-uuid"}, "There is no such policy any more"),
    "a text with NUL": ({"scope": "projekt:\0"}, "projekt"),
}


def test_what_makes_no_sense_is_named_and_asked_of_nobody(recorded: Dashboard) -> None:
    for fields, words in MISTAKES.values():
        assert re.search(words, text(recorded.get(ask(recorded, **fields), "viewer"))), fields
    assert not Replay.objects.exists()


def test_a_policy_is_replayed_from_its_page_and_from_the_question_before_it_is_armed(
    recorded: Dashboard,
) -> None:
    one = policy(recorded, most_a_run="1")
    link = f"{PAGE}?policy={one.pk}"
    for address in (f"/idle/policies/{one.pk}/", f"/idle/policies/{one.pk}/arm/"):
        assert link in text(recorded.get(address))
    address = ask(recorded, policy=str(one.pk))
    assert quote(str(one.pk)) in address
    IdlePolicy.objects.update(act="delete")
    for page in (link, f"/idle/policies/{one.pk}/", f"/idle/policies/{one.pk}/arm/"):
        assert ("is about what is stopped already" in text(recorded.get(page))) is (page == link)
        assert page == link or link not in text(recorded.get(page))
    IdlePolicy.objects.update(act="stop")
    jobs.replay()
    page = text(recorded.get(address, "viewer"))
    assert "It would have paused itself" in page
    assert "the policy's</span>" in page
    asked = text(recorded.get(f"/idle/policies/{one.pk}/arm/"))
    assert "it would have saved <strong>10.1 h</strong> with 2 stops and 1 regret, and paused itself" in asked


def test_only_who_asked_and_admins_cancel_and_the_same_question_is_not_computed_twice(
    recorded: Dashboard,
) -> None:
    address = ask(recorded, "operator")
    ask(recorded, "viewer")
    one = Replay.objects.get()
    cancel = f"{PAGE}{one.pk}/cancel/"
    assert 'id="cancel"' not in text(recorded.get(address, "viewer"))
    assert recorded.post(cancel, "viewer", idle="2h").status_code == 403
    assert recorded.post(cancel, "operator", scope="", idle="2h", days="7")["Location"] == address
    assert "was cancelled" in text(recorded.get(address, "viewer"))
    ask(recorded)
    jobs.replay()
    first = Replay.objects.get().ended
    ask(recorded)  # an answer that is fresh
    assert Replay.objects.get().ended == first
    ask(recorded, again="1")
    assert Replay.objects.get().state == Progress.WAITING


def test_progress_alone_is_swapped_while_it_goes_on_and_a_failure_says_why(recorded: Dashboard) -> None:
    address = ask(recorded)
    page = recorded.get(address, "viewer")
    Replay.objects.update(state=Progress.RUNNING, done=100, total=400)
    swapped = text(recorded.poll(page, "viewer"))
    assert "100 of 400 environments" in swapped
    assert 'id="answer"' not in swapped
    Replay.objects.update(state=Progress.FAILED, trouble=HOSTILE)
    assert "&lt;b&gt;" in text(recorded.get(address, "viewer"))


def test_without_a_broker_a_question_waits_and_too_many_are_refused_in_words(recorded: Dashboard) -> None:
    with publishing_to("redis://127.0.0.1:1/0"):
        for idle in ("100m", "110m", "130m", "140m"):
            address = ask(recorded, idle=idle)
    assert "of your replays wait already" in text(recorded.get(address, "viewer"))
    assert Replay.objects.filter(state=Progress.WAITING).count() == 3
    assert recorded.clients["viewer"].get(address, headers=HTMX).status_code == 200
