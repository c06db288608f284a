"""Webhooks: events are found once, signed, tried again, given up, sent again, and go nowhere they must not go."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from dashboard import jobs
from dashboard.config.notify import Allowed
from dashboard.control import batches, ledger
from dashboard.control.models import (
    Action,
    AuditEntry,
    Batch,
    Delivered,
    Event,
    IdlePolicy,
    PolicyState,
    State,
    Webhook,
    WebhookDelivery,
    WebhookMark,
)
from dashboard.control.permissions import Forbidden
from dashboard.control.policies import changes as policies
from dashboard.control.verbs import Verb
from dashboard.control.webhooks import events as webhook_events
from dashboard.control.webhooks import owed as webhooks
from dashboard.control.webhooks.owed import Renewal
from dashboard.fleet.entities import Kind, Service
from dashboard.fleet.snapshot import Fleet
from tests.control.conftest import FLEET, MINE, NOW, THEIRS, seconds
from tests.receivers import hook

LOCAL = Allowed(networks=(ip_network("127.0.0.0/8"),))
EVERYTHING = [one.value for one in Event if one != Event.TEST]


@pytest.fixture
def there():
    with hook() as known:
        yield known


@pytest.fixture
def at(monkeypatch):
    """Lets time pass for the jobs."""
    now = [NOW]
    monkeypatch.setattr(ledger, "utc_now", lambda: now[0])

    def pass_(delay: timedelta) -> None:
        now[0] += delay

    return pass_


@pytest.fixture
def turn(at, settings, valkey_url):
    """One turn of the job that sends."""
    settings.REDIS_URL = valkey_url
    jobs.parts.store.cache_clear()
    yield jobs.send_events
    jobs.parts.store.cache_clear()


@pytest.fixture
def made(admin, there, settings):
    """A webhook that is told everything, and its secret."""
    settings.NOTIFY_HOSTS = LOCAL
    webhook = Webhook(name="Ops", events=EVERYTHING)
    return webhook, webhooks.keep(webhook, admin, NOW, f"http://127.0.0.1:{there.port}/secret-path")


def tell(webhook, occasion="one"):
    return webhooks.tell(Event.TEST, occasion, {"words": "Größe"}, ledger.utc_now(), [webhook])


def states():
    return [(one.state, one.why) for one in WebhookDelivery.objects.order_by("created", "occasion")]


def test_an_event_arrives_once_and_its_signature_proves_where_it_comes_from(made, there, turn):
    webhook, secret = made
    assert (tell(webhook), tell(webhook)) == (1, 1)
    turn()
    turn()
    [(headers, body)] = there.sent
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == f"v1,{mark_of(secret, told)}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["webhook-id"] == str(WebhookDelivery.objects.get().pk)
    assert json.loads(body)["data"] == {"words": "Größe"}
    assert states() == [(Delivered.SENT, "")]


def test_a_secret_that_was_replaced_signs_beside_the_new_one_for_a_day_and_then_is_gone(
    made, admin, there, turn, at
):
    webhook, first = made
    second = webhooks.keep(webhook, admin, NOW, renew=Renewal.BOTH)

    def signers(occasion):
        tell(webhook, occasion)
        turn()
        headers, body = there.sent[-1]
        told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        marks = headers["webhook-signature"].split()
        known = {f"v1,{mark_of(key, told)}": key for key in (first, second)}
        return [known.get(mark) for mark in marks]

    assert signers("both") == [second, first]
    at(webhooks.BOTH_SIGN - timedelta(seconds=1))
    assert signers("just before") == [second, first]
    webhooks.keep(webhook, admin, ledger.utc_now())
    assert signers("saved again") == [second, first]
    at(timedelta(seconds=1))
    assert signers("after") == [second]
    webhooks.prune(ledger.utc_now() + timedelta(seconds=1))
    webhook.refresh_from_db()
    assert (webhook.secret_before, webhook.secret_before_until) == ("", None)
    webhooks.keep(webhook, admin, ledger.utc_now(), renew=Renewal.AT_ONCE)
    assert signers("seen by others") == [None]
    outcomes = AuditEntry.objects.filter(act="webhook-changed").values_list("outcome", flat=True)
    assert sum("for a day the one before signs too" in one for one in outcomes) == 1


def mark_of(secret, told):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()


def test_what_is_not_taken_is_tried_later_with_the_same_id_then_given_up_and_can_be_sent_again(
    made, admin, there, turn, at
):
    webhook, _ = made
    there.answers[:] = [500, 302, 0, 429, 500, 500, 500, 503]
    there.where = "http://127.0.0.1:9/elsewhere"
    tell(webhook)
    for delay in (timedelta(0), *webhooks.DELAYS):
        at(delay)
        turn()
    assert len(there.sent) == len(webhooks.DELAYS) + 1
    assert states() == [(Delivered.GAVE_UP, "it answered 503")]
    turn()
    delivery = WebhookDelivery.objects.get()
    assert webhooks.send_again(delivery, admin, ledger.utc_now())
    assert not webhooks.send_again(delivery, admin, ledger.utc_now())
    turn()
    assert states() == [(Delivered.SENT, "")]
    assert len({headers["webhook-id"] for headers, _ in there.sent}) == 1


def test_one_that_does_not_answer_holds_up_no_other(made, admin, there, turn):
    webhook, _ = made
    silent = Webhook(name="Down", events=EVERYTHING)
    webhooks.keep(silent, admin, NOW, "http://127.0.0.1:9/")
    for number in range(3):
        tell(silent, f"down {number}")
    tell(webhook, "up")
    turn()
    assert len(there.sent) == 1
    of_silent = WebhookDelivery.objects.filter(webhook=silent).values_list("state", flat=True)
    assert sorted(of_silent) == [Delivered.FAILED, Delivered.QUEUED, Delivered.QUEUED], "one try a turn"


def test_those_that_do_not_answer_wait_for_the_others_and_then_for_each_other(
    made, admin, there, turn, at, monkeypatch
):
    downs = [Webhook(name=f"Down {number}", events=EVERYTHING) for number in range(2)]
    for down in downs:
        webhooks.keep(down, admin, NOW, "http://127.0.0.1:9/")
        tell(down, "one")
        tell(down, "two")
    tried = []
    for number in range(5):
        at(timedelta(seconds=1))
        if number == 2:
            tell(made[0], "up")
        ticks = iter((0.0, 0.0))
        monkeypatch.setattr(jobs.webhooks, "time", SimpleNamespace(monotonic=lambda of=ticks: next(of, 31.0)))
        turn()  # with time for one
        tried.append(WebhookDelivery.objects.exclude(tried=None).latest("tried").webhook.name)
    assert sorted(tried[:2]) == ["Down 0", "Down 1"]
    assert tried[2:] == ["Ops", *tried[:2]]


def test_gone_pauses_it_until_it_is_saved_and_a_dead_worker_loses_nothing(made, admin, there, turn, at):
    webhook, _ = made
    there.answers[:] = [410]
    tell(webhook)
    turn()
    tell(webhook, "two")
    turn()
    webhook.refresh_from_db()
    assert "410" in webhook.paused
    assert [state for state, _ in states()] == [Delivered.GAVE_UP, Delivered.QUEUED]
    webhooks.keep(webhook, admin, NOW)
    WebhookDelivery.objects.filter(occasion="two").update(state=Delivered.SENDING, tried=NOW)
    turn()
    assert len(there.sent) == 1
    at(timedelta(minutes=3))
    turn()
    assert [state for state, _ in states()] == [Delivered.GAVE_UP, Delivered.SENT]


def test_an_event_over_which_every_worker_dies_is_given_up(made, there, turn):
    tell(made[0])
    dead = {"state": Delivered.SENDING, "tried": NOW - timedelta(hours=1)}
    WebhookDelivery.objects.update(attempts=len(webhooks.DELAYS) + 1, **dead)
    turn()
    assert states() == [(Delivered.GAVE_UP, "a worker died while sending it")]
    assert there.sent == []


def test_a_second_press_makes_no_second_webhook_and_says_so(made, admin, there):
    twin = Webhook(name="OPS", events=EVERYTHING)
    with pytest.raises(webhooks.Refused, match="There is a webhook with this name"):
        webhooks.keep(twin, admin, NOW, f"http://127.0.0.1:{there.port}/")
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.1/x", "https://hooks.example.com/x", "http://localhost/x", "http://[::1]/x", "ftp://127.0.0.1/x",
        "https://127.0.0.1@evil.example/x", "https://user:secret@127.0.0.1/", "http://169.254.169.254/latest", "https://",
        "javascript:alert(1)", "https://127.0.0.1:x/", "http://127.0.0.1/a b", "http://127.0.0.1/" + "x" * 2000,
    ],
)  # fmt: skip
def test_an_address_elsewhere_is_refused(settings, address):
    settings.NOTIFY_HOSTS = LOCAL
    with pytest.raises(webhooks.Refused) as refused:
        webhooks.host_of(address)
    assert "secret" not in str(refused.value)


def test_a_name_that_leads_inside_is_refused_when_it_is_asked(made, turn, settings, admin):
    settings.NOTIFY_HOSTS = Allowed(domains=("localhost",))
    webhook = Webhook(name="Inside", events=EVERYTHING)
    webhooks.keep(webhook, admin, NOW, "https://localhost:9/x")
    tell(webhook)
    turn()
    [(state, why)] = states()
    assert (state, "not public" in why) == (Delivered.FAILED, True)


def test_address_and_secret_are_kept_sealed_and_told_to_nobody(made, there):
    _, secret = made
    kept = repr(list(Webhook.objects.values_list())) + repr(list(AuditEntry.objects.values_list()))
    assert "secret-path" not in kept
    assert secret.removeprefix("whsec_") not in kept
    assert AuditEntry.objects.get(act="webhook-made").outcome.startswith("127.0.0.1, ")


def test_nobody_but_admins_makes_one(made, admin):
    webhook, _ = made
    admin.role = "operator"
    with pytest.raises(Forbidden):
        webhooks.keep(webhook, admin, NOW)
    with pytest.raises(Forbidden):
        webhooks.remove(webhook, admin, NOW)


def found(after: float, fleet: Fleet | None = FLEET):
    """The events that are owed, found so long after NOW, and not told before."""
    known = set(WebhookDelivery.objects.values_list("pk", flat=True))
    webhook_events.find(fleet, seconds(after))
    return [(one.event, one.payload["data"]) for one in WebhookDelivery.objects.exclude(pk__in=known)]


def test_the_end_of_every_action_is_told_once_also_when_it_was_skipped(book, made):
    action = book.requested(Verb.STOP_ENVIRONMENT, at=1)
    assert found(2) == []
    assert ledger.observe(action, replace(MINE, phase="stopped"), seconds(3).timestamp(), seconds(3))
    book.ask(Verb.STOP_ENVIRONMENT, replace(THEIRS, phase="stopped"), at=4)
    ends = [(event, data["state"], data["target_name"]) for event, data in found(5)]
    assert sorted(ends) == [
        ("action.ended", "confirmed", "sunny otter"),
        ("action.ended", "skipped", "grey owl"),
    ]
    assert found(6) == []


def test_a_mark_that_is_gone_begins_with_the_oldest_webhook_and_not_with_the_audit(book, made, monkeypatch):
    monkeypatch.setattr(webhook_events, "AT_ONCE", 2)
    for number in range(5):
        book.ask(Verb.STOP_ENVIRONMENT, replace(THEIRS, phase="stopped"), at=number - 9)
    book.ask(Verb.STOP_ENVIRONMENT, replace(THEIRS, phase="stopped"), at=2)
    WebhookMark.objects.all().delete()
    assert [data["target_name"] for _, data in found(3)] == ["grey owl"]


def test_a_batch_is_told_of_at_its_end_and_at_the_end_of_what_was_tried_again(admin, made, monkeypatch):
    Webhook.objects.update(events=["batch.ended"])
    batch = batches.ask(admin, Verb.STOP_ENVIRONMENT, [MINE, THEIRS], now=seconds(1))
    batches.begin(batch, admin, FLEET, reason="night", now=seconds(2))
    assert found(3) == []
    Action.objects.filter(batch=batch).update(state=State.FAILED, ended=seconds(4))
    [(event, data)] = found(5)
    assert (event, data["states"], data["reason"]) == ("batch.ended", {"failed": 2}, "night")
    WebhookDelivery.objects.update(state=Delivered.SENT)
    monkeypatch.setattr(webhooks, "MOST_KEPT", 0)
    webhooks.prune(seconds(6))
    assert found(6) == [], "also when many others were told since"
    batches.retry(Batch.objects.get(), admin, FLEET, seconds(7))
    assert found(8) == []
    Action.objects.filter(batch=batch, retried=False).update(state=State.CONFIRMED, ended=seconds(9))
    assert [data["states"] for _, data in found(10)] == [{"confirmed": 2}]


def test_an_environment_that_fails_is_told_of_once_and_not_what_had_failed_before(made):
    broken = replace(MINE, failures=("no space",))
    with_broken = Fleet("e", 2, {Kind.ENVIRONMENT: {MINE.id: broken, THEIRS.id: THEIRS}})
    both = {MINE.id: broken, THEIRS.id: replace(THEIRS, failures=("lost",))}
    assert found(1, with_broken) == [], "the first look only remembers"
    assert found(2, None) == found(2, Fleet("e", 2, {})) == [], "nothing is known of the fleet"
    assert found(3, with_broken) == []
    [(event, data)] = found(4, Fleet("e", 3, {Kind.ENVIRONMENT: both}))
    assert (event, data["name"], data["failures"]) == ("environment.failed", "grey owl", ["lost"])
    assert found(5, Fleet("e", 3, {Kind.ENVIRONMENT: both})) == []
    assert found(6) == []
    assert len(found(7, with_broken)) == 1, "it failed again"


def test_a_service_that_fails_is_told_of_once_each_time_and_the_platforms_own_never(made):
    def fleet(*services):
        rows = {one.id: one for one in services}
        return Fleet("e", 2, {Kind.ENVIRONMENT: {MINE.id: MINE}, Kind.SERVICE: rows})

    web, own = Service("web", MINE.id, "Web", phase="running"), Service("vscode", MINE.id, role="editor")
    failed = replace(web, phase="failed", failure="port <5432> is taken")
    assert found(1, fleet(failed)) == [], "the first look only remembers"
    assert found(2, fleet(replace(web, phase="starting"), replace(own, phase="failed"))) == []
    [(event, data)] = found(3, fleet(failed))
    assert (event, data["service_id"], data["failure"]) == ("service.failed", "web", "port <5432> is taken")
    assert (data["environment_id"], data["environment"]) == (MINE.id, MINE.name)
    assert found(4, fleet(failed)) == found(5, fleet()) == found(6, fleet(failed)) == []
    assert len(found(7, fleet(replace(failed, failure="exit 1")))) == 1, "in another way"
    stray = replace(failed, id="stray", environment_id="gone")
    assert [data["creator"] for _, data in found(8, fleet(stray))] == [None]


def test_a_policy_that_is_paused_or_pauses_itself_is_told_of_once(admin, made):
    common = {"idle": 7200.0, "created": NOW, "changed": NOW}
    for name in ("By hand", "Itself"):
        policy = IdlePolicy.objects.create(name=name, state=PolicyState.ARMED, **common)
        who = admin if name == "By hand" else None
        assert policies.put_to_rest(policy, "too many at once", seconds(1), who)
        assert not policies.put_to_rest(policy, "again", seconds(2), who)
        [(event, data)] = found(3)
        assert (event, data["policy"], data["itself"]) == ("policy.paused", name, who is None)
        assert data["outcome"] == "It stops nothing: too many at once."
    assert found(4) == []


def test_too_much_that_waits_is_given_up_visibly_and_what_is_old_is_forgotten(made, at, monkeypatch):
    webhook, _ = made
    monkeypatch.setattr(webhooks, "MOST_OWED", 1)
    tell(webhook)
    webhooks.tell(Event.TEST, "two", {}, NOW, [webhook], too_much=webhooks.full([webhook]))
    assert states()[1] == (Delivered.GAVE_UP, webhooks.TOO_MANY_WAIT)
    assert webhooks.prune(NOW + webhooks.KEPT + timedelta(seconds=1)) == 1
    assert len(states()) == 1, "what is owed stays"
