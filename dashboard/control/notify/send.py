"""Sending one message: by mail through the configured server, or to a channel through apprise. For jobs only.

Beside the simulated fleet nothing leaves the machine: every message becomes a file under `VAR_DIR/messages`.
"""

import logging
import re
import smtplib
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from dashboard.control.models import ChannelKind, Delivery
from dashboard.control.notify.channels import address_of, addresses_of, domains_of
from dashboard.control.notify.guard import only_to
from dashboard.fleet.sentences import sentence

UNREADABLE = sentence("its address cannot be read since SECRET_KEY was changed; type it again")
MAIL_SECONDS = 15
SIMULATED_FROM = "dashboard@simulated.invalid"


class NotTaken(Exception):
    """It was not sent; the words hold no address. `again` False: it may have arrived, or never will be taken."""

    def __init__(self, words: str, *, again: bool = True) -> None:
        super().__init__(words)
        self.again = again


def send(delivery: Delivery) -> None:
    """Raises NotTaken."""
    channel = delivery.channel
    if channel is None:
        _mail(delivery, [delivery.address])
        return
    address = address_of(channel)
    if not address:
        raise NotTaken(UNREADABLE)
    if channel.kind == ChannelKind.MAIL:
        _mail(delivery, addresses_of(address))
    elif settings.ONA_SIMULATED:
        _mail(delivery, [f"{channel.kind}@channel.invalid"])
    else:
        _post(channel.kind, address, delivery)


def folder() -> Path:
    """Where messages of the simulated demo are written."""
    return Path(settings.VAR_DIR) / "messages"


def _mail(delivery: Delivery, to: list[str]) -> None:
    sender = settings.MAIL_FROM or SIMULATED_FROM
    message = EmailMessage(delivery.subject, delivery.body, sender, to)
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    message.extra_headers["Message-ID"] = f"<{delivery.pk}@{sender.rpartition('@')[2]}>"
    if settings.ONA_SIMULATED:
        _write(delivery, message)
    else:
        _hand_over(message)


def _write(delivery: Delivery, message: EmailMessage) -> None:
    """As a file, one a message, instead of sending it."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder() / f"{delivery.created:%Y%m%d-%H%M%S}-{delivery.pk}.eml"
    path.write_bytes(message.message().as_bytes())


def _hand_over(message: EmailMessage) -> None:
    """To the mail server. Raises NotTaken."""
    backend = _backend()
    try:
        backend.open()
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(sentence("the mail server could not be used ({type})", type=_kind(error))) from None
    try:
        backend.send_messages([message])
    except smtplib.SMTPServerDisconnected:
        raise NotTaken(sentence("the mail server hung up; it may have arrived"), again=False) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        words = sentence(
            "the mail server does not take mail to this address ({codes})", codes=", ".join(map(str, codes))
        )
        raise NotTaken(words, again=any(code < 500 for code in codes)) from None
    except smtplib.SMTPResponseException as error:
        raise NotTaken(sentence("the mail server answered {code}", code=error.smtp_code)) from None
    except TimeoutError:
        raise NotTaken(sentence("the mail server did not answer; it may have arrived"), again=False) from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotTaken(sentence("the mail could not be sent ({type})", type=_kind(error))) from None
    finally:
        backend.close()


def _kind(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return sentence("it answered {status}", status=code) if code else type(error).__name__


def _backend() -> SmtpBackend:
    server = settings.MAIL_SERVER
    if server is None:
        raise NotTaken(sentence("there is no mail server: MAIL_SERVER is not set"))
    return SmtpBackend(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.how == "smtp",
        use_ssl=server.how == "smtps",
        timeout=MAIL_SECONDS,
    )


# Channels, through apprise

PLUGINS: Mapping[str, tuple[str, str]] = {
    ChannelKind.SLACK: ("slack", "NotifySlack"),
    ChannelKind.TEAMS: ("workflows", "NotifyWorkflows"),
    ChannelKind.GOOGLE_CHAT: ("google_chat", "NotifyGoogleChat"),
    ChannelKind.DISCORD: ("discord", "NotifyDiscord"),
    ChannelKind.MATTERMOST: ("mattermost", "NotifyMattermost"),
    ChannelKind.WEBHOOK: ("custom_json", "NotifyJSON"),
}
"""Module and class of apprise for each kind."""


class _Codes(logging.Handler):
    """The status that a service refused with, read from what apprise logs on this thread; the rest is forgotten."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.code, self._thread = "", threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"\berror=(\d{3})\b", record.getMessage())
        if found and record.thread == self._thread:
            self.code = found[1]


def _service(kind: str, address: str) -> Any:
    """apprise's client of a channel. Only the modules of that kind are loaded; no other reads the address. Raises
    NotTaken.
    """
    from apprise import AppriseAsset

    module, name = PLUGINS[kind]
    plugin = getattr(import_module(f"apprise.plugins.{module}"), name)
    read = plugin.parse_native_url if address.startswith("https:") else plugin.parse_url
    asset = AppriseAsset(app_id="Ona dashboard", http_redirects=False, storage_mode="memory")
    try:
        return plugin(**read(address.replace("/#", "/%23")), asset=asset)
    except TypeError:
        raise NotTaken(
            sentence("its address is not one that this kind of channel has; type it again")
        ) from None


def _post(kind: str, address: str, delivery: Delivery) -> None:
    """Raises NotTaken."""
    import apprise

    logger = logging.getLogger("apprise")
    codes = _Codes()
    before = logger.level
    logger.addHandler(codes)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        service = _service(kind, address)
        with only_to(domains_of(kind)) as trip:
            taken = service.notify(
                title=delivery.subject, body=delivery.body, body_format=apprise.NotifyFormat.TEXT
            )
    finally:
        logger.removeHandler(codes)
        logger.setLevel(before)
    if taken:
        return
    if codes.code:
        raise NotTaken(sentence("it answered {status}", status=codes.code))
    if trip.connected:
        raise NotTaken(
            sentence("{what}; it may have arrived", what=trip.trouble or sentence("no answer")), again=False
        )
    raise NotTaken(trip.trouble or sentence("it was not taken"))
