"""Identifiers as the platform makes them: UUIDv7, so that order by id is order by time (RFC 9562, section 5.7)."""

import re
from random import Random

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def uuid7(at: float, rng: Random) -> str:
    """A version 7 UUID for the moment `at` (epoch seconds); its random part comes from `rng`."""
    noise = rng.getrandbits(74)
    number = (
        (int(at * 1000) << 80) | (7 << 76) | ((noise >> 62) << 64) | (2 << 62) | (noise & ((1 << 62) - 1))
    )
    return dashed(number)


def uuid4(rng: Random) -> str:
    """A random UUID; some ids of the platform (machine classes, runners) carry no time."""
    number = rng.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
    return dashed(number)


def dashed(number: int) -> str:
    """The 36-character text of a 128-bit number."""
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def just_after(at: float) -> str:
    """The smallest id whose millisecond is later than that of `at`: every id made up to `at` sorts below it."""
    return dashed((int(at * 1000) + 1) << 80)


def is_uuid(text: str) -> bool:
    """Whether protovalidate's `string.uuid` accepts the text (dashed form, either case)."""
    return _UUID.fullmatch(text) is not None


def fingerprint(identifier: str) -> int:
    """A number that belongs to an id, used to choose texts that never change for it."""
    return int(identifier[-12:], 16)
