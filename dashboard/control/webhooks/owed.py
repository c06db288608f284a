"""Webhooks: making, changing, removing one; and what is owed to each, written before it is sent.

    queued ──claim──▶ sending ──2xx──▶ sent
                         ├──anything else──▶ failed ──later──▶ sending … ──eight times──▶ gave up ──send again──▶ queued
                         └──410──▶ gave up, and the webhook is paused

A worker that dies while sending leaves it to be sent again: who receives it knows by its id that it came before.
"""

import base64
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, QuerySet
from django.utils.translation import gettext_noop as _

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import (
    OWED,
    AuditEntry,
    Delivered,
    Event,
    User,
    Webhook,
    WebhookDelivery,
    WebhookMark,
)
from dashboard.control.notify.channels import is_allowed, mark_of
from dashboard.control.permissions import Forbidden, webhook_refusal
from dashboard.fleet.sentences import sentence
from dashboard.sealed import seal, unseal

MOST = 20
LONGEST = 2_000
DELAYS = tuple(timedelta(seconds=one) for one in (5, 60, 300, 1_800, 7_200, 18_000, 36_000))
"""After the first, the second… failed try: it is given up after about eighteen hours."""
MOST_OWED = 2_000
"""Of one webhook. What comes beyond is given up at once, and stands in its list."""
WORKER_DIED = timedelta(minutes=2)
KEPT = timedelta(days=30)
MOST_KEPT = 20_000
"""Of one webhook, the newest."""
REMEMBERED = timedelta(days=2)
"""What is told of a batch is kept so long however much came after it: else it would be told once more."""
BOTH_SIGN = timedelta(days=1)
"""For which a secret that was replaced signs beside the new one: longer than an event is tried."""
TOO_MANY_WAIT = sentence("too many others waited")


OF_BATCHES = (Event.BATCH_ENDED, Event.POLICY_ACTED)


class Refused(Exception):
    """No address to send events to, or one webhook too many; the message says why and never quotes the address."""


def host_of(address: str) -> str:
    """The host that an address leads to. Raises Refused."""
    if len(address) > LONGEST or not address.isprintable() or " " in address:
        raise Refused(sentence("This is no address: it is too long, or has letters that none has."))
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        raise Refused(sentence("This is no address.")) from None
    if parts.scheme not in {"https", "http"} or not host or parts.username or parts.fragment:
        raise Refused(sentence("An address looks like https://hooks.example.com/path."))
    if not is_allowed(host, settings.NOTIFY_HOSTS.domains):
        raise Refused(
            sentence("Events do not go to that host. Whoever runs the dashboard names it in NOTIFY_HOSTS.")
        )
    if parts.scheme == "http" and not is_allowed(host, ()):
        raise Refused(
            sentence("Without TLS events go only to addresses in a network that NOTIFY_HOSTS names.")
        )
    return host


