"""Where a request comes from: whoever connects, or behind reverse proxies of ours whom these name."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from dashboard.config.sso import Proxy, Trusted

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST_HOPS = 20
"""So many entries of the header are looked at, from the nearest on."""


def address_of(request: HttpRequest) -> str:
    """The address of whoever asks, "" over a unix socket: for limits and the audit, never to let somebody in.

    Each proxy adds to the header the address that connected to it. So the last entry is by our own, the one before
    it by whoever that names, and the first that is not one of ours is who asks: all before it may be made up.
    """
    trusted: Trusted = settings.TRUSTED_PROXIES
    address = str(request.META.get("REMOTE_ADDR", ""))
    if not is_peer(address, trusted):
        return address
    for told in reversed(str(request.META.get(trusted.key, "")).split(",")[-MOST_HOPS:]):
        hop = _ip(told.strip())
        if hop is None:
            break  # what stands before it was written by nobody who is known
        address = str(hop)
        if not is_peer(address, trusted):
            break
    return address


def is_peer(address: str, known: Proxy | Trusted) -> bool:
    """Whether it is one of those that are `known`; "" is a unix socket."""
    if not address:
        return known.unix
    ip = _ip(address)
    return ip is not None and any(ip in network for network in known.peers)


def _ip(text: str) -> IP | None:
    """An address, also with a port behind it as some proxies write it; what is IPv4 within IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
