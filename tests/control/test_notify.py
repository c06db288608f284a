"""Messages: written once, sent to real receivers, tried again, given up, and never anywhere they must not go."""

import logging
import socket
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from dashboard import jobs
from dashboard.config.notify import Allowed, MailServer
from dashboard.control import ledger
from dashboard.control.models import Action, Channel, Delivered, Delivery, Role, Topic
from dashboard.control.notify import channels
from dashboard.control.notify import owed as notify
from dashboard.control.notify.notices import link, plain
from dashboard.control.notify.owed import Recipient
from dashboard.control.permissions import Forbidden
from tests.control.conftest import FLEET, NOW, user
from tests.receivers import hook, post

LOCAL = Allowed(networks=(ip_network("127.0.0.0/8"),))
SENT, FAILED, GAVE_UP = Delivered.SENT, Delivered.FAILED, Delivered.GAVE_UP


@pytest.fixture
def web():
    with hook() as known:
        yield known


@pytest.fixture
def mail(settings):
    with post() as known:
        settings.MAIL_SERVER = MailServer("smtp+plain", "127.0.0.1", known.port)
        settings.MAIL_FROM = "ona@example.com"
        yield known


@pytest.fixture
def at(monkeypatch):
    """The time that the job sees; call it to let time pass."""
    now = [NOW]
    monkeypatch.setattr(ledger, "utc_now", lambda: now[0])

    def pass_(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    return pass_


@pytest.fixture
def turn(at, settings, valkey_url):
    """One turn of the job, over the test's Valkey."""
    settings.REDIS_URL = valkey_url
    jobs.parts.store.cache_clear()
    yield jobs.send_notices
    jobs.parts.store.cache_clear()


@pytest.fixture
def channel(admin, web, settings):
    settings.NOTIFY_HOSTS = LOCAL
    made = Channel(name="Ops", kind="webhook")
    channels.keep(made, admin, NOW, web.address)
    return made


def tell(*recipients, occasion="one", until=None, topic=Topic.BEFORE):
    words = {"topic": topic, "now": ledger.utc_now(), "until": until, "environments": ["e-1"]}
    return notify.tell(occasion, recipients, "Otter stops at 18:40", "Because it is idle.", **words)


ADA = Recipient(mail="ada@example.com", name="Ada")


def states():
    return [(one.state, one.why) for one in Delivery.objects.order_by("created", "recipient")]


def test_a_message_is_written_at_most_once_for_an_occasion_and_a_recipient(channel, at):
    twice = (ADA, Recipient(mail="ADA@example.com"), Recipient(channel=channel))
    assert tell(*twice) == 2
    assert tell(*twice) == 0
    assert tell(ADA, occasion="two") == 1


def test_mail_reaches_a_real_server(mail, turn, db):
    tell(ADA)
    turn()
    turn()
    [(to, message)] = mail.got
    assert (to, message["Subject"], message["From"]) == (
        ["ada@example.com"],
        "Otter stops at 18:40",
        "ona@example.com",
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_payload().strip() == "Because it is idle."
    assert states() == [(SENT, "")]
    assert Delivery.objects.get().sent == NOW


def test_a_channel_reaches_a_real_hook_once(channel, web, turn):
    tell(Recipient(channel=channel))
    turn()
    turn()
    [got] = web.got
    assert (got["title"], got["message"]) == ("Otter stops at 18:40", "Because it is idle.")
    assert states() == [(SENT, "")]


def test_what_is_refused_is_tried_again_later_and_given_up_in_the_end(channel, web, turn, at):
    web.answers = [503] * 8
    tell(Recipient(channel=channel))
    turn()
    assert states() == [(FAILED, "it answered 503")]
    turn()
    assert len(web.paths) == 1  # not before a minute has passed
    for _ in range(9):
        at(3601)
        turn()
    assert states() == [(GAVE_UP, "it answered 503")]
    assert len(web.paths) == notify.MOST_ATTEMPTS
    assert not web.got


def test_what_may_have_arrived_is_not_sent_again(channel, web, mail, turn, at):
    web.answers, mail.refuse = [0], {"DATA": ""}
    tell(Recipient(channel=channel), ADA)
    turn()
    at(7200)
    turn()
    assert states() == [
        (GAVE_UP, "no answer; it may have arrived"),
        (GAVE_UP, "the mail server hung up; it may have arrived"),
    ]
    assert len(web.paths) == 1


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ("550 no such box", GAVE_UP, "the mail server does not take mail to this address (550)"),
        ("451 later", FAILED, "the mail server does not take mail to this address (451)"),
    ],
)
def test_a_mail_server_that_refuses_an_address_is_believed(mail, turn, db, answer, state, words):
    mail.refuse = {"RCPT": answer}
    tell(ADA)
    turn()
    assert states() == [(state, words)]


