"""What the details and headers of an error say: how long to wait, and what to tell a person.

A detail's `value` is a protobuf message. The one that matters is small enough to read by hand:
`google.rpc.RetryInfo { Duration retry_delay = 1 }`, `Duration { int64 seconds = 1; int32 nanos = 2 }`.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime

from dashboard.ona.errors import Detail
from dashboard.ona.words import seconds

NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


def details_of(value: object) -> Iterator[Detail]:
    """The readable ones among an error's details; types may come as `type.googleapis.com/…`."""
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict) and isinstance(item.get("type"), str):
            name = item["type"].rpartition("/")[2]
            yield Detail(name, decoded(item.get("value")), item.get("debug"))


def decoded(value: object) -> bytes:
    """Base64, with or without padding, in either alphabet; b"" when it is none."""
    if not isinstance(value, str):
        return b""
    try:
        return base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return b""


def retry_after(details: Iterable[Detail], headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait: a RetryInfo detail, else `RateLimit-RetryAfter`, else `Retry-After`; None if neither.

    0.0 comes only from a RetryInfo without a positive delay, which means: do not retry.
    """
    for detail in details:
        if detail.type == "google.rpc.RetryInfo":
            return max(0.0, retry_info(detail))
    for name in ("RateLimit-RetryAfter", "Retry-After"):
        delay = header_delay(headers.get(name, ""), now)
        if delay:
            return delay
    return None


def header_delay(text: str, now: float) -> float | None:
    """A header's delay in seconds: a number of seconds or an HTTP date; None when it is neither."""
    text = text.strip()
    if NUMBER.fullmatch(text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError, IndexError):
        return None


def retry_info(detail: Detail) -> float:
    """The delay of a RetryInfo in seconds, 0.0 when it has none."""
    debug = detail.debug.get("retryDelay") if isinstance(detail.debug, dict) else None
    try:
        duration = dict(fields(dict(fields(detail.value)).get(1, b"")))
    except ValueError:
        duration = {}
    whole, nanos = duration.get(1, 0), duration.get(2, 0)
    if isinstance(whole, int) and isinstance(nanos, int) and 0 < whole + nanos < 2**62:
        return whole + nanos / 1e9
    return seconds(debug) or 0.0


def fields(message: object) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message that are numbers or nested messages; ValueError when it is none."""
    if not isinstance(message, bytes):
        raise ValueError("not a message")
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        value, at = varint(message, at)
        if tag & 7 == 0:
            yield tag >> 3, value
        elif tag & 7 == 2 and at + value <= len(message):
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            raise ValueError("not a field of RetryInfo")


def varint(message: bytes, at: int) -> tuple[int, int]:
    """The base-128 number that starts at `at`, and where it ends; ValueError when it does not end."""
    number = 0
    for shift, byte in enumerate(message[at : at + 10]):
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return number, at + shift + 1
    raise ValueError("a number without an end")


def missing_hosts(details: Iterable[Detail]) -> list[str]:
    """The git hosts that the key's owner has not connected, of a refused creation
    (`CreateEnvironmentPreconditionFailureDetails.missingAuthenticationTokensForHosts`).
    """
    for detail in details:
        if detail.type.endswith(".CreateEnvironmentPreconditionFailureDetails") and isinstance(
            detail.debug, dict
        ):
            hosts = detail.debug.get("missingAuthenticationTokensForHosts")
            return [host for host in hosts if isinstance(host, str)] if isinstance(hosts, list) else []
    return []


def user_message(details: Iterable[Detail]) -> str:
    """The text written for people (`ActionableErrorDetails.userMessage`), "" when there is none."""
    for detail in details:
        if detail.type.endswith(".ActionableErrorDetails") and isinstance(detail.debug, dict):
            text = detail.debug.get("userMessage")
            if isinstance(text, str) and text.strip():
                return text
    return ""
