"""Tails over the simulator's wire and a real Valkey: once, to the end, bounded, and with the token nowhere else."""

import logging
import threading
import time

import pytest
from werkzeug import Response

from dashboard.fleet import log_entries, log_store, tail
from dashboard.fleet.entities import Kind
from dashboard.fleet.log_entries import ENDED, FAILED, FOLLOWING, GAP, LINE, WAITING
from dashboard.fleet.log_store import LogStore
from dashboard.fleet.tail import Source, Tail, runner_domain
from dashboard.ona import Secret, errors
from dashboard.simulator import enums
from dashboard.simulator.streams import STREAMS
from tests.conftest import until
from tests.unruly import refusing


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(tail, "DELAYS", (0.05,))
    monkeypatch.setattr(tail, "BURST_SECONDS", 0.2)
    monkeypatch.setattr(tail, "WRITE_SECONDS", 0.05)


class Desk:
    """A fleet, its logs, and a worker that tails one of them."""

    def __init__(self, simulated):
        self.simulated, self.world, self.clock = simulated, simulated.world, simulated.clock
        self.logs = LogStore(simulated.store, 3600)
        self.stopping = threading.Event()
        self.tail = Tail(simulated.ona, self.logs, simulated.base_url, (), self.stopping)
        self.name = (Kind.EXECUTION, "")

    def open(self, kind, row):
        self.name = (kind, row.id)
        self.logs.watch(*self.name)
        return row

    def run(self):
        self.tail.run(*self.name)
        return self.status

    def start(self):
        thread = threading.Thread(target=self.tail.run, args=self.name)
        thread.start()
        return thread

    @property
    def status(self):
        return self.logs.status(*self.name)

    def kept(self):
        return self.logs.after(*self.name, 0, 10_000)

    def texts(self):
        return [entry.text for entry in self.kept() if entry.kind == LINE]

    def finished(self):
        """An execution that is over, of an environment that still runs."""
        return next(
            run
            for run in self.world.executions.values()
            if run.phase in enums.FINISHED and run.started and run.environment.usable
        )

    def live(self):
        """A task that has just begun."""
        task = next(
            task
            for task in self.world.tasks.values()
            if task.environment.phase == enums.RUNNING and not task.depends_on
        )
        run = self.simulated.ona.automations.start_task(task.id)
        self.clock.pass_(3)
        return self.world.executions[run.id]

    def says(self, chunks, status=200):
        """Every log says this instead."""

        def say(_, environ, start):
            environ[STREAMS] = True
            return Response(chunks, status)(environ, start)

        self.simulated.wire.on(self.name[1], say)


@pytest.fixture
def desk(simulated):
    found = Desk(simulated)
    yield found
    found.stopping.set()


def test_the_log_of_what_is_over_is_read_to_its_end(desk):
    desk.open(Kind.EXECUTION, desk.finished())
    status = desk.run()
    assert (status.state, status.reason) == (ENDED, "")
    assert any(text.startswith("\x1b[1;34m$ ") for text in desk.texts())
    assert [entry.kind for entry in desk.kept()].count("open") >= 1
    closed = [entry for entry in desk.kept() if entry.kind == "close"]
    assert closed[0].outcome
    assert closed[0].section == 1


def test_a_log_is_followed_while_it_is_written_and_ends_with_it(desk):
    run = desk.open(Kind.EXECUTION, desk.live())
    thread = desk.start()
    until(lambda: desk.status.state == FOLLOWING and desk.texts())
    before = len(desk.texts())
    desk.clock.pass_(20)
    until(lambda: len(desk.texts()) > before)
    while run.phase not in enums.FINISHED:
        desk.clock.pass_(30)
        with desk.world.present():
            pass
    thread.join(20)
    assert desk.status.state == ENDED
    assert len(desk.texts()) == len(set(desk.texts())) or desk.status.last == desk.status.read


def test_one_tail_however_many_ask(desk):
    desk.open(Kind.EXECUTION, desk.live())
    thread = desk.start()
    until(lambda: desk.status.state == FOLLOWING)
    desk.tail.run(*desk.name)  # returns at once
    assert desk.simulated.wire.asked.count("CreateEnvironmentLogsToken") == 1
    assert thread.is_alive()
    desk.stopping.set()
    thread.join(3)
    assert not thread.is_alive()
    assert desk.status.state == WAITING


