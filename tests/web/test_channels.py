"""Channels and warnings on their pages: made without ever showing an address, tested, kept awake with one press."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone

from dashboard.config.notify import Allowed
from dashboard.control.models import Channel, Delivery, Exemption, MailChoice, StopWarning, Topic, User
from tests.web.conftest import HTMX, OPERATOR, Dashboard, text
from tests.web.test_idle import fleet
from tests.web.test_policies import made, path, save

assert fleet  # the fixture

SECRET = "json://127.0.0.1:9/very-secret"


@pytest.fixture
def local(settings: Any) -> None:
    settings.NOTIFY_HOSTS = Allowed(networks=(ip_network("127.0.0.0/8"),))


def channel(fleet: Dashboard, **fields: str) -> Channel:
    given = {"name": "Ops", "kind": "webhook", "address": SECRET} | fields
    assert fleet.post("/idle/channels/new/", **given).status_code == 302
    return Channel.objects.get(name=given["name"])


def test_an_address_is_shown_on_no_page_also_not_beside_a_mistake(fleet: Dashboard, local: None) -> None:
    one = channel(fleet)
    wrong = fleet.post("/idle/channels/new/", name="Ops", kind="webhook", address=SECRET)
    assert (wrong.status_code, "There is a channel with this name." in text(wrong)) == (422, True)
    pages = [
        wrong,
        *(fleet.get(where) for where in ("/idle/channels/", f"/idle/channels/{one.pk}/", "/activity/")),
    ]
    assert all("very-secret" not in text(page) for page in pages)
    assert all(said in text(pages[1]) for said in ("Ops", "127.0.0.1", one.mark))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": ""}, "A channel has an address."),
        ({"address": "json://10.0.0.1/x"}, "Messages do not go to that host."),
        ({"kind": "pager"}, "is not one of the available choices"),
        ({"name": "\u200b"}, "A name has letters that can be seen."),
        ({"name": ""}, "This field is required"),
        ({"address": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_what_is_wrong_comes_back_at_its_field(
    fleet: Dashboard, local: None, fields: dict[str, str], words: str
) -> None:
    answer = fleet.post(
        "/idle/channels/new/", **({"name": "Ops", "kind": "webhook", "address": SECRET} | fields)
    )
    assert (answer.status_code, words in text(answer)) == (422, True)
    assert not Channel.objects.exists()


def test_a_change_without_an_address_keeps_the_one_it_has(fleet: Dashboard, local: None) -> None:
    one = channel(fleet)
    assert fleet.post(f"/idle/channels/{one.pk}/", name="On call").status_code == 302
    changed = Channel.objects.get()
    assert (changed.name, changed.sealed, changed.mark) == ("On call", one.sealed, one.mark)


def test_a_test_is_owed_and_its_end_is_shown(fleet: Dashboard, local: None) -> None:
    one = channel(fleet)
    page = fleet.get("/idle/channels/")
    fleet.post(f"/idle/channels/{one.pk}/test/")
    assert Delivery.objects.get().topic == Topic.TEST
    Delivery.objects.update(state="failed", why="it answered 404")
    assert "it answered 404" in text(fleet.get("/idle/channels/"))
    assert page.status_code == 200


def test_deleting_one_names_the_policies_that_use_it(fleet: Dashboard, local: None) -> None:
    one = channel(fleet)
    policy = made(fleet, channel=str(one.pk), fallback=str(one.pk), lead="30m")
    assert (policy.channel, policy.fallback, policy.lead) == (one, one, 1800.0)
    question = text(fleet.get(f"/idle/channels/{one.pk}/delete/", **HTMX))
    assert "<bdi>Nightly</bdi>" in question
    fleet.post(f"/idle/channels/{one.pk}/delete/")
    policy.refresh_from_db()
    assert policy.channel is None


@pytest.mark.parametrize("lead", ["1m", "3h", "often"])
def test_a_lead_that_makes_no_sense_is_refused(fleet: Dashboard, lead: str) -> None:
    answer = save(fleet, lead=lead)
    assert answer.status_code == 422
    assert "A warning comes between" in text(answer) or "This takes a time" in text(answer)


def test_the_page_of_a_policy_says_how_it_warns_and_what_it_would_do(fleet: Dashboard) -> None:
    policy = made(fleet, lead="30m")
    assert "30 min before, its creator by mail" in text(fleet.get(path(policy)))
    preview = text(fleet.get(path(policy, "arm/")))
    assert re.search(r"<strong>4 environments</strong> would be stopped, 30 min after a warning", preview)


# Keeping awake


@pytest.fixture
def warning(fleet: Dashboard) -> StopWarning:
    """Of one of Ada's."""
    now = timezone.now()
    return StopWarning.objects.create(
        policy=made(fleet, lead="30m"),
        environment_id="e-4",
        name="otter",
        spell=1.0,
        decided=now,
        deadline=now + timedelta(minutes=20),
        because="idle 3 h",
    )


