"""Telling people: what is owed is sent, one message after another, beside everything else."""

import logging
import time

from django.utils import timezone

from dashboard.celery import app
from dashboard.control import ledger
from dashboard.control.idleness import exemptions
from dashboard.control.notify import afterwards, all_clear
from dashboard.control.notify import owed as notify
from dashboard.jobs import parts

logger = logging.getLogger(__name__)

TURN_SECONDS = 30.0
LOCK_SECONDS = 120.0


@app.task(name="jobs.find_notices", expires=10)
def find_notices() -> None:
    """Write what there is to tell of stops that have ended, or will not come, and of exemptions that end soon."""
    with parts.store().single("find-notices", LOCK_SECONDS) as alone:
        moment = parts.snapshot().now() if alone else None
        if moment is not None and not moment.trouble:
            now = timezone.localtime(ledger.utc_now())
            afterwards.tell_stopped(moment.fleet, now)
            exemptions.announce(now)
            all_clear.tell(moment.fleet, now)


@app.task(name="jobs.send_notices", expires=5)
def send_notices() -> None:
    """Send what is owed for a while. A channel that fails is left alone for the rest of the turn, and has its next
    turns after the others, so that it holds up none of them; stops never wait for any of it.
    """
    notify.rescue(ledger.utc_now())
    if not notify.due(ledger.utc_now()).exists():
        return
    with parts.store().single("notices", LOCK_SECONDS) as alone:
        if alone:
            _send_what_is_owed()


def _send_what_is_owed() -> None:
    from dashboard.control.notify.send import NotTaken, send

    end, closed, later = time.monotonic() + TURN_SECONDS, set[str](), notify.troubled()
    while time.monotonic() < end:
        while (delivery := notify.next_due(ledger.utc_now(), closed.union(later))) is None and later:
            later.pop(0)
        if delivery is None:
            return
        if not notify.claim(delivery, ledger.utc_now()):
            continue
        try:
            send(delivery)
        except NotTaken as error:
            notify.failed(delivery, str(error), ledger.utc_now(), again=error.again)
            closed.add(notify.lane(delivery))
        except Exception as error:  # noqa: BLE001  whatever a service's plugin raises: its words may hold the address
            logger.error("a message could not be sent: %s", type(error).__name__)
            notify.failed(
                delivery, f"it could not be sent ({type(error).__name__})", ledger.utc_now(), again=False
            )
        else:
            notify.sent(delivery, ledger.utc_now())


@app.task(name="jobs.prune_notices", expires=3600)
def prune_notices() -> None:
    with parts.store().single("prune-notices", parts.SWEEP_LIFETIME) as alone:
        if alone and (gone := notify.prune(ledger.utc_now())):
            logger.info("%d messages of long ago were deleted", gone)