def test_a_dead_channel_is_asked_once_a_turn_after_the_others(
    channel, web, admin, mail, turn, at, monkeypatch
):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = Channel(name="Gone", kind="webhook")
        channels.keep(gone, admin, NOW, f"json://127.0.0.1:{closed.getsockname()[1]}/x")
        for number in range(3):
            tell(Recipient(channel=gone), occasion=f"gone-{number}")
        tell(Recipient(channel=channel), ADA)
        turn()
        at(1)
        tell(Recipient(channel=channel), occasion="two")
        ticks = iter((0.0, 0.0))
        monkeypatch.setattr(jobs.notices, "time", SimpleNamespace(monotonic=lambda: next(ticks, 31.0)))
        turn()  # with time for one
    found = Delivery.objects.filter(channel=gone).order_by("attempts")
    assert [one.attempts for one in found] == [0, 0, 1]
    assert found[2].why == "its host refused the connection"
    assert (len(web.got), len(mail.got)) == (2, 1)


def test_a_message_whose_time_has_passed_is_given_up_unsent(channel, web, turn, at):
    web.answers = [500]
    tell(Recipient(channel=channel), until=NOW + timedelta(minutes=5))
    turn()
    at(600)
    turn()
    assert states() == [(GAVE_UP, "its time has passed; it answered 500")]
    assert len(web.paths) == 1


def test_a_worker_that_died_while_sending_leaves_nothing_that_is_sent_twice(mail, turn, at, db):
    tell(ADA)
    assert notify.claim(Delivery.objects.get(), NOW)
    assert not notify.claim(Delivery.objects.get(), NOW + timedelta(seconds=1)) or not mail.got
    Delivery.objects.update(state=Delivered.SENDING)
    at(400)
    turn()
    assert states() == [(GAVE_UP, notify.ARRIVED_PERHAPS)]
    assert not mail.got


@pytest.mark.parametrize(
    ("kind", "address", "asked"),
    [
        ("slack", "https://hooks.slack.com/services/T12345678/B12345678/abcdefghijklmnopqrstuvwx", "hooks.slack.com"),
        ("slack", "slack://T12345678/B12345678/abcdefghijklmnopqrstuvwx", "hooks.slack.com"),
        ("teams", "https://prod-1.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?sig=xyz",
         "prod-1.westeurope.logic.azure.com"),
        ("discord", "https://discord.com/api/webhooks/123456789/abcdefghijk", "discord.com"),
        ("gchat", "https://chat.googleapis.com/v1/spaces/AAA/messages?key=k123&token=t123", "chat.googleapis.com"),
        ("mattermost", "mmosts://chat.example.com/3ccdd113474722377935511fc85d3dd4", "chat.example.com"),
        ("webhook", "jsons://chat.example.com/x", "chat.example.com"),
    ],
)  # fmt: skip
def test_each_kind_asks_only_the_host_that_its_address_names(
    admin, turn, settings, monkeypatch, kind, address, asked
):
    settings.NOTIFY_HOSTS = Allowed(domains=("chat.example.com",))
    looked_up = []

    def unknown(host, *_args, **_options):
        looked_up.append(host)
        raise socket.gaierror

    made = Channel(name="x", kind=kind)
    channels.keep(made, admin, NOW, address)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    tell(Recipient(channel=made))
    turn()
    assert (looked_up, states()) == ([asked], [(FAILED, "its host is not known")])


def test_a_redirect_is_not_followed(channel, web, turn):
    web.answers, web.where = [307], "/elsewhere"
    tell(Recipient(channel=channel))
    turn()
    assert (web.paths, states()) == (["/secret-path"], [(FAILED, "it answered 307")])


