"""An environment's past on its page: a strip, what happened in words, hours a day."""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext

from dashboard.control.idle import SIGNALS_COME_EVERY
from dashboard.control.models import Action, RecordedEnvironment, Recording, ServiceSpell
from dashboard.control.record import cost, rollup
from dashboard.control.record.cost import Bill
from dashboard.control.record.rollup import EnvironmentHistory
from dashboard.control.record.spells import spell_of
from dashboard.fleet.entities import Kind
from dashboard.fleet.history import Span, What
from dashboard.fleet.hours import RUNNING
from dashboard.fleet.spans import spoken_length as length
from dashboard.fleet.spells import Outcome
from dashboard.web.live import Block
from dashboard.web.spells import lasted
from dashboard.web.templatetags.words import phase_label

DAYS = 14
SHOWN = 8
MOST = 60
STEP = 300.0
"""The strip moves on every so many seconds, so that a poll between finds nothing new."""
REACHES = (3_600.0, 6 * 3_600.0, 86_400.0, 7 * 86_400.0)
"""Lengths of the strip; the shortest that shows the whole record is taken, else the longest."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of the strip, in percent of its length."""

    what: str
    word: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Event:
    """A span in words; `end` is None while it goes on. `more` says of a failure how long it had lasted."""

    what: str
    word: str
    subject: str
    start: float
    end: float | None
    more: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """`label` says in words what the bars show."""

    bars: tuple[Bar, ...]
    start: float
    end: float
    label: str


def history_block(environment_id: str, created: float | None = None) -> Block:
    """`created` is when it was made, in epoch seconds."""
    recording = Recording.objects.first()
    recorded = RecordedEnvironment.objects.filter(id=environment_id).first()
    if recording is None or recorded is None:
        return Block("history", (), "environments/history.html", {"recorded": False})
    until = recording.until
    past = rollup.history_of(recorded, until - REACHES[-1], until + 1)
    events, strip = _events(past, created), _strip(past, recording)
    asked = list(Action.objects.for_target(Kind.ENVIRONMENT.value, environment_id)[:MOST])
    failed = _failures(environment_id, until - REACHES[-1])
    events = tuple(
        sorted([*events, *failed, *map(_deed, asked)], key=lambda event: event.start, reverse=True)
    )
    today = timezone.localdate()
    days = cost.days_of(environment_id, today - timedelta(days=DAYS - 1), today)
    context = {
        "recorded": True,
        "runs": recorded.gone is None and recorded.phase in RUNNING,
        "since": recording.since,
        "strip": strip,
        "events": events[:SHOWN],
        "earlier": events[SHOWN:MOST],
        "days": days,
        "total": sum((line.bill for line in days), Bill()),
        "reach": DAYS,
    }
    state = (recording.since, strip, events[:MOST], days)
    return Block("history", state, "environments/history.html", context)


def _events(past: EnvironmentHistory, created: float | None) -> tuple[Event, ...]:
    """What happened, newest first."""
    now = past.environment
    events = [
        Event(
            span.what.value,
            span.word,
            span.subject,
            at_or_after(span.start, created) if span.what is What.SIGNAL else span.start,
            None if span.subject in now.runs else at_or_after(span.end, created),
        )
        for span in past.spans
        if span.what is not What.PHASE or span.start != now.phase_since
    ]
    events += [Event(What.GAP.value, "", "", start, end) for start, end in past.gaps]
    if now.gone is None:
        events.append(Event(What.PHASE.value, now.phase, "", now.phase_since, None))
    return tuple(sorted(events, key=lambda event: (event.start, event.what), reverse=True))


def at_or_after(signal: float, created: float | None) -> float:
    """When a signal came: Ona rounds its time down, which may be to before there was an environment."""
    return created if created is not None and created - SIGNALS_COME_EVERY <= signal < created else signal


def _deed(action: Action) -> Event:
    """What somebody asked for from here; `word` is the state, `subject` says what and who."""
    at = action.created.timestamp()
    what = gettext(action.deed.replace("-", " ").capitalize())
    return Event(
        "action",
        action.state,
        gettext("{what} by {actor_name}").format(what=what, actor_name=action.actor_name),
        at,
        at,
    )


def _failures(environment_id: str, since: float) -> list[Event]:
    """Of its services; each at the moment in which it was seen."""
    failed = ServiceSpell.objects.filter(environment_id=environment_id, outcome=Outcome.FAILED.value)
    return [
        Event("failure", one.name or one.service_id, one.service_id, one.end, one.end, lasted(spell_of(one)))
        for one in failed.filter(end__gte=since).order_by("-end")[:MOST]
        if one.end is not None
    ]


def _strip(past: EnvironmentHistory, recording: Recording) -> Strip | None:
    end = math.floor(recording.until / STEP) * STEP
    recorded = end - max(recording.since, past.environment.first_seen)
    if recorded <= 0:
        return None
    reach = next((one for one in REACHES if one >= recorded), REACHES[-1])
    window = (end - reach, end)
    spans = [span for span in past.spans if span.end >= window[0] and span.start < end]
    spans += [
        Span(What.GAP, "", start, stop) for start, stop in past.gaps if stop > window[0] and start < end
    ]
    bars = tuple(_bar(span, window) for span in spans if span.what is not What.START)
    return Strip(bars, *window, _label(spans, window))


def _bar(span: Span, window: tuple[float, float]) -> Bar:
    start, reach = max(span.start, window[0]), window[1] - window[0]
    width = 100 * (min(span.end, window[1]) - start) / reach
    place = 100 * (start - window[0]) / reach
    return Bar(span.what.value, span.word, round(place, 2), round(max(width, 0.25), 2))


def _label(spans: list[Span], window: tuple[float, float]) -> str:
    """running 3 h 20 min, stopped 2 h; signals from SSH"""
    lasted: Counter[str] = Counter()
    for span in spans:
        if span.what is What.PHASE:
            lasted[span.word] += round(min(span.end, window[1]) - max(span.start, window[0]))
    phases = [
        f"{phase_label(word).lower()} {length(seconds)}" for word, seconds in lasted.most_common() if seconds
    ]
    sources = sorted(
        {span.word or gettext("an unnamed source") for span in spans if span.what is What.SIGNAL}
    )
    words = gettext("The last {length}: {phases}").format(
        length=length(window[1] - window[0]), phases=", ".join(phases) or gettext("nothing known")
    )
    return (
        gettext("{words}; signals from {join}").format(words=words, join=", ".join(sources))
        if sources
        else words
    )
