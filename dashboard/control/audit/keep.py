"""Keeping the audit: pruning its oldest end, anchoring its newest."""

from datetime import datetime, timedelta

from django.db import models, transaction

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note, Person
from dashboard.control.audit.models import AuditEntry
from dashboard.fleet import anchors
from dashboard.fleet.store import Store

MOST_AT_ONCE = 5_000
ITSELF = Person("the dashboard")


class ChainBroken(Exception):
    """Somebody has been at the audit; the message says where."""


def prune(now: datetime, days: float) -> int:
    """Delete what is older than so many days, from the oldest end on; returns how many entries.

    What goes is first told in a checkpoint, an entry with the number and the seal of the last one that goes; the
    database lets nothing else be deleted.
    """
    oldest = AuditEntry.objects.as_chained()
    young = oldest.filter(at__gte=now - timedelta(days=days)).values_list("number", flat=True).first()
    ends = oldest if young is None else oldest.filter(number__lt=young)
    numbers = list(ends.values_list("number", "digest")[:MOST_AT_ONCE])
    if not numbers:
        return 0
    upto, digest = numbers[-1]
    told: dict[str, str | int] = {"upto": upto, "digest": digest, "entries": len(numbers)}
    words = f"{len(numbers)} entries up to {upto} were older than {days:g} days and are deleted"
    with transaction.atomic():
        audit.append(Note("checkpoint", now, outcome=words, details=told, who=ITSELF))
        gone, _ = models.QuerySet(AuditEntry).filter(number__lte=upto).delete()
    return gone


def anchor(store: Store) -> str:
    """Keep the number and the seal of the newest entry in Redis, once the last anchor has been found in the chain.

    Returns a line for the log, "" while there is nothing to say. Raises ChainBroken, and keeps the last anchor.
    """
    newest = AuditEntry.objects.newest_first().values_list("number", "digest").first()
    if kept := anchors.kept(store):
        number, digest = kept
        found = dict(AuditEntry.objects.filter(number=number).values_list("number", "digest"))
        pruned = AuditEntry.objects.filter(act="checkpoint", upto__gte=number).exists()
        if found.get(number) != digest and not pruned:
            raise ChainBroken(
                f"entry {number} of the audit, anchored as {digest}, is missing or was replaced"
            )
    if newest is None:
        return ""
    anchors.keep(store, *newest)
    return f"audit anchor {newest[0]} {newest[1]}"


def begin_anew(store: Store, who: Person, reason: str, now: datetime) -> None:
    """Forget the anchor, after the database went back to an earlier state. The audit says so."""
    anchors.forget(store)
    audit.append(Note("anchor-forgotten", now, reason=reason, who=who))
