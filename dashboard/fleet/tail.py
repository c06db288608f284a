"""Tails one log into the log store: as long as somebody watches, once however many do.

A tail reads the resource for its log's address, makes a logs token, and reads. Neither address nor token is ever
written anywhere.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import httpx

from dashboard.fleet import log_entries
from dashboard.fleet.entities import LIVE_EXECUTION, Kind
from dashboard.fleet.log_entries import Entry, fitting
from dashboard.fleet.log_resume import Resume
from dashboard.fleet.log_store import LogStore, LogWriter
from dashboard.fleet.marking import marked as _
from dashboard.fleet.sentences import sentence
from dashboard.ona import Ona, Secret, errors, log_lines, logs
from dashboard.ona.http import api_address
from dashboard.ona.stream import Stream

logger = logging.getLogger(__name__)

RUN_SECONDS = 600.0
"""After this a job ends and, if somebody still watches, another takes over: no job lives for ever."""
FAIR_SECONDS = 15.0
"""The same while others wait for their turn."""
BURST_SECONDS = 1.0
"""Silence after which what a server sends at once is taken to have come."""
LOOK_SECONDS = 5.0
"""How often a tail looks whether somebody still watches, and keeps its lock."""
WRITE_SECONDS = 0.3
BATCH = 500
CHUNKS_AHEAD = 8
DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0)
LONGEST_TITLE = 200
LIVE = {Kind.SERVICE: ("starting", "running", "stopping"), Kind.EXECUTION: LIVE_EXECUTION}
PATIENCE = 2
"""Failures in a row after which the log of something that has ended is given up."""
GONE = _("There is no log any more: it goes with the machine of its environment.")
ANEW = _("The log begins anew.")
AGAIN = _("The connection was lost; what came meanwhile may be missing.")


class Interrupted(Exception):
    """The tail has to stop: nobody watches, its time is up, or the worker ends."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a log is, as the API says now. `session` names the run; `live`: more may come."""

    environment_id: str
    url: str
    session: str
    live: bool


@dataclass
class Tail:
    """One log, one job. `hosts` are the domains that may get a token; none = the rule in `allowed`."""

    ona: Ona
    logs: LogStore
    base_url: str
    hosts: tuple[str, ...]
    stopping: threading.Event
    contended: threading.Event = field(default_factory=threading.Event)
    """Set while another log waits for its turn."""
    seconds: float = RUN_SECONDS
    tokens: dict[str, Secret] = field(default_factory=dict)

    def run(self, kind: Kind, identifier: str) -> bool:
        """Follow the log; True when it gave way to another that waits. Does nothing while another tail has it."""
        with self.logs.writing(kind, identifier) as writer:
            if writer is None:
                return False
            session = Session(self, kind, identifier, writer, time.monotonic() + self.seconds)
            try:
                session.follow()
            except Interrupted:
                writer.write((), state=log_entries.WAITING, reason="")
        return session.gave_way

    def source(self, kind: Kind, identifier: str) -> Source:
        """Raises OnaError."""
        if kind is Kind.SERVICE:
            service = self.ona.automations.get_service(identifier)
            status, home = service.status, service.environment_id
            return Source(home, status.log_url, status.session, service.phase in LIVE[kind])
        run = self.ona.automations.get_execution(identifier)
        return Source(
            run.metadata.environment_id, run.status.log_url, identifier, run.phase in LIVE[Kind.EXECUTION]
        )

    def open(self, source: Source) -> Stream:
        """The log from its beginning; a token that has expired is renewed once. Raises OnaError."""
        allowed = self.allowed(source)
        logs.log_address(source.url, api_address(self.base_url), allowed)  # before any token is made
        for fresh in (source.environment_id not in self.tokens, True):
            if fresh:
                made = self.ona.environments.create_logs_token(source.environment_id)
                self.tokens[source.environment_id] = made
            token = self.tokens[source.environment_id]
            try:
                return logs.read(source.url, token, base_url=self.base_url, allowed=allowed, sleep=self.pause)
            except errors.Unauthenticated:
                if fresh:
                    raise
        raise AssertionError("the second token is always fresh")

    def pause(self, seconds: float) -> None:
        self.stopping.wait(seconds)

    def allowed(self, source: Source) -> Callable[[str], bool]:
        """Which hosts may get the token: those of LOG_HOSTS; else, with a simulator, the API's own host; else the
        domain that the environment's own log address names, which is the runner's.
        """
        if self.hosts:
            return logs.below(*self.hosts)
        base = api_address(self.base_url)
        if logs.loopback(base):
            return lambda host: host == base.host
        own = self.ona.environments.get(source.environment_id).status.environment_urls.logs
        domain = runner_domain(own)
        return logs.below(domain) if domain else lambda _: False


