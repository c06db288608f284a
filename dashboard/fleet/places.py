"""Sets of rows: an integer with one bit for each place of a table.

To intersect, to unite or to count a hundred thousand rows so takes microseconds.
"""

import re
from collections.abc import Iterable, Iterator

_BYTE = re.compile(rb"[^\0]")
_BITS = [tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256)]

PlaceSet = int
"""Bit n is set for place n."""


def place_set(places: Iterable[int], size: int) -> PlaceSet:
    bits = bytearray(size // 8 + 1)
    for place in places:
        bits[place >> 3] ^= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def bits_of(chosen: PlaceSet, size: int) -> bytes:
    """For walks: `bits[place >> 3] >> (place & 7) & 1`."""
    return chosen.to_bytes(size // 8 + 1, "little")


def places_in(chosen: PlaceSet) -> Iterator[int]:
    """In ascending order."""
    raw = chosen.to_bytes(chosen.bit_length() // 8 + 1, "little")
    for found in _BYTE.finditer(raw):
        first = found.start()
        for bit in _BITS[raw[first]]:
            yield first * 8 + bit
