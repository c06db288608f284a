"""Reads everything: environments in windows side by side, services and tasks in batches, executions from the newest on.

What a complete scan of a kind did not show is gone; an incomplete one removes nothing.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, cast

from dashboard.fleet import intake
from dashboard.fleet.batches import in_batches
from dashboard.fleet.entities import FINISHED_EXECUTION, Execution, Kind, Row, Service, Task
from dashboard.fleet.kept import beyond
from dashboard.fleet.memory import Memory
from dashboard.fleet.parallel import Chain, walked
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.tally import OF_ONE_KIND, Tally
from dashboard.fleet.windows import OVERLAP, WHOLE, Window, windows
from dashboard.ona import (
    EnvironmentFilter,
    Ona,
    Page,
    ServiceFilter,
    TaskFilter,
    errors,
    schema,
)

EVERYTHING = (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION, Kind.CLASS)
"""What a full sweep reads, in this order."""


@dataclass
class FullScan:
    """One scan. `find_gone` notes which of these ids of a kind, known before, are gone after a complete scan; `land`
    writes what the tally holds; `whole_history`: every execution, not only the newest; `kept`: how many finished
    executions of a task are kept.
    """

    ona: Ona
    fleet: Fleet
    tally: Tally
    memory: Memory
    find_gone: Callable[[Kind, set[str]], None]
    land: Callable[[], None]
    whole_history: bool
    kept: int

    def run(self, kinds: Collection[Kind] = EVERYTHING) -> None:
        """Raises OnaError for what ends the sweep; what is wrong with one kind alone is noted in the tally."""
        scans: Mapping[Kind, Callable[[], bool]] = {
            Kind.ENVIRONMENT: self._environments,
            Kind.SERVICE: self._services,
            Kind.TASK: self._tasks,
            Kind.EXECUTION: self._executions,
            Kind.CLASS: self._classes,
        }
        for kind in kinds:
            known, skipped = set(self.fleet.of(kind)), self.tally.skipped
            try:
                complete = scans[kind]()
            except OF_ONE_KIND as trouble:  # the other kinds may still be read
                self.tally.troubles.append(trouble)
            else:
                if (
                    complete and self.tally.skipped == skipped
                ):  # a malformed item may be any of the missing ones
                    self.find_gone(kind, known)
                    if kind is Kind.ENVIRONMENT:
                        self.environments_known = True
            self.land()

    environments_known: bool = False
    """Whether this scan has seen every environment."""

    _in_list: set[str] = field(default_factory=set)
    _in_archive: set[str] = field(default_factory=set)
    """The ids that the API lists, and those in its archive."""

    # Environments

    def _environments(self) -> bool:
        self.memory.begin(self.fleet.environments)
        complete = False
        try:
            complete = self._listed_and_archived()
        finally:
            self.memory.end(complete=complete)
        return True

    def _listed_and_archived(self) -> bool:
        """All that the API lists and, beside them, the archived ones, which it leaves out; those are not counted."""
        cut = windows(self.fleet.environments.values())
        if len(cut) > 1:
            try:
                self._walk(cut)
            except _OutOfOrder:
                self._walk(WHOLE)  # whoever sorts differently is walked from one end to the other
        else:
            self._walk(WHOLE)
        self.tally.apart |= self._in_archive - self._in_list
        return True

    def _walk(self, cut: Sequence[Window]) -> None:
        walk = walked([*(partial(self._window, one) for one in cut), self._archive], intake.environment)
        for page in walk.pages:
            self._take(page)
        if walk.trouble is not None:
            raise walk.trouble

    def _archive(self) -> Iterator[Page[intake.Seen]]:
        """The archived environments; none where the API has no archive."""
        archived = EnvironmentFilter(archival_status="archived")
        with suppress(errors.InvalidRequest):
            for page in self.ona.environments.summaries(archived, recall=self.memory.recall):
                self._in_archive.update(_ids(page))
                yield page

    def _take(self, page: Page[Any]) -> None:
        """The environments of a page; those whose bytes are known are as they were."""
        for digest, row in zip(page.digests, page.items, strict=False):
            self.memory.keep(digest, row)
        self.tally.take(page)

    def _window(self, window: Window) -> Iterator[Page[intake.Seen]]:
        """The pages of a window. _OutOfOrder when they do not come newest first: nothing could be left out then."""
        last = "~"
        restriction = EnvironmentFilter(created_before=window.created_before)
        for page in self.ona.environments.summaries(restriction, recall=self.memory.recall):
            self._in_list.update(_ids(page))
            yield page
            if window == WHOLE[0]:
                continue
            items = listed(page)
            if any(older >= newer for newer, older in pairwise([last, *(key for key, _ in items)])):
                raise _OutOfOrder("the list of environments is not sorted")
            last = items[-1][0] if items else last
            if window.ends_with(created for _, created in items):
                return

    # Services and tasks

    def _services(self) -> bool:
        ask = self.ona.automations.service_pages
        groups = [ServiceFilter(environment_ids=ids) for ids in self._groups(Kind.SERVICE)]
        self._grouped([partial(ask, one) for one in groups], ask, intake.service)
        return True

    def _tasks(self) -> bool:
        ask = self.ona.automations.task_pages
        groups = [TaskFilter(environment_ids=ids) for ids in self._groups(Kind.TASK)]
        self._grouped([partial(ask, one) for one in groups], ask, intake.task)
        return True

    def _groups(self, kind: Kind) -> list[tuple[str, ...]]:
        """Batches of environments; none when one chain is the better way, or some environments are not known."""
        if not self.environments_known:
            return []
        rows = self.fleet.of(kind).values()
        known = Counter(cast("Service | Task", row).environment_id for row in rows)
        return in_batches(sorted(self.tally.ids(Kind.ENVIRONMENT), reverse=True), known)

    def _grouped(self, chains: Sequence[Chain], whole: Chain, convert: Callable[[Any], Row]) -> None:
        """The batches side by side; where the API refuses one of them, one chain over everything."""
        try:
            self.tally.walk(chains or [whole], convert)
        except (errors.PermissionDenied, errors.NotFound, errors.InvalidRequest):
            if not chains:
                raise
            self.tally.walk([whole], convert)

    # Executions

    def _executions(self) -> bool:
        """All of them, or from the newest on as far as there is something new; says whether it was all.

        What has finished never changes again. The order of this list is not documented: only where it comes
        newest first does a page of nothing but known, finished ones end the walk.
        """
        names = {one.row.id: one.row.name for one in self.tally.seen if isinstance(one.row, Task)}
        names = {row.id: row.name for row in self.fleet.tasks.values()} | names
        oldest, complete = float("inf"), True

        def convert(seen: schema.TaskExecution) -> Execution:
            return intake.execution(seen, names.get(seen.metadata.task_id, ""))

        for page in self.ona.automations.execution_pages():
            self.tally.add(page, convert)
            times = [_epoch(item.metadata.created_at) or 0.0 for item in page.items]
            if any(newer + OVERLAP < older for newer, older in pairwise([oldest, *times])):
                oldest = float("-inf")  # not sorted: walked to its end
            oldest = min([oldest, *times])
            if not self.whole_history and times and oldest > 0 and self._all_known(page):
                complete = False
                break
        seen = [one for one in self.tally.seen if isinstance(one.row, Execution)]
        surplus = beyond(self.kept, [cast("Execution", one.row) for one in seen], self.fleet.executions)
        surplus |= {one.row.id for one in seen if self._homeless(cast("Execution", one.row))}
        self.tally.withhold(Kind.EXECUTION, surplus)
        self.tally.gone += [(Kind.EXECUTION, one) for one in surplus if one in self.fleet.executions]
        if not complete:
            self.tally.listed[Kind.EXECUTION] |= self.fleet.executions.keys() - surplus
        return complete

    def _all_known(self, page: Page[schema.TaskExecution]) -> bool:
        known = self.fleet.executions
        return all(
            item.phase in FINISHED_EXECUTION
            and (
                (item.id in known and known[item.id].phase == item.phase)
                or self._is_gone(item.metadata.environment_id)
            )
            for item in page.items
        )

    def _is_gone(self, environment_id: str) -> bool:
        return (
            bool(environment_id) and self.tally.homes is not None and environment_id not in self.tally.homes
        )

    def _homeless(self, row: Execution) -> bool:
        """Finished, in an environment that is no more. One that has not finished may be in an environment that was
        made since the list of environments was read.
        """
        return not row.live and self._is_gone(row.environment_id)

    def _classes(self) -> bool:
        for classes in self.ona.environments.class_pages():
            self.tally.add(classes, intake.environment_class)
        return True


def listed(page: Page[intake.Seen]) -> list[tuple[str, float | None]]:
    """Id and time of creation of each environment, as they stand on the page."""
    fresh = ((item.id, _epoch(item.metadata.created_at)) for item in page.items)
    if not page.order:
        return list(fresh)
    return [next(fresh) if trace is None else (trace.id, trace.created) for trace in page.order]


def _ids(page: Page[intake.Seen]) -> Iterator[str]:
    yield from (item.id for item in page.items)
    yield from (trace.id for trace in page.recalled)


class _OutOfOrder(errors.BadAnswer):
    """A list that should come newest first does not."""


def _epoch(moment: Any) -> float | None:
    return None if moment is None else float(moment.timestamp())