def runner_domain(address: str) -> str:
    """The domain of an environment's own log address without its first label; "" when that is none to trust."""
    try:
        host = httpx.URL(address).host.lower()
    except httpx.InvalidURL:
        return ""
    domain = host.partition(".")[2]
    labels = domain.split(".")
    trusted = len(labels) >= 2 and all(labels) and not labels[-1].isdigit() and ":" not in host
    return domain if trusted else ""


class Session:
    """What one run of a tail knows."""

    def __init__(self, tail: Tail, kind: Kind, identifier: str, writer: LogWriter, end: float) -> None:
        self.tail, self.kind, self.identifier, self.writer, self.end = tail, kind, identifier, writer, end
        self.fair = time.monotonic() + FAIR_SECONDS
        self.heard: list[Entry] = []
        self.looked = self.written = 0.0
        self.resume: Resume[Entry] = Resume(0, "")
        self.cutting = self.progress = self.gave_way = False
        self.live, self.misses = True, 0

    def follow(self) -> None:
        """Until the log has ended or cannot be read. Raises Interrupted."""
        while not self.attempt():
            self.misses = 0 if self.progress else self.misses + 1
            self.rest(DELAYS[min(self.misses, len(DELAYS) - 1)])

    def attempt(self) -> bool:
        """Read the log once; True when there is no more to do."""
        self.look()
        self.progress = False
        try:
            self.live = True
            return self.complete()
        except (errors.NoAnswer, errors.BadAnswer, errors.Unavailable, errors.RateLimited) as error:
            if not self.live and self.misses >= PATIENCE:
                return self.finish(str(error))  # its machine is gone, and with it the log
            return self.wait_for(str(error))
        except errors.NotFound as error:
            return self.wait_for("") if self.live else self.finish(str(error) if error.code else GONE)
        except errors.OnaError as error:
            return self.fail(explained(error))

    def complete(self) -> bool:
        """Whether the log has been read to the end of what it tells of."""
        source = self.source()
        if not source.url and not self.live:
            return self.finish(GONE)
        if not source.url:
            return self.wait_for("")
        self.read_once(source)
        return not self.live and not self.source().live and self.finish("")

    def source(self) -> Source:
        try:
            found = self.tail.source(self.kind, self.identifier)
        except errors.NotFound:
            self.live = False
            raise
        self.live = found.live
        return found

    def wait_for(self, reason: str) -> bool:
        self.writer.write((), state=log_entries.WAITING, reason=reason)
        return False

    def fail(self, reason: str) -> bool:
        self.writer.write((), state=log_entries.FAILED, reason=reason)
        return True

    def finish(self, reason: str) -> bool:
        """There is no more to read; `reason` is why there is nothing at all, if so."""
        if reason and not self.writer.status.last:
            return self.fail(reason)
        self.writer.write((), state=log_entries.ENDED, reason="")
        return True

    def read_once(self, source: Source) -> None:
        """Read the log until it ends."""
        with closing(Reader(self.tail.open(source))) as reader:
            self.begin(source)
            for entry in log_lines.entries(self.chunks(reader)):
                self.hear(entry)
        self.settle()
        self.flush()

    def begin(self, source: Source) -> None:
        """A run that is known goes on where its last reader stopped; another begins anew."""
        status, self.cutting = self.writer.status, False
        known = status.last and status.session == source.session
        self.heard = [] if known or not status.last else [Entry(log_entries.GAP, ANEW)]
        if not known:
            self.writer.open.clear()
        self.resume = Resume(status.read if known else 0, status.mark)
        self.writer.write((), state=log_entries.FOLLOWING, reason="", session=source.session)

    def chunks(self, reader: "Reader") -> Iterator[bytes]:
        """What the reader brings. Raises Interrupted, and what the reader met."""
        opened = time.monotonic()
        while True:
            chunk = reader.get(WRITE_SECONDS)
            now = time.monotonic()
            if chunk == b"":
                return
            if now - opened > BURST_SECONDS and (chunk is None or now - opened > 10 * BURST_SECONDS):
                self.settle()
            if chunk is None or now - self.written > WRITE_SECONDS or len(self.heard) >= BATCH:
                self.flush()
            self.look()
            if chunk is not None:
                yield chunk

    def hear(self, said: log_lines.Entry) -> None:
        entry = stored(said, self.cutting)
        self.cutting = isinstance(said, log_lines.Line) and not said.whole
        if entry is not None:
            self.heard += self.resume.feed(f"{entry.kind} {entry.source} {entry.text}", entry)
            if len(self.heard) >= BATCH:
                self.flush()

    def settle(self) -> None:
        if self.resume.skipping:
            new, follows = self.resume.settle()
            self.heard += [*([] if follows else [Entry(log_entries.GAP, AGAIN)]), *new]

    def flush(self) -> None:
        self.written = time.monotonic()
        if self.heard:
            self.progress = True
            heard, self.heard = self.heard, []
            self.writer.write(heard, read=self.resume.read, mark=self.resume.mark)

    def look(self) -> None:
        """Raises Interrupted when it is time to stop."""
        now = time.monotonic()
        if self.tail.contended.is_set() and now >= self.fair:
            self.tail.contended.clear()
            self.gave_way = True
        if self.gave_way or self.tail.stopping.is_set() or now >= self.end:
            self.interrupt()
        if now - self.looked < LOOK_SECONDS:
            return
        self.looked = now
        self.writer.hold()
        if not self.tail.logs.watched(self.kind, self.identifier):
            self.interrupt()

    def interrupt(self) -> None:
        if not self.resume.skipping:
            self.flush()
        raise Interrupted

    def rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            self.tail.stopping.wait(min(0.5, seconds))