def new_secret() -> str:
    """As Standard Webhooks writes one."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def address_of(webhook: Webhook) -> str:
    """ "" when `SECRET_KEY` was changed since."""
    return unseal(webhook.sealed)


def secrets_of(webhook: Webhook, now: datetime) -> list[str]:
    """What its events are signed with at `now`, the newest first; none when `SECRET_KEY` was changed since."""
    newest = unseal(webhook.secret)
    if not newest:
        return []
    before = unseal(webhook.secret_before) if both_sign(webhook, now) else ""
    return [newest, before] if before else [newest]


def both_sign(webhook: Webhook, now: datetime) -> bool:
    until = webhook.secret_before_until
    return bool(webhook.secret_before) and until is not None and now < until


class Renewal(StrEnum):
    """What becomes of the secret that a webhook has: it stays, signs beside a new one for a day, or ends at once."""

    NONE = ""
    BOTH = "both"
    AT_ONCE = "at-once"


SAID = {
    Renewal.NONE: "{host}, {mark}",
    Renewal.BOTH: _("{host}, {mark}; a new secret, and for a day the one before signs too"),
    Renewal.AT_ONCE: _("{host}, {mark}; a new secret"),
}


def keep(
    webhook: Webhook, user: User, now: datetime, address: str = "", *, renew: Renewal = Renewal.NONE
) -> str:
    """Save a new or a changed webhook; returns its secret when that is new. Without `address` the one it has stays.

    Raises Forbidden and Refused.
    """
    _may(user)
    new, secret = webhook._state.adding, ""
    if address or new:
        webhook.host = host_of(address)
        webhook.sealed, webhook.mark = seal(address), mark_of(address)
    if new or renew:
        secret = new_secret()
        both = renew is Renewal.BOTH
        webhook.secret_before = webhook.secret if both else ""
        webhook.secret_before_until = now + BOTH_SIGN if both else None
        webhook.secret = seal(secret)
    webhook.changed, webhook.changed_by, webhook.paused = now, str(user)[:200], ""
    with transaction.atomic():
        if new:
            if Webhook.objects.count() >= MOST:
                raise Refused(sentence("There are {most} webhooks. Delete one first.", most=MOST))
            webhook.created = now
            _begin_to_look()
        try:
            with transaction.atomic():
                webhook.save()
        except IntegrityError:  # a second press, or another admin
            raise Refused(sentence("There is a webhook with this name.")) from None
        act = "made" if new else "changed"
        _note(webhook, act, now, sentence(SAID[renew], host=webhook.host, mark=webhook.mark))
    return secret


def remove(webhook: Webhook, user: User, now: datetime) -> None:
    """With all that was or is to be sent to it. Raises Forbidden."""
    _may(user)
    with transaction.atomic():
        note = _entry(webhook, "deleted", now, webhook.host)
        webhook.delete()
        audit.append(note)


def _may(user: User) -> None:
    if why_not := webhook_refusal(user):
        raise Forbidden(why_not)


def _note(webhook: Webhook, deed: str, now: datetime, outcome: str) -> None:
    audit.append(_entry(webhook, deed, now, outcome))


def _entry(webhook: Webhook, deed: str, now: datetime, outcome: str) -> Note:
    return Note(f"webhook-{deed}", now, "webhook", str(webhook.pk), webhook.name, outcome=outcome)


def _begin_to_look() -> None:
    """What happened before there was a webhook is told to none."""
    if not WebhookMark.objects.exists():
        newest = AuditEntry.objects.newest_first().values_list("number", flat=True).first()
        WebhookMark.objects.create(number=newest or 0)


# What is owed


def full(webhooks: Iterable[Webhook]) -> frozenset[Any]:
    """The keys of those to which too much is owed already."""
    owed = WebhookDelivery.objects.filter(state__in=OWED, webhook__in=list(webhooks)).order_by()
    counts = owed.values_list("webhook_id").annotate(n=Count("id"))
    return frozenset(key for key, count in counts if count >= MOST_OWED)


def tell(  # noqa: PLR0913 - an event is what, when and to whom
    event: Event,
    occasion: str,
    data: dict[str, Any],
    at: datetime,
    webhooks: Iterable[Webhook],
    *,
    too_much: frozenset[Any] = frozenset(),
) -> int:
    """Owe an event to each of the webhooks that asked for it and was there when it happened; returns to how many.
    What is owed `too_much` gets no more of it.
    """
    payload = {"type": event.value, "timestamp": at.isoformat(), "data": data}
    rows = [
        WebhookDelivery(
            webhook=one, event=event, occasion=occasion[:200], payload=payload, created=at, not_before=at
        )
        for one in webhooks
        if event == Event.TEST or (event in one.events and one.created <= at)
    ]
    for row in rows:
        if row.webhook_id in too_much:
            row.state, row.why = Delivered.GAVE_UP, TOO_MANY_WAIT
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def due(now: datetime, without: Sequence[Any] = ()) -> "QuerySet[WebhookDelivery]":
    """What may be sent now, oldest first; `without` are the keys of webhooks that did not take something just now."""
    found = WebhookDelivery.objects.filter(state__in=OWED, not_before__lte=now, webhook__paused="")
    return found.exclude(webhook__in=without).order_by("not_before", "created", "id")


def next_due(now: datetime, without: Sequence[Any]) -> WebhookDelivery | None:
    return due(now, without).select_related("webhook").first()


def troubled() -> list[Any]:
    """The keys of webhooks that did not take something that is owed still; whose last try is the longest ago first."""
    failed = WebhookDelivery.objects.filter(state=Delivered.FAILED).order_by()
    return [key for key, _ in failed.values_list("webhook_id").annotate(at=Max("tried")).order_by("at")]


def claim(delivery: WebhookDelivery, now: datetime) -> bool:
    """Whether it is this worker's to send."""
    waiting = WebhookDelivery.objects.filter(pk=delivery.pk, state=delivery.state, attempts=delivery.attempts)
    if waiting.update(state=Delivered.SENDING, tried=now, attempts=F("attempts") + 1) != 1:
        return False
    delivery.refresh_from_db()
    return True