def test_nobody_watching_ends_it(desk, monkeypatch, valkey):
    monkeypatch.setattr(tail, "LOOK_SECONDS", 0.1)
    desk.open(Kind.EXECUTION, desk.live())
    thread = desk.start()
    until(lambda: desk.status.state == FOLLOWING)
    valkey.delete(desk.logs._key("log:watched", *desk.name))
    thread.join(3)
    assert not thread.is_alive()
    assert desk.status.state == WAITING


def test_its_time_is_up_and_the_next_goes_on_without_a_line_twice(desk):
    desk.open(Kind.EXECUTION, desk.live())
    desk.clock.pass_(10)
    desk.tail.seconds = 1.0
    desk.run()
    first = desk.texts()
    assert first
    desk.clock.pass_(15)
    desk.run()
    assert desk.texts()[: len(first)] == first
    assert len(desk.texts()) > len(first)
    assert desk.status.last == desk.status.read == len(desk.kept())


def test_it_gives_way_to_a_log_that_waits(desk, monkeypatch):
    monkeypatch.setattr(tail, "FAIR_SECONDS", 0.3)
    desk.open(Kind.EXECUTION, desk.live())
    desk.tail.contended.set()
    assert desk.tail.run(*desk.name) is True
    assert not desk.tail.contended.is_set()


def test_reading_a_finished_log_again_adds_nothing(desk):
    desk.open(Kind.EXECUTION, desk.finished())
    desk.run()
    before = desk.kept()
    assert desk.run().state == ENDED
    assert desk.kept() == before


def test_a_bad_gateway_and_a_broken_connection_are_tried_again(desk):
    run = desk.open(Kind.EXECUTION, desk.finished())
    answers = iter([502, 502, "drop", 200])

    def meddle(app, environ, start):
        answer = next(answers, 200)
        if answer == "drop":
            raise ConnectionResetError
        if answer == 502:
            return Response("bad gateway", 502)(environ, start)
        return app(environ, start)

    desk.tail.pause = lambda _: None
    desk.simulated.wire.on(run.id, meddle)
    assert desk.run().state == ENDED
    assert desk.texts()


def test_a_token_that_has_expired_is_renewed(desk):
    run = desk.open(Kind.EXECUTION, desk.finished())
    desk.tail.tokens[run.environment.id] = Secret("expired")
    assert desk.run().state == ENDED
    assert desk.simulated.wire.asked.count("CreateEnvironmentLogsToken") == 1


def test_a_token_that_never_works_is_said_once(desk):
    desk.open(Kind.EXECUTION, desk.finished())
    desk.says(["no"], 401)
    status = desk.run()
    assert status.state == FAILED
    assert "may not read the log" in status.reason


def test_a_key_that_may_make_no_token_is_told(desk):
    desk.open(Kind.EXECUTION, desk.finished())
    desk.simulated.wire.on(
        "CreateEnvironmentLogsToken", refusing(403, "permission_denied", "read-only token")
    )
    status = desk.run()
    assert (status.state, "read-only token" in status.reason) == (FAILED, True)


def test_what_was_read_stays_when_the_environment_stops(desk):
    run = desk.open(Kind.EXECUTION, desk.finished())
    desk.run()
    before = desk.texts()
    desk.simulated.ona.environments.stop(run.environment.id)
    desk.clock.pass_(300)
    assert desk.run().state == ENDED
    assert desk.texts() == before != []


def test_a_log_nobody_read_before_the_stop_is_gone(desk):
    run = desk.open(Kind.EXECUTION, desk.finished())
    desk.simulated.ona.environments.stop(run.environment.id)
    desk.clock.pass_(300)
    status = desk.run()
    assert (status.state, "machine" in status.reason) == (FAILED, True)


def test_the_log_of_a_service(desk):
    services = desk.world.services.values()
    row = next(one for one in services if one.phase == enums.SERVICE_RUNNING and one.environment.usable)
    desk.open(Kind.SERVICE, row)
    thread = desk.start()
    until(desk.texts)
    assert "Starting service" in desk.texts()[0]
    desk.stopping.set()
    thread.join(3)
    assert not thread.is_alive()


def test_a_run_anew_is_marked(desk):
    desk.open(Kind.EXECUTION, desk.finished())
    desk.run()
    with desk.logs.writing(*desk.name) as writer:
        writer.write((), session="another")
    desk.run()
    assert [entry.text for entry in desk.kept() if entry.kind == GAP] == [tail.ANEW]


