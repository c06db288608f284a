"""The settings of the audit, checked at start. Every reader raises ConfigurationError with one sentence."""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from dashboard.config.base import ConfigurationError, read, read_seconds

LEAST_KEY = 32
LEAST_DAYS = 30
SCHEMES = {"syslog": 514, "syslog+tcp": 601, "syslog+tls": 6514}


@dataclass(frozen=True, slots=True)
class Forward:
    """Where entries are handed on: `scheme` is stdout or one of SCHEMES."""

    scheme: str
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}" if self.host else self.scheme


def read_audit_keys(secret_key: str, environ: Mapping[str, str] | None = None) -> tuple[bytes, ...]:
    """The first seals, all of them verify. `SECRET_KEY` where there is no key of its own, and else for what it sealed
    before there was one.
    """
    given = [part.strip() for part in read("AUDIT_KEY", environ).split(",") if part.strip()]
    if any(len(key) < LEAST_KEY for key in given):
        raise ConfigurationError(
            f"AUDIT_KEY is too short; set it to a long random text ({LEAST_KEY} characters or more)."
        )
    return tuple(hashlib.sha256(b"audit:" + key.encode()).digest() for key in [*given, secret_key])


def read_audit_days(environ: Mapping[str, str] | None = None) -> float:
    days = read_seconds("AUDIT_DAYS", environ)
    if days < LEAST_DAYS:
        raise ConfigurationError(f"AUDIT_DAYS={days:g} is too few; set it to {LEAST_DAYS} or more.")
    return days


def read_audit_forward(environ: Mapping[str, str] | None = None) -> Forward | None:
    given = read("AUDIT_FORWARD", environ)
    if not given:
        return None
    if given == "stdout":
        return Forward(given)
    wrong = ConfigurationError(
        f"AUDIT_FORWARD={given!r} cannot be read; set it to stdout or to an address such as "
        "syslog+tls://siem.example.com:6514."
    )
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
        if ":" in host:
            ipaddress.ip_address(host)
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in SCHEMES or not host or parts.path or parts.query or parts.username:
        raise wrong
    return Forward(parts.scheme, host, port or SCHEMES[parts.scheme])