def taken(delivery: WebhookDelivery, status: int, now: datetime) -> None:
    _end(delivery, Delivered.SENT, "", status=status, sent=now)


def not_taken(delivery: WebhookDelivery, why: str, status: int | None, now: datetime) -> None:
    """Try later, or give it up. 410 says that nobody wants any more: then the webhook is paused too."""
    if status == 410:
        Webhook.objects.filter(pk=delivery.webhook_id).update(
            paused=sentence("it answered 410: nothing is wanted there")
        )
    if status == 410 or delivery.attempts > len(DELAYS):
        _end(delivery, Delivered.GAVE_UP, why, status=status)
    else:
        later = now + DELAYS[delivery.attempts - 1]
        _end(delivery, Delivered.FAILED, why, status=status, not_before=later)


def rescue(now: datetime) -> int:
    """What a worker died over is sent again, unless workers died over all its tries; returns how many."""
    stuck = WebhookDelivery.objects.filter(state=Delivered.SENDING, tried__lt=now - WORKER_DIED)
    why = sentence("a worker died while sending it")
    stuck.filter(attempts__gt=len(DELAYS)).update(state=Delivered.GAVE_UP, why=why)
    return stuck.update(state=Delivered.FAILED, why=why, not_before=now)


def send_again(delivery: WebhookDelivery, user: User, now: datetime) -> bool:
    """Owe it once more, with the same id; False while it is on its way anyway. Raises Forbidden."""
    _may(user)
    over = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state__in=(*OWED, Delivered.SENDING))
    return over.update(state=Delivered.QUEUED, attempts=0, why="", not_before=now) == 1


def _end(delivery: WebhookDelivery, state: Delivered, why: str, **fields: Any) -> None:
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, state=delivery.state)
    mine.update(state=state, why=why[:300], **fields)
    delivery.state, delivery.why = state, why[:300]


def prune(now: datetime) -> int:
    """Forget what is old, and of each webhook all but the newest; returns how many. Old secrets go too."""
    Webhook.objects.filter(secret_before_until__lt=now).update(secret_before="", secret_before_until=None)
    gone = WebhookDelivery.objects.filter(created__lt=now - KEPT).exclude(state__in=OWED).delete()[0]
    for webhook in Webhook.objects.all():
        of_it = webhook.deliveries.exclude(state__in=OWED).order_by("-created")
        of_it = of_it.exclude(event__in=OF_BATCHES, created__gt=now - REMEMBERED)
        if oldest := of_it.values_list("created", flat=True)[MOST_KEPT : MOST_KEPT + 1].first():
            gone += of_it.order_by().filter(created__lte=oldest).delete()[0]
    return gone
