"""Where a message may go on the network: the one place through which every connection of apprise is made.

apprise speaks by `requests`, which connects by `urllib3.util.connection.create_connection`. That is replaced by
`_connect`: it looks a name up itself, refuses what is not allowed, and connects to the very address that it looked at,
so that a name which answers differently a second later leads nowhere. Outside `only_to` it refuses everything.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from dashboard.control.notify.channels import is_allowed
from dashboard.fleet.sentences import sentence

CONNECT_SECONDS = 5.0
WHOLE_SECONDS = 20.0
"""A message is over by then, however slowly its answer drips."""


class NotAllowed(OSError):
    """A host or an address that messages do not go to."""


@dataclass
class Trip:
    """One message under way. `connected` says that something may have arrived; `trouble` why it could not set out."""

    domains: tuple[str, ...]
    connected: bool = False
    trouble: str = ""
    sockets: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        self.trouble = sentence("no answer within {seconds} s", seconds=f"{WHOLE_SECONDS:.0f}")
        for one in self.sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


_local = threading.local()


@contextmanager
def only_to(domains: tuple[str, ...]) -> Iterator[Trip]:
    """Inside it, this thread may connect to hosts in `domains`, and is cut off when it takes too long."""
    import urllib3.util.connection

    urllib3.util.connection.create_connection = _connect
    trip = _local.trip = Trip(domains)
    timer = threading.Timer(WHOLE_SECONDS, trip.cut)
    timer.daemon = True
    timer.start()
    try:
        yield trip
    finally:
        timer.cancel()
        _local.trip = None
        for one in trip.sockets:
            one.close()


def _connect(address: tuple[str, int], *_: Any, **options: Any) -> socket.socket:
    """What urllib3 calls to connect. `options` has what the socket is to be set to."""
    trip: Trip | None = getattr(_local, "trip", None)
    host, port = address
    if trip is None:
        raise NotAllowed("connections are made only while a message is sent")
    host = host.strip("[]").lower().rstrip(".")
    try:
        return _connected(trip, host, port, options.get("socket_options") or ())
    except OSError as error:
        trip.trouble = trip.trouble or _words(error)
        raise


def _words(error: OSError) -> str:
    if isinstance(error, NotAllowed):
        return str(error)
    if isinstance(error, socket.gaierror):
        return sentence("its host is not known")
    return (
        sentence("its host did not answer in time")
        if isinstance(error, TimeoutError)
        else sentence("its host refused the connection")
    )


def _connected(trip: Trip, host: str, port: int, options: Any) -> socket.socket:
    if not is_allowed(host, trip.domains):
        raise NotAllowed(sentence("messages do not go to that host"))
    failure: OSError = NotAllowed(sentence("its host has no address"))
    for family, kind, proto, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        check_address(str(where[0]))
        made = socket.socket(family, kind, proto)
        try:
            for option in options:
                made.setsockopt(*option)
            made.settimeout(CONNECT_SECONDS)
            made.connect(where)
        except OSError as error:
            made.close()
            failure = error
        else:
            made.settimeout(WHOLE_SECONDS)
            trip.connected = True
            trip.sockets.append(made.dup())
            return made
    raise failure


def check_address(text: str) -> None:
    """Raises NotAllowed for an address that is not public, unless `NOTIFY_HOSTS` names its network."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in settings.NOTIFY_HOSTS.networks):
        return
    if not address.is_global or address.is_multicast:
        raise NotAllowed(
            sentence("its host leads to an address that is not public; NOTIFY_HOSTS may name that network")
        )
