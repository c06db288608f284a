"""Webhooks: what happened is found and owed, and what is owed is sent, beside everything else."""

import logging
import time
from typing import Any

from dashboard.celery import app
from dashboard.control import ledger
from dashboard.control.models import Webhook, WebhookMark
from dashboard.control.webhooks import events as webhook_events
from dashboard.control.webhooks import owed as webhooks
from dashboard.jobs import parts

logger = logging.getLogger(__name__)

TURN_SECONDS = 30.0
LOCK_SECONDS = 120.0


@app.task(name="jobs.find_events", expires=5)
def find_events() -> None:
    """Write what webhooks are told; of the fleet nothing while it cannot be read."""
    if not (Webhook.objects.exists() or WebhookMark.objects.exists()):
        return
    with parts.store().single("find-events", LOCK_SECONDS) as alone:
        if alone:
            moment = parts.snapshot().now()
            webhook_events.find(None if moment.trouble else moment.fleet, ledger.utc_now())


@app.task(name="jobs.send_events", expires=5)
def send_events() -> None:
    """Send what is owed for a while. A webhook that does not take one is left alone for the rest of the turn, and has
    its next turns after those that do: several that do not answer use up no turn of the others.
    """
    webhooks.rescue(ledger.utc_now())
    if not webhooks.due(ledger.utc_now()).exists():
        return
    with parts.store().single("events", LOCK_SECONDS) as alone:
        if alone:
            _send_what_is_owed()


def _send_what_is_owed() -> None:
    from dashboard.control.webhooks.send import NotTaken, send

    end, closed, later = time.monotonic() + TURN_SECONDS, list[Any](), webhooks.troubled()
    while time.monotonic() < end:
        while (delivery := webhooks.next_due(ledger.utc_now(), [*closed, *later])) is None and later:
            later.pop(0)
        if delivery is None:
            return
        if not webhooks.claim(delivery, ledger.utc_now()):
            continue
        try:
            status = send(delivery, ledger.utc_now())
        except NotTaken as error:
            webhooks.not_taken(delivery, str(error), error.status, ledger.utc_now())
            closed.append(delivery.webhook_id)
        else:
            webhooks.taken(delivery, status, ledger.utc_now())


@app.task(name="jobs.prune_events", expires=3600)
def prune_events() -> None:
    with parts.store().single("prune-events", parts.SWEEP_LIFETIME) as alone:
        if alone and (gone := webhooks.prune(ledger.utc_now())):
            logger.info("%d events of long ago were forgotten", gone)
