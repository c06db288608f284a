"""Values as protobuf's JSON form writes them: https://protobuf.dev/programming-guides/json/.

Fields at their zero value are left out, 64-bit integers are decimal texts, timestamps are RFC 3339 in UTC.
"""

from datetime import UTC, datetime, timedelta

Json = dict[str, object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def message(**fields: object) -> Json:
    """A message without its unset fields: None, empty text, 0, False and empty lists are left out.

    An empty message that is set stays, as `{}`: a caller that means "unset" passes None.
    """
    return {name: value for name, value in fields.items() if value or isinstance(value, dict)}


def tidy(value: object) -> object:
    """A canonical value without zero values at any depth; messages that are set stay, even when empty."""
    if isinstance(value, dict):
        return message(**{name: tidy(part) for name, part in value.items()})
    if isinstance(value, list):
        return [tidy(part) for part in value]
    return value


def maybe(document: Json) -> Json | None:
    """The document, or None when it is empty: for maps, and for messages that are unset when nothing is in them."""
    return document or None


def int64(number: int) -> str:
    """A 64-bit integer: a text, and empty (so left out) for 0."""
    return str(number) if number else ""


def timestamp(at: float | None) -> str:
    """RFC 3339 with as many fraction digits as needed of 0, 3 and 6, as Go's protojson writes it; empty for None."""
    if at is None:
        return ""
    moment = _EPOCH + timedelta(microseconds=round(at * 1_000_000))
    micros = moment.microsecond
    if not micros:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    precision = "milliseconds" if micros % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def timestamp_nanos(at: float, nanos: int) -> str:
    """RFC 3339 with nine digits, as runners report it; `nanos` is added below the microsecond (0 to 999)."""
    moment = _EPOCH + timedelta(microseconds=round(at * 1_000_000))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}{nanos:03d}Z"


def duration(seconds: float) -> str:
    """Seconds with an s; a duration that is set stays on the wire even at `0s`, being a message."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
