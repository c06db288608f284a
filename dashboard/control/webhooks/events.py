"""Finding what webhooks are told: ends of actions and pauses of policies in the audit, batches that are over,
environments and services that failed.

The audit has every end exactly once and in order, so a number says how far it was read. The rest is compared with what
was told before.
"""

import hashlib
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, Max

from dashboard.control.models import (
    OPEN,
    Action,
    AuditEntry,
    Batch,
    Event,
    Webhook,
    WebhookDelivery,
    WebhookMark,
)
from dashboard.control.notify.notices import link
from dashboard.control.webhooks.owed import OF_BATCHES, REMEMBERED, full, tell
from dashboard.fleet.entities import Environment, Service
from dashboard.fleet.snapshot import Fleet

AT_ONCE = 500
OLDEST = timedelta(days=1)
"""A batch that was begun before that is no news any more."""
LONGEST_TEXT = 1_000
MOST_ABSENT = 5_000
Told = Collection[tuple[Any, str]]
NOTHING: Told = frozenset()


@dataclass(frozen=True)
class _Teller:
    """Everybody there is to tell, and to whom too much is owed already."""

    webhooks: Sequence[Webhook]
    too_much: frozenset[Any]

    def __call__(
        self,
        event: Event,
        occasion: str,
        at: datetime,
        data: Callable[[], dict[str, Any]],
        told: Told = NOTHING,
    ) -> int:
        """Owe it to those who want it and are not among the `told`; `data` is made only for somebody."""
        wanted = [
            one
            for one in self.webhooks
            if event in one.events and one.created <= at and (one.pk, occasion) not in told
        ]
        return tell(event, occasion, data(), at, wanted, too_much=self.too_much) if wanted else 0


def find(fleet: Fleet | None, now: datetime) -> int:
    """Owe what has happened since the last time; returns how many deliveries were written.

    `fleet` is None while nothing can be said of it: then only the ledger is looked at.
    """
    webhooks = list(Webhook.objects.all())
    if not webhooks:
        WebhookMark.objects.all().delete()
        return 0
    teller = _Teller(webhooks, full(webhooks))
    with transaction.atomic():
        mark = WebhookMark.objects.select_for_update().first() or _new_mark(webhooks)
        before = (mark.number, mark.failing, mark.failing_services)
        written = _actions(mark, teller) + _batches(teller, now)
        if fleet is not None and fleet.environments:
            environments, services = _environments(mark, fleet), _services(mark, fleet)
            written += _failures(environments, fleet, teller, now) + _failures(services, fleet, teller, now)
            mark.failing, mark.failing_services = environments.known, services.known
        if (mark.number, mark.failing, mark.failing_services) != before:
            mark.save()
    return written


def _new_mark(webhooks: Sequence[Webhook]) -> WebhookMark:
    """In place of one that is gone, such as when a webhook was made while the last one was deleted: what happened
    before there was any of them is told to none, and years of it are not read to find that out.
    """
    earlier = AuditEntry.objects.newest_first().filter(at__lt=min(one.created for one in webhooks))
    return WebhookMark.objects.create(number=earlier.values_list("number", flat=True).first() or 0)


def _actions(mark: WebhookMark, teller: _Teller) -> int:
    """Of actions that ended, of those that were skipped as they were written, and of policies that were paused."""
    entries = list(AuditEntry.objects.as_chained().filter(number__gt=mark.number)[:AT_ONCE])
    written = 0
    for entry in entries:
        skipped = entry.act == "asked" and entry.details.get("state") == "skipped"
        if entry.act == "ended" or skipped:
            said = partial(_of_action, entry)
            written += teller(Event.ACTION_ENDED, f"audit:{entry.number}", entry.at, said)
        elif entry.act == "asked" and entry.details.get("verb") == "policy.pause":
            paused = partial(_of_pause, entry)
            written += teller(Event.POLICY_PAUSED, f"paused:{entry.number}", entry.at, paused)
    if entries:
        mark.number = entries[-1].number
    return written


def _of_action(entry: AuditEntry) -> dict[str, Any]:
    return {
        "action": entry.details.get("action", ""),
        "verb": entry.details.get("verb", ""),
        "state": entry.details.get("state", ""),
        "outcome": entry.outcome,
        "kind": entry.kind,
        "target_id": entry.target_id,
        "target_name": entry.target_name,
        "person": entry.person,
    }


def _of_pause(entry: AuditEntry) -> dict[str, Any]:
    return {
        "policy": entry.target_name,
        "policy_id": entry.target_id,
        "itself": not entry.person_id,
        "person": entry.person,
        "outcome": entry.outcome,
        "page": link("idle-policy", entry.target_id),
    }


