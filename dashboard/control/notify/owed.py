"""What the dashboard tells people: written first, sent by a job, at most once for each occasion and recipient.

    queued ──claim──▶ sending ──taken──▶ sent
                         ├──not taken──▶ failed ──later──▶ sending … ──too often, or too late──▶ gave up ──by hand──▶ …
                         └──may have arrived──▶ gave up

Nothing here waits for a channel: `tell` writes rows, and `jobs.send_notices` sends them. So whoever has something to
say calls `tell` inside the transaction that decided it. What became of it is on `/system/`, and in `Delivery` rows:
`Delivery.objects.filter(topic=Topic.BEFORE)` with `environments`, `state`, `created` and `sent`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Lower

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import OWED, Action, Channel, Delivered, Delivery, MailChoice, Topic, User
from dashboard.control.permissions import Forbidden, channel_refusal
from dashboard.control.verbs import Verb
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet

MOST_ATTEMPTS = 8
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
WORKER_DIED = timedelta(minutes=5)
"""No message takes so long to be sent."""
KEPT = timedelta(days=90)
AGAIN = "message-again"
NOT_WANTED = sentence("they asked not to be told")
NOBODY = sentence("no address of the creator is known, and there is no fallback channel")
TOO_LATE = sentence("its time has passed")
ARRIVED_PERHAPS = sentence("a worker died while sending it; it may have arrived, so it is not sent again")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody by mail, or a channel; with neither it is nobody, which is recorded as given up.

    `name` is what people read of them.
    """

    mail: str = ""
    channel: Channel | None = None
    name: str = ""

    @property
    def key(self) -> str:
        """Two with the same key are told once."""
        if self.channel is not None:
            return f"channel:{self.channel.pk}"
        return f"mail:{self.mail.lower()}" if self.mail else "nobody"


def tell(  # noqa: PLR0913 - a message is to whom, about what, with which words, when
    occasion: str,
    recipients: Iterable[Recipient],
    subject: str,
    body: str,
    *,
    topic: Topic,
    now: datetime,
    environments: Sequence[str] = (),
    until: datetime | None = None,
) -> int:
    """Write a message to each recipient who has not been told of `occasion`; returns how many were written.

    `occasion` is at most 200 letters and the same whenever the same thing happens: `report:2026-11-22`. `subject` is
    one line, `body` plain text; texts of others in them have been through `control.notify.notices.plain`.
    `environments` are the ids it is about. After `until` it is not worth sending. Nothing is sent here, and nothing
    is raised for what a recipient is.
    """
    wanted = {one.key: one for one in recipients}
    declined = _declined([one.mail for one in wanted.values() if one.mail])
    known = set(Delivery.objects.filter(occasion=occasion).values_list("recipient", flat=True))
    rows = [
        _row(one, now, declined, occasion=occasion, topic=topic, subject=subject, body=body)
        for key, one in wanted.items()
        if key not in known
    ]
    for row in rows:
        row.environments, row.until = list(environments), until
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
    return len(rows)


def _row(one: Recipient, now: datetime, declined: frozenset[str], **said: str) -> Delivery:
    row = Delivery(
        recipient=one.key, address=one.mail[:254], channel=one.channel, created=now, not_before=now
    )
    row.to_name = (one.name or one.mail or str(one.channel or "nobody"))[:200]
    row.occasion, row.topic = said["occasion"], said["topic"]
    row.subject, row.body = " ".join(said["subject"].split())[:200], said["body"]
    if one.key == "nobody":
        row.state, row.why = Delivered.GAVE_UP, NOBODY
    elif one.mail.lower() in declined and one.channel is None:
        row.state, row.why = Delivered.DECLINED, NOT_WANTED
    return row


def _declined(addresses: Iterable[str]) -> frozenset[str]:
    """Those of the addresses whose people wish not to be told."""
    asked = [one.lower() for one in addresses]
    choices = MailChoice.objects.filter(by_mail=False).annotate(address=Lower("user__email"))
    return frozenset(choices.filter(address__in=asked).values_list("address", flat=True))


def can_mail() -> bool:
    """Whether mail goes anywhere: to a server, or in the simulated demo into files."""
    return settings.MAIL_SERVER is not None or bool(settings.ONA_SIMULATED)


def owners(
    fleet: Fleet, creators: Mapping[str, str], fallback: Channel | None = None
) -> dict[str, Recipient]:
    """Who is told of each environment (id → the id of its creator): whoever had this dashboard make it, else its
    creator, by mail where their address is known, else `fallback`.
    """
    made = Action.objects.filter(verb=Verb.CREATE_ENVIRONMENT.value, result_id__in=list(creators))
    makers = {one.result_id: one.actor for one in made.select_related("actor") if one.actor is not None}
    found = {}
    for identifier, creator_id in creators.items():
        person, maker = fleet.people.get(creator_id), makers.get(identifier)
        if maker is not None:
            found[identifier] = _by_mail(maker.email, str(maker), fallback)
        else:
            address = person.email if person is not None else ""
            found[identifier] = _by_mail(address, fleet.person(creator_id), fallback)
    return found


