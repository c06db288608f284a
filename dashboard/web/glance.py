"""What an environment's page says first: who uses it, what of git is only there, what runs in it, what it cost."""

from collections.abc import Sequence
from typing import cast
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.control.record.cost import Bill
from dashboard.fleet.entities import Execution, Service
from dashboard.web.creators import made_by
from dashboard.web.details import Subject
from dashboard.web.live import Block


def glance_block(
    subject: Subject, inside: Sequence[Service], runs: Sequence[Execution], past: Block
) -> Block:
    """`inside` are its services that its people made, `runs` its executions, `past` the block of its history."""
    row = subject.row
    newest = max(runs, key=lambda run: (run.created or 0.0, run.id), default=None)
    found = {
        "services": len(inside),
        "up": sum(service.phase == "running" and not service.failed for service in inside),
        "failed": sum(service.failed for service in inside),
        "live": sum(run.live for run in runs),
        "last_failed": newest if newest is not None and newest.failed else None,
        "ports": len(row.ports),
        "total": cast("Bill", past.context.get("total", Bill())),
        "reach": past.context.get("reach", 0),
    }
    theirs = f"{reverse('environments-list')}?{urlencode({'q': made_by(subject.fleet, row.creator_id)})}"
    return subject.block("glance", subject.known, tuple(found.values()), theirs=theirs, **found)