def stored(said: log_lines.Entry, cutting: bool) -> Entry | None:
    """An entry as it is kept; of a line that is too long only its beginning."""
    if isinstance(said, log_lines.SectionStart):
        return Entry(log_entries.OPEN, fitting(said.title[:LONGEST_TITLE])[0], source=name_of(said.id))
    if isinstance(said, log_lines.SectionEnd):
        outcome = fitting(said.word[:40])[0]
        return Entry(
            log_entries.CLOSE, "", outcome=outcome, seconds=said.seconds_elapsed, source=name_of(said.id)
        )
    if cutting:
        return None
    text, cut = fitting(said.text)
    return Entry(log_entries.LINE, text, cut=cut or not said.whole)


def name_of(section: str) -> str:
    return fitting(section[:LONGEST_TITLE])[0]


def explained(error: errors.OnaError) -> str:
    """Why a log cannot be read, and what to do about it."""
    if isinstance(error, errors.Unsendable):
        return sentence(
            "The log's address is not trusted ({trouble}). LOG_HOSTS says which hosts are.",
            trouble=str(error),
        )
    if isinstance(error, errors.PermissionDenied | errors.Unauthenticated):
        return sentence("This dashboard's key may not read the log. {trouble}", trouble=str(error))
    return str(error)


class Reader:
    """Reads a stream in a thread of its own, a few chunks ahead, so that whoever waits for it need not wait long."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._chunks: queue.Queue[bytes | Exception] = queue.Queue(CHUNKS_AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, name="log-reader", daemon=True)
        self._thread.start()

    def get(self, seconds: float) -> bytes | None:
        """The next chunk, None when none came in time, b"" at the end. Raises what ended the stream early."""
        try:
            found = self._chunks.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """Hang up. The thread wakes up at once, since its connection is shut."""
        self._closed.set()
        self._stream.hang_up()
        self._thread.join(1.0)

    def _read(self) -> None:
        with self._stream:
            try:
                for chunk in self._stream:
                    if not self._put(chunk):
                        return
                self._put(b"")
            except errors.OnaError as error:
                self._put(error)

    def _put(self, found: bytes | Exception) -> bool:
        while not self._closed.is_set():
            try:
                self._chunks.put(found, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False
