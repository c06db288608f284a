"""From the record to hours a day: counted again from the spans each time, so that what is learnt late still counts.

Reading the record is here too: spans of one environment for its page, of all of them for a replay.
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from dashboard.control.record.draft import known_of
from dashboard.control.record.models import EnvironmentDay, RecordedEnvironment, Recording, Stretch
from dashboard.fleet import hours
from dashboard.fleet.history import Span, What
from dashboard.fleet.hours import Day, Hours, days_between

LATE = 3_600.0
"""Seconds: a day is counted again when something that ended so long ago may have been learnt since."""
CHUNK = 500
AT_ONCE = 2 * 86_400.0
"""Seconds: the spans of so long a time are read at once, by their end; of a longer time environment by environment,
so that a month of a large fleet does not fill the memory.
"""
COLUMNS = ("environment_id", "what", "word", "start", "end", "subject")


def count(zone: ZoneInfo) -> int:
    """Count the hours of each day that has gone on since the last count; returns how many rows changed."""
    recording = Recording.objects.first()
    if recording is None or recording.until <= recording.counted:
        return 0
    start = max(recording.since, recording.counted - LATE)
    changed = sum(_count_day(day, recording) for day in days_between(start, recording.until, zone))
    Recording.objects.update(counted=recording.until)
    return changed


def _count_day(day: Day, recording: Recording) -> int:
    first, last = max(day.start, recording.since), min(day.end, recording.until)
    if first >= last:
        return 0
    stored = {
        key: Hours(*found)
        for key, *found in EnvironmentDay.objects.filter(day=day.date).values_list(
            "environment_id", *Hours._fields
        )
    }
    rows = []
    for history in replay(first, last):
        found, before = _hours(history, first, last), stored.get(history.environment.id, Hours())
        if found != before:
            rows.append(_row(day, history.environment, found))
    EnvironmentDay.objects.bulk_create(
        rows,
        CHUNK,
        update_conflicts=True,
        unique_fields=["day", "environment_id"],
        update_fields=Hours._fields,
    )
    return len(rows)


def _hours(history: "EnvironmentHistory", first: float, last: float) -> Hours:
    """Rounded to tenths of a second, in which a database keeps them exactly enough."""
    life = history.within(first, last)
    found = hours.measure(history.spans, life, gaps=history.gaps) if life is not None else Hours()
    return Hours(*(round(seconds, 1) for seconds in found))


def _row(day: Day, environment: RecordedEnvironment, found: Hours) -> EnvironmentDay:
    return EnvironmentDay(
        day=day.date,
        environment_id=environment.id,
        project_id=environment.project_id,
        creator_id=environment.creator_id,
        class_id=environment.class_id,
        running=found.running,
        idle=found.idle,
        unknown=found.unknown,
    )


@dataclass(frozen=True, slots=True)
class EnvironmentHistory:
    """What is recorded of one environment over a time: its spans in order, and the `gaps` in which nobody looked."""

    environment: RecordedEnvironment
    spans: list[Span]
    gaps: list[hours.Interval]

    def within(self, first: float, last: float) -> hours.Interval | None:
        """The part of that time in which it was there and could have been seen."""
        gone = self.environment.gone
        start, end = max(first, self.environment.first_seen), last if gone is None else min(last, gone)
        return (start, end) if start < end else None


def there_between(start: float, end: float) -> QuerySet[RecordedEnvironment]:
    """The environments that were there at some moment between `start` and `end` (epoch seconds)."""
    return RecordedEnvironment.objects.filter(Q(gone=None) | Q(gone__gt=start), first_seen__lt=end)


def replay(
    start: float, end: float, *, before: float = hours.IDLE_AFTER, among: Container[str] | None = None
) -> Iterator[EnvironmentHistory]:
    """Every environment (with `among`, of these ids) that was there between `start` and `end` (epoch seconds), with its
    spans of that time and of the `before` seconds ahead of it. What still goes on ends where the record does, or at
    `end`.
    """
    until = min(end, _until())
    rows = Stretch.objects.filter(end__gte=start - before, start__lt=end)
    gaps = [(span.start, span.end) for span in _by_environment(rows.filter(environment_id="")).get("", ())]
    there, at_once = there_between(start, end).order_by("id"), among is None and end - start <= AT_ONCE
    for found in _chunks(there, None if at_once else CHUNK):
        environments = found if among is None else [one for one in found if one.id in among]
        own = rows.exclude(environment_id="")
        if len(environments) < len(found):
            own = rows.filter(environment_id__in=[one.id for one in environments])
        elif not at_once:
            own = rows.filter(environment_id__range=(environments[0].id, environments[-1].id))
        closed = _by_environment(own)
        for environment in environments:
            yield EnvironmentHistory(environment, _all_spans(environment, closed, until), gaps)


def _chunks(rows: QuerySet[RecordedEnvironment], size: int | None) -> Iterator[list[RecordedEnvironment]]:
    """All rows, which are in the order of their ids, as one list, or in lists of `size`: each asked for by itself, so
    that whoever works through them may write meanwhile. SQLite refuses that while a question is half answered.
    """
    last = ""
    while some := list(rows.filter(id__gt=last)[:size]):
        yield some
        if size is None:
            return
        last = some[-1].id


def history_of(environment: RecordedEnvironment, start: float, end: float) -> EnvironmentHistory:
    """One environment's part of `replay`."""
    rows = Stretch.objects.filter(environment_id__in=["", environment.id], end__gte=start, start__lt=end)
    closed = _by_environment(rows)
    gaps = [(span.start, span.end) for span in closed.pop("", ())]
    return EnvironmentHistory(environment, _all_spans(environment, closed, min(end, _until())), gaps)


def _until() -> float:
    return Recording.objects.values_list("until", flat=True).first() or 0.0


def _by_environment(rows: QuerySet[Stretch]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = defaultdict(list)
    for key, what, word, start, end, subject in rows.values_list(*COLUMNS):
        found[key].append(Span(What(what), word, start, end, subject))
    return found


def _all_spans(
    environment: RecordedEnvironment, closed: Mapping[str, list[Span]], until: float
) -> list[Span]:
    open_ones = [] if environment.gone is not None else known_of(environment).going_on(until)
    return sorted([*closed.get(environment.id, ()), *open_ones], key=lambda span: (span.start, span.end))
