"""The fleet's history: what the sweeps wrote is followed into the database, change by change.

A run reads the store's stream from where the last one ended. What it records and its place in the stream become
durable together, so a worker that dies loses nothing and repeats nothing. When the stream no longer reaches
back, or Redis lost what it held, the record is compared with everything there is; what cannot be known of the
time between stays a hole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from dashboard.control.recorded import EnvironmentDay, RecordedEnvironment, Recording, Stretch
from dashboard.fleet import history
from dashboard.fleet.entities import Environment, Execution, Kind
from dashboard.fleet.history import Known, Run, Span, Told, Watch, What, run_gone, run_seen
from dashboard.fleet.store import Change, Store, Sweep

PATIENCE = 300.0
"""Seconds without a look after which what happened meanwhile is not known; looks are seconds apart."""
RECENT = 6 * 3600.0
"""Of executions that ended before the last look, those of so many seconds are told again: a full sweep is slow."""
CHUNK = 500
PORTION = 5_000
FIELDS = [
    field.attname
    for field in RecordedEnvironment._meta.concrete_fields
    if field.attname not in {"id", "first_seen"}
]


def record(store: Store, now: float, *, simulated: bool = False) -> int:
    """Record what the sweeps have written since the last run, seen from `now` (epoch seconds); returns how many
    changes it followed. Raises what the store and the database raise.

    A simulated fleet is never mixed with a real one: its record is dropped when a real fleet follows it, and
    none is made beside the record of a real one.
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
    news = _news(store, last, (epoch, version), sweeps["full:ok"], now)
    return 0 if news is None else _follow(last, news, max(_looked(sweeps), last.until), now)


def forget() -> None:
    """Drop the whole record; prices stay."""
    with transaction.atomic():
        for model in (Stretch, EnvironmentDay, RecordedEnvironment, Recording):
            model.objects.all().delete()


def prune(now: float) -> int:
    """Delete what is older than it is kept; returns how many rows went. In portions, so that nobody waits long."""
    old = now - settings.HISTORY_DAYS * 86_400
    ancient = now - settings.HISTORY_TOTALS_DAYS * 86_400
    day = datetime.fromtimestamp(ancient, UTC).date()
    return (
        _delete(Stretch.objects.filter(end__lt=old))
        + _delete(EnvironmentDay.objects.filter(day__lt=day))
        + _delete(RecordedEnvironment.objects.filter(gone__lt=ancient))
    )


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


def _news(store: Store, last: Recording, at: tuple[str, int], full: Sweep, now: float) -> _News | None:
    """What is new since the last run; None while that cannot be told. `at` is where the store is now."""
    epoch, version = at
    if epoch == last.epoch and version == last.version:
        return _News([], epoch, version)
    if epoch == last.epoch and version > last.version:
        changes = store.changes_since(last.version)
        if changes:
            return _News(changes, epoch, changes[-1].version)
    if full.started <= last.until:
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
    left = {key for recorded in _with_runs() for key in recorded.runs} - there
    return [
        *found,
        *runs,
        *(Change(version, Kind.EXECUTION, key, None, now) for key in sorted(left)),
        *(Change(version, Kind.ENVIRONMENT, key, None, now) for key in sorted(ended)),
    ]


def _with_runs() -> QuerySet[RecordedEnvironment]:
    return RecordedEnvironment.objects.filter(gone=None).exclude(runs={})


def _begin(store: Store, recording: Recording) -> int:
    """The first run: what there is now. Of what was before it only running executions and last signals are known."""
    now = recording.counted = recording.until = recording.since
    recording.id = Recording.ONLY
    draft = _Draft(None, now)
    changes = _everything(store, recording.version, now, now)
    draft.follow(changes, whole=True)
    with transaction.atomic():
        draft.save()
        recording.save(force_insert=True)
    return len(changes)


def _follow(last: Recording, news: _News, until: float, now: float) -> int:
    """Record what is new and the new place in the stream, both or neither."""
    watch = Watch(last.until, max(PATIENCE, 3 * settings.POLL_HOT_SECONDS))
    draft = _Draft(watch, now)
    draft.follow(news.changes, whole=news.whole)
    if watch.was_blind(until):
        draft.spans.append(("", Span(What.GAP, "", last.until, until)))
    with transaction.atomic():
        mine = Recording.objects.filter(epoch=last.epoch, version=last.version, until=last.until)
        if not mine.update(epoch=news.epoch, version=news.version, until=until):
            return 0  # another worker was faster
        draft.save()
    return len(news.changes)