def test_a_warning_is_shown_with_its_deadline_and_a_way_to_keep_it(
    fleet: Dashboard, warning: StopWarning
) -> None:
    assert warning.deadline is not None
    clock = f"{timezone.localtime(warning.deadline):%H:%M}"
    shown = text(fleet.get("/environments/e-4/", "operator"))
    assert re.search(rf"Stops at <time[^>]*>[^<]*{clock}</time>", shown)
    assert 'href="/environments/e-4/keep/"' in shown
    assert re.search(rf"stops <time[^>]*>[^<]*{clock}</time>", text(fleet.get("/idle/?show=all")))
    assert "Keep awake…" not in text(fleet.get("/environments/e-4/", "viewer"))


def test_one_press_keeps_it_and_a_second_grants_nothing_twice(fleet: Dashboard, warning: StopWarning) -> None:
    page = text(fleet.get("/environments/e-4/keep/", "operator"))
    assert "idle 3 h" in page
    until = re.findall(r'name="until" value="([^"]+)"', page)[0].replace("&#x2B;", "+")
    for _ in range(2):
        assert fleet.post("/environments/e-4/keep/", "operator", until=until).status_code == 302
    assert Exemption.objects.get().reason == "kept awake after a warning"
    warning.refresh_from_db()
    assert warning.outcome.startswith("kept: exempt until")
    shown = text(fleet.get("/environments/e-4/", "operator"))
    assert "It is <bdi>exempt until" in shown
    assert "Stops at" not in shown


@pytest.mark.parametrize(
    "until", ["", "soon", "2999-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00", "2999-01-01", "\0"]
)
def test_an_end_that_makes_no_sense_is_refused(fleet: Dashboard, until: str) -> None:
    assert fleet.post("/environments/e-4/keep/", "operator", until=until).status_code == 422
    assert not Exemption.objects.exists()


def test_others_cannot_keep_what_is_not_theirs(fleet: Dashboard) -> None:
    assert fleet.get("/environments/e-4/keep/", "viewer").status_code == 403
    assert fleet.post("/environments/gone/keep/", "operator").status_code == 404


# One's own messages


def test_everybody_sees_their_own_messages_and_says_whether_they_wish_them(fleet: Dashboard) -> None:
    now = timezone.now()
    for address in (OPERATOR, "somebody@example.com"):
        Delivery.objects.create(
            occasion="x", topic=Topic.AFTER, recipient=f"mail:{address.lower()}", address=address,
            subject=f"for {address}", body="<b>", created=now, not_before=now,
        )  # fmt: skip
    page = text(fleet.get("/accounts/messages/", "operator"))
    assert f"for {OPERATOR}" in page
    assert "for somebody" not in page
    assert "&lt;b&gt;" in page
    fleet.post("/accounts/messages/", "operator", by_mail="0")
    assert MailChoice.objects.get().by_mail is False
    assert "You are not told." in text(fleet.get("/accounts/messages/", "operator"))
    User.objects.filter(username="viewer").update(email="")
    fleet.post("/accounts/messages/", "viewer", by_mail="0")
    assert MailChoice.objects.count() == 1
    assert "has no mail address" in text(fleet.get("/accounts/messages/", "viewer"))
