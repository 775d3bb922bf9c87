"""Photographs, as they are listed -> parts: what a worker does at a time, and writes to one file.

Parts are small at first, so that a few thousand photographs are spread evenly, and large later, so
that a hundred million make no more files than a folder can hold.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...utils.parts.folder import PART
from ...utils.row_files import PARQUET
from ..items import Item

FEWEST, MOST = 256, 4096  # photographs
GROW = 16  # parts after which they become twice as large
USUAL = 250_000  # bytes that a photo is taken for if nobody tells; so many times these are a part
CARRIED = 8_000_000  # bytes of photographs that come along, as those of a compressed tar must


@dataclass(frozen=True)
class Part:
    """Some photographs that follow one another in the list.

    Attributes:
        number: Its place, from 0.
        items: The photographs.
    """

    number: int
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """Of its file: the same for the same photographs, of the same size and time."""
        digest = hashlib.blake2b(digest_size=6)
        for item in self.items:
            what = (item.path, item.bytes, item.modified, item.error, item.place, item.more)
            digest.update(json.dumps(what, default=str).encode() + b"\n")
        return f"{PART}{self.number:08d}-{digest.hexdigest()}{PARQUET}"


def capacity(number: int) -> int:
    """Photographs that the part with this number has at most."""
    return int(min(MOST, FEWEST << min(number // GROW, 16)))


def in_parts(items: Iterable[Item]) -> Iterator[Part]:
    """All photographs, part by part; memory holds one."""
    number = 0
    held: list[Item] = []
    weight = carried = 0
    for item in items:
        held.append(item)
        weight += USUAL if item.bytes is None else item.bytes
        carried += len(item.data or b"")
        most = capacity(number)
        if len(held) >= most or weight >= most * USUAL or carried >= CARRIED:
            yield Part(number, tuple(held))
            number, held, weight, carried = number + 1, [], 0, 0
    if held:
        yield Part(number, tuple(held))


def number_of(name: str) -> int:
    """Of the part that a file holds, by the file's name; -1 if it is none of ours."""
    digits = name.removeprefix(PART).partition("-")[0]
    return int(digits) if digits.isdecimal() else -1


def as_bytes(part: Part) -> bytes:
    """For the way to a worker."""
    import pickle

    return pickle.dumps(part, protocol=5)


def from_bytes(data: Any) -> Part:
    """From another process of this scan."""
    import pickle

    found = pickle.loads(data)
    assert isinstance(found, Part)
    return found
