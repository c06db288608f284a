"""The fleet's history: what the sweeps wrote is followed into the database, change by change.

A run reads the store's stream from where the last one ended. What it records and its place in the stream become
durable together, so a worker that dies loses nothing and repeats nothing. When the stream no longer reaches
back, or Redis lost what it held, the record is compared with everything there is; what cannot be known of the
time between stays a hole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from dashboard.control.record import spells
from dashboard.control.record.draft import CHUNK, Draft, is_storable, storable, with_runs
from dashboard.control.record.models import (
    EnvironmentDay,
    RecordedEnvironment,
    RecordedName,
    Recording,
    Stretch,
)
from dashboard.control.record.phase_counts import PhaseCount
from dashboard.control.record.spell_models import ServiceSpell
from dashboard.control.record.spells import SpellDraft
from dashboard.fleet.bounds import LONGEST_NAME
from dashboard.fleet.entities import EnvironmentClass, Execution, Kind, Person, Project
from dashboard.fleet.history import Span, Watch, What
from dashboard.fleet.newer import SET_BACK
from dashboard.fleet.store import Change, Store, Sweep

PATIENCE = 300.0
"""Seconds without a look after which what happened meanwhile is not known; looks are seconds apart."""
RECENT = 6 * 3600.0
"""Of executions that ended before the last look, those of so many seconds are told again: a full sweep is slow."""
PORTION = 5_000


def record(store: Store, now: float, *, simulated: bool = False) -> int:
    """Record what the sweeps have written since the last run, seen from `now` (epoch seconds); returns how many
    changes it followed. Raises what the store and the database raise.

    A simulated fleet is never mixed with a real one: its record is dropped when a real fleet or another simulated
    one follows it, and none is made beside the record of a real one.
    """
    sweeps = store.sweeps()  # asked first: what a sweep in here has seen is in the stream
    epoch, version = store.position()
    if not epoch or "full:ok" not in sweeps:
        return 0
    last = Recording.objects.first()
    if last is not None and last.simulated != simulated:
        if simulated:
            return 0
        forget()
        last = None
    if last is None:
        return _begin(store, Recording(since=now, epoch=epoch, version=version, simulated=simulated))
    set_back = last.until - now > SET_BACK
    news = _news(store, last, (epoch, version), sweeps["full:ok"], now, set_back=set_back)
    if news is not None and set_back:
        news, now = _from(last.until, news), last.until
    if simulated and news is not None and news.whole and _is_another_world(news):
        forget()
        return _begin(store, Recording(since=now, epoch=epoch, version=version, simulated=simulated))
    if news is None:
        return 0
    return _follow(last, news, _services(store, last, news, now), max(_looked(sweeps), last.until), now)


def forget() -> None:
    """Drop the whole record; prices stay."""
    with transaction.atomic():
        for model in (
            ServiceSpell,
            Stretch,
            EnvironmentDay,
            PhaseCount,
            RecordedEnvironment,
            RecordedName,
            Recording,
        ):
            model.objects.all().delete()


def prune(now: float) -> int:
    """Delete what is older than it is kept; returns how many rows went. In portions, so that nobody waits long."""
    old = now - settings.HISTORY_DAYS * 86_400
    ancient = now - settings.HISTORY_TOTALS_DAYS * 86_400
    day = datetime.fromtimestamp(ancient, UTC).date()
    return (
        _delete(Stretch.objects.filter(end__lt=old))
        + _delete(ServiceSpell.objects.filter(end__lt=old))
        + _delete(EnvironmentDay.objects.filter(day__lt=day))
        + _delete(RecordedEnvironment.objects.filter(gone__lt=ancient))
    )


NAMED = (Kind.PERSON, Kind.PROJECT, Kind.CLASS)


def remember_names(store: Store) -> int:
    """Keep the names of people, projects and classes, so that their hours have a name when they are gone; returns how
    many were new.
    """
    known = {(kind, key): name for kind, key, name in RecordedName.objects.values_list("kind", "key", "name")}
    new = [
        RecordedName(kind=kind.value, key=row.id, name=name)
        for kind in NAMED
        for _, row in store.rows(kind)
        if isinstance(row, Person | Project | EnvironmentClass) and is_storable(row.id)
        if (name := storable(_name(row), LONGEST_NAME)) and known.get((kind.value, row.id)) != name
    ]
    RecordedName.objects.bulk_create(
        new, CHUNK, update_conflicts=True, unique_fields=["kind", "key"], update_fields=["name"]
    )
    return len(new)


def _name(row: Person | Project | EnvironmentClass) -> str:
    return row.name or (row.email if isinstance(row, Person) else "")


def _delete(rows: QuerySet[Any]) -> int:
    gone = 0
    while keys := list(rows.values_list("pk", flat=True)[:PORTION]):
        gone += rows.model._base_manager.filter(pk__in=keys).delete()[0]
    return gone


# What there is to follow


def _looked(sweeps: Mapping[str, Sweep]) -> float:
    """When the last good look began."""
    return max(sweeps[name].started for name in ("hot:ok", "full:ok") if name in sweeps)


@dataclass(frozen=True, slots=True)
class _News:
    """Changes, oldest first, and where in the stream they end; `whole` when they tell of everything there is."""

    changes: list[Change]
    epoch: str
    version: int
    whole: bool = False


def _from(end: float, news: _News) -> _News:
    """What was seen since the clock was set back counts from the record's end on: no hour is recorded twice, and what
    is there now is known at once.
    """
    return replace(news, changes=[replace(one, asked=max(one.asked, end)) for one in news.changes])


def _news(  # noqa: PLR0913 - the record, the store and the clock
    store: Store, last: Recording, at: tuple[str, int], full: Sweep, now: float, *, set_back: bool
) -> _News | None:
    """What is new since the last run; None while that cannot be told. `at` is where the store is now, `set_back` says
    that the clock was.
    """
    epoch, version = at
    if epoch == last.epoch and version == last.version:
        return _News([], epoch, version)
    if epoch == last.epoch and version > last.version:
        changes = store.changes_since(last.version)
        if changes:
            return _News(changes, epoch, changes[-1].version)
    if full.started > now if set_back else full.started <= last.until:
        return None  # what is missing may not have been read again yet
    return _News(_everything(store, version, now, last.until - RECENT), epoch, version, whole=True)


def _everything(store: Store, version: int, now: float, ended_after: float) -> list[Change]:
    """All that is there and all that no longer is, as changes."""
    found = [
        Change(number, Kind.ENVIRONMENT, row.id, row, now) for number, row in store.rows(Kind.ENVIRONMENT)
    ]
    runs = [
        Change(number, Kind.EXECUTION, row.id, row, now)
        for number, row in store.rows(Kind.EXECUTION)
        if isinstance(row, Execution) and (row.live or (row.completed or 0.0) > ended_after)
    ]
    there = {change.id for change in chain(found, runs)}
    ended = set(RecordedEnvironment.objects.filter(gone=None).values_list("id", flat=True)) - there
    left = {key for recorded in with_runs() for key in recorded.runs} - there
    return [
        *found,
        *runs,
        *spells.everything(store, version, now),
        *(Change(version, Kind.EXECUTION, key, None, now) for key in sorted(left)),
        *(Change(version, Kind.ENVIRONMENT, key, None, now) for key in sorted(ended)),
    ]


def _is_another_world(news: _News) -> bool:
    """Nothing that was there is there still: the simulator began anew."""
    there = [change.row is not None for change in news.changes if change.kind is Kind.ENVIRONMENT]
    known = RecordedEnvironment.objects.filter(gone=None).count()
    return known > 0 and there.count(False) == known


def _begin(store: Store, recording: Recording) -> int:
    """The first run: what there is now. Of what was before it only running executions and last signals are known."""
    now = recording.counted = recording.until = recording.services_since = recording.since
    recording.id = Recording.ONLY
    draft, services = Draft(None, now), SpellDraft(None, now)
    changes = _everything(store, recording.version, now, now)
    draft.follow(changes, whole=True)
    services.follow(changes, whole=True)
    with transaction.atomic():
        draft.save()
        services.save()
        recording.save(force_insert=True)
    return len(changes)


def _watch(last: Recording) -> Watch:
    return Watch(last.until, max(PATIENCE, 3 * settings.POLL_HOT_SECONDS))


def _services(store: Store, last: Recording, news: _News, now: float) -> SpellDraft:
    """What is new of services; where the version before recorded none of them, what there is now."""
    if last.services_since is None:
        found = SpellDraft(None, now)
        found.follow(spells.everything(store, news.version, now), whole=True)
    else:
        found = SpellDraft(_watch(last), now)
        found.follow(news.changes, whole=news.whole)
    return found


def _follow(last: Recording, news: _News, services: SpellDraft, until: float, now: float) -> int:
    """Record what is new and the new place in the stream, both or neither."""
    watch = _watch(last)
    draft = Draft(watch, now)
    draft.follow(news.changes, whole=news.whole)
    if watch.was_blind(until):
        draft.spans.append(("", Span(What.GAP, "", last.until, until)))
    since = now if last.services_since is None else last.services_since
    with transaction.atomic():
        mine = Recording.objects.filter(epoch=last.epoch, version=last.version, until=last.until)
        if not mine.update(epoch=news.epoch, version=news.version, until=until, services_since=since):
            return 0  # another worker was faster
        draft.save()
        services.save()
    return len(news.changes)
