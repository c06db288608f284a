"""Channels: what an address of each kind looks like, which hosts it leads to, and making, changing, removing one.

An address is a secret: whoever has it can post. It is read here only to be held against its kind, then sealed; what is
shown afterwards is its host and a mark of it.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import override

from dashboard.control.models import Action, Channel, ChannelKind, State, User
from dashboard.control.permissions import Forbidden, channel_refusal
from dashboard.fleet.sentences import sentence
from dashboard.sealed import seal, unseal

LONGEST = 2_000
MOST_ADDRESSES = 20
FORBIDDEN = frozenset(
    {"redirect", "verify", "template", "tag", "store", "retry", "wait", "rto", "cto", "overflow", "optional"}
)
"""Arguments of an address that would lead elsewhere, trust any certificate, read a file, or wait."""


@dataclass(frozen=True, slots=True)
class Service:
    """`schemes` are those of apprise; `domains` where it lives, none where `NOTIFY_HOSTS` decides alone."""

    schemes: frozenset[str]
    domains: tuple[str, ...] = ()
    example: str = ""


SERVICES: Mapping[str, Service] = {
    ChannelKind.SLACK: Service(
        frozenset({"slack"}), ("slack.com",), "https://hooks.slack.com/services/T…/B…/…"
    ),
    ChannelKind.TEAMS: Service(
        frozenset({"workflow", "workflows"}),
        ("logic.azure.com", "api.powerplatform.com"),
        "https://….logic.azure.com/workflows/…",
    ),
    ChannelKind.GOOGLE_CHAT: Service(
        frozenset({"gchat"}), ("chat.googleapis.com",), "https://chat.googleapis.com/v1/spaces/…"
    ),
    ChannelKind.DISCORD: Service(
        frozenset({"discord"}), ("discord.com", "discordapp.com"), "https://discord.com/api/webhooks/…/…"
    ),
    ChannelKind.MATTERMOST: Service(frozenset({"mmost", "mmosts"}), (), "mmosts://chat.example.com/…"),
    ChannelKind.WEBHOOK: Service(frozenset({"json", "jsons"}), (), "jsons://hooks.example.com/path"),
    ChannelKind.MAIL: Service(frozenset(), (), "team@example.com"),
}
IMPLIED = {"slack": "slack.com", "gchat": "chat.googleapis.com", "discord": "discord.com"}
"""Schemes of apprise whose address names no host."""


class Refused(Exception):
    """No address of that kind, or one that must not be asked; the message says why and never quotes it."""


def domains_of(kind: str) -> tuple[str, ...]:
    """Where a channel of that kind may lead."""
    return (*SERVICES[kind].domains, *settings.NOTIFY_HOSTS.domains)


def host_of(kind: str, address: str) -> str:
    """The host that an address leads to, for people to read. Raises Refused."""
    if len(address) > LONGEST or not address.isprintable() or (kind != ChannelKind.MAIL and " " in address):
        raise Refused(sentence("This is no address: it is too long, or has letters that none has."))
    if kind == ChannelKind.MAIL:
        return _mail_hosts(address)
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower().rstrip(".")
    except ValueError:
        raise Refused(sentence("This is no address.")) from None
    service = SERVICES[kind]
    native = parts.scheme == "https" and bool(service.domains)
    if not native and parts.scheme not in service.schemes:
        raise Refused(sentence("An address of this kind looks like {example}.", example=service.example))
    if bad := sorted(key for key, _ in parse_qsl(parts.query, True) if key.lower() in FORBIDDEN):
        raise Refused(sentence("An address with “{word}” in it is not taken.", word=bad[0]))
    host = host if native else IMPLIED.get(parts.scheme, host)
    if not is_allowed(host, domains_of(kind)):
        raise Refused(
            sentence("Messages do not go to that host. Whoever runs the dashboard names it in NOTIFY_HOSTS.")
            if not service.domains
            else sentence("That host is not one of this service: {hosts}.", hosts=", ".join(service.domains))
        )
    return host


def _mail_hosts(address: str) -> str:
    addresses = addresses_of(address)
    if not addresses or len(addresses) > MOST_ADDRESSES:
        raise Refused(
            sentence("This takes 1 to {most} mail addresses, with commas between them.", most=MOST_ADDRESSES)
        )
    for one in addresses:
        try:
            validate_email(one)
        except ValidationError:
            raise Refused(sentence("One of these is no mail address.")) from None
    return ", ".join(sorted({one.rpartition("@")[2].lower() for one in addresses}))[:255]


def addresses_of(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def is_allowed(host: str, domains: tuple[str, ...]) -> bool:
    """Whether a host is in one of the domains, or is an address in a network of `NOTIFY_HOSTS`."""
    try:
        literal = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return any(host == domain or host.endswith(f".{domain}") for domain in domains)
    return any(literal in network for network in settings.NOTIFY_HOSTS.networks)


def mark_of(address: str) -> str:
    """Tells one address from another to whoever compares them here, and nothing to anybody else."""
    key = b"channel:" + settings.SECRET_KEY.encode()
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:8]


def address_of(channel: Channel) -> str:
    """ "" when `SECRET_KEY` was changed since it was typed."""
    return unseal(channel.sealed)


def keep(channel: Channel, user: User, now: datetime, address: str = "") -> None:
    """Save a new or a changed channel; without `address` the one it has stays. Raises Forbidden and Refused."""
    _may(user)
    new = channel._state.adding
    if address or new:
        channel.host = host_of(channel.kind, address)
        channel.sealed, channel.mark = seal(address), mark_of(address)
    channel.changed, channel.changed_by = now, str(user)[:200]
    if new:
        channel.created = now
    with transaction.atomic():
        channel.save()
        _record(channel, "make" if new else "change", user, now)


def remove(channel: Channel, user: User, now: datetime) -> None:
    """What is still owed to it is given up by whoever finds it gone. Raises Forbidden."""
    _may(user)
    with transaction.atomic():
        _record(channel, "delete", user, now)
        channel.delete()


def _may(user: User) -> None:
    if why_not := channel_refusal(user):
        raise Forbidden(why_not)


def _record(channel: Channel, deed: str, user: User, now: datetime) -> None:
    """A line of the ledger that was confirmed as it was written; without the address."""
    with override("en"):
        kind = channel.get_kind_display()
    Action.objects.create(
        verb=f"channel.{deed}",
        kind="channel",
        target_id=str(channel.pk),
        target_name=channel.name,
        actor=user,
        actor_name=str(user)[:200],
        state=State.CONFIRMED,
        outcome=f"{kind}, {channel.host}, {channel.mark}",
        created=now,
        not_before=now,
        ended=now,
    )
