"""Handing the audit on, entry by entry as one line of JSON, to whatever collects a company's logs.

A job does it, so that no page waits for it, and begins where the last one ended: a collector that is down gets
everything later, and after an interruption perhaps a few entries twice; their numbers tell.
"""

import json
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any, TextIO

from dashboard.config.audit import Forward
from dashboard.control.audit.log import content
from dashboard.control.audit.models import AuditEntry, AuditForwarded

AT_ONCE = 500
TIMEOUT = 5.0
PRIORITY = 13 * 8 + 6
"""Facility “log audit”, severity “informational” (RFC 5424, section 6.2.1)."""
Send = Callable[[AuditEntry], object]


def line(entry: AuditEntry) -> dict[str, Any]:
    """An entry as everybody outside gets it, with the seal."""
    return content(entry) | {"digest": entry.digest}


def forward(there: Forward, stdout: TextIO | None = None) -> int:
    """Hand on what is new since the last time; returns how many entries. Raises OSError when nobody takes them."""
    mark, _ = AuditForwarded.objects.get_or_create(place=str(there), defaults={"number": 0})
    waiting = list(AuditEntry.objects.as_chained().filter(number__gt=mark.number)[:AT_ONCE])
    if not waiting:
        return 0
    with _sender(there, stdout) as send:
        for entry in waiting:
            send(entry)
    mark.number = waiting[-1].number
    mark.save(update_fields=["number"])
    return len(waiting)


@contextmanager
def _sender(there: Forward, stdout: TextIO | None) -> Iterator[Send]:
    if there.scheme == "stdout":
        out = stdout or sys.__stdout__ or sys.stdout
        yield lambda entry: print(json.dumps({"audit": line(entry)}), file=out, flush=True)
    elif there.scheme == "syslog":
        with _datagrams(there) as wire:
            yield lambda entry: wire.send(message(entry))
    else:
        with _connected(there) as wire:
            yield lambda entry: wire.sendall(_framed(message(entry)))


def _datagrams(there: Forward) -> socket.socket:
    family, kind, _, _, address = socket.getaddrinfo(there.host, there.port, type=socket.SOCK_DGRAM)[0]
    wire = socket.socket(family, kind)
    wire.connect(address)
    return wire


def _connected(there: Forward) -> socket.socket:
    wire = socket.create_connection((there.host, there.port), TIMEOUT)
    if there.scheme != "syslog+tls":
        return wire
    return ssl.create_default_context().wrap_socket(wire, server_hostname=there.host)


def message(entry: AuditEntry) -> bytes:
    """RFC 5424, with the entry as JSON for its text."""
    at = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    head = f"<{PRIORITY}>1 {at} {socket.gethostname() or '-'} ona-dashboard - audit -"
    return f"{head} {json.dumps(line(entry))}".encode("ascii")


def _framed(text: bytes) -> bytes:
    """With its length in front (RFC 6587, section 3.4.1)."""
    return b"%d " % len(text) + text
