"""Entries of the audit are handed on, each once in order, also after an interruption; and no page waits for it."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest

from dashboard import jobs
from dashboard.config.audit import Forward, read_audit_days, read_audit_forward, read_audit_keys
from dashboard.config.base import ConfigurationError
from dashboard.control.audit import log as audit
from dashboard.control.audit.forward import forward, message
from dashboard.control.audit.log import Note
from dashboard.control.models import AuditEntry, AuditForwarded
from tests.control.conftest import NOW

pytestmark = [pytest.mark.django_db]


def add(*acts: str) -> None:
    audit.append(*(Note(act, NOW, target_name="Ünï\nx") for act in acts))


def test_to_stdout_goes_a_line_of_json_for_each_entry_once() -> None:
    add("one", "two")
    out = StringIO()
    assert forward(Forward("stdout"), out) == 2
    assert forward(Forward("stdout"), out) == 0
    add("three")
    assert forward(Forward("stdout"), out) == 1
    told = [json.loads(line)["audit"] for line in out.getvalue().splitlines()]
    assert [(one["number"], one["act"]) for one in told] == [(1, "one"), (2, "two"), (3, "three")]
    assert [one["digest"] for one in told] == [one.digest for one in AuditEntry.objects.as_chained()]


def test_another_place_gets_everything_from_the_beginning() -> None:
    add("one")
    forward(Forward("stdout"), StringIO())
    with datagrams() as (there, received):
        assert forward(there) == 1
        assert b'"act": "one"' in received()


@contextmanager
def datagrams() -> Iterator[tuple[Forward, object]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        yield Forward("syslog", "127.0.0.1", server.getsockname()[1]), lambda: server.recv(65_535)


@contextmanager
def stream() -> Iterator[tuple[Forward, list[bytes]]]:
    """A collector that reads one connection to its end."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def read() -> None:
            wire, _ = server.accept()
            with wire:
                while part := wire.recv(65_536):
                    received.append(part)

        reader = threading.Thread(target=read)
        reader.start()
        yield Forward("syslog+tcp", "127.0.0.1", server.getsockname()[1]), received
        reader.join(10)


def test_syslog_over_tcp_has_the_length_in_front_of_each_message() -> None:
    add("one", "two")
    with stream() as (there, received):
        forward(there)
    rest, acts = b"".join(received), []
    while rest:
        length, _, rest = rest.partition(b" ")
        text, rest = rest[: int(length)], rest[int(length) :]
        assert text.startswith(b"<110>1 2026-09-21T12:00:00.000000Z ")
        acts.append(json.loads(text[text.index(b"{") :])["act"])
    assert acts == ["one", "two"]


def test_a_message_is_one_line_whatever_is_in_the_entry() -> None:
    add("one")
    assert b"\n" not in message(AuditEntry.objects.get())


def test_what_nobody_takes_waits_and_goes_out_later() -> None:
    add("one")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        forward(Forward("syslog+tcp", "127.0.0.1", port))
    assert AuditForwarded.objects.get().number == 0
    with stream() as (there, received):
        forward(there)
    assert b'"act": "one"' in b"".join(received)


def test_the_job_says_that_nobody_takes_them(store, valkey, settings, monkeypatch, caplog) -> None:
    monkeypatch.setattr(jobs.parts, "store", lambda: store)
    settings.AUDIT_FORWARD = Forward("syslog+tcp", "127.0.0.1", 1)
    add("one")
    jobs.forward_audit()
    assert "could not be handed on to syslog+tcp://127.0.0.1:1" in caplog.text


def test_the_job_anchors_and_complains_when_the_anchor_is_gone(store, valkey, monkeypatch, caplog) -> None:
    monkeypatch.setattr(jobs.parts, "store", lambda: store)
    add("one")
    with caplog.at_level("INFO"):
        jobs.anchor_audit()
    assert f"audit anchor 1 {AuditEntry.objects.get().digest}" in caplog.text
    monkeypatch.setattr("dashboard.control.audit.keep.anchors.kept", lambda _: (1, "0" * 64))
    jobs.anchor_audit()
    assert "is missing or was replaced" in caplog.text


def test_the_job_prunes_by_the_setting(store, valkey, settings, monkeypatch) -> None:
    monkeypatch.setattr(jobs.parts, "store", lambda: store)
    settings.AUDIT_DAYS = 30.0
    audit.append(Note("old", NOW.replace(year=2020)))
    jobs.prune_audit()
    assert [one.act for one in AuditEntry.objects.all()] == ["checkpoint"]


# Settings


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ("", None),
        ("stdout", Forward("stdout")),
        ("syslog://siem.example.com", Forward("syslog", "siem.example.com", 514)),
        ("syslog+tls://siem.example.com:7000", Forward("syslog+tls", "siem.example.com", 7000)),
        ("syslog+tcp://[::1]", Forward("syslog+tcp", "::1", 601)),
    ],
)
def test_where_to_is_read(given: str, there: Forward | None) -> None:
    assert read_audit_forward({"AUDIT_FORWARD": given}) == there


@pytest.mark.parametrize(
    "given", ["syslog", "http://siem", "syslog://", "syslog://a:b@siem", "syslog://siem:x", "syslog://siem/x"]
)
def test_where_to_is_refused_with_a_sentence(given: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^AUDIT_FORWARD=.* cannot be read; set it to stdout"):
        read_audit_forward({"AUDIT_FORWARD": given})


def test_the_secret_key_seals_where_there_is_no_key_of_its_own() -> None:
    own, older = "a" * 32, "b" * 32
    only = read_audit_keys("secret", {})
    assert read_audit_keys("secret", {"AUDIT_KEY": f"{own}, {older}"})[2:] == only
    assert len({*read_audit_keys("secret", {"AUDIT_KEY": own}), *only}) == 2
    with pytest.raises(ConfigurationError, match="AUDIT_KEY is too short; set it"):
        read_audit_keys("secret", {"AUDIT_KEY": "short"})
    with pytest.raises(ConfigurationError, match="AUDIT_DAYS=3 is too few; set it"):
        read_audit_days({"AUDIT_DAYS": "3"})
