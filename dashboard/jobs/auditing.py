"""The audit: anchored, pruned, handed on."""

import logging
from datetime import UTC, datetime

from django.conf import settings
from django.db import DatabaseError

from dashboard.celery import app
from dashboard.control.audit import forward as audit_forward
from dashboard.control.audit import keep as audit_keep
from dashboard.fleet.store import StoreError
from dashboard.jobs import parts

logger = logging.getLogger(__name__)
FORWARD_LIFETIME = 60.0


@app.task(name="jobs.anchor_audit", expires=3600)
def anchor_audit() -> None:
    """Into Redis and the log: `manage.py verify_audit` compares them with the chain."""
    try:
        if line := audit_keep.anchor(parts.store()):
            logger.info(line)
    except audit_keep.ChainBroken as broken:
        logger.error("%s; see `manage.py verify_audit`", broken)


@app.task(name="jobs.prune_audit", expires=3600)
def prune_audit() -> None:
    with parts.store().single("prune-audit", parts.SWEEP_LIFETIME) as alone:
        while alone and (gone := audit_keep.prune(datetime.now(UTC), settings.AUDIT_DAYS)):
            logger.info("%d entries of the audit of long ago were deleted", gone)


@app.task(name="jobs.forward_audit", expires=10)
def forward_audit() -> None:
    """What nobody takes now is handed on later."""
    there = settings.AUDIT_FORWARD
    if there is None:
        return
    try:
        with parts.store().single("forward-audit", FORWARD_LIFETIME) as alone:
            while alone and audit_forward.forward(there) == audit_forward.AT_ONCE:
                pass
    except (OSError, StoreError, DatabaseError) as error:
        logger.warning("the audit could not be handed on to %s: %s", there, error)
