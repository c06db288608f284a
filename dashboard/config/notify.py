"""The settings of what the dashboard tells people: its own address, the mail server, and whom it may speak to."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from dashboard.config.base import ConfigurationError, read, read_list

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """`how` is `smtp` (STARTTLS), `smtps` (TLS from the start) or `smtp+plain` (neither)."""

    how: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Hosts that messages may go to beyond the well-known services, and networks that are not public."""

    domains: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()


def read_mail_server(environ: Mapping[str, str] | None = None) -> MailServer | None:
    """`MAIL_SERVER`, None when unset; raises ConfigurationError (without quoting it) when it is none."""
    text = read("MAIL_SERVER", environ)
    if not text:
        return None
    wrong = ConfigurationError(
        "MAIL_SERVER is no mail server; set it to smtp://user:password@host:587, smtps://… or smtp+plain://…."
    )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise wrong
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password)


def read_mail_from(server: MailServer | None, environ: Mapping[str, str] | None = None) -> str:
    """`MAIL_FROM`; raises ConfigurationError when it is no address, or unset beside a mail server."""
    address = read("MAIL_FROM", environ)
    if server is not None and not address:
        raise ConfigurationError("MAIL_SERVER needs a sender; set MAIL_FROM to such as ona@example.com.")
    if address and not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", address):
        raise ConfigurationError(f"MAIL_FROM={address!r} is no address; set it to such as ona@example.com.")
    return address


def read_public_url(environ: Mapping[str, str] | None = None) -> str:
    """`PUBLIC_URL` without a slash at its end; raises ConfigurationError when it is no address."""
    url = read("PUBLIC_URL", environ).rstrip("/")
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        raise ConfigurationError(
            f"PUBLIC_URL={url!r} is no address; set it to what people type: https://ona.example.com."
        )
    return url


def read_notify_hosts(environ: Mapping[str, str] | None = None) -> Allowed:
    """`NOTIFY_HOSTS`; raises ConfigurationError for what is neither a domain nor a network."""
    domains: list[str] = []
    networks: list[Network] = []
    for entry in read_list("NOTIFY_HOSTS", environ):
        try:
            network = ipaddress.ip_network(entry)
        except ValueError:
            if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", entry.lower()):
                raise ConfigurationError(
                    f"NOTIFY_HOSTS: {entry!r} is no domain or network; set it to such as "
                    "chat.example.com or 10.0.0.0/24."
                ) from None
            domains.append(entry.lower())
        else:
            if network.prefixlen == 0:
                raise ConfigurationError(
                    f"NOTIFY_HOSTS: {entry} allows every address; set it to the networks that are meant."
                )
            networks.append(network)
    return Allowed(tuple(domains), tuple(networks))
