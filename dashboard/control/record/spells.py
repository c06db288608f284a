"""The spells of services, as a run of the record finds and writes them; those of the platform's own are not kept."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models import OuterRef, QuerySet, Subquery

from dashboard.control.record.draft import CHUNK, is_storable, storable
from dashboard.control.record.spell_models import ServiceSpell
from dashboard.fleet.bounds import LONGEST_ID, LONGEST_NAME
from dashboard.fleet.entities import Kind, Service
from dashboard.fleet.history import Watch
from dashboard.fleet.spells import DOWN, Spell, followed
from dashboard.fleet.store import Change, Store

FIELDS = ["environment_id", "name", "up", "end", "outcome", "cut", "version"]


def going_on() -> QuerySet[ServiceSpell]:
    return ServiceSpell.objects.filter(end=None)


def everything(store: Store, version: int, now: float) -> list[Change]:
    """All services that are up or have failed, and those of which a spell goes on, as changes."""
    lasting = set(going_on().values_list("service_id", flat=True))
    found = [
        Change(number, Kind.SERVICE, row.id, row, now)
        for number, row in store.rows(Kind.SERVICE)
        if isinstance(row, Service) and (row.phase not in DOWN or row.failed or row.id in lasting)
    ]
    left = lasting - {change.id for change in found}
    return [*found, *(Change(version, Kind.SERVICE, key, None, now) for key in sorted(left))]


class SpellDraft:
    """What a run will record of services. `watch` is None when nobody has looked at them before."""

    def __init__(self, watch: Watch | None, now: float) -> None:
        self._watch, self._now = watch, now
        self._last: dict[str, ServiceSpell] = {}
        self._looked: dict[str, float] = {}
        self._changed: dict[tuple[str, float], ServiceSpell] = {}

    def follow(self, changes: Iterable[Change], *, whole: bool) -> None:
        """Apply those of services, oldest first; unless they are the `whole`, what is known to be older is left out."""
        own = [one for one in changes if one.kind is Kind.SERVICE and is_storable(one.id)]
        self._load(own)
        for change in own:
            last = self._last.get(change.id)
            if last is None or whole or change.version > last.version:
                self._look(change, last)

    def save(self) -> None:
        """Of spells that began at the same moment, when a clock was set back, the last is kept."""
        ServiceSpell.objects.bulk_create(
            [self._changed[key] for key in sorted(self._changed)],
            CHUNK,
            update_conflicts=True,
            unique_fields=["service_id", "start"],
            update_fields=FIELDS,
        )

    def _load(self, changes: Sequence[Change]) -> None:
        self._last |= _by_service(going_on(), {change.id for change in changes})
        failed = {one.id for one in changes if isinstance(one.row, Service) and one.row.failed}
        newest = ServiceSpell.objects.filter(service_id=OuterRef("service_id")).order_by("-start")
        self._last |= _by_service(
            ServiceSpell.objects.filter(pk=Subquery(newest.values("pk")[:1])), failed - self._last.keys()
        )

    def _look(self, change: Change, last: ServiceSpell | None) -> None:
        row = change.row if isinstance(change.row, Service) else None
        lasts = last is not None and last.end is None
        if row is not None and row.platform and not lasts:
            return
        seen, watch = change.asked or self._now, self._watch
        if watch is not None and change.id in self._looked:
            watch = replace(watch, until=max(watch.until, self._looked[change.id]))
        self._looked[change.id] = seen
        for spell in followed(spell_of(last) if last else None, row, seen, watch):
            self._keep(change, row, spell)

    def _keep(self, change: Change, row: Service | None, spell: Spell) -> None:
        known = self._last.get(change.id)
        if known is None or known.start != spell.start:
            known = ServiceSpell(service_id=change.id, start=spell.start)
        if row is not None:
            known.environment_id = storable(row.environment_id, LONGEST_ID)
            known.name = storable(row.name, LONGEST_NAME)
        known.up, known.end, known.outcome, known.cut = spell.up, spell.end, spell.outcome, spell.cut
        known.version = change.version
        known.pk = None  # what is there already is found by its service and start
        self._last[change.id] = self._changed[change.id, spell.start] = known


def _by_service(rows: QuerySet[ServiceSpell], wanted: Iterable[str]) -> dict[str, ServiceSpell]:
    ids, found = sorted(wanted), dict[str, ServiceSpell]()
    for start in range(0, len(ids), CHUNK):
        found |= {row.service_id: row for row in rows.filter(service_id__in=ids[start : start + CHUNK])}
    return found


def spell_of(row: ServiceSpell) -> Spell:
    return Spell(row.start, row.up, row.end, row.outcome, row.cut)