class _Draft:
    """What a run will record: environments as they are now, and the spans that have ended. `watch` is None in the
    first run.
    """

    def __init__(self, watch: Watch | None, now: float) -> None:
        self._watch, self._now = watch, now
        self._rows: dict[str, RecordedEnvironment] = {}
        self._touched: set[str] = set()
        self.spans: list[tuple[str, Span]] = []

    def follow(self, changes: Sequence[Change], *, whole: bool) -> None:
        """Apply changes, oldest first; unless they are the `whole`, what is known to be older is left out."""
        self._load(changes)
        homes = {key: row.id for row in self._rows.values() for key in row.runs}
        for change in changes:
            seen = change.asked or self._now
            if change.kind is Kind.ENVIRONMENT:
                self._environment(change, seen, whole=whole)
            elif isinstance(change.row, Execution):
                homes[change.id] = change.row.environment_id
                self._tell(change.row.environment_id, run_seen, change.row, seen)
            elif change.kind is Kind.EXECUTION and change.id in homes:
                self._tell(homes[change.id], run_gone, change.id, seen)

    def save(self) -> None:
        RecordedEnvironment.objects.bulk_create(
            [self._rows[key] for key in sorted(self._touched)],
            CHUNK,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=FIELDS,
        )
        Stretch.objects.bulk_create(
            [
                Stretch(
                    environment_id=key,
                    what=span.what.value,
                    word=span.word,
                    subject=span.subject,
                    start=span.start,
                    end=span.end,
                )
                for key, span in self.spans
            ],
            CHUNK,
            ignore_conflicts=True,
        )

    def _load(self, changes: Sequence[Change]) -> None:
        wanted = {change.id for change in changes if change.kind is Kind.ENVIRONMENT}
        wanted |= {change.row.environment_id for change in changes if isinstance(change.row, Execution)}
        ids = sorted(wanted)
        for start in range(0, len(ids), CHUNK):
            self._rows |= RecordedEnvironment.objects.in_bulk(ids[start : start + CHUNK])
        if any(change.kind is Kind.EXECUTION and change.row is None for change in changes):
            self._rows |= {row.id: row for row in _with_runs() if row.id not in self._rows}

    def _environment(self, change: Change, seen: float, *, whole: bool) -> None:
        recorded, row = self._rows.get(change.id), change.row
        if recorded is not None and not whole and change.version <= recorded.version:
            return
        if isinstance(row, Environment):
            if recorded is None:
                recorded = self._rows[change.id] = RecordedEnvironment(
                    id=change.id, first_seen=seen, gone=seen
                )
            self._seen(recorded, row, seen)
            recorded.version = change.version
        elif recorded is not None and recorded.gone is None:
            self._note(change.id, history.gone(known_of(recorded), seen, self._watch or Watch(seen, 0.0)))
            recorded.gone, recorded.runs, recorded.version = seen, {}, change.version

    def _seen(self, recorded: RecordedEnvironment, row: Environment, seen: float) -> None:
        if recorded.gone is not None or self._watch is None:
            known, spans = history.first_seen(row, seen, self._watch)
            recorded.first_seen, recorded.gone = min(recorded.first_seen, known.phase_since), None
        else:
            known, spans = history.seen_again(known_of(recorded), row, seen, self._watch)
        recorded.name, recorded.role = row.name, row.role
        recorded.project_id, recorded.class_id = row.project_id, row.class_id
        recorded.creator_id, recorded.creator_kind = row.creator_id, row.creator_kind
        _put(recorded, known)
        self._note(row.id, spans)

    def _tell(self, environment_id: str, told: Callable[..., Told], about: object, seen: float) -> None:
        """What an execution's change means for its environment, if that is there."""
        recorded = self._rows.get(environment_id)
        if recorded is None or recorded.gone is not None:
            return
        known, spans = told(known_of(recorded), about, seen)
        _put(recorded, known)
        self._note(environment_id, spans)

    def _note(self, environment_id: str, spans: list[Span]) -> None:
        self._touched.add(environment_id)
        self.spans += [(environment_id, span) for span in spans]


def known_of(recorded: RecordedEnvironment) -> Known:
    return Known(
        phase=recorded.phase,
        phase_since=recorded.phase_since,
        started=recorded.started,
        source=recorded.source,
        signal_first=recorded.signal_first,
        signal_last=recorded.signal_last,
        runs={key: Run(name, start) for key, (name, start) in recorded.runs.items()},
    )


def _put(recorded: RecordedEnvironment, known: Known) -> None:
    recorded.phase, recorded.phase_since = known.phase, known.phase_since
    recorded.started, recorded.source = known.started, known.source
    recorded.signal_first, recorded.signal_last = known.signal_first, known.signal_last
    recorded.runs = {key: [run.name, run.start] for key, run in known.runs.items()}
