"""What a run of the record will write: environments as they are now, and the spans that have ended."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.db.models import QuerySet

from dashboard.control.record.models import RecordedEnvironment, Stretch
from dashboard.fleet import history
from dashboard.fleet.bounds import LONGEST_ID, LONGEST_NAME
from dashboard.fleet.entities import Environment, Execution, Kind
from dashboard.fleet.history import Known, Run, Span, Told, Watch, run_gone, run_seen
from dashboard.fleet.store import Change

CHUNK = 500
FIELDS = [
    field.attname
    for field in RecordedEnvironment._meta.concrete_fields
    if field.attname not in {"id", "first_seen"}
]
FACTS = ("name", "role", "project_id", "class_id", "creator_id", "creator_kind")
"""What is kept of an environment as it is."""


def with_runs() -> QuerySet[RecordedEnvironment]:
    return RecordedEnvironment.objects.filter(gone=None).exclude(runs={})


def storable(text: str, longest: int) -> str:
    """As every database takes it: PostgreSQL has no NUL in texts, and is strict about their length."""
    return text.replace("\0", "")[:longest]


def _storable_row(row: Environment) -> Environment:
    return replace(
        row,
        name=storable(row.name, LONGEST_NAME),
        phase=storable(row.phase, LONGEST_ID),
        signal_source=storable(row.signal_source, LONGEST_NAME),
        role=storable(row.role, LONGEST_ID),
        project_id=storable(row.project_id, LONGEST_ID),
        class_id=storable(row.class_id, LONGEST_ID),
        creator_id=storable(row.creator_id, LONGEST_ID),
        creator_kind=storable(row.creator_kind, LONGEST_ID),
    )


def is_storable(identifier: str) -> bool:
    """Of an id that had to be cut nobody could tell what it is the id of: it is not recorded."""
    return bool(identifier) and storable(identifier, LONGEST_ID) == identifier


class Draft:
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
        changes = [change for change in changes if is_storable(change.id)]
        self._load(changes)
        homes = {key: row.id for row in self._rows.values() for key in row.runs}
        for change in changes:
            seen = change.asked or self._now
            if change.kind is Kind.ENVIRONMENT:
                self._environment(change, seen, whole=whole)
            elif isinstance(change.row, Execution):
                homes[change.id] = change.row.environment_id
                run = replace(change.row, name=storable(change.row.name, LONGEST_NAME))
                self._tell(change.row.environment_id, run_seen, run, seen)
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
            self._rows |= {row.id: row for row in with_runs() if row.id not in self._rows}

    def _environment(self, change: Change, seen: float, *, whole: bool) -> None:
        recorded, row = self._rows.get(change.id), change.row
        if recorded is not None and not whole and change.version <= recorded.version:
            return
        if isinstance(row, Environment):
            if recorded is None:
                recorded = self._rows[change.id] = RecordedEnvironment(
                    id=change.id, first_seen=seen, gone=seen
                )
            self._seen(recorded, _storable_row(row), seen)
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
        for name in FACTS:
            setattr(recorded, name, getattr(row, name))
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
