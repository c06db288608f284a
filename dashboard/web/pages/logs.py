"""The log of a service or task execution: a panel that follows, a page of its own, a file.

The panel polls with the number of the last entry it has and gets only what came after that, 204 when that is nothing.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, cast

from celery.exceptions import CeleryError
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET
from kombu.exceptions import KombuError

from dashboard import jobs
from dashboard.control.permissions import log_refusal
from dashboard.fleet import log_entries, log_store
from dashboard.fleet.bounds import LONGEST_NAME
from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Kind, Listed, Service
from dashboard.fleet.log_entries import Entry, LogStatus
from dashboard.fleet.store import StoreError
from dashboard.web.http import found_or_404, is_fragment, moment, signed_in, varied
from dashboard.web.live import Block, is_poll
from dashboard.web.log_lines import Tree, earlier, text_of
from dashboard.web.log_part import Apart, Cut, latest, seen
from dashboard.web.templatetags.words import step_name

logger = logging.getLogger(__name__)
SHOWN = 1_000
"""Entries that a page begins with, and the most that one poll adds."""
NOT_APART = _("This log does not say which lines are of which step: this is all of it.")
SECTIONS = {Kind.SERVICE: "services", Kind.EXECUTION: "executions"}
ASK_AGAIN = {log_entries.FAILED: 30, log_entries.ENDED: 30}
"""Seconds after which a page asks again for a tail of a log in this state; 2 in any other."""
LIVE_SERVICE = {"starting", "running", "stopping"}
UNKNOWN = LogStatus(state="unknown")


@require_GET
def show(request: HttpRequest, kind: Kind, identifier: str) -> HttpResponse:
    step = request.GET.get("step", "")[:LONGEST_NAME] if kind is Kind.EXECUTION else ""
    steps = steps_of(identifier) if step else ()
    if steps and all(one.id != step for one in steps):
        step = ""
    log = Log(request, kind, identifier, step=step, steps=steps)
    if log.status is None or (log.row is None and not log.status.last):
        found_or_404(request, kind, identifier)
    if log.closed:
        raise PermissionDenied(log.closed)
    if "download" in request.GET:
        return download(log)
    if is_poll(request):
        return varied(poll(log))
    template = "logs/panel.html" if is_fragment(request) else "logs/page.html"
    title = log.row.name if log.row is not None else identifier
    context = {"title": title, "log": log.panel, "listing": reverse(f"{log.section}-list"), "row": log.row}
    return varied(render(request, template, context))


def steps_of(identifier: str) -> tuple[Step, ...]:
    """The steps of an execution, as far as the store has them."""
    try:
        depth = jobs.parts.store().detail(Kind.EXECUTION, identifier)
    except StoreError:
        return ()
    return depth.steps if isinstance(depth, ExecutionDetail) else ()


def log_block(
    request: HttpRequest,
    kind: Kind,
    identifier: str,
    chosen: Step | None = None,
    steps: tuple[Step, ...] = (),
) -> Block:
    """The panel of a resource's own page, of an execution with what the `chosen` of its `steps` said. It renews
    itself: the page's poll leaves it alone.
    """
    step = chosen.id if chosen is not None else ""
    log = Log(request, kind, identifier, read=False, step=step, steps=steps)
    if log.closed:
        return Block("log", (log.closed,), "logs/closed.html", {"why": log.closed})
    return Block("log", (step,), "logs/panel.html", {"log": log.panel})


@dataclass
class Log:
    """One log as one request sees it. `status` is None while Redis does not answer."""

    request: HttpRequest
    kind: Kind
    identifier: str
    read: bool = True
    status: LogStatus | None = None
    step: str = ""
    """The step whose part is shown, "" for all of it."""
    steps: tuple[Step, ...] = ()
    cut: Cut = field(default_factory=Cut)

    def __post_init__(self) -> None:
        if self.read:
            self.look()

    @property
    def section(self) -> str:
        return SECTIONS[self.kind]

    @property
    def url(self) -> str:
        return reverse(f"{self.section}-log", args=[self.identifier])

    @property
    def polled(self) -> str:
        """Where its polls go."""
        return f"{self.url}?{urlencode({'step': self.step})}" if self.step else self.url

    @property
    def epoch(self) -> str:
        """Names this numbering of this part."""
        return (self.status or UNKNOWN).epoch + self.cut.digest

    @property
    def mixed(self) -> bool:
        """Whether the lines of other steps may be among those of the one that was asked for."""
        return bool(self.step) and self.cut.whole and len(self.steps) != 1

    @property
    def row(self) -> Listed | None:
        return cast("Listed | None", moment(self.request).fleet.of(self.kind).get(self.identifier))

    @property
    def closed(self) -> str:
        """Why this person does not read it, "" when they may."""
        return log_refusal(signed_in(self.request), self.row, moment(self.request).fleet)

    def look(self) -> None:
        try:
            status = jobs.logs().status(self.kind, self.identifier)
            if self.step:
                sections = jobs.logs().sections(self.kind, self.identifier)
                self.cut = Apart(self.steps or (Step(self.step),), sections).cut(self.step)
            self.status = status
        except StoreError as error:
            logger.warning("no log of %s %s: %s", self.kind.value, self.identifier, type(error).__name__)

    def attend(self) -> None:
        """Say that somebody looks, and ask for a tail if none runs and one may find more."""
        status = self.status
        if status is None or (self.row is None and status.last):
            return
        try:
            jobs.logs().watch(self.kind, self.identifier)
            done = status.state == log_entries.ENDED and is_poll(self.request) and not self._live()
            if not done and jobs.logs().ask(self.kind, self.identifier, ASK_AGAIN.get(status.state, 2)):
                jobs.tail.delay(self.kind.value, self.identifier)
        except (StoreError, CeleryError, KombuError, OSError) as error:
            logger.warning("no tail of %s %s: %s", self.kind.value, self.identifier, type(error).__name__)

    def _live(self) -> bool:
        row: Any = self.row
        if isinstance(row, Service):
            return row.phase in LIVE_SERVICE
        return bool(row is not None and row.live)

    def panel(self) -> Mapping[str, Any]:
        """What the panel's template shows."""
        if not self.read:
            self.look()
        self.attend()
        lines, last = self._lines()
        return {
            "url": self.url,
            "of": next((step_name(one) for one in self.steps if one.id == self.step), ""),
            "noun": "service" if self.kind is Kind.SERVICE else "execution",
            "lines": lines,
            "state": self.state(),
            "poller": self.poller(last),
            "any": last > 0,
        }

    def _lines(self) -> tuple[SafeString, int]:
        """The last entries in their sections, under a note of what is not shown, and the number of the last."""
        status = self.status or UNKNOWN
        entries: list[Entry] = []
        openings: dict[int, Entry] = {}
        before, last, kept = status.dropped, status.last, False
        try:
            if self.cut.whole:
                entries = jobs.logs().latest(self.kind, self.identifier, SHOWN)
                before = (entries[0].number if entries else status.last + 1) - 1
                kept = before > status.dropped
                last = entries[-1].number if entries else 0
            else:
                entries, more = latest(self._after, self.cut, last, SHOWN)
                before, kept = more + self.cut.dropped(status.kept_from), more > 0
            openings = self._openings(entries)
        except StoreError:
            self.status = None
        note = earlier(before, kept) if before else ""
        if self.mixed and entries:
            note = format_html('<p class="log-gap">{}</p>{}', gettext(NOT_APART), note)
        tree = Tree(entries, openings, whole=True, roots=self.cut.roots)
        return format_html("{}{}", note, tree.lines()), last

    def _after(self, number: int) -> list[Entry]:
        return jobs.logs().after(self.kind, self.identifier, number, log_store.PAGE)

    def _openings(self, entries: list[Entry]) -> dict[int, Entry]:
        """The beginnings of sections that began before these entries, and of those around them."""
        present = {entry.number for entry in entries}
        found: dict[int, Entry] = {}
        present |= self.cut.roots
        wanted = {entry.section for entry in entries} - present - {0}
        for _depth in range(log_store.DEEPEST):
            if not wanted:
                break
            more = jobs.logs().openings(self.kind, self.identifier, sorted(wanted))
            found |= more
            wanted = {entry.section for entry in more.values()} - present - set(found) - {0}
        return found

    def state(self, *, swap: bool = False) -> SafeString:
        """The line that says how the log stands."""
        status = self.status
        context = {"status": status, "swap": swap, "live": self._live(), "row": self.row}
        return SafeString(render_to_string("logs/state.html", context))

    def poller(self, last: int, *, swap: bool = False) -> SafeString:
        status = self.status or UNKNOWN
        over = status.state in ASK_AGAIN and not self._live()
        values = json.dumps({"seen": f"{self.epoch}.{last}.{self.digest()}"})
        context = {"url": self.polled, "vals": values, "swap": swap, "seconds": 5 if over else 1}
        return SafeString(render_to_string("logs/poller.html", context))

    def digest(self) -> str:
        """Of what the state line says."""
        status = self.status or UNKNOWN
        said = (status.state, status.reason, status.dropped > 0, self._live())
        return blake2b(repr(said).encode(), digest_size=4).hexdigest()


