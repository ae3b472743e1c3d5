"""How samples are packed into rows of the database.

The things that are measured are sorted into drawers by their ids, a fixed number of them however large the site. A row
holds the samples of one drawer: a directory of ids, then for each id its samples, column by column, each number as its
difference from the one before it and the bytes of all numbers sorted by their weight. What hardly changes becomes
zeros that way, and those vanish when the row is compressed.
"""

import struct
import sys
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from uuid import UUID

from zaffre.fabric.measurements.series import SERIES, Sample

DRAWERS = 1024

_WIDTH = 8
_COLUMNS = 1 + len(SERIES)
_COUNT = struct.Struct("<I")
_ENTRY = struct.Struct("<16sI")

Drawer = Mapping[str, Sequence[Sample]]
"""Samples in order of time, by the id of what was measured."""


def drawer_of(resource_id: str) -> int:
    """Return the number of the drawer that a thing's samples are in. The ends of ids are chance."""
    return UUID(resource_id).int % DRAWERS


def pack(drawer: Drawer, level: int) -> bytes:
    """Return a drawer's content as bytes, compressed as hard as zlib's `level` says."""
    segments = {resource_id: _segment(samples) for resource_id, samples in drawer.items()}
    entries = [_ENTRY.pack(UUID(resource_id).bytes, len(segment)) for resource_id, segment in segments.items()]
    return zlib.compress(b"".join((_COUNT.pack(len(segments)), *entries, *segments.values())), level)


def unpack(content: bytes) -> dict[str, list[Sample]]:
    """Return everything that is in a drawer."""
    return {str(UUID(bytes=key)): _samples(segment) for key, segment in _segments(zlib.decompress(content))}


def find(content: bytes, resource_id: str) -> list[Sample]:
    """Return one thing's samples, without looking at those of the others."""
    wanted = UUID(resource_id).bytes
    for key, segment in _segments(zlib.decompress(content)):
        if key == wanted:
            return _samples(segment)
    return []


def _segments(plain: bytes) -> Iterator[tuple[bytes, bytes]]:
    (count,) = _COUNT.unpack_from(plain)
    position = _COUNT.size + count * _ENTRY.size
    for number in range(count):
        key, length = _ENTRY.unpack_from(plain, _COUNT.size + number * _ENTRY.size)
        yield key, plain[position : position + length]
        position += length


def _segment(samples: Sequence[Sample]) -> bytes:
    columns = zip(*((sample.at_s, *sample.values) for sample in samples), strict=True)
    steps = array("q")
    for column in columns:
        steps.append(column[0])
        steps.extend(after - before for before, after in pairwise(column))
    plain = _little_endian(steps).tobytes()
    return b"".join(plain[place::_WIDTH] for place in range(_WIDTH))


def _samples(segment: bytes) -> list[Sample]:
    numbers = len(segment) // _WIDTH
    plain = bytearray(len(segment))
    for place in range(_WIDTH):
        plain[place::_WIDTH] = segment[place * numbers : (place + 1) * numbers]
    steps = array("q", bytes(plain))
    steps = _little_endian(steps)
    count = numbers // _COLUMNS
    columns = [list(accumulate(steps[start : start + count])) for start in range(0, numbers, count)] if count else []
    return [Sample(at_s, tuple(values)) for at_s, *values in zip(*columns, strict=True)]


def _little_endian(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
