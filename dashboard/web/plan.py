"""An execution's plan on its page: groups in order, each step with how long it took, and the one whose log is shown."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote_plus

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import ngettext

from dashboard import jobs
from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.query import PHASE_ORDER
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import StoreError
from dashboard.web.details import Subject
from dashboard.web.live import Block, Said
from dashboard.web.log_part import Apart
from dashboard.web.records import usual
from dashboard.web.templatetags.words import phase_label, step_name, within

SHORT = 60
"""A plan of more steps folds groups in which nothing goes on, and of the others all but what goes on or failed."""
SHOWN_STEPS = 24
"""At most, of a group of a long plan."""
ALL = "all"
"""Stands where a step's id stands: the whole log."""
CALM = ("succeeded", "")


def steps_words(row: Execution) -> str:
    """How far its steps have come, and of one that failed how many of them did."""
    failed, done, total = row.steps_failed, row.steps_done, row.steps_total
    if not total:
        return ""
    if failed:
        words = ngettext("its only step failed", "{failed} of {total} steps failed", total)
    elif row.phase == "stopped":
        words = ngettext("stopped early", "stopped early, {done} of {total} steps had begun", total)
    elif row.phase == "succeeded":
        words = ngettext("its only step succeeded", "all {total} steps succeeded", total)
    else:
        words = ngettext("{done} of {total} step done", "{done} of {total} steps done", total)
    return words.format(failed=failed, done=done, total=total)


@dataclass(frozen=True, slots=True)
class Choice:
    """The `step` whose part of the log is shown, None for all of it. `said` keeps it for the page's polls: what was
    right when somebody opened the page stays, also when another step fails meanwhile.
    """

    step: Step | None
    said: Said


def choice(request: HttpRequest, row: Execution, depth: ExecutionDetail | None) -> Choice:
    """As the address says, else of one that failed the first step that did."""
    asked, steps = request.GET.get("step"), () if depth is None else depth.steps
    if asked is None and row.failed:
        return Choice(next((step for step in steps if step.failed), None), ())
    return Choice(next((step for step in steps if step.id == asked), None), (("step", asked or ALL),))


def step_url(row: Execution, step: str) -> str:
    return step_urls(row)(step)


def step_urls(row: Execution) -> Callable[[str], str]:
    """Where the log of a step is shown."""
    page = reverse("executions-detail", args=[row.id])
    return lambda step: f"{page}?step={quote_plus(step)}"


def took(row: Execution, depth: ExecutionDetail | None) -> dict[str, float]:
    """Seconds by step, as far as they are known: the log's sections say them; a step alone takes what all takes."""
    steps = () if depth is None else depth.steps
    try:
        told = Apart(steps, jobs.logs().sections(Kind.EXECUTION, row.id)) if steps else None
    except StoreError:
        told = None
    known = {step.id: told.took(step.id) for step in steps} if told is not None else {}
    if len(steps) == 1 and not row.live and known.get(steps[0].id) is None:
        known[steps[0].id] = row.duration(0.0)
    return {key: seconds for key, seconds in known.items() if seconds is not None}


@dataclass(frozen=True, slots=True)
class Bar:
    """A duration beside the usual, as places in percent."""

    width: float
    median_at: float
    p95_at: float
    slow: bool


