"""How messages follow each other in a stream: JSON lines, or Connect's envelopes. Pure: no network.

An envelope is a byte of flags, four bytes of length (big-endian), and that many bytes of JSON. The last one has
flag 2 and says how it ended: `{}` or `{"error": {…}}`. https://connectrpc.com/docs/protocol
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dashboard.ona.errors import BadAnswer, Truncated

LARGEST = 2**20
"""Bytes of one message. An event has about 150."""
PACKED, LAST = 1, 2
HEADER = struct.Struct(">BI")


@dataclass(frozen=True)
class Frame:
    """One message; `last` is that of the stream's end."""

    body: bytes
    last: bool = False


def lines(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """JSON lines; empty ones, which only keep the connection alive, are left out."""
    rest = bytearray()
    for chunk in chunks:
        *whole, left = (bytes(rest) + chunk).split(b"\n")
        yield from (Frame(line) for line in whole if line.strip())
        rest[:] = left
        if len(rest) > LARGEST:
            raise BadAnswer(f"a message of the stream is larger than {LARGEST} bytes")
    if rest.strip():
        yield Frame(bytes(rest))


def envelopes(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """Connect's envelopes, to the last one; Truncated when that does not come."""
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        while len(rest) >= HEADER.size:
            flags, size = header(rest)
            if len(rest) < HEADER.size + size:
                break
            body = bytes(rest[HEADER.size : HEADER.size + size])
            del rest[: HEADER.size + size]
            yield Frame(body, bool(flags & LAST))
            if flags & LAST:
                return
    raise Truncated("the stream ended without saying so")


def header(data: bytearray) -> tuple[int, int]:
    """The flags and the length of the envelope that begins here."""
    flags, size = HEADER.unpack_from(data)
    if size > LARGEST:
        raise BadAnswer(f"a message of the stream is larger than {LARGEST} bytes")
    if flags & PACKED:
        raise BadAnswer("a message of the stream is packed although nobody asked for it")
    return flags, size