# Bounds


def test_a_line_of_ten_megabytes_is_cut(desk, valkey):
    desk.open(Kind.EXECUTION, desk.finished())
    desk.says([*[b"x" * 2**16] * 160, b"\nnext\n"])
    assert desk.run().state == ENDED
    first, second = desk.kept()
    assert (len(first.text), first.cut, second.text) == (log_entries.LINE_BYTES, True, "next")
    assert desk.status.cut == 1


def test_a_log_that_never_ends_keeps_its_end(desk, valkey):
    desk.open(Kind.EXECUTION, desk.finished())

    def endless():
        number = 0
        while True:
            yield "".join(f"line {number + n}\n" for n in range(500)).encode()
            number += 500

    desk.says(endless())
    desk.tail.seconds = 2.0
    started = time.monotonic()
    assert desk.run().state == WAITING
    assert time.monotonic() - started < 8
    assert desk.status.last > log_store.LOG_ENTRIES
    assert valkey.xlen(desk.logs._key("log:lines", *desk.name)) == log_store.LOG_ENTRIES
    assert valkey.memory_usage(desk.logs._key("log:lines", *desk.name), samples=0) < 2 * log_store.LOG_BYTES


# The token


def test_the_token_is_in_neither_redis_nor_logs(desk, valkey, caplog):
    caplog.set_level(logging.DEBUG)
    run = desk.open(Kind.EXECUTION, desk.finished())
    desk.run()
    token = desk.tail.tokens[run.environment.id].reveal()
    stored = b"".join(valkey.dump(key) for key in valkey.keys("*"))
    assert token.encode() not in stored
    assert b"/logs/" not in b" ".join(
        value for key in valkey.keys("*log:meta*") for value in valkey.hgetall(key).values()
    )
    assert token not in caplog.text
    assert token not in repr(desk.tail)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://22999--0a.eu1.runner.example/logs", "eu1.runner.example"),
        ("https://runner1.eu1.runner.example/logs/environments/0a", "eu1.runner.example"),
        ("https://runner.example/", ""),
        ("https://10.0.0.1/", ""),
        ("https://[::1]/", ""),
        ("https://a.b.c./", ""),
        ("", ""),
        ("http://[", ""),
    ],
)
def test_the_domain_of_a_runner(address, domain):
    assert runner_domain(address) == domain


class Elsewhere:
    """An API far away; `logs` is the address of the environment's own log."""

    def __init__(self, logs):
        self.made, self.environments, self.logs = [], self, logs

    def get(self, identifier):
        from dashboard.ona.schema import Environment

        return Environment.model_validate(
            {"id": identifier, "status": {"environmentUrls": {"logs": self.logs}}}
        )

    def create_logs_token(self, identifier):
        self.made.append(identifier)
        return Secret("token")


@pytest.mark.parametrize(
    ("hosts", "own", "url", "trusted"),
    [
        ((), "https://22999--e.r.example/logs", "https://22999--e.r.example/logs/service/a", True),
        ((), "https://22999--e.r.example/logs", "https://evil.example/logs", False),
        ((), "https://22999--e.r.example/logs", "https://r.example.evil.test/", False),
        ((), "", "https://22999--e.r.example/logs", False),
        ((), "https://22999--e.r.example/logs", "http://22999--e.r.example/logs", False),
        ((), "https://10.0.0.1/", "https://10.0.0.1/", False),
        ((), "https://22999--e.r.example/logs", "http://127.0.0.1:6379/", False),
        (("ok.test",), "https://22999--e.r.example/logs", "https://a.ok.test/", True),
        (("ok.test",), "https://22999--e.r.example/logs", "https://22999--e.r.example/", False),
        (("ok.test",), "", "https://notok.test/", False),
    ],
)
def test_who_may_get_a_token(hosts, own, url, trusted, monkeypatch):
    api = Elsewhere(own)
    one = Tail(api, None, "https://app.gitpod.io/api", hosts, threading.Event())
    asked = []
    monkeypatch.setattr(tail.logs, "read", lambda address, *_, **__: asked.append(address))
    if trusted:
        one.open(Source("e", url, "", True))
        assert (asked, api.made) == ([url], ["e"])
    else:
        with pytest.raises(errors.Unsendable):
            one.open(Source("e", url, "", True))
        assert (asked, api.made) == ([], [])