def bar(seconds: float, median: float, p95: float) -> Bar:
    whole = max(seconds, p95, 0.001)
    return Bar(
        round(100 * seconds / whole, 1),
        min(99.4, round(100 * median / whole, 1)),
        round(100 * p95 / whole, 1),
        seconds > p95,
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """A step with the names of those that it waits for, what it took and what it usually takes (seconds, None: not
    known), and where its log is shown.
    """

    step: Step
    after: tuple[str, ...]
    took: float | None
    usual: float | None
    p95: float | None
    url: str
    chosen: bool

    @property
    def calm(self) -> bool:
        """Whether it ended well or has not begun."""
        return self.step.phase in CALM and not self.step.failed

    @property
    def bar(self) -> Bar | None:
        """From the beginning on, so that nothing moves when it is known how long the step took."""
        if self.usual is None or self.p95 is None:
            return None
        return bar(self.took or 0.0, self.usual, self.p95)


@dataclass(frozen=True, slots=True)
class Group:
    """Steps that run together: those in view, the folded ones, and what the folded are in words."""

    number: int
    shown: tuple[Placed, ...]
    folded: tuple[Placed, ...] = ()
    words: str = ""

    @property
    def steps(self) -> tuple[Placed, ...]:
        return self.shown + self.folded

    @property
    def size(self) -> int:
        return len(self.steps)

    @property
    def opened(self) -> bool:
        """Whether what is folded has the chosen step."""
        return any(placed.chosen for placed in self.folded)

    @property
    def calm(self) -> bool:
        return all(placed.calm for placed in self.steps)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Groups that follow each other, all in view or, with what they are in `words`, folded."""

    groups: tuple[Group, ...]
    words: str = ""

    @property
    def first(self) -> int:
        return self.groups[0].number

    @property
    def opened(self) -> bool:
        """Whether it has the chosen step: what somebody chose stays in its place, and in view."""
        return any(placed.chosen for group in self.groups for placed in group.steps)

    @property
    def last(self) -> int:
        return self.groups[-1].number


@dataclass(frozen=True)
class Plan:
    """Everything a page tells of a plan. `placed`: the chosen step."""

    stretches: tuple[Stretch, ...]
    placed: Placed | None
    several: bool

    @property
    def state(self) -> tuple[tuple[float | None, ...], ...]:
        """What its HTML depends on besides the steps and which of them is chosen."""
        found = (placed for one in self.stretches for group in one.groups for placed in group.steps)
        return tuple((placed.took, placed.usual, placed.p95) for placed in found)


def plan(
    row: Execution, depth: ExecutionDetail, fleet: Fleet, known: Mapping[str, float], chosen: Step | None
) -> Plan:
    """`known`: seconds by step."""
    names = {step.id: step_name(step) for step in depth.steps}
    pace, url = _Usual(fleet), step_urls(row)

    def place(step: Step) -> Placed:
        after = tuple(names[key] for key in step.depends_on if key in names)
        median, p95 = pace.of(step)
        mine = chosen is not None and step.id == chosen.id
        return Placed(step, after, known.get(step.id), median, p95, url(step.id), mine)

    groups = [
        Group(number, tuple(map(place, steps))) for number, steps in enumerate(depth.groups, 1) if steps
    ]
    placed = next((one for group in groups for one in group.steps if one.chosen), None)
    if len(names) > SHORT:
        return Plan(tuple(_stretches(groups)), placed, len(groups) > 1)
    return Plan((Stretch(tuple(groups)),) if groups else (), placed, len(groups) > 1)


class _Usual:
    """What is usual for the tasks of a plan, each looked up once."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._known: dict[str, tuple[float | None, float | None]] = {}

    def of(self, step: Step) -> tuple[float | None, float | None]:
        task = self._fleet.tasks.get(step.target) if step.kind == "task" else None
        if task is None:
            return None, None
        if task.id not in self._known:
            record = usual(self._fleet, task.id, task.name, task.environment_id).record
            self._known[task.id] = (record.median, record.p95)
        return self._known[task.id]


def _group(group: Group) -> Group:
    ranked = sorted(group.steps, key=lambda one: PHASE_ORDER.get(one.step.phase, len(PHASE_ORDER)))
    shown = [one for one in ranked if not one.calm][:SHOWN_STEPS]
    folded = [one for one in group.steps if one not in shown]
    return Group(group.number, tuple(shown), tuple(folded), _phases(folded))


def _phases(steps: Sequence[Placed]) -> str:
    counts = Counter(one.step.phase or "not_started" for one in steps)
    return ", ".join(f"{count} {within(phase_label(phase))}" for phase, count in counts.items())


def _stretches(groups: list[Group]) -> Iterator[Stretch]:
    for calm, some in groupby(groups, lambda group: group.calm):
        if calm:
            folded = tuple(some)
            yield Stretch(folded, _phases([one for group in folded for one in group.steps]))
        else:
            yield Stretch(tuple(map(_group, some)))


def plan_block(subject: Subject, made: Plan | None, chosen: Choice) -> Block:
    more = {"plan": made, "words": steps_words(subject.row), "whole": step_url(subject.row, ALL)}
    state = (made and made.state, chosen.step and chosen.step.id, more["words"])
    return subject.block("plan", subject.deep, state, chosen=chosen.step, **more)