def _by_mail(address: str, name: str, fallback: Channel | None) -> Recipient:
    address = address.strip()
    if "@" in address and len(address) <= 254 and address.isprintable() and can_mail():
        return Recipient(mail=address, name=name)
    return Recipient(channel=fallback, name=fallback.name if fallback is not None else "")


# A person's own wish


def wish_of(user: User) -> bool:
    """Whether they are told by mail."""
    found = MailChoice.objects.filter(user=user).first()
    return found is None or found.by_mail


def wish(user: User, *, by_mail: bool, now: datetime) -> None:
    """Say whether to be told by mail, for the address that the account has now."""
    said = {"email": user.email.strip().lower(), "by_mail": by_mail, "said": now}
    MailChoice.objects.update_or_create(user=user, defaults=said)


# Sending, for the job


def due(now: datetime, without: Iterable[str] = ()) -> "QuerySet[Delivery]":
    """What may be sent now, oldest first; `without` are recipients' lanes (see `lane`) that do not answer."""
    found = Delivery.objects.filter(state__in=OWED, not_before__lte=now).order_by(
        "not_before", "created", "id"
    )
    closed = list(without)
    if "mail" in closed:
        found = found.exclude(channel=None)
    return found.exclude(channel__in=[one for one in closed if one != "mail"]) if closed else found


def next_due(now: datetime, without: Iterable[str]) -> Delivery | None:
    return due(now, without).select_related("channel").first()


def lane(delivery: Delivery) -> str:
    """What fails together: a channel, or the mail server."""
    return _lane(delivery.channel_id)


def _lane(channel: object) -> str:
    return str(channel) if channel else "mail"


def troubled() -> list[str]:
    """The lanes in which something that is owed still was not taken; whose last try is the longest ago first."""
    failed = Delivery.objects.filter(state=Delivered.FAILED).order_by()
    return [
        _lane(key) for key, _ in failed.values_list("channel_id").annotate(at=Max("tried")).order_by("at")
    ]


def claim(delivery: Delivery, now: datetime) -> bool:
    """Whether it is this worker's to send. One whose time has passed, or whose channel is gone, is given up."""
    if why := _pointless(delivery, now):
        _end(delivery, Delivered.GAVE_UP, why)
        return False
    waiting = Delivery.objects.filter(pk=delivery.pk, state=delivery.state, attempts=delivery.attempts)
    if waiting.update(state=Delivered.SENDING, tried=now, attempts=F("attempts") + 1) != 1:
        return False
    delivery.refresh_from_db()
    return True


def _pointless(delivery: Delivery, now: datetime) -> str:
    if delivery.until is not None and delivery.until <= now:
        return f"{TOO_LATE}; {delivery.why}" if delivery.why else TOO_LATE
    return sentence("its channel was removed") if not delivery.channel_id and not delivery.address else ""


def sent(delivery: Delivery, now: datetime) -> None:
    _end(delivery, Delivered.SENT, "", sent=now)


def failed(delivery: Delivery, why: str, now: datetime, *, again: bool) -> None:
    """It was not taken: try later, or with `again` False, or after eight times, give it up. `why` holds no address."""
    if again and delivery.attempts < MOST_ATTEMPTS:
        delay = min(FIRST_DELAY * 2 ** (delivery.attempts - 1), LONGEST_DELAY)
        _end(delivery, Delivered.FAILED, why, not_before=now + delay)
    else:
        _end(delivery, Delivered.GAVE_UP, why)


def rescue(now: datetime) -> int:
    """Give up what a worker died over: sent twice would be worse. Returns how many."""
    stuck = Delivery.objects.filter(state=Delivered.SENDING, tried__lt=now - WORKER_DIED)
    return stuck.update(state=Delivered.GAVE_UP, why=ARRIVED_PERHAPS)


def why_not_again(delivery: Delivery, now: datetime) -> str:
    """Why a message that was given up cannot be tried again, "" when it can."""
    if delivery.state != Delivered.GAVE_UP:
        return "it is on its way, or has been sent"
    return NOBODY if delivery.recipient == "nobody" else _pointless(delivery, now)


def try_again(delivery: Delivery, user: User, now: datetime) -> bool:
    """Owe a message once more that was given up; False when it cannot be, or somebody was faster. Raises Forbidden."""
    if why_not := channel_refusal(user):
        raise Forbidden(why_not)
    if why_not_again(delivery, now):
        return False
    with transaction.atomic():
        over = Delivery.objects.filter(pk=delivery.pk, state=Delivered.GAVE_UP)
        if over.update(state=Delivered.QUEUED, attempts=0, why="", not_before=now) != 1:
            return False
        outcome = f"given up because {delivery.why}"[:1000]
        audit.append(Note(AGAIN, now, "message", str(delivery.pk), delivery.subject, outcome=outcome))
    return True


def _end(delivery: Delivery, state: Delivered, why: str, **fields: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk, state=delivery.state).update(state=state, why=why[:500], **fields)
    delivery.state, delivery.why = state, why[:500]


def prune(now: datetime) -> int:
    """Forget what was told long ago; returns how many."""
    return Delivery.objects.filter(created__lt=now - KEPT).exclude(state__in=OWED).delete()[0]