def test_a_name_that_leads_to_a_private_address_by_now_is_refused(channel, web, turn, settings, monkeypatch):
    settings.NOTIFY_HOSTS = Allowed(domains=("hooks.example.com",))
    Channel.objects.update(sealed=channels.seal(f"json://hooks.example.com:{web.port}/x"))
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", web.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: here)
    tell(Recipient(channel=channel))
    turn()
    [(state, why)] = states()
    assert (state, web.paths) == (FAILED, [])
    assert why == "its host leads to an address that is not public; NOTIFY_HOSTS may name that network"


def test_the_address_of_a_channel_is_nowhere_in_clear(channel, web, turn, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    for status in (200, 500):
        web.answers = [status]
        tell(Recipient(channel=channel), occasion=str(status))
        turn()
    whole = repr(list(Channel.objects.values())) + repr(list(Delivery.objects.values()))
    whole += repr(list(Action.objects.values())) + caplog.text + "".join(capfd.readouterr())
    assert "secret-path" not in whole
    assert Action.objects.get(kind="channel").outcome == f"Webhook (JSON), 127.0.0.1, {channel.mark}"


def test_after_another_secret_key_the_address_is_asked_for_again(channel, web, turn, settings):
    settings.SECRET_KEY = "another"
    tell(Recipient(channel=channel))
    turn()
    assert states()[0][1].startswith("its address cannot be read since SECRET_KEY was changed")
    assert not web.paths


def test_only_admins_make_channels(db):
    for role in (Role.OPERATOR, Role.VIEWER):
        with pytest.raises(Forbidden):
            channels.keep(Channel(name="x", kind="mail"), user(role), NOW, "a@example.com")
    assert not Channel.objects.exists()


def test_owners_are_told_by_mail_else_by_the_fallback_else_it_is_written_that_nobody_is(channel, mail, at):
    creators = {"e-1": "p-ada", "e-2": "p-nobody"}
    found = notify.owners(FLEET, creators, channel)
    assert [found[one].key for one in creators] == ["mail:ada@example.com", f"channel:{channel.pk}"]
    tell(notify.owners(FLEET, creators)["e-2"])
    assert states() == [(GAVE_UP, notify.NOBODY)]


def test_whoever_asked_not_to_be_told_is_not(mail, turn, db):
    ada = user(Role.OPERATOR, "old@example.com")
    notify.wish(ada, by_mail=False, now=NOW)
    ada.email = "Ada@example.com"  # the wish is the person's, whatever their address is by now
    ada.save()
    tell(ADA)
    turn()
    assert (states(), mail.got) == ([(Delivered.DECLINED, notify.NOT_WANTED)], [])


def test_beside_the_simulated_fleet_nothing_leaves_the_machine(channel, web, mail, turn, settings, tmp_path):
    settings.ONA_SIMULATED, settings.VAR_DIR = True, tmp_path
    tell(Recipient(channel=channel), ADA)
    turn()
    assert (web.paths, mail.got) == ([], [])
    assert [state for state, _ in states()] == [SENT, SENT]
    written = "".join(path.read_text() for path in (tmp_path / "messages").iterdir())
    assert "Because it is idle." in written
    assert "ada@example.com" in written


@pytest.mark.parametrize(
    "name",
    [
        "@everyone",
        "<!channel>",
        "<https://evil.example|click>",
        "[x](https://evil.example)",
        "www.evil.example",
        "a\r\nBcc: x",
        "\u202eevil",
    ],
)
def test_the_names_of_others_become_no_mention_no_link_and_no_header(name):
    said = plain(name)
    assert not any(bad in said for bad in ("@e", "<", "://", "](", "www.e", "\n", "\r", "\u202e"))


def test_links_need_the_public_address(settings):
    settings.PUBLIC_URL = ""
    assert link("environments-detail", "e-1") == ""
    settings.PUBLIC_URL = "https://ona.example.com"
    assert link("environments-detail", "e-1") == "https://ona.example.com/environments/e-1/"


def test_old_messages_are_forgotten_unless_they_are_owed(db, at):
    tell(ADA, Recipient())
    assert notify.prune(NOW + timedelta(days=91)) == 1
    assert Delivery.objects.get().recipient == "mail:ada@example.com"