def _batches(teller: _Teller, now: datetime) -> int:
    """Each once when it has begun for a policy, and at its end; when some of it is tried again, at that end too."""
    found = Batch.objects.filter(started__gt=now - OLDEST).select_related("policy")
    begun = {batch.pk: batch for batch in found}
    if not begun:
        return 0
    of_batches = WebhookDelivery.objects.filter(event__in=OF_BATCHES, created__gt=now - REMEMBERED)
    told = set(of_batches.values_list("webhook_id", "occasion"))
    actions = Action.objects.filter(batch__in=begun).order_by()
    open_still = set(actions.filter(state__in=OPEN).values_list("batch_id", flat=True))
    ends = dict(actions.values_list("batch_id").annotate(at=Max("ended")))
    written = 0
    for batch in begun.values():
        if batch.policy is not None and batch.started is not None:
            said, occasion = partial(_of_batch, batch), f"policy:{batch.pk}"
            written += teller(Event.POLICY_ACTED, occasion, batch.started, said, told)
        end = ends.get(batch.pk)
        if end is not None and batch.pk not in open_still:
            said, occasion = partial(_ended, batch), f"batch:{batch.pk}:{end.isoformat()}"
            written += teller(Event.BATCH_ENDED, occasion, end, said, told)
    return written


def _ended(batch: Batch) -> dict[str, Any]:
    return {**_of_batch(batch), "states": _states(batch)}


def _of_batch(batch: Batch) -> dict[str, Any]:
    return {
        "batch": str(batch.pk),
        "verb": batch.verb,
        "person": batch.actor_name,
        "reason": batch.reason,
        "policy": batch.policy.name if batch.policy is not None else None,
        "targets": len(batch.targets),
        "page": link("idle-batch", str(batch.pk)),
    }


def _states(batch: Batch) -> dict[str, int]:
    counts = Action.objects.filter(batch=batch, retried=False).order_by().values_list("state")
    return dict(counts.annotate(n=Count("id")))


@dataclass(frozen=True)
class _Failing:
    """What of a kind fails now: `marks` by id. `known` is what is remembered from now on, `new` what to tell of."""

    event: Event
    known: Mapping[str, str]
    new: Mapping[str, str]
    said: Callable[[str, Fleet], dict[str, Any]]


def _failing(
    event: Event,
    marks: dict[str, str],
    before: Mapping[str, str] | None,
    there: Container[str],
    said: Callable[[str, Fleet], dict[str, Any]],
) -> _Failing:
    """The first look only remembers. What is not there at this moment stays remembered: after a restart rows come back
    one after another.
    """
    known = before or {}
    absent = {one: what for one, what in known.items() if one not in there}
    new = {} if before is None else {one: what for one, what in marks.items() if known.get(one) != what}
    return _Failing(event, marks | absent if len(absent) < MOST_ABSENT else marks, new, said)


def _environments(mark: WebhookMark, fleet: Fleet) -> _Failing:
    failed = (row for row in fleet.environments.values() if row.failed and row.archived is None)
    marks = {row.id: _mark(*row.failures, str(row.started or "")) for row in failed}
    return _failing(Event.ENVIRONMENT_FAILED, marks, mark.failing, fleet.environments, _of_environment)


def _services(mark: WebhookMark, fleet: Fleet) -> _Failing:
    """Of the team's own; one that is started again and fails again is seen to start in between."""
    failed = (row for row in fleet.services.values() if row.failed and not row.platform)
    marks = {row.id: _mark(row.phase, row.failure) for row in failed}
    return _failing(Event.SERVICE_FAILED, marks, mark.failing_services, fleet.services, _of_service)


def _failures(found: _Failing, fleet: Fleet, teller: _Teller, now: datetime) -> int:
    """Of those that have failed since, or in another way."""
    kind = "failed" if found.event == Event.ENVIRONMENT_FAILED else "service"
    return sum(
        teller(
            found.event,
            f"{kind}:{identifier[:120]}:{what}:{now.timestamp():.0f}",
            now,
            partial(found.said, identifier, fleet),
        )
        for identifier, what in found.new.items()
    )


def _of_environment(identifier: str, fleet: Fleet) -> dict[str, Any]:
    row = fleet.environments[identifier]
    return {
        "environment_id": row.id,
        "name": row.name,
        "phase": row.phase,
        "failures": [text[:LONGEST_TEXT] for text in row.failures[:5]],
        **_whose(row, fleet),
        "page": link("environments-detail", row.id),
    }


def _of_service(identifier: str, fleet: Fleet) -> dict[str, Any]:
    row: Service = fleet.services[identifier]
    home = fleet.environments.get(row.environment_id)
    return {
        "service_id": row.id,
        "name": row.name,
        "phase": row.phase,
        "failure": row.failure[:LONGEST_TEXT],
        "environment_id": row.environment_id,
        "environment": fleet.environment_name(row.environment_id),
        **_whose(home, fleet),
        "page": link("services-detail", row.id),
    }


def _whose(row: Environment | None, fleet: Fleet) -> dict[str, str | None]:
    creator = fleet.person(row.creator_id, row.creator_kind) if row is not None and row.creator_id else None
    return {
        "creator": creator,
        "project": fleet.project(row.project_id) if row is not None and row.project_id else None,
    }


def _mark(*said: str) -> str:
    """Another one when it fails in another way; of an environment also when it was started again."""
    text = "\0".join(said)
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
