"""Sending one event, signed as Standard Webhooks says (https://www.standardwebhooks.com). For jobs only.

Beside the simulated fleet nothing leaves the machine: every event becomes a file under `VAR_DIR/messages`.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dashboard.control.models import WebhookDelivery
from dashboard.control.notify.guard import only_to
from dashboard.control.notify.send import folder
from dashboard.control.webhooks.owed import address_of, secrets_of
from dashboard.fleet.sentences import sentence

SECONDS = 15.0
UNREADABLE = _("its address or secret cannot be read since SECRET_KEY was changed; type the address again")


class NotTaken(Exception):
    """Nobody took it; the words hold no address. `status` is what was answered, if anything was."""

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.status = status


def send(delivery: WebhookDelivery, now: datetime) -> int:
    """The status with which it was taken. Raises NotTaken for everything but 2xx: no redirect is followed."""
    address, secrets = address_of(delivery.webhook), secrets_of(delivery.webhook, now)
    if not address or not secrets:
        raise NotTaken(UNREADABLE)
    body = json.dumps(delivery.payload, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    headers = signed(str(delivery.pk), int(now.timestamp()), body, *secrets)
    if settings.ONA_SIMULATED:
        return _write(delivery, headers, body)
    return _post(address, headers | {"Content-Type": "application/json", "User-Agent": "ona-dashboard"}, body)


def signed(identifier: str, timestamp: int, body: bytes, *secrets: str) -> dict[str, str]:
    """The three headers, with a signature for each secret. Raises NotTaken for a secret that is none."""
    try:
        keys = [base64.b64decode(one.removeprefix("whsec_"), validate=True) for one in secrets]
    except binascii.Error:
        raise NotTaken(UNREADABLE) from None
    told = f"{identifier}.{timestamp}.".encode() + body
    marks = [base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode() for key in keys]
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }


def _write(delivery: WebhookDelivery, headers: dict[str, str], body: bytes) -> int:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items()).encode()
    (folder() / f"{delivery.created:%Y%m%d-%H%M%S}-{delivery.pk}.webhook").write_bytes(lines + b"\n" + body)
    return 200


def _post(address: str, headers: dict[str, str], body: bytes) -> int:
    """Raises NotTaken."""
    import urllib3

    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5.0, read=SECONDS))
    with only_to(settings.NOTIFY_HOSTS.domains) as trip, pool:
        try:
            answer = pool.request(
                "POST", address, body=body, headers=headers, redirect=False, preload_content=False
            )
            status = answer.status
            answer.close()  # whatever it says besides is nothing to us
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise NotTaken(
                trip.trouble or sentence("no answer ({type})", type=type(error).__name__)
            ) from None
    if not 200 <= status < 300:
        raise NotTaken(sentence("it answered {status}", status=status), status)
    return status