def poll(log: Log) -> HttpResponse:
    """What came since the poller's `seen`: 204 for nothing. What was written after the sections were read, whose it is
    nobody could say: that is left to the next poll.
    """
    log.attend()
    status = log.status
    epoch, number, digest = seen(log.request.GET["seen"])
    if status is None or (epoch, number, digest) == (log.epoch, status.last, log.digest()):
        return HttpResponse(status=204)
    noted = not number and log.mixed  # its first lines stand under a note
    if noted or epoch != log.epoch or number > status.last or status.last - number > SHOWN:
        lines, last = log._lines()
        swap, parts = "innerHTML", SafeString("")
    else:
        try:
            found = jobs.logs().after(log.kind, log.identifier, number, SHOWN)
        except StoreError:
            found = []
        entries = [entry for entry in found if entry.number <= status.last]
        tree = Tree(log.cut.take(entries), {}, whole=False, roots=log.cut.roots)
        lines, parts, swap = tree.lines(), tree.parts(), "beforeend"
        last = entries[-1].number if entries else number
    body = format_html('<div id="log-lines" hx-swap-oob="{}">{}</div>{}', swap, lines, parts)
    return HttpResponse(
        (body if lines or parts or swap == "innerHTML" else SafeString(""))
        + log.state(swap=True)
        + log.poller(last, swap=True)
    )


def download(log: Log) -> HttpResponse:
    """Everything that is kept, as a file that no browser shows as a page."""
    lines, number = [], 0
    try:
        while entries := jobs.logs().after(log.kind, log.identifier, number, log_store.PAGE):
            number = entries[-1].number
            lines += [text_of(entry) for entry in entries]
    except StoreError as error:
        raise Http404(gettext("The log cannot be read now. Try again in a moment.")) from error
    name = re.sub(r"[^A-Za-z0-9-]", "", log.identifier)[:60] or "log"
    response = HttpResponse("".join(f"{one}\n" for one in lines), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{log.kind.value}-{name}.log"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return varied(response)
