"""An execution beside the last of its task that succeeded, step by step."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from celery.exceptions import CeleryError
from django.utils.html import format_html
from django.utils.translation import gettext
from kombu.exceptions import KombuError

from dashboard import jobs
from dashboard.control.permissions import log_refusal
from dashboard.fleet import runs
from dashboard.fleet.claims import Claims
from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.spans import spoken_length as length
from dashboard.fleet.store import StoreError
from dashboard.web.details import Subject
from dashboard.web.http import signed_in
from dashboard.web.live import Block
from dashboard.web.plan import step_urls, took
from dashboard.web.templatetags.words import phase_label, step_name, within

logger = logging.getLogger(__name__)
READ_AGAIN = 45.0
"""Seconds after which a plan that is not there is asked for again: sooner than it is forgotten why it was not."""
LEARN_AGAIN = 300.0
"""The same of the log of the other execution, when nothing came of it."""
TAIL_AGAIN = 2
"""Of any log: so soon its own page may ask for a tail."""
MOST_LINES = 24
"""Of more steps only those that differ are listed, and of those the first."""
MOST_DIFFERENT = 10
UNDER_WAY = ("", "pending", "running")


@dataclass(frozen=True, slots=True)
class Then:
    """A step of this execution and the same of the other: None where one of them has no such step. Seconds, None:
    not known.
    """

    now: Step | None
    then: Step | None
    took: float | None
    took_then: float | None
    url: str

    @property
    def name(self) -> str:
        step = self.now or self.then
        return step_name(step) if step is not None else ""

    @property
    def differs(self) -> bool:
        """Also of one that has not ended nothing is said yet."""
        if self.now is None or self.then is None:
            return True
        return self.now.phase not in UNDER_WAY and self.now.phase != self.then.phase


@dataclass(frozen=True, slots=True)
class Beside:
    """The other execution and the steps of both, in order; `read`: whether the plans are known; `unread`: why that of
    the other cannot be, "" while it may come.
    """

    other: Execution
    lines: tuple[Then, ...] = ()
    read: bool = False
    unread: str = ""

    def of(self, step: Step | None) -> Then | None:
        return next((one for one in self.lines if step is not None and one.now == step), None)


@dataclass(frozen=True, slots=True)
class _Other:
    run: Execution
    depth: ExecutionDetail
    took: Mapping[str, float]


def beside(subject: Subject, here: Mapping[str, float]) -> Beside | None:
    """None when no other execution of its task has succeeded, or its own plan cannot be read. `here`: what the steps of
    this one took, in seconds.
    """
    row: Execution = subject.row
    other = runs.last_success(subject.fleet, row) if row.task_id else None
    if other is None:
        return None
    if subject.unread:  # which its plan says
        return None
    depth, unread = _depth(other.id)
    if depth is None or subject.depth is None:
        return Beside(other, unread=unread)
    there = took(other, depth)
    if row.failed and not there:
        _learn(subject, other)
    return Beside(other, _lines(subject, here, _Other(other, depth, there)), read=True)


def _depth(identifier: str) -> tuple[ExecutionDetail | None, str]:
    """Its plan, which is read once where it is not at hand, or why it cannot be. Nobody looks at the other itself:
    what has ended is not kept fresh.
    """
    try:
        depth = jobs.parts.store().detail(Kind.EXECUTION, identifier)
        if isinstance(depth, ExecutionDetail):
            return depth, ""
        with _turn(f"plan:{identifier}", READ_AGAIN) as ours:
            if ours:
                jobs.refresh.delay(Kind.EXECUTION.value, identifier)
        return None, jobs.parts.store().unread(Kind.EXECUTION, identifier)
    except (StoreError, CeleryError, KombuError, OSError) as error:
        logger.warning("no plan of execution %s: %s", identifier, type(error).__name__)
    return None, ""


@contextmanager
def _turn(name: str, seconds: float) -> Iterator[bool]:
    """Whether nobody else did this within so many seconds; where it fails, it can be tried again at once."""
    claims = Claims(jobs.parts.store())
    ours = claims.take(name, seconds) is None
    try:
        yield ours
    except (StoreError, CeleryError, KombuError, OSError):
        if ours:
            claims.give_back(name)
        raise


def _learn(subject: Subject, other: Execution) -> None:
    """Have the log of the other read once, for what its steps took, if there still is one and this person may."""
    environment = subject.fleet.environments.get(other.environment_id)
    if environment is None or environment.phase != "running":
        return
    if log_refusal(signed_in(subject.request), other, subject.fleet):
        return
    try:
        known = jobs.logs().status(Kind.EXECUTION, other.id).state
        if known:
            return
        with _turn(f"learn:{other.id}", LEARN_AGAIN) as ours:
            if ours and jobs.logs().ask(Kind.EXECUTION, other.id, TAIL_AGAIN):
                jobs.logs().watch(Kind.EXECUTION, other.id)
                jobs.tail.delay(Kind.EXECUTION.value, other.id)
    except (StoreError, CeleryError, KombuError, OSError) as error:
        logger.warning("no log of execution %s: %s", other.id, type(error).__name__)


def _key(step: Step) -> tuple[str, str]:
    """The same in all executions; ids of steps are not."""
    return (step.kind, step.target) if step.target else ("", step.label)


def _lines(subject: Subject, here: Mapping[str, float], other: _Other) -> tuple[Then, ...]:
    url, url_there, there = step_urls(subject.row), step_urls(other.run), other.took
    left: dict[tuple[str, str], list[Step]] = {}
    for step in other.depth.steps:
        left.setdefault(_key(step), []).append(step)
    found = []
    for step in subject.depth.steps:
        same = left.get(_key(step))
        then = same.pop(0) if same else None
        took_then = there.get(then.id) if then is not None else None
        found.append(Then(step, then, here.get(step.id), took_then, url(step.id)))
    gone = {id(step) for some in left.values() for step in some}
    found += [
        Then(None, step, None, there.get(step.id), url_there(step.id))
        for step in other.depth.steps
        if id(step) in gone
    ]
    return tuple(found)


def beside_block(subject: Subject, found: Beside | None) -> Block:
    lines = () if found is None else found.lines
    different = tuple(one for one in lines if one.differs)
    shown = lines if len(lines) <= MOST_LINES else different[:MOST_DIFFERENT]
    first = different[0] if different else None
    row: Execution = subject.row
    told = {
        "lines": shown,
        "different": 0 if shown == lines else len(different) - len(shown),
        "alike": 0 if shown == lines else len(lines) - len(different),
        "first": "" if first is None else _difference(first),
        "unknown": any(one.then is not None and one.took_then is None for one in shown),
    }
    other = found and (found.other.id, found.read, found.unread)
    state = (other, row.phase, row.live, row.steps_total > 0, *told.values())
    return Block("beside", state, "executions/beside.html", {"row": row, "found": found, **told})


def _difference(first: Then) -> str:
    """In words, where the two part, as HTML."""
    step = format_html("<bdi>{}</bdi>", first.name)
    if first.then is None:
        return format_html(gettext("They part at {step}, which the other did not have."), step=step)
    if first.now is None:
        return format_html(gettext("It has no step {step}, which the other had."), step=step)
    now, then = (within(phase_label(one.phase or "not_started")) for one in (first.now, first.then))
    words = gettext("They part at {step}: {now} here, {then} there.")
    return format_html(words, step=step, now=now, then=then)


def then_words(row: Execution, found: Beside | None, step: Step | None) -> str:
    """What the last success says about one step; "" when that is nothing yet."""
    if found is None or not found.read or step is None or row.live:
        return ""
    line = found.of(step)
    if line is None or line.then is None:
        return gettext("The last success had no such step.")
    if line.then.phase != "succeeded":
        return ""
    if line.took_then is None:
        return gettext("The last success passed this step; how long that took is not known.")
    return gettext("The last success passed this step in {time}.").format(time=length(line.took_then))
